"""Deliveries of webhooks: how many a second, at what price, and how soon. `python -m bench deliveries`

    python -m bench deliveries [--database sqlite|postgres|both] [--database-url URL] [--rounds N] [--dead ROWS]

The worker runs as in `boxwood serve`, with the rules for targets, signatures and the log of attempts. The receiver is
another process. The limit, measured in the same round, is the same client library that only sends the same bytes to the
same receiver; for the latencies, after a durable commit. Without a URL the benchmark starts its own PostgreSQL with
default settings. The targets are for two idle cores.
"""

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import uvloop

from bench.receiver import Receiver, running
from boxwood.core import boxes, pipelines
from boxwood.core.context import Ctx
from boxwood.core.people import teams, users
from boxwood.core.pipelines import fields
from boxwood.core.records import User
from boxwood.core.webhooks import subscriptions
from boxwood.db import schema
from boxwood.db.engine import Db, Engine
from boxwood.db.open import open_engine
from boxwood.jobs import webhooks as jobs
from boxwood.lib.address_rules import Rules
from boxwood.lib.clock import now_ms
from tests import postgres

HOOKS, EVENTS = 20, 500
SECONDS, PER_SECOND = 8, 50
RULES = Rules(allow_private=True)
TARGETS = {
    "sqlite a second": "≥ 6,000",
    "postgres a second": "≥ 5,000",
    "CPU ms each": "≤ 0.30",
    "p50 ms at 50/s": "≤ 3",
    "p99 ms at 50/s": "≤ 10",
    "p95 ms beside a hung one": "≤ 10",
    "p95 ms beside dead rows": "≤ 10",
}


class World:
    """A pipeline with subscriptions."""

    def __init__(self, engine: Engine, receiver: Receiver) -> None:
        self.engine, self.receiver = engine, receiver
        self.ada: User = engine.write(self._person)
        self.made = 0
        self.committed: dict[str, int] = {}

    def _person(self, db: Db) -> User:
        user = users.create(db, "ada@bench.example", now_ms())
        teams.create(db, "Bench", user, now_ms())
        return user

    def ctx(self, db: Db) -> Ctx:
        return Ctx(db, now_ms(), self.ada)

    def pipeline(self, *paths: str) -> str:
        def make(db: Db) -> str:
            ctx = self.ctx(db)
            pipeline = pipelines.create(ctx, {"name": "Deals", "stages": ["Lead", "Won"]})
            for name in ("City", "Product"):
                fields.create(ctx, pipeline.key, {"name": name, "type": "TEXT_INPUT"})
            for path in paths:
                given = {"event": "BOX_CREATE", "pipeline_key": pipeline.key, "target_url": self.receiver.url + path}
                subscriptions.create(ctx, given, RULES)
            return pipeline.key

        return self.engine.write(make)

    def box(self, db: Db, pipeline: str) -> str:
        self.made += 1
        name = f"Deal-{self.made}"
        given = {"name": name, "notes": "some notes here " * 20, "fields": {"1001": "Paris", "1002": "Engines"}}
        boxes.create(self.ctx(db), pipeline, given)
        self.committed[name] = time.monotonic_ns()
        return name

    async def arrived(self, count: int, path: str = "", patience: float = 120) -> list[tuple[str, str, int]]:
        """Wait until `count` requests have arrived at this path, and return them."""
        deadline = time.monotonic() + patience
        while True:
            found = [request for request in self.receiver.read() if request[0].startswith(path)]
            if len(found) >= count:
                return found
            if time.monotonic() > deadline:
                raise SystemExit(f"only {len(found)} of {count} arrived at {path or 'all'}")
            await asyncio.sleep(0.05)

    def waits(self, found: list[tuple[str, str, int]]) -> list[float]:
        """Milliseconds from just before the commit to the last byte at the receiver."""
        return sorted((at - self.committed[name]) / 1e6 for _, name, at in found)


@contextlib.asynccontextmanager
async def working(world: World) -> AsyncIterator[None]:
    async with jobs.running(world.engine, RULES, now_ms):
        await asyncio.sleep(0.3)
        yield


