"""What hangs on a box - a task, a comment, a meeting: reached as its box is, gone with it.

It may be seen where the box is seen and touched where the box may be changed (spec 6.2).
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
    """The part, if the actor may see its box."""
    row = ctx.db.row(f"SELECT {table.columns}, box_key FROM {table.name} WHERE key = :key", key=key)
    try:
        if row is None:
            raise NotFound(key)
        boxes.get(ctx, row[-1])
    except NotFound:
        raise NotFound(key) from None
    return table.load(row)


def reach(ctx: Ctx, table: Table[R], key: str) -> tuple[R, Box, Pipeline, Role]:
    """The part and its box, to change them: alone, since the box is held until the commit."""
    row = ctx.db.row(f"SELECT box_key FROM {table.name} WHERE key = :key", key=key)
    try:
        if row is None:
            raise NotFound(key)
        box, pipeline, role = boxes.reach(ctx, row[0], "UPDATE")
    except NotFound:
        raise NotFound(key) from None
    # Read once the box is held: whoever held it before may have changed or deleted this.
    row = ctx.db.row(f"SELECT {table.columns} FROM {table.name} WHERE key = :key", key=key)
    if row is None:
        raise NotFound(key)
    return table.load(row), box, pipeline, role
