"""Send each user's digest of notifications when its hour comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ..core.history import digests, notifications
from ..core.history.digests import DueDigest
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
            log.exception("digests were not sent; the job tries again")
        await asyncio.sleep(SECONDS)


async def send(engine: Engine, now: int) -> int:
    """Send the due digests. Returns how many were sent."""
    sent = 0
    for digest in await engine.read_soon(partial(digests.due, now=now)):
        sent += await engine.write_soon(partial(_send, digest=digest))
    return sent


def _send(db: Db, digest: DueDigest) -> bool:
    taken = digests.take(db, digest)
    if taken is None or not taken[1]:
        return False
    ctx, found = taken
    lines = [f"- {global_story(notification.event)}" for notification in found[: digests.MOST]]
    return digests.post(ctx, lines, len(found))
