"""Reads and writes vCards (RFC 6350, and the older 3.0 and 2.1), by the parser of content lines in `icalendar`."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from typing import Any

MOST_LINES = 2_000_000
_SOFT_BREAK = re.compile(rb"=\r?\n")
_ESCAPED = re.compile(r"\\([nN,;:\\])")
_LISTS = {"EMAIL": "emailAddresses", "TEL": "phoneNumbers", "ADR": "addresses", "URL": "domains"}
_TEXTS = {"TITLE": "title", "NOTE": "other"}
Card = dict[str, Any]


class BadCard(ValueError):
    """The file is no vCard file. The message is the reason."""


def is_cards(head: bytes) -> bool:
    """Whether a file begins like a vCard file."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:11].lower() == b"begin:vcard"


def read(content: bytes) -> Iterator[Card]:
    """The cards of a file, with the members of the API. Lists hold texts; `organization` is the name of a company."""
    from icalendar.parser import Contentlines  # loaded with the first file: it takes 100 ms

    if b"QUOTED-PRINTABLE" in content.upper():
        content = _SOFT_BREAK.sub(b"", content)
    text = content.decode("utf-8-sig", "replace").replace("\x00", "")
    card: Card | None = None
    for line in Contentlines.from_ical(text):  # type: ignore[no-untyped-call]
        name, params, value = _parts(str(line))
        if name == "BEGIN" and value.upper() == "VCARD":
            card = {}
        elif name == "END" and card is not None:
            yield card
            card = None
        elif card is not None and value:
            _add(card, name, params, value)
    if card is not None:
        raise BadCard("ends within a card: the file is incomplete")


def _parts(line: str) -> tuple[str, str, str]:
    """Name without its group, parameters and raw value of a line. A colon within quotes belongs to a parameter."""
    quoted = False
    for at, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == ":" and not quoted:
            name, _, params = line[:at].partition(";")
            return name.rpartition(".")[2].upper(), params.upper(), line[at + 1 :]
    return "", "", ""


def _add(card: Card, name: str, params: str, value: str) -> None:
    if "QUOTED-PRINTABLE" in params:
        value = quopri.decodestring(value.encode()).decode("utf-8", "replace")
    parts = [_unescaped(part) for part in re.split(r"(?<!\\);", value)]
    if name == "N":
        family, given, *more = [*parts, "", ""]
        card["familyName"], card["givenName"] = family, " ".join(part for part in (given, more[0]) if part)
    elif name == "FN":
        card["name"] = _unescaped(value)
    elif name == "ORG":
        card.setdefault("organization", parts[0])
    elif name == "ADR":
        card.setdefault("addresses", []).append(", ".join(part.strip() for part in parts if part.strip()))
    elif name in _LISTS:
        text = _unescaped(value)
        card.setdefault(_LISTS[name], []).append(text.removeprefix("tel:").removeprefix("mailto:"))
    elif name in _TEXTS:
        card.setdefault(_TEXTS[name], _unescaped(value))
    elif name == "PHOTO" and value.lower().startswith("http"):
        card["photoUrl"] = value
    elif name == "KIND":
        card["kind"] = value.lower()


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text).strip()


def write(cards: Iterable[Card]) -> bytes:
    """Cards with the members that `read` returns, and `key`, as vCard 4.0."""
    lines: list[str] = []
    for card in cards:
        lines += ["BEGIN:VCARD", "VERSION:4.0", f"FN:{_escaped(card.get('name') or '')}"]
        if card.get("kind") == "org":
            lines.append("KIND:org")
        else:
            lines.append(f"N:{_escaped(card.get('familyName') or '')};{_escaped(card.get('givenName') or '')};;;")
        for name, member in (("ORG", "organization"), *((name, member) for name, member in _TEXTS.items())):
            if card.get(member):
                lines.append(f"{name}:{_escaped(card[member])}")
        for name, member in _LISTS.items():
            before, after = (";;", ";;;;") if name == "ADR" else ("", "")
            lines += [f"{name}:{before}{_escaped(value)}{after}" for value in card.get(member) or []]
        if card.get("photoUrl"):
            lines.append(f"PHOTO:{_escaped(card['photoUrl'])}")
        lines += [f"UID:{_escaped(card['key'])}", "END:VCARD"]
    return b"".join(_folded(line) for line in lines)


def _folded(line: str) -> bytes:
    from icalendar.parser import Contentline

    folded: bytes = Contentline(line).to_ical()  # type: ignore[no-untyped-call]
    return folded + b"\r\n"


def _escaped(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return re.sub(r"\r\n|\r|\n", r"\\n", plain)
