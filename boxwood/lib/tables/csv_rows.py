"""Reads CSV row by row. A row that is damaged is reported with its line, and the rows after it are still read."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from io import StringIO
from itertools import islice
from typing import Any, NamedTuple

from .encodings import BAD_BYTE
from .formats import MOST_LINE, Broken, Format, Row, plain

DELIMITERS = "\t;|,"
"""The delimiters that are looked for. The comma is the last one, because texts and numbers contain commas."""
SPACED, ESCAPED = "spaced", "escaped"
_BAD = re.compile("[\udc00-\udcff]")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE | re.DOTALL)
_NO_DELIMITERS = frozenset('"\\\r\n\0')
_LOOKED_AT = 60
"""Rows from the beginning that show how a table is written."""
_MOST_TITLES = 20
"""Rows before the heading, with a title or nothing, that are skipped."""


class Damaged(NamedTuple):
    """A row that cannot be read, and why."""

    line: str
    reason: str


class Text:
    """The lines of a table, with their line ends: LF, CRLF or CR."""

    def __init__(self, pieces: Iterable[bytes], encoding: str) -> None:
        self.encoding = encoding
        self.has_bad_bytes = False
        """Whether the lines so far have bytes that the encoding does not have."""
        self._pieces = pieces

    def __iter__(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self.encoding)(BAD_BYTE)
        rest, is_first = "", True
        for piece in self._pieces:
            text = decoder.decode(piece)
            if is_first and text:
                text, is_first = text.removeprefix("\ufeff"), False
            self._look_at(text)
            text = rest + text
            held = ""
            if text[-1:] == "\r":  # a LF may follow
                text, held = text[:-1], "\r"
            lines = list(StringIO(text, newline=""))
            is_open = bool(lines) and lines[-1][-1:] not in ("\n", "\r")
            rest = (lines.pop() if is_open else "") + held
            if len(rest) > MOST_LINE:
                raise Broken(f"a line is longer than {MOST_LINE:,} characters")
            yield from lines
        text = decoder.decode(b"", True)
        self._look_at(text)
        # DOS programs end a file with Ctrl-Z.
        yield from StringIO((rest + text).rstrip("\x1a"), newline="")

    def _look_at(self, text: str) -> None:
        if not text.isascii() and _BAD.search(text):
            self.has_bad_bytes = True

    def fault(self, cells: list[str]) -> str:
        """What is wrong with a row that has bytes which the encoding does not have; empty if it has none."""
        for cell in cells:
            if not cell.isascii() and (found := _BAD.search(cell)):
                byte, before = ord(found[0]) - 0xDC00, cell[max(0, found.start() - 20) : found.start()]
                return f"has the byte {byte:#04x} after {before!r}, which is no text in {self.encoding}"
        return ""


def rows(pieces: Iterable[bytes], form: Format) -> Iterator[Row]:
    """All rows after the heading."""
    text = Text(pieces, form.encoding)
    reader = _Reader(iter(text), form.delimiter or ",", form.quotes)
    raw = iter(reader)
    heading = next(islice(raw, form.skip, None), [])
    width = reader.width = len(heading) if isinstance(heading, list) else 0
    number = 0
    for cells in raw:
        if isinstance(cells, Damaged):
            number += 1
            yield Row(number, [readable(cells.line)[:1000]], cells.reason)
        elif any(cells):
            number += 1
            if len(cells) > width and any(cells[width:]):
                yield Row(number, readable_list(cells), _too_many(cells, width, form.delimiter))
            elif text.has_bad_bytes and (fault := text.fault(cells)):
                yield Row(number, readable_list(cells), fault)
            else:
                yield Row(number, cells)


def heading(pieces: Iterable[bytes], form: Format) -> list[str]:
    """The cells of the heading. Raises Broken if it cannot be read."""
    text = Text(pieces, form.encoding)
    raw = iter(_Reader(iter(text), form.delimiter or ",", form.quotes))
    found = next(islice(raw, form.skip, None), [])
    if isinstance(found, Damaged):
        raise Broken(f"cannot be read as CSV: {found.reason}")
    if fault := text.fault(found):
        raise Broken(f"encoding: the heading {fault}: give the encoding in which the file was saved")
    return found


def _too_many(cells: list[str], width: int, delimiter: str) -> str:
    named = "a tab" if delimiter == "\t" else repr(delimiter)
    return f"has {len(cells)} cells, but the heading has {width}: write a cell that contains {named} in double quotes"


def readable(text: str) -> str:
    """The text with replacements for bytes that are no text."""
    return _BAD.sub("\ufffd", text)


def readable_list(cells: list[str]) -> list[str]:
    return [cell if cell.isascii() else readable(cell) for cell in cells]


class _Reader:
    """The rows of CSV as lists, blank ones too. After a damaged row, it goes on with the line after the row's first
    line: what an unclosed quote has swallowed is read again."""

    def __init__(self, lines: Iterator[str], delimiter: str, quotes: str) -> None:
        self.width: int | None = None
        """The number of cells of the heading, as soon as it is known."""
        self._lines = lines
        self._options: dict[str, Any] = {"delimiter": delimiter, "strict": True}
        if quotes == SPACED:
            self._options["skipinitialspace"] = True
        elif quotes == ESCAPED:
            self._options["escapechar"] = "\\"
        self._row: list[str] = []
        """The lines of the row that is being read."""
        self._again: deque[str] = deque()
        """Lines that an unclosed quote has swallowed."""

    def __iter__(self) -> Iterator[list[str] | Damaged]:
        csv.field_size_limit(MOST_LINE)
        row, line = self._row, 0
        while True:
            reader = csv.reader(self._feed(), **self._options)
            try:
                for cells in reader:
                    is_remnant = line < self._swallowed
                    if is_remnant and cells and self.width and len(cells) != self.width:
                        yield Damaged(row[0], f"line {line + 1} is part of a row with a quote that is not closed")
                    else:
                        yield cells
                    line += len(row)
                    row.clear()
                return
            except csv.Error as error:
                if not row:
                    raise Broken(f"cannot be read as CSV: {error}") from None
                yield Damaged(row[0], _reason(str(error), line + 1, line + len(row)))
                self._swallowed = max(self._swallowed, line + len(row))
                line += 1
                self._again.extendleft(reversed(row[1:]))
                row.clear()

    _swallowed = 0
    """The last line that an unclosed quote has swallowed."""

    def _feed(self) -> Iterator[str]:
        keep, again = self._row.append, self._again
        while again:
            line = again.popleft()
            keep(line)
            yield line
        for line in self._lines:
            keep(line)
            yield line


def _reason(error: str, first: int, last: int) -> str:
    if "unexpected end" in error:
        return f"line {first} has a quote that is not closed"
    if "field limit" in error:
        return f"line {first} has a quote that is not closed, or a cell with more than {MOST_LINE:,} characters"
    if "expected after" in error and first < last:
        return f"line {first} has a quote that is not closed: line {last} has text after the next quote"
    if "expected after" in error:
        return f'line {first} has text after a closing quote: write a quote inside a cell twice ("")'
    return f"line {first} cannot be read as CSV: {error}"


class _Candidate(NamedTuple):
    """A way to read the beginning of a table, and how well it suits. The largest one is taken."""

    knows_heading: bool
    share: float
    """The share of rows that have the usual number of cells."""
    width_above_one: bool
    not_skipped: int
    """Minus the number of rows before the heading: lines of a text can look like titles and a heading."""
    preference: int
    delimiter: str
    quotes: str
    skip: int


def detect(text: str, *, is_cut: bool, delimiter: str, is_known: Callable[[str], bool]) -> Format:
    """The format of CSV that begins with `text`; `is_cut` if the text ends somewhere in the table. `delimiter` is what
    the user says, else empty. `is_known` tells whether a column's name is known."""
    lines = list(StringIO(text.removeprefix("\ufeff"), newline=""))
    lines = lines[:-1] if is_cut and len(lines) > 1 else lines
    first = next(iter(lines), "")
    delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if len(delimiter) > 1 or delimiter in _NO_DELIMITERS:
        raise Broken("delimiter: must be one character, or tab, and no quote, backslash or line end")
    separator = _SEPARATOR_LINE.fullmatch(first)
    if separator and separator[1] in _NO_DELIMITERS:
        separator = None
    if separator:
        delimiter = delimiter or separator[1]
    candidates = [
        _candidate(lines, character, quotes, is_known, 1 if separator else 0, -at * 3 - nested)
        for at, character in enumerate([delimiter] if delimiter else DELIMITERS)
        for nested, quotes in enumerate(_ways_of_quotes(text, character))
    ]
    best = max((found for found in candidates if found.width_above_one or delimiter), default=None)
    if best is None:
        best = _candidate(lines, ",", "", is_known, 0, 0)
    return Format("csv", "", best.delimiter, best.quotes, best.skip)


