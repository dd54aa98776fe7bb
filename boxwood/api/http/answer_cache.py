"""Answers that are dear to make and asked for again and again, kept for as long as they are true."""

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
"""Milliseconds; what no version tells of (the new name of someone who left the team) shows after these."""


class _Kept(msgspec.Struct):
    version: Any
    until: int
    reply: Reply


class Answers:
    """By what was asked, and by whom; the least recently used go first."""

    def __init__(self) -> None:
        self.totals = Totals()
        """Of which answers are made."""
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, asked: Hashable, version: Any, now: int, make: Callable[[], bytes]) -> Reply:
        """The answer; made anew where there is none of this version, once for all who ask for it meanwhile."""
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
                self._keep(asked, _Kept(version, now + LASTS, reply))
            return reply

    def _found(self, asked: Hashable, version: Any, now: int) -> Reply | None:
        with self._lock:
            found = self._kept.get(asked)
            if found is None or found.version != version or now >= found.until:
                return None
            self._kept.move_to_end(asked)
            return found.reply

    def _keep(self, asked: Hashable, new: _Kept) -> None:
        with self._lock:
            if old := self._kept.pop(asked, None):
                self._bytes -= len(old.reply.body)
            self._kept[asked] = new
            self._bytes += len(new.reply.body)
            while self._bytes > MOST_BYTES:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= len(gone.reply.body)
