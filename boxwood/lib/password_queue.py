"""Guesses at a password wait for each other. Queues live in this process alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator

MOST_QUEUES = 10_000
MOST_WAITING = 20


class Queue:
    """Guesses at one thing from one source wait for each other, and after some that failed for a second each, so that
    a password is not found by trying. Who knows it waits his turn and gets in."""

    def __init__(self, free: int = 10, pause: float = 1.0) -> None:
        self._free = free
        self._pause = pause
        self._turns: OrderedDict[str, _Turns] = OrderedDict()

    @contextlib.asynccontextmanager
    async def turn(self, about: str) -> AsyncIterator[None]:
        """Raises `Full` where the queue is long. What fails inside is a failure; what does not clears the count."""
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
    """Too many wait already."""


class _Turns:
    __slots__ = ("failed", "lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.failed = 0
