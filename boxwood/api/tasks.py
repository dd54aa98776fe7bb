"""Tasks, the agenda, and tasks as the reminders of v1, over HTTP."""

from __future__ import annotations

from typing import Any

from ..core import persons
from ..core.activity import agenda, suggestions, tasks
from ..core.activity.tasks import Task
from ..core.context import Ctx
from ..errors import Invalid, NotFound
from ..wire.shapes import tasks as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call

EVERYTHING = 1_000_000
_FORWARDS = {"desc": False, "past": False, "asc": True, "future": True}


def shown(ctx: Ctx, found: list[Task]) -> list[shapes.TaskOut]:
    people = persons.by_key(ctx, {key for task in found for key in task.people()})
    suggested = suggestions.for_tasks(ctx, found)
    return [shapes.task(task, people, suggested.get(task.key, ())) for task in found]


def _one(call: Call, task: Task) -> shapes.TaskOut:
    return shown(call.ctx, [task])[0]


def of_box(call: Call) -> Results[shapes.TaskOut]:
    """The tasks of a box, in the order of creation."""
    limit, offset = call.page(1000)
    found = tasks.list_for_box(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([*shown(call.ctx, found[:limit])], len(found) > limit)


def create(call: Call) -> shapes.TaskOut:
    """Create a task on a box: `text`, and every member that an edit takes. By default, the creator is the assignee."""
    given = shapes.assignees(call.parse(shapes.TASK_CREATE), [])
    return _one(call, tasks.create(call.ctx, call.path[0], given))


def get(call: Call) -> shapes.TaskOut:
    """A task."""
    return _one(call, tasks.get(call.ctx, call.path[0]))


def edit(call: Call) -> shapes.TaskOut:
    """Update a task. Only the members you send change; assignees are replaced. You may send back a whole task."""
    changes = call.parse(shapes.TASK_EDIT)
    both = {"assignees", "sharing_entries"} <= changes.keys()
    now = tasks.get(call.ctx, call.path[0]).assignee_keys if both else []
    return _one(call, tasks.edit(call.ctx, call.path[0], shapes.assignees(changes, now)))


def delete(call: Call) -> Success:
    """Delete a task."""
    tasks.delete(call.ctx, call.path[0])
    return SUCCESS


def list_agenda(call: Call) -> Results[shapes.TaskOut]:
    """Your agenda: the open tasks due by the end of today in all boxes that you can access, latest due first.

    `direction` desc or past goes back in time, asc or future goes forward. The list starts at the `sortOrder` of a
    task, by default at the next midnight in your time zone. Tasks without a date come last. `userKeys` returns the
    tasks of other users; `limit` applies to each user.
    """
    direction = call.text("direction") or "desc"
    if direction not in _FORWARDS:
        raise Invalid("direction", f"must be one of {', '.join(_FORWARDS)}")
    found = agenda.list_tasks(
        call.ctx,
        user_keys=call.texts("userKeys"),
        pipeline_key=call.text("pipelineKey") or None,
        forwards=_FORWARDS[direction],
        completed=call.flag("includeCompleted"),
        cursor=call.text("sortOrder"),
        limit=call.number("limit", 50, least=1, most=1000),
    )
    return Results([*shown(call.ctx, found)])


def list_reminders(call: Call) -> list[shapes.ReminderOut]:
    """The tasks of a box that have a due date, as reminders."""
    limit, offset = call.page(EVERYTHING)
    found = tasks.list_for_box(call.ctx, call.path[0], limit=limit, offset=offset, dated=True)
    return [shapes.reminder(task) for task in found]


def create_reminder(call: Call) -> shapes.ReminderOut:
    """Create a reminder: a task with the text `message`, due at `remindDate`."""
    given = _reminder(call)
    for wire, member in (("message", "text"), ("remindDate", "due_at")):
        if member not in given:
            raise Invalid(wire, "is missing")
    return shapes.reminder(tasks.create(call.ctx, call.path[0], given))


def get_reminder(call: Call) -> shapes.ReminderOut:
    """A task that has a due date, as a reminder."""
    task = tasks.get(call.ctx, call.path[0])
    if task.due_at is None:
        raise NotFound(call.path[0])
    return shapes.reminder(task)


def edit_reminder(call: Call) -> shapes.ReminderOut:
    """Update a reminder. Only the members you send change."""
    get_reminder(call)
    return shapes.reminder(tasks.edit(call.ctx, call.path[0], _reminder(call)))


def _reminder(call: Call) -> dict[str, Any]:
    given = call.parse(shapes.REMINDER)
    if not given.get("text", "-").strip():
        raise Invalid("message", "must not be empty")
    if given.get("due_at", 1) < 1:
        raise Invalid("remindDate", "a reminder needs a date")
    return given


def delete_reminder(call: Call) -> Success:
    """Delete a reminder, which is a task."""
    get_reminder(call)
    tasks.delete(call.ctx, call.path[0])
    return SUCCESS
