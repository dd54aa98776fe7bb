"""Recomputing the formulas of all boxes of a pipeline, and checking the boxes against its rules, a slice at a time.

A slice is read and computed before the writing transaction begins. Boxes that change until then are computed again in
it. If a formula or a rule changes meanwhile, the run gets a new ticket and starts again from the first box.
"""

from __future__ import annotations

import msgspec

from ...db.engine import Db
from ...db.records import Table
from .. import search
from ..context import Ctx
from ..pipelines import formulas, validation_rules
from ..pipelines.validation_rules import Violations
from ..records import BOXES, PIPELINES, USERS, Box, Pipeline
from . import links, lookup

AT_ONCE = 500


class RecomputeRun(msgspec.Struct, frozen=True):
    pipeline_key: str
    ticket: str
    after_at: int
    after_key: str
    """The last box that is done. Boxes are taken in the order of their creation."""


class RecomputedSlice(msgspec.Struct, frozen=True):
    read: list[Box]
    computed: list[Box]
    slow: set[str]
    verdicts: dict[str, Violations]
    slow_rules: set[str]


RUNS = Table("formula_runs", RecomputeRun)


def waiting(db: Db) -> list[RecomputeRun]:
    """The runs that have not ended, the oldest first."""
    return RUNS.load_all(db.rows(f"SELECT {RUNS.columns} FROM formula_runs ORDER BY ticket LIMIT 100"))


def due(db: Db, now: int) -> list[str]:
    """The keys of the pipelines whose formulas or rules may have other results on a new day.

    Such formulas read the clock, or the names of users, contacts and organizations.
    """
    rows = db.rows(
        """
        SELECT pipeline_key FROM formulas WHERE due_at <= :now
        UNION SELECT pipeline_key FROM validators WHERE due_at <= :now
        """,
        now=now,
    )
    return [row[0] for row in rows]


def wake(db: Db, keys: list[str], now: int) -> None:
    """Start a run for each of these pipelines, and note when the next one is due."""
    for key in keys:
        for table in ("formulas", "validators"):
            db.run(
                f"UPDATE {table} SET due_at = :next WHERE pipeline_key = :pipeline AND due_at IS NOT NULL",
                next=formulas.tomorrow(now),
                pipeline=key,
            )
        ctx, _ = _acting(db, key, now)
        formulas.schedule_recompute(ctx, key)


def prepare(db: Db, run: RecomputeRun, now: int) -> RecomputedSlice:
    """Read and compute the next slice of boxes. Writes nothing."""
    ctx, pipeline = _acting(db, run.pipeline_key, now)
    read = BOXES.load_all(
        db.rows(
            f"""
            SELECT {BOXES.columns} FROM boxes
            WHERE pipeline_key = :pipeline AND (created_at, key) > (:at, :key)
            ORDER BY created_at, key LIMIT :limit
            """,
            pipeline=run.pipeline_key,
            at=run.after_at,
            key=run.after_key,
            limit=AT_ONCE,
        )
    )
    if not read:
        return RecomputedSlice([], [], set(), {}, set())
    computed, slow = formulas.compute(ctx, pipeline, formulas.list_all(ctx, pipeline.key), read)
    same = [old for old, new in zip(read, computed, strict=True) if new is old]
    verdicts, slow_rules = validation_rules.find_violations(ctx, pipeline, same) if same else ({}, set[str]())
    return RecomputedSlice(read, computed, slow, verdicts, slow_rules)


def settle(db: Db, run: RecomputeRun, piece: RecomputedSlice, now: int) -> None:
    """Write a slice. Nothing is written if another process wrote it first, or if the formulas changed since."""
    ctx, pipeline = _acting(db, run.pipeline_key, now)
    current = {box.key: box for box in lookup.lock_many(ctx, [box.key for box in piece.read])}
    if not _advance(db, run, piece):
        return
    formulas.note_overruns(ctx, pipeline.key, piece.slow)
    validation_rules.note_overruns(ctx, piece.slow_rules)
    done = [(old, new) for old, new in zip(piece.read, piece.computed, strict=True) if current.get(old.key) == old]
    known = {old.key for old, _ in done}
    verdicts = {old.key: piece.verdicts[old.key] for old, new in done if new is old}
    left = [box for key, box in current.items() if key not in known and box.pipeline_key == pipeline.key]
    if left:
        again, _ = formulas.compute(ctx, pipeline, formulas.list_all(ctx, pipeline.key), left)
        done += zip(left, again, strict=True)
    _write(ctx, [(old, new) for old, new in done if new is not old])
    _judge(ctx, pipeline, [new for _, new in done], verdicts)


def _advance(db: Db, run: RecomputeRun, piece: RecomputedSlice) -> int:
    here = "pipeline_key = :pipeline_key AND ticket = :ticket AND after_at = :after_at AND after_key = :after_key"
    if len(piece.read) < AT_ONCE:
        return db.run(f"DELETE FROM formula_runs WHERE {here}", **RUNS.params(run))
    last = piece.read[-1]
    sql = f"UPDATE formula_runs SET after_at = :next_at, after_key = :next_key WHERE {here}"
    return db.run(sql, **RUNS.params(run), next_at=last.created_at, next_key=last.key)


def _write(ctx: Ctx, changed: list[tuple[Box, Box]]) -> None:
    """Write the computed fields. This records no event and leaves `updated_at`: no user has changed the box."""
    saved = [msgspec.structs.replace(new, saved_at=ctx.now) for _, new in changed]
    names = ("key", "fields", "saved_at")
    ctx.db.many(
        "UPDATE boxes SET fields = :fields, numbers = :numbers, saved_at = :saved_at WHERE key = :key",
        [BOXES.params(box, names) for box in saved],
    )
    for (old, _), box in zip(changed, saved, strict=True):
        links.save(ctx, box, old)
        search.reindex(ctx, "box", box.key)


def _judge(ctx: Ctx, pipeline: Pipeline, read: list[Box], verdicts: dict[str, Violations]) -> None:
    """Store the rules that each box breaks. The boxes that have no verdict yet are checked now."""
    if left := [box for box in read if box.key not in verdicts]:
        found, slow = validation_rules.find_violations(ctx, pipeline, left)
        validation_rules.note_overruns(ctx, slow)
        verdicts |= found
    changed = [
        msgspec.structs.replace(box, violations=verdicts[box.key], saved_at=ctx.now)
        for box in read
        if box.violations != verdicts[box.key]
    ]
    ctx.db.many(
        "UPDATE boxes SET violations = :violations, saved_at = :saved_at WHERE key = :key",
        [BOXES.params(box, ("key", "violations", "saved_at")) for box in changed],
    )


def _acting(db: Db, pipeline_key: str, now: int) -> tuple[Ctx, Pipeline]:
    """The context of the pipeline's creator, and the pipeline. No event is recorded, so the actor is not shown."""
    row = db.row(
        f"""
        SELECT {PIPELINES.of("p")}, {USERS.of("u")} FROM pipelines p JOIN users u ON u.key = p.creator_key
        WHERE p.key = :key
        """,
        key=pipeline_key,
    )
    if row is None:
        raise LookupError(pipeline_key)
    return Ctx(db, now, USERS.load(row[len(PIPELINES.names) :])), PIPELINES.load(row)
