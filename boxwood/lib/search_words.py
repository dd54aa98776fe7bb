"""Words as they are searched for: in lower case, without accents, the same on every database.

Scripts written without spaces (Chinese, Japanese) and emoji are taken character by character.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40
_ALONE = "\u2600-\u27bf\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN = {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n"}


class _Letters(dict[int, str]):
    """What each character becomes, for `str.translate`: looked up once, then known."""

    def __missing__(self, point: int) -> str:
        letter = chr(point)
        kept = "" if unicodedata.category(letter)[0] == "M" else _PLAIN.get(letter, letter)
        self[point] = kept
        return kept


_LETTERS = _Letters()


# What most texts are made of, in one step: letters and digits in lower case, anything else a space.
_ASCII = bytes(ord(chr(point).lower()) if point < 128 and chr(point).isalnum() else 32 for point in range(256))


def of(text: str) -> list[str]:
    """Each word once, in the order of the text."""
    return list(dict.fromkeys(in_order(text)))


def in_order(text: str) -> list[str]:
    """Every word, in the order of the text; of an endless one the beginning."""
    if text.isascii():
        found = text.encode().translate(_ASCII).decode().split()
        if len(text) <= LONGEST:
            return found
    else:
        found = _WORD.findall(unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS))
    return [one[:LONGEST] for one in found]


def slips(word: str) -> list[str]:
    """The word, and what is left of it without one of its letters.

    Two words that are a slip apart (a letter left out, added, wrong or swapped with its neighbour) have one
    of these in common. Short words and those with digits are only themselves: they differ on purpose.
    """
    if len(word) < 4 or not word.isalpha():
        return [word]
    return [word, *[word[:at] + word[at + 1 :] for at in range(len(word))]]


def alike(asked: str, word: str) -> bool:
    """Whether `asked` begins the word, give or take one slip. Short words only as a whole, from the first letter on."""
    if word.startswith(asked):
        return True
    if len(asked) < 4 or not asked.isalpha() or not word.isalpha():
        return False
    if len(asked) == 4 and asked[0] != word[0]:
        return False
    if _apart(asked, word):
        return True
    return len(asked) >= 6 and any(_apart(asked, word[: len(asked) + more]) for more in (-1, 0, 1))


def _apart(one: str, other: str) -> bool:
    """At most one slip."""
    if abs(len(one) - len(other)) > 1:
        return False
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[at:], other[at:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])
