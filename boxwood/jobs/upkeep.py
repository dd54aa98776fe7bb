"""Small things done now and then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..core import answers, keys
from ..db.engine import Engine

log = logging.getLogger("boxwood.upkeep")
SECONDS = 10


async def run(engine: Engine, uses: dict[str, int], clock: Callable[[], int]) -> None:
    while True:
        await asyncio.sleep(SECONDS)
        try:
            await asyncio.to_thread(note_uses, engine, uses)
            await engine.write_soon(lambda db: answers.forget(db, clock()))
        except Exception:
            log.exception("upkeep failed; it is tried again")


def note_uses(engine: Engine, uses: dict[str, int]) -> None:
    """Write down when keys were last used."""
    if not uses:
        return
    seen = dict(uses)
    uses.clear()
    engine.write(lambda db: keys.note_uses(db, seen))
