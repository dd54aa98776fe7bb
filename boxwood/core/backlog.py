"""How much work waits in each background queue, and for how long. Operators read it in metrics and `doctor`."""

from __future__ import annotations

from typing import NamedTuple

from ..db.engine import Db
from ..lib.durations import HOUR, MINUTE


class Queue(NamedTuple):
    name: str
    waiting: int
    late_ms: int
    """How many milliseconds ago the oldest item became due; 0 if no item is due."""


# By queue: the rows that wait (FROM … WHERE …), the SQL expression of the time at which a row became due, and after
# how many milliseconds a waiting row means that something is wrong (0 for no limit).
_QUEUES = {
    "deliveries": ("deliveries WHERE state = 'due' AND due_at <= :now", "due_at", HOUR),
    "letters": ("letters WHERE state = 'waiting' AND due_at <= :now", "due_at", HOUR),
    "automation_runs": ("automation_runs WHERE state = 'due' AND due_at <= :now", "due_at", HOUR),
    "reminders": (
        """tasks t WHERE next_at <= :now AND NOT EXISTS (
            SELECT 1 FROM pipelines p WHERE p.key = t.pipeline_key AND p.trashed_at IS NOT NULL)""",
        "next_at",
        10 * MINUTE,
    ),
    "fan_outs": ("fan_outs f JOIN events e ON e.id = f.event_id WHERE e.at <= :now", "e.at", 10 * MINUTE),
    "search": (
        """(SELECT number FROM search_chores UNION ALL SELECT e.number FROM search_waiting w
            JOIN search_entries e ON e.number BETWEEN w.first AND w.last) s WHERE :now > 0""",
        "0",
        0,
    ),
    "formulas": ("formula_runs WHERE :now > 0", "0", 0),
}


def queues(db: Db, now: int) -> list[Queue]:
    """Return all background queues with the number of items that are due at `now`."""
    found = []
    for name, (waiting_rows, due_at, limit) in _QUEUES.items():
        row = db.row(f"SELECT COUNT(*), MIN({due_at}) FROM {waiting_rows}", now=now)
        count, oldest = row if row else (0, None)
        found.append(Queue(name, count, max(0, now - oldest) if limit and oldest is not None else 0))
    return found


def try_to_write(db: Db, now: int) -> None:
    """Write a row, so that the readiness check fails when the disk is full or read-only."""
    db.run("INSERT INTO readiness (key, at) VALUES ('server', :now) ON CONFLICT (key) DO UPDATE SET at = :now", now=now)


def size(db: Db) -> int:
    """Return the size of the database in bytes."""
    sql = "SELECT pg_database_size(current_database())"
    if db.dialect.name == "sqlite":
        sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    row = db.row(sql)
    return int(row[0]) if row else 0


def is_stuck(queue: Queue) -> bool:
    """Return whether the oldest item of the queue has waited longer than the queue's limit."""
    limit = _QUEUES[queue.name][2]
    return bool(limit) and queue.late_ms > limit
