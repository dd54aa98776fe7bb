"""Tasks: what is to be done about a box, by whom and until when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Invalid
from ...lib import ids
from .. import boxes, events, persons, trash
from ..accounts import invitations
from ..context import Ctx
from ..people import contact_access
from ..records import USERS, Box, Pipeline
from . import attached

NOT_DONE, DONE = "NOT_DONE", "DONE"
LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999, which still has 15 digits."""
NEVER = 999_999_999_999_999
"""When a task without a date is due, for sorting."""


class Task(msgspec.Struct, frozen=True):
    number: int
    """Its place among all tasks ever made; 0 until it is stored."""
    key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    text: str
    due_at: int | None
    status: str
    reminder_status: str
    remind_followers: bool
    """Only kept: the reminders of the old API had it."""
    assignee_keys: list[str]
    is_draft: bool
    """Its maker's own until it is published: not counted, on no agenda, and no news."""
    meeting_key: str | None
    contact_key: str | None
    created_at: int
    saved_at: int
    status_changed_at: int

    @property
    def sort_order(self) -> str:
        """Its place on an agenda: 15 digits of when it is due, then 15 that no other task has."""
        return f"{NEVER if self.due_at is None else self.due_at:015d}{self.number:015d}"

    def people(self) -> list[str]:
        return [self.creator_key, *self.assignee_keys]


TASKS = Table("tasks", Task)
_NAMES = TASKS.names[1:]
_INSERT = f"""
    INSERT INTO tasks ({", ".join(_NAMES)}) VALUES ({", ".join(f":{name}" for name in _NAMES)}) RETURNING number
"""


def get(ctx: Ctx, key: str) -> Task:
    return attached.get(ctx, TASKS, key)


def of_box(ctx: Ctx, box_key: str, *, limit: int, offset: int, dated: bool = False) -> list[Task]:
    """In the order they were made; with `dated` only published ones with a date (the old API's reminders)."""
    boxes.get(ctx, box_key)
    only = "AND due_at IS NOT NULL AND NOT is_draft" if dated else ""
    rows = ctx.db.rows(
        f"""
        SELECT {TASKS.columns} FROM tasks WHERE box_key = :box {only}
        ORDER BY number LIMIT :limit OFFSET :offset
        """,
        box=box_key,
        limit=limit,
        offset=offset,
    )
    return TASKS.load_all(rows)


def create(ctx: Ctx, box_key: str, given: dict[str, Any]) -> Task:
    """`text`, and what `edit` takes. Without assignees it is the creator's own (spec 4.3)."""
    box, pipeline, _ = boxes.reach(ctx, box_key, "UPDATE")
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
    task = msgspec.structs.replace(task, reminder_status=_reminder(None, task))
    task = _insert(ctx, task)
    assign(ctx, task)
    count(ctx, box)
    tell(ctx, "task.drafted" if task.is_draft else "task.created", task, box, pipeline)
    return task


def _insert(ctx: Ctx, task: Task) -> Task:
    row = ctx.db.row(_INSERT, **TASKS.params(task, _NAMES))
    assert row is not None
    return msgspec.structs.replace(task, number=int(row[0]))


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Task:
    """Change what is named and differs; an echo of what is so already is no news."""
    before, box, pipeline, _ = attached.reach(ctx, TASKS, key)
    task = before
    for member, change in _CHANGES.items():
        if member in changes:
            task = change(ctx, box, task, changes[member])
    if task == before:
        return before
    task = msgspec.structs.replace(task, reminder_status=_reminder(before, task), saved_at=ctx.now)
    TASKS.update(ctx.db, task, *[name for name in TASKS.names if getattr(task, name) != getattr(before, name)])
    if any(getattr(task, name) != getattr(before, name) for name in _COUNTED):
        assign(ctx, task)
        count(ctx, box)
    tell_edit(ctx, before, task, box, pipeline)
    return task


_COUNTED = ("due_at", "status", "assignee_keys", "is_draft")


def delete(ctx: Ctx, key: str) -> None:
    task, box, pipeline, _ = attached.reach(ctx, TASKS, key)
    if not task.is_draft:
        trash.store(ctx, "task", key, events.brief(task.text), pipeline=pipeline, box_key=box.key)
    ctx.db.run("DELETE FROM tasks WHERE key = :key", key=key)
    count(ctx, box)
    tell(ctx, "task.drafted" if task.is_draft else "task.deleted", task, box, pipeline)


