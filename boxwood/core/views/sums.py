"""Sums of columns in boards, tables and reports: which columns can be summed, which values count, and how sums are
rounded."""

from __future__ import annotations

import math
from typing import Any

from ...errors import Invalid
from ..context import Ctx
from ..pipelines.columns import UNSET, WORDS, Column, field_number
from .selections import Selection

MOST_SUMS = 50


def columns(selection: Selection, names: list[str]) -> dict[str, Column]:
    """The columns to sum, by name. Only columns of numbers or text can be summed."""
    if len(names) > MOST_SUMS:
        raise Invalid("sums", f"takes at most {MOST_SUMS} columns")
    found = {}
    for at, name in enumerate(names):
        column = selection.column(name, f"sums[{at}]")
        if column.kind not in ("number", "text"):
            raise Invalid(f"sums[{at}]", f"{name[:50]!r} holds no numbers")
        found[name] = column
    return found


def params(ctx: Ctx, columns: dict[str, Column]) -> dict[str, Any]:
    """The SQL parameters that the columns need."""
    given = {name: value for column in columns.values() for name, value in column.params.items()}
    return {**given, "now": ctx.now} if columns else {}


def number(ctx: Ctx, column: Column) -> str:
    """SQL for the number that a box `b` has in this column. It is NULL, and adds nothing, if the value is unset or is
    text that is not a number."""
    if column.field:  # what the column is sorted by would look for the field twice
        return field_number(ctx.db.dialect, column.field)
    return f"CASE WHEN {column.sorts[0]} < {WORDS} THEN {column.sorts[0]} END"


def left_out(ctx: Ctx, column: Column) -> str:
    """SQL for 1 if a box `b` has a value in this column that is no number, else 0."""
    if column.field:
        value = ctx.db.dialect.field_value("b.fields", column.field.key)
        return f"(CASE WHEN {value} IS NOT NULL AND {number(ctx, column)} IS NULL THEN 1 ELSE 0 END)"
    return f"(CASE WHEN {column.sorts[0]} >= {WORDS} AND {column.sorts[0]} < {UNSET} THEN 1 ELSE 0 END)"


def total(number: str) -> str:
    """SQL for the sum of a `number`. It adds fractions, because the sum of large whole numbers can overflow."""
    return f"SUM({number} + 0.0)"


def rounded(total: float | None) -> float:
    """A sum as responses show it: 0 instead of NULL, and an int if it is a whole number. A fraction gets 15 digits,
    which are the same in whatever order the numbers were added: 0.3, not 0.30000000000000004."""
    if total is None:
        return 0
    if not math.isfinite(total) or abs(total) >= 2**53:
        return total
    digits = round(total) if abs(total) >= 10**15 else float(f"{total:.15g}")
    return int(digits) if digits == int(digits) else digits
