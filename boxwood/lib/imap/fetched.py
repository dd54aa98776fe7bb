"""What a server says about mails: the responses to FETCH."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from .syntax import MONTHS, values

_DATE = re.compile(r"\s?(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")


class Part(msgspec.Struct, frozen=True):
    """A part of a mail that is not made of parts."""

    number: str
    kind: str
    charset: str
    encoding: str
    size: int
    name: str
    attached: bool
    choice: str | None = None
    """The number of the innermost multipart/alternative that the part is in; "" if that is the whole mail."""


class Fetched(msgspec.Struct, frozen=True):
    uid: int
    flags: list[str] = []
    internal_date: int | None = None
    """When the server received the mail, in milliseconds since the epoch."""
    size: int = 0
    bodies: dict[str, bytes] = {}
    """The bytes of each section that was asked for, by its name in upper case; "" is the whole mail."""
    gmail_message_id: str | None = None
    gmail_thread_id: str | None = None
    parts: list[Part] = []


class Response(msgspec.Struct, frozen=True):
    pieces: list[bytes]

    @property
    def text(self) -> bytes:
        return self.pieces[0]

    def words(self) -> list[bytes]:
        return self.text.split(b" ", 3)


def fetched_in(response: Response) -> Fetched | None:
    """What a response says about a mail; None if it is another response."""
    if b"FETCH" not in response.text[:40].upper():
        return None
    words = values(response.pieces)
    if len(words) != 4 or words[2].upper() != b"FETCH" or not isinstance(words[3], list):
        return None
    items: dict[str, Any] = {}
    for name, value in zip(words[3][::2], words[3][1::2], strict=False):
        if isinstance(name, bytes):
            items[name.decode("ascii", "replace").upper()] = value
    if not (items.get("UID") or b"").isdigit():
        return None
    bodies = {name[5:].partition("]")[0]: value or b"" for name, value in items.items() if name.startswith("BODY[")}
    return Fetched(
        uid=int(items["UID"]),
        flags=[flag.decode("utf-8", "replace") for flag in items.get("FLAGS") or () if flag],
        internal_date=_internal_date(items.get("INTERNALDATE")),
        size=int(items.get("RFC822.SIZE") or 0),
        bodies=bodies,
        gmail_message_id=_number(items.get("X-GM-MSGID")),
        gmail_thread_id=_number(items.get("X-GM-THRID")),
        parts=_parts(items["BODYSTRUCTURE"], "") if isinstance(items.get("BODYSTRUCTURE"), list) else [],
    )


def _number(value: bytes | None) -> str | None:
    return value.decode() if value and value.isdigit() else None


def _internal_date(value: bytes | None) -> int | None:
    found = _DATE.fullmatch(value.decode("ascii", "replace")) if value else None
    if found is None or found[2].title() not in MONTHS:
        return None
    day, month, year, hour, minute, second = (
        int(found[1]),
        MONTHS.index(found[2].title()) + 1,
        *map(int, found.group(3, 4, 5, 6)),
    )
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).timestamp()
    except ValueError:
        return None
    offset = (int(found[8]) * 60 + int(found[9])) * 60
    return int((at - (offset if found[7] == "+" else -offset)) * 1000)


def _parts(structure: list[Any], number: str, depth: int = 0, choice: str | None = None) -> list[Part]:
    """The parts of a BODYSTRUCTURE that are not made of parts, numbered as BODY[1.2] asks for them."""
    if depth > 20 or not structure:
        return []
    if isinstance(structure[0], list):
        until = next((at for at, each in enumerate(structure) if not isinstance(each, list)), len(structure))
        inner = structure[:until]
        if _text(next(iter(structure[until:]), b"")).lower() == "alternative":
            choice = number
        prefix = f"{number}." if number else ""
        return [part for at, each in enumerate(inner, 1) for part in _parts(each, f"{prefix}{at}", depth + 1, choice)]
    if len(structure) < 7:
        return []
    text = [_text(each) for each in structure[:7]]
    params = _params(structure[2])
    disposition = next(
        (each for each in structure[7:] if isinstance(each, list) and each and _text(each[0]).lower() in _DISPOSITIONS),
        [],
    )
    more = _params(disposition[1]) if len(disposition) > 1 else {}
    return [
        Part(
            number=number or "1",
            kind=f"{text[0]}/{text[1]}".lower(),
            charset=params.get("charset", ""),
            encoding=text[5].lower(),
            size=int(text[6]) if text[6].isdigit() else 0,
            name=more.get("filename") or params.get("name", ""),
            attached=bool(disposition) and _text(disposition[0]).lower() == "attachment",
            choice=choice,
        )
    ]


_DISPOSITIONS = ("attachment", "inline")


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def _params(value: Any) -> dict[str, str]:
    if not isinstance(value, list):
        return {}
    return {_text(name).lower(): _text(of) for name, of in zip(value[::2], value[1::2], strict=False)}
