"""Selections: the boxes of a pipeline that pass a filter, in an order, in pages with cursors.

A page begins after the last box of the page before (keyset pagination). So no page takes longer than the first, and
created or deleted boxes do not move others to another page. Boxes without a value come last in both directions.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from ...db.engine import Row
from ...errors import Invalid
from .. import pipelines
from ..context import Ctx
from ..pipelines import columns, schema
from ..pipelines.columns import Column
from ..pipelines.filters import Filter
from ..records import STORED, Box, Field, Pipeline, StoredBox
from . import listing

MOST_SORTS = 5
_INDEXED = (("b.created_at",), ("b.updated_at",), ("b.key",), ("b.stage_key",))
"""The sort expressions of columns that always have an index."""
MOST_COLUMNS = 600


class SortPart(NamedTuple):
    """One SQL expression of an order."""

    sql: str
    descending: bool


class Wish(NamedTuple):
    """A field that boxes were filtered or sorted by, for which an index would help."""

    pipeline_key: str
    field_key: str
    form: str


class BoxPage(NamedTuple):
    boxes: list[StoredBox]
    cursor: str | None
    """The cursor of the next page; None on the last page."""
    columns: list[dict[str, Any]]
    """The values of the requested columns, one dict for each box."""
    wishes: set[Wish]


class _Cursor(NamedTuple):
    order: str
    phase: int
    now: int
    at: list[Any]


class Selection:
    """The boxes of a pipeline that pass a filter, in an order. Created once, then read page by page."""

    def __init__(
        self,
        ctx: Ctx,
        pipeline_key: str,
        *,
        tree: Any = None,
        sort: list[str] | None = None,
        shown: list[str] | None = None,
        stage_key: str | None = None,
        since: int | None = None,
    ) -> None:
        self.ctx = ctx
        self.pipeline, role = pipelines.reach(ctx, pipeline_key)
        self.visible = listing.within(ctx, self.pipeline, role, stage_key, since)
        """The SQL condition for boxes that the actor may see, and its parameters."""
        self.where, self.params = self.visible
        if len(shown or []) > MOST_COLUMNS:
            raise Invalid("fields", f"must not be more than {MOST_COLUMNS} columns")
        self.fields = schema.fields_by_key(ctx, self.pipeline.key)
        self.filter = Filter(ctx, self.pipeline, self.fields, tree)
        self.where += f" AND {self.filter.sql}"
        self.since = since
        self.sorts = sorts(ctx, self.pipeline, self.fields, sort or [])
        self.order = ",".join(sort or [])
        self.params |= self.filter.params
        for column, _ in self.sorts:
            self.params |= column.params
        self.shown = [(name, self.column(name, f"fields[{at}]")) for at, name in enumerate(shown or [])]

    def column(self, name: str, where: str) -> Column:
        return columns.find(self.ctx, self.pipeline, self.fields, name, where)

    def page(self, cursor: str, limit: int, *, test: str = "1 = 1", **given: Any) -> BoxPage:
        """The page after the cursor. `test` is an additional SQL condition, with the parameters `given`."""
        start = _read_cursor(cursor, self.order) if cursor else _Cursor(_mark(self.order), 0, self.ctx.now, [])
        where, params = f"{self.where}{self._index_hint()} AND {test}", {**self.params, **given, "now": start.now}
        found: list[Row] = []
        phases: list[int] = []
        for phase, (part, parts) in list(enumerate(_phases(self.sorts, self.filter.columns)))[start.phase :]:
            at = start.at if phase == start.phase else []
            rows = _rows(self.ctx, f"{where} AND {part}", params, parts, at, limit + 1 - len(found))
            found += rows
            phases += [phase] * len(rows)
            if len(found) > limit:
                break
        boxes = STORED.load_all(found[:limit])
        now, next_page = self.ctx.now, None
        if len(found) > limit:
            last = found[limit - 1][len(STORED.names) :]
            next_page = _write_cursor(_mark(self.order), phases[limit - 1], start.now, last)
        return BoxPage(
            boxes,
            next_page,
            [self.reads(box.box(), now) for box in boxes] if self.shown else [],
            self.wishes(),
        )

    def _index_hint(self) -> str:
        """If no index helps, all boxes are read in the order of their creation, which is their order on the disk.
        Without this hint, SQLite may choose an index of the pipeline that reads back and forth on the disk."""
        used = [*self.filter.columns, *(column for column, _ in self.sorts)]
        served = self.since is not None or any(column.form or column.sorts in _INDEXED for column in used)
        return "" if served or not self.sorts else f" AND {self.ctx.db.dialect.along('b.created_at')}"

    def reads(self, box: Box, now: int) -> dict[str, Any]:
        """The values of the requested columns of a box."""
        return {name: column.reads(box, now) for name, column in self.shown}

    def by_keys(self, keys: list[str], *, test: str, **given: Any) -> BoxPage:
        """A page with those of these boxes that pass the filter and the test, in the order of the keys."""
        here = self.ctx.db.dialect.among("b.key", "keys")
        rows = self.ctx.db.rows(
            f"SELECT {STORED.of('b')} FROM boxes b WHERE {self.where} AND {test} AND {here}",
            **{**self.params, **given, "now": self.ctx.now, "keys": self.ctx.db.texts(keys)},
        )
        place = {key: at for at, key in enumerate(keys)}
        boxes = sorted(STORED.load_all(rows), key=lambda box: place[box.key])
        shown = [self.reads(box.box(), self.ctx.now) for box in boxes] if self.shown else []
        return BoxPage(boxes, None, shown, self.wishes())

    def wishes(self) -> set[Wish]:
        """The fields of the filter and the order that an index could serve."""
        used = [*self.filter.columns, *(column for column, _ in self.sorts)]
        return {Wish(self.pipeline.key, it.field.key, it.form) for it in used if it.field and it.form}


def page(
    ctx: Ctx,
    pipeline_key: str,
    *,
    tree: Any = None,
    sort: list[str] | None = None,
    shown: list[str] | None = None,
    stage_key: str | None = None,
    since: int | None = None,
    cursor: str = "",
    limit: int,
) -> BoxPage:
    """A page of the boxes that pass the filter `tree`, sorted by columns (descending if `-` stands before the name)."""
    chosen = Selection(ctx, pipeline_key, tree=tree, sort=sort, shown=shown, stage_key=stage_key, since=since)
    return chosen.page(cursor, limit)


def read(ctx: Ctx, box: Box, shown: list[str]) -> dict[str, Any]:
    """The values of these columns of a box."""
    if len(shown) > MOST_COLUMNS:
        raise Invalid("fields", f"must not be more than {MOST_COLUMNS} columns")
    pipeline = pipelines.get(ctx, box.pipeline_key)
    by_key = schema.fields_by_key(ctx, pipeline.key)
    found = [(name, columns.find(ctx, pipeline, by_key, name, f"fields[{at}]")) for at, name in enumerate(shown)]
    return {name: column.reads(box, ctx.now) for name, column in found}


def _rows(ctx: Ctx, where: str, params: dict[str, Any], parts: list[SortPart], at: list[Any], limit: int) -> list[Row]:
    """Rows with the members of boxes, followed by the values that they are sorted by."""
    if at:
        _check_cursor(at, parts)
        where = f"{where} AND {_after(parts)}"
        params = {**params, **{f"c{number}": value for number, value in enumerate(at)}}
    sql = f"""
        SELECT {STORED.of("b")}, {", ".join(part.sql for part in parts)} FROM boxes b WHERE {where}
        ORDER BY {", ".join(part.sql + (" DESC" if part.descending else "") for part in parts)} LIMIT :limit
    """
    return ctx.db.rows(sql, **params, limit=limit)


def _after(parts: list[SortPart]) -> str:
    """The SQL condition for rows after the cursor. With its first half, an index finds the place."""
    test = ""
    for number, part in reversed(list(enumerate(parts))):
        sign = "<" if part.descending else ">"
        beyond = f"{part.sql} {sign} :c{number}"
        test = f"({beyond} OR ({part.sql} = :c{number} AND {test}))" if test else beyond
    first = parts[0]
    return f"({first.sql} {'<=' if first.descending else '>='} :c0 AND {test})"


def sorts(ctx: Ctx, pipeline: Pipeline, by_key: Mapping[str, Field], names: list[str]) -> list[tuple[Column, bool]]:
    """The named columns, each with whether it is descending."""
    if len(names) > MOST_SORTS:
        raise Invalid("sort", f"must not be more than {MOST_SORTS} columns")
    found = []
    for at, name in enumerate(names):
        column = columns.find(ctx, pipeline, by_key, name.removeprefix("-"), f"sort[{at}]")
        if column.is_list:
            raise Invalid(f"sort[{at}]", f"boxes cannot be sorted by {name[:50]!r}, which is a list")
        found.append((column, name.startswith("-")))
    return found


def _phases(sorts: list[tuple[Column, bool]], asked: list[Column]) -> list[tuple[str, list[SortPart]]]:
    """The phases in which boxes are read: first boxes with a value in the first column, in its order; then all others.
    Each phase reads along an index."""
    if not sorts and any(column.form for column in asked):
        # Keys are in the order of creation too, and are part of a field's index, so that no sorting is needed.
        return [("1 = 1", [SortPart("b.key", False)])]
    if not sorts:
        return [("1 = 1", [SortPart("b.created_at", False), SortPart("b.key", False)])]
    (first, descending), *rest = sorts
    more = [part for column, down in rest for part in _parts(column, down)]
    last = SortPart("b.key", sorts[-1][1])
    whole = [*_ordered(first, descending), *more, last]
    if first.unset == "(1 = 0)" or first.kind == "flag":
        return [("1 = 1", whole)]
    return [(first.is_set, whole), (first.unset, [*more, last])]


def ordering(sorts: list[tuple[Column, bool]]) -> list[SortPart]:
    """The complete order in one list, for lists that are read at once."""
    last = [SortPart("b.created_at", False), SortPart("b.key", False)]
    return [*(part for column, down in sorts for part in _parts(column, down)), *last]


def _parts(column: Column, descending: bool) -> list[SortPart]:
    return [SortPart(f"CASE WHEN {column.unset} THEN 1 ELSE 0 END", False), *_ordered(column, descending)]


def _ordered(column: Column, descending: bool) -> list[SortPart]:
    return [SortPart(sql, descending) for sql in ((column.order,) if column.order else column.sorts)]


def _mark(order: str) -> str:
    return hashlib.blake2b(order.encode(), digest_size=6).hexdigest()


def _write_cursor(mark: str, phase: int, now: int, at: tuple[Any, ...]) -> str:
    plain = [value if isinstance(value, (str, int, float)) else float(value) for value in at]
    return base64.urlsafe_b64encode(msgspec.json.encode(_Cursor(mark, phase, now, plain))).decode().rstrip("=")


def _read_cursor(text: str, order: str) -> _Cursor:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Cursor)
    except (ValueError, binascii.Error, RecursionError):
        raise Invalid("cursor", "must be a cursor that a page of this list returned") from None
    if found.order != _mark(order):
        raise Invalid("cursor", "must be used with the same sort as the page that returned it")
    if not 0 <= found.phase <= 1 or not 0 <= found.now < 2**53:
        raise Invalid("cursor", "must be a cursor that a page of this list returned")
    return found


def _check_cursor(at: list[Any], parts: list[SortPart]) -> None:
    """The values of a cursor must have the types of the sort parts, or the database would refuse them."""
    if len(at) == len(parts) and all(_fits(value, part) for value, part in zip(at, parts, strict=True)):
        return
    raise Invalid("cursor", "must be a cursor that a page of this list returned")


def _fits(value: Any, part: SortPart) -> bool:
    if _is_text(part.sql):
        return isinstance(value, str) and "\x00" not in value and len(value) <= 1000
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_text(sql: str) -> bool:
    return sql.endswith(", '')") or sql in ("b.key", "b.creator_key", "b.source", "b.stage_key")
