"""When a task falls due and when it is overdue.

A task that is due at a moment is both at that moment. A task that is due on a day falls due when the day begins, and is
overdue after its last millisecond, in the time zone of the task's first assignee, or else of its creator.
"""

from __future__ import annotations

from typing import Any

from ...lib import dates
from ...lib.durations import DAY
from ..context import Ctx


def times(ctx: Ctx, due_at: int, user_key: str) -> tuple[int, int]:
    """When a task of this user falls due, and when it is overdue."""
    if not dates.is_day(due_at):
        return due_at, due_at
    zone = dates.zone(_timezone(ctx, user_key))
    return dates.begin(due_at, zone), dates.begin(due_at + DAY, zone) - 1


def with_times(row: dict[str, Any]) -> dict[str, Any]:
    """The stored row of a task with the times that rows of older versions lack."""
    waits = row["due_at"] if row["reminder_status"] == "SCHEDULED" else None
    return {"overdue_at": row["due_at"], "next_at": waits, **row}


def _timezone(ctx: Ctx, user_key: str) -> str | None:
    if user_key == ctx.actor.key:
        return ctx.actor.timezone
    row = ctx.db.row("SELECT timezone FROM users WHERE key = :key", key=user_key)
    return row[0] if row else None
