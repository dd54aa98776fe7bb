"""Histories: all events of a box, an entry or a pipeline, the newest first, with the values before and the actor."""

from __future__ import annotations

from typing import Any

import msgspec

from ...errors import NotFound
from .. import access, boxes, pipelines
from ..context import Ctx
from ..event_kinds import QUIET
from ..events import EVENTS, Event
from ..people import contact_access
from ..people.contact_access import E, Noun
from ..records import Box

_NOT_QUIET = "kind NOT IN ('" + "', '".join(QUIET) + "')"
_THROUGH = {
    "key": "SELECT key, name FROM api_keys WHERE {}",
    "automation": "SELECT key, name FROM automations WHERE {}",
    "sequence": "SELECT key, name FROM sequences WHERE {}",
    "mailing": "SELECT key, name FROM mailings WHERE {}",
    "form": "SELECT key, name FROM forms WHERE {}",
}
"""The statements that read the names of what events came through, by the noun in `via`."""


def of_box(ctx: Ctx, key: str, *, behind: int, limit: int) -> list[Event]:
    """The events of a box, including those of its tasks, comments, files and so on."""
    boxes.get(ctx, key)
    return _page(ctx, "box_key = :key", key, behind, limit)


def of_entry(ctx: Ctx, noun: Noun[E], key: str, *, behind: int, limit: int) -> list[Event]:
    """The events of a contact or an organization."""
    contact_access.reach(ctx, noun, key)
    return _page(ctx, "subject_key = :key AND pipeline_key IS NULL", key, behind, limit)


def of_pipeline(ctx: Ctx, key: str, *, behind: int, limit: int) -> list[Event]:
    """The events of a pipeline, its stages, fields, views and subscriptions, without those of its boxes."""
    pipelines.get(ctx, key)
    return _page(ctx, "pipeline_key = :key AND box_key IS NULL", key, behind, limit)


def _page(ctx: Ctx, where: str, key: str, behind: int, limit: int) -> list[Event]:
    """The events with numbers below `behind`."""
    rows = ctx.db.rows(
        f"""
        SELECT {EVENTS.of("e")} FROM events e
        WHERE {where} AND id < :behind AND {_NOT_QUIET} AND {access.sees_event(ctx.db.dialect, "e")}
            AND {ctx.of_seen_kinds}
        ORDER BY id DESC LIMIT :limit
        """,
        mail_owner=ctx.mail_owner,
        key=key,
        behind=behind,
        limit=limit,
    )
    return EVENTS.load_all(rows)


def names(ctx: Ctx, events: list[Event]) -> dict[str, str]:
    """The current names of the API keys and automations that these events came through, by `via`. Keys without a name
    are left out."""
    found: dict[str, str] = {}
    for noun, sql in _THROUGH.items():
        keys = {via.partition(":")[2] for event in events if (via := event.detail.get("via", "")).startswith(noun)}
        if keys:
            rows = ctx.db.rows(sql.format(ctx.db.dialect.among("key", "keys")), keys=ctx.db.texts(keys))
            found |= {f"{noun}:{key}": name for key, name in rows if name}
    return found


def after(event: Event) -> dict[str, Any] | None:
    """The changed members with their values after the event; None for events that are not edits."""
    if event.before is None:
        return None
    before, record = msgspec.json.decode(event.before), msgspec.json.decode(event.record)
    found = {name: record[name] for name in before if name in record}
    for name in ("fields", "settings"):
        if isinstance(found.get(name), dict) and isinstance(before[name], dict):
            found[name] = {key: found[name].get(key) for key in before[name]}
    return found


def box_at(ctx: Ctx, key: str, at: int) -> tuple[Box, Event]:
    """The box as it was at a time (milliseconds since the epoch), and its last event until then. The actor must be
    allowed to see the box now.

    The numbers of tasks, comments and messages are those of that event.
    """
    boxes.get(ctx, key)
    row = ctx.db.row(
        f"""
        SELECT {EVENTS.columns} FROM events WHERE box_key = :key AND at <= :at AND kind LIKE 'box.%'
        ORDER BY id DESC LIMIT 1
        """,
        key=key,
        at=at,
    )
    event = EVENTS.load(row) if row else None
    if event is None or event.kind == "box.deleted":
        raise NotFound(key)
    return msgspec.json.decode(event.record, type=Box), event
