"""Records that are attached to a box: tasks, comments, meetings, files, threads and messages.

A user who may see the box may see them, and a user who may change the box may change them (spec 6.2). A permission set
may also grant actions on tasks, comments, meetings and files without the box. They are deleted with their box. Of
restricted mail, other users than its owner see no files, and of private mail nothing.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from ...db.records import Table
from ...errors import NotFound
from .. import access, boxes
from ..access import Role
from ..context import Ctx
from ..records import Box, Pipeline

R = TypeVar("R", bound=msgspec.Struct)
SEES = {
    "threads": access.sees_mail("threads.key", access.PRIVATE_MAIL),
    "whole_messages": access.sees_mail("whole_messages.thread_key", access.PRIVATE_MAIL),
    "files": access.sees_mail("files.thread_key"),
}
"""SQL, by table: the actor may see this record of a box that the actor may see."""


def sees(ctx: Ctx, table: str) -> tuple[str, dict[str, str]]:
    """The SQL condition for records that the actor may see in a box that the actor may see, and its parameters."""
    return (SEES[table], {"mail_owner": ctx.mail_owner}) if table in SEES else ("1 = 1", {})


def get(ctx: Ctx, table: Table[R], key: str) -> R:
    """The record with this key. Raises NotFound if it does not exist or the actor may not see its box."""
    test, given = sees(ctx, table.name)
    row = ctx.db.row(f"SELECT {table.columns}, box_key FROM {table.name} WHERE key = :key AND {test}", key=key, **given)
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
    test, given = sees(ctx, table.name)
    rows = ctx.db.rows(
        f"""
        SELECT {table.columns} FROM {table.name} WHERE box_key = :box AND {where} AND {test}
        ORDER BY {order} LIMIT :limit OFFSET :offset
        """,
        **given,
        box=box.key,
        limit=limit,
        offset=offset,
    )
    return table.load_all(rows)


def list_for_boxes(ctx: Ctx, table: Table[R], where: str, params: dict[str, Any], *, after: str, limit: int) -> list[R]:
    """The records of this table in boxes that the actor may see, by key, after the record with the key `after`. `where`
    is the SQL condition for the boxes `b`, with the parameters `params`."""
    test, given = sees(ctx, table.name)
    rows = ctx.db.rows(
        f"""
        SELECT {table.of(table.name)} FROM {table.name} JOIN boxes b ON b.key = {table.name}.box_key
        WHERE {where} AND {test} AND {table.name}.key > :after ORDER BY {table.name}.key LIMIT :limit
        """,
        **{**params, **given, "now": ctx.now},
        after=after,
        limit=limit,
    )
    return table.load_all(rows)


ENTITIES = {"tasks": "TASK", "comments": "COMMENT", "meetings": "MEETING", "files": "FILE", "threads": "THREAD"}
"""The names that permission sets have for the records of these tables."""


def reach_box(ctx: Ctx, table: Table[R], box_key: str, action: str = "CREATE") -> tuple[Box, Pipeline, Role]:
    """The box, to add a record of this table to it. The box is locked until the commit."""
    part = (ENTITIES[table.name], action) if table.name in ENTITIES else None
    return boxes.reach(ctx, box_key, "UPDATE", part=part)


def reach(ctx: Ctx, table: Table[R], key: str, action: str = "UPDATE") -> tuple[R, Box, Pipeline, Role]:
    """The record and its box, to change them. The box is locked until the commit."""
    test, given = sees(ctx, table.name)
    row = ctx.db.row(f"SELECT box_key FROM {table.name} WHERE key = :key AND {test}", key=key, **given)
    try:
        if row is None:
            raise NotFound(key)
        box, pipeline, role = reach_box(ctx, table, row[0], action)
    except NotFound:
        raise NotFound(key) from None
    # Read after the box is locked: the request that held the lock before may have changed or deleted the record.
    row = ctx.db.row(f"SELECT {table.columns} FROM {table.name} WHERE key = :key", key=key)
    if row is None:
        raise NotFound(key)
    return table.load(row), box, pipeline, role
