"""Where boxes stand on their pipeline's board, for everyone who sees it.

A column's order is one list of keys: those that were put in a place come first, as the list has them, then the others,
the oldest first. What left the column is skipped, and forgotten when the list is written next. Golden boxes stand
above all.
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
"""How many places of a column are kept: further down, age will do."""
MOST_GOLDEN = 100


class BoardPosition(NamedTuple):
    box: Box
    by: str
    lane: str
    golden: bool


def put(ctx: Ctx, key: str, given: dict[str, Any]) -> BoardPosition:
    """Below the box `after` of its column (None: at the top), on the board `by` stages or a dropdown field; `golden`
    marks it or takes the mark away. For those who may change the box."""
    box, pipeline, _ = boxes.reach(ctx, key, "UPDATE")
    by = given.get("by") or STAGE
    chosen = Selection(ctx, pipeline.key)
    column = grouping(chosen, by)
    if given.get("golden") is not None:
        _mark(ctx, box, given["golden"])
    golden = golden_of(ctx, pipeline.key)
    lane = lane_of(box, by)
    if "after" in given:
        above = given["after"] or None
        keys = _placed(ctx, chosen, column, box, lane, None if above in golden else above)
        _write(ctx, pipeline.key, by, lane, keys)
        events.record(ctx, "box.placed", box, pipeline=pipeline, box=box)
    return BoardPosition(box, by, lane, box.key in golden)


def grouping(chosen: Selection, by: str) -> Column:
    """The column that a board has its columns of."""
    column = chosen.column(by, "by")
    if column.name == STAGE or (column.field and column.field.type == "DROPDOWN"):
        return column
    raise Invalid("by", "is stage, or the key of a dropdown field")


def lane_of(box: Box, by: str) -> str:
    """Empty where the field is unset."""
    return box.stage_key if by == STAGE else box.fields.get(by, "")


def golden_of(ctx: Ctx, pipeline_key: str) -> list[str]:
    """The first that was marked first."""
    sql = "SELECT box_key FROM golden_boxes WHERE pipeline_key = :pipeline ORDER BY marked_at, box_key"
    return [row[0] for row in ctx.db.rows(sql, pipeline=pipeline_key)]


def orders_of(ctx: Ctx, pipeline_key: str, by: str) -> dict[str, list[str]]:
    """The places that are kept, by column; those that left it may be among them."""
    sql = "SELECT lane, box_keys FROM board_orders WHERE pipeline_key = :pipeline AND by_key = :by"
    return {lane: _keys(held) for lane, held in ctx.db.rows(sql, pipeline=pipeline_key, by=by)}


_keys = msgspec.json.Decoder(list[str]).decode


def _placed(ctx: Ctx, chosen: Selection, column: Column, box: Box, lane: str, after: str | None) -> list[str]:
    """The column's list with the box in its place; all above it have one too from then on."""
    kept = [key for key in _held(ctx, chosen, column, lane) if key != box.key]
    if after is None:
        return [box.key, *kept][:MOST]
    if after not in kept:
        kept += _down_to(ctx, chosen, column, lane, after, [*kept, box.key])
    at = kept.index(after) + 1
    if at >= MOST:
        raise Invalid("after", f"is further down than places are kept: {MOST} of a column")
    return [*kept[:at], box.key, *kept[at:]][:MOST]


def _held(ctx: Ctx, chosen: Selection, column: Column, lane: str) -> list[str]:
    """Those of the list that are still in the column, alone."""
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
    """Those without a place, the oldest first, as far as this one, of what the actor sees."""
    sql = f"""
        SELECT b.key FROM boxes b WHERE {chosen.where} AND {column.sorts[0]} = :lane
            AND NOT {ctx.db.dialect.among("b.key", "without")}
        ORDER BY b.created_at, b.key LIMIT :most
    """
    params = {**chosen.params, **column.params, "now": ctx.now, "lane": lane, "without": ctx.db.texts(without)}
    found = [key for (key,) in ctx.db.rows(sql, **params, most=MOST)]
    if after not in found:
        raise Invalid("after", f"is no box among the first {MOST} of this column")
    return found[: found.index(after) + 1]


def _write(ctx: Ctx, pipeline_key: str, by: str, lane: str, keys: list[str]) -> None:
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


def _mark(ctx: Ctx, box: Box, golden: bool) -> None:
    pipeline = boxes.pipeline_of(ctx, box)
    if not golden:
        if ctx.db.run("DELETE FROM golden_boxes WHERE box_key = :key", key=box.key):
            events.record(ctx, "box.unmarked", box, pipeline=pipeline, box=box)
        return
    if len(golden_of(ctx, pipeline.key)) >= MOST_GOLDEN:
        raise Invalid("golden", f"marks the few that matter: a pipeline has at most {MOST_GOLDEN}")
    sql = """
        INSERT INTO golden_boxes (box_key, pipeline_key, marked_at) VALUES (:key, :pipeline, :now)
        ON CONFLICT (box_key) DO NOTHING
    """
    if ctx.db.run(sql, key=box.key, pipeline=pipeline.key, now=ctx.now):
        events.record(ctx, "box.marked", box, pipeline=pipeline, box=box)
