"""Reads header values: encoded words (RFC 2047), parameters (RFC 2231) and ids of messages."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from .charsets import clean, codec, decode

LONGEST_ID = 500
_SPACES = re.compile(r"\s+")
_CHARSET = re.compile(rb"=\?([^?\s=]{0,60})\?([bBqQ])\?[ \t]*")
_BETWEEN = re.compile(rb"[ \t\r\n]*")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_URLSAFE = bytes.maketrans(b"-_", b"+/")
_HEX = re.compile(rb"%([0-9A-Fa-f]{2})")
_Q = re.compile(rb"=([0-9A-Fa-f]{2})")
# A quoted value ends at a quote before the next parameter, so that quotes within it do no harm.
_QUOTE_END = re.compile(rb'"(?=[ \t\r\n]*(?:;|$|[A-Za-z][A-Za-z0-9*_-]*=))')
# An unquoted value ends at a semicolon, or where the next parameter begins and its semicolon was forgotten.
_VALUE_END = re.compile(
    rb";|[ \t\r\n,](?=(?:charset|name|filename|boundary|format|delsp|type|size|creation-date|reply-type)\*?=)", re.I
)
_PIECE = re.compile(r"^([^*]+)\*(?:(\d{1,4})(\*?))?$")
_ID = re.compile(r"<([^<>]{1,2000})>")
_BARE_IDS = re.compile(r"[\s<>,;\"()]+")


def text_of(value: bytes, fallback: str = "") -> str:
    """The text of a header: encoded words decoded, white space collapsed. Raw bytes are UTF-8, else in `fallback`."""
    return _SPACES.sub(" ", clean(words_decoded(value, fallback))).strip()


def words_decoded(value: bytes, fallback: str = "") -> str:
    if b"=?" not in value:
        return _raw(value, fallback)
    return "".join(
        _raw(content, fallback) if label is None else decode(content, label)
        for label, content in _runs(list(_pieces(value)))
    )


def _raw(value: bytes, fallback: str) -> str:
    if codec(fallback) == "utf-7" and b"+" in value and value.isascii():
        return decode(value, fallback)
    if value.isascii() or codec(fallback) in ("", "utf-8"):
        return decode(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return decode(value, fallback)


Piece = tuple[str | None, bytes, bytes]
"""The label of the character set (None for plain text), `b` or `q`, and the content as it is written."""


def _pieces(value: bytes) -> Iterator[Piece]:
    at = shown = 0
    while (start := value.find(b"=?", at)) >= 0:
        head = _CHARSET.match(value, start)
        end = value.find(b"?=", head.end()) if head else -2
        if end == -1:
            break
        if head is None:
            at = start + 2
            continue
        yield None, b"", value[shown:start]
        label = head[1].partition(b"*")[0].decode("ascii", "replace")
        yield label, head[2].lower(), value[head.end() : end]
        at = shown = end + 2
    yield None, b"", value[shown:]


def _runs(pieces: list[Piece]) -> Iterator[tuple[str | None, bytes]]:
    """Neighbouring words of the same character set become a run of bytes, because a character may be split between
    them. White space between two words is not part of the text."""
    run: list[Piece] = []
    for number, piece in enumerate(pieces):
        label, kind, content = piece
        if label is None:
            between = 0 < number < len(pieces) - 1 and _BETWEEN.fullmatch(content)
            if content and not between:
                yield from _run(run)
                run = []
                yield None, content
        elif run and _same(run[-1][0], label):
            if kind == b"b" == run[-1][1] and _is_cut(run[-1][2]):
                run[-1] = label, kind, run[-1][2] + content
            else:
                run.append(piece)
        else:
            yield from _run(run)
            run = [piece]
    yield from _run(run)


def _same(label: str | None, other: str) -> bool:
    return label is not None and (label.lower() == other.lower() or codec(label) == codec(other) != "")


def _run(run: list[Piece]) -> Iterator[tuple[str, bytes]]:
    if run:
        yield run[0][0] or "", b"".join(base64(text) if kind == b"b" else _q(text) for _, kind, text in run)


def _is_cut(text: bytes) -> bool:
    return b"=" not in text and len(text) % 4 != 0


def _q(text: bytes) -> bytes:
    return _Q.sub(lambda found: binascii.unhexlify(found[1]), text.replace(b"_", b" "))


def base64(text: bytes) -> bytes:
    """The bytes of a text in base64 that may lack padding, or hold line ends and other characters."""
    kept = _NOT_BASE64.sub(b"", text.translate(_URLSAFE))
    kept = kept[: len(kept) - 1] if len(kept) % 4 == 1 else kept
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def parameters(value: bytes) -> tuple[str, dict[str, bytes]]:
    """The word before the parameters of Content-Type or Content-Disposition in lower case, and the parameters by name
    in lower case, in raw bytes. A value of RFC 2231 becomes an encoded word, so `text_of` decodes both forms."""
    main, _, rest = value.partition(b";")
    word, _, forgotten = main.partition(b"(")[0].strip().partition(b" ")
    rest = forgotten + b";" + rest if forgotten else rest
    found: dict[str, bytes] = {}
    for parameter, content in _scan(rest):
        found.setdefault(parameter, content)
    name = word.strip(b"\"'").lower().decode("ascii", "replace")
    return name, _joined(found) if any("*" in parameter for parameter in found) else found


def _scan(rest: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(rest):
        equals = rest.find(b"=", at)
        if equals < 0:
            return
        name = rest[at:equals].rpartition(b";")[2].strip().lower().decode("ascii", "replace")
        start = equals + 1
        while rest[start : start + 1] in (b" ", b"\t"):
            start += 1
        if rest[start : start + 1] == b'"':
            found = _QUOTE_END.search(rest, start + 1)
            end = found.start() if found else len(rest)
            value, at = _unquoted(rest[start + 1 : end]), end + 1
        else:
            found = _VALUE_END.search(rest, start)
            end = found.start() if found else len(rest)
            value, at = rest[start:end].strip(b" \t\r\n,"), max(end, equals + 1)
        if name:
            yield name.rpartition(" ")[2], value


def _unquoted(value: bytes) -> bytes:
    return value.replace(b'\\"', b'"') if b"\\" in value else value


def _joined(found: dict[str, bytes]) -> dict[str, bytes]:
    joined = {name: value for name, value in found.items() if "*" not in name}
    pieces: dict[str, list[tuple[int, bool, bytes]]] = {}
    for name, value in found.items():
        if match := _PIECE.match(name):
            pieces.setdefault(match[1], []).append((int(match[2] or 0), match[3] != "", value))
    for name, of_name in pieces.items():
        if value := _of_rfc_2231(sorted(of_name, key=lambda piece: piece[0])):
            joined[name] = value
    return joined


def _of_rfc_2231(pieces: list[tuple[int, bool, bytes]]) -> bytes:
    _, extended, first = pieces[0]
    label = b""
    if extended and first.count(b"'") >= 2:
        label, _, first = first.split(b"'", 2)
    content = b"".join(
        _HEX.sub(lambda found: binascii.unhexlify(found[1]), piece) if extended else piece
        for _, extended, piece in [(0, extended, first), *pieces[1:]]
    )
    if not any(extended for _, extended, _ in pieces) or b"=?" in content:
        return content
    return b"=?%s?b?%s?=" % (label or b"utf-8", binascii.b2a_base64(content, newline=False))


def ids_of(value: bytes) -> list[str]:
    """The ids of messages in a header, without angle brackets. Ids without brackets are read if they hold an @."""
    text = clean(words_decoded(value))
    found = ["".join(id_.split()) for id_ in _ID.findall(text)] or [
        word for word in _BARE_IDS.split(text) if "@" in word.strip("@")
    ]
    return [id_ for id_ in found if id_ and len(id_) <= LONGEST_ID]
