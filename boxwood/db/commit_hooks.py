"""What a transaction leaves to be done: just before its commit, and after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .engine import Later

Left = tuple[dict[Later, list[Any]], dict[str, list[str]]]


class Afterwards:
    """The part of a `Db` that is the same for both databases."""

    def __init__(self) -> None:
        self.laters: dict[Later, list[Any]] = {}
        self.notices: dict[str, list[str]] = {}
        """The keys told on each channel."""

    def later(self, work: Later, item: Any) -> None:
        self.laters.setdefault(work, []).append(item)

    def notify(self, channel: str, keys: Iterable[str] = ()) -> None:
        self.notices.setdefault(channel, []).extend(keys)

    def _set_aside(self) -> Left:
        """A savepoint begins: what was left so far stands apart."""
        left = self.laters, self.notices
        self.laters, self.notices = {}, {}
        return left

    def _take_up(self, left: Left, *, with_new: bool) -> None:
        """It has ended; what was left in it stays, or goes with it."""
        laters, notices = self.laters, self.notices
        self.laters, self.notices = left
        if with_new:
            for work, items in laters.items():
                self.laters.setdefault(work, []).extend(items)
            for channel, keys in notices.items():
                self.notify(channel, keys)
