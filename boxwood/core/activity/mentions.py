"""People named in a text: `@` and the display name, first name or e-mail of someone who can read it (ruling 25)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..records import Person

# A text made of nothing but @ is not worth reading to its end.
MOST_LOOKED_AT = 1000


class Mention(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where it stands is counted in characters, the `@` included."""

    user_key: str
    offset: int | None = None
    length: int | None = None

    def overlaps(self, other: Mention) -> bool:
        if self.offset is None or self.length is None or other.offset is None or other.length is None:
            return False
        return self.offset < other.offset + other.length and other.offset < self.offset + self.length


def find(text: str, people: Iterable[Person]) -> list[Mention]:
    """Every mention, the longest name first where several would do; all of those who share a name."""
    named = _by_name(people)
    lengths = sorted({len(name) for name in named}, reverse=True)
    found: list[Mention] = []
    at = text.find("@")
    for _ in range(MOST_LOOKED_AT):
        if at < 0:
            break
        length = _match(text, at, named, lengths)
        if length:
            name = text[at + 1 : at + 1 + length].lower()
            found += [Mention(key, at, length + 1) for key in named[name]]
        at = text.find("@", at + 1 + length)
    return found


def _by_name(people: Iterable[Person]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for person in people:
        names = {person.display_name, person.full_name, person.given_name, person.email}
        for name in {name.strip().lower() for name in names}:
            if name:
                named.setdefault(name, []).append(person.key)
    return named


def _match(text: str, at: int, named: dict[str, list[str]], lengths: list[int]) -> int:
    """How long the name is that follows the `@` there; 0 where it is none, or the middle of a word or address."""
    if at and (text[at - 1].isalnum() or text[at - 1] in "_.-+"):
        return 0
    for length in lengths:
        end = at + 1 + length
        if end <= len(text) and text[at + 1 : end].lower() in named and not _goes_on(text, end):
            return length
    return 0


def _goes_on(text: str, end: int) -> bool:
    return end < len(text) and (text[end].isalnum() or text[end] in "_@")
