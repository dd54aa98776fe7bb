"""Events: one row for each change. Newsfeed, audit log, webhooks, automations and live updates all read these rows.

A row is written in the same transaction as the change. It holds the record as it is after the change, the old values,
and the names that the event's sentence needs, because names may change later. The kinds are in `event_kinds`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from ..db.engine import Db, Row
from ..db.records import Table
from . import access, persons
from .context import Ctx
from .event_kinds import EVENT_KINDS
from .records import Box, Person, Pipeline


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
    only_for: str = ""
    """The only user who may know of the event, because it tells of restricted mail; empty if there is none."""


class Listener(NamedTuple):
    on_event: Callable[[Ctx, Happened], None]
    listens: Callable[[Ctx, str, Any], bool]
    """Whether the listener has something to do for events of this kind in this pipeline."""


LISTENERS: list[Listener] = []
"""In the order they are called; `listeners.connect` fills it."""
EVENTS = Table("events", Event)
NAMES = EVENTS.names[1:]
_INSERT = f"""
    INSERT INTO events ({", ".join(NAMES)}) VALUES ({", ".join(f":{name}" for name in NAMES)}) RETURNING id
"""
_encode = msgspec.json.Encoder().encode


class PreparedEvents(NamedTuple):
    """Rows of events that are not written yet. The names in them may change until they are."""

    rows: list[Row]
    shared: dict[str, str]
    """The members of `detail` that all these events have."""
    people: dict[tuple[str, ...], str]
    """The JSON of the persons that an event names, by their user keys."""


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

    Events of old mail (`ctx.silent`) have no listeners. They are written together before the commit, so they have no
    id yet, and 0 is returned, except for the first of a change.
    """
    _require_listeners()
    detail |= _shared_detail(ctx, kind)
    if people:
        detail["people"] = _people_text(persons.by_key(ctx, people), people)
    team_key = team_key or (pipeline.team_key if pipeline is not None else None)
    if pipeline is not None:
        detail.setdefault("pipeline_name", pipeline.name)
    if box is not None:
        detail.setdefault("box_name", box.name)
    row = _row(ctx, kind, thing, team_key, pipeline, box, before, detail)
    if ctx.silent and ctx.change:
        ctx.db.later(_insert_all, row)
        ctx.db.notify("events")
        return 0
    found = ctx.db.row(_INSERT, **dict(zip(NAMES, row, strict=True)))
    assert found is not None
    event_id = int(found[0])
    ctx.change = ctx.change or key_of(event_id)
    if not ctx.silent:
        thread = thread_of(kind, thing, detail)
        only_for = access.restricted_to(ctx.db, [thread]).get(thread, "") if thread else ""
        happened = Happened(event_id, kind, thing, team_key, pipeline, box, before, detail, payload, only_for)
        for listener in LISTENERS:
            listener.on_event(ctx, happened)
    ctx.db.notify("events")
    return event_id


def _insert_all(db: Db, rows: list[Row]) -> None:
    db.bulk("events", NAMES, rows)


def record_for_box(ctx: Ctx, kind: str, box: Box, pipeline: Pipeline, *, before: Any = None, **detail: str) -> int:
    """Record an event of a box. The users that the box names are stored with it."""
    detail.setdefault("stage_key", box.stage_key)
    return record(ctx, kind, box, pipeline=pipeline, box=box, before=before, people=box.people(), **detail)


def prepare_many(ctx: Ctx, kind: str, boxes: Sequence[Box], pipeline: Pipeline) -> PreparedEvents:
    """Prepare an event of this kind for each box, as `record_for_box` would record it. Writes nothing."""
    shared = {**_shared_detail(ctx, kind), "pipeline_name": pipeline.name}
    named = [tuple(box.people()) for box in boxes]
    people = _people_texts(ctx, set(named))
    rows = []
    for box, keys in zip(boxes, named, strict=True):
        detail = {**shared, "people": people[keys], "box_name": box.name, "stage_key": box.stage_key}
        rows.append(_row(ctx, kind, box, pipeline.team_key, pipeline, box, None, detail))
    return PreparedEvents(rows, shared, people)


def record_many(
    ctx: Ctx, kind: str, boxes: Sequence[Box], pipeline: Pipeline, prepared: PreparedEvents | None = None
) -> None:
    """Record an event of this kind for each box.

    If a listener has something to do for such events, each event is recorded by itself and passed to the listeners.
    Otherwise all rows are written at once: from `prepared`, if the names in it are still right.
    """
    _require_listeners()
    if anyone_listens(ctx, kind, pipeline):
        for box in boxes:
            record_for_box(ctx, kind, box, pipeline)
        return
    if prepared is None or not _is_current(ctx, kind, pipeline, prepared):
        prepared = prepare_many(ctx, kind, boxes, pipeline)
    ctx.db.bulk("events", NAMES, prepared.rows)
    ctx.db.notify("events")