def _ways_of_quotes(text: str, delimiter: str) -> Collection[str]:
    found = [SPACED, ""] if re.search(re.escape(delimiter) + ' +"', text) else [""]
    if '\\"' in text:
        found.append(ESCAPED)
    return found


def _candidate(
    lines: list[str], delimiter: str, quotes: str, is_known: Callable[[str], bool], skip: int, preference: int
) -> _Candidate:
    found = list(islice(_Reader(iter(lines), delimiter, quotes), skip, _LOOKED_AT))
    if len(found) > 1 and isinstance(found[-1], Damaged) and "not closed" in found[-1].reason:
        found.pop()  # the text may be cut within quotes
    heading = heading_at([cells if isinstance(cells, list) else [] for cells in found], is_known)
    rows = [cells for cells in found[heading:] if isinstance(cells, Damaged) or any(cells)]
    widths = Counter(len(cells) for cells in rows if isinstance(cells, list))
    width, alike = widths.most_common(1)[0] if widths else (1, 0)
    names = found[heading] if found else []
    knows = isinstance(names, list) and any(is_known(cell) for cell in names)
    share = round(alike / len(rows), 2) if rows else 0.0
    return _Candidate(knows, share, width > 1, -heading, preference, delimiter, quotes, skip + heading)


def heading_at(rows: list[list[Any]], is_known: Callable[[str], bool]) -> int:
    """The position of the heading: the first row that is not blank, or a later one if that is a title.

    A title is alone in its row, and a row with a known name follows it.
    """
    filled = [[cell for cell in cells if cell not in ("", None)] for cells in rows]
    start = next((at for at, cells in enumerate(filled) if cells), 0)
    if not rows or any(is_known(str(cell)) for cell in filled[start]):
        return start
    for at in range(start, min(start + _MOST_TITLES, len(rows))):
        if len(filled[at]) > 1:
            return at if any(is_known(str(cell)) for cell in filled[at]) else start
        # `Name,` is a heading with an empty column, `Deals of May,,,` is a title.
        if len(rows[at]) == 2 and filled[at]:
            return start
    return start


def names(cells: list[str]) -> list[str]:
    """The names of the columns in a heading; those without a name are `Column 3`, and of two alike ones, the second one
    has its position too."""
    found: list[str] = []
    for at, cell in enumerate(cells, 1):
        name = str(cell).strip() or f"Column {at}"
        while name in found:
            name = f"{name} ({at})"
        found.append(name)
    return found


def known_by(words: Collection[str]) -> Callable[[str], bool]:
    return lambda name: plain(name) in words
