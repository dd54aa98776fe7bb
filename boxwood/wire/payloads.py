"""The payloads of webhooks: a list of the changed things, or envelopes around them, from the events alone.

A payload depends on nothing else, not even the time, so every attempt and every replay has the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from ..core.activity.comments import Comment
from ..core.activity.meetings import Meeting
from ..core.activity.messages import Message
from ..core.activity.tasks import Task
from ..core.activity.threads import ThreadWithFiles
from ..core.events import Event, key_of
from ..core.people.contacts import Contact
from ..core.people.organizations import Organization
from ..core.records import Box, Person, Stage
from ..core.webhooks.deliveries import Delivery
from ..core.webhooks.subscriptions import EVENT_NAMES, FULL, Webhook
from .codec import camel
from .shapes import boxes, comments, directory, meetings, stages, tasks, threads
from .shapes.base import Out, given

R = TypeVar("R")
encode = msgspec.json.Encoder().encode
EMPTY = b"[]"


class Named(Out, omit_defaults=False):
    """A pipeline or a box, with its name at the time of the event."""

    key: str
    name: str


class Envelope(Out, omit_defaults=False):
    """An event with `payload=full`: what happened, when, who did it and through what, and what it changed."""

    id: str
    """The key of the event, the same in every attempt, for every subscription, and in the newsfeed."""
    event: str
    kind: str
    """The finer kind, as in the event stream, such as `box.renamed`."""
    timestamp: int
    sequence: int
    """It grows with every event."""
    change: str
    """The key of everything that was done at once, by which it can be undone."""
    actor: Named | None
    via: Through | None
    """The API key, automation or session through which the actor acted; its `name` is left out."""
    changes: list[ChangedMember]
    """The members that changed, with their values before and after. Empty for what was created or deleted."""
    item: Any
    """The thing itself, as in Streak's list."""
    pipeline: Named | msgspec.UnsetType = msgspec.UNSET
    box: Named | msgspec.UnsetType = msgspec.UNSET
    team_key: str | msgspec.UnsetType = msgspec.UNSET


class ChangedMember(Out, omit_defaults=False):
    """A member that changed. The member of a field is `fields.` and its key."""

    member: str
    before: Any
    after: Any


class Through(Out, omit_defaults=False):
    type: str
    key: str


def headers(delivery: Delivery, others: Sequence[Delivery] = ()) -> dict[str, str]:
    """The headers that all attempts have in common, without the timestamp, the signature and the token. `others` are
    sent in the same request."""
    found = {
        "Content-Type": "application/json;charset=utf-8",
        "X-Boxwood-Event": delivery.event,
        "X-Boxwood-Sequence": str(delivery.event_id),
    }
    if others:
        found["X-Boxwood-Event"] = ",".join(dict.fromkeys([delivery.event, *(other.event for other in others)]))
        found["X-Boxwood-Sequence"] = str(others[-1].event_id)
    if delivery.test:
        found["X-Boxwood-Test"] = "true"
    return found


def body(event: Event | None, webhook: Webhook) -> bytes:
    """The body of a request with this event alone. It is an empty list for a test without an event."""
    return EMPTY if event is None else request([part(event, webhook.payload)], webhook)


def part(event: Event, payload: str) -> bytes:
    """The JSON of an event in a request: the thing, or its envelope."""
    return encode(envelope(event) if payload == FULL else thing(event))


def request(parts: Sequence[bytes], webhook: Webhook) -> bytes:
    """The body of a request with these events. It is a list, unless a subscription gets single envelopes."""
    if webhook.payload == FULL and webhook.batch_size == 1:
        return parts[0]
    return b"[%s]" % b",".join(parts)


def envelope(event: Event) -> Envelope:
    """The thing of the event, and what happened to it."""
    detail = event.detail
    noun, _, key = detail.get("via", "").partition(":")
    named = {
        member: Named(of, detail[name])
        for member, of, name in (("pipeline", event.pipeline_key, "pipeline_name"), ("box", event.box_key, "box_name"))
        if of and name in detail
    }
    return Envelope(
        id=key_of(event.id),
        event=EVENT_NAMES.get(event.kind, ""),
        kind=event.kind,
        timestamp=event.at,
        sequence=event.id,
        change=detail.get("change_id") or key_of(event.id),
        actor=Named(event.actor_key, detail.get("author", "")) if event.actor_key else None,
        via=Through(noun, key) if noun else None,
        changes=changes(event),
        item=thing(event),
        team_key=given(event.team_key),
        **named,
    )


def changes(event: Event) -> list[ChangedMember]:
    """What an edit changed: each member, and each field, with its values before and after."""
    if event.before is None:
        return []
    found, after = [], spelled(msgspec.json.decode(event.record))
    for member, old in previous(event).items():
        new = after.get(member)
        if member == "fields" and isinstance(old, dict) and isinstance(new, dict):
            found += [ChangedMember(f"fields.{key}", value, new.get(key)) for key, value in old.items()]
        else:
            found.append(ChangedMember(member, old, new))
    return found


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
_message = _reader(Message)
_contact, _organization = _reader(Contact), _reader(Organization)


def _draw_stage(event: Event) -> Any:
    return stages.stage_as(_stage(event), _colours(event.detail.get("colours", '["",""]')))


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


def _draw_message(event: Event) -> Any:
    """The message without its text and its files, which no event stores, and without hidden recipients. A letter that
    came back says for whom, and why."""
    drawn = msgspec.to_builtins(threads.message(_message(event), [], people(event), ""))
    left = {name: value for name, value in drawn.items() if name not in ("text", "html", "fileKeys", "files", "bcc")}
    if event.kind != "message.bounced":
        return left
    detail = event.detail
    return {**left, "bounced": {name: detail.get(of, "") for name, of in _BOUNCED.items()}}


_BOUNCED = {"address": "email", "code": "code", "text": "reason"}


_DRAWN: dict[str, Callable[[Event], Any]] = {
    "box": lambda event: boxes.box(_box(event), people(event), event.at),
    "stage": _draw_stage,
    "task": lambda event: tasks.task(_task(event), people(event)),
    "comment": _draw_comment,
    "meeting": _draw_meeting,
    "thread": _draw_thread,
    "message": _draw_message,
    "contact": lambda event: directory.contact(_contact(event)),
    "organization": lambda event: directory.organization(_organization(event)),
}


def before(event: Event) -> Any:
    """The values of the changed members before the change."""
    return None if event.before is None else spelled(msgspec.json.decode(event.before))


def previous(event: Event) -> Any:
    """The same, of everything that the edit changed.

    An edit is recorded as several events, of which only the last is sent: its detail has the values of the others.
    """
    if event.before is None:
        return None
    earlier = msgspec.json.decode(event.detail["earlier"]) if "earlier" in event.detail else {}
    return spelled({**earlier, **msgspec.json.decode(event.before)})


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
