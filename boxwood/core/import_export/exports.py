"""Exports: the boxes of a pipeline as CSV, as JSON lines, or as one JSON object with the pipeline, slice by slice.

An import can read what an export writes: stages, options and tags by name, users by e-mail address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid
from ...lib import csv_cells, dates
from .. import access, events, persons, pipelines
from ..context import Ctx
from ..pipelines import schema
from ..pipelines.columns import Column
from ..records import Box, Field
from ..views import saved_views
from ..views.selections import Selection
from . import cells, column_names

CSV, LINES, JSON = "csv", "jsonl", "json"
FORMS = {CSV: "text/csv; charset=utf-8", LINES: "application/x-ndjson", JSON: "application/json"}
SLICE = 1000
OWN = {
    "name": "Name",
    "stage": "Stage",
    "notes": "Notes",
    "assignee": "Assignees",
    "follower": "Followers",
    "creationTimestamp": "Created",
    "lastUpdatedTimestamp": "Updated",
    "key": "Key",
}
"""The columns of an export that names none, beside the fields, and their headings."""
NONE = "(none)"
"""What CSV says of a box without assignees: an empty cell says nothing, and an import would assign its user."""
_TARGETS = {
    "name": column_names.NAME,
    "stage": column_names.STAGE,
    "notes": column_names.NOTES,
    "assignee": column_names.ASSIGNEES,
    "follower": column_names.FOLLOWERS,
    "creationTimestamp": column_names.CREATED,
}
"""Where an import sends the box's own members."""
_IN_JSON = {"assignee": "assignees", "follower": "followers"}
_encode = msgspec.json.Encoder().encode
_dict = msgspec.json.Decoder(dict[str, Any]).decode
_list = msgspec.json.Decoder(list[str]).decode


class Line(NamedTuple):
    """The members of a box that an export reads. `box` is the whole box, if a column needs it."""

    key: str
    name: str
    stage_key: str
    notes: str | None
    fields: dict[str, Any]
    assignee_keys: list[str]
    follower_keys: list[str]
    created_at: int
    updated_at: int
    box: Box | None


_MEMBERS = Line._fields[:-1]
_READ = ", ".join(f"b.{name}" for name in _MEMBERS)


def _line(
    key: str,
    name: str,
    stage: str,
    notes: str | None,
    fields: str,
    assignees: str,
    followers: str,
    created_at: int,
    updated_at: int,
) -> Line:
    people = _list(assignees), _list(followers)
    return Line(key, name, stage, notes, _dict(fields), *people, created_at, updated_at, None)


Value = Callable[[Line], Any]


