"""Which runs go on: those that are due, rule by rule in turn, so that a busy one holds up no other."""

from __future__ import annotations

import logging

from ...db.engine import Db
from ...errors import Problem
from ...lib.durations import DAY
from ..webhooks.worker_capacity import WorkerCapacity
from .run_engine import Advance, Outside, StepOutcome
from .runs import RUNS, Run

log = logging.getLogger("boxwood.automations")
LOOKED_AT = 256
"""Rules in one turn."""
OURS = (ArithmeticError, AssertionError, AttributeError, LookupError, Problem, RuntimeError, TypeError, ValueError)
"""Errors of this program, not of the store, which may do better at a second try."""


# Taking

# The keys of rules with anything waiting, by one look into the index for each.
_WAITING = """
    WITH RECURSIVE waiting (key, number) AS (
        SELECT MIN(r.automation_key), 1 FROM automation_runs r WHERE r.state = 'due' AND r.automation_key > :after
        UNION ALL
        SELECT (
            SELECT MIN(r.automation_key) FROM automation_runs r WHERE r.state = 'due' AND r.automation_key > l.key
        ), l.number + 1
        FROM waiting l WHERE l.key IS NOT NULL AND l.number < :most
    )
    SELECT l.key FROM waiting l WHERE l.key IS NOT NULL AND EXISTS (
        SELECT 1 FROM automation_runs r WHERE r.automation_key = l.key AND r.state = 'due' AND r.due_at <= :now
    ) ORDER BY l.key
"""
_OF_RULE = f"""
    SELECT {RUNS.columns} FROM automation_runs
    WHERE automation_key = :key AND state = 'due' AND due_at <= :now ORDER BY due_at, key LIMIT :count
"""


def anything(db: Db, now: int) -> bool:
    """Whether there is work; a read, for looking often."""
    return bool(_waiting(db, now, "", 1000))


def _waiting(db: Db, now: int, after: str, most: int) -> list[str]:
    return [row[0] for row in db.rows(_WAITING, after=after, most=most, now=now)]


def release_leases(db: Db, now: int) -> int:
    """What a process had that is no more; for a database that only one process serves from."""
    return db.run(
        "UPDATE automation_runs SET due_at = :now, worker = NULL WHERE state = 'due' AND worker IS NOT NULL", now=now
    )


def take(db: Db, now: int, capacity: WorkerCapacity) -> tuple[int, list[Outside]]:
    """Let runs go on that are due, rule by rule in turn: how many, and what they have left to be done outside."""
    keys = _waiting(db, now, capacity.after, LOOKED_AT)
    if capacity.after and len(keys) < LOOKED_AT:
        keys += [key for key in _waiting(db, now, "", LOOKED_AT) if key <= capacity.after]
    count, left = 0, []
    for key in keys:
        if count >= capacity.total:
            break
        capacity.after = key
        most = min(capacity.limit(key), capacity.total - count)
        if most <= 0:
            continue
        rows = db.rows(f"{_OF_RULE}{db.dialect.skip_locked}", key=key, now=now, count=most)
        for run in RUNS.load_all(rows):
            count += 1
            outside = go_on(db, now, run, capacity.worker)
            left += [outside] if outside else []
    return count, left


def go_on(db: Db, now: int, run: Run, worker: str) -> Outside | None:
    """Step by step, to the end, a wait, or a step that is done outside."""
    try:
        return db.attempt(lambda: Advance(db, now, run, worker).go())
    except OURS as error:
        log.error("a run failed on our side", extra={"run": run.key}, exc_info=error)
        give_up(db, now, run.key)
        return None


def settle(db: Db, now: int, outcome: StepOutcome, worker: str) -> Outside | None:
    """Put back a step that was done outside. Of one that another worker has taken over, or that was cancelled
    meanwhile, nothing is kept but the log."""
    was = outcome.outside.run
    row = db.row(f"SELECT {RUNS.columns} FROM automation_runs WHERE key = :key{db.for_update}", key=was.key)
    if row is None:
        return None
    run = RUNS.load(row)
    if run.state != "due" or run.attempts != was.attempts or run.worker != worker:
        return None
    try:
        return db.attempt(lambda: Advance(db, now, run, worker).settle(outcome))
    except OURS as error:
        log.error("a run failed on our side", extra={"run": run.key}, exc_info=error)
        give_up(db, now, run.key)
        return None


def take_run(db: Db, now: int, key: str, worker: str) -> Outside | None:
    """This run alone, for when one of many made the store fail."""
    row = db.row(f"SELECT {RUNS.columns} FROM automation_runs WHERE key = :key{db.for_update}", key=key)
    run = RUNS.load(row) if row else None
    return go_on(db, now, run, worker) if run and run.state == "due" and run.due_at <= now else None


def due(db: Db, now: int, most: int) -> list[str]:
    """The keys of runs that are due."""
    sql = "SELECT key FROM automation_runs WHERE state = 'due' AND due_at <= :now ORDER BY due_at LIMIT :most"
    return [row[0] for row in db.rows(sql, now=now, most=most)]


def give_up(db: Db, now: int, key: str) -> None:
    """End a run that fails for no reason of its own."""
    db.run(
        """
        UPDATE automation_runs SET state = 'failed', reason = :reason, ended_at = :now, worker = NULL
        WHERE key = :key AND state = 'due'
        """,
        reason="this server's fault; it is in its log",
        now=now,
        key=key,
    )


KEPT_DULL, KEPT_OTHER = 7 * DAY, 90 * DAY
"""How long runs that did nothing are kept, and those that did something."""


def sweep(db: Db, now: int, most: int = 500) -> int:
    """Forget what ended long ago; how many that was."""
    count = 0
    for test, before in (("state IN ('skipped', 'refused')", now - KEPT_DULL), ("1 = 1", now - KEPT_OTHER)):
        which = f"SELECT key FROM automation_runs WHERE ended_at < :before AND {test} LIMIT :most"
        count += db.run(f"DELETE FROM automation_runs WHERE key IN ({which})", before=before, most=most)
    return count
