"""Runs the imports from Streak that users started in the browser or by the API, one after another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable

from ..core.activity.streak import runs
from ..core.activity.streak.runs import COMPARE, COUNT, StreakRun
from ..db.engine import Engine
from ..errors import Problem
from ..lib.address_rules import Rules
from ..lib.blobs import Blobs, StoreFailed
from ..lib.secret_keys import KeyMissing, SecretKeys
from ..lib.streak_client import SourceFailed, StreakClient
from . import streak_imports
from .streak_imports import Run

log = logging.getLogger("boxwood.streak")
SECONDS = 5.0
RENEW_EVERY = 1.0
_MODES = {COUNT: streak_imports.DRY_RUN, COMPARE: streak_imports.COMPARE}


async def run(engine: Engine, store: Blobs, keys: SecretKeys, rules: Rules, clock: Callable[[], int]) -> None:
    """Take runs and work on them until cancelled."""
    loop, woken, worker = asyncio.get_running_loop(), asyncio.Event(), os.urandom(8).hex()
    engine.listen(runs.CHANNEL, lambda _: _wake(loop, woken))
    if engine.one_process:
        await engine.write_soon(runs.release_all)
    while True:
        woken.clear()
        try:
            while await engine.read_soon(lambda db: runs.is_due(db, clock())):
                taken = await engine.write_soon(lambda db: runs.take(db, worker, clock()))
                if taken is None:
                    break
                await _work(engine, store, keys, rules, clock, taken)
        except Exception:
            log.exception("looking for imports from Streak failed; it is tried again")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                await woken.wait()


def _wake(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(woken.set)


async def _work(
    engine: Engine, store: Blobs, keys: SecretKeys, rules: Rules, clock: Callable[[], int], taken: StreakRun
) -> None:
    """Work on a run to its end, until it is stopped, or until this server stops."""
    try:
        user, team = await engine.read_soon(lambda db: runs.acting(db, taken, clock()))
        secret = keys.open(taken.secret or "", taken.purpose)
    except (Problem, KeyMissing) as problem:
        refused = str(problem)
        await engine.write_soon(lambda db: runs.end(db, taken, "failed", taken.report, refused, clock()))
        return
    client = StreakClient(taken.source, secret, rules, clock=clock)
    progress: list[str] = [""]
    importing = Run(
        engine,
        store,
        client,
        clock,
        user,
        team,
        wanted=taken.source_team,
        since=taken.since,
        mode=_MODES.get(taken.mode, streak_imports.IMPORT),
        progress=lambda text: progress.__setitem__(0, text),
    )
    task = asyncio.create_task(importing.run())
    try:
        while not task.done():
            await asyncio.wait([task], timeout=RENEW_EVERY)
            importing.report.requests = client.requests
            goes_on = await engine.write_soon(
                lambda db: runs.advance(db, taken, progress[0], importing.report, clock())
            )
            if not goes_on:
                return
        error = _error(task)
        await engine.write_soon(lambda db: runs.finish(db, taken, importing.report, error, clock()))
    except asyncio.CancelledError:
        await engine.write_soon(lambda db: runs.release(db, taken))
        raise
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.close()


def _error(task: asyncio.Task[object]) -> str | None:
    """Why the run ended too early, in words for its user."""
    problem = task.exception()
    if problem is None:
        return None
    if isinstance(problem, (SourceFailed, Problem)):
        return str(problem)
    log.error("an import from Streak failed", exc_info=problem)
    if isinstance(problem, (StoreFailed, OSError)):
        return "a file could not be stored here: the disk may be full. Start the import again: it continues there"
    return "something went wrong here; it was written to the log"
