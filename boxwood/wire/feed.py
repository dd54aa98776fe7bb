"""Events on the wire, for those who follow everything: what happened, to what, and what it was before."""

from __future__ import annotations

from typing import Any

import msgspec

from ..core.events import Event, key_of
from ..core.history.event_stream import Cursor
from ..core.webhooks.subscriptions import NAMES
from . import payloads
from .shapes.base import Out, given
from .shapes.events import global_story


class EventOut(Out, omit_defaults=False):
    """`cursor` goes on behind this event. `event` is the name webhooks have for it, where they have one."""

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


def event(one: Event, cursor: Cursor) -> EventOut:
    return EventOut(
        cursor=str(cursor),
        key=key_of(one.id),
        kind=one.kind,
        timestamp=one.at,
        story=global_story(one),
        object=payloads.thing(one),
        previous=given(payloads.before(one)),
        event=given(NAMES.get(one.kind)),
        actor_key=given(one.actor_key),
        team_key=given(one.team_key),
        pipeline_key=given(one.pipeline_key),
        box_key=given(one.box_key),
        object_key=given(one.subject_key),
    )


class EventPage(Out, omit_defaults=False):
    """A page can be short, even empty, while there are more."""

    results: list[EventOut]
    cursor: str
    has_next_page: bool


def server_sent(one: Event, cursor: Cursor) -> bytes:
    data = msgspec.json.encode(event(one, cursor))
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(cursor).encode(), one.kind.encode(), data)


def still_here(cursor: Cursor) -> bytes:
    """Keeps the connection open, and the reader's place up to date where nothing was for it."""
    return b": still here\nid: %s\n\n" % str(cursor).encode()
