"""Tasks on the wire (spec 4.3), also as the reminders of v1 (spec 4.4).

People and their keys are in both the older and the newer spelling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ...core.activity.suggestions import Suggestion
from ...core.activity.tasks import DONE, NOT_DONE, Task
from ...core.records import Person
from ..codec import Shape
from ..kinds import DATE, FLAG, KEY, PEOPLE, TEXT, Kind, clearable, one_of
from .base import Out, given
from .directory import ContactOut, contact
from .people import SharingEntry, UserBrief, sharing_entry, user_brief


class TaskAction(Out, omit_defaults=False):
    """An action that the text suggests: EMAIL, CALL, SCHEDULE or FOLLOW_UP."""

    type: str
    value: str
    contact: ContactOut


class TaskOut(Out, omit_defaults=False):
    key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    creator: UserBrief
    creator_sharing_entry: SharingEntry
    assigned_to: list[UserBrief]
    assigned_to_sharing_entries: list[SharingEntry]
    text: str
    status: str
    reminder_status: str
    sort_order: str
    is_draft: bool
    creation_date: int
    last_saved_timestamp: int
    last_status_change_date: int
    due_date: int | msgspec.UnsetType = msgspec.UNSET
    meeting_key: str | msgspec.UnsetType = msgspec.UNSET
    team_contact_key: str | msgspec.UnsetType = msgspec.UNSET
    actions: list[TaskAction] | msgspec.UnsetType = msgspec.UNSET


def task(task: Task, people: Mapping[str, Person], suggestions: Sequence[Suggestion] = ()) -> TaskOut:
    creator = people[task.creator_key]
    assignees = [people[key] for key in task.assignee_keys if key in people]
    return TaskOut(
        key=task.key,
        box_key=task.box_key,
        pipeline_key=task.pipeline_key,
        creator_key=task.creator_key,
        creator=user_brief(creator),
        creator_sharing_entry=sharing_entry(creator),
        assigned_to=[user_brief(person) for person in assignees],
        assigned_to_sharing_entries=[sharing_entry(person) for person in assignees],
        text=task.text,
        status=task.status,
        reminder_status=task.reminder_status,
        sort_order=task.sort_order,
        is_draft=task.is_draft,
        creation_date=task.created_at,
        last_saved_timestamp=task.saved_at,
        last_status_change_date=task.status_changed_at,
        due_date=given(task.due_at),
        meeting_key=given(task.meeting_key),
        team_contact_key=given(task.contact_key),
        actions=[TaskAction(two.type, two.value, contact(two.contact)) for two in suggestions] or msgspec.UNSET,
    )


def _read_due(value: Any) -> int | None:
    """A date, or None for no date (ruling 8)."""
    return None if value in (None, "", 0, -1, "0", "-1") else DATE.read(value)


DUE = clearable(
    Kind(_read_due, {**DATE.schema, "description": f"{DATE.schema['description']} -1, 0, empty or null: no date."})
)
_MEMBERS = {
    "text": TEXT,
    "due_at": DUE,
    "status": one_of(NOT_DONE, DONE),
    "assignees": PEOPLE,
    "sharing_entries": PEOPLE,
    "meeting_key": KEY,
    "contact_key": KEY,
    "is_draft": FLAG,
}
_ALIASES = {
    "dueDate": "due_at",
    "assignedTo": "assignees",
    "assignedToSharingEntries": "sharing_entries",
    "teamContactKey": "contact_key",
    "draft": "is_draft",
}
TASK_CREATE = Shape(
    "TaskCreate",
    _MEMBERS,
    required=("text",),
    aliases=_ALIASES,
    described={"assignees": "Default, also if empty: the creator."},
)
TASK_EDIT = Shape(
    "TaskEdit", _MEMBERS, aliases=_ALIASES, described={"assignees": "Replaces the assignees. Empty: no assignees."}
)


def assignees(changes: dict[str, Any], now: list[str]) -> dict[str, Any]:
    """The changes with `assignees` in one spelling. If both spellings are present, as when a client sends back a whole
    task, the spelling that differs from the current assignees counts."""
    spelled = [changes.pop(name) for name in ("assignees", "sharing_entries") if name in changes]
    if not spelled:
        return changes
    changed = [people for people in spelled if [person.get("user_key") for person in people] != now]
    return {**changes, "assignees": (changed or spelled)[0]}


class ReminderOut(Out, omit_defaults=False):
    key: str
    reminder_key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    creation_date: int
    message: str
    remind_date: int
    remind_followers: bool
    status: str
    last_saved_timestamp: int


def reminder(task: Task) -> ReminderOut:
    """A task that has a date."""
    return ReminderOut(
        key=task.key,
        reminder_key=task.key,
        box_key=task.box_key,
        pipeline_key=task.pipeline_key,
        creator_key=task.creator_key,
        creation_date=task.created_at,
        message=task.text,
        remind_date=task.due_at or 0,
        remind_followers=task.remind_followers,
        status=task.reminder_status,
        last_saved_timestamp=task.saved_at,
    )


REMINDER = Shape(
    "ReminderEdit",
    text=TEXT,
    due_at=DATE,
    remind_followers=FLAG,
    aliases={"message": "text", "remindDate": "due_at"},
)
