"""Reads tables for imports, row by row: CSV in any dialect and encoding, JSON lines, JSON, and spreadsheets."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import msgspec

from .. import media
from . import csv_rows, encodings, json_rows, sheets
from .encodings import Sample
from .formats import (
    CSV,
    JSON,
    KINDS,
    LINES,
    MOST_SHEET,
    SHEETS,
    Broken,
    Format,
    Row,
    as_field,
    as_own,
    plain,
    read_mark,
)

__all__ = [
    "CSV",
    "HEAD",
    "JSON",
    "KINDS",
    "LINES",
    "MOST_SHEET",
    "SHEETS",
    "Broken",
    "Format",
    "Opened",
    "Row",
    "Table",
    "as_field",
    "as_own",
    "open_table",
    "pipeline",
    "plain",
    "read_mark",
    "rows",
    "unpacked",
]

HEAD = 256_000
"""The number of bytes from the beginning of a table that are used to detect its format."""
MOST_UNPACKED = 1_000_000_000
_MANY_CONTROLS = 8
FIRST = 1000
"""The number of rows that show what a table is like."""
_TAKEN = "send CSV, JSON lines, JSON, XLSX, XLS or ODS"
_NAMES = {
    "application/pdf": "a PDF file",
    "application/zip": "a ZIP archive",
    "image/png": "a picture (PNG)",
    "image/jpeg": "a picture (JPEG)",
    "image/gif": "a picture (GIF)",
    "text/html": "an HTML page",
    "text/xml": "an XML file",
    "application/xml": "an XML file",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "a Word document",
    "application/msword": "a Word document",
    "application/rtf": "an RTF document",
}


class Table:
    """A table on its way to the store. Pass its pieces through; then it knows its beginning and its encoding."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.head = bytearray()
        self.sample = Sample()
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if len(self.head) < HEAD:
                self.head += piece[: HEAD - len(self.head)]
            self.sample.add(piece)
            yield piece


class Opened(msgspec.Struct, frozen=True):
    """How a table is read, and what is in its beginning."""

    form: Format
    columns: list[str]
    first: list[Row]
    """The first rows."""
    head: bytes
    sheets: list[str] = []
    """The names of all sheets of a spreadsheet."""


def unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces; those of a gzip file decompressed. Raises Broken if it is damaged or too large."""
    source = iter(pieces)
    begin = b""
    for piece in source:
        begin += piece
        if len(begin) >= 2:
            break
    if not begin.startswith(b"\x1f\x8b"):
        yield begin
        yield from source
        return
    unzip, size, rest = zlib.decompressobj(31), 0, begin
    while rest:
        try:
            piece = unzip.decompress(rest, HEAD)
        except zlib.error:
            raise Broken("is a gzip file that is damaged") from None
        size += len(piece)
        if size > MOST_UNPACKED:
            raise Broken(f"has more than {MOST_UNPACKED // 1_000_000:,} MB after unpacking: send it in parts")
        yield piece
        rest = unzip.unconsumed_tail
        if unzip.eof and unzip.unused_data:  # a gzip file may have several members
            unzip, rest = zlib.decompressobj(31), unzip.unused_data
        if not rest:
            rest = next(source, b"")
    if not unzip.eof:
        raise Broken("is a gzip file that is damaged")


def open_table(
    table: Table,
    whole: Callable[[], Iterable[bytes]] | None,
    *,
    kind: str = "",
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    known: Collection[str] = (),
) -> Opened:
    """Detect how a table is read, after its pieces were passed through `table`. Values that are given are not detected.

    `whole` gives all its bytes; None if only the beginning is there. `known` are the names of columns that mean
    something, as `plain` writes them. Raises Broken if it is no table.
    """
    head = bytes(table.head)
    if not head.strip():
        raise Broken("is empty: send a table with a heading and rows")
    is_known = csv_rows.known_by(known)
    if sheet_kind := sheets.kind_of(head):
        if kind and kind not in SHEETS:
            raise Broken(f"is a spreadsheet ({sheet_kind.upper()}), and not {kind.upper()}: leave out format")
        form, columns, first, names = sheets.beginning(whole() if whole else [head], sheet, FIRST, is_known)
        return Opened(msgspec.structs.replace(form, kind=sheet_kind), columns, first, head, names)
    if kind in SHEETS:
        raise Broken(f"is not a spreadsheet ({kind.upper()})")
    encoding = encodings.named(encoding, head) if encoding else table.sample.encoding(head)
    _refuse_what_is_no_table(head, encoding)
    text = _decoded(head, encoding)
    kind = kind or _kind(text)
    is_cut = len(head) >= HEAD
    if kind == CSV:
        form = csv_rows.detect(text, is_cut=is_cut, delimiter=delimiter, is_known=is_known)
        form = msgspec.structs.replace(form, encoding=encoding)
        return Opened(form, _heading(head, form), _first(head, form), head)
    form = Format(kind, encoding)
    if kind == LINES:
        first = _first(head, form)
    else:
        if whole:
            json_rows.items(whole(), encoding)
        first = json_rows.first(text, FIRST)
    found: dict[str, None] = {}
    for row in first:
        if isinstance(row.cells, dict):
            found.update(dict.fromkeys(row.cells))
    return Opened(form, list(found), first, head)


def _refuse_what_is_no_table(head: bytes, encoding: str) -> None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:100].lower()
    if start.startswith((b"begin:vcard", b"begin:vcalendar")):
        what = "a vCard file of contacts" if b"vcard" in start else "an iCalendar file"
        raise Broken(f"is {what}, and an import creates boxes from a table: {_TAKEN}")
    mime = media.sniff(head)
    is_text = mime.startswith("text/") or mime in ("application/json", media.UNKNOWN)
    is_binary = (
        mime == media.UNKNOWN and not encoding.startswith(("utf-16", "utf-32")) and _controls(head) >= _MANY_CONTROLS
    )
    if mime in _NAMES or is_binary or not is_text:
        raise Broken(f"is {_NAMES.get(mime, f'a file of type {mime}')}, and not a table: {_TAKEN}")


def _controls(head: bytes) -> int:
    """The number of bytes at the beginning that texts do not have."""
    return sum(byte < 9 for byte in head[:1000])


def _decoded(head: bytes, encoding: str) -> str:
    return "".join(csv_rows.Text([head], encoding))


def _kind(text: str) -> str:
    start = text.lstrip()
    if start[:1] == "[":
        return JSON
    if start[:1] != "{":
        return CSV
    line, _, others = start.partition("\n")
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return JSON
    is_whole = not others.strip() and isinstance(found.get("boxes", found.get("results")), list)
    return JSON if is_whole else LINES


def _heading(head: bytes, form: Format) -> list[str]:
    return csv_rows.names(csv_rows.heading([head], form))


def _first(head: bytes, form: Format) -> list[Row]:
    """The first rows, without an incomplete row at the end."""
    found: list[Row] = []
    try:
        for row in rows([head], form):
            if len(found) == FIRST:
                return found
            found.append(row)
    except Broken:
        pass
    return found[:-1] if len(head) >= HEAD else found


def pipeline(opened: Opened) -> dict[str, Any]:
    """The description of the pipeline at the beginning of a JSON export. Raises Broken if there is none."""
    return json_rows.pipeline(_decoded(opened.head, opened.form.encoding))


def rows(pieces: Iterable[bytes], form: Format) -> Iterator[Row]:
    """All rows after the heading. The members of an object's `fields` are merged with its other members."""
    if form.kind == CSV:
        return csv_rows.rows(pieces, form)
    if form.kind == LINES:
        return json_rows.lines(pieces, form.encoding)
    if form.kind == JSON:
        return json_rows.array(pieces, form.encoding)
    return sheets.rows(pieces, form)
