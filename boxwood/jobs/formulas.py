"""Compute formulas again in the background: after a change, and once a day if they depend on the time or on names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ..core.boxes import recompute
from ..core.boxes.recompute import RecomputeRun
from ..core.pipelines import formulas
from ..db.engine import Engine

log = logging.getLogger("boxwood.recompute")
SECONDS = 5


async def run(engine: Engine, clock: Callable[[], int]) -> None:
    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    engine.listen(formulas.CHANNEL, lambda _: _wake(loop, woken))
    while True:
        woken.clear()
        try:
            await begin(engine, clock())
            while await advance(engine, clock):
                pass
        except Exception:
            log.exception("formulas were not computed; the job tries again")
        await _pause(woken)


def _wake(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(woken.set)


async def _pause(woken: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            await woken.wait()
    except TimeoutError:
        pass


async def begin(engine: Engine, now: int) -> None:
    """Queue the pipelines whose formulas are due because a new day began."""
    if keys := await engine.read_soon(partial(recompute.due, now=now)):
        await engine.write_soon(partial(recompute.wake, keys=keys, now=now))


async def advance(engine: Engine, clock: Callable[[], int]) -> bool:
    """Compute a slice of each waiting pipeline. Returns whether any made progress; a failure does not delay others."""
    moved = False
    for waiting in await engine.read_soon(recompute.waiting):
        try:
            await _slice(engine, waiting, clock())
            moved = True
        except Exception:
            log.exception("a pipeline's formulas were not computed", extra={"pipeline": waiting.pipeline_key})
    return moved


async def _slice(engine: Engine, waiting: RecomputeRun, now: int) -> None:
    # In a thread of its own: a formula can take long, and there are few reading threads.
    piece = await asyncio.to_thread(engine.read, partial(recompute.prepare, run=waiting, now=now))
    await engine.write_soon(partial(recompute.settle, run=waiting, piece=piece, now=now))
