"""Connections to a Boxwood server, with retries that never do a change twice, and pages of lists."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx

from .client import AuthenticatedClient
from .types import UNSET

AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which a request is sent again."""
LONGEST_WAIT = 60.0
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def connect(url: str, key: str, *, retries: int = 3, **options: Any) -> AuthenticatedClient:
    """Return a client of the server at `url`, such as https://crm.example.com, for `sync` and `asyncio` functions.

    Requests that fail on the way, or with 429, 502, 503 or 504, are sent again up to `retries` times. The client waits
    as long as `Retry-After` says. Every write has an `Idempotency-Key`, so a repeated write is done once.
    """
    args = {"transport": Retrying(retries), **options.pop("httpx_args", {})}
    return AuthenticatedClient(base_url=f"{url.rstrip('/')}/api", token=key, httpx_args=args, **options)


class Retrying(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport that sends requests again."""

    def __init__(self, retries: int = 3) -> None:
        self.retries = retries
        self._sync: httpx.HTTPTransport | None = None
        self._async: httpx.AsyncHTTPTransport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._sync = self._sync or httpx.HTTPTransport()
        _mark(request)
        request.read()
        for attempt in range(self.retries + 1):
            try:
                response = self._sync.handle_request(request)
            except httpx.TransportError:
                if attempt == self.retries:
                    raise
                time.sleep(_pause(attempt, None))
                continue
            if response.status_code not in AGAIN or attempt == self.retries:
                return response
            response.close()
            time.sleep(_pause(attempt, response.headers.get("retry-after")))
        raise AssertionError("unreachable")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._async = self._async or httpx.AsyncHTTPTransport()
        _mark(request)
        await request.aread()
        for attempt in range(self.retries + 1):
            try:
                response = await self._async.handle_async_request(request)
            except httpx.TransportError:
                if attempt == self.retries:
                    raise
                await asyncio.sleep(_pause(attempt, None))
                continue
            if response.status_code not in AGAIN or attempt == self.retries:
                return response
            await response.aclose()
            await asyncio.sleep(_pause(attempt, response.headers.get("retry-after")))
        raise AssertionError("unreachable")

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()

    async def aclose(self) -> None:
        if self._async is not None:
            await self._async.aclose()


def _mark(request: httpx.Request) -> None:
    if request.method in _WRITES and "idempotency-key" not in request.headers:
        request.headers["Idempotency-Key"] = str(uuid.uuid4())


def _pause(attempt: int, retry_after: str | None) -> float:
    if retry_after and retry_after.isdigit():
        return min(float(retry_after), LONGEST_WAIT)
    return min(0.25 * 2.0**attempt, LONGEST_WAIT)


def pages(read: Callable[..., Any], *args: Any, **given: Any) -> Iterator[Any]:
    """Yield every result of a list, page by page. `read` is the `sync` function of an operation, with its arguments:

    for box in pages(get_v2_pipelines_pipeline_boxes.sync, pipeline_key, client=client):
    """
    place: dict[str, Any] = {}
    while True:
        page = read(*args, **given, **place)
        yield from _results(page)
        if (following := _next(page, place)) is None:
            return
        place = following


async def async_pages(read: Callable[..., Awaitable[Any]], *args: Any, **given: Any) -> AsyncIterator[Any]:
    """Like `pages`, with the `asyncio` function of an operation."""
    place: dict[str, Any] = {}
    while True:
        page = await read(*args, **given, **place)
        for result in _results(page):
            yield result
        if (following := _next(page, place)) is None:
            return
        place = following


def _results(page: Any) -> Any:
    results = page if isinstance(page, list) else getattr(page, "results", None)
    if results is None:
        raise RuntimeError(f"the server answered {page}")
    return results


def _next(page: Any, place: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments for the next page; None after the last one."""
    cursor = getattr(page, "cursor", UNSET)
    if cursor:
        return {"cursor": cursor}
    more = getattr(page, "has_next_page", UNSET)
    return {"page": place.get("page", 0) + 1} if more is True and "cursor" not in place else None
