"""Meetings and call logs on the wire (spec 4.6)."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.activity.meetings import CALL, NOTES, Meeting
from ..codec import Shape
from ..kinds import DATE, FLAG, MILLIS, NAMES, TEXT, Kind, clearable, one_of
from .base import Out, given


class MeetingOut(Out, omit_defaults=False):
    key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    meeting_type: str
    start_timestamp: int
    notes: str
    task_keys: list[str]
    is_draft: bool
    creation_date: int
    last_saved_timestamp: int
    duration: int | msgspec.UnsetType = msgspec.UNSET
    """Milliseconds (ruling 15)."""


def meeting(meeting: Meeting, task_keys: list[str]) -> MeetingOut:
    return MeetingOut(
        key=meeting.key,
        box_key=meeting.box_key,
        pipeline_key=meeting.pipeline_key,
        creator_key=meeting.creator_key,
        meeting_type=meeting.type,
        start_timestamp=meeting.start_at,
        notes=meeting.notes,
        task_keys=task_keys,
        is_draft=meeting.is_draft,
        creation_date=meeting.created_at,
        last_saved_timestamp=meeting.saved_at,
        duration=given(meeting.duration_ms),
    )


def _read_duration(value: Any) -> int | None:
    return None if value in (None, "") else MILLIS.read(value)


DURATION = clearable(Kind(_read_duration, {"type": "integer", "minimum": 0, "description": "Milliseconds."}))
_MEMBERS: dict[str, Kind] = {
    "type": one_of(CALL, NOTES),
    "start_at": DATE,
    "duration_ms": DURATION,
    "notes": clearable(TEXT),
    "task_keys": NAMES,
    "is_draft": FLAG,
}
_ALIASES = {"meetingType": "type", "startTimestamp": "start_at", "duration": "duration_ms", "draft": "is_draft"}
MEETING_CREATE = Shape(
    "MeetingCreate",
    _MEMBERS,
    required=("meetingType", "startTimestamp"),  # the spelling of Streak, which the documentation uses
    aliases=_ALIASES,
    described={"task_keys": "Tasks of the same box."},
)
MEETING_EDIT = Shape(
    "MeetingEdit", _MEMBERS, aliases=_ALIASES, described={"task_keys": "Replaces the tasks of the meeting."}
)
