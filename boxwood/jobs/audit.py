"""The audit chain is made longer every few seconds, a block in each transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ..core.history import audit_log
from ..db.engine import Db, Engine

log = logging.getLogger("boxwood.audit")
SECONDS = 10.0


async def run(engine: Engine, clock: Callable[[], int]) -> None:
    while True:
        try:
            await catch_up(engine, clock)
        except Exception:
            log.exception("the audit chain was not made longer; it is tried again")
        await asyncio.sleep(SECONDS)


async def catch_up(engine: Engine, clock: Callable[[], int]) -> int:
    """Chain all there is; how many events."""
    total = 0
    while count := await engine.write_soon(partial(_extend, clock=clock)):
        total += count
    return total


def _extend(db: Db, clock: Callable[[], int]) -> int:
    return audit_log.extend(db, clock())
