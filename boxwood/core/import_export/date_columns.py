"""The columns of a table that go to dates: the order of day and month, and day numbers of spreadsheets.

The order comes from whole cells of these columns alone. An order that the import names wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...lib import dates

_PREFERRED = ("mdy", "dmy", "ymd")
_WITH_DOTS = ("dmy", "mdy", "ymd")


class DateColumns(NamedTuple):
    """How the dates of a table are read."""

    order: str
    """One of `dates.ORDERS`."""
    ambiguous: bool
    """Whether no cell shows the order: `order` is then only the usual one."""
    excel_days: list[str]
    """Columns whose dates are day numbers of a spreadsheet, such as 45720."""
    notes: list[str]
    """What was found, in sentences for users."""


def examine(columns: Mapping[str, Sequence[Any]], wanted: str) -> DateColumns:
    """How to read the dates of columns, given by name with some of their cells. `wanted` is an order, or empty."""
    excel_days, notes, numeric = [], [], []
    for name, cells in columns.items():
        written = [str(cell).strip() for cell in cells if _is_written(cell)]
        if written and all(dates.excel_day(text) is not None for text in written):
            excel_days.append(name)
            shown = dates.shown(dates.excel_day(written[0]) or 0)
            notes.append(f"{name!r} holds day numbers of a spreadsheet: {written[0]} is read as {shown}.")
        else:
            numeric += [(name, text, fits) for text in written if _depends_on_order(fits := _fits(text))]
    order, ambiguous = _order(numeric, wanted, notes)
    others = [(name, text) for name, text, fits in numeric if order not in fits]
    if others:
        name, text = others[0]
        notes.append(
            f"{text!r} in {name!r} is not a date in the order {dates.IN_WORDS[order]}: such rows are rejected "
            f"({len(others):,} of {len(numeric):,} numeric dates in the first rows)."
        )
    return DateColumns(order, ambiguous, excel_days, notes)


def read(cell: Any, order: str, *, excel_days: bool) -> int:
    """The date in a cell, in milliseconds since 1970. Raise `DateError` with the reason if there is none."""
    text = cell.strip() if isinstance(cell, str) else str(cell)
    if excel_days and (found := dates.excel_day(text)) is not None:
        return found
    if not isinstance(cell, str):
        return dates.read(text if dates.compact_day(text) is not None else cell)
    try:
        return dates.read(text, order)
    except dates.DateError:
        if other := next((other for other in dates.ORDERS if dates.find(text, other) is not None), None):
            raise dates.DateError(
                f"{text[:50]!r} is not a date in the order {dates.IN_WORDS[order]}, in which this table's dates are "
                f"read: correct the cell, or import the table with dates={other}"
            ) from None
        raise


def _is_written(cell: Any) -> bool:
    return not isinstance(cell, bool) and isinstance(cell, (str, int, float)) and str(cell).strip() != ""


def _fits(text: str) -> dict[str, int]:
    """The orders in which the text is a date, and that date."""
    found = {order: dates.find(text, order) for order in dates.ORDERS}
    return {order: at for order, at in found.items() if at is not None}


def _depends_on_order(fits: dict[str, int]) -> bool:
    """Whether a text is a date in some orders alone, or another date in each."""
    return 0 < len(fits) < len(dates.ORDERS) or len(set(fits.values())) > 1


def _order(numeric: list[tuple[str, str, dict[str, int]]], wanted: str, notes: list[str]) -> tuple[str, bool]:
    """The order of numeric dates, and whether no cell shows it."""
    if wanted:
        notes.append(f"Numeric dates are read as {dates.IN_WORDS[wanted]}, as you chose.")
        return wanted, False
    if not numeric:
        return "mdy", False
    with_dots = any("." in text for _, text, _ in numeric)
    counts = {order: sum(order in fits for _, _, fits in numeric) for order in dates.ORDERS}
    order = max(_WITH_DOTS if with_dots else _PREFERRED, key=lambda each: counts[each])
    in_words = dates.IN_WORDS[order]
    proof = next(((name, text) for name, text, fits in numeric if list(fits) == [order]), None)
    if proof:
        notes.append(f"Numeric dates are read as {in_words}: {proof[1]!r} in {proof[0]!r} is a date in no other order.")
        return order, False
    if with_dots:
        notes.append(f"Numeric dates are read as {in_words}, as is usual for dates with dots.")
        return order, False
    name, text, fits = next(each for each in numeric if order in each[2])
    others = " or ".join(dates.shown(at) for other, at in fits.items() if other != order)
    notes.append(
        f"Numeric dates are read as {in_words}: {text!r} in {name!r} is {dates.shown(fits[order])}. No date shows "
        f"whether it is {others} instead, so check the order."
    )
    return order, True
