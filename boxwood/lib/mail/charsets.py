"""Decodes the bytes of a message by the character set that it states, or by the one that it is really in.

Programs often state a smaller or an older character set than they write: `gb2312` for GBK, `iso-8859-1` for
Windows-1252, `us-ascii` for UTF-8. Labels mean what browsers take them for.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

# Codecs of Python that are no character sets of mail, or take the square of the length.
_NO_CHARSETS = {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
# Labels that browsers do not know, or for which they know a reason not to decode.
_ALIASES = {
    "ansi": "cp1252",
    "cp-850": "cp850",
    "default": "cp1252",
    "gb18030-2000": "gb18030",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "hz",
    "hz-gb-2312": "hz",
    "iso-2022-kr": "iso2022_kr",
    "iso-8859-1-windows-1252": "cp1252",
    "macroman": "mac_roman",
    "ms932": "cp932",
    "unicode": "utf-16",
    "unicode-1-1-utf-7": "utf_7",
    "unicode-2-0-utf-7": "utf_7",
    "utf8mb4": "utf-8",
    "x-gbk": "gb18030",
    "x-windows-949": "cp949",
}
# The larger character sets that programs mean by the names of older ones.
_LARGER = {"gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932", "big5": "big5hkscs"}
# Labels under which programs send whatever they have: UTF-8 if the bytes are valid UTF-8, else Windows-1252.
_ANY = {"", "utf-8", "ascii", "cp1252", "iso8859-1", "latin-1"}
_TIDY = re.compile(r"^[^a-z0-9_]*(?:3d)?[^a-z0-9_]*|[^a-z0-9].*$|(?<=[a-z])=$")
_LABEL = re.compile(r"[a-z0-9_][a-z0-9_.:+-]*")
_LONG_SEQUENCES = re.compile(r"[^\x00-\x7f]")
_WINDOWS_1252 = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))
# Python's own replacement takes 0.3 s for a million invalid bytes.
_ONE_BYTE = re.compile(r"cp(125\d|437|8\d\d)$|iso8859|koi8|mac")
_IN_ROWS = bytes(range(0x21, 0x7F))
MOST_MIXED = 10_000
_UTF_7 = re.compile(r"\+([A-Za-z0-9+/]*)-?")
_JIS = re.compile(rb"\x1b(\$[@B]|\$\([@BD]|\([BJIH])")


def decode(content: bytes, label: str = "") -> str:
    """The text of `content`, without a byte order mark. Never fails: bytes that are invalid in their character set are
    read as UTF-8, else as Windows-1252, else as U+FFFD."""
    for mark, of_mark in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(of_mark, "replace") if of_mark != "utf-8" else _any(content[len(mark) :])
    name = codec(label)
    if name in _ANY:
        return _japanese(content) if b"\x1b$" in content and content.isascii() else _any(content)
    if name == "iso2022_jp":
        return _japanese(content)
    if name == "utf-7":
        return _UTF_7.sub(_utf_7, _any(content))
    if name.startswith("utf-16") and b"\0" not in content and content.isascii():
        return content.decode("ascii")
    try:
        text = content.decode(name)
    except (UnicodeError, ValueError):
        return _utf_8(content) or _replaced(content, name)
    return _utf_8(content, sure=True) or text if name != "iso8859-5" else text


_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@lru_cache(maxsize=256)
def codec(label: str) -> str:
    """Python's name of the codec for a label, or an empty string for an unknown one."""
    found = _LABEL.search(label.lower().replace('3d"', "").replace("charset=", ""))
    name = found[0] if found else ""
    if name in ("", "utf-8", "us-ascii", "iso-8859-1"):
        return "utf-8" if name else ""
    known = _ALIASES.get(name) or _of_browsers(name) or name
    try:
        info = codecs.lookup(_ALIASES.get(known, known))
    except (LookupError, ValueError):
        return ""
    if info.name in _LARGER:
        return _LARGER[info.name]
    python = info.name.replace("_", "-")
    return "" if python in _NO_CHARSETS or not getattr(info, "_is_text_encoding", True) else info.name


