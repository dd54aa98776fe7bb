"""Regular cleaning: old rows, times of last use, unused bytes of files, and search entries that wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ..core import idempotency, outgoing_mail, rate_buckets, search, stored_files, trash, undo_data
from ..core.accounts import api_keys, apps, key_usage, sessions
from ..core.activity.mail import mails
from ..core.automations import run_queue
from ..core.import_export import import_queue
from ..core.undo import positions, proposals
from ..core.webhooks import delivery_queue, inbound_requests
from ..db.engine import Engine
from ..lib.blobs import Blobs
from ..lib.durations import MINUTE

log = logging.getLogger("boxwood.upkeep")
SECONDS = 10
SWEEP_EVERY = 60
"""Rounds: ten minutes."""
MOST_SWEPT = 500
IMPORT_ALONE = MINUTE
"""Milliseconds after the start of an import in which this job leaves search entries to the import."""


async def run(engine: Engine, note: Callable[[], None], store: Blobs, clock: Callable[[], int]) -> None:
    """Clean regularly. `note` stores what the server has noted in memory since."""
    rounds = 0
    while True:
        await asyncio.sleep(SECONDS)
        rounds += 1
        try:
            await asyncio.to_thread(note)
            await engine.write_soon(lambda db: idempotency.delete_expired(db, clock()))
            await engine.write_soon(lambda db: rate_buckets.sweep(db, clock()))
            await engine.write_soon(lambda db: inbound_requests.sweep(db, clock()))
            if rounds % SWEEP_EVERY == 0:
                await engine.write_soon(lambda db: sessions.delete_expired(db, clock()))
                await engine.write_soon(lambda db: outgoing_mail.delete_settled(db, clock()))
                await asyncio.to_thread(sweep, engine, store, clock())
            await sweep_deliveries(engine, clock)
            while await engine.write_soon(lambda db: run_queue.sweep(db, clock())):
                await asyncio.sleep(0.05)
            await index(engine, clock())
        except Exception:
            log.exception("upkeep failed; the job tries again")


def sweep(engine: Engine, store: Blobs, now: int) -> int:
    """Empty the trash of old entries, in slices, so that other writes get in between. Delete the bytes of deleted files
    and of uploads that broke off. Returns how many files were deleted from the store."""
    for let_go in (
        trash.purge,
        mails.sweep,
        undo_data.delete_expired,
        positions.delete_expired,
        proposals.delete_expired,
        key_usage.delete_old,
        apps.delete_expired,
    ):
        while engine.write(partial(let_go, now=now)):
            pass
    swept = store.sweep((now - stored_files.GRACE) / 1000)
    while found := engine.read(partial(stored_files.left_over, now=now, limit=MOST_SWEPT)):
        doomed = engine.write(partial(stored_files.doom, blobs=found, now=now))
        for blob in doomed:
            store.delete(blob)
        engine.write(partial(stored_files.forget, blobs=doomed))
        swept += len(doomed)
        if len(doomed) < MOST_SWEPT:
            break
    return swept


async def sweep_deliveries(engine: Engine, clock: Callable[[], int]) -> None:
    """Delete old deliveries in slices, so that other writes do not wait long."""
    while await engine.write_soon(lambda db: delivery_queue.sweep(db, clock())):
        await asyncio.sleep(0.05)


def note_uses(engine: Engine, uses: dict[str, int], seen: dict[str, int]) -> None:
    """Store when API keys and sessions were last used. Empties both arguments."""
    for times, note in ((uses, api_keys.note_uses), (seen, sessions.note_uses)):
        if times:
            noted = dict(times)
            times.clear()
            engine.write(partial(note, uses=noted))


async def index(engine: Engine, now: int) -> None:
    """Index the search entries that wait, a few at a time, so that other writes get in between. An import that began
    just now indexes its own entries at its end."""
    since = now - IMPORT_ALONE
    while await engine.read_soon(lambda db: search.is_behind(db) and not import_queue.is_any_newer(db, since)):
        await engine.write_soon(search.catch_up)
