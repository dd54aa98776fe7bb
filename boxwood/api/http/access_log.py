"""What every response has: an id, and headers for caches and browsers. And for the operator: a JSON line in the log for
each request, and counters for Prometheus."""

from __future__ import annotations

import logging
import os
import re
import time
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...lib import draining
from .usage import Usage

log = logging.getLogger("boxwood.requests")
NO_CACHE = (b"cache-control", b"private, no-cache")
NO_STORE = (b"cache-control", b"no-store")
VARY = (b"vary", b"Authorization, Cookie")
NOSNIFF = (b"x-content-type-options", b"nosniff")
REQUESTS = Counter("boxwood_requests_total", "Requests answered.", ["route", "status"])
SECONDS = Histogram(
    "boxwood_request_seconds",
    "Time from the request's head to the last byte of its answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class Observed:
    """Wraps the application. Query strings are not logged, because they may contain private data."""

    def __init__(self, app: ASGIApp, usage: Usage) -> None:
        self.app = app
        self.usage = usage
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
                headers = [*message.get("headers", ()), (b"x-request-id", value), (b"x-streak-request-id", value)]
                _protect(headers, scope)
                if draining.is_on():
                    headers.append((b"connection", b"close"))
                message["headers"] = headers
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
        if (used := scope.get("api_key")) is not None:
            path = _without_secrets(scope["path"], route)
            self.usage.note(used, (scope["request_id"], scope["method"], route, path, status, seconds))
        if log.isEnabledFor(logging.INFO):
            path = scope.get("shown_path") or _without_secrets(scope["path"], route)
            log.handle(Answered(scope["request_id"], scope["method"], path, status, round(seconds * 1000, 2)))


def _protect(headers: list[tuple[bytes, bytes]], scope: Scope) -> None:
    """Add what keeps a response from other users and from being taken for another type, unless the response says it
    itself. Files that are the same for everybody are `public`."""
    given = dict(headers)
    cache = given.get(b"cache-control")
    if cache is None:
        headers.append(NO_STORE if scope.get("shows_secret") else NO_CACHE)
    if cache is None or not cache.startswith(b"public"):
        headers.append(VARY)
    if b"x-content-type-options" not in given:
        headers.append(NOSNIFF)


_TOKEN = re.compile(r"(/hooks/).+", re.IGNORECASE | re.DOTALL)
_SECRET = re.compile(r"\b(bwr?_[\w-]{6})[\w-]{20,}")


def _without_secrets(path: str, route: str) -> str:
    """The path as it is logged and listed. A program may send the secret of an API key where its record key belongs,
    and a misspelled address of an inbound webhook, such as `/api/hooks/…`, holds its token."""
    if "bw" in path:
        path = _SECRET.sub(r"\1…", path)
    return _TOKEN.sub(r"\1…", path) if route == "other" else path


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
