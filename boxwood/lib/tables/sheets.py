"""Reads spreadsheets (XLSX, XLS, ODS) in a process of its own, so that a crafted file can use up neither the server's
memory nor its time."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from .csv_rows import heading_at, names
from .formats import MOST_SHEET, ODS, XLS, XLSX, Broken, Format, Row

_WORKER = Path(__file__).with_name("sheet_worker.py")
_ODS = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_decode = msgspec.json.Decoder().decode


def kind_of(head: bytes) -> str:
    """The kind of spreadsheet that begins with these bytes; empty if it is none, or another kind of archive."""
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return XLS
    if not head.startswith(b"PK\x03\x04"):
        return ""
    if _ODS in head[:200]:
        return ODS
    # The names of the parts stand in the clear. A workbook's first part is seldom beyond these bytes.
    return XLSX if b"xl/" in head or (b"[Content_Types].xml" in head[:200] and b"word/" not in head) else ""


class Sheet:
    """One sheet of a spreadsheet that was opened. Close it after use."""

    def __init__(self, pieces: Iterable[bytes], sheet: str) -> None:
        """Open the sheet with this name, or the first one. Raises Broken if there is none or the file is no
        spreadsheet."""
        self._file = tempfile.NamedTemporaryFile(prefix="boxwood-sheet-")  # noqa: SIM115 - closed by `close`
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._open(pieces, sheet)
        except BaseException:
            self.close()
            raise

    def _open(self, pieces: Iterable[bytes], sheet: str) -> None:
        if "\0" in sheet:
            raise Broken("sheet: must not contain NUL characters")
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > MOST_SHEET:
                raise Broken(f"is a spreadsheet larger than {MOST_SHEET // 1_000_000} MB: save the sheet as CSV")
            self._file.write(piece)
        self._file.flush()
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_WORKER), self._file.name, sheet],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        try:
            self.names: list[str] = _decode(first)["sheets"]
            self.name: str = _decode(first)["sheet"]
        except (msgspec.DecodeError, KeyError, TypeError):
            raise Broken(self._failure(first)) from None

    def _failure(self, line: bytes) -> str:
        with contextlib.suppress(msgspec.DecodeError, KeyError, TypeError):
            return str(_decode(line)["error"])
        return "is a spreadsheet that is damaged or too large to read: save the sheet as CSV"

    def rows(self) -> Iterator[list[Any]]:
        """All rows, the blank ones too."""
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = _decode(line)
            if not isinstance(found, list):
                raise Broken(self._failure(line))
            yield found
        if self._process.wait():
            raise Broken(self._failure(b""))

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process.wait()
        self._file.close()


def rows(pieces: Iterable[bytes], form: Format) -> Iterator[Row]:
    """All rows after the heading."""
    with contextlib.closing(Sheet(pieces, form.sheet)) as sheet:
        found = sheet.rows()
        width = len(next(islice(found, form.skip, None), []))
        number = 0
        for cells in found:
            if any(cell is not None and cell != "" for cell in cells):
                number += 1
                extra = any(cell is not None and cell != "" for cell in cells[width:])
                yield Row(number, cells, "has a cell beyond the last column of the heading" if extra else "")


def beginning(
    pieces: Iterable[bytes], sheet: str, most: int, is_known: Any
) -> tuple[Format, list[str], list[Row], list[str]]:
    """How a spreadsheet is read (without its kind), its columns, its first rows, and the names of its sheets."""
    with contextlib.closing(Sheet(pieces, sheet)) as opened:
        found = list(islice(opened.rows(), most))
        skip = heading_at(found, is_known)
        columns = [_shown(cell) for cell in found[skip]] if found else []
        while columns and not columns[-1]:
            columns.pop()
        blank = [cells for cells in found[skip + 1 :] if any(cell is not None and cell != "" for cell in cells)]
        first = [Row(number, cells) for number, cells in enumerate(blank, 1)]
        return Format("", skip=skip, sheet=opened.name), names(columns), first, opened.names


def _shown(cell: Any) -> str:
    return "" if cell is None else str(cell)
