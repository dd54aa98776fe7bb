"""The payloads of webhooks: a list of the changed things, from the event alone.

A payload depends on nothing else, not even the time, so every attempt and every replay has the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from ..core.activity.comments import Comment
from ..core.activity.meetings import Meeting
from ..core.activity.tasks import Task
from ..core.activity.threads import ThreadWithFiles
from ..core.events import Event
from ..core.people.contacts import Contact
from ..core.people.organizations import Organization
from ..core.records import Box, Person, Stage
from ..core.webhooks.deliveries import Delivery
from .codec import camel
from .shapes import boxes, comments, directory, meetings, pipelines, tasks, threads

R = TypeVar("R")
encode = msgspec.json.Encoder().encode
EMPTY = b"[]"


def headers(delivery: Delivery) -> dict[str, str]:
    """The headers that all attempts have in common, without the timestamp, the signature and the token."""
    found = {
        "Content-Type": "application/json;charset=utf-8",
        "X-Boxwood-Event": delivery.event,
        "X-Boxwood-Sequence": str(delivery.event_id),
    }
    if delivery.test:
        found["X-Boxwood-Test"] = "true"
    return found


def body(event: Event | None) -> bytes:
    """A list with the thing of the event. The list is empty for a test without an event."""
    return EMPTY if event is None else encode([thing(event)])


def thing(event: Event) -> Any:
    """The thing that the event is about, as the API showed it at that time."""
    draw = _DRAWN.get(event.kind.partition(".")[0], _plain)
    try:
        return draw(event)
    except msgspec.ValidationError:
        return _plain(event)  # recorded before the noun became what it is


def people(event: Event) -> dict[str, Person]:
    """The people that the record names, as they were at that time."""
    return _people(event.detail.get("people", "{}"))


_people = msgspec.json.Decoder(dict[str, Person]).decode
_colours = msgspec.json.Decoder(tuple[str, str]).decode


def _reader(record: type[R]) -> Callable[[Event], R]:
    decode = msgspec.json.Decoder(record).decode
    return lambda event: decode(event.record)


_box, _stage, _task = _reader(Box), _reader(Stage), _reader(Task)
_comment, _meeting = _reader(Comment), _reader(Meeting)
_thread = _reader(ThreadWithFiles)
_contact, _organization = _reader(Contact), _reader(Organization)


def _draw_stage(event: Event) -> Any:
    return pipelines.stage_as(_stage(event), _colours(event.detail.get("colours", '["",""]')))


def _draw_comment(event: Event) -> Any:
    """Its event is where the newsfeed shows it; replies and reactions come later."""
    comment = _comment(event)
    if comment.event_id is None:
        comment = msgspec.structs.replace(comment, event_id=event.id)
    return comments.comment(comment, people(event), [], {})


def _draw_meeting(event: Event) -> Any:
    return meetings.meeting(_meeting(event), [key for key in event.detail.get("task_keys", "").split(",") if key])


def _draw_thread(event: Event) -> Any:
    whole = _thread(event)
    return threads.thread(whole.thread, whole.files, people(event))


_DRAWN: dict[str, Callable[[Event], Any]] = {
    "box": lambda event: boxes.box(_box(event), people(event), event.at),
    "stage": _draw_stage,
    "task": lambda event: tasks.task(_task(event), people(event)),
    "comment": _draw_comment,
    "meeting": _draw_meeting,
    "thread": _draw_thread,
    "contact": lambda event: directory.contact(_contact(event)),
    "organization": lambda event: directory.organization(_organization(event)),
}


def before(event: Event) -> Any:
    """The values of the changed members before the change."""
    return None if event.before is None else spelled(msgspec.json.decode(event.before))


def _plain(event: Event) -> Any:
    """A noun without a shape of its own here: its record, in the wire's spelling."""
    return spelled(msgspec.json.decode(event.record))


def spelled(value: Any) -> Any:
    """The value with the wire names of members. Keys of fields have no underscores, so they do not change."""
    if isinstance(value, dict):
        return {camel(name): spelled(item) for name, item in value.items()}
    if isinstance(value, list):
        return [spelled(item) for item in value]
    return value
