"""What a table is: its format, its rows, and the names of its columns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import msgspec

CSV, LINES, JSON, XLSX, XLS, ODS = "csv", "jsonl", "json", "xlsx", "xls", "ods"
SHEETS = (XLSX, XLS, ODS)
KINDS = (CSV, LINES, JSON, *SHEETS)
MOST_LINE = 8_000_000
MOST_JSON = 64_000_000
MOST_SHEET = 50_000_000


class Format(msgspec.Struct, frozen=True):
    """How a table is read."""

    kind: str
    encoding: str = ""
    """Empty for spreadsheets."""
    delimiter: str = ""
    """For CSV; empty for the other kinds."""
    quotes: str = ""
    """For CSV, how quotes are written: `spaced` with a space before them, `escaped` with a backslash inside."""
    skip: int = 0
    """The number of rows before the heading."""
    sheet: str = ""
    """For spreadsheets: the name of the sheet."""


class Broken(ValueError):
    """The table cannot be read in this format."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row. `number` counts from 1, without the heading. `cells` is a list for CSV and spreadsheets, else an object.
    `fault` says what is wrong with the whole row."""

    number: int
    cells: list[Any] | dict[str, Any]
    fault: str = ""

    @property
    def is_list(self) -> bool:
        return isinstance(self.cells, list)


# In JSON, the members of a box itself as exports write them. A field of such a name is only meant inside `fields`.
OWN_MEMBERS = {
    "name",
    "notes",
    "stage",
    "stageKey",
    "assignees",
    "followers",
    "created",
    "creationTimestamp",
    "lastUpdatedTimestamp",
    "key",
}


@lru_cache(maxsize=10_000)
def plain(name: str) -> str:
    """The name as names are compared: without case, blanks and punctuation."""
    return re.sub(r"[\W_]+", "", name.casefold())


def as_field(name: str, number: int = 1) -> str:
    """The name of a column that holds a field, where the field's own name would mean something else. `number` counts
    the fields with this name."""
    return f"{name} (field)" if number == 1 else f"{name} (field {number})"


def as_own(name: str) -> str:
    """The name of a column that holds a member of the box itself, where its own name would mean a field."""
    return f"{name} (box)"


_MARKED = re.compile(r"(.*) \((?:field(?: ([0-9]{1,4}))?|(box))\)", re.DOTALL)


def read_mark(column: str) -> tuple[str, int] | None:
    """The name in a column that `as_field` or `as_own` wrote, and the number of the field, 0 for the box itself."""
    found = _MARKED.fullmatch(column)
    return (found[1], 0 if found[3] else int(found[2] or 1)) if found else None
