"""Writes CSV that spreadsheets read and do not compute: one set of rules for exports, reports and the audit log. The
browser's are the same, in `ui/src/lib/csv.ts`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

BOM = "\ufeff".encode()
"""Excel reads CSV as UTF-8 only after this mark."""
_BEGINNINGS = frozenset("'=+-@\t\r\n＝＋－＠")
_AS_TEXT = re.compile(r'="([^"]*)"')
_COMPUTED = re.compile(r"'*[=+\-@\t\r\n＝＋－＠].", re.DOTALL)


def guarded(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet would compute it, or if it looks like such a text with an
    apostrophe. `unguarded` gives the text again."""
    return f"'{text}" if text[:1] in _BEGINNINGS and _COMPUTED.match(text) else text


def unguarded(text: str) -> str:
    """Without the apostrophe that `guarded` adds, and without the formula `="007"`, by which programs keep zeros."""
    if text[:2] == '="' and (found := _AS_TEXT.fullmatch(text)):
        return found[1]
    return text[1:] if text[:1] == "'" and _COMPUTED.match(text) else text


def written(rows: Iterable[Sequence[Any]]) -> bytes:
    """The rows as CSV, in UTF-8. Every text is guarded; None is an empty cell."""
    out = io.StringIO()
    csv.writer(out).writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return out.getvalue().encode()