class Export:
    """One export. Call `head`, then `slice` until `done` is true, then `tail`; each returns the next bytes."""

    def __init__(
        self,
        ctx: Ctx,
        pipeline_key: str,
        *,
        form: str,
        view_key: str = "",
        tree: Any = None,
        sort: list[str] | None = None,
        shown: list[str] | None = None,
        stage_key: str | None = None,
    ) -> None:
        if form not in FORMS:
            raise Invalid("format", f"must be one of {', '.join(FORMS)}")
        pipeline, role = pipelines.reach(ctx, pipeline_key)
        access.require(ctx, role, "PIPELINE", "EXPORT", pipeline)
        if view_key:
            view = saved_views.get(ctx, pipeline_key, view_key)
            tree = {"and": [view.filter, tree]} if view.filter and tree else view.filter or tree
            sort = sort or saved_views.order(view)
            shown_keys = [column.key for column in view.columns if not column.hidden and column.key != "name"]
            shown = shown or ["name", *shown_keys]
        self.form, self.done = form, False
        self.chosen = Selection(ctx, pipeline_key, tree=tree, sort=sort, stage_key=stage_key)
        self._stages = {key: stage.name for key, stage in schema.stages(ctx, [pipeline.key])[pipeline.key].items()}
        self._people: Mapping[str, Any] = {}
        names = shown or [*list(OWN)[:2], *self.chosen.fields, *list(OWN)[2:]]
        named = [self.chosen.column(name, f"fields[{at}]") for at, name in enumerate(names)]
        self._columns = list({column.name: column for column in named}.values())
        self._values = [self._value(column) for column in self._columns]
        names_of_own = OWN if form == CSV else _IN_JSON
        headings = []
        for column in self._columns:
            name = column.field.name if column.field else names_of_own.get(column.name, column.name)
            headings.append((name, column.field, _TARGETS.get(column.name)))
        self._headings = column_names.of_export(headings, self.chosen.fields, form)
        self._whole = any(column.field is None and column.name not in OWN for column in self._columns)
        self._position: tuple[Any, ...] = (-(2**62), "")
        self._cursor = ""

    @property
    def name(self) -> str:
        return self.chosen.pipeline.name

    def head(self, pipeline: bytes, *, bom: bool = False) -> bytes:
        """`pipeline` is its JSON, for the format that includes the pipeline. `bom`: CSV begins with a byte order mark,
        by which Excel recognizes UTF-8."""
        if self.form == CSV:
            return (csv_cells.BOM if bom else b"") + csv_cells.written([self._headings])
        return b'{"pipeline":' + pipeline + b',"boxes":[\n' if self.form == JSON else b""

    def head_of(self, member: str) -> bytes:
        """Between the boxes and another member, such as their mails, in the format that includes the pipeline."""
        return b'\n],"' + member.encode() + b'":[\n'

    def tail(self) -> bytes:
        return b"\n]}\n" if self.form == JSON else b""

    def record_event(self, ctx: Ctx) -> None:
        """Record the export, for the audit log."""
        pipeline = self.chosen.pipeline
        events.record(ctx, "pipeline.exported", pipeline, pipeline=pipeline, what=self.form.upper())

    def require(self, ctx: Ctx) -> None:
        """Raise `NotFound` or `Forbidden` if the actor may not export the pipeline any longer."""
        pipeline, role = pipelines.reach(ctx, self.chosen.pipeline.key)
        access.require(ctx, role, "PIPELINE", "EXPORT", pipeline)

    def slice(self, ctx: Ctx) -> bytes:
        self.require(ctx)
        first = not self._cursor and self._position[1] == ""
        lines = self._lines(ctx)
        named = {key for line in lines for key in (*line.assignee_keys, *line.follower_keys)}
        self._people = persons.by_key(ctx, named)
        if self.form == CSV:
            return csv_cells.written([[_cell(value(line)) for value in self._values] for line in lines])
        objects = [_encode(self._object(line)) for line in lines]
        if self.form == LINES:
            return b"".join(line + b"\n" for line in objects)
        return (b"" if first or not objects else b",\n") + b",\n".join(objects)

    def _lines(self, ctx: Ctx) -> list[Line]:
        self.chosen.ctx = ctx
        if self._whole or self.chosen.sorts:
            page = self.chosen.page(self._cursor, SLICE)
            self._cursor, self.done = page.cursor or "", page.cursor is None
            whole = [row.box() for row in page.boxes]
            return [Line._make([*(getattr(box, name) for name in _MEMBERS), box]) for box in whole]
        rows = ctx.db.rows(
            f"""
            SELECT {_READ} FROM boxes b WHERE {self.chosen.where} AND (b.created_at, b.key) > (:at, :after)
            ORDER BY b.created_at, b.key LIMIT {SLICE}
            """,
            **self.chosen.params,
            now=ctx.now,
            at=self._position[0],
            after=self._position[1],
        )
        self.done = len(rows) < SLICE
        if rows:
            self._position = (rows[-1][7], rows[-1][0])
        return [_line(*row) for row in rows]

    def _object(self, line: Line) -> dict[str, Any]:
        """The box with its field values by the names of the fields, without what is unset."""
        found: dict[str, Any] = {}
        fields: dict[str, Any] = {}
        for column, heading, read in zip(self._columns, self._headings, self._values, strict=True):
            value = read(line)
            # An import assigns its user to boxes of which it says nothing.
            if value is None or (value == [] and column.name != "assignee"):
                continue
            if column.field:
                fields[heading] = value
            else:
                found[heading] = value
        return {**found, "fields": fields} if fields else found

    def _value(self, column: Column) -> Value:
        if column.field:
            return self._field_value(column.field)
        as_dates = self.form == CSV
        match column.name:
            case "name":
                return lambda line: line.name
            case "stage":
                return lambda line: self._stages.get(line.stage_key, line.stage_key)
            case "notes":
                return lambda line: line.notes
            case "assignee":
                return lambda line: self._addresses(line.assignee_keys) or (NONE if as_dates else [])
            case "follower":
                return lambda line: self._addresses(line.follower_keys)
            case "creationTimestamp":
                return lambda line: dated(line.created_at) if as_dates else line.created_at
            case "lastUpdatedTimestamp":
                return lambda line: dated(line.updated_at) if as_dates else line.updated_at
            case "key":
                return lambda line: line.key
        return self._whole_value(column, as_dates and column.kind == "moment")

    def _whole_value(self, column: Column, as_date: bool) -> Value:
        def value(line: Line) -> Any:
            assert line.box is not None
            found = column.reads(line.box, self.chosen.ctx.now)
            return dated(found) if as_date and isinstance(found, int) else found

        return value

    def _addresses(self, keys: list[str]) -> list[str]:
        return [self._people[key].email if key in self._people else key for key in keys]

    def _field_value(self, field: Field) -> Value:
        key = field.key
        names = {option.key: option.name for option in field.options}
        match field.type:
            case "DROPDOWN":
                return lambda line: None if (value := line.fields.get(key)) is None else names.get(value, value)
            case "TAG":
                return lambda line: [names.get(option, option) for option in line.fields.get(key, ())]
            case "PERSON":
                return lambda line: [user.get("email") or user.get("userKey") for user in line.fields.get(key, ())]
            case "DATE" if self.form == CSV:
                return lambda line: None if (value := line.fields.get(key)) is None else dated(value)
            case "FORMULA":
                return lambda line: _result(line.fields.get(key))
        return lambda line: line.fields.get(key)


def _result(value: Any) -> Any:
    """The value of a formula; of an error, its code."""
    return value["error"] if isinstance(value, dict) and "error" in value else value


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return cells.joined(value)
    return _encode(value).decode() if isinstance(value, dict) else value


@lru_cache(maxsize=20_000)
def dated(ms: int) -> str | int:
    """A date in ISO 8601, with the time unless it is a day. A date outside the years 1 to 9999, which old versions
    could store, stays a number."""
    return dates.shown(ms) if dates.FIRST <= ms <= dates.LAST else ms
