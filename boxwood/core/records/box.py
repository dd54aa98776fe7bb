"""The record of a box, and the records inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ...db.records import Table
from ...lib import numbers


class StageStay(msgspec.Struct, frozen=True, gc=False):
    """The time a box has spent in one stage. When the box leaves the stage, the finished stay is added to the sum."""

    stage_key: str
    entered_at: int
    """When the box last entered the stage, in milliseconds since the epoch."""
    finished_ms: int
    """The sum of all finished stays, in milliseconds."""


class BoxLink(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A link from a box to a contact or an organization."""

    key: str
    is_starred: bool = False
    is_autoboxed: bool = False


class BoxEmails(msgspec.Struct, frozen=True, omit_defaults=True):
    """The e-mail addresses of a box, by how they were added."""

    addresses: list[str] = []
    extracted: list[str] = []
    blacklist: list[str] = []
    whitelist: list[str] = []


class BoxActivity(msgspec.Struct, frozen=True, omit_defaults=True):
    """Counts, sums and dates of a box's tasks, comments, files, meetings and mail.

    The module of each noun updates its own members. Times are milliseconds since the epoch, durations milliseconds.
    """

    comment_count: int = 0
    last_comment_at: int | None = None
    file_count: int = 0
    thread_count: int = 0
    emails_total: int = 0
    emails_sent: int = 0
    emails_received: int = 0
    sent_views: int = 0
    """Opens of sent letters."""
    last_sent_views: int = 0
    last_sent_clicks: int = 0
    """Opens of the last sent letter, and clicks on its links."""
    viewed_at: int | None = None
    """When a sent letter was last opened."""
    last_sent_viewed_at: int | None = None
    first_email_at: int | None = None
    first_email_from: str | None = None
    first_received_at: int | None = None
    first_sent_at: int | None = None
    last_email_at: int | None = None
    last_email_from: str | None = None
    last_received_at: int | None = None
    last_sent_at: int | None = None
    task_total: int = 0
    task_complete: int = 0
    task_overdue: int = 0
    reminder_count: int = 0
    """How many tasks have a due date. The old API calls them reminders."""
    task_assignee_keys: list[str] = []
    incomplete_task_assignee_keys: list[str] = []
    overdue_task_assignee_keys: list[str] = []
    earliest_overdue_at: int | None = None
    soonest_due_at: int | None = None
    call_count: int = 0
    call_ms: int = 0
    first_call_at: int | None = None
    last_call_at: int | None = None
    meeting_count: int = 0
    meeting_ms: int = 0
    first_meeting_at: int | None = None
    last_meeting_at: int | None = None
    touched_at: int | None = None
    touched_by: str | None = None
    """The kind of the last touchpoint: EMAIL, CALL_LOG or MEETING_NOTES."""


NO_EMAILS, NO_ACTIVITY = BoxEmails(), BoxActivity()
"""The values of these members for rows that store `{}`."""


class Box(msgspec.Struct, frozen=True, gc=False):
    """A box: one deal, candidate, ticket … in a pipeline."""

    key: str
    pipeline_key: str
    stage_key: str
    name: str
    notes: str | None
    creator_key: str
    source: str
    fields: dict[str, Any]
    """Field values by field key. Fields without a value are absent."""
    assignee_keys: list[str]
    follower_keys: list[str]
    linked_box_keys: list[str]
    contacts: list[BoxLink]
    organizations: list[BoxLink]
    emails: BoxEmails
    stage_history: list[StageStay]
    activity: BoxActivity
    violations: list[dict[str, Any]]
    created_at: int
    updated_at: int
    saved_at: int
    stage_changed_at: int

    def people(self) -> list[str]:
        """Return the keys of the users that the box names."""
        return [
            self.creator_key,
            *self.assignee_keys,
            *self.follower_keys,
            *self.activity.task_assignee_keys,
        ]


def numbers_in(fields: dict[str, Any]) -> str | None:
    """The numbers of texts that databases do not read themselves, such as `1.250,00 €`, by field key, as JSON.

    They are the column `numbers`, so that totals, filters and orders count them. None if there are no such texts.
    """
    found = {}
    for key, value in fields.items():
        if isinstance(value, str) and (number := numbers.read_unless_plain(value)) is not None:
            found[key] = number
    return msgspec.json.encode(found).decode() if found else None


BOXES = Table(
    "boxes",
    Box,
    empty={"emails": NO_EMAILS, "activity": NO_ACTIVITY},
    computed={"numbers": ("fields", numbers_in)},
)


class StoredBox(msgspec.Struct, frozen=True, gc=False):
    """A box as its row holds it, with JSON members as undecoded texts: lists pass most of them on unchanged."""

    key: str
    pipeline_key: str
    stage_key: str
    name: str
    notes: str | None
    creator_key: str
    source: str
    fields: str
    assignee_keys: str
    follower_keys: str
    linked_box_keys: str
    contacts: str
    organizations: str
    emails: str
    stage_history: str
    activity: str
    violations: str
    created_at: int
    updated_at: int
    saved_at: int
    stage_changed_at: int

    def box(self) -> Box:
        return BOXES.load(msgspec.structs.astuple(self))


STORED = Table("boxes", StoredBox)
assert STORED.names == BOXES.names
_keys = msgspec.json.Decoder(list[str]).decode


def people(found: Sequence[StoredBox]) -> set[str]:
    """Return the keys of the users that these boxes name."""
    named: set[str] = set()
    for creator, assignees, followers in {(box.creator_key, box.assignee_keys, box.follower_keys) for box in found}:
        named.add(creator)
        named.update(_keys(assignees), _keys(followers))
    for box in found:
        if box.activity != "{}":
            named.update(box.box().activity.task_assignee_keys)
    return named
