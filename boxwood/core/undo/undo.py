"""Taking a change back: each event of it undone by the verb that does the opposite, the last one first.

So an undo asks for the same rights, records events and reaches webhooks like any other change. What was changed
again since stands in the way.
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
"""Events of one request, so that nobody waits long for the writer."""
MOST_REASONS = 20
_KEY = re.compile("n([0-9]{12,18})", re.ASCII)


class Reason(NamedTuple):
    event: Event
    says: str


class Undone(NamedTuple):
    events: list[Event]
    left: list[Reason]
    more: bool


def undo(ctx: Ctx, *, change: str = "", event_key: str = "", partial: bool = False) -> Undone:
    """Undo all events of a change, or one event. With `partial` what cannot be undone is left, else nothing is done.

    Of a large change only the last events are, and `more` says that there are others: undo it again.
    """
    found = _one(ctx, event_key) if event_key else _of(ctx, change)
    ctx.undoes = change or event_key
    left = _later(ctx, found, change)
    stopped = {reason.event.id for reason in left}
    undone: list[Event] = []
    for event in found[:AT_ONCE] if partial or not left else []:
        if event.id in stopped:
            continue
        try:
            if ctx.db.attempt(lambda event=event: inverses.reverse(ctx, event)):  # type: ignore[misc]
                undone.append(event)
        except Problem as problem:
            left.append(Reason(event, _words(event, problem)))
    if left and (not partial or not undone):
        _refuse(ctx, found, left, change or event_key)
    if not undone and len(found) <= AT_ONCE:
        raise Conflict("There is nothing to undo: all is as it was before this change")
    return Undone(undone, left, len(found) > AT_ONCE)


def _one(ctx: Ctx, key: str) -> list[Event]:
    number = _KEY.fullmatch(key)
    row = ctx.db.row(f"SELECT {EVENTS.columns} FROM events WHERE id = :id", id=int(number[1])) if number else None
    if row is None:
        raise NotFound(key)
    return [EVENTS.load(row)]


def _of(ctx: Ctx, change: str) -> list[Event]:
    """The events of this change that were not undone, the last one first; a large one's last ones."""
    name = ctx.db.dialect.field_value("detail", "change_id")
    rows = ctx.db.rows(f"SELECT {EVENTS.columns} FROM events WHERE {name} = :change ORDER BY id DESC", change=change)
    found = EVENTS.load_all(rows)
    if _KEY.fullmatch(change):
        first = _first(ctx, change)
        found += [first] if first and first.id not in {event.id for event in found} else []
    if not found:
        raise NotFound(change)
    return _not_yet(ctx, change, found)


def _first(ctx: Ctx, change: str) -> Event | None:
    """The event a change is called by, unless it is one of a change with another name."""
    try:
        event = _one(ctx, change)[0]
    except NotFound:
        return None
    return event if event.detail.get("change_id", change) == change else None


def _not_yet(ctx: Ctx, change: str, found: list[Event]) -> list[Event]:
    """Of a change so large that it is undone in parts, what is left of it: things made in it that are still there."""
    if len(found) <= AT_ONCE:
        return found
    made: dict[str, list[str]] = {"boxes": [], "contacts": [], "organizations": []}
    for event in found:
        if event.kind in _MADE and event.subject_key:
            made[_MADE[event.kind]].append(event.subject_key)
    there = {key for table, keys in made.items() for key in trash.existing_keys(ctx.db, table, keys)}
    return [event for event in found if event.kind not in _MADE or event.subject_key in there]


_MADE = {"box.created": "boxes", "contact.created": "contacts", "organization.created": "organizations"}


def _refuse(ctx: Ctx, found: list[Event], left: list[Reason], name: str) -> None:
    if all(reason.says == _OUT_OF_REACH for reason in left) and len(left) >= min(len(found), AT_ONCE):
        raise NotFound(name)
    told = list(dict.fromkeys(f"{_subject(one.event)}: {one.says}" for one in left))
    more = f" (and {len(told) - MOST_REASONS} more)" if len(told) > MOST_REASONS else ""
    raise Conflict(f"This cannot be undone: {'; '.join(told[:MOST_REASONS])}{more}")


_OUT_OF_REACH = "it is gone or out of your reach"


def _words(event: Event, problem: Problem) -> str:
    return _OUT_OF_REACH if isinstance(problem, NotFound) else str(problem)


def _subject(event: Event) -> str:
    detail = event.detail
    return detail.get("subject") or detail.get("box_name") or detail.get("pipeline_name") or key_of(event.id)


def _later(ctx: Ctx, found: list[Event], change: str) -> list[Reason]:
    """Those that made a box or an entry which others have changed since."""
    reasons = []
    for column, kinds in (("box_key", ("box.created",)), ("subject_key", ("contact.created", "organization.created"))):
        made = {getattr(event, column): event for event in found if event.kind in kinds}
        if not made:
            continue
        alone = "AND e.pipeline_key IS NULL" if column == "subject_key" else ""
        rows = ctx.db.rows(
            f"""
            SELECT e.{column}, MAX(e.id) FROM events e
            WHERE {ctx.db.dialect.among(f"e.{column}", "keys")} {alone} AND e.id > :first
                AND COALESCE({ctx.db.dialect.field_value("e.detail", "change_id")}, '') <> :change
                AND e.kind NOT IN ({_NOT_SOMEONES})
            GROUP BY e.{column}
            """,
            keys=ctx.db.texts(made),
            first=min(event.id for event in made.values()),
            change=change or "-",
        )
        mine = {event.id for event in found}
        reasons += [Reason(made[key], "it was changed since") for key, last in rows if last not in mine]
    return reasons


_NOT_SOMEONES = ", ".join(f"'{name}'" for name, kind in EVENT_KINDS.items() if kind.by_itself or kind.quiet)
