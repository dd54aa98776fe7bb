"""Values of records as a person reads them in a mail: dates in words, grouped numbers, amounts with their currency.

Filters of templates still find the value itself: `{{box.Close date | date("%d.%m.%Y")}}` works, although the place
without a filter shows `25 November 2026`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from ....lib import dates, numbers
from ...boxes import box_names
from ...records import Field
from ...records.field import DisplayFormat

MOST_DECIMALS = 6
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "UAH": "₴", "VND": "₫"}
_WITHOUT_DECIMALS = frozenset(("JPY", "KRW", "VND"))
_MONTHS = "January February March April May June July August September October November December".split()


class ShownInteger(int):
    """A whole number, or a date in milliseconds, with the text that a person reads."""

    shown: str

    def __str__(self) -> str:
        return self.shown


class ShownDecimal(float):
    """A number with decimals, with the text that a person reads."""

    shown: str

    def __str__(self) -> str:
        return self.shown


def date(ms: float, zone: tzinfo) -> ShownInteger:
    """A date with its text, such as `25 November 2026`, or `25 November 2026, 14:30` for a moment in this time zone."""
    found = ShownInteger(int(ms))
    at = dates.to_datetime(ms, zone)
    day = f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    found.shown = day if dates.is_day(ms) else f"{day}, {at:%H:%M}"
    return found


def number(value: float, form: DisplayFormat | None = None) -> Any:
    """A number with its text in the format of its field: `1,234.5`, `€1,234.50`, `25%`."""
    if not math.isfinite(value):
        return value
    whole = float(value).is_integer()
    found = ShownInteger(int(value)) if whole else ShownDecimal(value)
    found.shown = _formatted(abs(value), form, whole)
    if value < 0:
        found.shown = f"-{found.shown}"
    return found


def _formatted(value: float, form: DisplayFormat | None, whole: bool) -> str:
    decimals = form.decimals if form is not None else None
    if form is not None and form.type == "CURRENCY" and form.currency:
        if decimals is None:
            decimals = 0 if whole or form.currency in _WITHOUT_DECIMALS else 2
        sign = _SIGNS.get(form.currency, f"{form.currency} ")
        return f"{sign}{value:,.{decimals}f}"
    text = f"{value:,.{decimals}f}" if decimals is not None else _plain(value, whole)
    return f"{text}%" if form is not None and form.type == "PERCENT" else text


def _plain(value: float, whole: bool) -> str:
    return f"{int(value):,}" if whole else f"{value:,.{MOST_DECIMALS}f}".rstrip("0").rstrip(".")


def field_value(field: Field, value: Any, zone: tzinfo, titles: Callable[[str], str]) -> Any:
    """The value of a box's field as a person reads it; None if there is none. `titles` names a contact or an
    organization by its key."""
    if value in (None, "", []):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.type == "DATE" and isinstance(value, (int, float)):
        return date(value, zone)
    if field.type == "PERSON":
        return [person.get("fullName") or person.get("email") or "" for person in value]
    if field.type in ("TEAM_CONTACT", "TEAM_ORGANIZATION"):
        return [title for title in map(titles, value) if title] or None
    if isinstance(value, (int, float)):
        return number(value, field.display_format)
    if isinstance(value, str) and field.display_format is not None:
        amount = numbers.read(value)
        return value if amount is None else number(amount, field.display_format)
    return box_names.label(field, value)