def _of_browsers(name: str) -> str:
    import webencodings

    short = name.removeprefix("x-").replace("win-", "windows-")
    for candidate in (name, short, re.sub(r"^(iso)-?(\d+)[_-](\d+)", r"\1-\2-\3", short.replace("_", "-"))):
        known = webencodings.lookup(candidate)
        if known and known.name not in ("replacement", "x-user-defined", "utf-16le", "utf-16be"):
            return str(known.codec_info.name)
    return ""


def _any(content: bytes) -> str:
    """UTF-8, with bytes that are invalid in it as Windows-1252. If most are invalid, all as Windows-1252."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        valid = content.decode("utf-8", "ignore")
        invalid = len(content) - len(valid.encode())
        if invalid > MOST_MIXED or invalid > sum(1 for _ in _LONG_SEQUENCES.finditer(valid)):
            return codecs.charmap_decode(content, "strict", _WINDOWS_1252)[0]
        return content.decode("utf-8", "boxwood-windows-1252")


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    wrong = error.object[error.start : error.end]
    return codecs.charmap_decode(wrong, "strict", _WINDOWS_1252)[0], error.end


codecs.register_error("boxwood-windows-1252", _windows_1252)


def _utf_8(content: bytes, *, sure: bool = False) -> str | None:
    """The text if the bytes are valid UTF-8. With `sure` they also have to be unlikely in any other character set."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if sure and (text.isascii() or len(_LONG_SEQUENCES.findall(text[:1000])) < 4) else text


def _replaced(content: bytes, name: str) -> str:
    try:
        if _ONE_BYTE.match(name):
            return codecs.charmap_decode(content, "strict", _table(name))[0]
        return content.decode(name, "replace")
    except (UnicodeError, ValueError):
        return _any(content)


@lru_cache(maxsize=16)
def _table(name: str) -> str:
    return "".join(bytes([byte]).decode(name, "replace") for byte in range(256))


def _utf_7(found: re.Match[str]) -> str:
    """The characters of a sequence of UTF-7. What is no such sequence, such as the plus sign of a sum, stays."""
    try:
        return "+" if found[0] == "+-" else f"+{found[1]}-".encode().decode("utf-7")
    except UnicodeDecodeError:
        return found[0]


def _japanese(content: bytes) -> str:
    """ISO-2022-JP, also with the characters that only Windows has. Without escapes it is Shift JIS or UTF-8."""
    if b"\x1b" not in content:
        return _utf_8(content) or content.decode("cp932", "replace")
    try:
        return content.decode("iso2022_jp")
    except UnicodeDecodeError:
        first, *pieces = _JIS.split(content, MOST_MIXED)
        pairs = zip(pieces[::2], pieces[1::2], strict=True)
        return _any(first) + "".join(_japanese_piece(escape, piece) for escape, piece in pairs)


def _japanese_piece(escape: bytes, piece: bytes) -> str:
    if escape in (b"$@", b"$B", b"$(@", b"$(B"):
        kanji, line_end, rest = piece.partition(b"\n")
        return _shift_jis(kanji) + (line_end + rest).decode("ascii", "replace")
    if escape == b"(I":
        return bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in piece).decode("cp932", "replace")
    if escape == b"$(D":
        return (b"\x1b$(D" + piece).decode("iso2022_jp_ext", "replace")
    return _any(piece)


def _shift_jis(piece: bytes) -> str:
    """Pairs of bytes between 0x21 and 0x7E, moved to where Shift JIS has them."""
    if piece.translate(None, _IN_ROWS):
        return piece.decode("ascii", "replace")
    moved = bytearray()
    for row, cell in zip(piece[::2], piece[1::2], strict=False):
        moved.append((row + 1) // 2 + (0x70 if row < 0x5F else 0xB0))
        moved.append(cell + (0x7E if row % 2 == 0 else 0x20 if cell >= 0x60 else 0x1F))
    return moved.decode("cp932", "replace")


def clean(text: str) -> str:
    """The text without NUL characters and surrogates, so that databases and JSON accept it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "")
