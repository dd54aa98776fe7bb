"""Create indexes for the fields that users filter or sort by, and drop those that are no longer used."""

from __future__ import annotations

import asyncio
import logging

from ..core.views import field_indexes
from ..core.views.selections import Wish
from ..db.engine import Engine

log = logging.getLogger("boxwood.indexing")
SECONDS = 1
SWEEP_EVERY = 30


async def run(engine: Engine, wishes: set[Wish]) -> None:
    """Create the indexes in `wishes`, which requests to this process add; sometimes check for deleted fields."""
    seconds = SWEEP_EVERY
    while True:
        try:
            if wishes or seconds >= SWEEP_EVERY:
                seconds = 0
                await _whole(asyncio.create_task(asyncio.to_thread(sweep, engine, wishes)))
        except Exception:
            log.exception("indexes were not created; the job tries again")
        await asyncio.sleep(SECONDS)
        seconds += SECONDS


async def _whole(work: asyncio.Task[None]) -> None:
    """Wait for this work even when cancelled: its thread continues, and needs the engine open."""
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def sweep(engine: Engine, wishes: set[Wish]) -> None:
    """Create the indexes in `wishes`, which is emptied, and drop those that no field needs."""
    asked = set(wishes)
    wishes.difference_update(asked)
    if asked and asked - engine.read(lambda db: field_indexes.known(db, asked)):
        engine.write(lambda db: field_indexes.store_wishes(db, asked))
    wanted, made = engine.read(lambda db: (field_indexes.wanted(db), field_indexes.existing(db)))
    missing = {name: what for name, what in wanted.items() if name not in made}
    if missing or made - wanted.keys():
        engine.make_indexes(missing, sorted(made - wanted.keys()))
