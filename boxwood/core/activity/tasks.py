"""Tasks of a box: text, assignees, due date and reminder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Invalid
from ...lib import ids
from .. import boxes, events, persons, search, trash
from ..accounts import invitations
from ..context import Ctx
from ..people import contact_access
from ..records import Box, Pipeline
from . import attached, task_times

NOT_DONE, DONE = "NOT_DONE", "DONE"
LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999, which still has 15 digits."""
NEVER = 999_999_999_999_999
"""The due date of a task without a date, for sorting."""


class Task(msgspec.Struct, frozen=True):
    number: int
    """Counts all tasks in the order of their creation; 0 until the task is stored."""
    key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    text: str
    due_at: int | None
    status: str
    reminder_status: str
    remind_followers: bool
    """Stored for the reminders of Streak's old API, without an effect."""
    assignee_keys: list[str]
    is_draft: bool
    """Whether the task is not published yet. A draft is not counted, is on no agenda, and is not in the newsfeed."""
    meeting_key: str | None
    contact_key: str | None
    created_at: int
    saved_at: int
    status_changed_at: int
    overdue_at: int | None = None
    """The due date, or the last millisecond of the day on which the task is due (`task_times`)."""
    next_at: int | None = None
    """When the server looks at the task again: when it falls due, and then when it is overdue."""

    @property
    def sort_order(self) -> str:
        """The sort key of an agenda: 15 digits of the due date, then 15 digits of the task's unique number. A day is
        sorted by its end."""
        return f"{self.sorted_at:015d}{self.number:015d}"

    @property
    def sorted_at(self) -> int:
        at = self.overdue_at or self.due_at
        return NEVER if at is None else at

    def people(self) -> list[str]:
        """The keys of the users that the task names."""
        return [self.creator_key, *self.assignee_keys]


TASKS = Table("tasks", Task)
_NAMES = TASKS.names[1:]
_INSERT = f"""
    INSERT INTO tasks ({", ".join(_NAMES)}) VALUES ({", ".join(f":{name}" for name in _NAMES)}) RETURNING number
"""


def get(ctx: Ctx, key: str) -> Task:
    return attached.get(ctx, TASKS, key)


def list_for_box(ctx: Ctx, box_key: str, *, limit: int, offset: int, dated: bool = False) -> list[Task]:
    """The tasks of a box, the oldest first. With `dated`, only published tasks with a due date, which are the
    reminders of Streak's old API."""
    where = "due_at IS NOT NULL AND NOT is_draft" if dated else "1 = 1"
    return attached.list_for_box(ctx, TASKS, box_key, limit=limit, offset=offset, where=where, order="number")


def create(ctx: Ctx, box_key: str, given: dict[str, Any]) -> Task:
    """Create a task. `given` holds `text`, and any other member that `edit` takes. A task without assignees is assigned
    to its creator (spec 4.3)."""
    box, pipeline, _ = attached.reach_box(ctx, TASKS, box_key)
    task = Task(
        number=0,
        key=ids.new("d", ctx.now),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        creator_key=ctx.actor.key,
        text=_checked_text(given.get("text")),
        due_at=None,
        status=NOT_DONE,
        reminder_status="NONE",
        remind_followers=False,
        assignee_keys=[ctx.actor.key],
        is_draft=bool(given.get("is_draft")),
        meeting_key=None,
        contact_key=None,
        created_at=ctx.now,
        saved_at=ctx.now,
        status_changed_at=ctx.now,
    )
    for member in ("due_at", "status", "assignees", "meeting_key", "contact_key", "remind_followers"):
        if given.get(member):
            task = _CHANGES[member](ctx, box, task, given[member])
    task = insert(ctx, _scheduled(ctx, None, task))
    store_assignees(ctx, task)
    update_box_counts(ctx, box)
    record_event(ctx, "task.drafted" if task.is_draft else "task.created", task, box, pipeline)
    return task


