"""Searches over many boxes, and what the index costs a create, in-process. `python -m bench search [--boxes N]`

    python -m bench search [--boxes N] [--database-url URL]

Boxes have names of four words out of 30,000 (a few common, most rare) and two text fields; every fourth box has notes.
Every box has a comment, and every second box a task. `find` searches boxes, contacts and organizations; `matches`
searches everything, with counts and snippets.
The time of a search includes access rules, index, ranking and the result's rows, as in core. The target is 20 ms over
100,000 boxes. Creates are timed in batches of 64, as under load, with and without the index.
"""

import argparse
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from boxwood.core import boxes, pipelines, search
from boxwood.core.activity import comments, tasks
from boxwood.core.context import Ctx
from boxwood.core.people import teams, users
from boxwood.core.pipelines import fields
from boxwood.core.records import User
from boxwood.core.search import matches
from boxwood.core.search import query as search_query
from boxwood.core.search.matches import NOUNS
from boxwood.core.search.query import Narrow
from boxwood.db import schema
from boxwood.db.engine import Db, Engine
from boxwood.db.open import open_engine

TARGET_MS = 20.0
BATCH, ROUNDS = 64, 7
EVERYWHERE = Narrow([], [], [])
_SYLLABLES = (
    "ba be bi bo bu da de di do du fa fe fi ga go ka ke ki ko la le li lo lu ma me mi mo na ne ni no pa pe po ra re ri "
    "ro sa se si so ta te ti to va ve vi vo za ze zo ster ton berg mann field ford"
).split()


