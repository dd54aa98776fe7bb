"""Tables: the keys of all boxes of a pipeline that pass a filter, in groups and in order, with the sums of each group.

A client that shows ten thousand rows needs the place of each row, and reads the visible boxes with `boxes/batch`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid
from ...lib import dates
from .. import persons
from ..boxes import box_names
from ..context import Ctx
from ..pipelines import names
from ..pipelines.columns import GROUPED, MAGIC, UNSET, WORDS, Column
from ..records import WITH_OPTIONS, StoredBox
from . import listing, saved_views
from . import sums as column_sums
from .board import with_view
from .selections import Selection, Wish, ordering

MOST_ROWS = 100_000
STAGE = "stage"


class TableGroup(msgspec.Struct, frozen=True):
    """`key` identifies the group; it is empty for boxes without a value. For dates it is the month (UTC), as
    2026-03."""

    key: str
    value: Any
    sums: dict[str, float]
    ignored: dict[str, int]
    """For each sum, how many boxes have a value that is no number; without those that have none."""
    box_keys: list[str]


class TablePage(NamedTuple):
    chosen: Selection
    by: str
    groups: list[TableGroup]
    boxes: list[StoredBox]
    """The first ones, in order."""
    more: bool
    """Whether there are more than MOST_ROWS boxes. The others are left out."""
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
    """The groups of a table and its first `limit` boxes. A view supplies what the caller does not give. `by` is the
    column to group by; empty means a single group, and None the group of the view."""
    view = saved_views.get(ctx, pipeline_key, view_key) if view_key else None
    if view:
        tree, sort, shown = with_view(view, tree, sort, shown)
    if by is None:
        by = (view.group_by or "") if view else STAGE
    chosen = Selection(ctx, pipeline_key, tree=tree, sort=sort, shown=shown)
    column = chosen.column(by, "by") if by else None
    numbers = column_sums.columns(chosen, sums)
    rows, params = _query(chosen, column, numbers)
    found = ctx.db.rows(rows, **{**params, "now": ctx.now, "most": MOST_ROWS + 1})
    groups = _grouped(chosen, column, list(numbers), found[:MOST_ROWS])
    first = [key for group in groups for key in group.box_keys[:limit]][:limit]
    sorted_by = [column for column, _ in chosen.sorts]
    wishes = {Wish(chosen.pipeline.key, it.field.key, it.form) for it in sorted_by if it.field and it.form}
    name = column.name if column else ""
    return TablePage(chosen, name, groups, listing.by_keys(ctx, first), len(found) > MOST_ROWS, wishes)


def name_of(found: TablePage, group: TableGroup) -> Any:
    """The name of a group: of its stage, of its options or of its users. UNSET if its value is no key."""
    ctx, column = found.chosen.ctx, found.chosen.column(found.by, "by") if found.by else None
    if column is None or not group.key:
        return msgspec.UNSET
    if column.name == STAGE:
        return names.stage_names(ctx, found.chosen.pipeline).get(group.key, group.key)
    if column.field and column.field.type in WITH_OPTIONS:
        return box_names.label(column.field, group.value)
    if column.kind in ("user", "users"):
        keys = group.value if isinstance(group.value, list) else [group.value]
        people = persons.by_key(ctx, keys)
        shown = [people[key].full_name if key in people else key for key in keys]
        return shown if column.is_list else shown[0]
    return msgspec.UNSET


def _query(chosen: Selection, column: Column | None, numbers: dict[str, Column]) -> tuple[str, dict[str, Any]]:
    group = _group_sql(chosen, column) if column else "NULL"
    select_columns = ", ".join(["b.key", group, *(each.sorts[0] for each in numbers.values())])
    order = ", ".join(part.sql + (" DESC" if part.descending else "") for part in ordering(chosen.sorts))
    params = {**chosen.params, **(column.params if column else {}), **column_sums.params(chosen.ctx, numbers)}
    return f"SELECT {select_columns} FROM boxes b WHERE {chosen.where} ORDER BY {order} LIMIT :most", params


def _group_sql(chosen: Selection, column: Column) -> str:
    """The SQL expression for a box's group: JSON for fields and lists, or else the plain value."""
    dialect = chosen.ctx.db.dialect
    if column.field:
        return dialect.member("b.fields", column.field.key)
    if column.is_list:
        if column.name not in GROUPED:
            raise Invalid("by", f"boxes cannot be grouped by {column.name!r}")
        return GROUPED[column.name]
    return MAGIC[column.name].sql(dialect) if column.name in MAGIC else column.sorts[0]


