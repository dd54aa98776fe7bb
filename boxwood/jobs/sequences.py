"""Continues the runs of sequences that are due. Each run has a transaction of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial

from ..core.activity.sending import sequence_queue
from ..core.activity.sending.sequence_records import CHANNEL
from ..db.engine import Engine

log = logging.getLogger("boxwood.sequences")
LOOK_SECONDS = 2.0


async def run(engine: Engine, clock: Callable[[], int]) -> None:
    """Continue runs until this task is cancelled."""
    woken = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake(_: list[str]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed
            loop.call_soon_threadsafe(woken.set)

    engine.listen(CHANNEL, wake)
    while True:
        woken.clear()
        try:
            await continue_some(engine, clock)
        except Exception:
            log.exception("sequences were not continued; the job tries again")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), LOOK_SECONDS)


async def continue_some(engine: Engine, clock: Callable[[], int]) -> int:
    """Continue the runs that are due. Returns how many there were. A run that fails is tried again at the next look."""
    count = 0
    done: set[str] = set()
    while keys := [key for key in await engine.read_soon(partial(sequence_queue.due, now=clock())) if key not in done]:
        for key in keys:
            try:
                await engine.write_soon(partial(sequence_queue.advance, now=clock(), key=key))
            except Exception:
                log.exception("a run of a sequence failed", extra={"run": key})
        done.update(keys)
        count += len(keys)
    return count


@contextlib.asynccontextmanager
async def running(engine: Engine, clock: Callable[[], int]) -> AsyncIterator[None]:
    """Continue sequences in this event loop until the block ends."""
    task = asyncio.create_task(run(engine, clock))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