class World:
    """A team with ten pipelines of boxes; everything is drawn with the same seed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.random = random.Random(7)
        made = {"".join(self.random.choices(_SYLLABLES, k=self.random.choice((2, 2, 3, 3, 4)))) for _ in range(30_000)}
        self.vocabulary = sorted(made)
        self.random.shuffle(self.vocabulary)
        self.weights = list(itertools.accumulate(1 / (at + 5) for at in range(len(self.vocabulary))))
        self.ada: User = engine.write(self._people)
        self.pipelines = [self.do(self._pipeline) for _ in range(10)]

    def do(self, fn: Callable[[Ctx], object]) -> object:
        return self.engine.write(lambda db: fn(self.ctx(db)))

    def ctx(self, db: Db) -> Ctx:
        return Ctx(db, time.time_ns() // 1_000_000, self.ada)

    def _people(self, db: Db) -> User:
        now = time.time_ns() // 1_000_000
        user = users.create(db, "ada@bench.example", now)
        teams.create(db, "Bench", user, now)
        return user

    def _pipeline(self, ctx: Ctx) -> str:
        pipeline = pipelines.create(ctx, {"name": "Deals", "stages": ["Lead", "Won"]})
        for name in ("City", "Product"):
            fields.create(ctx, pipeline.key, {"name": name, "type": "TEXT_INPUT"})
        return pipeline.key

    def words(self, count: int) -> str:
        return " ".join(self.random.choices(self.vocabulary, cum_weights=self.weights, k=count))

    def given(self, number: int) -> dict[str, object]:
        common = "deal " if number % 2 else ""
        notes = self.words(30) if number % 4 == 0 else None
        return {
            "name": f"{common}{self.words(3)} {number}",
            "notes": notes,
            "fields": {"1001": self.words(1), "1002": self.words(2)},
        }

    def fill(self, count: int, *, parts: bool = False) -> float:
        """Seconds of CPU it took, a transaction for each 64. With `parts`, the boxes have comments and tasks."""
        spent = 0.0
        for at in range(0, count, BATCH):
            many = [self.given(number) for number in range(at, min(at + BATCH, count))]
            keys = [self.random.choice(self.pipelines) for _ in many]

            texts = [(self.words(12), self.words(4)) for _ in many]

            def work(ctx: Ctx, many: list = many, keys: list = keys, texts: list = texts) -> None:
                for number, (key, given) in enumerate(zip(keys, many, strict=True)):
                    box = boxes.create(ctx, key, dict(given))
                    if parts:
                        comments.create(ctx, box.key, {"message": texts[number][0]})
                    if parts and number % 2:
                        tasks.create(ctx, box.key, {"text": texts[number][1]})

            start = time.process_time()
            self.do(work)
            spent += time.process_time() - start
        return spent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench search")
    parser.add_argument("--boxes", type=int, default=100_000)
    parser.add_argument(
        "--database-url", help="an empty database, which is filled; SQLite in a temporary folder otherwise"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "bench.db"))
        schema.migrate(options.database_url, path)
        engine = open_engine(options.database_url, path)
        try:
            world = World(engine)
            seconds = world.fill(options.boxes, parts=True)
            print(
                f"{options.boxes:,} boxes made in {seconds:.0f} s, {seconds / options.boxes * 1e6:.0f} µs of CPU each"
            )
            print(f"{engine.read(_size) / 1e6:.1f} MB for the index and its entries")
            _searches(world)
            _creates(world)
        finally:
            engine.close()


def _searches(world: World) -> None:
    common, rare, other = world.vocabulary[0], world.vocabulary[15_000], world.vocabulary[300]
    mistyped = rare[:2] + rare[3] + rare[2] + rare[4:]
    asked = {
        "a rare word": rare,
        "its first three letters": rare[:3],
        "a common word": common,
        "a word of half of all names": "deal",
        "two letters": "de",
        "one letter": "d",
        "a common and a rare word": f"deal {rare}",
        "two common words": f"deal {common}",
        "three words": f"deal {common} {other}",
        "nothing": "qqqqqq",
        "a mistyped name": mistyped,
        "two mistyped words": f"dael {mistyped}",
    }
    for name, query in asked.items():
        _show(
            name,
            world,
            lambda ctx, query=query: len(search_query.find(ctx, query, EVERYWHERE, limit=20, offset=0).boxes),
        )
    for name, query in asked.items():
        _show(
            f"everything: {name}",
            world,
            lambda ctx, query=query: len(matches.find(ctx, query, EVERYWHERE, NOUNS, limit=20, offset=0).matches),
        )
    whole = lambda ctx: len(search_query.find(ctx, "deal", EVERYWHERE, limit=1000, offset=0).boxes)  # noqa: E731
    _show("a page of 1,000", world, whole)
    within = Narrow([str(world.pipelines[0])], [], [])
    _show("in one pipeline", world, lambda ctx: len(search_query.find(ctx, "deal", within, limit=20, offset=0).boxes))
    staged = Narrow([str(world.pipelines[0])], ["5001"], [])
    _show("and one stage", world, lambda ctx: len(search_query.find(ctx, "deal", staged, limit=20, offset=0).boxes))
    name = f"deal {world.vocabulary[0]}"
    _show("an exact name", world, lambda ctx: len(search_query.find_by_name(ctx, name, EVERYWHERE, limit=20, offset=0)))


def _size(db: Db) -> int:
    if db.dialect.name == "sqlite":
        row = db.row("SELECT SUM(pgsize) FROM dbstat WHERE name LIKE '%search_%'")
    else:
        row = db.row("SELECT pg_total_relation_size('search_entries')")
    return int(row[0]) if row else 0


def _show(name: str, world: World, ask: Callable[[Ctx], int]) -> None:
    times, count = [], 0
    for _ in range(ROUNDS):
        start, cpu = time.perf_counter(), time.process_time()
        count = world.engine.read(lambda db: ask(world.ctx(db)))
        times.append(((time.perf_counter() - start) * 1000, (time.process_time() - cpu) * 1000))
    wall, cpu = (statistics.median(figures) for figures in zip(*times, strict=True))
    print(f"{wall:7.2f} ms {cpu:7.2f} ms CPU {TARGET_MS / wall:6.1f} times the target's speed  {name} ({count} shown)")


def _creates(world: World) -> None:
    """Interleaved, so that both see the same machine."""
    noted, rounds = search.reindex, []
    for _ in range(ROUNDS):
        with_index = world.fill(2048) / 2048 * 1e6
        search.reindex = lambda ctx, kind, key: None
        try:
            rounds.append((with_index, world.fill(2048) / 2048 * 1e6))
        finally:
            search.reindex = noted
    indexed, bare = (statistics.median(figures) for figures in zip(*rounds, strict=True))
    print(f"{indexed:7.0f} µs of CPU a create, {bare:.0f} µs without the index: {indexed - bare:.0f} µs for it")


if __name__ == "__main__":
    main()
