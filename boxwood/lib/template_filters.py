"""The filters of templates. They have no side effects, and their results are bounded."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from . import dates, numbers
from .durations import DAY, HOUR, MINUTE, WEEK

LONGEST = 100_000
_UNITS = {"minutes": MINUTE, "hours": HOUR, "days": DAY, "weeks": WEEK}
_DATE_SIGNS = frozenset("YmdHMSfyjabABpIZzUWuGV%")


class TemplateError(ValueError):
    """A template is wrong. `at` says which of several templates."""

    def __init__(self, message: str, at: str = "") -> None:
        super().__init__(message)
        self.at = at

    def within(self, where: str) -> TemplateError:
        return self if self.at else TemplateError(str(self), where)


class Filter(msgspec.Struct, frozen=True):
    run: Callable[..., Any]
    kinds: tuple[type, ...] = ()
    """The types of the arguments."""
    least: int = 0
    says: str = ""

    def check(self, arguments: list[Any], where: str) -> None:
        if not self.least <= len(arguments) <= len(self.kinds):
            counted = f"{self.least}" if self.least == len(self.kinds) else f"{self.least} to {len(self.kinds)}"
            raise TemplateError(f"{where}: this filter takes {counted} values in brackets, not {len(arguments)}")
        for given, kind in zip(arguments, self.kinds, strict=False):
            fits = isinstance(given, (int, float)) if kind is float else isinstance(given, kind)
            if not fits:
                raise TemplateError(f"{where}: {given!r} should be a {'number' if kind in (int, float) else 'text'}")
        self.apply(None, *arguments)

    def apply(self, value: Any, *arguments: Any) -> Any:
        try:
            result = self.run(value, *arguments)
        except (ValueError, OverflowError, ArithmeticError, LookupError, OSError) as error:
            if isinstance(error, TemplateError):
                raise
            raise TemplateError(f"a filter cannot take {as_text(value)[:40]!r}") from None
        if isinstance(result, str) and len(result) > LONGEST:
            raise TemplateError(f"a filter makes more than {LONGEST:,} characters")
        return result


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list) and all(not isinstance(item, (list, dict)) for item in value):
        return ", ".join(as_text(item) for item in value)
    if isinstance(value, (list, dict)):
        return msgspec.json.encode(value).decode()
    return str(value)


def as_number(value: Any) -> float | int | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return value
    return numbers.read(as_text(value))


def as_moment(value: Any) -> datetime | None:
    """The date and time of a number of milliseconds since the epoch, or of a text that is a date; None for anything
    else."""
    number = dates.find(value) if isinstance(value, str) else as_number(value)
    return None if number is None else datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=number)


def _date(value: Any, form: str = "%Y-%m-%d", zone: str = "UTC") -> str:
    for at, sign in enumerate(form):
        if sign == "%" and (at == 0 or form[at - 1] != "%") and form[at + 1 : at + 2] not in _DATE_SIGNS | {"%"}:
            raise TemplateError(f"no date sign {form[at : at + 2]!r}")
    if len(form) > 200:
        raise TemplateError("the form of a date is at most 200 characters")
    try:
        place = ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise TemplateError(f"no time zone {zone[:60]!r}; one is Europe/Berlin") from None
    number = dates.find(value) if isinstance(value, str) else as_number(value)
    return dates.to_datetime(number, place).strftime(form) if number is not None else ""


def _add(value: Any, amount: float, unit: str = "") -> Any:
    """Add to a number. With a unit, add to a date and return milliseconds since the epoch."""
    if unit:
        if unit not in _UNITS:
            raise TemplateError(f"a unit is one of {', '.join(_UNITS)}")
        moment = as_moment(value)
        return int(moment.timestamp() * 1000 + amount * _UNITS[unit]) if moment else None
    number = as_number(value)
    return None if number is None else number + amount


def _times(value: Any, factor: float) -> Any:
    number = as_number(value)
    return None if number is None else number * factor


def _round(value: Any, digits: int = 0) -> Any:
    number = as_number(value)
    if number is None:
        return None
    places = max(-15, min(digits, 15))
    # As ROUND of formulas: a half goes away from zero, also if its binary fraction is a little less (1.005 to 1.01).
    step = 10.0 ** abs(places)
    size = abs(number)
    nudge = size * 1e-15 if size < 1e12 else 0
    scaled = (size + nudge) / step if places < 0 else (size + nudge) * step
    if not math.isfinite(scaled) or scaled >= 2**53:
        return number
    whole = math.floor(scaled + 0.5)
    rounded = math.copysign(whole * step if places < 0 else whole / step, number)
    return int(rounded) if digits <= 0 else rounded


def _replace(value: Any, old: str, new: str) -> str:
    text = as_text(value)
    if old and len(text) + text.count(old) * (len(new) - len(old)) > LONGEST:
        raise TemplateError(f"a filter makes more than {LONGEST:,} characters")
    return text.replace(old, new) if old else text


def _truncate(value: Any, most: int) -> str:
    text = as_text(value)
    return text if len(text) <= most else text[: max(most - 1, 0)] + "…"


def _split(value: Any, by: str = ",") -> list[str]:
    return [piece.strip() for piece in as_text(value).split(by or ",") if piece.strip()][:1000]


def _join(value: Any, by: str = ", ") -> str:
    return by.join(as_text(item) for item in value) if isinstance(value, list) else as_text(value)


def _end(value: Any, at: int) -> Any:
    return (value[at] if value else None) if isinstance(value, (list, str)) else value


FILTERS: dict[str, Filter] = {
    "default": Filter(
        lambda value, other: other if value in (None, "", []) else value, (object,), 1, "this, where there is nothing"
    ),
    "upper": Filter(lambda value: as_text(value).upper(), says="in capitals"),
    "lower": Filter(lambda value: as_text(value).lower(), says="in small letters"),
    "capitalize": Filter(lambda value: as_text(value)[:1].upper() + as_text(value)[1:], says="the first letter large"),
    "trim": Filter(lambda value: as_text(value).strip(), says="without space around it"),
    "truncate": Filter(_truncate, (int,), 1, "at most so many characters"),
    "replace": Filter(_replace, (str, str), 2, "one text by another, wherever it stands"),
    "split": Filter(_split, (str,), says="a list of what stands between commas or another text"),
    "join": Filter(_join, (str,), says="a list as a text, with this between"),
    "first": Filter(lambda value: _end(value, 0), says="of a list or text"),
    "last": Filter(lambda value: _end(value, -1), says="of a list or text"),
    "length": Filter(
        lambda value: len(value) if isinstance(value, (str, list, dict)) else 0, says="how many there are"
    ),
    "number": Filter(as_number, says="a text as a number"),
    "round": Filter(_round, (int,), says="to so many digits behind the point"),
    "plus": Filter(_add, (float, str), 1, "a number more; with minutes, hours, days or weeks, a date later"),
    "times": Filter(_times, (float,), 1, "a number times another"),
    "date": Filter(_date, (str, str), says="a date in a form such as %d.%m.%Y, in a time zone"),
    "json": Filter(lambda value: msgspec.json.encode(value).decode(), says="as JSON"),
    "url": Filter(lambda value: quote(as_text(value), safe=""), says="as a part of an address"),
}
