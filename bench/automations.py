"""Two-step runs of automations a second, against the same two changes made by hand in the same store.

python -m bench automations [--database sqlite|postgres|both]
"""

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from pathlib import Path

import uvloop

from boxwood.core import boxes, pipelines
from boxwood.core.automations import automations
from boxwood.core.context import Ctx
from boxwood.core.people import teams, users
from boxwood.core.pipelines import fields
from boxwood.db import schema
from boxwood.db.engine import Db, Engine
from boxwood.db.open import open_engine
from boxwood.jobs.automations import TAKEN_AT_ONCE, running
from boxwood.lib.address_rules import Rules
from boxwood.lib.clock import now_ms
from tests import postgres

RUNS, ROUNDS = 2000, 5
STEPS = [
    {"type": "box.setFields", "with": {"fields": {"Size": "{{ box.name | length }}"}}},
    {"type": "box.edit", "with": {"notes": "{{ box.name }} of {{ actor.name }}"}},
]


class Bench:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.user = engine.write(lambda db: users.create(db, f"ada{now_ms()}@example.com", now_ms()))
        self.team = engine.write(lambda db: teams.create(db, "Team", self.user, now_ms()))
        self.pipelines = [self._pipeline(True), self._pipeline(False)]

    def ctx(self, db: Db) -> Ctx:
        return Ctx(db, now_ms(), self.user)

    def _pipeline(self, automated: bool) -> str:
        def make(db: Db) -> str:
            ctx = self.ctx(db)
            pipeline = pipelines.create(ctx, {"name": "Deals", "team_key": self.team.key, "stages": ["Lead"]})
            fields.create(ctx, pipeline.key, {"name": "Size", "type": "TEXT_INPUT"})
            if automated:
                rule = {"name": "R", "pipeline_key": pipeline.key, "trigger": {"type": "box.created"}, "steps": STEPS}
                automations.create(ctx, rule, Rules(), 0)
            return pipeline.key

        return self.engine.write(make)

    def fill(self, pipeline: str) -> list[str]:
        """Create boxes, which start runs if the pipeline is automated."""

        def make(db: Db) -> list[str]:
            return [boxes.create(self.ctx(db), pipeline, {"name": f"Box {number}"}).key for number in range(100)]

        return [key for _ in range(RUNS // 100) for key in self.engine.write(make)]

    async def runs(self) -> float:
        await asyncio.to_thread(self.fill, self.pipelines[0])
        began = time.perf_counter()
        async with running(self.engine, Rules(), now_ms):
            while await self.engine.read_soon(_waiting):
                await asyncio.sleep(0.01)
        return RUNS / (time.perf_counter() - began)

    async def by_hand(self) -> float:
        keys = await asyncio.to_thread(self.fill, self.pipelines[1])
        began = time.perf_counter()
        if self.engine.one_process:
            for at in range(0, RUNS, TAKEN_AT_ONCE):
                await self.engine.write_soon(lambda db, some=keys[at : at + TAKEN_AT_ONCE]: self._edit(db, some))
        else:
            for at in range(0, RUNS, TAKEN_AT_ONCE):
                some = keys[at : at + TAKEN_AT_ONCE]
                await asyncio.gather(
                    *(self.engine.write_soon(lambda db, key=key: self._edit(db, [key])) for key in some)
                )
        return RUNS / (time.perf_counter() - began)

    def _edit(self, db: Db, keys: list[str]) -> None:
        for key in keys:
            boxes.edit(self.ctx(db), key, {"fields": {"1001": "7"}})
            boxes.edit(self.ctx(db), key, {"notes": f"{key} of Ada"})


def _waiting(db: Db) -> bool:
    return db.row("SELECT 1 FROM automation_runs WHERE state = 'due' LIMIT 1") is not None


async def measure(engine: Engine) -> None:
    bench = Bench(engine)
    with_it: list[float] = []
    without: list[float] = []
    for _ in range(ROUNDS):
        with_it.append(await bench.runs())
        without.append(await bench.by_hand())
    failed = engine.read(lambda db: db.row("SELECT COUNT(*) FROM automation_runs WHERE state <> 'done'"))
    assert failed == (0,), "a run did not end well"
    runs, edits = statistics.median(with_it), statistics.median(without)
    print(f"{engine.dialect.name}: {runs:,.0f} two-step runs/s, by hand {edits:,.0f}/s, ratio {runs / edits:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench automations")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    chosen = parser.parse_args().database
    for name in ("sqlite", "postgres") if chosen == "both" else (chosen,):
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            url = stack.enter_context(postgres.cluster()).create_database() if name == "postgres" else None
            path = str(Path(folder, "boxwood.sqlite3"))
            schema.migrate(url, path)
            engine = open_engine(url, path)
            stack.callback(engine.close)
            uvloop.run(measure(engine))


if __name__ == "__main__":
    main()
