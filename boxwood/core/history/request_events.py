"""The events that a request recorded, and whether the actor still sees them when the request is repeated."""

from __future__ import annotations

from ..context import Ctx
from ..events import EVENTS, Event
from . import visibility

MOST = 1000


def newest(ctx: Ctx) -> int:
    """The highest number of an event, before the request records its own."""
    row = ctx.db.row("SELECT COALESCE(MAX(id), 0) FROM events")
    assert row is not None
    return int(row[0])


def seen_since(ctx: Ctx, number: int) -> list[int] | None:
    """The numbers of the events that this transaction recorded after `number` and that the actor may see now, after it.
    None if it recorded no event."""
    found = recorded_since(ctx, number, MOST)
    return [event.id for event in visibility.visible(ctx, found)] if found else None


def recorded_since(ctx: Ctx, number: int, limit: int) -> list[Event]:
    """The first events that this transaction recorded after `number`."""
    # On PostgreSQL, other transactions record events at the same time. On SQLite, the number is 0 for all.
    rows = ctx.db.rows(
        f"""
        SELECT {EVENTS.columns} FROM events WHERE txid = {ctx.db.dialect.this_transaction} AND id > :number
        ORDER BY id LIMIT :limit
        """,
        number=number,
        limit=limit,
    )
    return EVENTS.load_all(rows)


def hidden(ctx: Ctx, numbers: list[int]) -> str:
    """The key of the box or pipeline of the first of these events that the actor may not see; empty if the actor may
    see all."""
    if not numbers:
        return ""
    wanted = set(numbers)
    rows = ctx.db.rows(
        f"SELECT {EVENTS.columns} FROM events WHERE id BETWEEN :first AND :last", first=numbers[0], last=numbers[-1]
    )
    found = [event for event in EVENTS.load_all(rows) if event.id in wanted]
    seen = {event.id for event in visibility.visible(ctx, found)}
    return next((event.box_key or event.pipeline_key or str(event.id) for event in found if event.id not in seen), "")
