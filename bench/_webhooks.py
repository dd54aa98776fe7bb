"""Webhooks for the table: the latency from commit to receipt, and the rate at which a backlog is delivered.

It uses the parts of `bin/bench deliveries`: the worker runs as in `boxwood serve`, the receiver in another process.
"""

from pathlib import Path

import uvloop

from bench import deliveries
from bench.deliveries import EVENTS, HOOKS, PER_SECOND, World
from bench.http import Load
from bench.receiver import running
from boxwood.db import schema
from boxwood.db.open import open_engine

SECONDS = 4
SOON, DRAINED = "webhook, from commit to receiver, 50 a second", f"webhook deliveries, {EVENTS * HOOKS:,} drained"


def loads(data: Path, url: str | None, rounds: int) -> dict[str, list[Load]]:
    data.mkdir()
    path = str(data / "boxwood.sqlite3")
    schema.migrate(url, path)
    engine = open_engine(url, path)
    deliveries.SECONDS = SECONDS
    try:
        with running() as receiver:
            return uvloop.run(_measured(World(engine, receiver), rounds))
    finally:
        engine.close()


async def _measured(world: World, rounds: int) -> dict[str, list[Load]]:
    many, alone = world.pipeline(*(f"/many/{number}" for number in range(HOOKS))), world.pipeline("/alone")
    found: dict[str, list[Load]] = {SOON: [], DRAINED: []}
    for _ in range(rounds):
        p50, p99 = await deliveries.soon(world, alone)
        found[SOON].append(Load(PER_SECOND, p50, p99, 0))
        rate, cpu = await deliveries.drained(world, many)
        found[DRAINED].append(Load(rate, 0, 0, cpu * 1000))
    return found
