"""The loop that the webhook worker and the automation worker share.

A worker waits for a notification or for work that comes due by itself, takes it with a lease, and does it in tasks, up
to its concurrency. When it is stopped, it first drains. When the database fails, it logs the error and tries again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import ClassVar, TypeVar

from ..db.engine import Db, Engine
from ..lib.address_rules import Rules
from ..lib.outbound import Outbound
from ..version import VERSION

POLL_SECONDS = 0.25
"""How often a worker without notifications checks whether work has come due."""
RETRY_SECONDS = 1.0
"""How long a worker waits after the database failed."""
DRAIN_SECONDS = 3.0
"""How long a stopped worker waits for the requests that are in flight."""


class Worker(ABC):
    """Takes work from the database and does it outside of transactions. Any number of workers can run at once."""

    channel: ClassVar[str]
    """The notifications that wake this worker."""
    log: ClassVar[logging.Logger]

    def __init__(self, engine: Engine, outbound: Outbound, clock: Callable[[], int], *, concurrency: int) -> None:
        self.engine = engine
        self.outbound = outbound
        self.clock = clock
        self.concurrency = concurrency
        """The most tasks in flight at once."""
        self.name = os.urandom(6).hex()
        """Stored with every lease of this worker."""
        self.in_flight: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Work until `stop` is called, then drain."""
        self.engine.listen(self.channel, self._listener())
        if self.engine.one_process:
            await self.engine.write_soon(self.release_leases)
        while not self._stopping:
            try:
                self._woken.clear()
                if not await self.take_work():
                    await self._wait_for_work()
            except Exception:
                self.log.exception("the worker could not take work; it tries again")
                await self.recover()
        await self.drain()

    def stop(self) -> None:
        """End `run` after the work that is in flight."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Take work again at once. Called in the event loop's thread."""
        self._woken.set()

    def start(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do this in a task of its own, which counts as in flight until it ends."""
        self.in_flight.add(asyncio.create_task(self._do(work)))

    async def drain(self) -> None:
        """Give the tasks in flight a few seconds, then cancel them."""
        if self.in_flight:
            await asyncio.wait(self.in_flight, timeout=DRAIN_SECONDS)
        for task in list(self.in_flight):
            task.cancel()
        if self.in_flight:
            await asyncio.wait(self.in_flight)

    # What the two kinds of worker do in their own way

    @abstractmethod
    async def take_work(self) -> bool:
        """Take due work and start it. Returns whether there may be more that can be taken at once."""

    @abstractmethod
    def is_work_due(self, db: Db) -> bool:
        """Whether there is work to take. Called often, so it only reads."""

    @abstractmethod
    def release_leases(self, db: Db) -> None:
        """Make the work of the previous process due at once. Called at the start, where only one process may run."""

    def can_take_more(self) -> bool:
        """Whether checking for due work makes sense now."""
        return True

    def on_notification(self, keys: list[str]) -> None:  # noqa: B027 - a hook that may stay empty
        """What was created, where this process created it. Called in any thread."""

    def task_ended(self) -> None:
        """A task is no longer in flight."""
        self.wake()

    async def recover(self) -> None:
        """Called after `take_work` or the check for due work failed."""
        await asyncio.sleep(RETRY_SECONDS)

    # Helpers of the loop

    def _listener(self) -> Callable[[list[str]], None]:
        loop = asyncio.get_running_loop()

        def notified(keys: list[str]) -> None:
            self.on_notification(keys)
            if not self._woken.is_set():
                with contextlib.suppress(RuntimeError):  # the loop was closed
                    loop.call_soon_threadsafe(self._woken.set)

        return notified

    async def _wait_for_work(self) -> None:
        """Return after a notification, after a call of `wake`, or when work has come due by itself."""
        while True:
            try:
                await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)
                return
            except TimeoutError:
                if self.can_take_more() and await self.engine.read_soon(self.is_work_due):
                    return

    async def _do(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            task = asyncio.current_task()
            assert task is not None
            self.in_flight.discard(task)
            self.task_ended()


W = TypeVar("W", bound=Worker)


@contextlib.asynccontextmanager
async def running(make: Callable[[Outbound], W], rules: Rules) -> AsyncIterator[W]:
    """Run a worker in this event loop until the block ends, and drain it then."""
    async with Outbound(rules, agent=f"Boxwood/{VERSION}") as outbound:
        worker = make(outbound)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await task