def _grouped(chosen: Selection, column: Column | None, sums: list[str], rows: list[Any]) -> list[TableGroup]:
    """The groups in the order of stages or options, or else of their values; boxes without a value are last. Only
    stages and options have empty groups."""
    known = _fixed_keys(chosen, column)
    places: dict[str, tuple[Any, list[Any]]] = {key: (key, []) for key in known}
    seen: dict[Any, tuple[str, Any]] = {}
    for row in rows:
        stored = row[1]
        if stored not in seen:
            seen[stored] = _group_of(column, stored)
        key, value = seen[stored]
        places.setdefault(key, (value, []))[1].append(row)
    order = {key: at for at, key in enumerate(known)}
    keys = sorted(places, key=lambda key: (key == "", order.get(key, len(order)), *_rank(places[key][0], key)))
    worded = {at for at in range(len(sums)) if _is_mostly_words(row[at + 2] for row in rows)}
    return [
        TableGroup(
            key,
            places[key][0] if key else None,
            {
                name: column_sums.rounded(sum(row[at + 2] for row in places[key][1] if row[at + 2] < float(WORDS)))
                for at, name in enumerate(sums)
                if at not in worded
            },
            {
                name: count
                for at, name in enumerate(sums)
                if at not in worded and (count := sum(_is_word(row[at + 2]) for row in places[key][1]))
            },
            [row[0] for row in places[key][1]],
        )
        for key in keys
        if key in order or places[key][1]
    ]


def _fixed_keys(chosen: Selection, column: Column | None) -> list[str]:
    """The keys of groups that exist even if they are empty."""
    if column is None:
        return [""]
    if column.name == STAGE:
        return chosen.pipeline.stage_order
    if column.field and column.field.type == "DROPDOWN":
        return [option.key for option in column.field.options]
    return []


def _group_of(column: Column | None, stored: Any) -> tuple[str, Any]:
    """The key and the value of the group, from the value of `_group_sql`."""
    if column is None or stored is None:
        return "", None
    value = msgspec.json.decode(stored) if column.field or column.is_list else stored
    if column.kind == "flag":
        return ("true", True) if value is True else ("", None)
    if isinstance(value, float) and value >= float(UNSET):
        return "", None
    if column.kind == "moment":
        month = dates.to_datetime(value).date().isoformat()[:7]
        return month, month
    if isinstance(value, list):
        if column.is_list and not column.field:
            value = [item["key"] if isinstance(item, dict) else item for item in value]
        keys = sorted(it.get("userKey") or it.get("email", "") if isinstance(it, dict) else it for it in value)
        return (msgspec.json.encode(keys).decode(), value) if value else ("", None)
    value = column_sums.rounded(value) if isinstance(value, float) else value
    if isinstance(value, dict):  # a formula that failed: boxes with the same error form a group
        return msgspec.json.encode(value, order="sorted").decode(), value
    if isinstance(value, bool):
        return ("true" if value else "false"), value
    return str(value), value


def _rank(value: Any, key: str) -> tuple[int, float, str]:
    """The sort key of a group: numbers before texts, small numbers first."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return 0, value, ""
    return 1, 0.0, key.casefold()


def _is_mostly_words(numbers: Iterable[float]) -> bool:
    """Whether most values are words: such a column has no sums."""
    words = counted = 0
    for number in numbers:
        words += _is_word(number)
        counted += number < float(WORDS)
    return words > counted


def _is_word(number: float) -> bool:
    return float(WORDS) <= number < float(UNSET)
