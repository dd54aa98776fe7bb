"""Excerpts of texts that show where the words of a search are.

Positions count UTF-16 units, as JavaScript does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from . import search_words

LONGEST = 160
"""Characters of an excerpt, without the dots that show that it is cut."""
BEFORE = 40
"""Characters before the first word, at most."""
MOST_READ = 50_000
"""Characters of a text that are read."""


class Range(msgspec.Struct, frozen=True):
    """A part of a text that matches: from `start` up to `end`, which is not included."""

    start: int
    end: int


class Excerpt(NamedTuple):
    text: str
    ranges: list[Range]
    found: frozenset[str]
    """The words of the search that are in the excerpt."""


def excerpt(text: str, words: list[str], *, mistyped: bool = False) -> Excerpt | None:
    """Return the part of the text around the first of these words; None if it has none of them.

    A word matches at the beginning of a word of the text, as in the search. With `mistyped`, also a word of the text
    that differs by one letter.
    """
    text = text[:MOST_READ] if text.isascii() else unicodedata.normalize("NFC", text[:MOST_READ])
    first = next(_positions(text, words, mistyped), None)
    if first is None:
        return None
    cut, before, after = _window(text, first[0])
    found, ranges = set(), []
    for start, end, word in _positions(cut, words, mistyped):
        found.add(word)
        ranges.append((start + len(before), end + len(before)))
    shown = f"{before}{cut}{after}"
    return Excerpt(shown, [Range(_units(shown, start), _units(shown, end)) for start, end in ranges], frozenset(found))


def whole(text: str, words: list[str]) -> Excerpt:
    """Return a short text that matches as a whole, such as a telephone number in another spelling."""
    return Excerpt(text, [Range(0, _units(text, len(text)))], frozenset(words))


def _window(text: str, at: int) -> tuple[str, str, str]:
    """Return the excerpt around a position, on one line, and the dots before and after it."""
    start = max(0, at - BEFORE)
    if start:
        space = text.find(" ", start, at)
        start = at if space < 0 and at - start >= BEFORE and not text[start:at].strip() else max(start, space + 1)
    end = start + LONGEST
    if end < len(text):
        space = text.rfind(" ", at + 1, end)
        end = space if space > at + LONGEST // 4 else end
    cut = " ".join(text[start:end].split())
    return cut, "… " if start else "", " …" if end < len(text) else ""


def _positions(text: str, words: list[str], mistyped: bool) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and word of the search for each match, in the order of the text."""
    if text.isascii() and not mistyped:
        for found in _pattern(words).finditer(text):
            yield found.start(), found.end(), found[0].lower()
        return
    for found in search_words.WORD.finditer(text):
        token = search_words.plain(found[0])[: search_words.LONGEST]
        word = next((word for word in words if token.startswith(word)), None)
        if word is None and mistyped:
            word = next((word for word in words if search_words.alike(word, token)), None)
            end = found.end()
        elif word is not None:
            end = found.start() + len(word) if len(token) == len(found[0]) else found.end()
        if word is not None:
            yield found.start(), end, word


def _pattern(words: list[str]) -> re.Pattern[str]:
    """Return a pattern for words in a text in ASCII, which is faster than to look at each of its words."""
    longest_first = sorted(filter(str.isascii, words), key=len, reverse=True)
    either = "|".join(map(re.escape, longest_first)) or "(?!)"
    return re.compile(rf"(?<![A-Za-z0-9])(?:{either})", re.IGNORECASE | re.ASCII)


def _units(text: str, at: int) -> int:
    return at if text.isascii() else len(text[:at].encode("utf-16-le")) // 2
