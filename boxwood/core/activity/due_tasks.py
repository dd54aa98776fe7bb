"""Tasks that fall due: one event for each, and the count of overdue tasks in their box."""

from __future__ import annotations

from ...db.engine import Db
from .. import boxes
from ..context import Ctx
from ..records import USERS
from . import tasks
from .tasks import TASKS


def due(db: Db, now: int, after: tuple[int, int], limit: int) -> list[tuple[int, int, str]]:
    """The time, number and key of tasks that fell due or are overdue since the server looked at them, after this time
    and number."""
    rows = db.rows(
        """
        SELECT next_at, number, key FROM tasks
        WHERE next_at <= :now AND (next_at, number) > (:at, :number)
            AND NOT EXISTS (SELECT 1 FROM pipelines p WHERE p.key = pipeline_key AND p.trashed_at IS NOT NULL)
        ORDER BY next_at, number LIMIT :limit
        """,
        now=now,
        at=after[0],
        number=after[1],
        limit=limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]


_NEXT = "next_at = CASE WHEN status = 'NOT_DONE' AND overdue_at > :now THEN overdue_at END"


def remind(db: Db, key: str, now: int) -> bool:
    """Record that the task is due, and count it in its box if it is overdue. Returns whether this call recorded an
    event: of several processes, only one records it."""
    row = db.row(
        f"SELECT {USERS.of('u')}, t.box_key FROM tasks t JOIN users u ON u.key = t.creator_key WHERE t.key = :key",
        key=key,
    )
    if row is None:
        return False
    ctx = Ctx(db, now, USERS.load(row))
    locked = boxes.lock(ctx, row[-1])
    fell_due = db.run(
        f"""
        UPDATE tasks SET reminder_status = 'REMINDED', saved_at = :now, {_NEXT}
        WHERE key = :key AND reminder_status = 'SCHEDULED' AND next_at <= :now
        """,
        key=key,
        now=now,
    )
    counted = fell_due or db.run(f"UPDATE tasks SET {_NEXT} WHERE key = :key AND next_at <= :now", key=key, now=now)
    if locked is None or not counted:
        return False
    box, pipeline = locked
    tasks.update_box_counts(ctx, box, touched=False)
    if not fell_due:
        return False
    row = db.row(f"SELECT {TASKS.columns} FROM tasks WHERE key = :key", key=key)
    assert row is not None
    tasks.record_event(ctx, "task.due", TASKS.load(row), box, pipeline)
    return True
