"""Bells: how a commit wakes the streams of events that clients listen to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from ...db.engine import Engine


class Bells:
    """Wakes all listening streams after each commit with events."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._bells: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._listening = False
        self.closing = asyncio.Event()

    @contextlib.contextmanager
    def listen(self) -> Iterator[asyncio.Event]:
        if not self._listening:
            self._listening = True
            self._engine.listen("events", self._ring)
        bell = asyncio.Event()
        self._bells[bell] = asyncio.get_running_loop()
        try:
            yield bell
        finally:
            del self._bells[bell]

    def _ring(self, _: list[str]) -> None:
        for bell, loop in list(self._bells.items()):
            if not bell.is_set():
                with contextlib.suppress(RuntimeError):  # the loop was closed
                    loop.call_soon_threadsafe(bell.set)

    def close(self) -> None:
        """End all streams. Their clients connect again, to the server that runs then."""
        self.closing.set()
        for bell in self._bells:
            bell.set()
