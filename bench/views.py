"""Filtered and sorted pages of 100,000 boxes, without and with the automatic index of a field.

    bin/bench views [--boxes N] [--database-url URL] [--rounds N]

The benchmark calls the same function as the API, in this process. A database given by URL must be empty.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from boxwood.core import boxes, pipelines
from boxwood.core.context import Ctx
from boxwood.core.people import teams, users
from boxwood.core.records import BOXES, Box, User
from boxwood.core.views import field_indexes as view_field_indexes
from boxwood.core.views import selections
from boxwood.core.views.selections import Wish
from boxwood.db import schema
from boxwood.db.engine import Db, Engine
from boxwood.db.open import open_engine
from boxwood.jobs import field_indexes

NUMBER, WORD = "1001", "1002"
ASKED: dict[str, dict[str, Any]] = {
    "sorted by a number": {"sort": [f"-{NUMBER}"]},
    "sorted by text": {"sort": [WORD]},
    "a rare number": {"tree": {"field": NUMBER, "op": "gt", "value": 99_900}},
    "text that begins so": {"tree": {"field": WORD, "op": "startsWith", "value": "name 777"}},
    "filtered and sorted": {
        "tree": {"field": NUMBER, "op": "between", "value": [40_000, 60_000]},
        "sort": [f"-{NUMBER}"],
    },
    "two fields": {"tree": {"field": WORD, "op": "contains", "value": "77"}, "sort": [f"-{NUMBER}"]},
    "days in stage": {"tree": {"field": "daysInStage", "op": "gt", "value": 100}},
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench views")
    parser.add_argument("--boxes", type=int, default=100_000)
    parser.add_argument("--database-url")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        path = str(Path(data, "boxwood.db"))
        schema.migrate(options.database_url, path)
        engine = open_engine(options.database_url, path)
        try:
            run(engine, options.boxes, options.rounds)
        finally:
            engine.close()


def run(engine: Engine, count: int, rounds: int) -> None:
    user, pipeline_key = engine.write(make)
    fill(engine, user, pipeline_key, count)
    before = {name: median(rounds, page(engine, user, pipeline_key, asked)) for name, asked in ASKED.items()}
    creating = median(rounds, create(engine, user, pipeline_key))
    started = time.perf_counter()
    field_indexes.sweep(engine, {Wish(pipeline_key, NUMBER, "text"), Wish(pipeline_key, WORD, "text")})
    took = time.perf_counter() - started
    assert len(engine.read(view_field_indexes.existing)) == 2
    print(f"{count:,} boxes; two indexes made in {took:.2f} s; a page of 25, medians of {rounds}")
    for name, asked in ASKED.items():
        after = median(rounds, page(engine, user, pipeline_key, asked))
        print(f"{name:22} {before[name]:8.1f} ms without  {after:8.2f} ms with  {before[name] / after:7.1f} x")
    after = median(rounds, create(engine, user, pipeline_key))
    print(f"{'100 boxes created':22} {creating:8.1f} ms without  {after:8.2f} ms with  {creating / after:7.2f} x")


def make(db: Db) -> tuple[User, str]:
    now = 1_700_000_000_000
    user = users.create(db, "ada@bench.example", now)
    teams.create(db, "Bench", user, now)
    fields = [{"name": name, "type": "TEXT_INPUT"} for name in ("Number", "Word")]
    return user, pipelines.create(Ctx(db, now, user), {"name": "Deals", "fields": fields}).key


def fill(engine: Engine, user: User, pipeline_key: str, count: int) -> None:
    like = engine.write(lambda db: boxes.create(Ctx(db, 1_700_000_000_000, user), pipeline_key, {"name": "Box"}))
    columns = BOXES.names
    sql = f"INSERT INTO boxes ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"
    for start in range(0, count, 10_000):
        rows = [row(like, n) for n in range(start, min(start + 10_000, count))]
        engine.write(lambda db, rows=rows: db.many(sql, rows))  # type: ignore[misc]


def row(like: Box, n: int) -> dict[str, Any]:
    fields = {NUMBER: n * 7919 % 100_003, WORD: f"Name {n * 104_729 % 100_003}", "1003": "x" * 40}
    return BOXES.params(
        msgspec.structs.replace(like, key=f"{like.key}{n:06}", fields=fields, created_at=like.created_at + n)
    )


def page(engine: Engine, user: User, key: str, asked: dict[str, Any]) -> Callable[[], None]:
    now = 1_700_000_000_000
    return lambda: engine.read(lambda db: selections.page(Ctx(db, now, user), key, limit=25, **asked)) and None


def create(engine: Engine, user: User, key: str) -> Callable[[], None]:
    given = {"name": "New", "fields": {NUMBER: 5, WORD: "New"}}

    def some(db: Db) -> None:
        for _ in range(100):
            boxes.create(Ctx(db, 1_700_000_000_000, user), key, given)

    return lambda: engine.write(some)


def median(rounds: int, fn: Callable[[], None]) -> float:
    """Milliseconds."""
    fn()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        fn()
        taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)
