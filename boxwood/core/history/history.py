"""What was done to one thing: every event of it, newest first, with what was before, who did it and through what."""

from __future__ import annotations

from typing import Any

import msgspec

from ...errors import NotFound
from .. import boxes, pipelines
from ..context import Ctx
from ..event_kinds import QUIET
from ..events import EVENTS, Event
from ..people import contact_access
from ..people.contact_access import E, Noun
from ..records import Box

_NEWS = "kind NOT IN ('" + "', '".join(QUIET) + "')"
_THROUGH = {
    "key": "SELECT key, name FROM api_keys WHERE {}",
    "automation": "SELECT key, name FROM automations WHERE {}",
}
"""Where what acts has its name, by the noun in `via`."""


def of_box(ctx: Ctx, key: str, *, behind: int, limit: int) -> list[Event]:
    """With what was done to its tasks, comments, files and so on."""
    boxes.get(ctx, key)
    return _page(ctx, "box_key = :key", key, behind, limit)


def of_entry(ctx: Ctx, noun: Noun[E], key: str, *, behind: int, limit: int) -> list[Event]:
    """Of a contact or an organization."""
    contact_access.reach(ctx, noun, key)
    return _page(ctx, "subject_key = :key AND pipeline_key IS NULL", key, behind, limit)


def of_pipeline(ctx: Ctx, key: str, *, behind: int, limit: int) -> list[Event]:
    """Of the pipeline itself, its stages, fields, views and subscriptions; not of its boxes."""
    pipelines.get(ctx, key)
    return _page(ctx, "pipeline_key = :key AND box_key IS NULL", key, behind, limit)


def _page(ctx: Ctx, where: str, key: str, behind: int, limit: int) -> list[Event]:
    """Those with a number below `behind`."""
    rows = ctx.db.rows(
        f"""
        SELECT {EVENTS.columns} FROM events WHERE {where} AND id < :behind AND {_NEWS}
        ORDER BY id DESC LIMIT :limit
        """,
        key=key,
        behind=behind,
        limit=limit,
    )
    return EVENTS.load_all(rows)


def names(ctx: Ctx, events: list[Event]) -> dict[str, str]:
    """What the things are called now that these events came through, by `via`; those without a name are left out."""
    found: dict[str, str] = {}
    for noun, sql in _THROUGH.items():
        keys = {via.partition(":")[2] for event in events if (via := event.detail.get("via", "")).startswith(noun)}
        if keys:
            rows = ctx.db.rows(sql.format(ctx.db.dialect.among("key", "keys")), keys=ctx.db.texts(keys))
            found |= {f"{noun}:{key}": name for key, name in rows if name}
    return found


def after(event: Event) -> dict[str, Any] | None:
    """Of a change, what the changed members became; None for all else."""
    if event.before is None:
        return None
    before, record = msgspec.json.decode(event.before), msgspec.json.decode(event.record)
    found = {name: record[name] for name in before if name in record}
    for name in ("fields", "settings"):
        if isinstance(found.get(name), dict) and isinstance(before[name], dict):
            found[name] = {key: found[name].get(key) for key in before[name]}
    return found


def box_at(ctx: Ctx, key: str, at: int) -> tuple[Box, Event]:
    """The box as it was then, and the last event of it until then. Within reach is what is so now.

    What its tasks, comments and mail added up to is from that same event.
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
