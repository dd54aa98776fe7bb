"""Splits texts into the words that the search compares: in lower case, without accents, the same on both databases.

In scripts without spaces (Chinese, Japanese), and for emoji, each character is a word.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40
_ALONE = "\u2600-\u27bf\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
# Letters that Unicode does not decompose into a plain letter and a mark.
_PLAIN = {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n"}


class _Letters(dict[int, str]):
    """The replacement of each character, for `str.translate`. Each is computed at its first use."""

    def __missing__(self, point: int) -> str:
        letter = chr(point)
        plain = "" if unicodedata.category(letter)[0] == "M" else _PLAIN.get(letter, letter)
        self[point] = plain
        return plain


_LETTERS = _Letters()


def plain(text: str) -> str:
    """The text in lower case and without accents, as it is compared."""
    return unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)


# For texts in ASCII, which most are, in a single step: letters in lower case, digits, and a space for anything else.
_ASCII = bytes(ord(chr(point).lower()) if point < 128 and chr(point).isalnum() else 32 for point in range(256))


def distinct(text: str) -> list[str]:
    """The distinct words, in the order of the text."""
    return list(dict.fromkeys(in_order(text)))


def in_order(text: str) -> list[str]:
    """All words, in the order of the text. Only the first 40 characters of a word count."""
    if text.isascii():
        found = text.encode().translate(_ASCII).decode().split()
        if len(text) <= LONGEST or max(map(len, found), default=0) <= LONGEST:
            return found
    else:
        found = WORD.findall(plain(text))
    return [word[:LONGEST] for word in found]


def slips(word: str) -> list[str]:
    """The word, and the word without each of its letters.

    Two words that differ by one typing error (a missing, added, wrong or swapped letter) share at least one of these
    texts. For a short word, or a word with digits, only the word itself is returned: such words differ on purpose.
    """
    if len(word) < 4 or not word.isalpha():
        return [word]
    return [word, *[word[:at] + word[at + 1 :] for at in range(len(word))]]


def alike(asked: str, word: str) -> bool:
    """Whether the word begins with `asked`, with at most one typing error. A short word must match as a whole, and its
    first letter must be right."""
    if word.startswith(asked):
        return True
    if len(asked) < 4 or not asked.isalpha() or not word.isalpha():
        return False
    if len(asked) == 4 and asked[0] != word[0]:
        return False
    if _apart(asked, word):
        return True
    return len(asked) >= 6 and any(_apart(asked, word[: len(asked) + more]) for more in (-1, 0, 1))


def _apart(word: str, other: str) -> bool:
    """Whether the words differ by at most one typing error."""
    if abs(len(word) - len(other)) > 1:
        return False
    at = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    a, b = word[at:], other[at:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])
