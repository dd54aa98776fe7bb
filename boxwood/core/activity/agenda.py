"""Agendas: what people have to do, by when it is due, in every box one reaches."""

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


def of(
    ctx: Ctx,
    *,
    user_keys: list[str],
    pipeline_key: str | None,
    forwards: bool,
    completed: bool,
    cursor: str,
    limit: int,
) -> list[Task]:
    """The tasks of these users (one's own where none is named), at most `limit` of each.

    From the cursor, a task's `sort_order`, forwards or backwards in time; without one from tomorrow's
    midnight, where the actor lives. Completed ones only where asked for.
    """
    if len(user_keys) > MOST_PEOPLE:
        raise Invalid("userKeys", f"at most {MOST_PEOPLE} at once")
    due, number = _place(ctx, cursor)
    seen, params = listing.seen(ctx, pipeline_key, column="t.pipeline_key")
    found: dict[str, Task] = {}
    for user_key in dict.fromkeys(user_keys or [ctx.actor.key]):
        rows = ctx.db.rows(
            _sql(seen, forwards, completed), user=user_key, due=due, number=number, limit=limit, **params
        )
        found |= {task.key: task for task in TASKS.load_all(rows)}
    return sorted(found.values(), key=lambda task: task.sort_order, reverse=not forwards)


def _sql(seen: str, forwards: bool, completed: bool) -> str:
    """One walk along an index, from the cursor. CROSS JOIN: SQLite keeps to this order, which is the good one."""
    beyond, order = (">", "ASC") if forwards else ("<", "DESC")
    return f"""
        SELECT {TASKS.of("t")} FROM task_assignees a CROSS JOIN tasks t CROSS JOIN boxes b
        WHERE a.user_key = :user AND (a.due_at, a.number) {beyond} (:due, :number)
            {"" if completed else "AND a.is_open"} AND t.key = a.task_key AND b.key = t.box_key AND {seen}
        ORDER BY a.due_at {order}, a.number {order} LIMIT :limit
    """


def _place(ctx: Ctx, cursor: str) -> tuple[int, int]:
    if not cursor:
        return _tomorrow(ctx), 0
    if len(cursor) != DIGITS or not (cursor.isascii() and cursor.isdigit()):
        raise Invalid("sortOrder", f"is a task's sortOrder, of {DIGITS} digits")
    return int(cursor[:15]), int(cursor[15:])


def _tomorrow(ctx: Ctx) -> int:
    """Midnight after today, in the actor's time zone, in milliseconds."""
    zone: Any = ZoneInfo(ctx.actor.timezone) if ctx.actor.timezone else UTC
    today = datetime.fromtimestamp(ctx.now / 1000, zone).date()
    return int(datetime.combine(today + timedelta(days=1), time.min, zone).timestamp() * 1000)
