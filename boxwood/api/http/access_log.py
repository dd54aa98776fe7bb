"""Requests for the operator: an id for each, a JSON line in the log, and counters for Prometheus."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("boxwood.requests")
REQUESTS = Counter("boxwood_requests_total", "Requests answered.", ["route", "status"])
SECONDS = Histogram(
    "boxwood_request_seconds",
    "Time from the request's head to the last byte of its answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class Observed:
    """Wraps the application. Query strings are not logged, because they may contain private data."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._times: dict[str, Any] = {}
        self._counts: dict[tuple[str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = os.urandom(8).hex()
        scope["request_id"] = request_id
        status = 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                value = request_id.encode()
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", value),
                    (b"x-streak-request-id", value),
                ]
            await send(message)

        try:
            await self.app(scope, receive, observed)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        route = route if isinstance(route, str) else "other"
        if (timer := self._times.get(route)) is None:
            timer = self._times[route] = SECONDS.labels(route)
        if (counter := self._counts.get((route, status))) is None:
            counter = self._counts[route, status] = REQUESTS.labels(route, str(status))
        timer.observe(seconds)
        counter.inc()
        if log.isEnabledFor(logging.INFO):
            # A path may hold a secret of its own.
            path = scope.get("shown_path", scope["path"])
            log.handle(Answered(scope["request_id"], scope["method"], path, status, round(seconds * 1000, 2)))


class Answered(logging.LogRecord):
    """A line of the log. Constant attributes belong to the class; `log.info` would set 22 attributes for each
    record."""

    name, msg, args = log.name, "answered", ()
    levelno, levelname = logging.INFO, "INFO"
    pathname, filename, module, lineno, funcName = __file__, "access_log.py", "access_log", 0, ""
    exc_info = exc_text = stack_info = None

    def __init__(self, request_id: str, method: str, path: str, status: int, ms: float) -> None:
        self.created = time.time()
        self.request_id, self.method, self.path, self.status, self.ms = request_id, method, path, status, ms
