"""Calendar feeds over HTTP."""

from __future__ import annotations

from ..core.activity import calendars
from ..wire import calendar_files
from ..wire.shapes import calendars as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call
from .http.replies import Reply

ICS = b"text/calendar;charset=utf-8"


def list_own(call: Call) -> Results[shapes.CalendarOut]:
    """Your calendar feeds, without their secret addresses."""
    limit, offset = call.page(calendars.MOST_FEEDS)
    found = calendars.list_own(call.ctx, limit=limit + 1, offset=offset)
    return Results([shapes.calendar(calendar) for calendar in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.CalendarOut:
    """A calendar feed of yours, without its secret address."""
    return shapes.calendar(calendars.get(call.ctx, call.path[0]))


def create(call: Call) -> shapes.CalendarOut:
    """Create a calendar feed: an address at which calendar programs read your tasks and meetings.

    `url` is in this answer alone. A program that knows it can read the feed, until you delete the feed.
    """
    calendar, token = calendars.create(call.ctx, call.parse(shapes.CALENDAR_CREATE))
    return shapes.calendar(calendar, f"{call.base_url}/api/v2/calendars/{calendar.key}/feed.ics?token={token}")


def delete(call: Call) -> Success:
    """Delete a calendar feed. Its address does not work any longer."""
    calendars.delete(call.ctx, call.path[0])
    return SUCCESS


def read(call: Call) -> Reply:
    """The feed as iCalendar: open tasks with a date, and meetings, from 90 days ago to two years ahead.

    The token in its address takes the place of an API key.
    """
    calendar = calendars.get(call.ctx, call.path[0])
    entries = calendars.entries(call.ctx, calendar)
    return Reply(calendar_files.write(calendar.name, entries, call.base_url), content_type=ICS)
