"""Record that a task is due, and count it when it is overdue: within seconds, by the first process that sees it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ..core.activity import due_tasks
from ..db.engine import Engine

log = logging.getLogger("boxwood.due")
SECONDS = 5
AT_ONCE = 8


async def run(engine: Engine, clock: Callable[[], int]) -> None:
    while True:
        try:
            await remind(engine, clock())
        except Exception:
            log.exception("due tasks were not recorded; the job tries again")
        await asyncio.sleep(SECONDS)


async def remind(engine: Engine, now: int) -> int:
    """Record an event for every task that fell due, and count those that are overdue at `now`. Returns the number of
    events.

    Each event has a transaction of its own: a failure does not delay the others, and is tried again next time.
    """
    count, after = 0, (0, 0)
    while waiting := await engine.read_soon(partial(due_tasks.due, now=now, after=after, limit=AT_ONCE)):
        verbs = [partial(due_tasks.remind, key=key, now=now) for _, _, key in waiting]
        outcomes = await asyncio.gather(*map(engine.write_soon, verbs), return_exceptions=True)
        for (_, _, key), outcome in zip(waiting, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                log.error("a due task was not recorded", extra={"task": key}, exc_info=outcome)
        count += sum(outcome is True for outcome in outcomes)
        after = waiting[-1][:2]
    return count