def attach(ctx: Ctx, box: Box, pipeline: Pipeline, meeting_key: str, keys: list[str]) -> None:
    """Make these the tasks of this meeting, and no others. The caller holds the box."""
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
            raise Invalid("taskKeys", f"no task {key[:100]!r} of this box")
    for before in found:
        task = msgspec.structs.replace(
            before, meeting_key=meeting_key if before.key in keys else None, saved_at=ctx.now
        )
        if task.meeting_key != before.meeting_key:
            TASKS.update(ctx.db, task, "meeting_key", "saved_at")
            tell_edit(ctx, before, task, box, pipeline)


# How each member of an edit changes the task; in the order told.


def _checked_text(text: str | None) -> str:
    if not text or not text.strip():
        raise Invalid("text", "says what is to be done, and may not be empty")
    return text


def _text(ctx: Ctx, box: Box, task: Task, text: str | None) -> Task:
    return msgspec.structs.replace(task, text=_checked_text(text))


def _due(ctx: Ctx, box: Box, task: Task, due_at: int | None) -> Task:
    """None, 0 and -1 are no date at all (ruling 8)."""
    if due_at is not None and not -1 <= due_at <= LATEST:
        raise Invalid("dueDate", "must be milliseconds since 1970, up to the year 9999; -1 is no date")
    return msgspec.structs.replace(task, due_at=due_at if due_at and due_at > 0 else None)


def _status(ctx: Ctx, box: Box, task: Task, status: str) -> Task:
    if status == task.status:
        return task
    return msgspec.structs.replace(task, status=status, status_changed_at=ctx.now)


def _assignees(ctx: Ctx, box: Box, task: Task, given: list[dict[str, str]]) -> Task:
    keys = [invitations.named(ctx, one, "assignedTo", task.assignee_keys) for one in given]
    return msgspec.structs.replace(task, assignee_keys=list(dict.fromkeys(keys)))


def _meeting(ctx: Ctx, box: Box, task: Task, key: str | None) -> Task:
    if key and key != task.meeting_key:
        sql = "SELECT 1 FROM meetings WHERE key = :key AND box_key = :box"
        if ctx.db.row(sql, key=key, box=box.key) is None:
            raise Invalid("meetingKey", f"no meeting {key[:100]!r} of this box")
    return msgspec.structs.replace(task, meeting_key=key or None)


def _contact(ctx: Ctx, box: Box, task: Task, key: str | None) -> Task:
    if key and key != task.contact_key:
        team_key = boxes.pipeline_of(ctx, box).team_key
        if key not in contact_access.known(ctx, "contacts", team_key, [key]):
            raise Invalid("teamContactKey", f"no one of the team's contacts has the key {key[:100]!r}")
    return msgspec.structs.replace(task, contact_key=key or None)


def _draft(ctx: Ctx, box: Box, task: Task, is_draft: bool) -> Task:
    if is_draft and not task.is_draft:
        raise Invalid("isDraft", "a task that was published is no draft any more")
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


def _reminder(before: Task | None, task: Task) -> str:
    """Where the reminder stands: a new date is told of again, a done task is not."""
    if task.due_at is None or task.is_draft:
        return "NONE"
    if before and before.reminder_status == "REMINDED" and before.due_at == task.due_at:
        return "REMINDED"
    return "SCHEDULED" if task.status == NOT_DONE else "NOT_REMINDED_BECAUSE_TASK_DONE"


def assign(ctx: Ctx, task: Task) -> None:
    """Keep the rows by which a person's tasks are found."""
    ctx.db.run("DELETE FROM task_assignees WHERE task_key = :task", task=task.key)
    for key in [] if task.is_draft else task.assignee_keys:
        ctx.db.run(
            """
            INSERT INTO task_assignees (task_key, user_key, due_at, number, is_open)
            VALUES (:task, :user, :due, :number, :open)
            """,
            task=task.key,
            user=key,
            due=NEVER if task.due_at is None else task.due_at,
            number=task.number,
            open=task.status == NOT_DONE,
        )


