"""Detects the encoding of a table, and checks the encodings that a user names."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from .formats import Broken

EXAMPLES = "utf-8, utf-16, windows-1252, windows-1250, windows-1251, shift_jis, gb18030, big5, euc-kr, mac-roman"
BAD_BYTE = "boxwood.tables"
"""The error handler of all decoders: a byte that cannot be decoded becomes a character that no text contains, U+DC00
and the byte's number. The row with it is rejected."""
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# Encodings of Python that are texts by their type, but not encodings of files.
_NOT_OF_FILES = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}


def _mark_bad_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end] or b"?"
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error(BAD_BYTE, _mark_bad_bytes)


def named(name: str, head: bytes) -> str:
    """The encoding that a user names, by Python's name. Raises Broken if it is no encoding of texts."""
    try:
        found = codecs.lookup(name)
        is_text = getattr(found, "_is_text_encoding", True) and found.incrementaldecoder is not None
    except (LookupError, ValueError, UnicodeError):
        is_text = False
    if not is_text or found.name.replace("-", "_") in _NOT_OF_FILES:
        raise Broken(f"encoding: {name[:40]!r} is not a known text encoding: use, for example, {EXAMPLES}")
    if found.name == "utf-8-sig":
        return "utf-8"
    if found.name in ("utf-16", "utf-32"):
        # Without a mark, these names leave the order of the bytes open.
        marked = by_mark(head)
        if marked.startswith(found.name):
            return marked
        is_big = by_zeros(head, 4 if found.name == "utf-32" else 2).endswith("be")
        return f"{found.name}-{'be' if is_big else 'le'}"
    detected = found.name.replace("-", "_")
    return detected if detected in _LETTERS else found.name


def by_mark(head: bytes) -> str:
    """The encoding that a byte order mark tells, else an empty text."""
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), "")


def by_zeros(head: bytes, width: int = 2) -> str:
    """UTF-16 (or UTF-32, with a `width` of 4) without a mark, as the positions of zero bytes show it; else empty."""
    start = head[:4000]
    zeros = [start[at::width].count(0) for at in range(width)]
    if sum(zeros) * 10 < len(start):
        return ""
    if width == 4 or zeros[0] * 20 < zeros[1]:
        return f"utf-{8 * width}-{'be' if zeros[0] > zeros[-1] else 'le'}"
    return "utf-16-be" if zeros[1] * 20 < zeros[0] else ""


class Sample:
    """Collects, from all pieces of a table, whether it is UTF-8, and otherwise some of the lines that are not."""

    MOST = 8_000

    def __init__(self) -> None:
        self.others = bytearray()
        """Lines that are not UTF-8, and other lines with bytes above 127."""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._good = self._bad = 0

    def add(self, piece: bytes) -> None:
        is_clean = piece.isascii()
        if is_clean and not self._decoder.getstate()[0]:
            return
        try:
            self._decoder.decode(piece)
            self._good += 0 if is_clean else 1
        except UnicodeDecodeError:
            self._decoder.reset()
            self._look_at(piece)

    def _look_at(self, piece: bytes) -> None:
        for found in _LINE_WITH_OTHERS.finditer(piece):
            line = found[0]
            try:
                line.decode()
                self._good += 1
            except UnicodeDecodeError:
                self._bad += 1
            if len(self.others) < self.MOST:
                self.others += line[:1000] + b"\n"
            if self._bad > 1000:
                return

    def encoding(self, head: bytes) -> str:
        """The encoding of the table that begins with `head`."""
        found = by_mark(head) or by_zeros(head)
        if found:
            return found
        # A line of another encoding is seldom UTF-8 by chance: a table with many such lines is UTF-8 with an error.
        if self._bad == 0 or self._good > 3 * self._bad:
            return "utf-8"
        return likeliest(bytes(self.others), is_macintosh=b"\r" in head and b"\n" not in head)


_LINE_WITH_OTHERS = re.compile(rb"[^\r\n]{0,1000}[\x80-\xff][^\r\n]*")

