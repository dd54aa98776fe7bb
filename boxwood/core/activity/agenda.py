"""Agendas: the tasks of users in all boxes that the actor may see, in the order of their due dates."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ...errors import Invalid
from ..context import Ctx
from ..views import listing
from .tasks import TASKS, Task

MOST_PEOPLE = 100
DIGITS = 30
"""Of a task's `sort_order`, which is the cursor."""


def list_tasks(
    ctx: Ctx,
    *,
    user_keys: list[str],
    pipeline_key: str | None,
    forwards: bool,
    completed: bool,
    cursor: str,
    limit: int,
) -> list[Task]:
    """The tasks of these users, at most `limit` of each user. Without user keys: the actor's own tasks.

    The list starts at the cursor, which is a task's `sort_order`, and goes forwards or backwards in time. Without a
    cursor it starts at the end of today in the actor's time zone. Completed tasks are included only if `completed`.
    """
    if len(user_keys) > MOST_PEOPLE:
        raise Invalid("userKeys", f"must not be more than {MOST_PEOPLE} users")
    due, number = _start(ctx, cursor)
    seen, params = listing.visible(ctx, pipeline_key, column="t.pipeline_key")
    found: dict[str, Task] = {}
    for user_key in dict.fromkeys(user_keys or [ctx.actor.key]):
        rows = ctx.db.rows(
            _sql(seen, forwards, completed), user=user_key, due=due, number=number, limit=limit, **params
        )
        found |= {task.key: task for task in TASKS.load_all(rows)}
    return sorted(found.values(), key=lambda task: task.sort_order, reverse=not forwards)


def _sql(seen: str, forwards: bool, completed: bool) -> str:
    """Read along an index, from the cursor. CROSS JOIN makes SQLite keep this order of tables, the fast one."""
    beyond, order = (">", "ASC") if forwards else ("<", "DESC")
    return f"""
        SELECT {TASKS.of("t")} FROM task_assignees a CROSS JOIN tasks t CROSS JOIN boxes b
        WHERE a.user_key = :user AND (a.due_at, a.number) {beyond} (:due, :number)
            {"" if completed else "AND a.is_open"} AND t.key = a.task_key AND b.key = t.box_key AND {seen}
        ORDER BY a.due_at {order}, a.number {order} LIMIT :limit
    """


def _start(ctx: Ctx, cursor: str) -> tuple[int, int]:
    """The due date and the number of the task after which the list starts."""
    if not cursor:
        return _tomorrow(ctx), 0
    if len(cursor) != DIGITS or not (cursor.isascii() and cursor.isdigit()):
        raise Invalid("sortOrder", f"must be the sortOrder of a task, which has {DIGITS} digits")
    return int(cursor[:15]), int(cursor[15:])


def _tomorrow(ctx: Ctx) -> int:
    """The end of today in the actor's time zone, in milliseconds since the epoch."""
    zone: Any = ZoneInfo(ctx.actor.timezone) if ctx.actor.timezone else UTC
    today = datetime.fromtimestamp(ctx.now / 1000, zone).date()
    return int(datetime.combine(today + timedelta(days=1), time.min, zone).timestamp() * 1000)
