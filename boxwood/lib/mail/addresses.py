"""Reads the addresses of a header, also where display names break the grammar of RFC 5322."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import addresses as forms
from .header_values import text_of
from .records import Address

LONGEST_EMAIL = 254
LONGEST_NAME = 200
MOST_ADDRESSES = 5_000
LONGEST_PIECE = 2_000
"""Of an address with its name, in bytes. Of a longer piece the end is read, which holds the address."""
_SPECIAL = re.compile(rb'["(<,;\\]')
_EMAIL = re.compile(r"[^@\s\x00-\x1f,;<>\"]+@[^@\s\x00-\x1f,;<>\"]+")
_IN_TEXT = re.compile(
    r"(?:\"([^\"\\\s@]{1,64})\"|([^\s<>()\[\]\",;:\\@]+))\s?@\s?([^\s<>()\",;:\\@\[\]]+|\[[^\]\s]*\])"
)
_ANGLE = re.compile(r"^(.*)<([^<>]*)>?[^<>]*$", re.S)
_GROUP = re.compile(rb"^\s*([^<>@\"]*):(?!//)")
_SCHEME = re.compile(r"^(?:mailto|smtp|email|e-mail):\s*", re.I)
_COMMENT = re.compile(r"\([^()]*\)")


def addresses_of(values: list[bytes], fallback: str = "") -> list[Address]:
    """The addresses of all headers of a name, each address once, in their order."""
    found: dict[str, Address] = {}
    for value in values:
        before = b""
        for piece, end in _cut(value):
            piece = piece[-LONGEST_PIECE:]
            if not piece.strip():
                continue
            addresses = _addresses(before + piece, fallback, named=bool(before)) if before else []
            addresses = addresses or _addresses(piece, fallback)
            if not addresses and b"<" not in piece and len(before) < LONGEST_NAME:
                before += piece + end
                continue
            before = b""
            for address in addresses:
                found.setdefault(address.email, address)
            if len(found) >= MOST_ADDRESSES:
                return list(found.values())
    return list(found.values())


def _cut(value: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The pieces of a list, with the character that ends each. Commas and semicolons in quotes, comments and angle
    brackets do not cut. A bracket that is never closed is a character like others."""
    start = at = 0
    closed = {b'"': True, b"(": True, b"<": True}
    grouped = value.rstrip().endswith(b";") or b";" in value
    while special := _SPECIAL.search(value, at):
        at = special.end()
        mark = special[0]
        if mark == b"\\":
            at += 1
        elif mark in (b",", b";"):
            yield _without_group(value[start : at - 1]) if grouped else value[start : at - 1], mark
            start = at
        elif closed[mark]:
            end = _closing(value, at, mark)
            if end < 0:
                closed[mark] = mark == b"<"
            else:
                at = end
    yield _without_group(value[start:]) if grouped else value[start:], b""


def _without_group(piece: bytes) -> bytes:
    """A piece without the name of the group that it begins (`Team: ada@x.example, bo@x.example;`)."""
    group = _GROUP.match(piece)
    return piece[group.end() :] if group and group[1].strip().lower() != b"mailto" else piece


def _closing(value: bytes, at: int, mark: bytes) -> int:
    """Where the text after an opening mark goes on after its end, or -1."""
    if mark == b'"':
        while (end := value.find(b'"', at)) >= 0:
            backslashes = len(value[at:end]) - len(value[at:end].rstrip(b"\\"))
            if backslashes % 2 == 0:
                return end + 1
            at = end + 1
        return -1
    if mark == b"(":
        end = value.find(b")", at)
        again = value.find(b"(", at, end) if end >= 0 else -1
        return value.find(b")", end + 1) + 1 or -1 if again >= 0 else end + 1 if end >= 0 else -1
    another = value.find(b"<", at)
    return value.find(b">", at, another if another >= 0 else len(value)) + 1 or -1


def _addresses(piece: bytes, fallback: str, *, named: bool = False) -> list[Address]:
    """The addresses of a piece: the last one in angle brackets with the name before it, else those in its text. With
    `named` only an address in angle brackets counts."""
    if b"@" not in piece and b"=?" not in piece:
        return []
    raw = _masked(piece)
    open_, close = raw.rfind(b"<"), raw.rfind(b">")
    if open_ >= 0:
        inner = piece[open_ + 1 : close if close > open_ else len(piece)]
        address = _address(
            text_of(inner, fallback),
            _name(piece[:open_].rstrip(b"< "), fallback) or _comment(piece[close + 1 :], fallback),
        )
        if address:
            return [address]
    if named:
        return []
    return _in_text(text_of(piece, fallback), piece, fallback)


def _masked(piece: bytes) -> bytes:
    """The piece with what is quoted made unreadable, so that brackets in a quoted name are not found."""
    if b'"' not in piece:
        return piece
    parts = piece.split(b'"')
    if len(parts) % 2 == 0 or b'\\"' in piece:
        return piece
    return b'"'.join(part if number % 2 == 0 else b"x" * len(part) for number, part in enumerate(parts))


def _in_text(text: str, piece: bytes, fallback: str) -> list[Address]:
    if b"=?" in piece and (angle := _ANGLE.match(text)) and (address := _address(angle[2], _plain_name(angle[1]))):
        return [address]
    bare = _COMMENT.sub(" ", text)
    found = [match for match in _IN_TEXT.finditer(_SCHEME.sub("", bare)) if match]
    emails = [f"{match[1] or match[2]}@{match[3]}" for match in found]
    if len(emails) != 1:
        return [address for email in emails if (address := _address(email, ""))]
    name = _plain_name(_SCHEME.sub("", bare).replace(found[0][0], " ").strip(" <>\t"))
    comment = _COMMENT.search(text)
    address = _address(emails[0], name or (_plain_name(comment[0][1:-1]) if comment else ""))
    return [address] if address else []


def _address(email: str, name: str) -> Address | None:
    email = _SCHEME.sub("", _COMMENT.sub("", email).strip(" \t\"'<>"))
    if email.startswith("@") and ":" in email:
        email = email.rpartition(":")[2]
    email = "".join(email.split()).replace('"', "").strip("'").rstrip(".,;").lower()
    if len(email) > LONGEST_EMAIL:
        return None
    email = forms.one_form(email)
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        return None
    return Address(email, name[:LONGEST_NAME].strip())


def _name(value: bytes, fallback: str) -> str:
    return _plain_name(text_of(value, fallback))


def _comment(value: bytes, fallback: str) -> str:
    text = text_of(value, fallback)
    return _plain_name(text[1:-1]) if text.startswith("(") and text.endswith(")") else ""


def _plain_name(text: str) -> str:
    """A display name without the quotes around it, or around its parts."""
    text = text.strip().strip(",;").strip()
    if '"' in text:
        text = re.sub(r'\\(.)|"', lambda found: found[1] or "", text)
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1]
    return " ".join(text.split())
