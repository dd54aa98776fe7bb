"""Reads cells that name contacts or organizations: by e-mail address, by name, or as `Kim (kim@acme.com)`."""

from __future__ import annotations

import re
from typing import Any

from .. import persons
from ..contacts import entries
from ..context import Ctx
from ..people import contact_access
from ..people.contact_access import Noun
from ..people.contacts import CONTACTS
from ..people.organizations import ORGANIZATIONS
from ..records import Pipeline
from .cells import BadCell, items

NOUNS: dict[str, Noun[Any]] = {noun.name: noun for noun in (CONTACTS, ORGANIZATIONS)}
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+")


class LinkReader:
    """Reads the contacts, or the organizations, that cells name. Each is looked up the first time a cell names it."""

    def __init__(self, pipeline: Pipeline, noun: Noun[Any]) -> None:
        self._pipeline, self._noun = pipeline, noun
        self._keys: dict[str, str] = {}

    def begin(self, ctx: Ctx) -> None:
        """Read with this context from now on."""
        self._ctx = ctx

    def parts(self, cell: Any) -> list[str]:
        """What a cell names, separated by semicolons or line breaks: names have commas."""
        listed = items(cell)
        found = listed if listed is not None else re.split(r"[;\n]", cell) if isinstance(cell, str) else [cell]
        if not all(isinstance(part, str) for part in found):
            raise BadCell("is not text")
        return [part.strip() for part in found if part.strip()]

    def find(self, part: str) -> str:
        """The key of the oldest that is named so and that the actor sees; empty if there is none."""
        if part not in self._keys:
            found = self._find(part)
            if not found:
                return ""
            self._keys[part] = found
        return self._keys[part]

    def _find(self, part: str) -> str:
        address, name = split(part)
        kinds = [("email", address)] if address and self._noun is CONTACTS else contact_access.name_identities(name)
        for kind, value in kinds:
            rows = self._ctx.db.rows(
                """
                SELECT key FROM identifiers
                WHERE team_key = :team AND noun = :noun AND kind = :kind AND value = :value ORDER BY key LIMIT 100
                """,
                team=self._pipeline.team_key,
                noun=self._noun.name,
                kind=kind,
                value=value,
            )
            seen = {each.key for each in contact_access.by_keys(self._ctx, self._noun, [row[0] for row in rows])}
            for (key,) in rows:
                if key in seen:
                    return str(key)
        return ""


def split(part: str) -> tuple[str, str]:
    """The e-mail address and the name in a text; each may be empty."""
    match = _ADDRESS.search(part)
    if match is None:
        return "", part
    name = (part[: match.start()] + part[match.end() :]).strip(" <>()[]\"'-,")
    return match[0].lower(), name


def create(ctx: Ctx, pipeline: Pipeline, noun: Noun[Any], part: str) -> None:
    """Create the contact or the organization that a text names, unless it is there now."""
    reader = LinkReader(pipeline, noun)
    reader.begin(ctx)
    if reader.find(part):
        return
    address, name = split(part)
    given: dict[str, Any] = {"name": name or address}
    if noun is CONTACTS:
        first, _, last = name.partition(" ")
        given = {"given_name": first, "family_name": last}
        if address:
            given["email_addresses"] = [persons.check_email(address)]
    entries.create(ctx, noun, pipeline.team_key, given)
