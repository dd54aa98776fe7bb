"""Records that are attached to a box: tasks, comments, meetings, files, threads and messages.

A user who may see the box may see them, and a user who may change the box may change them (spec 6.2). They are deleted
with their box.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ...db.records import Table
from ...errors import NotFound
from .. import boxes
from ..access import Role
from ..context import Ctx
from ..records import Box, Pipeline

R = TypeVar("R", bound=msgspec.Struct)


def get(ctx: Ctx, table: Table[R], key: str) -> R:
    """The record with this key. Raises NotFound if it does not exist or the actor may not see its box."""
    row = ctx.db.row(f"SELECT {table.columns}, box_key FROM {table.name} WHERE key = :key", key=key)
    try:
        if row is None:
            raise NotFound(key)
        boxes.get(ctx, row[-1])
    except NotFound:
        raise NotFound(key) from None
    return table.load(row)


def list_for_box(
    ctx: Ctx,
    table: Table[R],
    box_key: str,
    *,
    limit: int,
    offset: int,
    where: str = "1 = 1",
    order: str = "created_at, key",
) -> list[R]:
    """A page of a box's records in this table, the oldest first. Raises NotFound if the actor may not see the box."""
    box = boxes.get(ctx, box_key)
    rows = ctx.db.rows(
        f"""
        SELECT {table.columns} FROM {table.name} WHERE box_key = :box AND {where}
        ORDER BY {order} LIMIT :limit OFFSET :offset
        """,
        box=box.key,
        limit=limit,
        offset=offset,
    )
    return table.load_all(rows)


def reach(ctx: Ctx, table: Table[R], key: str) -> tuple[R, Box, Pipeline, Role]:
    """The record and its box, to change them. The box is locked until the commit."""
    row = ctx.db.row(f"SELECT box_key FROM {table.name} WHERE key = :key", key=key)
    try:
        if row is None:
            raise NotFound(key)
        box, pipeline, role = boxes.reach(ctx, row[0], "UPDATE")
    except NotFound:
        raise NotFound(key) from None
    # Read after the box is locked: the request that held the lock before may have changed or deleted the record.
    row = ctx.db.row(f"SELECT {table.columns} FROM {table.name} WHERE key = :key", key=key)
    if row is None:
        raise NotFound(key)
    return table.load(row), box, pipeline, role
