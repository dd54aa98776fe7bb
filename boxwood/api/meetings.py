"""Meetings and call logs over HTTP."""

from __future__ import annotations

from ..core.activity import meetings
from ..core.activity.meetings import Meeting
from ..core.context import Ctx
from ..wire.shapes import meetings as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call


def shown(ctx: Ctx, found: list[Meeting]) -> list[shapes.MeetingOut]:
    tasks = meetings.task_keys(ctx, [meeting.key for meeting in found])
    return [shapes.meeting(meeting, tasks[meeting.key]) for meeting in found]


def of_box(call: Call) -> Results[shapes.MeetingOut]:
    """The meetings and call logs of a box, in the order of creation."""
    limit, offset = call.page(1000)
    found = meetings.list_for_box(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([*shown(call.ctx, found[:limit])], len(found) > limit)


def create(call: Call) -> shapes.MeetingOut:
    """Create a meeting or call log: `meetingType`, `startTimestamp`, and every member that an edit takes."""
    return shown(call.ctx, [meetings.create(call.ctx, call.path[0], call.parse(shapes.MEETING_CREATE))])[0]


def get(call: Call) -> shapes.MeetingOut:
    """A meeting or call log."""
    return shown(call.ctx, [meetings.get(call.ctx, call.path[0])])[0]


def edit(call: Call) -> shapes.MeetingOut:
    """Update a meeting or call log.

    Only the members you send change. `taskKeys` replaces its tasks. `isDraft` false publishes it.
    """
    changes = call.parse(shapes.MEETING_EDIT)
    if "notes" in changes:
        changes["notes"] = changes["notes"] or ""
    return shown(call.ctx, [meetings.edit(call.ctx, call.path[0], changes)])[0]


def delete(call: Call) -> Success:
    """Delete a meeting or call log. Its tasks stay."""
    meetings.delete(call.ctx, call.path[0])
    return SUCCESS
