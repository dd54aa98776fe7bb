"""Scopes: what an API key may do with each noun. A key without scopes has all rights of its user."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ...errors import Invalid

NOUNS = (
    "boxes",
    "pipelines",
    "contacts",
    "organizations",
    "tasks",
    "comments",
    "meetings",
    "files",
    "mail",
    "snippets",
    "webhooks",
    "automations",
    "proposals",
    "notifications",
    "team",
)
ALL_NOUNS = "*"
"""In a scope, all nouns that no other scope names. In what a request needs, every noun."""
READ, PROPOSE, WRITE, ADMIN = "read", "propose", "write", "admin"
LEVELS = (READ, PROPOSE, WRITE, ADMIN)
"""Each level includes those before it. `propose` writes only proposals, and `admin` also changes settings."""
_RANK = {level: rank for rank, level in enumerate(LEVELS)}


class Scopes(msgspec.Struct, frozen=True):
    levels: dict[str, str]
    """The level of each noun. `*` stands for the nouns that are not named."""
    pipelines: list[str] = []
    """The keys of the only pipelines within reach; empty for all."""

    @property
    def only(self) -> str:
        """The keys of the pipelines in one text, for `access.ROLE`."""
        return " ".join(self.pipelines)

    def without_nouns(self) -> Scopes:
        """Scopes that limit only the pipelines."""
        return Scopes({ALL_NOUNS: ADMIN}, self.pipelines)

    def allows(self, noun: str, level: str) -> bool:
        if noun == ALL_NOUNS:
            return all(self.allows(each, level) for each in NOUNS)
        given = self.levels.get(noun) or self.levels.get(ALL_NOUNS)
        return given is not None and _RANK[given] >= _RANK[level]

    def proposes(self, noun: str) -> bool:
        """Whether the key may change things of this noun only by proposals."""
        return self.allows(noun, PROPOSE) and not self.allows(noun, WRITE)

    @property
    def may_propose(self) -> bool:
        return PROPOSE in self.levels.values()

    def without_proposals(self) -> Scopes:
        """The scopes for the trial of a proposal: what may be proposed may be written."""
        levels = {noun: WRITE if level == PROPOSE else level for noun, level in self.levels.items()}
        return msgspec.structs.replace(self, levels=levels)


def read(texts: Iterable[str]) -> dict[str, str]:
    """The levels by noun of scopes such as `boxes:write`. Raise `Invalid` if one is no scope."""
    found: dict[str, str] = {}
    for text in texts:
        noun, _, level = text.strip().partition(":")
        if noun != ALL_NOUNS and noun not in NOUNS:
            known = ", ".join((*NOUNS, ALL_NOUNS))
            raise Invalid("scopes", f"{text[:50]!r} names no known noun: a scope is noun:level, with one of {known}")
        if level not in LEVELS:
            raise Invalid("scopes", f"{text[:50]!r} has no known level: a scope ends in :{', :'.join(LEVELS)}")
        if noun in found:
            raise Invalid("scopes", f"has {noun} twice: a level includes those before it ({', '.join(LEVELS)})")
        found[noun] = level
    return found


def texts(levels: dict[str, str]) -> list[str]:
    return [f"{noun}:{level}" for noun, level in levels.items()]
