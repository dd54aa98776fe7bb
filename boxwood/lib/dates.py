"""Dates: the reader of dates that people write, and the rule that tells days from moments.

A date is milliseconds since 1970. A date at exactly midnight UTC is a day: it is that day in every time zone. Every
other date is a moment. docs/decisions/dates.md has the reasons, tests/dates.json the texts.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .durations import DAY, HOUR, MINUTE

FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999
"""The first and the last millisecond of the years 1 to 9999."""
ORDERS = ("ymd", "dmy", "mdy")
IN_WORDS = {"ymd": "year, month, day", "dmy": "day, month, year", "mdy": "month, day, year"}
FORMS = "2026-03-31, 3/31/2026 (month first), 31.3.2026, 31 March 2026, 2026-03-31 14:30, or milliseconds since 1970"
_EPOCH = date(1970, 1, 1).toordinal()
_LONGEST = 100


class DateError(ValueError):
    """The value is not a date. The message names the value and says what to send."""


def is_day(ms: float) -> bool:
    """Return whether a date is a day, not a moment."""
    return ms % DAY == 0


def read(value: Any, order: str = "") -> int:
    """Return a date in milliseconds since 1970, from a number or a text. A time without a time zone is in UTC.

    `order` is one of ORDERS. Without it, `3/4/2025` and `3-4-2025` have the month first, `3.4.2025` has the day first.
    Raise `DateError` if the value is not a date.
    """
    if isinstance(value, str):
        return _read_text(value.strip(), order)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise DateError(f"{str(value)[:50]} is not a date: send {FORMS}")
    if 1e9 <= value < 1e10 and not is_day(value):
        raise DateError(f"{value} looks like seconds: send milliseconds, such as {value}000")
    written = str(value)
    if day := excel_day(written) or compact_day(written):
        what = "a day number of a spreadsheet" if excel_day(written) else "a day without hyphens"
        raise DateError(f"{value} looks like {what}, not like milliseconds: send {shown(day)}")
    return _in_range(value, str(value))


def find(value: Any, order: str = "") -> int | None:
    """Return a date like `read`, or None if the value is not a date."""
    try:
        return read(value, order)
    except DateError:
        return None


def excel_day(text: str) -> int | None:
    """Return the date that a spreadsheet means by a day number such as 45720 or 45720.5; None for other texts."""
    if not _SERIAL.fullmatch(text):
        return None
    return int(text[:5]) * DAY - _EXCEL + round(float(f"0{text[5:]}") * DAY / 1000) * 1000


def compact_day(text: str) -> int | None:
    """Return the day that 8 digits such as 20260331 name; None for other texts and for days far from today."""
    if not _DIGITS_OF_A_DAY.fullmatch(text):
        return None
    try:
        return calendar_day(date.fromisoformat(text))
    except ValueError:
        return None


def to_datetime(ms: float, zone: tzinfo = UTC) -> datetime:
    """Return the date in a time zone, but a day as the midnight that begins this day there.

    A date outside the years 1 to 9999, which old versions could store, becomes the nearest date inside.
    """
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=max(FIRST, min(ms, LAST)))
        return moment.replace(tzinfo=zone) if is_day(ms) else moment.astimezone(zone)
    except OverflowError:  # within hours of the first or last year, another time zone has no date
        return moment.replace(tzinfo=zone)


def begin(ms: int, zone: tzinfo) -> int:
    """Return when a date begins in a time zone: a day at its first midnight there, a moment at itself."""
    return int(to_datetime(ms, zone).timestamp() * 1000) if is_day(ms) else ms


def calendar_day(day: date) -> int:
    """Return the date of a day of the calendar."""
    return (day.toordinal() - _EPOCH) * DAY


def shown(ms: int) -> str:
    """Return the date in ISO 8601: a day without a time, a moment in UTC. `read` reads both back."""
    if not FIRST <= ms <= LAST:
        return str(ms)
    moment = to_datetime(ms)
    if is_day(ms):
        return moment.date().isoformat()
    return moment.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace("+00:00", "Z")


def zone(name: str | None) -> tzinfo:
    """Return the time zone with this name, or UTC if there is no name or no such zone."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


_SERIAL = re.compile(r"[1-9][0-9]{4}(\.[0-9]{1,12})?")
_EXCEL = 25_569 * DAY
"""The Excel day number of 1 January 1970."""
_DIGITS_OF_A_DAY = re.compile(r"(19|20)[0-9]{6}")
_DIGITS = re.compile(r"[+-]?[0-9]+")
_MILLISECONDS = re.compile(r"-?[0-9]{11,13}")
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?![0-9])")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?![0-9])")
_BASIC = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9])")
_WEEK = re.compile(r"([0-9]{4})-?W([0-9]{2})-?([1-7])(?![0-9])", re.IGNORECASE)
_MONTH, _YEAR = r"(?P<m>[^\W\d_]{3,12})\.?", r"(?P<y>[0-9]{4}|[0-9]{2})(?![0-9])"
_NAMED = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th|\.)?[ /-]*(?:of |de )?{_MONTH}(?: de )?[ ,/-]*{_YEAR}",
        rf"{_MONTH}[ -]*(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?: ?, ?|[ -]+){_YEAR}",
        rf"(?P<y>[0-9]{{4}})[ /-]{_MONTH}[ /-](?P<d>[0-9]{{1,2}})(?![0-9])",
    )
)
_WEEKDAY = re.compile(
    r"(?:(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?"
    r"|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|mo|di|mi|do|fr|sa|so)\.?,? ",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?: ?, ?| |T)(?:at )?([0-9]{1,2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?(?: ?([ap])\.? ?m\.?)?"
    r" ?(?:(Z|UTC|GMT)|(?:UTC|GMT)?([+-])([0-9]{2}):?([0-9]{2})?)?(?: \([^()]{1,60}\))?",
    re.IGNORECASE,
)
_BASIC_TIME = re.compile(r"T([0-9]{2})([0-9]{2})([0-9]{2})?(?:\.([0-9]{1,9}))?()(Z)?(?:([+-])([0-9]{2}):?([0-9]{2})?)?")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jänner janvier janv enero ene",
            "feb february februar février fevrier févr fevr febrero",
            "mar march märz maerz mrz mars marzo",
            "apr april avril avr abril abr",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet juil julio",
            "aug august août aout agosto ago",
            "sep sept september septembre septiembre",
            "oct october oktober okt octobre octubre",
            "nov november novembre noviembre",
            "dec december dezember dez décembre decembre déc diciembre dic",
        ),
        1,
    )
    for name in names.split()
}