# Encodings of spreadsheets, the more usual ones first, and the characters that texts in them usually have above 127.
_WEST = "äöüßÄÖÜéèêëàâáãåæçñíìîïóòôõøúùûÿœÉÈÊÀÁÂÅÆÇÑÓØÕŒ"
_LETTERS = {
    "cp1252": _WEST,
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰäöüßÄÖÜăâîşţĂÂÎŞŢđĐôľĺŕ",
    "cp1255": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "cp1251": "".join(map(chr, range(0x410, 0x450))) + "ЁёІіЇїЄєҐґ№",
    "cp932": "",
    "gb18030": "",
    "cp949": "",
    "big5": "",
    "cp1253": "".join(map(chr, range(0x386, 0x3CF))),
    "cp1254": "çğıöşüâîûÇĞİÖŞÜ",
    "cp1256": "".join(map(chr, range(0x621, 0x64B))),
    "cp1257": "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽąęėįųĄĘĖĮŲõäöüÕÄÖÜ",
    "euc_jp": "",
    "koi8_r": "".join(map(chr, range(0x410, 0x450))) + "Ёё",
    "cp874": "".join(map(chr, range(0xE01, 0xE5C))),
    "cp866": "".join(map(chr, range(0x410, 0x450))) + "Ёё№",
    "mac_roman": _WEST,
}
_LATIN = {"cp1252", "cp1250", "cp1254", "cp1257", "mac_roman"}
_SYMBOLS = frozenset("€£–—‘’“”„…•®™©°§½²³´·¿¡«»×\xa0")
_NOT_IN_WORDS = frozenset("£³¹¢¥±¼¾¯")
# Of the encodings with two bytes: where the usual characters are, by the character set and its first bytes.
_USUAL = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5": ("big5", 0xA4, 0xC6),
    "cp932": ("shift_jis", 0x88, 0x97),
    "euc_jp": ("euc_jp", 0xB0, 0xCF),
    "cp949": ("euc_kr", 0xB0, 0xC8),
}
_KANA = re.compile("[ぁ-んァ-ヶー、。・々]")
_OTHERS = re.compile(r"[^\x00-\x7f]")


def likeliest(sample: bytes, *, is_macintosh: bool = False) -> str:
    """The encoding in which this text, which is not UTF-8, has the most usual characters.

    The library judges whether a decoded text is a mess. It needs long texts, and columns of names are short: how usual
    the characters are decides between what it leaves.
    """
    from charset_normalizer import from_bytes  # 30 ms, which most servers never need

    names = list(_LETTERS)
    if is_macintosh:
        names = ["mac_roman", *names[:-1]]
    found = from_bytes(sample, cp_isolation=names, threshold=0.5)
    mess = {name: match.chaos for match in found for name in match.could_be_from_charset}
    ranked = [(_usual(sample, name) - 0.2 * mess.get(name, 0.5), -at, name) for at, name in enumerate(names)]
    return max(ranked)[2]


def _usual(sample: bytes, name: str) -> float:
    """How usual the characters of the text are in this encoding: from -1 to 1."""
    try:
        text = sample.decode(name)
    except UnicodeDecodeError:
        return -2
    letters = frozenset(_LETTERS[name])
    total, count = 0.0, 0
    for found in _OTHERS.finditer(text):
        character, at = found[0], found.start()
        if name in _USUAL:
            size, good = 2 if ord(character) < 0xFF61 or ord(character) > 0xFF9F else 1, _weight(character, name)
        else:
            is_good = character in _SYMBOLS or (character in letters and _fits(text, at, name in _LATIN))
            before, after = text[at - 1 : at], text[at + 1 : at + 2]
            if character in _NOT_IN_WORDS and (before.isalpha() or after.isalpha()):
                is_good = False
            if character.isalpha() and not _NOT_IN_WORDS.isdisjoint((before, after)):
                is_good = False
            size, good = 1, 1.0 if is_good else -1.0
        total += size * good
        count += size
    # Korean text has these characters only; Chinese text has them too, but others beside.
    return total / max(count, 1) + (0.1 if name == "cp949" and total == count >= 8 else 0)


@lru_cache(maxsize=10_000)
def _weight(character: str, name: str) -> float:
    if name in ("cp932", "euc_jp"):
        if _KANA.match(character):
            return 1.0
        if "\uff61" <= character <= "\uff9f":
            return 0.5
    of, first, last = _USUAL[name]
    try:
        encoded = character.encode(of)
    except UnicodeEncodeError:
        return -1.0
    return 1.0 if len(encoded) == 2 and first <= encoded[0] <= last else -1.0


def _fits(text: str, at: int, is_latin: bool) -> bool:
    """Whether the letter fits into its word: Latin words have plain letters beside, words of other scripts have none,
    and no capital follows a small letter."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if text[at].isupper() and before.islower():
        return False
    if not is_latin:
        return not (before.isascii() and before.isalpha()) and not (after.isascii() and after.isalpha())
    start, end = at, at + 1
    while start and text[start - 1].isalpha() and at - start < 20:
        start -= 1
    while end < len(text) and text[end].isalpha() and end - at < 20:
        end += 1
    word = text[start:end]
    others = sum(not letter.isascii() for letter in word)
    return others * 2 <= len(word) + 2 and (others < len(word) or len(word) < 3)
