"""Selections: boxes of a pipeline that pass a filter, in an order, a page at a time by cursor.

A page begins after the last box of the one before (keyset), so no page is dearer than the first, and boxes that
come or go move none to another page. Unset values come last in either direction.
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
_IN_ORDER = (("b.created_at",), ("b.updated_at",), ("b.key",), ("b.stage_key",))
"""What columns that have indexes from the start are sorted by."""
MOST_COLUMNS = 600


class Part(NamedTuple):
    """One expression of an order."""

    sql: str
    descending: bool


class Wish(NamedTuple):
    """A field that was filtered or sorted by: an index would serve it."""

    pipeline_key: str
    field_key: str
    form: str


class BoxPage(NamedTuple):
    boxes: list[StoredBox]
    cursor: str | None
    """Of the next page; None on the last."""
    columns: list[dict[str, Any]]
    """The columns asked for, a dict for each box."""
    wishes: set[Wish]


class _Cursor(NamedTuple):
    order: str
    phase: int
    now: int
    at: list[Any]


class Selection:
    """Boxes of a pipeline that pass a filter, in an order: found out once, then paged through."""

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
        self.reached = listing.within(ctx, self.pipeline, role, stage_key, since)
        """The test in SQL of those that may be seen, and its parameters."""
        self.where, self.params = self.reached
        if len(shown or []) > MOST_COLUMNS:
            raise Invalid("fields", f"takes at most {MOST_COLUMNS} columns")
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
        """After the cursor, of those that pass the `test` too, whose parameters are `given`."""
        start = _read_cursor(cursor, self.order) if cursor else _Cursor(_mark(self.order), 0, self.ctx.now, [])
        where, params = f"{self.where}{self._way()} AND {test}", {**self.params, **given, "now": start.now}
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

    def _way(self) -> str:
        """Where no index serves the page, all boxes are read, in the order they were made: so they lie on the disk.
        Left to itself, SQLite may take any index of the pipeline, of which most lead back and forth."""
        asked = [*self.filter.columns, *(column for column, _ in self.sorts)]
        served = self.since is not None or any(column.form or column.sorts in _IN_ORDER for column in asked)
        return "" if served or not self.sorts else f" AND {self.ctx.db.dialect.along('b.created_at')}"

    def reads(self, box: Box, now: int) -> dict[str, Any]:
        """The columns asked for of one box."""
        return {name: column.reads(box, now) for name, column in self.shown}

    def among(self, keys: list[str], *, test: str, **given: Any) -> BoxPage:
        """Of these boxes those that pass, in the order of the keys, as a page of their own."""
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
        """The fields it asks for which there are indexes."""
        asked = [*self.filter.columns, *(column for column, _ in self.sorts)]
        return {Wish(self.pipeline.key, one.field.key, one.form) for one in asked if one.field and one.form}


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
    """The boxes that pass the filter `tree`, sorted by columns (`-` before a name: the other way round)."""
    chosen = Selection(ctx, pipeline_key, tree=tree, sort=sort, shown=shown, stage_key=stage_key, since=since)
    return chosen.page(cursor, limit)


def read(ctx: Ctx, box: Box, shown: list[str]) -> dict[str, Any]:
    """These columns of one box."""
    if len(shown) > MOST_COLUMNS:
        raise Invalid("fields", f"takes at most {MOST_COLUMNS} columns")
    pipeline = pipelines.get(ctx, box.pipeline_key)
    by_key = schema.fields_by_key(ctx, pipeline.key)
    found = [(name, columns.find(ctx, pipeline, by_key, name, f"fields[{at}]")) for at, name in enumerate(shown)]
    return {name: column.reads(box, ctx.now) for name, column in found}


def _rows(ctx: Ctx, where: str, params: dict[str, Any], parts: list[Part], at: list[Any], limit: int) -> list[Row]:
    """Rows of boxes, then what they are sorted by."""
    if at:
        _check_cursor(at, parts)
        where = f"{where} AND {_after(parts)}"
        params = {**params, **{f"c{number}": value for number, value in enumerate(at)}}
    sql = f"""
        SELECT {STORED.of("b")}, {", ".join(part.sql for part in parts)} FROM boxes b WHERE {where}
        ORDER BY {", ".join(part.sql + (" DESC" if part.descending else "") for part in parts)} LIMIT :limit
    """
    return ctx.db.rows(sql, **params, limit=limit)


def _after(parts: list[Part]) -> str:
    """A test whether a row comes after the cursor; its first half alone lets an index find the place."""
    test = ""
    for number, part in reversed(list(enumerate(parts))):
        sign = "<" if part.descending else ">"
        beyond = f"{part.sql} {sign} :c{number}"
        test = f"({beyond} OR ({part.sql} = :c{number} AND {test}))" if test else beyond
    first = parts[0]
    return f"({first.sql} {'<=' if first.descending else '>='} :c0 AND {test})"


def sorts(ctx: Ctx, pipeline: Pipeline, by_key: Mapping[str, Field], names: list[str]) -> list[tuple[Column, bool]]:
    """The columns named, and whether each is to descend."""
    if len(names) > MOST_SORTS:
        raise Invalid("sort", f"takes at most {MOST_SORTS} columns")
    found = []
    for at, name in enumerate(names):
        column = columns.find(ctx, pipeline, by_key, name.removeprefix("-"), f"sort[{at}]")
        if column.is_list:
            raise Invalid(f"sort[{at}]", f"{name[:50]!r} is a list: nothing is sorted by it")
        found.append((column, name.startswith("-")))
    return found


def _phases(sorts: list[tuple[Column, bool]], asked: list[Column]) -> list[tuple[str, list[Part]]]:
    """Those whose first column is set, in its order; then the others. Each is a plain walk along an index."""
    if not sorts and any(column.form for column in asked):
        # Keys are in the order of creation too, and stand in a field's index: what it finds need not be sorted.
        return [("1 = 1", [Part("b.key", False)])]
    if not sorts:
        return [("1 = 1", [Part("b.created_at", False), Part("b.key", False)])]
    (first, descending), *rest = sorts
    more = [part for column, down in rest for part in _parts(column, down)]
    last = Part("b.key", sorts[-1][1])
    whole = [*_ordered(first, descending), *more, last]
    if first.unset == "(1 = 0)" or first.kind == "flag":
        return [("1 = 1", whole)]
    return [(first.is_set, whole), (first.unset, [*more, last])]


def ordering(sorts: list[tuple[Column, bool]]) -> list[Part]:
    """The whole order as one: what a list that is read at once is sorted by."""
    last = [Part("b.created_at", False), Part("b.key", False)]
    return [*(part for column, down in sorts for part in _parts(column, down)), *last]


def _parts(column: Column, descending: bool) -> list[Part]:
    return [Part(f"CASE WHEN {column.unset} THEN 1 ELSE 0 END", False), *_ordered(column, descending)]


def _ordered(column: Column, descending: bool) -> list[Part]:
    return [Part(sql, descending) for sql in ((column.order,) if column.order else column.sorts)]


def _mark(order: str) -> str:
    return hashlib.blake2b(order.encode(), digest_size=6).hexdigest()


def _write_cursor(mark: str, phase: int, now: int, at: tuple[Any, ...]) -> str:
    plain = [value if isinstance(value, (str, int, float)) else float(value) for value in at]
    return base64.urlsafe_b64encode(msgspec.json.encode(_Cursor(mark, phase, now, plain))).decode().rstrip("=")


def _read_cursor(text: str, order: str) -> _Cursor:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Cursor)
    except (ValueError, binascii.Error, RecursionError):
        raise Invalid("cursor", "is none that a page of this list gave") from None
    if found.order != _mark(order):
        raise Invalid("cursor", "belongs to a list with another sort")
    if not 0 <= found.phase <= 1 or not 0 <= found.now < 2**53:
        raise Invalid("cursor", "is none that a page of this list gave")
    return found


def _check_cursor(at: list[Any], parts: list[Part]) -> None:
    """What it holds must be what the parts are compared with, or a database would refuse."""
    if len(at) == len(parts) and all(_is_like(value, part) for value, part in zip(at, parts, strict=True)):
        return
    raise Invalid("cursor", "is none that a page of this list gave")


def _is_like(value: Any, part: Part) -> bool:
    if _is_text(part.sql):
        return isinstance(value, str) and "\x00" not in value and len(value) <= 1000
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_text(sql: str) -> bool:
    return sql.endswith(", '')") or sql in ("b.key", "b.creator_key", "b.source", "b.stage_key")