def insert(ctx: Ctx, task: Task) -> Task:
    """Insert only the row of a task. Returns the task with its number."""
    row = ctx.db.row(_INSERT, **TASKS.params(task, _NAMES))
    assert row is not None
    return msgspec.structs.replace(task, number=int(row[0]))


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Task:
    """Apply the given members. Members equal to the stored ones are ignored and record no event."""
    before, box, pipeline, _ = attached.reach(ctx, TASKS, key)
    task = before
    for member, change in _CHANGES.items():
        if member in changes:
            task = change(ctx, box, task, changes[member])
    if task == before:
        return before
    task = msgspec.structs.replace(_scheduled(ctx, before, task), saved_at=ctx.now)
    TASKS.update(ctx.db, task, *[name for name in TASKS.names if getattr(task, name) != getattr(before, name)])
    if any(getattr(task, name) != getattr(before, name) for name in _COUNTED):
        store_assignees(ctx, task)
        update_box_counts(ctx, box)
    record_edit(ctx, before, task, box, pipeline)
    return task


_COUNTED = ("due_at", "status", "assignee_keys", "is_draft")


def delete(ctx: Ctx, key: str) -> None:
    """Move a task to the trash. A draft is deleted for good."""
    task, box, pipeline, _ = attached.reach(ctx, TASKS, key, "DELETE")
    if not task.is_draft:
        trash.store(ctx, "task", key, events.brief(task.text), pipeline=pipeline, box_key=box.key)
    ctx.db.run("DELETE FROM tasks WHERE key = :key", key=key)
    update_box_counts(ctx, box)
    record_event(ctx, "task.drafted" if task.is_draft else "task.deleted", task, box, pipeline)


def attach_to_meeting(ctx: Ctx, box: Box, pipeline: Pipeline, meeting_key: str, keys: list[str]) -> None:
    """Make these tasks, and no other tasks, the tasks of this meeting. The caller has locked the box."""
    rows = ctx.db.rows(
        f"""
        SELECT {TASKS.columns} FROM tasks
        WHERE box_key = :box AND (meeting_key = :meeting OR {ctx.db.dialect.among("key", "keys")}) ORDER BY number
        """,
        box=box.key,
        meeting=meeting_key,
        keys=ctx.db.texts(keys),
    )
    found = TASKS.load_all(rows)
    for key in keys:
        if key not in {task.key for task in found}:
            raise Invalid("taskKeys", f"there is no task {key[:100]!r} on this box")
    for before in found:
        task = msgspec.structs.replace(
            before, meeting_key=meeting_key if before.key in keys else None, saved_at=ctx.now
        )
        if task.meeting_key != before.meeting_key:
            TASKS.update(ctx.db, task, "meeting_key", "saved_at")
            record_edit(ctx, before, task, box, pipeline)


# How each member of an edit changes the task, in the order of `_CHANGES`


def _checked_text(text: str | None) -> str:
    if not text or not text.strip():
        raise Invalid("text", "must not be empty: say what is to be done")
    return text


def _text(ctx: Ctx, box: Box, task: Task, text: str | None) -> Task:
    return msgspec.structs.replace(task, text=_checked_text(text))


def _due(ctx: Ctx, box: Box, task: Task, due_at: int | None) -> Task:
    """None, 0 and -1 mean that there is no due date (ruling 8)."""
    if due_at is not None and not -1 <= due_at <= LATEST:
        raise Invalid("dueDate", "must be milliseconds since 1970, up to the year 9999, or -1 for no date")
    return msgspec.structs.replace(task, due_at=due_at if due_at and due_at > 0 else None)


def _status(ctx: Ctx, box: Box, task: Task, status: str) -> Task:
    if status == task.status:
        return task
    return msgspec.structs.replace(task, status=status, status_changed_at=ctx.now)


def _assignees(ctx: Ctx, box: Box, task: Task, given: list[dict[str, str]]) -> Task:
    keys = [invitations.find_user_key(ctx, user, "assignedTo", task.assignee_keys) for user in given]
    return msgspec.structs.replace(task, assignee_keys=list(dict.fromkeys(keys)))


