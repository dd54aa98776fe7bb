"""Writes the letters of mailings that run. `core/activity/sending/mailing_queue` says why none is written twice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial

from ..core.activity.sending import mailing_queue
from ..core.activity.sending.mailing_records import CHANNEL
from ..db.engine import Engine

log = logging.getLogger("boxwood.mailings")
LOOK_SECONDS = 1.0


async def run(engine: Engine, clock: Callable[[], int]) -> None:
    """Write letters until this task is cancelled."""
    woken = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake(_: list[str]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed
            loop.call_soon_threadsafe(woken.set)

    engine.listen(CHANNEL, wake)
    while True:
        woken.clear()
        more = False
        try:
            more = await write_some(engine, clock)
        except Exception:
            log.exception("letters of mailings were not written; the job tries again")
        if not more:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), LOOK_SECONDS)


async def write_some(engine: Engine, clock: Callable[[], int]) -> bool:
    """Write the next letters of each mailing that is due. Returns whether there may be more to do at once."""
    more = False
    for key in await engine.read_soon(partial(mailing_queue.due, now=clock())):
        try:
            more |= await engine.write_soon(partial(mailing_queue.advance, now=clock(), key=key))
        except Exception:
            log.exception("the letters of a mailing were not written", extra={"mailing": key})
    return more


@contextlib.asynccontextmanager
async def running(engine: Engine, clock: Callable[[], int]) -> AsyncIterator[None]:
    """Write letters of mailings in this event loop until the block ends."""
    task = asyncio.create_task(run(engine, clock))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
