"""Reading rows of an uploaded table as values of boxes: which column goes where, and how a cell is read.

Cells are read as people write them: options, tags and stages by name, users by e-mail address, dates in the table's
order of day, month and year. Nothing is written here. Options, stages and users that do not exist are listed, so that
they can be created first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid, Problem
from ...lib import dates
from ...lib.csv_cells import unguarded
from ...lib.lines import on_one_line
from ...lib.names import ambiguous, matching
from ...lib.tables import CSV, SHEETS, Format, Row
from ..context import Ctx
from ..pipelines import field_values
from ..records import Field, Pipeline, Stage
from . import date_columns
from .cells import BadCell, items, split
from .column_names import ASSIGNEES, CREATED, FOLLOWERS, LINKED, NAME, NOTES, STAGE, TARGETS
from .linked_cells import NOUNS, LinkReader
from .people_cells import PeopleReader

LISTED = (CSV, *SHEETS)
"""The kinds of tables whose rows are lists of cells."""
OPTIONS, STAGES, PEOPLE, ENTRIES = "options", "stages", "people", "contacts"
MAKES = (OPTIONS, STAGES, PEOPLE, ENTRIES)
"""What an import may create; `contacts` are contacts and organizations."""


class ImportPlan(msgspec.Struct, frozen=True):
    """How a table is read."""

    kind: str
    encoding: str
    delimiter: str
    columns: list[str]
    mapping: dict[str, str | None]
    """Where each column goes: one of `TARGETS`, `LINKED` or the key of a field; None if the column is ignored."""
    match: str | None
    """`name` or the key of a field: a row updates the box with the same value. None to create a box for each row."""
    make: list[str]
    """What may be created if it does not exist: any of `MAKES`."""
    dates: str
    """The order of day, month and year in numeric dates: one of `dates.ORDERS`."""
    quotes: str = ""
    skip: int = 0
    sheet: str = ""
    excel_days: list[str] = []
    """Columns whose dates are the day numbers of a spreadsheet, such as 45720."""

    @property
    def form(self) -> Format:
        """How the table itself is read."""
        return Format(self.kind, self.encoding, self.delimiter, self.quotes, self.skip, self.sheet)


class Draft(NamedTuple):
    """The values of a row. Members that the row does not have are absent."""

    number: int
    given: dict[str, Any]


class RejectedRow(NamedTuple):
    """A row that cannot be imported; `column` is empty if the reason is not in one cell."""

    number: int
    column: str
    reason: str
    cells: Any


class ReadRows(NamedTuple):
    """Rows that were read. If anything is `missing`, it must be created, and the rows read again."""

    drafts: list[Draft]
    rejected: list[RejectedRow]
    missing: dict[str, dict[str, None]]
    """Names of stages under `stages`, addresses under `people`, contacts and organizations under these words, names of
    options under their field's key."""


def check(plan: ImportPlan, fields: Mapping[str, Field]) -> None:
    """Raise `Invalid` if rows cannot be read by this plan in a pipeline with these fields."""
    for column, target in plan.mapping.items():
        if target is None:
            continue
        if target not in TARGETS and target not in LINKED and target not in fields:
            known = ", ".join([*TARGETS, *LINKED, *fields])
            raise Invalid(f"mapping.{column[:100]}", f"must be one of {known}, or null; there is no {target[:50]!r}")
        if target in fields and fields[target].type == "FORMULA":
            raise Invalid(f"mapping.{column[:100]}", f"must not go to {fields[target].name!r}, which is a formula")
    targets = [target for target in plan.mapping.values() if target]
    for target in targets:
        if targets.count(target) > 1 and target != NAME and plan.kind in LISTED:
            raise Invalid("mapping", f"must not send two columns to {target!r}")
    if plan.match and plan.match not in targets:
        raise Invalid("match", "must be name or a field that a column of the mapping goes to")
    if NAME not in targets and not plan.match:
        shown = ", ".join(map(repr, plan.columns[:20]))
        example = msgspec.json.encode({plan.columns[0] if plan.columns else "Company": NAME}).decode()
        raise Invalid("mapping", f"must send a column to name, such as mapping={example}; the columns are {shown}")
    if (
        plan.match
        and plan.match != NAME
        and (plan.match not in fields or fields[plan.match].type not in ("TEXT_INPUT", "DATE", "DROPDOWN"))
    ):
        raise Invalid("match", "must be name, or the key of a text, date or dropdown field")


Read = Callable[[Any], Any]


