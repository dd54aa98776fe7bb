"""Reads the date of a message, in the forms of RFC 5322 and in those that programs write instead."""

from __future__ import annotations

import calendar
import re
from datetime import datetime
from email.utils import parsedate_tz

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen",
            "feb fév fev",
            "mar mär mrz maa",
            "apr abr avr",
            "may mai mei mag maj",
            "jun juin giu",
            "jul juil lug",
            "aug ago aoû aou",
            "sep set",
            "oct okt out ott",
            "nov",
            "dec dez dic déc",
        ),
        1,
    )
    for name in names.split()
}
_ZONES = {
    **dict.fromkeys(("ut", "utc", "gmt", "z", "wet"), 0),
    **{"est": -500, "edt": -400, "cst": -600, "cdt": -500, "mst": -700, "mdt": -600, "pst": -800, "pdt": -700},
    **{"cet": 100, "met": 100, "mez": 100, "bst": 100, "west": 100, "cest": 200, "mest": 200, "mesz": 200, "eet": 200},
    **{"eest": 300, "msk": 300, "ist": 530, "hkt": 800, "sgt": 800, "jst": 900, "kst": 900, "aest": 1000, "nzst": 1200},
    **{"akst": -900, "akdt": -800, "hst": -1000, "aedt": 1100, "nzdt": 1300, "brt": -300, "art": -300},
}
_TIME = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{1,2})(?:[:.](?P<second>\d{1,2})(?:[.,]\d+)?)?"
_TAIL = r"(?:\s*(?P<half>[ap])\.?m\b\.?)?(?:\s*(?P<zone>\(?[a-z]{0,5}\s?[+-]\d{1,2}:?\d{2}|[a-z]{1,5}\b|[+-]\d{3,4}))?"
_WORD, _YEAR = r"(?P<month>[^\W\d]{3,})\.?", r"(?P<year>\d{4})"
_FORMS = [
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<day>\d{{1,2}})[\s./-]*{_WORD}[\s,./-]*(?P<year>\d{{2,4}})[\s,T-]+{_TIME}{_TAIL}",
        rf"{_WORD}\s+(?P<day>\d{{1,2}})[\s,]+{_TIME}(?:\s+(?P<zone>[a-z]{{1,5}}|[+-]\d{{4}}))?\s+{_YEAR}",
        rf"{_WORD}\s+(?P<day>\d{{1,2}}),?\s+{_YEAR}[\s,]+(?:at\s+)?{_TIME}{_TAIL}",
        rf"{_YEAR}[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})[\sT]+{_TIME}{_TAIL}",
    )
]
_WHOLE = re.compile(r"\d:\d\d(?:\s*[ap]m)?\s*(?:[+-]\d{4}|[a-z]{1,5}|)\s*(?:\([^()]*\))?\s*$", re.IGNORECASE)
MOST_DATES = 10
_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})$")


def first_moment(texts: list[str]) -> int | None:
    """The moment of the first of several headers that is a date to its end, or else of the first readable one."""
    whole = [text for text in texts[:MOST_DATES] if _WHOLE.search(text)]
    return next((moment for text in [*whole, *texts[:MOST_DATES]] if (moment := moment_of(text)) is not None), None)


def moment_of(text: str) -> int | None:
    """Milliseconds since the epoch, or None if the text is no date. A date without a zone is in UTC."""
    text = text[:200]
    for form in _FORMS:
        if (found := form.search(text)) and (moment := _moment(found.groupdict())) is not None:
            return moment
    return _otherwise(text)


def _moment(found: dict[str, str | None]) -> int | None:
    month = str(found["month"]).lower()
    number = int(month) if month.isdigit() else _MONTHS.get(month[:4]) or _MONTHS.get(month[:3])
    year, day, hour = (int(found[name] or 0) for name in ("year", "day", "hour"))
    minute, second = int(found["minute"] or 0), int(found["second"] or 0)
    if year < 100 or (year < 1000 and len(str(found["year"])) == 3):
        year += 1900 if year >= 50 else 2000
    half = (found.get("half") or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    if number is None or not (1900 <= year <= 9999 and hour <= 24 and minute <= 59 and second <= 60):
        return None
    try:
        day_start = calendar.timegm(datetime(year, number, day).timetuple())
    except ValueError:
        return None
    return (day_start + hour * 3600 + minute * 60 + second - _offset(found.get("zone") or "")) * 1000


def _offset(zone: str) -> int:
    """Seconds east of Greenwich."""
    zone = zone.lower().strip(" (")
    if found := _OFFSET.search(zone):
        seconds = int(found[2]) * 3600 + int(found[3]) * 60
        return seconds if found[1] == "+" else -seconds
    hours = _ZONES.get(zone, 0)
    return (abs(hours) // 100 * 3600 + abs(hours) % 100 * 60) * (1 if hours >= 0 else -1)


def _otherwise(text: str) -> int | None:
    try:
        found = parsedate_tz(text)
        return (calendar.timegm(datetime(*found[:6]).timetuple()) - (found[9] or 0)) * 1000 if found else None
    except Exception:  # For malformed dates the standard library raises IndexError, TypeError and others.
        return None
