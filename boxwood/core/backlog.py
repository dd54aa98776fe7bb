"""What waits to be done in the background, and for how long: for the operator's eyes."""

from __future__ import annotations

from typing import NamedTuple

from ..db.engine import Db
from ..lib.durations import HOUR, MINUTE


class Queue(NamedTuple):
    """`late_ms`: how long the oldest has been due, 0 where none is."""

    name: str
    waiting: int
    late_ms: int


# What is to be done, since when the oldest of it could be, and how late that may be before something is wrong.
_QUEUES = {
    "deliveries": ("deliveries WHERE state = 'due' AND due_at <= :now", "due_at", HOUR),
    "letters": ("letters WHERE state = 'waiting' AND due_at <= :now", "due_at", HOUR),
    "automation_runs": ("automation_runs WHERE state = 'due' AND due_at <= :now", "due_at", HOUR),
    "reminders": (
        """tasks t WHERE reminder_status = 'SCHEDULED' AND due_at <= :now AND NOT EXISTS (
            SELECT 1 FROM pipelines p WHERE p.key = t.pipeline_key AND p.trashed_at IS NOT NULL)""",
        "due_at",
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
    found = []
    for name, (what, since, limit) in _QUEUES.items():
        row = db.row(f"SELECT COUNT(*), MIN({since}) FROM {what}", now=now)
        count, oldest = row if row else (0, None)
        found.append(Queue(name, count, max(0, now - oldest) if limit and oldest is not None else 0))
    return found


def try_to_write(db: Db, now: int) -> None:
    """So that whoever asks whether the server is ready learns of a disk that takes nothing more."""
    db.run("INSERT INTO readiness (key, at) VALUES ('server', :now) ON CONFLICT (key) DO UPDATE SET at = :now", now=now)


def size(db: Db) -> int:
    """Bytes of the database."""
    sql = "SELECT pg_database_size(current_database())"
    if db.dialect.name == "sqlite":
        sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    row = db.row(sql)
    return int(row[0]) if row else 0


def is_stuck(queue: Queue) -> bool:
    limit = _QUEUES[queue.name][2]
    return bool(limit) and queue.late_ms > limit
