"""Cuts a message into its parts (MIME), on its bytes and from the outside to the inside.

Each multipart is cut by its own boundary before its parts are looked at, so an inner part without an end does no harm.
Parts are positions in the message: nothing is copied before the content of a part is asked for.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

import msgspec

from . import embedded
from .header_values import base64, parameters, text_of
from .records import Unreadable

MOST_PARTS = 200
MOST_DEPTH = 20
MOST_BYTES_OF_HEADERS = 1_000_000
MOST_BYTES_OF_PART_HEADERS = 32_000
LONGEST_HEADER = 200_000
MOST_HEADER_LINES = 5_000
MOST_BOUNDARIES = 10_000
MOST_BYTES_BEFORE_GUESS = 100_000
MOST_BASE64_PIECES = 1_000
_HEADER = re.compile(rb"([!-9;-~]{1,100})[ \t]*:(?!//)")
_FIRST_WORD = re.compile(rb"[A-Za-z0-9-]+")
# A line that begins with two hyphens and is followed by a header, where the stated boundary is missing or wrong.
_GUESS = re.compile(rb"^--([^\r\n]{1,200}?)[ \t]*\r?\n(?=content-[a-z-]+[ \t]*:)", re.M | re.I)
_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]*")
_SHORT_TYPES = {"text": "text/plain", "html": "text/html", "multipart": "multipart/mixed"}

Headers = dict[str, list[bytes]]
"""Values by the name in lower case, unfolded."""


class Part(msgspec.Struct):
    headers: Headers
    raw: bytes
    start: int
    """Where the body begins in `raw`."""
    end: int
    type: str
    parameters: dict[str, bytes]
    disposition: str
    disposition_parameters: dict[str, bytes]
    parts: list[Part] = []

    def text(self, name: str) -> str:
        return text_of(self.headers[name][0]) if name in self.headers else ""

    @property
    def name(self) -> str:
        """The name of the file, without a path. Empty if it has none."""
        given = self.disposition_parameters.get("filename") or self.parameters.get("name") or b""
        name = text_of(given, self.charset).replace("\\", "/").rstrip("/").rpartition("/")[2].strip()
        return name[:255].strip("\"' ") or name[:255]

    @property
    def charset(self) -> str:
        return self.parameters.get("charset", b"").decode("ascii", "replace")

    def content(self, most: int | None = None) -> bytes:
        """The bytes of the part after its transfer encoding is undone, or of at most `most` bytes of it."""
        end = self.end if most is None else min(self.end, self.start + most)
        return decoded(self.raw, self.start, end, self.encoding)

    @property
    def encoding(self) -> str:
        found = _FIRST_WORD.search(self.headers.get("content-transfer-encoding", [b""])[0])
        return found[0].decode().lower() if found else ""


def decoded(raw: bytes, start: int, end: int, encoding: str) -> bytes:
    view = memoryview(raw)[start:end]
    if encoding == "base64":
        return _base64(view)
    if encoding == "quoted-printable":
        if raw.find(b"= ", start, end) >= 0 or raw.find(b"=\t", start, end) >= 0:
            return binascii.a2b_qp(_SOFT_BREAK.sub(b"=", view))
        return binascii.a2b_qp(view)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return embedded.uu_decoded(bytes(view))
    return bytes(view)


def _base64(view: memoryview) -> bytes:
    """Base64, also in several pieces with padding each, without padding, or with a footer that a list added. Content
    that only claims to be base64 stays as it is."""
    line = bytes(view[:200]).strip().partition(b"\n")[0]
    if (b" " in line.strip() and any(len(word) % 4 for word in line.split())) or b"<" in line:
        return bytes(view)
    try:
        content = binascii.a2b_base64(view)
    except binascii.Error:
        return base64(bytes(view))
    # After the first padding Python stops. What follows is the next piece, or not base64.
    used = (len(content) + 2) // 3 * 4
    if len(view) - used > used // 19 + 8:
        raw = bytes(view)
        at = raw.find(b"=")
        rest = raw[at:].lstrip(b"=\r\n\t ") if at >= 0 else b""
        if rest and rest.count(b"=") < MOST_BASE64_PIECES and _BASE64.fullmatch(rest):
            return content + b"".join(base64(piece) for piece in rest.split(b"=") if piece.strip())
    return content


def read(raw: bytes) -> Part:
    """The message as a tree of parts. Raises Unreadable if it has too many parts, or parts too deep within others."""
    headers, start = read_headers(raw, 0, len(raw), MOST_BYTES_OF_HEADERS)
    return _part(raw, headers, start, len(raw), "text/plain", 0, [0])


def read_headers(raw: bytes, start: int, end: int, most: int) -> tuple[Headers, int]:
    """The headers between two positions, and where the body begins."""
    if raw.startswith((b"\n", b"\r\n"), start, end):
        return {}, raw.index(b"\n", start) + 1
    unix = raw.find(b"\n\n", start, end)
    dos = raw.find(b"\n\r\n", start, end if unix < 0 else unix)
    last, body = (dos, dos + 3) if dos >= 0 else (unix, unix + 2) if unix >= 0 else (end, end)
    head = raw[start : min(last, start + most)]
    headers: Headers = {}
    current: list[bytes] = []
    values: list[tuple[str, list[bytes]]] = []
    lines = head.split(b"\n", MOST_HEADER_LINES)[:MOST_HEADER_LINES]
    for number, line in enumerate(lines):
        if line[:1] in (b" ", b"\t") and values:
            current.append(line)
        elif found := _HEADER.match(line):
            current = [line[found.end() :]]
            values.append((found[1].lower().decode(), current))
        elif number == 0 and line.startswith((b"From ", b">From ")):
            continue
        elif not values:
            return {}, start + sum(map(len, lines[:number])) + number
        elif line.startswith(b"--") and _states_boundary(values, line):
            body = start + sum(map(len, lines[:number])) + number
            break
        elif not line.strip() or any(_HEADER.match(later) for later in lines[number + 1 : number + 50]):
            current.append(b" " + line)
        else:
            body = start + sum(map(len, lines[:number])) + number
            break
    for name, folded in values:
        value = folded[0] if len(folded) == 1 else b"".join(folded)
        headers.setdefault(name, []).append(value[:LONGEST_HEADER].replace(b"\r", b"").strip())
    return headers, body


def _states_boundary(values: list[tuple[str, list[bytes]]], line: bytes) -> bool:
    """Whether the headers end without an empty line, because this line is the first of the boundary that they state."""
    boundary = line[2:].strip()
    return bool(boundary) and any(
        name == "content-type" and boundary == parameters(b"".join(folded))[1].get("boundary", b"").strip()
        for name, folded in values
    )


def _part(raw: bytes, headers: Headers, start: int, end: int, usual: str, depth: int, count: list[int]) -> Part:
    kind, kind_parameters = parameters(_first(headers, "content-type"))
    disposition, disposition_parameters = parameters(_first(headers, "content-disposition"))
    kind = kind if "/" in kind else _SHORT_TYPES.get(kind, usual)
    part = Part(headers, raw, start, end, kind, kind_parameters, disposition, disposition_parameters)
    if kind.startswith("multipart/"):
        part.parts = _parts_of(part, depth, count)
        if not part.parts:
            part.type = "text/plain"
    return part


def _first(headers: Headers, name: str) -> bytes:
    values = headers.get(name, ())
    return next((value for value in values if value), b"")


def _parts_of(part: Part, depth: int, count: list[int]) -> list[Part]:
    if depth >= MOST_DEPTH:
        raise Unreadable(f"has parts in parts more than {MOST_DEPTH} deep")
    raw, start, end = part.raw, part.start, part.end
    boundary = part.parameters.get("boundary", b"").strip()
    pieces = _cut(raw, start, end, boundary) if boundary else []
    if not pieces and part.encoding in ("base64", "quoted-printable") and boundary:
        raw = part.content()
        start, end = 0, len(raw)
        pieces = _cut(raw, start, end, boundary)
    if not pieces and (guess := _GUESS.search(raw, start, min(end, start + MOST_BYTES_BEFORE_GUESS))):
        pieces = _cut(raw, start, end, guess[1])
        if raw[start : guess.start()].strip():
            pieces.insert(0, (start, _before_line_end(raw, start, guess.start())))
    usual = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
    found: list[Part] = []
    ended: list[bytes] = []
    while pieces:
        piece_start, piece_end = pieces.pop(0)
        count[0] += 1
        if count[0] > MOST_PARTS:
            raise Unreadable(f"has more than {MOST_PARTS} parts")
        headers, body = read_headers(raw, piece_start, piece_end, MOST_BYTES_OF_PART_HEADERS)
        child = _part(raw, headers, body, piece_end, usual, depth + 1, count)
        if ended and child.type in ("text/plain", "text/html") and (stray := _stray(raw, body, piece_end, ended)):
            child.end = _before_line_end(raw, body, stray[0])
            if stray[1] < piece_end:
                pieces.insert(0, (stray[1], piece_end))
        ended += _boundaries(child)
        found.append(child)
    return found


def _boundaries(part: Part) -> list[bytes]:
    """The boundaries that a part and its parts state."""
    own = part.parameters.get("boundary", b"").strip()
    return [*([own] if own else []), *(each for inner in part.parts for each in _boundaries(inner))]


def _stray(raw: bytes, start: int, end: int, boundaries: list[bytes]) -> tuple[int, int] | None:
    """Where the first line of one of these boundaries begins and ends: a multipart that has ended before goes on."""
    found = [
        (at, line_end)
        for boundary in boundaries
        if (at := next(_lines(raw, start, end, b"--" + boundary), -1)) >= 0
        and raw[at : (line_end := _line_end(raw, at, end))].strip() in (b"--" + boundary, b"--" + boundary + b"--")
    ]
    return min(found, default=None)


def _line_end(raw: bytes, at: int, end: int) -> int:
    found = raw.find(b"\n", at, end)
    return end if found < 0 else found + 1


def _cut(raw: bytes, start: int, end: int, boundary: bytes) -> list[tuple[int, int]]:
    """Where the parts between the lines of a boundary begin and end. A part without an end lasts until the end."""
    line = b"--" + boundary
    pieces: list[tuple[int, int]] = []
    opened: int | None = None
    for found in _lines(raw, start, end, line):
        line_end = raw.find(b"\n", found + len(line), end)
        after = end if line_end < 0 else line_end + 1
        rest = raw[found + len(line) : min(after, found + len(line) + 300)].strip()
        if rest not in (b"", b"--"):
            continue
        if opened is not None:
            pieces.append((opened, _before_line_end(raw, opened, found)))
            if len(pieces) > MOST_PARTS:
                return pieces
        opened = None if rest else after
    if opened is not None and opened < end:
        # Some programs write the last line of the boundary without a line end before it.
        glued = raw.rfind(line + b"--", opened, end)
        if glued > opened and raw[glued - 1 : glued].strip() and not raw[glued + len(line) + 2 : end].strip():
            end = glued
        pieces.append((opened, _before_line_end(raw, opened, end)))
    return pieces


def _lines(raw: bytes, start: int, end: int, line: bytes) -> Iterator[int]:
    """Where lines begin with `line`."""
    if raw.startswith(line, start):
        yield start
    at = start
    for _ in range(MOST_BOUNDARIES):
        found = raw.find(b"\n" + line, at, end)
        if found < 0:
            return
        yield found + 1
        at = found + 1 + len(line)


def _before_line_end(raw: bytes, start: int, end: int) -> int:
    if end > start and raw[end - 1] == 0x0A:
        end -= 1
    if end > start and raw[end - 1] == 0x0D:
        end -= 1
    return end
