"""Digests are written when their hour comes, one person at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ..core.history import digests, notifications
from ..core.history.digests import Due
from ..db.engine import Db, Engine
from ..wire.shapes.events import global_story

log = logging.getLogger("boxwood.digests")
SECONDS = 60.0


async def run(engine: Engine, clock: Callable[[], int]) -> None:
    while True:
        try:
            await send(engine, clock())
            await engine.write_soon(partial(notifications.sweep, now=clock()))
        except Exception:
            log.exception("digests were not written; it is tried again")
        await asyncio.sleep(SECONDS)


async def send(engine: Engine, now: int) -> int:
    """Write those that are due; how many."""
    written = 0
    for one in await engine.read_soon(partial(digests.due, now=now)):
        written += await engine.write_soon(partial(_write, one=one))
    return written


def _write(db: Db, one: Due) -> bool:
    taken = digests.take(db, one)
    if taken is None or not taken[1]:
        return False
    ctx, found = taken
    lines = [f"- {global_story(told.event)}" for told in found[: digests.MOST]]
    return digests.post(ctx, lines, len(found))
