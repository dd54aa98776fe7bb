"""Boards: the boxes of a pipeline in columns, one for each stage or option, with how many each holds and their sums."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid
from .. import pipelines
from ..context import Ctx
from ..pipelines import schema
from ..pipelines.columns import Column
from ..records import Stage, StoredBox
from . import board_order, board_totals, saved_views
from . import sums as column_sums
from .board_totals import Asked, Totals
from .saved_views import View
from .selections import BoxPage, Selection, Wish

SHOWN = 50
MOST_SHOWN = 200
MOST_BOXES = 5000
"""On the whole board: with more columns, each begins with fewer."""
UNSET = ""
"""The key of the column of boxes without a value."""
_values = msgspec.json.Decoder(dict[str, Any]).decode
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)


class Lane(msgspec.Struct, frozen=True):
    """One column of a board. `stage` where there is one for each stage."""

    key: str
    name: str
    stage: Stage | None
    count: int
    sums: dict[str, float]
    page: BoxPage
    golden: list[str]
    """Keys of those shown that bear a golden mark."""


class Board(NamedTuple):
    chosen: Selection
    by: str
    lanes: list[Lane]
    wishes: set[Wish]


def version(ctx: Ctx, pipeline_key: str, view_key: str) -> tuple[Any, ...]:
    """Another after each change of the pipeline, of its boxes, of the view, of its people's names and of what the actor
    may see. Of the last events not the newest alone: on PostgreSQL one with a lower number can appear later. What is
    computed anew without an event has its run, or a later day on which it is due."""
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    view = saved_views.get(ctx, pipeline_key, view_key) if view_key else None
    row = ctx.db.row(
        f"""
        SELECT COUNT(*), COALESCE(SUM(id), 0), {board_totals.SILENT},
            (SELECT MAX(updated_at) FROM users WHERE key IN (
                SELECT user_key FROM team_members WHERE team_key = :team
                UNION ALL SELECT user_key FROM pipeline_members WHERE pipeline_key = :pipeline))
        FROM (SELECT id FROM events WHERE pipeline_key = :pipeline ORDER BY id DESC LIMIT 64) last
        """,
        pipeline=pipeline.key,
        team=pipeline.team_key,
    )
    assert row is not None
    return (pipeline, role, view, *(None if one is None else str(one) for one in row))


def read(
    ctx: Ctx,
    pipeline_key: str,
    *,
    view_key: str = "",
    tree: Any = None,
    sort: list[str] | None = None,
    shown: list[str] | None = None,
    by: str = "",
    sums: list[str] | None = None,
    only: str | None = None,
    cursor: str = "",
    limit: int = SHOWN,
    kept: Totals | None = None,
) -> Board:
    """The first boxes of every column, and the figures of all that pass.

    A view gives what is not given: its filter holds beside `tree`, its order, columns and group count unless others
    are named. `by` is `stage` or a dropdown field's key. Without `sums` those fields are summed that hold numbers in
    the boxes shown. With `only` it is that column alone, from its `cursor` on. A `limit` of 0 is for figures alone.
    Figures come from what is `kept` of them where that can tell, else from all boxes.

    Golden boxes come first in their column, then, unless an order is chosen, those that were put in a place
    (`places`): both whole, beside the `limit`, and on the first page alone.
    """
    view = saved_views.get(ctx, pipeline_key, view_key) if view_key else None
    if view:
        tree, sort, shown = of_view(view, tree, sort, shown)
    chosen = Selection(ctx, pipeline_key, tree=tree, sort=sort, shown=shown)
    column = _grouped(chosen, by, view)
    keys = _keys(ctx, chosen, column)
    if only is not None and only not in keys:
        raise Invalid("column", f"this board has no column {only[:50]!r}")
    if cursor and only is None:
        raise Invalid("cursor", "goes on in one column: name it in column")
    wanted = list(keys) if only is None else [only]
    most = min(limit, max(1, MOST_BOXES // len(wanted)))
    golden = board_order.golden_of(ctx, chosen.pipeline.key)
    orders = {} if chosen.order else board_order.orders_of(ctx, chosen.pipeline.key, column.name)
    pages = {
        key: _page(chosen, column, key, list(dict.fromkeys([*golden, *orders.get(key, [])])), cursor, most)
        for key in wanted
    }
    summed = _sums_of(chosen, sums, [box for page in pages.values() for box in page.boxes])
    figures = _figures(ctx, chosen, column, summed, only, kept)
    lanes = [
        Lane(key, *keys[key], *figures.get(key, (0, {})), pages[key], _marked(pages[key], golden)) for key in wanted
    ]
    wishes = {wish for page in pages.values() for wish in page.wishes}
    if column.field:
        wishes.add(Wish(chosen.pipeline.key, column.field.key, column.form))
    return Board(chosen, column.name, lanes, wishes)


def of_view(
    view: View, tree: Any, sort: list[str] | None, shown: list[str] | None
) -> tuple[Any, list[str], list[str] | None]:
    if view.filter:
        tree = {"and": [view.filter, tree]} if tree else view.filter
    seen = [one.key for one in view.columns if not one.hidden]
    return tree, sort or view.sort, list(dict.fromkeys([*seen, *(shown or [])]))


def _grouped(chosen: Selection, by: str, view: View | None) -> Column:
    if by:
        return board_order.grouping(chosen, by)
    grouped = chosen.column((view and view.group_by) or board_order.STAGE, "by")
    return grouped if grouped.field and grouped.field.type == "DROPDOWN" else chosen.column(board_order.STAGE, "by")


def _page(chosen: Selection, column: Column, lane: str, first: list[str], cursor: str, most: int) -> BoxPage:
    """The boxes `first` whole, then the others by their order."""
    if most == 0:
        return BoxPage([], None, [], set())
    test = f"{column.sorts[0]} = :lane"
    if not first:
        return chosen.page(cursor, most, test=test, lane=lane)
    others = f"{test} AND NOT {chosen.ctx.db.dialect.among('b.key', 'first')}"
    rest = chosen.page(cursor, most, test=others, lane=lane, first=chosen.ctx.db.texts(first))
    if cursor:
        return rest
    top = chosen.among(first, test=test, lane=lane)
    return rest._replace(boxes=[*top.boxes, *rest.boxes], columns=[*top.columns, *rest.columns])


def _marked(page: BoxPage, golden: list[str]) -> list[str]:
    return [box.key for box in page.boxes if box.key in golden]


def _keys(ctx: Ctx, chosen: Selection, column: Column) -> dict[str, tuple[str, Stage | None]]:
    """The name, and the stage if it is one, of each column by its key, in order."""
    if column.field is None:
        known = schema.stages(ctx, [chosen.pipeline.key])[chosen.pipeline.key]
        return {key: (known[key].name, known[key]) for key in chosen.pipeline.stage_order}
    return {UNSET: ("", None), **{option.key: (option.name, None) for option in column.field.options}}


def _sums_of(chosen: Selection, names: list[str] | None, shown: list[StoredBox]) -> dict[str, Column]:
    """The columns to sum: those named, else the text and formula fields whose values are numbers."""
    if names is None:
        fields = [field for field in chosen.fields.values() if field.type in ("TEXT_INPUT", "FORMULA")]
        values = [_values(box.fields) for box in shown]
        held = {field.key: [each[field.key] for each in values if field.key in each] for field in fields}
        names = [key for key, values in held.items() if values and all(_is_number(one) for one in values)]
        names = names[: column_sums.MOST_SUMS]
    return column_sums.columns(chosen, names)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= 20 and _NUMBER.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _figures(
    ctx: Ctx, chosen: Selection, column: Column, summed: dict[str, Column], only: str | None, kept: Totals | None
) -> dict[str, tuple[int, dict[str, float]]]:
    """How many boxes each column holds, and the sums of the numbers in them. What is no number adds nothing."""
    numbers = {name: column_sums.number(ctx, column) for name, column in summed.items()}
    if kept and not chosen.filter.columns and all(column.field for column in summed.values()):
        where, params = chosen.reached
        found = kept.of(ctx, Asked(chosen.pipeline.key, where, tuple(params.items()), column.sorts[0]), numbers)
    else:
        found = _counted(ctx, chosen, column.sorts[0], list(numbers.values()), column_sums.params(ctx, summed), only)
    return {
        key: (count, {name: column_sums.rounded(total) for name, total in zip(summed, sums, strict=True)})
        for key, (count, *sums) in found.items()
    }


def _counted(
    ctx: Ctx, chosen: Selection, lane: str, numbers: list[str], given: dict[str, Any], only: str | None
) -> board_totals.Figures:
    where, params = chosen.where, {**chosen.params, **given, "now": ctx.now}
    if only is not None:
        where, params = f"{where} AND {lane} = :lane", {**params, "lane": only}
    selected = ", ".join([lane, "COUNT(*)", *map(column_sums.total, numbers)])
    rows = ctx.db.rows(f"SELECT {selected} FROM boxes b WHERE {where} GROUP BY {lane}", **params)
    return {key: tuple(row) for key, *row in rows}
