"""Mentions in a text: `@` and the display name, first name or e-mail of a user who may read it (ruling 25)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..records import Person

# Limits the work for a text that consists of nothing but @.
MOST_CHECKED = 1000


class Mention(msgspec.Struct, frozen=True, omit_defaults=True):
    """A mentioned user, and the place of the mention in the text, in characters and including the `@`."""

    user_key: str
    offset: int | None = None
    length: int | None = None

    def overlaps(self, other: Mention) -> bool:
        """Whether both mentions have a place and share a character."""
        if self.offset is None or self.length is None or other.offset is None or other.length is None:
            return False
        return self.offset < other.offset + other.length and other.offset < self.offset + self.length


def find(text: str, people: Iterable[Person]) -> list[Mention]:
    """All mentions in a text. If several names fit at a place, the longest counts; if several users have this name,
    all of them are mentioned."""
    named = _by_name(people)
    lengths = sorted({len(name) for name in named}, reverse=True)
    found: list[Mention] = []
    at = text.find("@")
    for _ in range(MOST_CHECKED):
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
    """The length of the name after the `@` at this place. 0 if there is no name, or if the `@` is within a word or an
    e-mail address."""
    if at and (text[at - 1].isalnum() or text[at - 1] in "_.-+"):
        return 0
    for length in lengths:
        end = at + 1 + length
        if end <= len(text) and text[at + 1 : end].lower() in named and not _continues(text, end):
            return length
    return 0


def _continues(text: str, end: int) -> bool:
    return end < len(text) and (text[end].isalnum() or text[end] in "_@")