_OPEN = "t.status = 'NOT_DONE'"
_LATE = f"{_OPEN} AND t.due_at <= :now"
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


def count(ctx: Ctx, box: Box, *, touched: bool = True) -> None:
    """What the box's tasks add up to now: counted, never added to, so that it is always true."""
    totals = ctx.db.row(_TOTALS, box=box.key, now=ctx.now)
    people = ctx.db.rows(_PEOPLE, box=box.key, now=ctx.now)
    assert totals is not None
    total, dated, complete, overdue, earliest_overdue_at, soonest_due_at = totals
    boxes.note(
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


def tell(ctx: Ctx, kind: str, task: Task, box: Box, pipeline: Pipeline, *, before: Any = None, **names: str) -> None:
    names |= {"subject": events.brief(task.text), "task_text": task.text, "stage_key": box.stage_key}
    names["status"] = "Done" if task.status == DONE else "Not done"
    if task.due_at is not None:
        names["due_date"] = str(task.due_at)
    events.record(ctx, kind, task, pipeline=pipeline, box=box, before=before, people=task.people(), **names)


_NEWS = {
    "text": "task.edited",
    "meeting_key": "task.edited",
    "contact_key": "task.edited",
    "remind_followers": "task.edited",
    "due_at": "task.rescheduled",
    "assignee_keys": "task.assigned",
}


def tell_edit(ctx: Ctx, before: Task, task: Task, box: Box, pipeline: Pipeline) -> None:
    """An event for each kind of change. Of several edits the last is the one that webhooks hear."""
    if task.is_draft or before.is_draft:
        tell(ctx, "task.drafted" if task.is_draft else "task.created", task, box, pipeline)
        return
    told: dict[str, dict[str, Any]] = {}
    for member, kind in _NEWS.items():
        if getattr(task, member) != getattr(before, member):
            told.setdefault(kind, {})[member] = getattr(before, member)
    if before.status == DONE != task.status:
        told["task.reopened"] = {"status": DONE}
    for at, (kind, old) in enumerate(told.items(), 1):
        names = {"part": "yes"} if at < len(told) else {}
        if kind == "task.assigned":
            known = persons.by_key(ctx, task.assignee_keys)
            names["what"] = ", ".join(known[key].full_name for key in task.assignee_keys) or "nobody"
        tell(ctx, kind, task, box, pipeline, before=old, **names)
    if before.status != DONE == task.status:
        tell(ctx, "task.completed", task, box, pipeline, before={"status": before.status})


# What falls due by itself


def due(db: Db, now: int, after: tuple[int, int], limit: int) -> list[tuple[int, int, str]]:
    """When due, number and key of tasks that are due and were not told of yet, beyond this one."""
    rows = db.rows(
        """
        SELECT due_at, number, key FROM tasks
        WHERE reminder_status = 'SCHEDULED' AND due_at <= :now AND (due_at, number) > (:due, :number)
            AND NOT EXISTS (SELECT 1 FROM pipelines p WHERE p.key = pipeline_key AND p.trashed_at IS NOT NULL)
        ORDER BY due_at, number LIMIT :limit
        """,
        now=now,
        due=after[0],
        number=after[1],
        limit=limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]


def remind(db: Db, key: str, now: int) -> bool:
    """Say that the task is due: once, however many processes are about to."""
    row = db.row(
        f"SELECT {USERS.of('u')}, t.box_key FROM tasks t JOIN users u ON u.key = t.creator_key WHERE t.key = :key",
        key=key,
    )
    if row is None:
        return False
    ctx = Ctx(db, now, USERS.load(row))
    held = boxes.hold(ctx, row[-1])
    mine = db.run(
        """
        UPDATE tasks SET reminder_status = 'REMINDED', saved_at = :now
        WHERE key = :key AND reminder_status = 'SCHEDULED' AND due_at <= :now
        """,
        key=key,
        now=now,
    )
    if held is None or not mine:
        return False
    box, pipeline = held
    row = db.row(f"SELECT {TASKS.columns} FROM tasks WHERE key = :key", key=key)
    assert row is not None
    count(ctx, box, touched=False)
    tell(ctx, "task.due", TASKS.load(row), box, pipeline)
    return True
