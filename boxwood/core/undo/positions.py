"""How far the undo of a large change is. One request undoes a part of it, and the next request continues there."""

from __future__ import annotations

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...lib.durations import DAY
from ..context import Ctx

LASTS = DAY
"""An undo that was not continued for so long begins again at the last event."""


class Position(msgspec.Struct, frozen=True):
    change_key: str
    actor_key: str
    within: str
    undo_key: str
    """The change that all parts of the undo share; empty as long as nothing was undone."""
    before_id: int
    """The events with lower ids are left."""
    total: int
    """The number of the change's events."""
    passed: int
    """How many of them were looked at."""
    undone: int
    """How many of them were undone."""
    at: int


POSITIONS = Table("undos", Position)
_MINE = "change_key = :change AND actor_key = :actor AND within = :within"


def find(ctx: Ctx, change: str) -> Position | None:
    """Where the actor's undo of this change continues; None if it begins."""
    row = ctx.db.row(
        f"SELECT {POSITIONS.columns} FROM undos WHERE {_MINE} AND at > :since{ctx.db.for_update}",
        change=change,
        since=ctx.now - LASTS,
        **ctx.who,
    )
    return POSITIONS.load(row) if row else None


def store(ctx: Ctx, position: Position) -> None:
    forget(ctx, position.change_key)
    POSITIONS.insert(ctx.db, position)


def forget(ctx: Ctx, change: str) -> None:
    """The actor's undo of this change is complete."""
    ctx.db.run(f"DELETE FROM undos WHERE {_MINE}", change=change, **ctx.who)


def forget_undo(ctx: Ctx, undo_key: str) -> None:
    """An undo that was not complete is itself undone, so it begins again."""
    ctx.db.run("DELETE FROM undos WHERE undo_key = :key", key=undo_key)


def delete_expired(db: Db, now: int) -> int:
    """Delete positions that no request used for a day. Returns 0, because none is left."""
    db.run("DELETE FROM undos WHERE at < :before", before=now - LASTS)
    return 0
