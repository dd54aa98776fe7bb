"""The event stream on the wire: what happened, to what, and the values before."""

from __future__ import annotations

from typing import Any

import msgspec

from ..core.events import Event, key_of
from ..core.history.event_stream import Cursor
from ..core.webhooks.subscriptions import EVENT_NAMES
from . import payloads
from .shapes.base import Out, given
from .shapes.events import global_story


class EventOut(Out, omit_defaults=False):
    """Send `cursor` as `after` to continue after this event. `event` is its name for webhooks, if it has one."""

    cursor: str
    key: str
    kind: str
    timestamp: int
    story: str
    object: Any
    previous: Any = msgspec.UNSET
    event: str | msgspec.UnsetType = msgspec.UNSET
    actor_key: str | msgspec.UnsetType = msgspec.UNSET
    team_key: str | msgspec.UnsetType = msgspec.UNSET
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    box_key: str | msgspec.UnsetType = msgspec.UNSET
    object_key: str | msgspec.UnsetType = msgspec.UNSET


def event(event: Event, cursor: Cursor) -> EventOut:
    return EventOut(
        cursor=str(cursor),
        key=key_of(event.id),
        kind=event.kind,
        timestamp=event.at,
        story=global_story(event),
        object=payloads.thing(event),
        previous=given(payloads.before(event)),
        event=given(EVENT_NAMES.get(event.kind)),
        actor_key=given(event.actor_key),
        team_key=given(event.team_key),
        pipeline_key=given(event.pipeline_key),
        box_key=given(event.box_key),
        object_key=given(event.subject_key),
    )


class EventPage(Out, omit_defaults=False):
    """A page may have few results or none although `hasNextPage` is true."""

    results: list[EventOut]
    cursor: str
    has_next_page: bool


def server_sent(happened: Event, cursor: Cursor) -> bytes:
    data = msgspec.json.encode(event(happened, cursor))
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(cursor).encode(), happened.kind.encode(), data)


def still_here(cursor: Cursor) -> bytes:
    """A comment that keeps the connection open and updates the client's cursor if no event was for it."""
    return b": still here\nid: %s\n\n" % str(cursor).encode()
