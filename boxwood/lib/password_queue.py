"""Slows down guessing of passwords. The queues exist in this process only."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator

MOST_QUEUES = 10_000
MOST_WAITING = 20


class Queue:
    """Runs sign-in attempts with the same name and source one after the other. After `free` failed attempts each
    further attempt waits for `pause` seconds first. A user who knows the password waits and then signs in."""

    def __init__(self, free: int = 10, pause: float = 1.0) -> None:
        self._free = free
        self._pause = pause
        self._turns: OrderedDict[str, _Turns] = OrderedDict()

    @contextlib.asynccontextmanager
    async def turn(self, about: str) -> AsyncIterator[None]:
        """Wait for a turn, then run the block. An exception in the block counts as a failed attempt; success resets the
        count. Raises `Full` if too many attempts wait already."""
        turns = self._turns.setdefault(about, _Turns())
        self._turns.move_to_end(about)
        if len(self._turns) > MOST_QUEUES:
            self._turns.popitem(last=False)
        if turns.waiting >= MOST_WAITING:
            raise Full
        turns.waiting += 1
        try:
            async with turns.lock:
                if turns.failed >= self._free:
                    await asyncio.sleep(self._pause)
                turns.failed += 1
                yield
                turns.failed = 0
        finally:
            turns.waiting -= 1


class Full(Exception):
    """Too many attempts wait already."""


class _Turns:
    __slots__ = ("failed", "lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.failed = 0
