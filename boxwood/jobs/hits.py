"""Settle the hits on letters: some seconds after a hit it is known whether a person or a machine caused it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ..core.activity.sending import hits
from ..db.engine import Engine

log = logging.getLogger("boxwood.hits")
SECONDS = 5


async def run(engine: Engine, clock: Callable[[], int]) -> None:
    while True:
        try:
            await settle(engine, clock())
        except Exception:
            log.exception("hits were not settled; the job tries again")
        await asyncio.sleep(SECONDS)


async def settle(engine: Engine, now: int) -> int:
    """Settle all hits that are old enough, each letter in a transaction of its own. Returns the number of hits."""
    count = 0
    while keys := await engine.read_soon(partial(hits.waiting, now=now)):
        found = 0
        for key in keys:
            try:
                found += await engine.write_soon(partial(hits.settle, letter_key=key, now=now))
            except Exception:
                log.exception("the hits on a letter were not settled", extra={"letter": key})
        if not found:
            break
        count += found
    return count
