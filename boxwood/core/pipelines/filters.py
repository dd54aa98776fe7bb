"""Filters: translate a tree of `and`, `or`, `not` and tests of columns into SQL.

    {"and": [{"field": "stage", "op": "eq", "value": "5001"},
             {"or": [{"field": "1001", "op": "gt", "value": 1000}, {"not": {"field": "notes", "op": "isEmpty"}}]}]}

Values become parameters; no text of a request is in the SQL. Errors name the place in the tree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import partial
from typing import Any

from ...errors import Invalid, NotFound
from ...lib import addresses, dates, ids, numbers
from ...lib.durations import DAY
from ..context import Ctx
from ..people import user_names, users
from ..records import WITH_OPTIONS, Field, Pipeline
from . import columns, field_values, names
from .columns import PREFIX, UNSET, WORDS, Column

DEEPEST = 8
MOST_TESTS = 200
MOST_VALUES = 100
MOST_TEXT = 1000
EMPTY = ("isEmpty", "isNotEmpty")
COMPARED = ("eq", "ne", "in", "lt", "lte", "gt", "gte", "between", *EMPTY)
WORDED = (*COMPARED, "contains", "startsWith")
LISTED = ("any", "all", "none", "in", "eq", "ne", "contains", *EMPTY)
OPS: dict[str, tuple[str, ...]] = {
    "number": COMPARED,
    "moment": COMPARED,
    "text": WORDED,
    "words": WORDED,
    "key": ("eq", "ne", "in", *EMPTY),
    "user": ("eq", "ne", "in", *EMPTY),
    "flag": ("eq", "ne", *EMPTY),
    "users": LISTED,
    "keys": LISTED,
    "people": LISTED,
    "texts": LISTED,
}
_RELATIVE = re.compile(r"(today|yesterday|tomorrow|now)(?: ?([+-]) ?([0-9]{1,4})([hdwmy]))?", re.IGNORECASE)
_STEPS = {"h": "hours", "d": "days", "w": "weeks", "m": "months", "y": "years"}
_SIGNS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_SMALL = {ord(letter): ord(letter) + 32 for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_LAST = "\U0010ffff"


class Filter:
    """A parsed filter: `sql` is a condition on box `b`, `params` are its parameters, `columns` the columns it tests.

    Names of fields, stages, options and users in the tree are replaced by their keys, so a stored tree holds keys.
    """

    takes_relative_dates = True
    reads_names = True

    def __init__(self, ctx: Ctx, pipeline: Pipeline, fields: Mapping[str, Field], tree: Any, where: str = "filter"):
        self.ctx = ctx
        self.pipeline = pipeline
        self.fields = fields
        self.params: dict[str, Any] = {}
        self.columns: list[Column] = []
        self._tests = 0
        self.sql = "1 = 1" if tree in (None, {}) else self._node(tree, where, DEEPEST)

    def _node(self, node: Any, where: str, left: int) -> str:
        if not isinstance(node, dict):
            raise Invalid(where, 'must be an object: {"and": […]}, {"or": […]}, {"not": …} or {"field": …, "op": …}')
        if not left:
            raise Invalid(where, f"must not be nested more than {DEEPEST} deep")
        kinds = [kind for kind in ("and", "or", "not", "field") if kind in node]
        if len(kinds) != 1:
            raise Invalid(where, "must have exactly one of and, or, not, field")
        if kinds == ["field"]:
            return self._test(node, where)
        if kinds == ["not"]:
            return f"NOT COALESCE({self._node(node['not'], f'{where}.not', left - 1)}, FALSE)"
        return self._several(kinds[0], node[kinds[0]], f"{where}.{kinds[0]}", left)

    def _several(self, kind: str, nodes: Any, where: str, left: int) -> str:
        if not isinstance(nodes, list) or not nodes:
            raise Invalid(where, "must be a list that is not empty")
        if len(nodes) > MOST_TESTS:
            raise Invalid(where, f"must not have more than {MOST_TESTS} tests")
        tests = [self._node(node, f"{where}[{at}]", left - 1) for at, node in enumerate(nodes)]
        return f"({f' {kind.upper()} '.join(tests)})"

    def _test(self, node: dict[str, Any], where: str) -> str:
        name, op = node["field"], node.get("op")
        name = str(name) if isinstance(name, int) and not isinstance(name, bool) else name
        if not isinstance(name, str):
            raise Invalid(f"{where}.field", "must be a column's name, or a field's key or name")
        column = columns.find(self.ctx, self.pipeline, self.fields, name, f"{where}.field")
        if column.name != name and name not in columns.ALIASES:
            node["field"] = column.name
        if op not in OPS[column.kind]:
            raise Invalid(f"{where}.op", f"must be one of {', '.join(OPS[column.kind])} for {name[:50]}")
        if op not in EMPTY and "value" not in node:
            raise Invalid(f"{where}.value", "is missing")
        self.params |= column.params
        self.columns.append(column)
        self._count(where)
        if op not in EMPTY and self.reads_names:
            node["value"] = self._with_keys(column, node["value"], f"{where}.value")
        if op in EMPTY:
            return column.unset if op == "isEmpty" else f"NOT ({column.unset})"
        return self._compared(column, op, node["value"], f"{where}.value")

    def _count(self, where: str) -> None:
        self._tests += 1
        if self._tests > MOST_TESTS:
            raise Invalid(where, f"the filter has more than {MOST_TESTS} tests and values")

    def _with_keys(self, column: Column, value: Any, where: str) -> Any:
        """Return the value, or the list of values, with keys in place of names."""
        find: Callable[[str, str], str | None]
        if column.field and column.field.type in WITH_OPTIONS:
            find = partial(names.option_key, column.field)
        elif column.name == "stage":
            find = self._stage
        elif column.kind in ("user", "users", "people"):
            find = self._named_user
        else:
            return value
        if isinstance(value, list):
            return [self._keyed(find, item, f"{where}[{at}]") for at, item in enumerate(value)]
        return self._keyed(find, value, where)

    def _keyed(self, find: Callable[[str, str], str | None], value: Any, where: str) -> Any:
        return (find(value, where) if isinstance(value, str) else None) or value

    def _stage(self, wanted: str, where: str) -> str | None:
        if wanted in self.pipeline.stage_order:
            return wanted
        return names.choose(names.stage_names(self.ctx, self.pipeline), wanted, where, "stages")

    def _named_user(self, wanted: str, where: str) -> str | None:
        """Return the key of the user with this name; None if it is a key, an address, or no user's name."""
        if wanted == "me" or "@" in wanted or ids.is_key("u", wanted):
            return None
        _check_text(wanted, where)
        try:
            return user_names.get(self.ctx, wanted, where, self.pipeline).key
        except NotFound:
            return None

    def _compared(self, column: Column, op: str, value: Any, where: str) -> str:
        if column.is_list:
            return self._listed(column, op, value, where)
        if op == "ne":
            return f"NOT COALESCE({self._compared(column, 'eq', value, where)}, FALSE)"
        if op == "in":
            return self._among(column, value, where)
        if op == "between":
            if not isinstance(value, list) or len(value) != 2:
                raise Invalid(where, "must be a list of the least and the most")
            ends = ((">=", value[0], f"{where}[0]"), ("<=", value[1], f"{where}[1]"))
            return f"({' AND '.join(self._ordered(column, sign, end, at) for sign, end, at in ends)})"
        if op in _SIGNS:
            return self._ordered(column, _SIGNS[op], value, where)
        if op in ("contains", "startsWith"):
            return self._within(column, op, value, where)
        return self._equal(column, value, where)

    def _among(self, column: Column, value: Any, where: str) -> str:
        given = _listed_values(value, where)
        if column.kind in ("key", "user"):
            read = [self._read_key(column, key, f"{where}[{at}]") for at, key in enumerate(given)]
            return self.ctx.db.dialect.among(column.sorts[0], self._param(self.ctx.db.texts(read)))
        tests = []
        for at, item in enumerate(given):
            self._count(where)
            tests.append(self._equal(column, item, f"{where}[{at}]"))
        return f"({' OR '.join(tests)})"

    def _equal(self, column: Column, value: Any, where: str) -> str:
        first = column.sorts[0]
        match column.kind:
            case "key" | "user":
                return f"{first} = :{self._param(self._read_key(column, value, where))}"
            case "flag":
                return f"{first} = :{self._param(_read_flag(value, where))}"
            case "moment":
                return self._dated(column, "=", value, where)
            case "number":
                return f"{first} = :{self._param(_read_number(value, where))}"
        number = _as_number(_in_percents(column, value)) if column.kind == "text" else None
        if number is not None:
            return f"{first} = :{self._param(number)}"
        text = _read_text(value, where)
        if not text:
            return column.unset
        short = f"{column.sorts[-1]} = :{self._param(text[:PREFIX])}"
        words = f"{first} = {WORDS} AND " if column.kind == "text" else ""
        return f"({words}{short} AND {column.raw} = :{self._param(text)})"

    def _ordered(self, column: Column, sign: str, value: Any, where: str) -> str:
        """Return the SQL of a comparison by order.

        Numbers are compared with numbers, and words with words by their first letters. Unset values never match.
        """
        first = column.sorts[0]
        if column.kind == "moment":
            return self._dated(column, sign, value, where)
        if column.kind == "number":
            number: int | float | None = _read_number(value, where)
        else:
            number = _as_number(_in_percents(column, value)) if column.kind == "text" else None
        if number is not None:
            most = WORDS if column.kind == "text" else UNSET
            bound = f" AND {first} < {most}" if sign[0] == ">" else ""
            return f"({first} {sign} :{self._param(number)}{bound})"
        text = _read_text(value, where)
        words = f"{first} = {WORDS}" if column.kind == "text" else f"{first} > ''"
        return f"({words} AND {column.sorts[-1]} {sign} :{self._param(text[:PREFIX])})"

    def _dated(self, column: Column, sign: str, value: Any, where: str) -> str:
        """Return the SQL of a comparison with a date.

        Milliseconds are compared as they are. A day given as text means the whole day: a box's date on that day, and
        each moment from the first to the last of the day in the actor's time zone.
        """
        first, (at, whole_day) = column.sorts[0], self._read_date(value, where)
        if not whole_day:
            bound = f" AND {first} < {UNSET}" if sign[0] == ">" else ""
            return f"({first} {sign} :{self._param(at)}{bound})"
        match sign:
            case "<" | ">=":
                test = self._beyond(column, sign, at)
            case "<=" | ">":
                test = self._beyond(column, "<" if sign == "<=" else ">=", at + DAY)
            case _:
                test = f"{self._beyond(column, '>=', at)} AND {self._beyond(column, '<', at + DAY)}"
        return f"({test} AND {first} < {UNSET})" if sign[0] == ">" else f"({test})"

    def _beyond(self, column: Column, sign: str, day: int) -> str:
        """Return the SQL of whether a date is before a day (<), or not (>=)."""
        first, moment = column.sorts[0], dates.begin(day, self._zone())
        if moment == day or not column.holds_days:
            return f"{first} {sign} :{self._param(moment)}"
        days, moments = self._param(day), self._param(moment)
        outer = self._param(max(day, moment) if sign == "<" else min(day, moment))  # an index can serve this one
        is_day = f"FLOOR({first} / {DAY}.0) * {DAY}.0 = {first}"
        return f"{first} {sign} :{outer} AND {first} {sign} CASE WHEN {is_day} THEN :{days} ELSE :{moments} END"

    def _zone(self) -> tzinfo:
        """Return the time zone in which days begin."""
        return dates.zone(self.ctx.actor.timezone)

    def _read_date(self, value: Any, where: str) -> tuple[int, bool]:
        """Return a date in milliseconds, and whether it means a whole day."""
        if isinstance(value, str) and (relative := _RELATIVE.fullmatch(value.strip())):
            if not self.takes_relative_dates:
                raise Invalid(where, f"must be a fixed date: in a rule, {value[:20]!r} would change with time")
            return self._relative(relative, where)
        try:
            at = dates.read(value)
        except dates.DateError as error:
            raise Invalid(where, f"{error}, or today, today-7d, now+2h") from None
        return at, isinstance(value, str) and dates.is_day(at)

    def _relative(self, text: re.Match[str], where: str) -> tuple[int, bool]:
        """Return the date of `today`, `today-7d`, `now+2h` and so on."""
        from dateutil.relativedelta import relativedelta  # imported only for a filter that has such a date

        word, sign, count, unit = text.groups()
        now, zone = self.ctx.now, self._zone()
        word, unit = word.lower(), (unit or "d").lower()
        if unit == "h" and word != "now":
            raise Invalid(where, "must count days, weeks, months or years, such as today-7d; hours go with now")
        start = dates.to_datetime(now + 1 if dates.is_day(now) else now, zone)
        days = {"yesterday": -1, "tomorrow": 1}.get(word, 0)
        steps = int(count or 0) * (-1 if sign == "-" else 1)
        try:
            at = start + relativedelta(days=days) + relativedelta(**{_STEPS[unit]: steps})
            ms = round(at.timestamp() * 1000)
        except (ValueError, OverflowError):
            raise Invalid(where, "must be within the years 1 to 9999") from None
        return (ms, False) if word == "now" else (dates.calendar_day(at), True)

    def _within(self, column: Column, op: str, value: Any, where: str) -> str:
        text = _read_text(value, where)
        if not text:
            raise Invalid(where, "must not be empty")
        if op == "contains":
            return self.ctx.db.dialect.holds(column.text, self._param(text))
        whole = f"substr({column.raw}, 1, :{self._param(len(text))}) = :{self._param(text)}"
        if column.kind == "text" and text[0] in "-0123456789":
            return whole  # numbers begin like this too, and are not sorted as words
        start, end = self._param(text[:PREFIX]), self._param(text[:PREFIX] + _LAST)
        words = f"{column.sorts[0]} = {WORDS} AND " if column.kind == "text" else ""
        return f"({words}{column.sorts[-1]} >= :{start} AND {column.sorts[-1]} < :{end} AND {whole})"

    def _listed(self, column: Column, op: str, value: Any, where: str) -> str:
        """Return the SQL of a test whether a list has any of the values, all of them, or none."""
        given = _listed_values(value, where)
        among = self.ctx.db.dialect.among
        if op == "contains" and column.kind == "texts":
            parts = [_read_text(text, where) for text in given]
            tests = [self.ctx.db.dialect.contains("v.value", self._param(part)) for part in parts]
            return f"EXISTS (SELECT 1 FROM {column.items} v WHERE {' OR '.join(tests)})"
        read = [self._read_key(column, key, f"{where}[{at}]") for at, key in enumerate(given)]
        test = among("v.value", self._param(self.ctx.db.texts(read)))
        if op == "all":
            count = self._param(len(set(read)))
            return f"(SELECT COUNT(DISTINCT v.value) FROM {column.items} v WHERE {test}) = :{count}"
        found = f"EXISTS (SELECT 1 FROM {column.items} v WHERE {test})"
        return f"NOT {found}" if op in ("none", "ne") else found

    def _read_key(self, column: Column, value: Any, where: str) -> str:
        """Return a key as it is stored: of an option, a stage, a person, or of anything else."""
        if isinstance(value, dict):
            value = value.get("key") or value.get("userKey") or value.get("email")
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value:
            raise Invalid(where, "must be a key")
        _check_text(value, where)
        if column.kind in ("user", "users", "people"):
            return self._user(column, value, where)
        if column.kind == "texts":
            return value.lower()
        known = {option.key: option.name for option in column.field.options} if column.field else {}
        if column.name == "stage":
            known = dict.fromkeys(self.pipeline.stage_order, "")
        if (known or (column.field and column.field.type in ("DROPDOWN", "TAG"))) and value not in known:
            shown = (
                ", ".join(f"{key} ({name})" if name else key for key, name in list(known.items())[:20]) or "none yet"
            )
            raise Invalid(where, f"{value[:100]!r} is not one of the keys here: {shown}")
        return value

    def _user(self, column: Column, value: str, where: str) -> str:
        """Return the key of a user given by key, by e-mail, or as `me`."""
        if value == "me":
            return self.ctx.actor.key
        if "@" not in value:
            try:
                return users.get(self.ctx, value).key
            except NotFound:
                raise Invalid(where, f"no user {value[:100]!r} within your reach") from None
        email = addresses.one_form(value)
        if column.kind == "people":
            return email
        # An address that belongs to no user matches no box. It is not an error, or a request could find out which
        # addresses belong to users out of reach.
        user = users.by_email(self.ctx.db, email)
        return user.key if user else email

    def _param(self, value: Any) -> str:
        name = f"f{len(self.params)}"
        self.params[name] = value
        return name


