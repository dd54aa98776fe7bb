"""Undo: each event of a change is undone by the function that does the opposite, the last event first.

So an undo needs the same rights, records events and sends webhooks like any other change. A value that was changed
again since cannot be undone.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ...errors import Conflict, NotFound, Problem
from .. import event_kinds, trash
from ..context import Ctx
from ..event_kinds import EVENT_KINDS
from ..events import EVENTS, Event, key_of
from ..history import visibility
from . import inverses, positions
from .positions import Position

AT_ONCE = 1000
"""Events that one request undoes, so that other requests do not wait long for the writer."""
MOST_REASONS = 20
_KEY = re.compile("n([0-9]{12,18})", re.ASCII)


class Reason(NamedTuple):
    """Why an event was not undone."""

    event: Event
    text: str

    @property
    def name(self) -> str:
        """What the event is about. Empty for things that the actor may not see any longer."""
        if self.text == _NO_ACCESS:
            return ""
        detail = self.event.detail
        return detail.get("subject") or detail.get("box_name") or detail.get("pipeline_name") or key_of(self.event.id)


class Undone(NamedTuple):
    events: list[Event]
    left: list[Reason]
    more: bool
    progress: float
    """How much of the change was looked at, from 0 to 1."""


def undo(ctx: Ctx, *, change: str = "", event_key: str = "", partial: bool = False) -> Undone:
    """Undo all events of a change, or only one event.

    Events that the actor may not see do not count: a change that has no other events is "not found". If an event cannot
    be undone, nothing is undone; with `partial`, the other events are. Of a large change a request undoes only the last
    events that are left; then `more` is true, and the caller can undo the change again.
    """
    if event_key:
        found = visibility.visible(ctx, _find_event(ctx, event_key))
        if not found:
            raise NotFound(event_key)
        undone, left = _reverse(ctx, found, "", event_key, partial)
        return _checked(Undone(undone, left, False, 1.0), event_key, partial, 0)
    position = positions.find(ctx, change) or _begin(ctx, change, partial)
    page, more = _page(ctx, change, position.before_id)
    found = visibility.visible(ctx, page)
    if not found and not more and position.passed == 0:
        raise NotFound(change)
    if position.total > AT_ONCE:
        found = _existing(ctx, found)
    positions.forget_undo(ctx, change)
    ctx.change = ctx.change or position.undo_key
    undone, left = _reverse(ctx, found, change, change, partial)
    passed = position.passed + len(page)
    progress = passed / position.total if more else 1.0
    done = _checked(Undone(undone, left, more, min(progress, 1.0)), change, partial, position.undone)
    if more:
        counts = {"passed": passed, "undone": position.undone + len(undone), "before_id": page[-1].id}
        undo_key = position.undo_key or (ctx.change if undone else "")
        positions.store(ctx, msgspec.structs.replace(position, undo_key=undo_key, at=ctx.now, **counts))
    else:
        positions.forget(ctx, change)
    return done


def _checked(done: Undone, name: str, partial: bool, undone_before: int) -> Undone:
    """Raises `Conflict` if an event cannot be undone and the actor wants all or nothing, or if nothing was to be done,
    and `NotFound` if the actor has no access to anything of it."""
    nothing = not done.events and not done.more and not undone_before
    if done.left and (not partial or nothing):
        if nothing and all(reason.text == _NO_ACCESS for reason in done.left):
            raise NotFound(name)
        _refuse(done.left)
    if nothing:
        raise Conflict("There is nothing to undo: all values are as they were before this change")
    return done


def _reverse(ctx: Ctx, found: list[Event], change: str, name: str, partial: bool) -> tuple[list[Event], list[Reason]]:
    """Undo these events, each in a savepoint. Returns those that were undone, and why others were not."""
    for kind in {event.kind for event in found} if ctx.scopes is not None else ():
        ctx.require(event_kinds.noun_of(kind), event_kinds.level_of(kind))
    left = _changed_since(ctx, found, change)
    stopped = {reason.event.id for reason in left}
    undone: list[Event] = []
    ctx.undoes = name
    try:
        for event in found if partial or not left else []:
            if event.id in stopped:
                continue
            try:
                if ctx.db.attempt(lambda event=event: inverses.reverse(ctx, event)):  # type: ignore[misc]
                    undone.append(event)
            except Problem as problem:
                left.append(Reason(event, _NO_ACCESS if isinstance(problem, NotFound) else str(problem)))
    finally:
        ctx.undoes = ""
    return undone, left


def _find_event(ctx: Ctx, key: str) -> list[Event]:
    number = _KEY.fullmatch(key)
    row = ctx.db.row(f"SELECT {EVENTS.columns} FROM events WHERE id = :id", id=int(number[1])) if number else None
    return [EVENTS.load(row)] if row else []


# Large changes


def _begin(ctx: Ctx, change: str, partial: bool) -> Position:
    """The position before the last event. If the change is so large that it takes several requests, this looks through
    the whole change first, so that the first request refuses what a later request would have to refuse."""
    row = ctx.db.row(f"SELECT COUNT(*) FROM events WHERE {_of_change(ctx, 'events')}", change=change)
    total = row[0] if row else 0
    if total > AT_ONCE:
        if not _sees_any(ctx, change):
            raise NotFound(change)
        if not partial and (left := _conflicts(ctx, change)):
            _refuse(left)
    return Position(change, ctx.actor.key, ctx.within, "", _LAST, total, 0, 0, ctx.now)


def _of_change(ctx: Ctx, table: str) -> str:
    """SQL: the event belongs to the change of the parameter `change`."""
    return f"{ctx.db.dialect.field_value(f'{table}.detail', 'change_id')} = :change"


def _page(ctx: Ctx, change: str, before_id: int) -> tuple[list[Event], bool]:
    """The last events of a change below this id, the last event first, and whether others are left."""
    rows = ctx.db.rows(
        f"""
        SELECT {EVENTS.of("e")} FROM events e WHERE {_of_change(ctx, "e")} AND e.id < :before
        ORDER BY e.id DESC LIMIT :limit
        """,
        change=change,
        before=before_id,
        limit=AT_ONCE + 1,
    )
    found = EVENTS.load_all(rows)
    if len(found) > AT_ONCE:
        return found[:AT_ONCE], True
    return found + [event for event in _first(ctx, change) if event.id not in {other.id for other in found}], False


def _first(ctx: Ctx, change: str) -> list[Event]:
    """The event that gave the change its key. None if this event belongs to another change."""
    return [event for event in _find_event(ctx, change) if event.detail.get("change_id", change) == change]


def _sees_any(ctx: Ctx, change: str) -> bool:
    """Whether the actor may see any event of the change."""
    before_id, more = _LAST, True
    while more:
        found, more = _page(ctx, change, before_id)
        if visibility.visible(ctx, found):
            return True
        before_id = found[-1].id if found else 0
    return False


class _Tried(Exception):
    """Ends a trial, which undoes all that it did."""


def _conflicts(ctx: Ctx, change: str) -> list[Reason]:
    """Why events of the change cannot be undone, because other changes came later. Events of boxes, contacts and
    organizations that have later events are undone for a trial."""
    found: list[Event] = []
    for column, test in (("box_key", "c.box_key IS NOT NULL"), ("subject_key", _OF_ENTRIES)):
        outside_pipelines = "AND e.pipeline_key IS NULL" if column == "subject_key" else ""
        keys = ctx.db.rows(
            f"""
            SELECT DISTINCT c.{column} FROM events c WHERE {_of_change(ctx, "c")} AND {test} AND EXISTS (
                SELECT 1 FROM events e WHERE e.{column} = c.{column} AND e.id > c.id {outside_pipelines}
                    AND {_of_others(ctx, "e")})
            LIMIT :limit
            """,
            change=change,
            limit=AT_ONCE,
        )
        if keys:
            rows = ctx.db.rows(
                f"""
                SELECT {EVENTS.of("c")} FROM events c
                WHERE {_of_change(ctx, "c")} AND {test} AND {ctx.db.dialect.among(f"c.{column}", "keys")}
                ORDER BY c.id DESC LIMIT :limit
                """,
                change=change,
                keys=ctx.db.texts(key for (key,) in keys),
                limit=2 * AT_ONCE,
            )
            found += EVENTS.load_all(rows)
    found = _existing(ctx, visibility.visible(ctx, sorted(found, key=lambda event: -event.id)))
    left: list[Reason] = []
    key, started = ctx.change, len(ctx.started_runs)

    def attempt() -> None:
        left.extend(_reverse(ctx, found, change, change, True)[1])
        raise _Tried

    with contextlib.suppress(_Tried):
        ctx.db.attempt(attempt)
    ctx.change = key
    del ctx.started_runs[started:]
    return left


_OF_ENTRIES = "c.box_key IS NULL AND c.pipeline_key IS NULL AND c.subject_key IS NOT NULL"
_LAST = 2**62


def _existing(ctx: Ctx, found: list[Event]) -> list[Event]:
    """The events of a large change without those that created boxes, contacts and organizations that do not exist any
    longer: an earlier request undid them."""
    created: dict[str, list[str]] = {"boxes": [], "contacts": [], "organizations": []}
    for event in found:
        if event.kind in _TABLE_OF_CREATED and event.subject_key:
            created[_TABLE_OF_CREATED[event.kind]].append(event.subject_key)
    existing = {key for table, keys in created.items() for key in trash.existing_keys(ctx.db, table, keys)}
    return [event for event in found if event.kind not in _TABLE_OF_CREATED or event.subject_key in existing]


_TABLE_OF_CREATED = {"box.created": "boxes", "contact.created": "contacts", "organization.created": "organizations"}


# Why events cannot be undone


def _refuse(left: list[Reason]) -> None:
    reasons = list(dict.fromkeys(_named(reason) for reason in left))
    more = f" (and {len(reasons) - MOST_REASONS} more)" if len(reasons) > MOST_REASONS else ""
    raise Conflict(f"This cannot be undone: {'; '.join(reasons[:MOST_REASONS])}{more}")


_NO_ACCESS = "something was deleted, or you have no access to it"


def _named(reason: Reason) -> str:
    return f"{name}: {reason.text}" if (name := reason.name) else reason.text


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
                AND {_of_others(ctx, "e")}
            GROUP BY e.{column}
            """,
            keys=ctx.db.texts(created),
            first=min(event.id for event in created.values()),
            change=change or "-",
        )
        own = {event.id for event in found}
        latest = {last: key for key, last in rows if last not in own}
        seen = {event.id for event in visibility.visible(ctx, _events(ctx, latest))}
        reasons += [
            Reason(created[key], "it was changed since" if last in seen else _NO_ACCESS) for last, key in latest.items()
        ]
    return reasons


def _of_others(ctx: Ctx, table: str) -> str:
    """SQL: a user caused the event, in another change than that of the parameter `change` and not by undoing it."""
    change, undoes = (ctx.db.dialect.field_value(f"{table}.detail", name) for name in ("change_id", "undoes"))
    return f"""
        COALESCE({change}, '') <> :change AND COALESCE({undoes}, '') <> :change
        AND {table}.kind NOT IN ({_WITHOUT_ACTOR})
    """


def _events(ctx: Ctx, ids: Iterable[int]) -> list[Event]:
    ids = sorted(ids)
    sql = f"SELECT {EVENTS.columns} FROM events WHERE id = :id"
    return EVENTS.load_all(ctx.db.rows_each(sql, [{"id": event_id} for event_id in ids]))


_WITHOUT_ACTOR = ", ".join(f"'{name}'" for name, kind in EVENT_KINDS.items() if kind.by_itself or kind.quiet)