class Reader:
    """Reads rows for a pipeline as it is now. After its stages or fields change, create another reader."""

    def __init__(
        self, ctx: Ctx, plan: ImportPlan, pipeline: Pipeline, fields: Mapping[str, Field], stages: Mapping[str, Stage]
    ) -> None:
        self.ctx, self.plan, self.pipeline, self.fields = ctx, plan, pipeline, fields
        self._stages = _Names({key: stages[key].name for key in pipeline.stage_order}, "stages")
        self._people = PeopleReader(pipeline, PEOPLE in plan.make)
        self._links = {name: LinkReader(pipeline, NOUNS[name]) for name in LINKED}
        self._missing: dict[str, dict[str, None]] = {}
        positions = {column: at for at, column in enumerate(plan.columns)}
        targets = [(column, target) for column, target in plan.mapping.items() if target]
        # PostgreSQL stores the mapping without its order. The parts of a name are joined in the order of the columns.
        targets.sort(key=lambda mapped: positions.get(mapped[0], -1))
        self._own = [(positions.get(c, -1), c, t, self._own_read(t, c)) for c, t in targets if t not in fields]
        self._values = [(positions.get(c, -1), c, t, self._field_read(fields[t], c)) for c, t in targets if t in fields]

    def read(self, ctx: Ctx, rows: Sequence[Row]) -> ReadRows:
        """Read rows as values of boxes. Each row that cannot be read is rejected by itself."""
        self.ctx, self._missing = ctx, {}
        self._people.begin(ctx)
        for links in self._links.values():
            links.begin(ctx)
        is_list = self.plan.kind in LISTED
        drafts: list[Draft] = []
        rejected: list[RejectedRow] = []
        for row in rows:
            column = ""
            try:
                if row.fault:
                    raise BadCell(row.fault)
                given: dict[str, Any] = {}
                values: dict[str, Any] = {}
                count = len(row.cells)
                for into, readers in ((given, self._own), (values, self._values)):
                    for position, column, target, read in readers:
                        if is_list:
                            cell = row.cells[position] if 0 <= position < count else None  # type: ignore[index]
                        else:
                            cell = row.cells.get(column)  # type: ignore[union-attr]
                        if cell is not None and cell != "" and (cell != [] or target == ASSIGNEES):
                            if is_list and cell.__class__ is str and cell[0] in "'=":
                                shown = cell
                                cell = unguarded(cell)
                                # Only texts are guarded: what was a text stays one, even if it looks like a number.
                                value = _text(cell) if read is csv_value and cell != shown else read(cell)
                            else:
                                value = read(cell)
                            if value is not None:
                                # Two columns of a table go to the name if they hold the first and the last name.
                                into[target] = f"{into[target]} {value}" if is_list and target in into else value
                column = ""
                if values:
                    given["fields"] = values
                self._require(given)
            except (BadCell, Problem) as problem:
                reason = problem.message if isinstance(problem, Invalid) else str(problem)
                rejected.append(RejectedRow(row.number, column, reason, row.cells))
            else:
                drafts.append(Draft(row.number, given))
        return ReadRows(drafts, rejected, self._missing)

    def _require(self, given: dict[str, Any]) -> None:
        match = self.plan.match
        if match is None or match == NAME:
            if not given.get(NAME):
                raise BadCell("has no name")
        elif match not in given.get("fields", {}):
            raise BadCell(f"has nothing in {self.fields[match].name!r}, by which boxes are matched")

    def _own_read(self, target: str, column: str) -> Read:
        readers: dict[str, Read] = {
            NAME: _name,
            NOTES: _text,
            STAGE: self._stage,
            ASSIGNEES: self._users,
            FOLLOWERS: self._users,
            CREATED: self._date(column),
            **{name: partial(self._linked, name) for name in LINKED},
        }
        return readers[target]

    def _date(self, column: str) -> Read:
        order, excel_days = self.plan.dates, column in self.plan.excel_days

        def read(cell: Any) -> int:
            try:
                return date_columns.read(cell, order, excel_days=excel_days)
            except dates.DateError as error:
                raise BadCell(str(error)) from None

        return read

    def _field_read(self, field: Field, column: str) -> Read:
        match field.type:
            case "TEXT_INPUT":
                read_text: Read = csv_value if self.plan.kind == CSV else _typed
                if field.display_format is None or field.display_format.type != "PERCENT":
                    return read_text
                return lambda cell: field_values.in_percents(field, read_text(cell))
            case "DATE":
                return self._date(column)
            case "CHECKBOX":
                return _flag
            case "DROPDOWN":
                return self._option_of(field)
            case "TAG":
                read_option = self._option_of(field)
                return lambda cell: list(dict.fromkeys(read_option(part) for part in _parts(cell)))
            case "PERSON":
                return lambda cell: field_values.check(
                    self.ctx,
                    self.pipeline,
                    field,
                    [self._people.person(part) for part in self._people.parts(cell)],
                    field.name,
                )
            case _:
                # Contacts and organizations by key: as in the API.
                return lambda cell: field_values.check(self.ctx, self.pipeline, field, _parts(cell), field.name)

    def _option_of(self, field: Field) -> Read:
        known = _Names({option.key: option.name for option in field.options}, "options")

        def read(cell: Any) -> str:
            text = _text(cell).strip()
            key = known.find(text)
            if key is None:
                if OPTIONS not in self.plan.make:
                    raise BadCell(f"has no option {text[:100]!r}")
                self._missing.setdefault(field.key, {})[text] = None
            return key or text

        return read

    def _stage(self, cell: Any) -> str:
        text = _text(cell).strip()
        key = self._stages.find(text)
        if key is None:
            if STAGES not in self.plan.make:
                raise BadCell(f"no stage {text[:100]!r} in this pipeline")
            self._missing.setdefault(STAGES, {})[text] = None
        return key or text

    def _linked(self, name: str, cell: Any) -> list[str]:
        """The keys of the contacts or organizations that a cell names; what is missing stays as it is written."""
        found = []
        for part in self._links[name].parts(cell):
            key = self._links[name].find(part)
            if not key:
                if ENTRIES not in self.plan.make:
                    raise BadCell(f"the team has no {NOUNS[name].singular} {part[:100]!r}")
                self._missing.setdefault(name, {})[part] = None
            found.append(key or part)
        return list(dict.fromkeys(found))

    def _users(self, cell: Any) -> list[str]:
        found: list[str] = []
        for part in self._people.parts(cell):
            key, email = self._people.user(part)
            if not key:
                self._missing.setdefault(PEOPLE, {})[email] = None
            found.append(key or email)
        return list(dict.fromkeys(found))


