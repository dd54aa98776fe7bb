"""Reads a multipart form part by part, as it arrives."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ...errors import Invalid

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_PARTS = 100
_Event = tuple[str, bytes]


class Part(msgspec.Struct):
    """A part of a form. Read `data` before the next part; unread data is skipped."""

    name: str
    file_name: str | None
    """None for a plain field."""
    data: Iterator[bytes]


def parts(body: Iterable[bytes], content_type: str) -> Iterator[Part]:
    events = _events(body, _boundary(content_type))
    count = 0
    for kind, value in events:
        if kind == "head":
            count += 1
            if count > MOST_PARTS:
                raise Invalid("body", f"holds more than {MOST_PARTS} parts")
            part = _part(value, events)
            yield part
            for _ in part.data:
                pass


def _boundary(content_type: str) -> bytes:
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not 0 < len(boundary) <= 200:
        raise Invalid("Content-Type", "must have a boundary for a multipart form")
    return boundary


def _part(disposition: bytes, events: Iterator[_Event]) -> Part:
    name = parse_options_header(disposition)[1].get(b"name", b"")
    return Part(name=_text(name), file_name=file_name(disposition), data=_data(events))


def file_name(disposition: bytes) -> str | None:
    """The file name of a Content-Disposition, or None. Programs write a name that is not ASCII in five ways: as UTF-8,
    as `filename*` (RFC 5987, which wins), as MIME words (RFC 2047), with percent escapes of UTF-8, or as Latin-1."""
    if b"*" in disposition and (name := _extended_name(disposition)) is not None:
        return name
    plain = parse_options_header(disposition)[1].get(b"filename")
    if plain is None:
        return None
    name = _text(plain)
    if _MIME_WORDS.fullmatch(name):
        return _of_mime_words(name)
    if _ESCAPED_UTF8.search(name) and name.isascii():
        return _unescaped(name)
    return name.replace("%22", '"')


_MIME_WORDS = re.compile(r"(?:=\?[\w-]+\?[bBqQ]\?[^? ]*\?=\s*)+")
_ESCAPED_UTF8 = re.compile(r"%[c-fC-F][0-9a-fA-F]%[89abAB][0-9a-fA-F]")
"""An escape of a character that is not ASCII. Browsers escape only quotation marks and line ends."""


def _extended_name(disposition: bytes) -> str | None:
    """The parameter `filename*`, or `filename*0*`, `filename*1*` and so on, which make one name."""
    message = Message()
    message["Content-Disposition"] = disposition.decode("latin-1")
    for name, value in message.get_params([], header="Content-Disposition"):
        if name.lower() == "filename" and isinstance(value, tuple):
            return collapse_rfc2231_value(value)
    return None


def _of_mime_words(name: str) -> str:
    try:
        return str(make_header(decode_header(name)))
    except (LookupError, ValueError, HeaderParseError):
        return name


def _unescaped(name: str) -> str:
    try:
        return unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name


def _data(events: Iterator[_Event]) -> Iterator[bytes]:
    for kind, value in events:
        if kind == "end":
            return
        yield value


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _events(body: Iterable[bytes], boundary: bytes) -> Iterator[_Event]:
    """The events of each part: head (the Content-Disposition), data, end. Raises `Invalid` if the form is
    incomplete."""
    reader = _Reader()
    parser = MultipartParser(boundary, reader.callbacks())
    for chunk in body:
        try:
            parser.write(chunk)
        except FormParserError as error:
            raise Invalid("body", f"is not a multipart form: {error}") from None
        while reader.events:
            yield reader.events.popleft()
    if not reader.ended:
        raise Invalid("body", "ended before its last boundary")


class _Reader:
    """Collects the events of the parser for one chunk."""

    def __init__(self) -> None:
        self.events: deque[_Event] = deque()
        self.ended = False
        self._name = self._value = self._disposition = b""

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_begin": self._begin_header,
            "on_header_field": self._on_name,
            "on_header_value": self._on_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._on_head,
            "on_part_data": self._on_data,
            "on_part_end": self._on_end,
            "on_end": self._on_all,
        }

    def _begin(self) -> None:
        self._disposition = b""

    def _begin_header(self) -> None:
        self._name = self._value = b""

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value

    def _on_head(self) -> None:
        self.events.append(("head", self._disposition))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self.events.append(("data", data[start:end]))

    def _on_end(self) -> None:
        self.events.append(("end", b""))

    def _on_all(self) -> None:
        self.ended = True
