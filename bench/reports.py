"""Reports of 100,000 boxes that have been in one to five stages each.

    bin/bench reports [--boxes N] [--database-url URL] [--rounds N]

The benchmark calls the same functions as the API, in this process. A database given by URL must be empty. Besides the
elapsed time it prints the CPU time, which other programs do not influence: that of this process and, for PostgreSQL on
this machine (Linux), that of its server process.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench.views import NUMBER, make
from boxwood.core import boxes
from boxwood.core.context import Ctx
from boxwood.core.pipelines import stages
from boxwood.core.records import BOXES, Box, StageStay
from boxwood.core.views import reports, time_in_stage
from boxwood.db import schema
from boxwood.db.engine import Db, Engine
from boxwood.db.open import open_engine

START = 1_700_000_000_000
NOW = START + 400 * 86_400_000
HALF = {"field": NUMBER, "op": "gt", "value": 50_000}
ASKED: dict[str, Callable[[Ctx, reports.Chosen], Any]] = {
    "funnel": reports.funnel,
    "time in stage": time_in_stage.time_in_stage,
    "over time, by months": lambda ctx, chosen: reports.over_time(
        ctx, chosen, interval="month", since=NOW - 365 * 86_400_000, until=NOW
    ),
    "the same with sums": lambda ctx, chosen: reports.over_time(
        ctx, chosen, interval="month", since=NOW - 365 * 86_400_000, until=NOW, sums=[NUMBER]
    ),
    "sums by stage": lambda ctx, chosen: reports.totals(ctx, chosen, by="stage", sums=[NUMBER]),
    "sums by assignee": lambda ctx, chosen: reports.totals(ctx, chosen, by="assignee", sums=[NUMBER]),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench reports")
    parser.add_argument("--boxes", type=int, default=100_000)
    parser.add_argument("--database-url")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        path = str(Path(data, "boxwood.db"))
        schema.migrate(options.database_url, path)
        engine = open_engine(options.database_url, path)
        try:
            user, key = engine.write(make)
            for name in ("Talks", "Offer", "Won", "Lost"):
                engine.write(lambda db, name=name: stages.create(Ctx(db, START, user), key, {"name": name}))  # type: ignore[misc]
            fill(engine, user, key, options.boxes)
            for of, tree in (("all", None), ("half", HALF)):
                for name, ask in ASKED.items():

                    def once(ask: Any = ask, tree: Any = tree) -> None:
                        engine.read(
                            lambda db: ask(Ctx(db, NOW, user), reports.choose(Ctx(db, NOW, user), key, tree=tree))
                        )

                    wall, processor = measure(options.rounds, once, processor_of(engine))
                    print(f"{of:5} {name:22} {wall:8.1f} ms  {processor:8.1f} ms of the processor", flush=True)
        finally:
            engine.close()


def fill(engine: Any, user: Any, key: str, count: int) -> None:
    like = engine.write(lambda db: boxes.create(Ctx(db, START, user), key, {"name": "Box"}))
    columns = BOXES.names
    sql = f"INSERT INTO boxes ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"
    for begin in range(0, count, 10_000):
        rows = [row(like, n) for n in range(begin, min(begin + 10_000, count))]

        def write(db: Db, rows: list[dict[str, Any]] = rows) -> None:
            db.many(sql, rows)
            db.many(
                "INSERT INTO assignments (user_key, box_key) VALUES (:user, :box)",
                [{"user": f"u{n % 7}", "box": row["key"]} for n, row in enumerate(rows)],
            )

        engine.write(write)


def row(like: Box, n: int) -> dict[str, Any]:
    chance = random.Random(n)
    last = chance.randint(1, 5)
    made = START + n * 300_000
    history = [StageStay(str(5000 + at), made + at * 86_400_000, chance.randint(0, 10**9)) for at in range(1, last + 1)]
    given = msgspec.structs.replace(
        like,
        key=f"{like.key}{n:06}",
        fields={NUMBER: n * 7919 % 100_003, "1002": f"Name {n}", "1003": "x" * 40},
        created_at=made,
        stage_key=history[-1].stage_key,
        stage_history=history,
        stage_changed_at=history[-1].entered_at,
    )
    return BOXES.params(given)


def processor_of(engine: Engine) -> Callable[[], float]:
    """Seconds of the processor so far."""
    if engine.one_process:
        return time.process_time
    pid = engine.read(lambda db: db.row("SELECT pg_backend_pid()"))
    assert pid is not None
    stat, ticks = Path(f"/proc/{pid[0]}/stat"), os.sysconf("SC_CLK_TCK")

    def spent() -> float:
        figures = stat.read_text().rpartition(")")[2].split()
        return time.process_time() + (int(figures[11]) + int(figures[12])) / ticks

    return spent


def measure(rounds: int, fn: Callable[[], None], spent: Callable[[], float] = time.process_time) -> tuple[float, float]:
    """Milliseconds on the wall and of the processor, medians."""
    fn()
    walls, processors = [], []
    for _ in range(rounds):
        wall, processor = time.perf_counter(), spent()
        fn()
        walls.append(1000 * (time.perf_counter() - wall))
        processors.append(1000 * (spent() - processor))
    return statistics.median(walls), statistics.median(processors)


if __name__ == "__main__":
    main()