async def drained(world: World, pipeline: str) -> tuple[float, float]:
    """The rate at which a backlog is delivered, per second, and the CPU milliseconds of a delivery in this process."""

    def fill(db: Db) -> None:
        for _ in range(EVENTS):
            world.box(db, pipeline)

    await world.engine.write_soon(fill)
    world.receiver.clear()
    began, cpu = time.monotonic_ns(), time.process_time()
    async with jobs.running(world.engine, RULES, now_ms):
        while await world.engine.read_soon(lambda db: waiting(db, pipeline)):
            await asyncio.sleep(0.02)
    spent = time.process_time() - cpu
    found = await world.arrived(HOOKS * EVENTS, "/many")
    assert len({(path, name) for path, name, _ in found}) == HOOKS * EVENTS
    took = (max(at for _, _, at in found) - began) / 1e9
    return HOOKS * EVENTS / took, spent * 1000 / (HOOKS * EVENTS)


def waiting(db: Db, pipeline: str) -> bool:
    """Whether any delivery of this pipeline is still to be sent or recorded."""
    sql = """
        SELECT 1 FROM webhooks w WHERE w.pipeline_key = :pipeline
            AND EXISTS (SELECT 1 FROM deliveries d WHERE d.webhook_key = w.key AND d.state = 'due')
    """
    return db.row(sql, pipeline=pipeline) is not None


async def bare(world: World) -> tuple[float, float]:
    """The same bytes by the same client to the same receiver, neither signed nor stored."""
    url, left = world.receiver.url + "/bare", iter(range(HOOKS * EVENTS))
    body, headers = b'[{"name":"-","pad":"' + b"x" * 1270 + b'"}]', {"Content-Type": "application/json"}
    began, cpu = time.perf_counter(), time.process_time()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send() -> None:
            for _ in left:
                async with session.post(url, data=body, headers=headers) as reply:
                    await reply.read()

        await asyncio.gather(*(send() for _ in range(64)))
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    world.receiver.clear()
    return HOOKS * EVENTS / took, spent * 1000 / (HOOKS * EVENTS)


async def trickle(world: World, pipelines_in_turn: list[str], rate: float, seconds: float) -> None:
    """Create boxes at an even rate, each in its own transaction."""
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        pipeline = pipelines_in_turn[number % len(pipelines_in_turn)]
        await world.engine.write_soon(lambda db, pipeline=pipeline: world.box(db, pipeline))  # type: ignore[misc]


async def soon(world: World, pipeline: str) -> tuple[float, float]:
    """p50 and p99 of the milliseconds from commit to receipt, at 50 deliveries a second."""
    world.receiver.clear()
    async with working(world):
        await trickle(world, [pipeline], PER_SECOND, SECONDS)
        waits = world.waits(await world.arrived(PER_SECOND * SECONDS, "/alone"))
    return statistics.median(waits), waits[int(len(waits) * 0.99)]