def _meeting(ctx: Ctx, box: Box, task: Task, key: str | None) -> Task:
    if key and key != task.meeting_key:
        sql = "SELECT 1 FROM meetings WHERE key = :key AND box_key = :box"
        if ctx.db.row(sql, key=key, box=box.key) is None:
            raise Invalid("meetingKey", f"there is no meeting {key[:100]!r} on this box")
    return msgspec.structs.replace(task, meeting_key=key or None)


def _contact(ctx: Ctx, box: Box, task: Task, key: str | None) -> Task:
    if key and key != task.contact_key:
        team_key = boxes.pipeline_of(ctx, box).team_key
        if key not in contact_access.known(ctx, "contacts", team_key, [key]):
            raise Invalid("teamContactKey", f"there is no contact {key[:100]!r} in this team")
    return msgspec.structs.replace(task, contact_key=key or None)


def _draft(ctx: Ctx, box: Box, task: Task, is_draft: bool) -> Task:
    if is_draft and not task.is_draft:
        raise Invalid("isDraft", "must be false: this task is published already")
    return msgspec.structs.replace(task, is_draft=is_draft)


def _followers(ctx: Ctx, box: Box, task: Task, remind: bool) -> Task:
    return msgspec.structs.replace(task, remind_followers=remind)


_CHANGES: dict[str, Callable[[Ctx, Box, Task, Any], Task]] = {
    "text": _text,
    "due_at": _due,
    "status": _status,
    "assignees": _assignees,
    "meeting_key": _meeting,
    "contact_key": _contact,
    "is_draft": _draft,
    "remind_followers": _followers,
}


def _scheduled(ctx: Ctx, before: Task | None, task: Task) -> Task:
    return timed(ctx, msgspec.structs.replace(task, reminder_status=_reminder(before, task)))


def timed(ctx: Ctx, task: Task) -> Task:
    """The task with `overdue_at` and `next_at` as its due date, its state and its users say."""
    if task.due_at is None:
        return msgspec.structs.replace(task, overdue_at=None, next_at=None)
    falls_due, overdue = task_times.times(ctx, task.due_at, next(iter(task.assignee_keys), task.creator_key))
    next_at = None
    if task.reminder_status == "SCHEDULED":
        next_at = falls_due
    elif task.status == NOT_DONE and not task.is_draft and overdue > ctx.now:
        next_at = overdue
    return msgspec.structs.replace(task, overdue_at=overdue, next_at=next_at)


def _reminder(before: Task | None, task: Task) -> str:
    """The state of the reminder. After the due date changes, users are reminded again; of a done task they are not."""
    if task.due_at is None or task.is_draft:
        return "NONE"
    if before and before.reminder_status == "REMINDED" and before.due_at == task.due_at:
        return "REMINDED"
    return "SCHEDULED" if task.status == NOT_DONE else "NOT_REMINDED_BECAUSE_TASK_DONE"


def store_assignees(ctx: Ctx, task: Task) -> None:
    """Replace the rows of `task_assignees`, by which agendas find the tasks of a user."""
    ctx.db.run("DELETE FROM task_assignees WHERE task_key = :task", task=task.key)
    for key in [] if task.is_draft else task.assignee_keys:
        ctx.db.run(
            """
            INSERT INTO task_assignees (task_key, user_key, due_at, number, is_open)
            VALUES (:task, :user, :due, :number, :open)
            """,
            task=task.key,
            user=key,
            due=task.sorted_at,
            number=task.number,
            open=task.status == NOT_DONE,
        )


