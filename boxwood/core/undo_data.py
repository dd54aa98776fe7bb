"""Old values that an undo needs and an event must not hold, stored for 30 days.

These are addresses and secrets, which not every reader of events may see, and the field values that were deleted with
an option or a field, of which there may be a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from ..db.engine import Db
from ..errors import Conflict
from ..lib.durations import DAY
from .context import Ctx

if TYPE_CHECKING:
    from .events import Event

LASTS = 30 * DAY
AT_ONCE = 500


def store(ctx: Ctx, event_id: int, held: dict[str, Any]) -> None:
    """Store data for the undo of this event."""
    ctx.db.run(
        "INSERT INTO edits (event_id, held, at) VALUES (:event, :held, :now)",
        event=event_id,
        held=msgspec.json.encode(held).decode(),
        now=ctx.now,
    )


def store_members(ctx: Ctx, event_id: int, before: Any, after: Any, names: Iterable[str]) -> None:
    """Store the old and the new values of those members in `names` that the edit changed."""
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    if changed:
        versions = {"before": before, "after": after}
        store(
            ctx,
            event_id,
            {word: {name: getattr(record, name) for name in changed} for word, record in versions.items()},
        )


def find(ctx: Ctx, event_id: int) -> dict[str, Any]:
    """Return the data stored for this event. Raise `Conflict` if there is none, or it is too old."""
    row = ctx.db.row("SELECT held FROM edits WHERE event_id = :event", event=event_id)
    if row is None:
        raise Conflict("the old values are not stored any longer")
    held: dict[str, Any] = msgspec.json.decode(row[0])
    return held


def values(ctx: Ctx, event: Event) -> dict[str, Any]:
    """Return the field values that this event deleted with a field or an option; empty if it deleted none.

    Raise `Conflict` if the event is older than 30 days.
    """
    if event.at <= ctx.now - LASTS:
        raise Conflict("the values deleted with it are not stored any longer")
    row = ctx.db.row("SELECT held FROM edits WHERE event_id = :event", event=event.id)
    held: dict[str, Any] = msgspec.json.decode(row[0])["values"] if row else {}
    return held


def plain(value: Any) -> Any:
    """Return the value as plain JSON data: dicts, lists, texts and numbers."""
    return msgspec.json.decode(msgspec.json.encode(value))


def unless_changed(
    before: dict[str, Any], after: dict[str, Any], now: Any, but: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the members that still have the value an edit gave them, with their old values.

    `now` is the record as it is, `but` names members to ignore. Raise `Conflict` if a member has neither its old value
    nor the value that the edit gave it.
    """
    wanted: dict[str, Any] = {}
    for member, old in before.items():
        if member in but or (held := plain(getattr(now, member))) == old:
            continue
        if held != after.get(member):
            raise Conflict(f"{member.replace('_', ' ')} was changed since")
        wanted[member] = old
    return wanted


def delete_expired(db: Db, now: int) -> int:
    """Delete some of the data that is older than 30 days, and return how many rows."""
    rows = db.rows(
        "SELECT event_id FROM edits WHERE at < :before ORDER BY at LIMIT :limit", before=now - LASTS, limit=AT_ONCE
    )
    db.many("DELETE FROM edits WHERE event_id = :event", [{"event": event} for (event,) in rows])
    return len(rows)
