"""Undo: each event of a change is undone by the function that does the opposite, the last event first.

So an undo needs the same rights, records events and sends webhooks like any other change. A value that was changed
again since cannot be undone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ...errors import Conflict, NotFound, Problem
from .. import trash
from ..context import Ctx
from ..event_kinds import EVENT_KINDS
from ..events import EVENTS, Event, key_of
from . import inverses

AT_ONCE = 1000
"""Events that one request undoes, so that other requests do not wait long for the writer."""
MOST_REASONS = 20
_KEY = re.compile("n([0-9]{12,18})", re.ASCII)


class Reason(NamedTuple):
    """Why an event was not undone."""

    event: Event
    text: str


class Undone(NamedTuple):
    events: list[Event]
    left: list[Reason]
    more: bool


def undo(ctx: Ctx, *, change: str = "", event_key: str = "", partial: bool = False) -> Undone:
    """Undo all events of a change, or only one event.

    If an event cannot be undone, nothing is undone; with `partial`, the other events are. Of a large change only the
    last events are undone; then `more` is true, and the caller can undo the change again.
    """
    found = _find_event(ctx, event_key) if event_key else _find_change(ctx, change)
    ctx.undoes = change or event_key
    left = _changed_since(ctx, found, change)
    stopped = {reason.event.id for reason in left}
    undone: list[Event] = []
    for event in found[:AT_ONCE] if partial or not left else []:
        if event.id in stopped:
            continue
        try:
            if ctx.db.attempt(lambda event=event: inverses.reverse(ctx, event)):  # type: ignore[misc]
                undone.append(event)
        except Problem as problem:
            left.append(Reason(event, _NO_ACCESS if isinstance(problem, NotFound) else str(problem)))
    if left and (not partial or not undone):
        _refuse(ctx, found, left, change or event_key)
    if not undone and len(found) <= AT_ONCE:
        raise Conflict("There is nothing to undo: all values are as they were before this change")
    return Undone(undone, left, len(found) > AT_ONCE)


def _find_event(ctx: Ctx, key: str) -> list[Event]:
    number = _KEY.fullmatch(key)
    row = ctx.db.row(f"SELECT {EVENTS.columns} FROM events WHERE id = :id", id=int(number[1])) if number else None
    if row is None:
        raise NotFound(key)
    return [EVENTS.load(row)]


def _find_change(ctx: Ctx, change: str) -> list[Event]:
    """The events of a change, the last event first. Of a large change, those that are not undone yet."""
    name = ctx.db.dialect.field_value("detail", "change_id")
    rows = ctx.db.rows(f"SELECT {EVENTS.columns} FROM events WHERE {name} = :change ORDER BY id DESC", change=change)
    found = EVENTS.load_all(rows)
    if _KEY.fullmatch(change):
        first = _first(ctx, change)
        found += [first] if first and first.id not in {event.id for event in found} else []
    if not found:
        raise NotFound(change)
    return _not_undone(ctx, found)


def _first(ctx: Ctx, change: str) -> Event | None:
    """The event that gave the change its key. None if this event belongs to another change."""
    try:
        event = _find_event(ctx, change)[0]
    except NotFound:
        return None
    return event if event.detail.get("change_id", change) == change else None


def _not_undone(ctx: Ctx, found: list[Event]) -> list[Event]:
    """The events of a large change that are left after it was partly undone: without boxes, contacts and organizations
    that do not exist any longer."""
    if len(found) <= AT_ONCE:
        return found
    created: dict[str, list[str]] = {"boxes": [], "contacts": [], "organizations": []}
    for event in found:
        if event.kind in _TABLE_OF_CREATED and event.subject_key:
            created[_TABLE_OF_CREATED[event.kind]].append(event.subject_key)
    existing = {key for table, keys in created.items() for key in trash.existing_keys(ctx.db, table, keys)}
    return [event for event in found if event.kind not in _TABLE_OF_CREATED or event.subject_key in existing]


_TABLE_OF_CREATED = {"box.created": "boxes", "contact.created": "contacts", "organization.created": "organizations"}


def _refuse(ctx: Ctx, found: list[Event], left: list[Reason], name: str) -> None:
    if all(reason.text == _NO_ACCESS for reason in left) and len(left) >= min(len(found), AT_ONCE):
        raise NotFound(name)
    reasons = list(dict.fromkeys(f"{_subject(reason.event)}: {reason.text}" for reason in left))
    more = f" (and {len(reasons) - MOST_REASONS} more)" if len(reasons) > MOST_REASONS else ""
    raise Conflict(f"This cannot be undone: {'; '.join(reasons[:MOST_REASONS])}{more}")


_NO_ACCESS = "it was deleted, or you have no access to it"


def _subject(event: Event) -> str:
    detail = event.detail
    return detail.get("subject") or detail.get("box_name") or detail.get("pipeline_name") or key_of(event.id)


def _changed_since(ctx: Ctx, found: list[Event], change: str) -> list[Reason]:
    """The events that created a box, contact or organization which another change has changed since."""
    reasons = []
    for column, kinds in (("box_key", ("box.created",)), ("subject_key", ("contact.created", "organization.created"))):
        created = {getattr(event, column): event for event in found if event.kind in kinds}
        if not created:
            continue
        outside_pipelines = "AND e.pipeline_key IS NULL" if column == "subject_key" else ""
        rows = ctx.db.rows(
            f"""
            SELECT e.{column}, MAX(e.id) FROM events e
            WHERE {ctx.db.dialect.among(f"e.{column}", "keys")} {outside_pipelines} AND e.id > :first
                AND COALESCE({ctx.db.dialect.field_value("e.detail", "change_id")}, '') <> :change
                AND e.kind NOT IN ({_WITHOUT_ACTOR})
            GROUP BY e.{column}
            """,
            keys=ctx.db.texts(created),
            first=min(event.id for event in created.values()),
            change=change or "-",
        )
        own = {event.id for event in found}
        reasons += [Reason(created[key], "it was changed since") for key, last in rows if last not in own]
    return reasons


_WITHOUT_ACTOR = ", ".join(f"'{name}'" for name, kind in EVENT_KINDS.items() if kind.by_itself or kind.quiet)