NUMBERS_SINCE = 1_767_225_600_000
"""1 January 2026. A process that opens the database continues the numbers of events at the milliseconds since then."""
_BURST = 1_000_000
_MOST_NUMBER = 900_000_000_000
"""Above the milliseconds of 28 years. A clock that is further ahead is wrong; delivery keys have 12 digits."""


def skip_ahead(db: Db, now: int, given: int = 0) -> None:
    """Continue the numbers of events above all numbers that this server may have given already.

    A database can be set back: by a restored backup, by an older copy of its file, to a point in time. Its numbers must
    not be given again, because cursors, the ids of webhooks and the keys of events hold them outside. So every process
    that opens the database jumps to the time in milliseconds, which stays ahead of fewer than 1,000 events a second.
    `given` is the highest number that is known to have been given.
    """
    row = db.row("SELECT COALESCE(MAX(id), 0) FROM events")
    assert row is not None
    by_time, newest = min(now - NUMBERS_SINCE, _MOST_NUMBER), max(row[0], given)
    number = by_time if by_time > newest else newest + _BURST
    db.run(
        "INSERT INTO events (id, kind, at, record, detail) VALUES (:id, 'server.started', :now, '{}', '{}')",
        id=number,
        now=now,
    )
    db.dialect.count_events_after(db, number)


def _is_current(ctx: Ctx, kind: str, pipeline: Pipeline, prepared: PreparedEvents) -> bool:
    shared = {**_shared_detail(ctx, kind), "pipeline_name": pipeline.name}
    return shared == prepared.shared and _people_texts(ctx, prepared.people) == prepared.people


def _require_listeners() -> None:
    if not LISTENERS:
        raise RuntimeError("events are recorded before listeners.connect() was called: webhooks would miss them")


def _shared_detail(ctx: Ctx, kind: str) -> dict[str, str]:
    """The members of `detail` that say who acts, and in which change."""
    by_itself = EVENT_KINDS[kind].by_itself
    detail = {"author": "" if by_itself else persons.of(ctx.actor).display_name}
    if ctx.change:
        detail["change_id"] = ctx.change
    if ctx.via and not by_itself:
        detail["via"] = ctx.via
    if ctx.undoes:
        detail["undoes"] = ctx.undoes
    return detail


def _people_texts(ctx: Ctx, named: Collection[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    known = persons.by_key(ctx, {key for keys in named for key in keys})
    return {keys: _people_text(known, keys) for keys in named}


def _people_text(known: Mapping[str, Person], keys: Iterable[str]) -> str:
    return _encode({key: known[key] for key in dict.fromkeys(keys) if key in known}).decode()


def _row(
    ctx: Ctx,
    kind: str,
    thing: Any,
    team_key: str | None,
    pipeline: Any,
    box: Any,
    before: dict[str, Any] | None,
    detail: dict[str, str],
) -> Row:
    """The row of an event, in the order of `NAMES`."""
    return (
        kind,
        ctx.now,
        None if EVENT_KINDS[kind].by_itself else ctx.actor.key,
        team_key,
        pipeline.key if pipeline is not None else None,
        box.key if box is not None else None,
        getattr(thing, "key", None),
        _encode(thing).decode(),
        None if before is None else _encode(before).decode(),
        _encode(detail).decode(),
    )


def thread_of(kind: str, thing: Any, detail: Mapping[str, str]) -> str:
    """The key of the mail thread that an event tells of; empty if it tells of none."""
    if kind.startswith("thread."):
        return str(thing.key)
    return getattr(thing, "thread_key", None) or detail.get("thread_key", "")


class _OfThread(msgspec.Struct):
    thread_key: str | None = None


def thread_of_stored(event: Event) -> str:
    """The same for a stored event."""
    if event.kind.startswith("thread."):
        return event.subject_key or ""
    if event.kind.startswith(("file.", "message.")):
        return msgspec.json.decode(event.record, type=_OfThread).thread_key or ""
    return event.detail.get("thread_key", "")


def anyone_listens(ctx: Ctx, kind: str, pipeline: Any) -> bool:
    """Return whether a listener has something to do for events of this kind in this pipeline.

    If no listener has, the caller may write many events with one statement and skip the listeners.
    """
    return any(listener.listens(ctx, kind, pipeline) for listener in LISTENERS)


def key_of(event_id: int) -> str:
    """Return an event's key as the API shows it."""
    return f"n{event_id:012d}"


def values_text(values: dict[str, Any]) -> str:
    """Return the old values of members as the text of a detail."""
    return _encode(values).decode()


def brief(text: str) -> str:
    """Return the text on one line, cut to 100 characters, for use in a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"
