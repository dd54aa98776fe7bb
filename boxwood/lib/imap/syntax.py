"""The syntax of IMAP (RFC 9051): values in a response, sets of UIDs, and the names of folders."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any

# A parenthesis, a quoted string, or an atom. An atom may hold brackets with spaces: BODY[HEADER.FIELDS (FROM)].
_TOKEN = re.compile(rb'\s*(?:([()])|"((?:[^"\\]|\\.)*)"|((?:[^\s()"\[]|\[[^\]]*\]?)+))', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
LITERAL = re.compile(rb"~?\{(\d{1,12})\+?\}\r?\n\Z")
DEEPEST = 100
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class Malformed(ValueError):
    """The server's response does not follow the syntax of IMAP."""


def values(pieces: list[bytes]) -> list[Any]:
    """The values of a response: strings and atoms as bytes, NIL as None, lists as lists.

    `pieces` are lines and literals in turn: each line but the last announces the literal that follows it."""
    top: list[Any] = []
    stack = [top]
    for at, piece in enumerate(pieces):
        if at % 2:
            stack[-1].append(piece)
        else:
            _read_line(LITERAL.sub(b"", piece) if at + 1 < len(pieces) else piece, stack)
    if len(stack) != 1:
        raise Malformed("a parenthesis is not closed")
    return top


def _read_line(line: bytes, stack: list[list[Any]]) -> None:
    for found in _TOKEN.finditer(line):
        bracket, quoted, atom = found.groups()
        if bracket == b"(":
            inner: list[Any] = []
            stack[-1].append(inner)
            stack.append(inner)
            if len(stack) > DEEPEST:
                raise Malformed("lists are nested too deeply")
        elif bracket == b")":
            if len(stack) == 1:
                raise Malformed("a parenthesis was not opened")
            stack.pop()
        elif atom is not None:
            stack[-1].append(None if atom.upper() == b"NIL" else atom)
        else:
            stack[-1].append(_ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted)


def quoted(text: bytes) -> bytes:
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def read_set(text: bytes) -> list[tuple[int, int]]:
    """The ranges of a set such as `3:5,9`: each with its first and last number."""
    ranges = []
    for part in text.split(b",") if text else ():
        first, _, last = part.partition(b":")
        if not first.isdigit() or (last and not last.isdigit()):
            raise Malformed("a set of numbers is not valid")
        low, high = int(first), int(last or first)
        ranges.append((min(low, high), max(low, high)))
    return ranges


def write_set(numbers: Iterable[int]) -> str:
    """The shortest set of these numbers, such as `3:5,9`."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(f"{low}" if low == high else f"{low}:{high}" for low, high in ranges)


def decode_name(raw: bytes) -> str:
    """The name of a folder as people write it. IMAP sends other than ASCII letters in a variant of UTF-7."""
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")  # against the rule, but some servers do
    return re.sub(r"&([^-&]*)-", _decoded, text)


def _decoded(found: re.Match[str]) -> str:
    if not found[1]:
        return "&"
    coded = found[1].replace(",", "/")
    try:
        return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be")
    except ValueError:
        return found[0]


def encode_name(name: str) -> bytes:
    """The reverse of `decode_name`."""
    escaped = name.replace("&", "&-")
    return re.sub(r"[^\x20-\x7e]+", _encoded, escaped).encode("ascii")


def _encoded(found: re.Match[str]) -> str:
    coded = base64.b64encode(found[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
    return f"&{coded}-"
