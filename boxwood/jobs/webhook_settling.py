"""Store the results of webhook deliveries, many in one durable transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..core.webhooks import delivery_results
from ..core.webhooks.delivery_results import DeliveryResult
from ..db.engine import Engine
from .worker import RETRY_SECONDS

log = logging.getLogger("boxwood.webhooks")
BATCH = 128
"""Results that are stored without waiting for more."""
WAIT_SECONDS = 0.002
"""How long the first result of a batch waits for others."""
BUSY_WAIT_SECONDS = 0.02
"""The same while more deliveries are ready to be sent."""


class Settler:
    """Collects results and stores them in batches; results that arrive meanwhile are the next batch."""

    def __init__(self, engine: Engine, clock: Callable[[], int], on_stored: Callable[[], None]) -> None:
        self.engine = engine
        self.clock = clock
        self._on_stored = on_stored
        self._waiting: list[DeliveryResult] = []
        self._batch: list[DeliveryResult] = []
        """Results that are being stored now."""
        self._storing: asyncio.Task[None] | None = None

    def waiting(self) -> int:
        """Results that no transaction stores yet."""
        return len(self._waiting)

    def unsettled(self) -> int:
        """Results that are not durable yet: a crash sends these deliveries again."""
        return len(self._waiting) + len(self._batch)

    def add(self, result: DeliveryResult, *, busy: bool) -> None:
        """Store this result soon. `busy`: more deliveries are ready to be sent."""
        self._waiting.append(result)
        if len(self._waiting) >= BATCH:
            self.settle()
        elif len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(BUSY_WAIT_SECONDS if busy else WAIT_SECONDS, self.settle)

    def settle(self) -> None:
        """Begin to store the waiting results, unless a batch is being stored: they follow it."""
        if self._storing is None and self._waiting:
            self._storing = asyncio.create_task(self._store_all())

    async def close(self) -> None:
        """Store all results that are left."""
        if self._storing is not None:
            self._storing.cancel()
            await asyncio.wait([self._storing])
        results = self._batch + self._waiting
        await self.engine.write_soon(lambda db: delivery_results.settle(db, self.clock(), results))

    async def _store_all(self) -> None:
        while self._waiting:
            self._batch, self._waiting = self._waiting, []
            try:
                await self.engine.write_soon(
                    lambda db: delivery_results.settle(db, self.clock(), self._batch), few=True
                )
                self._batch = []
            except Exception:
                log.exception("the results of deliveries could not be stored; the worker tries again")
                self._batch, self._waiting = [], self._batch + self._waiting
                await asyncio.sleep(RETRY_SECONDS)
        self._storing = None
        self._on_stored()
