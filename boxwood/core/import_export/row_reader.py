"""Reading rows of an uploaded table as values of boxes: which column goes where, and how a cell is read.

Cells are read as people write them: options, tags and stages by name, users by e-mail address, dates in the table's
order of day, month and year. Nothing is written here. Options, stages and users that do not exist are listed, so that
they can be created first.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid, Problem
from ...lib.tables import CSV, Row
from .. import persons
from ..context import Ctx
from ..people import users
from ..pipelines import field_values
from ..records import Field, Pipeline, Stage

NAME, NOTES, STAGE, ASSIGNEES, FOLLOWERS, CREATED = "name", "notes", "stage", "assignees", "followers", "created"
TARGETS = (NAME, NOTES, STAGE, ASSIGNEES, FOLLOWERS, CREATED)
_TARGET_OF_NAME = {
    **{name: name for name in TARGETS},
    **dict.fromkeys(("boxname", "title", "dealname"), NAME),
    **dict.fromkeys(("stagename", "stagekey", "status"), STAGE),
    **dict.fromkeys(("note", "description"), NOTES),
    **dict.fromkeys(("assignee", "assignedto", "owner", "assignedtosharingentries"), ASSIGNEES),
    **dict.fromkeys(("follower", "followerkeys"), FOLLOWERS),
    **dict.fromkeys(("createdat", "creationtimestamp", "createdtimestamp", "creationdate", "datecreated"), CREATED),
}
ORDERS = ("ymd", "dmy", "mdy")
OPTIONS, STAGES, PEOPLE = "options", "stages", "people"
MAKES = (OPTIONS, STAGES, PEOPLE)


class ImportPlan(msgspec.Struct, frozen=True):
    """How a table is read."""

    kind: str
    encoding: str
    delimiter: str
    columns: list[str]
    mapping: dict[str, str | None]
    """Where each column goes: one of `TARGETS` or the key of a field; None if the column is ignored."""
    match: str | None
    """`name` or the key of a field: a row updates the box with the same value. None to create a box for each row."""
    make: list[str]
    """What may be created if it does not exist: any of `MAKES`."""
    dates: str
    """One of `ORDERS`."""


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
    """Names of stages under `stages`, addresses under `people`, names of options under their field's key."""


class BadCell(ValueError):
    """A cell or row cannot be read; the message is the reason."""


def suggested(columns: Sequence[str], fields: Mapping[str, Field], kind: str) -> dict[str, str | None]:
    """Where each column goes, by its name; None if the name is unknown.

    In CSV, only one column can go to a target. In JSON, two may: each row may use another name.
    """
    by_name = {_plain(field.name): field.key for field in reversed(list(fields.values()))}
    taken: set[str] = set()
    found: dict[str, str | None] = {}
    for column in columns:
        word = _plain(column)
        if word == NAME:
            target: str | None = NAME
        else:
            target = column if column in fields else by_name.get(word, _TARGET_OF_NAME.get(word))
        target = None if target and target in fields and fields[target].type == "FORMULA" else target
        found[column] = target if kind != CSV or target not in taken else None
        taken |= {target} if target else set()
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def check(plan: ImportPlan, fields: Mapping[str, Field]) -> None:
    """Raise `Invalid` if rows cannot be read by this plan in a pipeline with these fields."""
    for column, target in plan.mapping.items():
        if target is None:
            continue
        if target not in TARGETS and target not in fields:
            known = ", ".join([*TARGETS, *fields])
            raise Invalid(f"mapping.{column[:100]}", f"must be one of {known}, or null; there is no {target[:50]!r}")
        if target in fields and fields[target].type == "FORMULA":
            raise Invalid(f"mapping.{column[:100]}", f"must not go to {fields[target].name!r}, which is a formula")
    targets = [target for target in plan.mapping.values() if target]
    for target in targets:
        if targets.count(target) > 1 and plan.kind == CSV:
            raise Invalid("mapping", f"must not send two columns to {target!r}")
    if plan.match and plan.match not in targets:
        raise Invalid("match", "must be name or a field that a column of the mapping goes to")
    if NAME not in targets and not plan.match:
        raise Invalid("mapping", "must send a column to name")
    if (
        plan.match
        and plan.match != NAME
        and (plan.match not in fields or fields[plan.match].type not in ("TEXT_INPUT", "DATE", "DROPDOWN"))
    ):
        raise Invalid("match", "must be name, or the key of a text, date or dropdown field")