def _listed_values(value: Any, where: str) -> list[Any]:
    found = value if isinstance(value, list) else [value]
    if not found:
        raise Invalid(where, "must not be empty")
    if len(found) > MOST_VALUES:
        raise Invalid(where, f"must not have more than {MOST_VALUES} values")
    return found


def _as_number(value: Any) -> int | float | None:
    """Return a number, or the number that a text is compared as; None if it is neither."""
    if isinstance(value, str):
        return numbers.read(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if -1e300 <= value <= 1e300 else None


def _in_percents(column: Column, value: Any) -> Any:
    """Return 12 for `12%` in a column that shows its numbers in percent."""
    return field_values.in_percents(column.field, value) if column.field else value


def _read_number(value: Any, where: str) -> int | float:
    number = _as_number(value)
    if number is None or not math.isfinite(number):
        raise Invalid(where, "must be a number")
    return float(number) if abs(number) > 2**53 else number


def _read_flag(value: Any, where: str) -> int:
    flag = field_values.read_flag(value)
    if flag is None:
        raise Invalid(where, "must be true or false")
    return int(flag)


def _read_text(value: Any, where: str) -> str:
    """Return the text with its ASCII letters in lower case, as it is compared."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Invalid(where, "must be text")
    _check_text(value, where)
    return value.translate(_SMALL)


def _check_text(value: str, where: str) -> None:
    if len(value) > MOST_TEXT:
        raise Invalid(where, f"must not be longer than {MOST_TEXT:,} characters")
    if "\x00" in value:
        raise Invalid(where, "must not contain NUL characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Invalid(where, "must be valid Unicode") from None
