"""Reads tables for imports, row by row: CSV in any dialect and encoding, JSON lines, or JSON."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

CSV, LINES, JSON = "csv", "jsonl", "json"
KINDS = (CSV, LINES, JSON)
DELIMITERS = ",;\t|"
HEAD = 256_000
"""The number of bytes from the beginning of a table that are used to detect its format."""
MOST_LINE = 8_000_000
MOST_JSON = 64_000_000
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


_LIST = re.compile(r'\A\s*\[\s*|"(?:boxes|results)"\s*:\s*\[\s*')

_PIPELINE = re.compile(r'\A\ufeff?\s*\{\s*"pipeline"\s*:\s*')


class Format(msgspec.Struct, frozen=True):
    kind: str
    encoding: str
    delimiter: str
    """For CSV; empty for the other kinds."""


class Broken(ValueError):
    """The table cannot be read in this format."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row. `number` counts from 1, without the heading. `cells` is a list for CSV, an object for JSON, or a text that
    says what is wrong with the row."""

    number: int
    cells: list[str] | dict[str, Any] | str


def detect(head: bytes, *, kind: str = "", encoding: str = "", delimiter: str = "") -> Format:
    """Detect the format of a table from its first `HEAD` bytes. Values that the caller gives are not detected. Raises
    Broken for an unknown encoding."""
    encoding = encoding or _encoding(head)
    text = _decoded(head, encoding)
    kind = kind or _kind(text)
    if kind != CSV:
        return Format(kind, encoding, "")
    return Format(kind, encoding, delimiter or _delimiter(text))


def _encoding(head: bytes) -> str:
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    if head[1:2] == b"\0":
        return "utf-16-le"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _decoded(head: bytes, encoding: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)("replace").decode(head)
    except LookupError:
        raise Broken(f"no encoding {encoding[:40]!r} is known") from None


def _kind(text: str) -> str:
    start = text.lstrip()
    if start[:1] == "[":
        return JSON
    if start[:1] != "{":
        return CSV
    try:
        msgspec.json.decode(start.partition("\n")[0])
    except msgspec.DecodeError:
        return JSON
    return LINES


def _delimiter(text: str) -> str:
    """The delimiter with which most lines have as many cells as the first line, and more than one cell."""
    lines = text.splitlines(keepends=True)[:50]
    best, most = ",", 0.0
    for delimiter in DELIMITERS:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells]
        if widths and widths[0] > 1:
            alike = sum(width == widths[0] for width in widths) / len(widths)
            if alike * widths[0] > most:
                best, most = delimiter, alike * widths[0]
    return best


def header(head: bytes, form: Format) -> list[str]:
    """The names of the columns: the first row of CSV, or the members of the first objects of JSON."""
    if form.kind == CSV:
        names = next(_csv([head], form), [])
        return [name.strip() or f"Column {at}" for at, name in enumerate(names, 1)]
    found: dict[str, None] = {}
    for row in first(head, form, 1000):
        if isinstance(row.cells, dict):
            found.update(dict.fromkeys(row.cells))
    return list(found)


def first(head: bytes, form: Format, most: int) -> list[Row]:
    """The first rows of a table, from its first bytes. An incomplete row at the end is ignored."""
    if form.kind == JSON:
        objects = islice(_objects(_decoded(head, form.encoding)), most)
        return [Row(number, _flat(found)) for number, found in enumerate(objects, 1)]
    try:
        return list(islice(rows(_whole_lines(head), form), most))
    except Broken:
        return []


def pipeline(head: bytes) -> dict[str, Any]:
    """The description of the pipeline at the beginning of a JSON export. Raises Broken if there is none."""
    text = _decoded(head, _encoding(head))
    begins = _PIPELINE.match(text)
    try:
        found = json.JSONDecoder().raw_decode(text, begins.end())[0] if begins else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Broken("is not a JSON export of a pipeline: it must begin with the pipeline")
    return found


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The complete objects of a list whose end may be missing."""
    begins = _LIST.search(text)
    at = begins.end() if begins else len(text)
    decoder = json.JSONDecoder()
    while at < len(text):
        try:
            found, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        if isinstance(found, dict):
            yield found
        while at < len(text) and text[at] in ", \r\n\t":
            at += 1


def _whole_lines(head: bytes) -> list[bytes]:
    """The first bytes without an incomplete last line."""
    return [head if len(head) < HEAD else head[: head.rfind(b"\n") + 1]]


def rows(pieces: Iterable[bytes], form: Format) -> Iterator[Row]:
    """All rows after the heading. For a JSON line that is not an object, the row says so. The members of an object's
    `fields` are merged with its other members."""
    if form.kind == CSV:
        cells = _csv(pieces, form)
        next(cells, None)
        number = 0
        for row in cells:
            if any(row):
                number += 1
                yield Row(number, row)
        return
    objects = _lines(pieces, form.encoding) if form.kind == LINES else _array(pieces)
    for number, found in enumerate(objects, 1):
        yield Row(number, _flat(found) if isinstance(found, dict) else "is not a JSON object")


def _csv(pieces: Iterable[bytes], form: Format) -> Iterator[list[str]]:
    csv.field_size_limit(MOST_LINE)
    try:
        yield from csv.reader(_text_lines(pieces, form.encoding), delimiter=form.delimiter or ",")
    except csv.Error as error:
        raise Broken(f"cannot be read as CSV: {error}") from None


def _text_lines(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    rest = ""
    for piece in pieces:
        lines = (rest + decoder.decode(piece)).split("\n")
        rest = lines.pop()
        if len(rest) > MOST_LINE:
            raise Broken(f"a line is longer than {MOST_LINE:,} characters")
        for line in lines:
            yield line + "\n"
    rest += decoder.decode(b"", True)
    if rest:
        yield rest


def _lines(pieces: Iterable[bytes], encoding: str) -> Iterator[Any]:
    decode = msgspec.json.Decoder().decode
    for line in _text_lines(pieces, encoding):
        if line.isspace():
            continue
        try:
            yield decode(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            yield None


def _array(pieces: Iterable[bytes]) -> Iterator[Any]:
    """The items of a list, or of the list in an object's `boxes` or `results`."""
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > MOST_JSON:
            raise Broken(f"is larger than {MOST_JSON // 1_000_000} MB: send JSON lines")
    try:
        found = msgspec.json.decode(bytes(whole))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Broken("is not valid JSON") from None
    if isinstance(found, dict):
        found = found.get("boxes", found.get("results"))
    if not isinstance(found, list):
        raise Broken("is neither a list of objects nor an object with boxes")
    yield from found


def _flat(found: dict[str, Any]) -> dict[str, Any]:
    inner = found.get("fields")
    return (
        {**{name: value for name, value in found.items() if name != "fields"}, **inner}
        if isinstance(inner, dict)
        else found
    )
