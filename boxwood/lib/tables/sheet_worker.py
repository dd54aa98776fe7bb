"""The process that reads a spreadsheet: `sheet_worker.py FILE SHEET` prints the names of the sheets, and then each row
of the sheet (the first one, if SHEET is empty) as a JSON list. It has limits of memory and time."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

MEMORY = 2_000_000_000
CPU_SECONDS = 120
TOO_LARGE = "is a spreadsheet that is damaged or too large to read: save the sheet as CSV"


def limit() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_CORE, 0)):
        try:  # noqa: SIM105 - contextlib costs a tenth of the start
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            pass


def main(path: str, wanted: str) -> None:
    limit()
    import python_calamine

    try:
        book = python_calamine.load_workbook(path)
        names = book.sheet_names
        if not names:
            fail("is a spreadsheet without sheets")
        if wanted and wanted not in names:
            fail(f"sheet: {wanted[:100]!r} is not a sheet of this file: it has {', '.join(map(repr, names[:50]))}")
        name = wanted or names[0]
        sheet = book.get_sheet_by_name(name)
    except Exception:
        fail("cannot be read as a spreadsheet: it is damaged or has a password. Save the sheet as CSV")
    out = sys.stdout
    print(json.dumps({"sheets": names, "sheet": name}), file=out)
    for row in sheet.iter_rows():
        print(json.dumps([value_of(cell) for cell in row]), file=out)
    out.flush()


def fail(message: str) -> None:
    print(json.dumps({"error": message}))
    sys.stdout.flush()
    raise SystemExit(1)


def value_of(cell: Any) -> Any:
    """The cell as JSON: dates as ISO texts, whole numbers as integers."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, datetime):
        is_day = cell.time() == time()
        return cell.date().isoformat() if is_day else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return cell


if __name__ == "__main__":
    main(*sys.argv[1:])
