"""A user's time zone, which decides when the days of the user's tasks begin and end."""

from __future__ import annotations

from typing import Any

from ...lib.durations import DAY
from .. import boxes
from ..context import Ctx
from ..people import users
from ..records import User
from . import tasks
from .tasks import TASKS

_AT_ONCE = 500


def edit_user(ctx: Ctx, key: str, changes: dict[str, Any]) -> User:
    """Change a user. A new time zone changes when the user's tasks that are due on a day are overdue."""
    before = users.get(ctx, key)
    user = users.edit(ctx, key, changes)
    if user.timezone != before.timezone:
        _update_tasks(Ctx(ctx.db, ctx.now, user))
    return user


def _update_tasks(ctx: Ctx) -> None:
    """Update the times of the actor's open tasks that are due on a day. Days that ended in every time zone stay."""
    last, rows = 0, None
    while rows is None or len(rows) == _AT_ONCE:
        rows = ctx.db.rows(
            f"""
            SELECT {TASKS.of("t")} FROM task_assignees a JOIN tasks t ON t.key = a.task_key
            WHERE a.user_key = :user AND a.is_open AND t.due_at >= :since AND t.due_at % {DAY} = 0 AND t.number > :last
            ORDER BY t.number LIMIT {_AT_ONCE}
            """,
            user=ctx.actor.key,
            since=ctx.now - 3 * DAY,
            last=last,
        )
        for before in TASKS.load_all(rows):
            last = before.number
            task = tasks.timed(ctx, before)
            locked = boxes.lock(ctx, task.box_key) if task.overdue_at != before.overdue_at else None
            if locked is not None:
                TASKS.update(ctx.db, task, "overdue_at", "next_at")
                tasks.store_assignees(ctx, task)
                tasks.update_box_counts(ctx, locked[0], touched=False)