_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-")
"""Programs for texts write them in place of a hyphen."""


@lru_cache(maxsize=20_000)
def _read_text(text: str, order: str) -> int:
    written = text if text.isascii() else unicodedata.normalize("NFKC", text)
    written = " ".join(written.translate(_DASHES).split())
    if not written or len(written) > _LONGEST:
        raise DateError(f"{text[:50]!r} is not a date: send {FORMS}")
    if _MILLISECONDS.fullmatch(written):
        return _in_range(int(written), repr(text))
    found = _read_date(written, order) or _read_date(_WEEKDAY.sub("", written, count=1), order)
    if found is None:
        raise DateError(_refusal(text, written, order))
    day, rest, basic = found
    at = calendar_day(day)
    if rest:
        at = _with_time(at, rest, basic, text)
    return _in_range(at, repr(text))


def _read_date(text: str, order: str) -> tuple[date, str, bool] | None:
    """The day at the beginning of a text, the rest of the text, and whether the day is in the basic form of ISO."""
    basic = False
    if match := _YEAR_FIRST.match(text):
        year, _, month, day = match.groups()
    elif match := _YEAR_LAST.match(text):
        year, month, day = _ordered(match, order)
    elif match := _BASIC.match(text):
        year, month, day = match.groups()
        basic = True
    elif match := _WEEK.match(text):
        try:
            return date.fromisocalendar(*map(int, match.groups())), text[match.end() :], False
        except ValueError:
            return None
    elif match := next(filter(None, (form.match(text) for form in _NAMED)), None):
        year, day = match["y"], match["d"]
        month = str(_MONTHS.get(match["m"].lower(), 0))
    else:
        return None
    try:
        return date(_full_year(year), int(month), int(day)), text[match.end() :], basic
    except ValueError:
        return None


def _ordered(match: re.Match[str], order: str) -> tuple[str, str, str]:
    """Year, month and day of a numeric date that does not begin with a year of four digits."""
    first, sign, second, third = match.groups()
    match order or ("dmy" if sign == "." else "mdy"):
        case "dmy":
            return third, second, first
        case "ymd":
            return (first, second, third) if len(third) == 2 else ("0", "0", "0")
    return third, first, second


def _full_year(year: str) -> int:
    if len(year) == 4:
        return int(year)
    return int(year) + (2000 if int(year) < 70 else 1900)


def _with_time(day: int, rest: str, basic: bool, text: str) -> int:
    match = _TIME.fullmatch(rest) or (_BASIC_TIME.fullmatch(rest) if basic else None)
    if match is None:
        raise DateError(f"{text[:50]!r} is not a date: {rest.strip()[:30]!r} is not a time such as 14:30 or 2:30 PM")
    hour, minute, second, fraction, half, _, sign, hours, minutes = match.groups()
    at = int(hour)
    if half and 1 <= at <= 12:
        at = at % 12 + (12 if half in "pP" else 0)
    elif half or minute is None:
        at = 24
    if at > 23 or int(minute or 0) > 59 or int(second or 0) > 59 or int(hours or 0) > 23 or int(minutes or 0) > 59:
        raise DateError(f"{text[:50]!r} is not a date: {rest.strip()[:30]!r} is not a time such as 14:30 or 2:30 PM")
    of_day = at * HOUR + int(minute or 0) * MINUTE + int(second or 0) * 1000 + int(f"{fraction or 0:0<3}"[:3])
    offset = (int(hours or 0) * HOUR + int(minutes or 0) * MINUTE) * (-1 if sign == "-" else 1)
    found = day + of_day - offset
    # A time of day that falls on midnight UTC would be a day: a millisecond later it stays a moment.
    return found + 1 if is_day(found) and of_day else found


def _in_range(ms: int, given: str) -> int:
    if not FIRST <= ms <= LAST:
        raise DateError(f"{given[:50]} is outside the years 1 to 9999")
    return ms


def _refusal(text: str, written: str, order: str) -> str:
    if _SERIAL.fullmatch(written):
        return f"{text[:50]!r} looks like a day number of a spreadsheet: send {shown(excel_day(written) or 0)}"
    if _DIGITS.fullmatch(written) and len(written.lstrip("+-")) in (9, 10):
        return f"{text[:50]!r} looks like seconds: send milliseconds, such as {written}000"
    if match := _YEAR_LAST.match(written):
        known = order or ("dmy" if match[2] == "." else "mdy")
        return f"{text[:50]!r} is not a date in the order {IN_WORDS[known]}: send {FORMS}"
    return f"{text[:50]!r} is not a date: send {FORMS}"
