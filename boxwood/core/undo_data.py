"""What an edit replaced where its event may not tell it: addresses and secrets, which are not everyone's who reads
events, and values that went with an option, which may be a hundred thousand. Kept for an undo, for 30 days."""

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


def keep(ctx: Ctx, event_id: int, held: dict[str, Any]) -> None:
    ctx.db.run(
        "INSERT INTO edits (event_id, held, at) VALUES (:event, :held, :now)",
        event=event_id,
        held=msgspec.json.encode(held).decode(),
        now=ctx.now,
    )


def keep_members(ctx: Ctx, event_id: int, before: Any, after: Any, names: Iterable[str]) -> None:
    """Of these members those that the edit changed, as they were and as they became."""
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    if changed:
        both = {word: {name: getattr(one, name) for name in changed} for word, one in _words(before, after)}
        keep(ctx, event_id, both)


def _words(before: Any, after: Any) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return ("before", before), ("after", after)


def find(ctx: Ctx, event_id: int) -> dict[str, Any]:
    """What was kept of this edit; refused where nothing was, or it is too long ago."""
    row = ctx.db.row("SELECT held FROM edits WHERE event_id = :event", event=event_id)
    if row is None:
        raise Conflict("what it was before is not kept")
    held: dict[str, Any] = msgspec.json.decode(row[0])
    return held


def values(ctx: Ctx, event: Event) -> dict[str, Any]:
    """What went with the field or the option that this edit took away; perhaps nothing."""
    if event.at <= ctx.now - LASTS:
        raise Conflict("the values that went with it are not kept any more")
    row = ctx.db.row("SELECT held FROM edits WHERE event_id = :event", event=event.id)
    held: dict[str, Any] = msgspec.json.decode(row[0])["values"] if row else {}
    return held


def plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def unless_changed(
    before: dict[str, Any], after: dict[str, Any], now: Any, but: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The members that are as an edit left them, and what they were before; refused where one is neither."""
    wanted: dict[str, Any] = {}
    for member, old in before.items():
        if member in but or (held := plain(getattr(now, member))) == old:
            continue
        if held != after.get(member):
            raise Conflict(f"{member.replace('_', ' ')} was changed since")
        wanted[member] = old
    return wanted


def forget(db: Db, now: int) -> int:
    """Let go of some that are too old; how many."""
    rows = db.rows(
        "SELECT event_id FROM edits WHERE at < :before ORDER BY at LIMIT :limit", before=now - LASTS, limit=AT_ONCE
    )
    db.many("DELETE FROM edits WHERE event_id = :event", [{"event": event} for (event,) in rows])
    return len(rows)
