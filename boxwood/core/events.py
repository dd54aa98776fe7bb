"""Events: one row for each change. Newsfeed, audit log, webhooks, automations and live updates all read these rows.

A row is written in the same transaction as the change. It holds the record as it is after the change, the old values,
and the names that the event's sentence needs, because names may change later. The kinds are in `event_kinds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from ..db.records import Table
from . import persons
from .context import Ctx
from .event_kinds import EVENT_KINDS


class Event(msgspec.Struct, frozen=True):
    """One stored event."""

    id: int
    kind: str
    at: int
    actor_key: str | None
    team_key: str | None
    pipeline_key: str | None
    box_key: str | None
    subject_key: str | None
    record: msgspec.Raw
    """JSON of the record that the event is about."""
    before: msgspec.Raw | None
    """JSON of the changed members' old values."""
    detail: dict[str, str]
    """Names and other texts that the sentence needs."""


class Happened(NamedTuple):
    """An event as listeners receive it, in the transaction that records it."""

    event_id: int
    kind: str
    thing: Any
    """The record that the event is about, as it is now (as it was, for a deletion)."""
    team_key: str | None
    pipeline: Any
    box: Any
    before: dict[str, Any] | None
    """The old values of the changed members."""
    detail: dict[str, str]
    payload: Any
    """Data for the listeners that is not stored in the event, such as the body of a request."""


class Listener(NamedTuple):
    on_event: Callable[[Ctx, Happened], None]
    listens: Callable[[Ctx, str, Any], bool]
    """Whether the listener has something to do for events of this kind in this pipeline."""


LISTENERS: list[Listener] = []
"""In the order they are called; `listeners.connect` fills it."""
EVENTS = Table("events", Event)
_COLUMNS = ", ".join(EVENTS.names[1:])
_INSERT = f"""
    INSERT INTO events ({_COLUMNS}) VALUES ({", ".join(f":{name}" for name in EVENTS.names[1:])}) RETURNING id
"""
_encode = msgspec.json.Encoder().encode


def record(
    ctx: Ctx,
    kind: str,
    thing: msgspec.Struct,
    *,
    team_key: str | None = None,
    pipeline: Any = None,
    box: Any = None,
    before: dict[str, Any] | None = None,
    people: Iterable[str] = (),
    payload: Any = None,
    **detail: str,
) -> int:
    """Record an event in the transaction of the change, call the listeners, and return the event's id.

    `thing` is the record as it is now (as it was, for a deletion), `before` the changed members' old values.
    `pipeline` and `box` are where the thing belongs; their names are stored in `detail`. `people` are the keys of the
    users that the event names; they are stored as they are now, because users may be renamed later. `payload` is
    passed to the listeners and is not stored.
    """
    if not LISTENERS:
        raise RuntimeError("events are recorded before listeners.connect() was called: webhooks would miss them")
    by_itself = EVENT_KINDS[kind].by_itself
    detail["author"] = "" if by_itself else persons.of(ctx.actor).display_name
    if ctx.change:
        detail["change_id"] = ctx.change
    if ctx.via and not by_itself:
        detail["via"] = ctx.via
    if ctx.undoes:
        detail["undoes"] = ctx.undoes
    if people:
        known = persons.by_key(ctx, people)
        named = {key: known[key] for key in dict.fromkeys(people) if key in known}
        detail["people"] = _encode(named).decode()
    team_key = team_key or (pipeline.team_key if pipeline is not None else None)
    if pipeline is not None:
        detail.setdefault("pipeline_name", pipeline.name)
    if box is not None:
        detail.setdefault("box_name", box.name)
    found = ctx.db.row(
        _INSERT,
        kind=kind,
        at=ctx.now,
        actor_key=None if by_itself else ctx.actor.key,
        team_key=team_key,
        pipeline_key=pipeline.key if pipeline is not None else None,
        box_key=box.key if box is not None else None,
        subject_key=getattr(thing, "key", None),
        record=_encode(thing).decode(),
        before=None if before is None else _encode(before).decode(),
        detail=_encode(detail).decode(),
    )
    assert found is not None
    event_id = int(found[0])
    ctx.change = ctx.change or key_of(event_id)
    happened = Happened(event_id, kind, thing, team_key, pipeline, box, before, detail, payload)
    for listener in LISTENERS:
        listener.on_event(ctx, happened)
    ctx.db.notify("events")
    return event_id


def anyone_listens(ctx: Ctx, kind: str, pipeline: Any) -> bool:
    """Return whether a listener has something to do for events of this kind in this pipeline.

    If no listener has, the caller may write many events with one statement and skip the listeners.
    """
    return any(listener.listens(ctx, kind, pipeline) for listener in LISTENERS)


def key_of(event_id: int) -> str:
    """Return an event's key as the API shows it."""
    return f"n{event_id:012d}"


def brief(text: str) -> str:
    """Return the text on one line, cut to 100 characters, for use in a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"
