"""Loads pictures from other hosts for readers of e-mails. The other host sees this server and never the reader."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urljoin

import msgspec

from . import media
from .address_rules import Rules
from .outbound import Outbound, Unreachable

MOST_BYTES = 5_000_000
MOST_REDIRECTS = 3
LOADED_AT_ONCE = 8
SECONDS = 15.0
# A conversation's pictures are asked for again with each new message and by each reader.
CACHED_BYTES = 32_000_000
CACHED_SECONDS = 3600.0
# No SVG: it is a document that can hold scripts and links, and mail programs do not show it either.
TYPES = {f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp", "x-icon")}
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {"Accept": "image/avif,image/webp,image/png,image/jpeg,image/gif,*/*;q=0.5"}


class Unusable(Exception):
    """The picture cannot be loaded. The text says why, for the reader."""


class Picture(msgspec.Struct, frozen=True):
    type: str
    content: bytes


class RemoteImages:
    """Loads pictures, and remembers those that it loaded last."""

    def __init__(
        self, rules: Rules, *, outbound: Outbound | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._outbound = outbound or Outbound(
            rules, total_timeout=SECONDS, reply_bytes=MOST_BYTES + 1, received_at_once=256 * 1024
        )
        self._clock = clock
        self._cache: OrderedDict[str, tuple[float, Picture]] = OrderedDict()
        self._cached_bytes = 0
        self._under_way: dict[str, asyncio.Task[Picture]] = {}
        self._free = asyncio.Semaphore(LOADED_AT_ONCE)

    async def get(self, address: str) -> Picture:
        """The picture at this address. Raises Unusable. Several callers of one address wait for one request."""
        if found := self._cached(address):
            return found
        task = self._under_way.get(address)
        if task is None:
            task = self._under_way[address] = asyncio.create_task(self._load(address))
            task.add_done_callback(lambda done: self._finish(address, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        await self._outbound.close()

    def _finish(self, address: str, done: asyncio.Task[Picture]) -> None:
        del self._under_way[address]
        if not done.cancelled() and done.exception() is None:
            self._remember(address, done.result())

    async def _load(self, address: str) -> Picture:
        async with self._free:
            try:
                content = await self._fetch(address)
            except Unreachable as why:
                raise Unusable(f"The picture cannot be loaded: {why.reason}") from why
        if len(content) > MOST_BYTES:
            raise Unusable(f"The picture is larger than {MOST_BYTES // 1_000_000} MB")
        kind = media.sniff(content)
        if kind not in TYPES:
            raise Unusable("This is not a picture that browsers show")
        return Picture(kind, content)

    async def _fetch(self, address: str) -> bytes:
        for _ in range(MOST_REDIRECTS + 1):
            reply = await self._outbound.send("GET", address, _HEADERS, b"")
            if reply.status == 200:
                return reply.body
            if reply.status not in _REDIRECTS or "location" not in reply.headers:
                raise Unusable(f"The host of the picture answered with status {reply.status}")
            try:
                address = urljoin(address, reply.headers["location"])
            except ValueError:
                raise Unusable("The host of the picture names an unreadable address") from None
        raise Unusable(f"The address of the picture leads to more than {MOST_REDIRECTS} others")

    def _cached(self, address: str) -> Picture | None:
        since, picture = self._cache.get(address, (0.0, None))
        if picture is None or self._clock() - since > CACHED_SECONDS:
            return None
        self._cache.move_to_end(address)
        return picture

    def _remember(self, address: str, picture: Picture) -> None:
        self._forget(address)
        self._cache[address] = (self._clock(), picture)
        self._cached_bytes += len(picture.content)
        while self._cached_bytes > CACHED_BYTES:
            self._forget(next(iter(self._cache)))

    def _forget(self, address: str) -> None:
        if found := self._cache.pop(address, None):
            self._cached_bytes -= len(found[1].content)
