"""Boards: the boxes of a pipeline in columns, one for each stage or option, with the number of boxes and the sums of
each column."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid
from ...lib import numbers
from .. import pipelines
from ..context import Ctx
from ..pipelines import names, schema
from ..pipelines.columns import Column
from ..records import Stage, StoredBox
from . import board_order, board_totals, saved_views
from . import sums as column_sums
from .board_totals import Totals, TotalsQuery
from .saved_views import View
from .selections import BoxPage, Selection, Wish

SHOWN = 50
MOST_SHOWN = 200
MOST_BOXES = 5000
"""Boxes on a whole board. If there are many columns, each starts with fewer boxes."""
UNSET = ""
"""The key of the board column with the boxes that have no value."""
_values = msgspec.json.Decoder(dict[str, Any]).decode


class Lane(msgspec.Struct, frozen=True):
    """A column of a board. `stage` is None on a board by the options of a field."""

    key: str
    name: str
    stage: Stage | None
    count: int
    sums: dict[str, float]
    ignored: dict[str, int]
    """For each sum, how many boxes have a value that is no number; without those that have none."""
    page: BoxPage
    golden: list[str]
    """The keys of the shown boxes that are golden."""


class Board(NamedTuple):
    chosen: Selection
    by: str
    lanes: list[Lane]
    wishes: set[Wish]


def version(ctx: Ctx, pipeline_key: str, view_key: str) -> tuple[Any, ...]:
    """A value that differs after each change of the pipeline, its boxes, the view, the names of its members, or what
    the actor may see. It uses the last 64 events, not only the newest, because on PostgreSQL an event with a lower
    number can appear later. Formulas that are computed again without an event change their run or their due date."""
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    view = saved_views.get(ctx, pipeline_key, view_key) if view_key else None
    row = ctx.db.row(
        f"""
        SELECT COUNT(*), COALESCE(SUM(id), 0), {board_totals.FORMULA_STATE},
            (SELECT MAX(updated_at) FROM users WHERE key IN (
                SELECT user_key FROM team_members WHERE team_key = :team
                UNION ALL SELECT user_key FROM pipeline_members WHERE pipeline_key = :pipeline))
        FROM (SELECT id FROM events WHERE pipeline_key = :pipeline ORDER BY id DESC LIMIT 64) last
        """,
        pipeline=pipeline.key,
        team=pipeline.team_key,
    )
    assert row is not None
    return (pipeline, role, view, *(None if value is None else str(value) for value in row))


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
    totals: Totals | None = None,
) -> Board:
    """The first boxes of each column, and the number and sums of all boxes that pass the filter.

    A view supplies what the caller does not give: its filter holds in addition to `tree`; its order, columns and group
    are used unless others are given. `by` is `stage` or the key of a dropdown field. Without `sums`, all fields are
    summed that have only numbers in the shown boxes. With `only`, the board has only this column, from the `cursor` on.
    With a `limit` of 0 there are only numbers and sums, no boxes. These come from `totals` if possible, or else are
    counted from all boxes.

    Golden boxes come first in their column. Unless an order is given, the boxes that were put in a place follow. Both
    are always shown, do not count against `limit`, and are only on the first page.
    """
    view = saved_views.get(ctx, pipeline_key, view_key) if view_key else None
    if view:
        tree, sort, shown = with_view(view, tree, sort, shown)
    chosen = Selection(ctx, pipeline_key, tree=tree, sort=sort, shown=shown)
    column = _grouped(chosen, by, view)
    keys = _keys(ctx, chosen, column)
    if only is not None and only not in keys:
        only = names.require({key: name for key, (name, _) in keys.items()}, only, "column", "column")
    if cursor and only is None:
        raise Invalid("cursor", "is only possible with column: give the column to continue")
    wanted = list(keys) if only is None else [only]
    most = min(limit, max(1, MOST_BOXES // len(wanted)))
    golden = board_order.golden_of(ctx, chosen.pipeline.key)
    orders = {} if chosen.order else board_order.orders_of(ctx, chosen.pipeline.key, column.name)
    pages = {
        key: _page(chosen, column, key, list(dict.fromkeys([*golden, *orders.get(key, [])])), cursor, most)
        for key in wanted
    }
    summed = _sums_of(chosen, sums, [box for page in pages.values() for box in page.boxes])
    figures = _figures(ctx, chosen, column, summed, only, totals)
    lanes = []
    for key in wanted:
        count, totals_of, ignored = figures.get(key, (0, {}, {}))
        marked = _golden_on(pages[key], golden)
        lanes.append(Lane(key, *keys[key], count, totals_of, ignored, pages[key], marked))
    wishes = {wish for page in pages.values() for wish in page.wishes}
    if column.field:
        wishes.add(Wish(chosen.pipeline.key, column.field.key, column.form))
    return Board(chosen, column.name, lanes, wishes)


def with_view(
    view: View, tree: Any, sort: list[str] | None, shown: list[str] | None
) -> tuple[Any, list[str], list[str] | None]:
    """The given filter, order and columns, completed by those of the view."""
    if view.filter:
        tree = {"and": [view.filter, tree]} if tree else view.filter
    seen = [column.key for column in view.columns if not column.hidden]
    return tree, sort or view.sort, list(dict.fromkeys([*seen, *(shown or [])]))


def _grouped(chosen: Selection, by: str, view: View | None) -> Column:
    if by:
        return board_order.grouping(chosen, by)
    grouped = chosen.column((view and view.group_by) or board_order.STAGE, "by")
    return grouped if grouped.field and grouped.field.type == "DROPDOWN" else chosen.column(board_order.STAGE, "by")


def _page(chosen: Selection, column: Column, lane: str, first: list[str], cursor: str, most: int) -> BoxPage:
    """All of the boxes `first`, then a page of the others in their order."""
    if most == 0:
        return BoxPage([], None, [], set())
    test = f"{column.sorts[0]} = :lane"
    if not first:
        return chosen.page(cursor, most, test=test, lane=lane)
    others = f"{test} AND NOT {chosen.ctx.db.dialect.among('b.key', 'first')}"
    rest = chosen.page(cursor, most, test=others, lane=lane, first=chosen.ctx.db.texts(first))
    if cursor:
        return rest
    top = chosen.by_keys(first, test=test, lane=lane)
    return rest._replace(boxes=[*top.boxes, *rest.boxes], columns=[*top.columns, *rest.columns])


def _golden_on(page: BoxPage, golden: list[str]) -> list[str]:
    return [box.key for box in page.boxes if box.key in golden]


def _keys(ctx: Ctx, chosen: Selection, column: Column) -> dict[str, tuple[str, Stage | None]]:
    """The name of each column, and its stage if the board is by stages, by the column's key and in order."""
    if column.field is None:
        known = schema.stages(ctx, [chosen.pipeline.key])[chosen.pipeline.key]
        return {key: (known[key].name, known[key]) for key in chosen.pipeline.stage_order}
    return {UNSET: ("", None), **{option.key: (option.name, None) for option in column.field.options}}