async def soon_bare(world: World) -> tuple[float, float]:
    """The limit: p50 and p99 of a durable commit followed by a request on an open connection."""
    waits: list[float] = []
    body = b'[{"name":"-","pad":"' + b"x" * 1270 + b'"}]'
    async with aiohttp.ClientSession() as session:
        began = time.perf_counter()
        for number in range(PER_SECOND * SECONDS // 2):
            await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
            start = time.perf_counter()
            await world.engine.write_soon(lambda db: db.run("UPDATE users SET updated_at = updated_at + 1"))
            async with session.post(world.receiver.url + "/bare", data=body) as reply:
                await reply.read()
            waits.append((time.perf_counter() - start) * 1000)
    waits.sort()
    return statistics.median(waits), waits[int(len(waits) * 0.99)]


async def beside(world: World, well: str, ill: str, path: str) -> float:
    """p95 of the milliseconds from commit to receipt at 100 deliveries a second, while every twentieth goes to a
    receiver that does not work."""
    world.receiver.clear()
    async with working(world):
        await trickle(world, [*[well] * 19, ill], 100, SECONDS)
        waits = world.waits(await world.arrived(95 * SECONDS, path))
    return waits[int(len(waits) * 0.95)]


def fill_dead(world: World, pipeline: str, rows: int) -> None:
    """Create this many due deliveries of a single event, to a receiver that always fails."""

    def fill(db: Db) -> None:
        world.box(db, pipeline)
        db.run(
            """
            INSERT INTO deliveries (key, webhook_key, event_id, event, state, rank, due_at, tries, attempts, worker,
                test, log, created_at, ended_at)
            WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < :rows)
            SELECT d.key || '-' || n.at, d.webhook_key, d.event_id, d.event, 'due', 1, d.due_at, 1, 1, NULL, d.test,
                d.log, d.created_at, NULL
            FROM n, deliveries d WHERE d.webhook_key = (SELECT key FROM webhooks WHERE pipeline_key = :pipeline)
            """,
            rows=rows,
            pipeline=pipeline,
        )

    world.engine.write(fill)


async def measure(engine: Engine, receiver: Receiver, rounds: int, dead: int) -> dict[str, list[float]]:
    world = World(engine, receiver)
    many = world.pipeline(*(f"/many/{number}" for number in range(HOOKS)))
    alone, hung = world.pipeline("/alone"), world.pipeline("/hung")
    found: dict[str, list[float]] = {}

    def note(**figures: float) -> None:
        for name, figure in figures.items():
            found.setdefault(name, []).append(figure)

    for _ in range(rounds):
        (bare_rate, bare_cpu), (rate, cpu) = await bare(world), await drained(world, many)
        note(bare_rate=bare_rate, bare_cpu=bare_cpu, rate=rate, cpu=cpu, rate_ratio=rate / bare_rate)
        note(cpu_ratio=cpu / bare_cpu)
        (bare_p50, bare_p99), (p50, p99) = await soon_bare(world), await soon(world, alone)
        note(bare_p50=bare_p50, bare_p99=bare_p99, p50_ratio=p50 / bare_p50, p99_ratio=p99 / bare_p99)
        note(p50=p50, p99=p99, hung=await beside(world, alone, hung, "/alone"))
    failing = world.pipeline("/dead")
    fill_dead(world, failing, dead)
    for _ in range(rounds):
        note(dead=await beside(world, alone, failing, "/alone"))
    return found


def show(name: str, found: dict[str, list[float]], dead: int) -> None:
    middle = {figure: statistics.median(values) for figure, values in found.items()}
    rows = [
        (
            f"{name} a second",
            f"{middle['rate']:,.0f}",
            f"{middle['rate_ratio']:.2f} of bare {middle['bare_rate']:,.0f}",
        ),
        ("CPU ms each", f"{middle['cpu']:.3f}", f"{middle['cpu_ratio']:.2f} of bare {middle['bare_cpu']:.3f}"),
        ("p50 ms at 50/s", f"{middle['p50']:.1f}", f"{middle['p50_ratio']:.1f} of bare {middle['bare_p50']:.1f}"),
        ("p99 ms at 50/s", f"{middle['p99']:.1f}", f"{middle['p99_ratio']:.1f} of bare {middle['bare_p99']:.1f}"),
        ("p95 ms beside a hung one", f"{middle['hung']:.1f}", ""),
        ("p95 ms beside dead rows", f"{middle['dead']:.1f}", f"{dead:,} of them"),
    ]
    print(f"\n{name:28}{'median':>10}  {'target':10}")
    for label, figure, beside_it in rows:
        print(f"{label:28}{figure:>10}  {TARGETS[label]:10}{beside_it}")


@contextlib.contextmanager
def stores(which: str, url: str | None) -> Iterator[list[tuple[str, str | None]]]:
    """The names and URLs of the databases. Starts a PostgreSQL server if no URL is given."""
    with contextlib.ExitStack() as stack:
        found: list[tuple[str, str | None]] = [("sqlite", None)] if which in ("sqlite", "both") else []
        if which in ("postgres", "both"):
            cluster = None if url else stack.enter_context(postgres.cluster(durable=True, own=True))
            found.append(("postgres", url or (cluster.create_database() if cluster else None)))
        yield found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--database-url", help="the URL of an empty database")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dead", type=int, default=500_000, help="rows that wait for a receiver that always fails")
    options = parser.parse_args()
    with stores(options.database, options.database_url) as chosen, running() as receiver:
        for name, url in chosen:
            with tempfile.TemporaryDirectory() as data:
                path = str(Path(data) / "boxwood.sqlite3")
                schema.migrate(url, path)
                engine = open_engine(url, path)
                try:
                    show(name, uvloop.run(measure(engine, receiver, options.rounds, options.dead)), options.dead)
                finally:
                    engine.close()


if __name__ == "__main__":
    main()
