"""The queue of due runs: automations take turns, so that a busy automation does not delay others."""

from __future__ import annotations

import logging

from ...db.engine import Db
from ...errors import Problem
from ...lib.durations import DAY
from ..webhooks.worker_capacity import WorkerCapacity
from .run_engine import OutsideStep, RunEngine, StepOutcome
from .runs import RUNS, Run

log = logging.getLogger("boxwood.automations")
AUTOMATIONS_PER_LOOK = 256
"""Automations in one look at the queue."""
OUR_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    Problem,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Errors of this program. Errors of the database are others: it may succeed at a second try."""


# Taking

# The keys of automations with waiting runs, by one look into the index for each automation.
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
_OF_AUTOMATION = f"""
    SELECT {RUNS.columns} FROM automation_runs
    WHERE automation_key = :key AND state = 'due' AND due_at <= :now ORDER BY due_at, key LIMIT :count
"""


def is_work_due(db: Db, now: int) -> bool:
    """Whether any run can be taken now. It only reads, because workers call it often."""
    return bool(_waiting(db, now, "", 1000))


def _waiting(db: Db, now: int, after: str, most: int) -> list[str]:
    return [row[0] for row in db.rows(_WAITING, after=after, most=most, now=now)]


def release_leases(db: Db, now: int) -> int:
    """Make the runs of the previous process due at once; for a database that only one process serves from. Returns how
    many there were."""
    return db.run(
        "UPDATE automation_runs SET due_at = :now, worker = NULL WHERE state = 'due' AND worker IS NOT NULL", now=now
    )


def take(db: Db, now: int, capacity: WorkerCapacity) -> tuple[int, list[OutsideStep]]:
    """Continue due runs, automation by automation. Returns their number, and the requests that are to be sent."""
    keys = _waiting(db, now, capacity.after, AUTOMATIONS_PER_LOOK)
    if capacity.after and len(keys) < AUTOMATIONS_PER_LOOK:
        keys += [key for key in _waiting(db, now, "", AUTOMATIONS_PER_LOOK) if key <= capacity.after]
    count, left = 0, []
    for key in keys:
        if count >= capacity.total:
            break
        capacity.after = key
        most = min(capacity.limit(key), capacity.total - count)
        if most <= 0:
            continue
        rows = db.rows(f"{_OF_AUTOMATION}{db.dialect.skip_locked}", key=key, now=now, count=most)
        for run in RUNS.load_all(rows):
            count += 1
            outside = continue_run(db, now, run, capacity.worker)
            left += [outside] if outside else []
    return count, left


def continue_run(db: Db, now: int, run: Run, worker: str) -> OutsideStep | None:
    """Do its steps up to the end, a wait, or a request. Returns the request, to be sent outside of the transaction."""
    try:
        return db.attempt(lambda: RunEngine(db, now, run, worker).go())
    except OUR_ERRORS as error:
        log.error("a run failed on our side", extra={"run": run.key}, exc_info=error)
        give_up(db, now, run.key)
        return None


def settle(db: Db, now: int, outcome: StepOutcome, worker: str) -> OutsideStep | None:
    """Store the result of a request and continue the run, up to the next request, which is returned.

    Nothing happens if another worker has taken over the run, or if it was cancelled meanwhile.
    """
    was = outcome.outside.run
    row = db.row(f"SELECT {RUNS.columns} FROM automation_runs WHERE key = :key{db.for_update}", key=was.key)
    if row is None:
        return None
    run = RUNS.load(row)
    if run.state != "due" or run.attempts != was.attempts or run.worker != worker:
        return None
    try:
        return db.attempt(lambda: RunEngine(db, now, run, worker).settle(outcome))
    except OUR_ERRORS as error:
        log.error("a run failed on our side", extra={"run": run.key}, exc_info=error)
        give_up(db, now, run.key)
        return None


def take_run(db: Db, now: int, key: str, worker: str) -> OutsideStep | None:
    """Continue only this run, if it is due: the database failed with several runs together."""
    row = db.row(f"SELECT {RUNS.columns} FROM automation_runs WHERE key = :key{db.for_update}", key=key)
    run = RUNS.load(row) if row else None
    return continue_run(db, now, run, worker) if run and run.state == "due" and run.due_at <= now else None


def due(db: Db, now: int, most: int) -> list[str]:
    """The keys of at most `most` due runs, the oldest first."""
    sql = "SELECT key FROM automation_runs WHERE state = 'due' AND due_at <= :now ORDER BY due_at LIMIT :most"
    return [row[0] for row in db.rows(sql, now=now, most=most)]


def give_up(db: Db, now: int, key: str) -> None:
    """End a run as failed that fails through an error of this server."""
    db.run(
        """
        UPDATE automation_runs SET state = 'failed', reason = :reason, ended_at = :now, worker = NULL
        WHERE key = :key AND state = 'due'
        """,
        reason="this server's fault; it is in its log",
        now=now,
        key=key,
    )


STORED_IDLE, STORED_OTHER = 7 * DAY, 90 * DAY
"""How long ended runs are stored: those that did nothing, and the others."""


def sweep(db: Db, now: int, most: int = 500) -> int:
    """Delete runs that ended long ago. Returns how many there were."""
    count = 0
    for test, before in (("state IN ('skipped', 'refused')", now - STORED_IDLE), ("1 = 1", now - STORED_OTHER)):
        which = f"SELECT key FROM automation_runs WHERE ended_at < :before AND {test} LIMIT :most"
        count += db.run(f"DELETE FROM automation_runs WHERE key IN ({which})", before=before, most=most)
    return count
