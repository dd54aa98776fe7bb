"""Work that a transaction registers: functions to run before its commit, and channels to notify after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .engine import Later

Left = tuple[dict[Later, list[Any]], dict[str, list[str]]]


class CommitHooks:
    """Base class of both `Db` implementations. Undoing a savepoint also drops what was registered inside it."""

    def __init__(self) -> None:
        self.laters: dict[Later, list[Any]] = {}
        self.notices: dict[str, list[str]] = {}
        """The keys to send on each channel."""

    def later(self, work: Later, item: Any) -> None:
        self.laters.setdefault(work, []).append(item)

    def notify(self, channel: str, keys: Iterable[str] = ()) -> None:
        self.notices.setdefault(channel, []).extend(keys)

    def _begin_savepoint(self) -> Left:
        """Return what has been registered so far, and start with nothing registered."""
        left = self.laters, self.notices
        self.laters, self.notices = {}, {}
        return left

    def _end_savepoint(self, left: Left, *, with_new: bool) -> None:
        """Restore what `left` holds. With `with_new`, add what was registered since the savepoint began."""
        laters, notices = self.laters, self.notices
        self.laters, self.notices = left
        if with_new:
            for work, items in laters.items():
                self.laters.setdefault(work, []).extend(items)
            for channel, keys in notices.items():
                self.notify(channel, keys)
