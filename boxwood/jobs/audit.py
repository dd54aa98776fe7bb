"""Add new events to the audit chain every few seconds, one block in each transaction."""

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
            log.exception("new events were not added to the audit chain; the job tries again")
        await asyncio.sleep(SECONDS)


async def catch_up(engine: Engine, clock: Callable[[], int]) -> int:
    """Add all new events to the chain. Returns their number."""
    total = 0
    while count := await engine.write_soon(partial(_extend, clock=clock)):
        total += count
    return total


def _extend(db: Db, clock: Callable[[], int]) -> int:
    return audit_log.extend(db, clock())
