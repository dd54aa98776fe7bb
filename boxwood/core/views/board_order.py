"""The order of boxes on the board of a pipeline, which is the same for all users.

The order of a board column is a list of box keys: boxes that were put in a place come first, in the order of the list,
then all others, the oldest first. Boxes that have left the column are skipped, and removed when the list is stored the
next time. Golden boxes are at the top.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid
from .. import boxes, events
from ..context import Ctx
from ..pipelines.columns import Column
from ..records import Box
from .selections import Selection

STAGE = "stage"
MOST = 100
"""Places of a column that are stored. Below them, boxes are ordered by age."""
MOST_GOLDEN = 100


class BoardPosition(NamedTuple):
    box: Box
    by: str
    lane: str
    golden: bool


def put(ctx: Ctx, key: str, given: dict[str, Any]) -> BoardPosition:
    """Put a box below the box `after` of its column (None: at the top), on the board by stages or by the dropdown field
    `by`. `golden` marks the box or removes the mark. The actor must be allowed to change the box."""
    box, pipeline, _ = boxes.reach(ctx, key, "UPDATE")
    chosen = Selection(ctx, pipeline.key)
    column = grouping(chosen, given.get("by") or STAGE)
    by = column.name
    if given.get("golden") is not None:
        _set_golden(ctx, box, given["golden"])
    golden = golden_of(ctx, pipeline.key)
    lane = lane_of(box, by)
    if "after" in given:
        above = given["after"] or None
        keys = _with_box(ctx, chosen, column, box, lane, None if above in golden else above)
        _store(ctx, pipeline.key, by, lane, keys)
        events.record(ctx, "box.placed", box, pipeline=pipeline, box=box)
    return BoardPosition(box, by, lane, box.key in golden)


def grouping(chosen: Selection, by: str) -> Column:
    """The stage or the dropdown field by which a board is grouped."""
    column = chosen.column(by, "by")
    if column.name == STAGE or (column.field and column.field.type == "DROPDOWN"):
        return column
    raise Invalid("by", "must be stage, or the key or name of a dropdown field")


def lane_of(box: Box, by: str) -> str:
    """The key of the board column that the box is in; empty if the field has no value."""
    return box.stage_key if by == STAGE else box.fields.get(by, "")


def golden_of(ctx: Ctx, pipeline_key: str) -> list[str]:
    """The keys of the golden boxes of a pipeline, in the order in which they were marked."""
    sql = "SELECT box_key FROM golden_boxes WHERE pipeline_key = :pipeline ORDER BY marked_at, box_key"
    return [row[0] for row in ctx.db.rows(sql, pipeline=pipeline_key)]


def orders_of(ctx: Ctx, pipeline_key: str, by: str) -> dict[str, list[str]]:
    """The stored order of each board column. It may contain boxes that have left the column."""
    sql = "SELECT lane, box_keys FROM board_orders WHERE pipeline_key = :pipeline AND by_key = :by"
    return {lane: _keys(keys) for lane, keys in ctx.db.rows(sql, pipeline=pipeline_key, by=by)}


_keys = msgspec.json.Decoder(list[str]).decode


def _with_box(ctx: Ctx, chosen: Selection, column: Column, box: Box, lane: str, after: str | None) -> list[str]:
    """The order of the column with the box in its place. All boxes above it are in the list too."""
    others = [key for key in _stored(ctx, chosen, column, lane) if key != box.key]
    if after is None:
        return [box.key, *others][:MOST]
    if after not in others:
        others += _down_to(ctx, chosen, column, lane, after, [*others, box.key])
    at = others.index(after) + 1
    if at >= MOST:
        raise Invalid("after", f"must be among the first {MOST} boxes of the column")
    return [*others[:at], box.key, *others[at:]][:MOST]


def _stored(ctx: Ctx, chosen: Selection, column: Column, lane: str) -> list[str]:
    """The stored order without boxes that have left the column. The row is locked."""
    row = ctx.db.row(
        f"""
        SELECT box_keys FROM board_orders
        WHERE pipeline_key = :pipeline AND by_key = :by AND lane = :lane{ctx.db.for_update}
        """,
        pipeline=chosen.pipeline.key,
        by=column.name,
        lane=lane,
    )
    keys = _keys(row[0]) if row else []
    sql = f"""
        SELECT b.key FROM boxes b WHERE b.pipeline_key = :pipeline AND {column.sorts[0]} = :lane
            AND {ctx.db.dialect.among("b.key", "keys")}
    """
    params = {**column.params, "pipeline": chosen.pipeline.key, "lane": lane, "keys": ctx.db.texts(keys)}
    there = {found for (found,) in ctx.db.rows(sql, **params)}
    return [key for key in keys if key in there]


def _down_to(ctx: Ctx, chosen: Selection, column: Column, lane: str, after: str, without: list[str]) -> list[str]:
    """The boxes of the column without a stored place, the oldest first, down to the box `after`. Only boxes that the
    actor may see."""
    sql = f"""
        SELECT b.key FROM boxes b WHERE {chosen.where} AND {column.sorts[0]} = :lane
            AND NOT {ctx.db.dialect.among("b.key", "without")}
        ORDER BY b.created_at, b.key LIMIT :most
    """
    params = {**chosen.params, **column.params, "now": ctx.now, "lane": lane, "without": ctx.db.texts(without)}
    found = [key for (key,) in ctx.db.rows(sql, **params, most=MOST)]
    if after not in found:
        raise Invalid("after", f"must be among the first {MOST} boxes of this column")
    return found[: found.index(after) + 1]


def _store(ctx: Ctx, pipeline_key: str, by: str, lane: str, keys: list[str]) -> None:
    ctx.db.run(
        """
        INSERT INTO board_orders (pipeline_key, by_key, lane, box_keys) VALUES (:pipeline, :by, :lane, :keys)
        ON CONFLICT (pipeline_key, by_key, lane) DO UPDATE SET box_keys = excluded.box_keys
        """,
        pipeline=pipeline_key,
        by=by,
        lane=lane,
        keys=msgspec.json.encode(keys).decode(),
    )


def _set_golden(ctx: Ctx, box: Box, golden: bool) -> None:
    pipeline = boxes.pipeline_of(ctx, box)
    if not golden:
        if ctx.db.run("DELETE FROM golden_boxes WHERE box_key = :key", key=box.key):
            events.record(ctx, "box.unmarked", box, pipeline=pipeline, box=box)
        return
    if len(golden_of(ctx, pipeline.key)) >= MOST_GOLDEN:
        raise Invalid("golden", f"a pipeline must not have more than {MOST_GOLDEN} golden boxes: unmark one first")
    sql = """
        INSERT INTO golden_boxes (box_key, pipeline_key, marked_at) VALUES (:key, :pipeline, :now)
        ON CONFLICT (box_key) DO NOTHING
    """
    if ctx.db.run(sql, key=box.key, pipeline=pipeline.key, now=ctx.now):
        events.record(ctx, "box.marked", box, pipeline=pipeline, box=box)
