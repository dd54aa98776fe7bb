"""Tables: all boxes of a pipeline that pass, in groups and in order, by their keys alone, with figures of each group.

Whoever shows ten thousand rows needs to know where each stands and reads those in sight (`boxes/batch`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid
from ..context import Ctx
from ..pipelines.columns import GROUPED, MAGIC, UNSET, WORDS, Column
from ..records import StoredBox
from . import listing, saved_views
from . import sums as column_sums
from .board import of_view
from .selections import Selection, Wish, ordering

MOST_ROWS = 100_000
STAGE = "stage"


class TableGroup(msgspec.Struct, frozen=True):
    """`key` tells it from the others, empty for boxes without a value. Of moments, the month (UTC) as 2026-03."""

    key: str
    value: Any
    sums: dict[str, float]
    box_keys: list[str]


class TablePage(NamedTuple):
    chosen: Selection
    by: str
    groups: list[TableGroup]
    boxes: list[StoredBox]
    """The first ones, in order."""
    more: bool
    """There are more than MOST_ROWS, which are left out."""
    wishes: set[Wish]


def read(
    ctx: Ctx,
    pipeline_key: str,
    *,
    view_key: str = "",
    tree: Any = None,
    sort: list[str] | None = None,
    shown: list[str] | None = None,
    by: str | None = None,
    sums: list[str],
    limit: int,
) -> TablePage:
    """A view gives what is not given; `by` is any column, empty for one group of all, None for the view's."""
    view = saved_views.get(ctx, pipeline_key, view_key) if view_key else None
    if view:
        tree, sort, shown = of_view(view, tree, sort, shown)
    if by is None:
        by = (view.group_by or "") if view else STAGE
    chosen = Selection(ctx, pipeline_key, tree=tree, sort=sort, shown=shown)
    column = chosen.column(by, "by") if by else None
    numbers = column_sums.columns(chosen, sums)
    rows, params = _query(chosen, column, numbers)
    found = ctx.db.rows(rows, **{**params, "now": ctx.now, "most": MOST_ROWS + 1})
    groups = _grouped(chosen, column, list(numbers), found[:MOST_ROWS])
    first = [key for group in groups for key in group.box_keys[:limit]][:limit]
    wishes = {Wish(chosen.pipeline.key, one.field.key, one.form) for one, _ in chosen.sorts if one.field and one.form}
    name = column.name if column else ""
    return TablePage(chosen, name, groups, listing.by_keys(ctx, first), len(found) > MOST_ROWS, wishes)


def _query(chosen: Selection, column: Column | None, numbers: dict[str, Column]) -> tuple[str, dict[str, Any]]:
    group = _kept(chosen, column) if column else "NULL"
    told = ", ".join(["b.key", group, *(each.sorts[0] for each in numbers.values())])
    order = ", ".join(part.sql + (" DESC" if part.descending else "") for part in ordering(chosen.sorts))
    params = {**chosen.params, **(column.params if column else {}), **column_sums.params(chosen.ctx, numbers)}
    return f"SELECT {told} FROM boxes b WHERE {chosen.where} ORDER BY {order} LIMIT :most", params


def _kept(chosen: Selection, column: Column) -> str:
    """What a box's group is told by, in SQL: JSON of fields and lists, else the plain value."""
    dialect = chosen.ctx.db.dialect
    if column.field:
        return dialect.member("b.fields", column.field.key)
    if column.is_list:
        if column.name not in GROUPED:
            raise Invalid("by", f"{column.name!r} makes no groups")
        return GROUPED[column.name]
    return MAGIC[column.name].sql(dialect) if column.name in MAGIC else column.sorts[0]


def _grouped(chosen: Selection, column: Column | None, names: list[str], rows: list[Any]) -> list[TableGroup]:
    """In the order of stages or options, else of values; unset ones last. Empty ones only of stages and options."""
    known = _known(chosen, column)
    places: dict[str, tuple[Any, list[Any]]] = {key: (key, []) for key in known}
    seen: dict[Any, tuple[str, Any]] = {}
    for row in rows:
        kept = row[1]
        if kept not in seen:
            seen[kept] = _told(column, kept)
        key, value = seen[kept]
        places.setdefault(key, (value, []))[1].append(row)
    order = {key: at for at, key in enumerate(known)}
    keys = sorted(places, key=lambda key: (key == "", order.get(key, len(order)), *_rank(places[key][0], key)))
    mixed = {at for at in range(len(names)) if any(_is_word(row[at + 2]) for row in rows)}
    return [
        TableGroup(
            key,
            places[key][0] if key else None,
            {
                name: column_sums.rounded(sum(row[at + 2] for row in places[key][1] if row[at + 2] < float(WORDS)))
                for at, name in enumerate(names)
                if at not in mixed
            },
            [row[0] for row in places[key][1]],
        )
        for key in keys
        if key in order or places[key][1]
    ]


def _known(chosen: Selection, column: Column | None) -> list[str]:
    """The keys of groups that are there even when nothing is in them."""
    if column is None:
        return [""]
    if column.name == STAGE:
        return chosen.pipeline.stage_order
    if column.field and column.field.type == "DROPDOWN":
        return [option.key for option in column.field.options]
    return []


def _told(column: Column | None, kept: Any) -> tuple[str, Any]:
    """The group's key and value of what `_kept` gave."""
    if column is None or kept is None:
        return "", None
    value = msgspec.json.decode(kept) if column.field or column.is_list else kept
    if column.kind == "flag":
        return ("true", True) if value is True else ("", None)
    if isinstance(value, float) and value >= float(UNSET):
        return "", None
    if column.kind == "moment":
        month = _month(value)
        return month, month
    if isinstance(value, list):
        if column.is_list and not column.field:
            value = [one["key"] if isinstance(one, dict) else one for one in value]
        keys = sorted(one.get("userKey") or one.get("email", "") if isinstance(one, dict) else one for one in value)
        return (msgspec.json.encode(keys).decode(), value) if value else ("", None)
    value = column_sums.rounded(value) if isinstance(value, float) else value
    return str(value), value


def _month(moment: float) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m")


def _rank(value: Any, key: str) -> tuple[int, float, str]:
    """Numbers before words, small ones first."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return 0, value, ""
    return 1, 0.0, key.casefold()


def _is_word(number: float) -> bool:
    return float(WORDS) <= number < float(UNSET)