_OPEN = "t.status = 'NOT_DONE'"
_LATE = f"{_OPEN} AND t.overdue_at <= :now"
_TOTALS = f"""
    SELECT COUNT(*), COUNT(t.due_at), COUNT(CASE WHEN t.status = 'DONE' THEN 1 END),
        COUNT(CASE WHEN {_LATE} THEN 1 END), MIN(CASE WHEN {_LATE} THEN t.due_at END),
        MIN(CASE WHEN {_OPEN} THEN t.due_at END)
    FROM tasks t WHERE t.box_key = :box AND NOT t.is_draft
"""
_PEOPLE = f"""
    SELECT a.user_key, MAX(CASE WHEN {_OPEN} THEN 1 ELSE 0 END), MAX(CASE WHEN {_LATE} THEN 1 ELSE 0 END)
    FROM tasks t JOIN task_assignees a ON a.task_key = t.key WHERE t.box_key = :box
    GROUP BY a.user_key ORDER BY MIN(t.number), a.user_key
"""


def update_box_counts(ctx: Ctx, box: Box, *, touched: bool = True) -> None:
    """Store in the box how many tasks it has, which are overdue, and who has to do them. The numbers are counted from
    the tasks each time, so that they are always right."""
    totals = ctx.db.row(_TOTALS, box=box.key, now=ctx.now)
    people = ctx.db.rows(_PEOPLE, box=box.key, now=ctx.now)
    assert totals is not None
    total, dated, complete, overdue, earliest_overdue_at, soonest_due_at = totals
    boxes.save_activity(
        ctx,
        box,
        touched=touched,
        task_total=total,
        reminder_count=dated,
        task_complete=complete,
        task_overdue=overdue,
        earliest_overdue_at=earliest_overdue_at,
        soonest_due_at=soonest_due_at,
        task_assignee_keys=[key for key, _, _ in people],
        incomplete_task_assignee_keys=[key for key, is_open, _ in people if is_open],
        overdue_task_assignee_keys=[key for key, _, is_late in people if is_late],
    )


def record_event(
    ctx: Ctx, kind: str, task: Task, box: Box, pipeline: Pipeline, *, before: Any = None, **names: str
) -> None:
    """Record an event about a task. `before` holds the changed members with their previous values."""
    names |= {"subject": events.brief(task.text), "task_text": task.text, "stage_key": box.stage_key}
    names["status"] = "Done" if task.status == DONE else "Not done"
    if task.due_at is not None:
        names["due_date"] = str(task.due_at)
    search.reindex(ctx, search.TASK, task.key)
    events.record(ctx, kind, task, pipeline=pipeline, box=box, before=before, people=task.people(), **names)


_EDIT_KINDS = {
    "text": "task.edited",
    "meeting_key": "task.edited",
    "contact_key": "task.edited",
    "remind_followers": "task.edited",
    "due_at": "task.rescheduled",
    "assignee_keys": "task.assigned",
}


def record_edit(ctx: Ctx, before: Task, task: Task, box: Box, pipeline: Pipeline) -> None:
    """Record an event for each kind of change. If one edit has several, only the last event is sent to webhooks."""
    if task.is_draft or before.is_draft:
        record_event(ctx, "task.drafted" if task.is_draft else "task.created", task, box, pipeline)
        return
    changes: dict[str, dict[str, Any]] = {}
    for member, kind in _EDIT_KINDS.items():
        if getattr(task, member) != getattr(before, member):
            changes.setdefault(kind, {})[member] = getattr(before, member)
    if before.status == DONE != task.status:
        changes["task.reopened"] = {"status": DONE}
    earlier: dict[str, Any] = {}
    for at, (kind, old) in enumerate(changes.items(), 1):
        names = {"part": "yes"} if at < len(changes) else {}
        if earlier and at == len(changes):
            names["earlier"] = events.values_text(earlier)
        earlier |= old
        if kind == "task.assigned":
            known = persons.by_key(ctx, task.assignee_keys)
            names["what"] = ", ".join(known[key].full_name for key in task.assignee_keys) or "no one"
        record_event(ctx, kind, task, box, pipeline, before=old, **names)
    if before.status != DONE == task.status:
        record_event(ctx, "task.completed", task, box, pipeline, before={"status": before.status})
