"""Calendar feeds as iCalendar files (RFC 5545).

Tasks are events, not to-dos: Google Calendar, Outlook and Apple's calendar show no to-dos of a feed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from ..core.activity.calendars import CalendarEntry
from ..core.activity.meetings import CALL, Meeting
from ..core.activity.tasks import Task
from ..lib import dates

LONGEST_TEXT = 4000
REFRESH = timedelta(minutes=15)


def write(name: str, entries: Iterable[CalendarEntry], base_url: str) -> bytes:
    """The file with all entries. The same entries give the same bytes."""
    import icalendar  # loaded when the first feed is read: it takes 0.1 s

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Boxwood//Calendar feed//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    for entry in entries:
        calendar.add_component(_event(icalendar.Event(), entry, base_url))
    return bytes(calendar.to_ical())


def _event(event: Any, entry: CalendarEntry, base_url: str) -> Any:
    thing = entry.thing
    saved = _moment(thing.saved_at)
    event.add("uid", f"{thing.key}@boxwood")
    event.add("dtstamp", saved)
    event.add("last-modified", saved)
    event.add("created", _moment(thing.created_at))
    event.add("url", f"{base_url}/boxes/{thing.box_key}")
    event.add("categories", [entry.pipeline_name])
    if isinstance(thing, Task):
        _add_task(event, thing, entry)
    else:
        _add_meeting(event, thing, entry)
    return event


def _add_task(event: Any, task: Task, entry: CalendarEntry) -> None:
    """A task with a day is an event of the whole day; with a time it has no length. Neither blocks the time."""
    assert task.due_at is not None
    first, _, rest = task.text.strip().partition("\n")
    event.add("summary", f"{_text(first) or 'Task'} ({_text(entry.box_name)})")
    place = f"{entry.box_name} · {entry.pipeline_name}"
    event.add("description", _text(f"{place}\n{rest}" if rest else place))
    due = _moment(task.due_at)
    if dates.is_day(task.due_at):
        event.add("dtstart", due.date())
        event.add("dtend", due.date() + timedelta(days=1))
    else:
        event.add("dtstart", due)
    event.add("transp", "TRANSPARENT")


def _add_meeting(event: Any, meeting: Meeting, entry: CalendarEntry) -> None:
    event.add("summary", f"{'Call' if meeting.type == CALL else 'Meeting'}: {_text(entry.box_name)}")
    event.add("description", _text("\n\n".join(part for part in (entry.pipeline_name, meeting.notes) if part)))
    event.add("dtstart", _moment(meeting.start_at))
    if meeting.duration_ms:
        event.add("duration", timedelta(seconds=meeting.duration_ms // 1000))


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC).replace(microsecond=0)


def _text(text: str) -> str:
    """The text without control characters, which the format cannot hold."""
    return "".join(letter for letter in text[:LONGEST_TEXT] if letter >= " " or letter in "\n\t")
