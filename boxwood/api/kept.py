"""Answers that are dear to make and asked for again and again, kept for as long as they are true."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from .call import Api

MOST_BYTES = 16_000_000
LASTS = 5000
"""Milliseconds; what no version tells of (a colleague's new name, formulas computed anew) shows after these."""


class _Kept(msgspec.Struct):
    version: Any
    until: int
    body: bytes


class Answers:
    """By what was asked, and by whom; the least recently used go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, asked: Hashable, version: Any, now: int, make: Callable[[], bytes]) -> bytes:
        """The answer; made anew where there is none of this version."""
        with self._lock:
            found = self._kept.get(asked)
            if found and found.version == version and now < found.until:
                self._kept.move_to_end(asked)
                return found.body
        body = make()
        if len(body) <= MOST_BYTES // 4:
            self._keep(asked, _Kept(version, now + LASTS, body))
        return body

    def _keep(self, asked: Hashable, new: _Kept) -> None:
        with self._lock:
            if old := self._kept.pop(asked, None):
                self._bytes -= len(old.body)
            self._kept[asked] = new
            self._bytes += len(new.body)
            while self._bytes > MOST_BYTES:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= len(gone.body)


_OF: weakref.WeakKeyDictionary[Api, Answers] = weakref.WeakKeyDictionary()
_FIRST = threading.Lock()


def of(api: Api) -> Answers:
    with _FIRST:
        return _OF.setdefault(api, Answers())