def order_of_dates(samples: Sequence[str]) -> str:
    """Guess the order of day, month and year from some cells: `dmy` if a cell shows it, else `mdy`."""
    found = [match for match in (_DATE.match(sample.strip()) for sample in samples) if match]
    if any("." in match[0] or int(match[1]) > 12 for match in found):
        return "dmy"
    return "mdy"


Read = Callable[[Any], Any]


class Reader:
    """Reads rows for a pipeline as it is now. After its stages or fields change, create another reader."""

    def __init__(
        self, ctx: Ctx, plan: ImportPlan, pipeline: Pipeline, fields: Mapping[str, Field], stages: Mapping[str, Stage]
    ) -> None:
        self.ctx, self.plan, self.pipeline, self.fields = ctx, plan, pipeline, fields
        self._stages = {stages[key].name.casefold(): key for key in reversed(pipeline.stage_order)}
        self._stages |= {key: key for key in pipeline.stage_order}
        self._people: dict[str, str] = {}
        self._missing: dict[str, dict[str, None]] = {}
        positions = {column: at for at, column in enumerate(plan.columns)}
        targets = [(column, target) for column, target in plan.mapping.items() if target]
        self._own = [(positions.get(c, -1), c, t, self._own_read(t)) for c, t in targets if t not in fields]
        self._values = [(positions.get(c, -1), c, t, self._field_read(fields[t])) for c, t in targets if t in fields]

    def read(self, ctx: Ctx, rows: Sequence[Row]) -> ReadRows:
        """Read rows as values of boxes. Each row that cannot be read is rejected by itself."""
        self.ctx, self._missing = ctx, {}
        drafts: list[Draft] = []
        rejected: list[RejectedRow] = []
        for row in rows:
            column = ""
            try:
                if isinstance(row.cells, str):
                    raise BadCell(row.cells)
                given: dict[str, Any] = {}
                values: dict[str, Any] = {}
                is_list = isinstance(row.cells, list)
                count = len(row.cells)
                for into, readers in ((given, self._own), (values, self._values)):
                    for position, column, target, read in readers:
                        if is_list:
                            cell = row.cells[position] if 0 <= position < count else None  # type: ignore[index]
                        else:
                            cell = row.cells.get(column)  # type: ignore[union-attr]
                        if cell is not None and cell != "" and cell != []:
                            value = read(cell)
                            if value is not None:
                                into[target] = value
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

    def _own_read(self, target: str) -> Read:
        return {
            NAME: _name,
            NOTES: _text,
            STAGE: self._stage,
            ASSIGNEES: self._users,
            FOLLOWERS: self._users,
            CREATED: lambda cell: _moment(cell, self.plan.dates),
        }[target]

    def _field_read(self, field: Field) -> Read:
        match field.type:
            case "TEXT_INPUT":
                return _value if self.plan.kind == CSV else _typed
            case "DATE":
                return lambda cell: _moment(cell, self.plan.dates)
            case "CHECKBOX":
                return _flag
            case "DROPDOWN":
                return self._option_of(field)
            case "TAG":
                read_option = self._option_of(field)
                return lambda cell: list(dict.fromkeys(read_option(part) for part in _parts(cell)))
            case _:
                # Users by e-mail address, contacts and organizations by key: as in the API.
                return lambda cell: field_values.check(self.ctx, self.pipeline, field, _parts(cell), field.name)

    def _option_of(self, field: Field) -> Read:
        known = {option.name.casefold(): option.key for option in reversed(field.options)}
        known |= {option.key: option.key for option in field.options}

        def read(cell: Any) -> str:
            text = _text(cell).strip()
            key = known.get(text) or known.get(text.casefold())
            if key is None:
                if OPTIONS not in self.plan.make:
                    raise BadCell(f"has no option {text[:100]!r}")
                self._missing.setdefault(field.key, {})[text] = None
            return key or text

        return read

    def _stage(self, cell: Any) -> str:
        text = _text(cell).strip()
        key = self._stages.get(text) or self._stages.get(text.casefold())
        if key is None:
            if STAGES not in self.plan.make:
                raise BadCell(f"no stage {text[:100]!r} in this pipeline")
            self._missing.setdefault(STAGES, {})[text] = None
        return key or text

    def _users(self, cell: Any) -> list[str]:
        return list(dict.fromkeys(self._user(part) for part in _parts(cell)))

    def _user(self, part: Any) -> str:
        if isinstance(part, dict):
            part = part.get("email") or part.get("userKey") or ""
        named = _text(part).strip()
        if named not in self._people:
            if "@" not in named:
                self._people[named] = users.get(self.ctx, named).key
            else:
                email = persons.check_email(named)
                found = users.by_email(self.ctx.db, email)
                if found is None:
                    if PEOPLE not in self.plan.make:
                        raise BadCell(f"there is no user with the address {email}")
                    self._missing.setdefault(PEOPLE, {})[email] = None
                    return email
                self._people[named] = found.key
        return self._people[named]


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        text = cell
    elif _is_number(cell):
        text = f"{cell:.15g}"
    else:
        raise BadCell("is not text")
    if "\x00" in text:
        raise BadCell("must not contain NUL characters")
    if len(text) > field_values.MOST_TEXT:
        raise BadCell(f"is longer than {field_values.MOST_TEXT:,} characters")
    return text