class _Names:
    """Finds the key of a stage or an option by what a cell may hold: its key, its name, or its name in any case."""

    def __init__(self, names: Mapping[str, str], things: str) -> None:
        self._names, self._things = names, things
        self._exact = _single(names) | {key: key for key in names}
        self._folded = _single({key: name.casefold() for key, name in names.items()})

    def find(self, text: str) -> str | None:
        """The key; None if no thing has this name. Raises `BadCell` if several have it."""
        key = self._exact.get(text) or self._folded.get(text.casefold())
        if key is None and len(found := matching(self._names, text)) > 1:
            raise BadCell(ambiguous(self._names, found, text, self._things))
        return key


def _single(names: Mapping[str, str]) -> dict[str, str]:
    """The keys by the names that only one thing has."""
    count = Counter(names.values())
    return {name: key for key, name in names.items() if count[name] == 1}


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        text = cell
    elif isinstance(cell, bool):
        text = "true" if cell else "false"
    elif _is_number(cell):
        text = str(cell) if isinstance(cell, int) else f"{cell:.15g}"
    else:
        raise BadCell("is not text")
    if "\x00" in text:
        raise BadCell("must not contain NUL characters")
    if len(text) > field_values.MOST_TEXT:
        raise BadCell(f"is longer than {field_values.MOST_TEXT:,} characters")
    return text


def _name(cell: Any) -> str | None:
    text = on_one_line(_text(cell))
    if len(text) > 1000:
        raise BadCell("is longer than 1,000 characters")
    return text or None


def _typed(cell: Any) -> str | int | float:
    """The value of a text field in JSON and spreadsheets: text stays text."""
    return field_values.number(cell, "") if _is_number(cell) else _text(cell)


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def csv_value(cell: Any) -> str | int | float:
    """The value of a text field in CSV: a number if the text is exactly how that number is written, else text."""
    text = _text(cell)
    if len(text) <= 15 and text[:1] in _BEGIN_NUMBERS and _NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        if str(number) == text:
            return number
    return text


_BEGIN_NUMBERS = frozenset("-0123456789")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def _flag(cell: Any) -> bool:
    found = field_values.read_flag(cell if isinstance(cell, (bool, int, float)) else _text(cell))
    if found is None:
        raise BadCell("is neither true nor false")
    return found


def _parts(cell: Any) -> list[Any]:
    """The items of a list that is written as a JSON list, or as text with commas, semicolons or line breaks."""
    listed = items(cell)
    return split(_text(cell)) if listed is None else listed
