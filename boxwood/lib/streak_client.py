"""Reads from a server that speaks the Streak API: paced, patient with limits and faults, and in pages."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from .outbound import Outbound, Reply, Rules, Unreachable

STREAK = "https://api.streak.com"
PER_SECOND = 8.0
"""Streak refuses more than about ten requests a second."""
PAGE = 200
MOST_BYTES = 512 * 1024 * 1024
TRIES = 6
LONGEST_WAIT = 300.0
_PASSING = (408, 409, 425, 429, 500, 502, 503, 504)
"""Statuses after which the same request may succeed."""


class SourceFailed(Exception):
    """The source cannot be read now. The text is for users."""


class Absent(SourceFailed):
    """The source does not have this, or does not show it to the owner of the key."""


class StreakClient:
    """`wait` sleeps for some seconds; `clock` gives milliseconds since the epoch, for the header `Retry-After`."""

    def __init__(
        self,
        url: str,
        key: str,
        rules: Rules,
        *,
        per_second: float = PER_SECOND,
        clock: Callable[[], int],
        wait: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self.url = url.rstrip("/").removesuffix("/api").removesuffix("/api/v1").removesuffix("/api/v2")
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(f"{key.strip()}:".encode()).decode(),
            "Accept": "application/json",
        }
        self._outbound = Outbound(
            rules, connect_timeout=15.0, total_timeout=600.0, reply_bytes=MOST_BYTES, received_at_once=256 * 1024
        )
        self._pause = 1 / per_second
        self._next_at = 0.0
        self._clock, self._wait = clock, wait
        self.requests = 0
        self.waits = 0
        """How often the source asked to wait."""

    async def close(self) -> None:
        await self._outbound.close()

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path such as `/v1/users/me`. Raises `Absent` or `SourceFailed`."""
        return await self._asked(path, query, _decoded)

    async def get_bytes(self, path: str, size: int | None) -> bytes:
        """The bytes at a path. They must be as many as `size` says, if it does."""

        def whole(reply: Reply) -> bytes:
            if len(reply.body) >= MOST_BYTES:
                raise SourceFailed(f"the file is larger than {MOST_BYTES // 2**20} MB")
            if size is not None and len(reply.body) != size:
                raise ValueError(f"{len(reply.body):,} of {size:,} bytes arrived")
            return reply.body

        found: bytes = await self._asked(path, {}, whole)
        return found

    async def pages(self, path: str, *, limit: int = PAGE, **query: Any) -> AsyncIterator[list[dict[str, Any]]]:
        """The pages of a list, whichever of the API's envelopes it has."""
        page = 0
        while True:
            answer = await self.get(path, limit=limit, page=page, **query)
            found = listed(answer, path)
            if found:
                yield found
            more = answer.get("hasNextPage") if isinstance(answer, dict) else None
            if not found or more is False or (more is None and len(found) < limit):
                return
            page += 1

    async def by_cursor(self, path: str, *, limit: int = PAGE, **query: Any) -> AsyncIterator[list[dict[str, Any]]]:
        """The pages of a list of contacts or organizations."""
        cursor = ""
        while True:
            answer = await self.get(path, limit=limit, **({"cursor": cursor} if cursor else {}), **query)
            if found := listed(answer, path):
                yield found
            following = answer.get("cursor") if isinstance(answer, dict) else None
            if not found or not following or following == cursor:
                return
            cursor = following

    async def _asked(self, path: str, query: dict[str, Any], read: Callable[[Reply], Any]) -> Any:
        url = f"{self.url}/api{quote(path)}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        problem = ""
        for attempt in range(TRIES):
            await self._in_turn()
            self.requests += 1
            delay = min(2.0**attempt, LONGEST_WAIT)
            try:
                reply = await self._outbound.send("GET", url, self._headers, b"")
            except Unreachable as gone:
                problem = gone.reason
            else:
                if reply.status == 200:
                    try:
                        return read(reply)
                    except ValueError as broken:
                        problem = f"its answer was incomplete: {broken}"
                else:
                    _refuse(reply, path)
                    problem = f"it answered {reply.status}"
                    if (asked := reply.retry_after(self._clock())) is not None:
                        self.waits += 1
                        delay = min(asked / 1000, LONGEST_WAIT)
            if attempt + 1 < TRIES:
                await self._wait(delay)
        raise SourceFailed(f"{self.url} cannot be read now ({problem}). Run the import again: it continues here")

    async def _in_turn(self) -> None:
        """Wait until the next request may be sent."""
        now = asyncio.get_running_loop().time()
        self._next_at = max(now, self._next_at) + self._pause
        if self._next_at - self._pause > now:
            await asyncio.sleep(self._next_at - self._pause - now)


def listed(answer: Any, path: str) -> list[dict[str, Any]]:
    """The entries of a list: a bare array, or the member `results` of an object."""
    found = answer.get("results") if isinstance(answer, dict) else answer
    if isinstance(found, list) and all(isinstance(each, dict) for each in found):
        return found
    raise SourceFailed(f"{path} is not a list there: is this the address of a server with the Streak API?")


def _decoded(reply: Reply) -> Any:
    try:
        return msgspec.json.decode(reply.body)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None


def _refuse(reply: Reply, path: str) -> None:
    """Raise what a status means that another try does not change."""
    if reply.status in _PASSING:
        return
    said = _said(reply)
    if reply.status == 401:
        raise SourceFailed(
            f"the key is not accepted ({said}): create one in the settings of the source, and copy it whole"
        )
    if reply.status in (402, 403):
        raise SourceFailed(
            f"the owner of the key may not use the API here ({said}): the plan may be one without API, or the key's "
            "owner may not see this"
        )
    raise Absent(f"{path} cannot be read there: {reply.status} {said}")


def _said(reply: Reply) -> str:
    try:
        body = msgspec.json.decode(reply.body)
        text = str(body.get("error") or body.get("message") or "") if isinstance(body, dict) else ""
    except msgspec.DecodeError:
        text = ""
    return text[:200] or "no reason given"