def _name(cell: Any) -> str | None:
    text = _shown(_text(cell)).strip()
    if len(text) > 1000:
        raise BadCell("is longer than 1,000 characters")
    return text or None


def _shown(text: str) -> str:
    """Without the apostrophe that an export adds so that spreadsheets do not compute a text."""
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text


def _typed(cell: Any) -> str | int | float:
    """The value of a text field in JSON: text stays text."""
    return field_values.number(cell, "") if _is_number(cell) else _text(cell)


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _value(cell: Any) -> str | int | float:
    """The value of a text field in CSV: a number if the text is exactly how that number is written, else text."""
    text = _shown(_text(cell))
    if len(text) <= 15 and text[:1] in _BEGIN_NUMBERS and _NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        if str(number) == text:
            return number
    return text


_BEGIN_NUMBERS = frozenset("-0123456789")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_FLAGS = {
    **dict.fromkeys(("true", "yes", "y", "1", "x", "on", "✓", "ja", "oui", "si", "sí"), True),
    **dict.fromkeys(("false", "no", "n", "0", "off", "nein", "non"), False),
}


def _flag(cell: Any) -> bool:
    if isinstance(cell, bool):
        return cell
    found = _FLAGS.get(_text(cell).strip().casefold())
    if found is None:
        raise BadCell("is neither true nor false")
    return found


def _parts(cell: Any) -> list[Any]:
    """The items of a list that is written as a JSON list, or as text with commas, semicolons or line breaks."""
    if isinstance(cell, str) and cell[:1] == "[":
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            cell = msgspec.json.decode(cell)
    if isinstance(cell, list):
        return cell
    return [part.strip() for part in re.split(r"[,;\n]", _text(cell)) if part.strip()]


_DIGITS = re.compile(r"[0-9]{1,15}")
_DATE = re.compile(
    r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]m)?)?", re.IGNORECASE
)


def _moment(cell: Any, order: str) -> int:
    """Milliseconds since the epoch."""
    if isinstance(cell, str):
        text = cell.strip()
        found = field_values.moment_of(int(text)) if _DIGITS.fullmatch(text) else _dated(text, order)
    else:
        found = field_values.moment_of(cell)
    if found is None:
        raise BadCell("is no date")
    return found


@lru_cache(maxsize=10_000)
def _dated(text: str, order: str) -> int | None:
    """A date as people write it, in milliseconds since the epoch; in UTC unless the text has a time zone."""
    match = _DATE.fullmatch(text)
    if not match:
        return field_values.moment_of(text)
    first, second, year, hour, minute, second_of, half = match.groups()
    day, month = (first, second) if order == "dmy" else (second, first)
    at = int(hour or 0)
    if half:
        at = at % 12 + (12 if half.lower() == "pm" else 0)
    full = int(year) + (2000 if len(year) == 2 and int(year) < 70 else 1900 if len(year) == 2 else 0)
    try:
        moment = datetime(full, int(month), int(day), at, int(minute or 0), int(second_of or 0), tzinfo=UTC)
    except ValueError:
        return None
    return round(moment.timestamp() * 1000)