def _sums_of(chosen: Selection, sums: list[str] | None, shown: list[StoredBox]) -> dict[str, Column]:
    """The fields to sum: the given ones, or else the text and formula fields whose shown values are all numbers."""
    if sums is None:
        fields = [field for field in chosen.fields.values() if field.type in ("TEXT_INPUT", "FORMULA")]
        values = [_values(box.fields) for box in shown]
        by_field = {field.key: [each[field.key] for each in values if field.key in each] for field in fields}
        sums = [key for key, values in by_field.items() if values and all(_is_number(value) for value in values)]
        sums = sums[: column_sums.MOST_SUMS]
    return column_sums.columns(chosen, sums)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return numbers.read(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _figures(
    ctx: Ctx, chosen: Selection, column: Column, summed: dict[str, Column], only: str | None, totals: Totals | None
) -> dict[str, tuple[int, dict[str, float], dict[str, int]]]:
    """The number of boxes of each column, the sums of their numbers, and how many values are no numbers."""
    numbers = {name: column_sums.number(ctx, column) for name, column in summed.items()}
    numbers |= {f"{name} ignored": column_sums.left_out(ctx, column) for name, column in summed.items()}
    if totals and not chosen.filter.columns and all(column.field for column in summed.values()):
        where, params = chosen.visible
        query = TotalsQuery(chosen.pipeline.key, where, tuple(params.items()), column.sorts[0])
        found = totals.read(ctx, query, numbers)
    else:
        found = _counted(ctx, chosen, column.sorts[0], list(numbers.values()), column_sums.params(ctx, summed), only)
    return {
        key: (
            count,
            {name: column_sums.rounded(total) for name, total in zip(summed, figures, strict=False)},
            {name: int(left) for name, left in zip(summed, figures[len(summed) :], strict=True) if left},
        )
        for key, (count, *figures) in found.items()
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
