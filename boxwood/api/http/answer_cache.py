"""Cache of expensive responses. A response is valid until its version changes, and for at most one minute."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import msgspec

from ...core.views.board_totals import Totals
from ...lib.durations import MINUTE
from .replies import Reply
from .sending import tag

MOST_BYTES = 16_000_000
LASTS = MINUTE
"""Milliseconds. Changes without a new version, such as the new name of a former member, show after this time."""


class _CachedReply(msgspec.Struct):
    version: Any
    until: int
    reply: Reply


class Answers:
    """Responses by request and user. The least recently used are removed first."""

    def __init__(self) -> None:
        self.totals = Totals()
        """The totals of boards, from which responses are computed."""
        self._cached: OrderedDict[Hashable, _CachedReply] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, asked: Hashable, version: Any, now: int, make: Callable[[], bytes]) -> Reply:
        """The response. If the cache has none of this version, one caller computes it and the others wait for it."""
        if found := self._found(asked, version, now):
            return found
        with self._lock:
            alone = self._making.setdefault(asked, threading.Lock())
        with alone:
            if found := self._found(asked, version, now):
                return found
            try:
                body = make()
            finally:
                with self._lock:
                    self._making.pop(asked, None)
            reply = Reply(body, tag=tag(body))
            if len(body) <= MOST_BYTES // 4:
                self._store(asked, _CachedReply(version, now + LASTS, reply))
            return reply

    def _found(self, asked: Hashable, version: Any, now: int) -> Reply | None:
        with self._lock:
            found = self._cached.get(asked)
            if found is None or found.version != version or now >= found.until:
                return None
            self._cached.move_to_end(asked)
            return found.reply

    def _store(self, asked: Hashable, new: _CachedReply) -> None:
        with self._lock:
            if old := self._cached.pop(asked, None):
                self._bytes -= len(old.reply.body)
            self._cached[asked] = new
            self._bytes += len(new.reply.body)
            while self._bytes > MOST_BYTES:
                _, gone = self._cached.popitem(last=False)
                self._bytes -= len(gone.reply.body)
