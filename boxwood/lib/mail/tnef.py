"""Opens winmail.dat, in which Outlook packs the files of a message (TNEF, MS-OXTNEF).

It is read here and not by tnefparse, which copies what remains of the file for each of its objects: a crafted file of
1 MB takes it 2.9 s, and the time grows with the square.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from .charsets import clean, decode
from .records import Attachment

SIGNATURE = b"\x78\x9f\x3e\x22"
MOST_OBJECTS = 10_000
MOST_DEPTH = 5
_TYPES = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
# Objects: where a file begins, its title and data, properties of the file and of the message, texts.
_FILE, _TITLE, _DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_PROPERTIES, _BODY, _CODE_PAGE, _SUBJECT = 0x9003, 0x800C, 0x9007, 0x8004
# Properties.
_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME, _CONTENT, _CONTENT_ID = 0x3707, 0x3704, 0x3001, 0x3701, 0x3712
_TEXT, _HTML, _WEB_CODE_PAGE, _NORMALIZED_SUBJECT = 0x1000, 0x1013, 0x3FDE, 0x0037
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING, _UNICODE, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0xD


class Packed(NamedTuple):
    files: list[Attachment]
    text: str
    html: str


def is_packed(attachment: Attachment) -> bool:
    named = attachment.content_type in _TYPES or attachment.name.lower() == "winmail.dat"
    return named and attachment.content.startswith(SIGNATURE)


def opened(content: bytes, depth: int = 0) -> Packed | None:
    """The files and texts in winmail.dat, or None if it holds none. Content that is cut is read as far as it goes."""
    page, files, own = "cp1252", list[_File](), dict[int, bytes]()
    for name, data in _objects(content):
        if name == _FILE:
            files.append(_File())
        elif name == _CODE_PAGE and len(data) >= 4:
            page = f"cp{struct.unpack_from('<I', data)[0]}"
        elif name == _PROPERTIES:
            own.update(_properties(data))
        elif name in (_BODY, _SUBJECT):
            own.setdefault({_BODY: _TEXT, _SUBJECT: _NORMALIZED_SUBJECT}[name], data)
        elif files and name == _TITLE:
            files[-1].title = data
        elif files and name == _DATA:
            files[-1].content = data
        elif files and name == _FILE_PROPERTIES:
            files[-1].properties.update(_properties(data))
    found = [attachment for file in files for attachment in file.attachments(page, depth)]
    web = own.get(_WEB_CODE_PAGE, b"")
    web_page = f"cp{struct.unpack('<I', web)[0]}" if len(web) == 4 else page
    text = _text(own.get(_TEXT, b""), page).replace("\r\n", "\n")
    packed = Packed(found, text, _text(own.get(_HTML, b""), "utf-8" if web_page == "cp65001" else web_page))
    return packed if any(packed) else None


class _File:
    def __init__(self) -> None:
        self.title = b""
        self.content = b""
        self.properties: dict[int, bytes] = {}

    def attachments(self, page: str, depth: int) -> Iterator[Attachment]:
        long, short, shown = (self.properties.get(id_) for id_ in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME))
        name = next(
            (text for given in (long, self.title, short, shown) if given and (text := _text(given, page).strip())), ""
        )
        content = self.content or self.properties.get(_CONTENT, b"")
        message = content[16:] if content[16:20] == SIGNATURE else b""
        if message and depth < MOST_DEPTH:
            yield from _of_message(name, message, depth)
        elif content:
            id_ = _text(self.properties.get(_CONTENT_ID, b""), page)
            yield Attachment(name.replace("\\", "/").rpartition("/")[2], content, content_id=id_ or None)


def _of_message(name: str, message: bytes, depth: int) -> Iterator[Attachment]:
    """A message in the message: its text as a file, then its files."""
    inner = opened(message, depth + 1)
    if inner and (inner.html or inner.text):
        kind, ending = ("text/html", ".html") if inner.html else ("text/plain", ".txt")
        yield Attachment((name or "message") + ending, (inner.html or inner.text).encode(), kind)
    yield from inner.files if inner else ()


def _objects(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Names and contents of the objects: a level, a name, a type, a length, the content and a checksum."""
    at, count = 6, 0
    while at + 9 <= len(content) and count < MOST_OBJECTS:
        name, length = struct.unpack_from("<HxxI", content, at + 1)
        yield name, content[at + 9 : at + 9 + length]
        at += 9 + length + 2
        count += 1


def _properties(data: bytes) -> dict[int, bytes]:
    """The first value of each property, by its id. Texts in UTF-16 are given in UTF-8."""
    found: dict[int, bytes] = {}
    try:
        at = 4
        for _ in range(min(struct.unpack_from("<I", data)[0], MOST_OBJECTS)):
            kind, id_ = struct.unpack_from("<HH", data, at)
            at += 4
            if id_ >= 0x8000:
                at = _after_name(data, at)
            many, kind = kind & 0x1000, kind & 0xEFFF
            values = 1
            if many or kind in (_STRING, _UNICODE, _BINARY, _OBJECT):
                values = struct.unpack_from("<I", data, at)[0]
                at += 4
            for number in range(min(values, MOST_OBJECTS)):
                length = _FIXED.get(kind)
                if length is None:
                    length = struct.unpack_from("<I", data, at)[0]
                    at += 4
                value = data[at : at + length]
                at += length + -length % 4
                if number == 0 and id_ < 0x8000:
                    found[id_] = value.decode("utf-16-le", "replace").encode() if kind == _UNICODE else value
            if at > len(data):
                break
    except struct.error:
        pass
    return found


def _after_name(data: bytes, at: int) -> int:
    """Where a property goes on after its name: a GUID, and a number or a text."""
    kind, length = struct.unpack_from("<II", data, at + 16)
    return at + 24 + (length + -length % 4 if kind else 0)


def _text(value: bytes, page: str) -> str:
    value = value.rstrip(b"\0")
    try:
        return clean(value.decode())
    except UnicodeDecodeError:
        return clean(decode(value, page))
