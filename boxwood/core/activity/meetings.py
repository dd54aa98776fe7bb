"""Meetings and calls that were logged on a box: notes, time and duration."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Invalid
from ...lib import ids
from ...lib.durations import DAY
from .. import boxes, events, search, trash
from ..context import Ctx
from ..records import Box, Pipeline
from . import attached, tasks

CALL, NOTES = "CALL_LOG", "MEETING_NOTES"
LATEST = tasks.LATEST
LONGEST = 366 * DAY


class Meeting(msgspec.Struct, frozen=True):
    key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    type: str
    start_at: int
    duration_ms: int | None
    notes: str
    is_draft: bool
    """Whether the meeting is not published yet. A draft is not counted and is not in the newsfeed."""
    created_at: int
    saved_at: int


MEETINGS = Table("meetings", Meeting)


def get(ctx: Ctx, key: str) -> Meeting:
    return attached.get(ctx, MEETINGS, key)


def list_for_box(ctx: Ctx, box_key: str, *, limit: int, offset: int) -> list[Meeting]:
    """The meetings and calls of a box, in the order in which they were created."""
    return attached.list_for_box(ctx, MEETINGS, box_key, limit=limit, offset=offset)


def create(ctx: Ctx, box_key: str, given: dict[str, Any]) -> Meeting:
    """Log a meeting or call. `given` holds `type` and `start_at`, and any other member that `edit` takes. `task_keys`
    are tasks of the same box."""
    box, pipeline, _ = attached.reach_box(ctx, MEETINGS, box_key)
    for member, wire in (("type", "meetingType"), ("start_at", "startTimestamp")):
        if member not in given:
            raise Invalid(wire, "is missing")
    _check(given)
    meeting = Meeting(
        key=ids.new("m", ctx.now),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        creator_key=ctx.actor.key,
        type=given["type"],
        start_at=given["start_at"],
        duration_ms=given.get("duration_ms"),
        notes=given.get("notes") or "",
        is_draft=bool(given.get("is_draft")),
        created_at=ctx.now,
        saved_at=ctx.now,
    )
    MEETINGS.insert(ctx.db, meeting)
    if given.get("task_keys"):
        tasks.attach_to_meeting(ctx, box, pipeline, meeting.key, given["task_keys"])
    update_box_counts(ctx, box)
    record_event(ctx, "meeting.drafted" if meeting.is_draft else "meeting.created", meeting, box, pipeline)
    return meeting


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Meeting:
    """Apply the given members; members equal to the stored ones are ignored. `task_keys` replaces all tasks of the
    meeting."""
    before, box, pipeline, _ = attached.reach(ctx, MEETINGS, key)
    _check(changes)
    own = {name: value for name, value in changes.items() if name in _EDITABLE and value != getattr(before, name)}
    if own.get("is_draft"):
        raise Invalid("isDraft", "must be false: this meeting is published already")
    before_keys = task_keys(ctx, [key])[key]
    if "task_keys" in changes:
        tasks.attach_to_meeting(ctx, box, pipeline, key, changes["task_keys"])
    if not own and task_keys(ctx, [key])[key] == before_keys:
        return before
    meeting = msgspec.structs.replace(before, **own, saved_at=ctx.now)
    MEETINGS.update(ctx.db, meeting, *own, "saved_at")
    update_box_counts(ctx, box)
    old = {name: getattr(before, name) for name in own} | {"task_keys": before_keys}
    record_event(ctx, _kind_of_edit(before, meeting), meeting, box, pipeline, before=old)
    return meeting


_EDITABLE = ("type", "start_at", "duration_ms", "notes", "is_draft")


def _kind_of_edit(before: Meeting, meeting: Meeting) -> str:
    if meeting.is_draft:
        return "meeting.drafted"
    return "meeting.created" if before.is_draft else "meeting.edited"


def delete(ctx: Ctx, key: str) -> None:
    """Move a meeting to the trash. Its tasks stay on the box. A draft is deleted for good."""
    meeting, box, pipeline, _ = attached.reach(ctx, MEETINGS, key, "DELETE")
    if not meeting.is_draft:
        name = events.brief(meeting.notes) or meeting.type
        keys = task_keys(ctx, [key])[key]
        trash.store(ctx, "meeting", key, name, pipeline=pipeline, box_key=box.key, task_keys=keys)
    tasks.attach_to_meeting(ctx, box, pipeline, key, [])
    ctx.db.run("DELETE FROM meetings WHERE key = :key", key=key)
    update_box_counts(ctx, box)
    record_event(ctx, "meeting.drafted" if meeting.is_draft else "meeting.deleted", meeting, box, pipeline)


def task_keys(ctx: Ctx, keys: list[str]) -> dict[str, list[str]]:
    """The keys of the tasks of each of these meetings, in the order in which the tasks were created."""
    found: dict[str, list[str]] = {key: [] for key in keys}
    sql = f"SELECT meeting_key, key FROM tasks WHERE {ctx.db.dialect.among('meeting_key', 'keys')} ORDER BY number"
    for meeting_key, task_key in ctx.db.rows(sql, keys=ctx.db.texts(keys)):
        found[meeting_key].append(task_key)
    return found


def _check(given: dict[str, Any]) -> None:
    if not 0 <= given.get("start_at", 0) <= LATEST:
        raise Invalid("startTimestamp", "must be milliseconds since 1970, up to the year 9999")
    if not 0 <= (given.get("duration_ms") or 0) <= LONGEST:
        raise Invalid("duration", "must be milliseconds, up to 366 days")


def update_box_counts(ctx: Ctx, box: Box) -> None:
    """Store in the box how many calls and meetings it has, how long they took, and when they took place."""
    rows = ctx.db.rows(
        """
        SELECT type, COUNT(*), SUM(duration_ms), MIN(start_at), MAX(start_at) FROM meetings
        WHERE box_key = :box AND NOT is_draft GROUP BY type
        """,
        box=box.key,
    )
    found = {row[0]: row[1:] for row in rows}
    calls, meetings = (found.get(kind, (0, 0, None, None)) for kind in (CALL, NOTES))
    boxes.save_activity(
        ctx,
        box,
        call_count=calls[0],
        call_ms=int(calls[1] or 0),
        first_call_at=calls[2],
        last_call_at=calls[3],
        meeting_count=meetings[0],
        meeting_ms=int(meetings[1] or 0),
        first_meeting_at=meetings[2],
        last_meeting_at=meetings[3],
    )


def record_event(ctx: Ctx, kind: str, meeting: Meeting, box: Box, pipeline: Pipeline, *, before: Any = None) -> None:
    """Record an event about a meeting. The event also stores the keys of the meeting's tasks, which the record of a
    meeting does not hold."""
    search.reindex(ctx, search.MEETING, meeting.key)
    events.record(
        ctx,
        kind,
        meeting,
        pipeline=pipeline,
        box=box,
        before=before,
        people=[meeting.creator_key],
        what="a call" if meeting.type == CALL else "a meeting",
        meeting_type=meeting.type,
        meeting_start_timestamp=str(meeting.start_at),
        meeting_notes=meeting.notes,
        task_keys=",".join(task_keys(ctx, [meeting.key])[meeting.key]),
        stage_key=box.stage_key,
    )
