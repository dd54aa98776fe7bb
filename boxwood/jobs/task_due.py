"""Tasks fall due: each is told of once, within seconds, by whichever process is first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ..core.activity import tasks
from ..db.engine import Engine

log = logging.getLogger("boxwood.due")
SECONDS = 5
AT_ONCE = 8


async def run(engine: Engine, clock: Callable[[], int]) -> None:
    while True:
        try:
            await remind(engine, clock())
        except Exception:
            log.exception("due tasks were not told of; it is tried again")
        await asyncio.sleep(SECONDS)


async def remind(engine: Engine, now: int) -> int:
    """Tell of every task that is due by now; how many there were to tell of.

    Each in a transaction of its own: one that fails holds up no other, and is tried again next time.
    """
    told, after = 0, (0, 0)
    while waiting := await engine.read_soon(partial(tasks.due, now=now, after=after, limit=AT_ONCE)):
        verbs = [partial(tasks.remind, key=key, now=now) for _, _, key in waiting]
        outcomes = await asyncio.gather(*map(engine.write_soon, verbs), return_exceptions=True)
        for (_, _, key), outcome in zip(waiting, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                log.error("a due task was not told of", extra={"task": key}, exc_info=outcome)
        told += sum(outcome is True for outcome in outcomes)
        after = waiting[-1][:2]
    return told
