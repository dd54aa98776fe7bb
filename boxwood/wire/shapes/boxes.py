"""The box on the wire (spec 4.2). Every member listed there as always present is, and counts what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from ...core.boxes.box_names import BoxNames
from ...core.records import Box, BoxActivity, BoxEmails, BoxLink, Person
from ...lib.durations import DAY
from ..codec import Shape
from ..kinds import FLAG, KEY, NAME, NAMES, OBJECT, PEOPLE, TEXT, clearable, records
from .base import Out, given
from .people import SharingEntry, sharing_entry
from .validators import Violation


class LinkedBoxOut(Out, omit_defaults=False):
    key: str
    is_starred: bool
    is_autoboxed: bool


class StageHistoryEntry(Out, omit_defaults=False):
    stage_key: str
    last_entry_to_stage_ts: int
    time_in_stage_ms: int
    """Finished stays only; the current stay is not counted (ruling 18)."""


class ActivityOut(Out, omit_defaults=False):
    """The numbers and times of the mail, tasks, calls, meetings, comments and files of a box."""

    email_addresses: list[str]
    email_addresses_auto_extracted: list[str]
    email_addresses_blacklist: list[str]
    email_addresses_whitelist: list[str]
    total_number_of_emails: int
    total_number_of_sent_emails: int
    total_number_of_received_emails: int
    total_number_of_sent_emails_views: int
    total_number_of_last_sent_email_views: int
    total_number_of_last_sent_email_links_clicks: int
    gmail_thread_count: int
    task_total: int
    task_complete_count: int
    task_incomplete_count: int
    task_overdue_count: int
    task_assignee_key_set: list[str]
    overdue_task_assignee_key_set: list[str]
    incomplete_task_assignee_key_set: list[str]
    task_assignee_sharing_entry_set: list[SharingEntry]
    overdue_task_assignee_sharing_entry_set: list[SharingEntry]
    incomplete_task_assignee_sharing_entry_set: list[SharingEntry]
    call_log_count: int
    meeting_notes_count: int
    total_call_log_duration: int
    total_meeting_notes_duration: int
    comment_count: int
    file_count: int
    reminder_count: int
    task_percentage_complete: float | msgspec.UnsetType = msgspec.UNSET
    earliest_overdue_task_due_date: int | msgspec.UnsetType = msgspec.UNSET
    soonest_task_due_date: int | msgspec.UnsetType = msgspec.UNSET
    last_email_from: str | msgspec.UnsetType = msgspec.UNSET
    first_email_from: str | msgspec.UnsetType = msgspec.UNSET
    first_email_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    first_email_received_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    last_email_received_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    first_email_sent_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    last_email_sent_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    last_email_updated_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    most_recent_sent_emails_views_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    most_recent_last_sent_email_views_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    first_call_log_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    most_recent_call_log_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    first_meeting_notes_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    most_recent_meeting_notes_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    last_touchpoint_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    last_touchpoint_type: str | msgspec.UnsetType = msgspec.UNSET
    last_comment_timestamp: int | msgspec.UnsetType = msgspec.UNSET


class BoxNamesOut(Out, omit_defaults=False):
    """The names of what the keys of a box mean: with `names=true`.

    `fields` holds the values by the names of the fields, with labels in place of keys of options.
    """

    pipeline: str
    stage: str
    fields: dict[str, Any]


class BoxOut(ActivityOut, omit_defaults=False, kw_only=True):
    key: str
    box_key: str
    pipeline_key: str
    stage_key: str
    name: str
    creator_key: str
    creation_timestamp: int
    last_updated_timestamp: int
    last_saved_timestamp: int
    last_stage_change_timestamp: int
    creation_source_type: str
    freshness: float
    violations: list[Violation]
    assigned_to_sharing_entries: list[SharingEntry]
    creator_sharing_entry: SharingEntry | None
    follower_sharing_entries: list[SharingEntry]
    follower_keys: list[str]
    follower_count: int
    linked_box_keys: list[str]
    fields: dict[str, Any]
    fields_autofill_status: dict[str, Any]
    stage_history_entries: list[StageHistoryEntry]
    notes: str | msgspec.UnsetType = msgspec.UNSET
    contacts: list[LinkedBoxOut] | msgspec.UnsetType = msgspec.UNSET
    organizations: list[LinkedBoxOut] | msgspec.UnsetType = msgspec.UNSET
    columns: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    """The columns requested with `fields`, by name."""
    names: BoxNamesOut | msgspec.UnsetType = msgspec.UNSET
    """The names beside the keys, if the request has `names=true`."""


Entries = Callable[[list[str]], list[SharingEntry]]


def box(
    box: Box,
    people: Mapping[str, Person],
    now: int,
    columns: dict[str, Any] | None = None,
    names: BoxNames | None = None,
) -> BoxOut:
    """`now` serves only `freshness`, which changes once a day."""

    def entries(keys: list[str]) -> list[SharingEntry]:
        return [sharing_entry(people[key]) for key in keys if key in people]

    return BoxOut(
        **activity_members(box.activity, box.emails, entries),
        key=box.key,
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        stage_key=box.stage_key,
        name=box.name,
        creator_key=box.creator_key,
        creation_timestamp=box.created_at,
        last_updated_timestamp=box.updated_at,
        last_saved_timestamp=box.saved_at,
        last_stage_change_timestamp=box.stage_changed_at,
        creation_source_type=box.source,
        freshness=freshness(box.updated_at, now),
        violations=[Violation(**each) for each in box.violations],
        assigned_to_sharing_entries=entries(box.assignee_keys),
        creator_sharing_entry=next(iter(entries([box.creator_key])), None),
        follower_sharing_entries=entries(box.follower_keys),
        follower_keys=box.follower_keys,
        follower_count=len(box.follower_keys),
        linked_box_keys=box.linked_box_keys,
        fields=box.fields,
        fields_autofill_status={},
        stage_history_entries=[
            StageHistoryEntry(stay.stage_key, stay.entered_at, stay.finished_ms) for stay in box.stage_history
        ],
        notes=given(box.notes),
        contacts=links(box.contacts),
        organizations=links(box.organizations),
        columns=given(columns),
        names=box_names(names) if names else msgspec.UNSET,
    )


def box_names(names: BoxNames) -> BoxNamesOut:
    return BoxNamesOut(names.pipeline, names.stage, names.fields)


def activity_members(activity: BoxActivity, emails: BoxEmails, entries: Entries) -> dict[str, Any]:
    """The members of `ActivityOut`."""
    return dict(  # noqa: C408
        email_addresses=emails.addresses,
        email_addresses_auto_extracted=emails.extracted,
        email_addresses_blacklist=emails.blacklist,
        email_addresses_whitelist=emails.whitelist,
        total_number_of_emails=activity.emails_total,
        total_number_of_sent_emails=activity.emails_sent,
        total_number_of_received_emails=activity.emails_received,
        total_number_of_sent_emails_views=activity.sent_views,
        total_number_of_last_sent_email_views=activity.last_sent_views,
        total_number_of_last_sent_email_links_clicks=activity.last_sent_clicks,
        gmail_thread_count=activity.thread_count,
        task_total=activity.task_total,
        task_complete_count=activity.task_complete,
        task_incomplete_count=activity.task_total - activity.task_complete,
        task_overdue_count=activity.task_overdue,
        task_assignee_key_set=activity.task_assignee_keys,
        overdue_task_assignee_key_set=activity.overdue_task_assignee_keys,
        incomplete_task_assignee_key_set=activity.incomplete_task_assignee_keys,
        task_assignee_sharing_entry_set=entries(activity.task_assignee_keys),
        overdue_task_assignee_sharing_entry_set=entries(activity.overdue_task_assignee_keys),
        incomplete_task_assignee_sharing_entry_set=entries(activity.incomplete_task_assignee_keys),
        call_log_count=activity.call_count,
        meeting_notes_count=activity.meeting_count,
        total_call_log_duration=activity.call_ms,
        total_meeting_notes_duration=activity.meeting_ms,
        comment_count=activity.comment_count,
        file_count=activity.file_count,
        reminder_count=activity.reminder_count,
        task_percentage_complete=_percentage(activity.task_complete, activity.task_total),
        earliest_overdue_task_due_date=given(activity.earliest_overdue_at),
        soonest_task_due_date=given(activity.soonest_due_at),
        last_email_from=given(activity.last_email_from),
        first_email_from=given(activity.first_email_from),
        first_email_timestamp=given(activity.first_email_at),
        first_email_received_timestamp=given(activity.first_received_at),
        last_email_received_timestamp=given(activity.last_received_at),
        first_email_sent_timestamp=given(activity.first_sent_at),
        last_email_sent_timestamp=given(activity.last_sent_at),
        last_email_updated_timestamp=given(activity.last_email_at),
        most_recent_sent_emails_views_timestamp=given(activity.viewed_at),
        most_recent_last_sent_email_views_timestamp=given(activity.last_sent_viewed_at),
        first_call_log_timestamp=given(activity.first_call_at),
        most_recent_call_log_timestamp=given(activity.last_call_at),
        first_meeting_notes_timestamp=given(activity.first_meeting_at),
        most_recent_meeting_notes_timestamp=given(activity.last_meeting_at),
        last_touchpoint_timestamp=given(activity.touched_at),
        last_touchpoint_type=given(activity.touched_by),
        last_comment_timestamp=given(activity.last_comment_at),
    )


def freshness(updated_at: int, now: int) -> float:
    """1.0 on the day of the last change, then less each day: 0.5 after 14 days."""
    return _after((now - updated_at) // DAY)


@lru_cache(maxsize=10_000)
def _after(days: int) -> float:
    return round(14 / (14 + max(0, days)), 4)


def _percentage(complete: int, total: int) -> Any:
    return round(100 * complete / total, 2) if total else msgspec.UNSET


def links(links: list[BoxLink]) -> Any:
    """Left out when empty (spec 4.2)."""
    return [LinkedBoxOut(link.key, link.is_starred, link.is_autoboxed) for link in links] or msgspec.UNSET


class FieldValue(Out, omit_defaults=False):
    key: str
    value: Any = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    """The name of the field, if the request has `names=true`."""
    label: Any = msgspec.UNSET
    """The label of the option, or a list of labels, if the request has `names=true`."""


_LINK = Shape("LinkEdit", required=("key",), key=KEY, is_starred=FLAG, is_autoboxed=FLAG)
ALIASES = {
    "assignedToSharingEntries": "assignees",
    "emailAddressesBlacklist": "email_blacklist",
    "emailAddressesWhitelist": "email_whitelist",
}
MEMBERS = {
    "name": NAME,
    "notes": clearable(TEXT),
    "stage_key": KEY,
    "assignees": PEOPLE,
    "follower_keys": NAMES,
    "linked_box_keys": NAMES,
    "contacts": records(_LINK),
    "organizations": records(_LINK),
    "email_blacklist": NAMES,
    "email_whitelist": NAMES,
    "fields": OBJECT,
}
BOX_CREATE = Shape("BoxCreate", MEMBERS, required=("name",), aliases=ALIASES)
BOX_EDIT = Shape("BoxEdit", MEMBERS, pipeline_key=KEY, aliases=ALIASES)
