"""Reads cells that name users: by e-mail address, by name, as `Ada <ada@example.com>`, or by key."""

from __future__ import annotations

import re
from typing import Any

from ...errors import Invalid, NotFound
from ...lib.names import folded
from .. import persons
from ..context import Ctx
from ..people import user_names, users
from ..records import Pipeline, User
from .cells import BadCell, items, split

_NONE = {"(none)", "none", "(unassigned)", "unassigned", "n/a", "-"}
"""How other programs write that nothing is assigned."""
_NAMED_ADDRESS = re.compile(r"[^<>]*<\s*([^<>\s]+@[^<>\s]+)\s*>")


class PeopleReader:
    """Reads users for one pipeline. Each user is looked up the first time that a cell names it."""

    def __init__(self, pipeline: Pipeline, may_invite: bool) -> None:
        self._pipeline, self._may_invite = pipeline, may_invite
        self._keys: dict[str, str] = {}
        self._by_name: dict[str, list[User]] | None = None

    def begin(self, ctx: Ctx) -> None:
        """Read with this context from now on."""
        self._ctx, self._by_name = ctx, None

    def parts(self, cell: Any) -> list[Any]:
        """The users that a cell names, each to be read by `user` or `person`."""
        listed = items(cell)
        if listed is not None:
            return listed
        if isinstance(cell, dict):
            return [cell]
        if not isinstance(cell, str):
            raise BadCell("is not text")
        if "," in cell and "@" not in cell and len(self._named(cell)) == 1:  # `Lovelace, Ada`
            return [cell]
        return [part for part in split(cell) if part.casefold() not in _NONE]

    def user(self, part: Any) -> tuple[str, str]:
        """The key of the user, or an empty text and the address of a user who must be invited first."""
        if isinstance(part, dict):
            part = part.get("email") or part.get("userKey") or ""
        if not isinstance(part, str):
            raise BadCell("is not text")
        named = part.strip()
        if named not in self._keys:
            found = self._by_address(named) if "@" in named else self._by_key_or_name(named)
            if not found:
                return "", _address(named)
            self._keys[named] = found
        return self._keys[named], ""

    def person(self, part: Any) -> Any:
        """The user as a field of people takes it. An address that belongs to no user stays as it is."""
        if not isinstance(part, str):
            return part
        if "@" in part:
            return _address(part)
        return self.user(part)[0]

    def _by_address(self, named: str) -> str:
        email = _address(named)
        found = users.by_email(self._ctx.db, email)
        if found is None and not self._may_invite:
            raise BadCell(f"there is no user with the address {email}")
        return found.key if found else ""

    def _by_key_or_name(self, named: str) -> str:
        try:
            return users.get(self._ctx, named).key
        except NotFound:
            found = self._named(named)
        if not found:
            raise BadCell(f"no user of this pipeline is called {named[:100]!r}: give an e-mail address")
        if len(found) > 1:
            shown = ", ".join(sorted(user.email for user in found)[:10])
            raise BadCell(f"{len(found)} users are called {named[:100]!r}: give the e-mail address, one of {shown}")
        return found[0].key

    def _named(self, name: str) -> list[User]:
        """The users with this name: the whole name in either order, else the first name."""
        if self._by_name is None:
            self._by_name = user_names.by_name(user_names.of_pipeline(self._ctx, self._pipeline))
        return self._by_name.get(folded(name), [])


def _address(named: str) -> str:
    inside = _NAMED_ADDRESS.fullmatch(named)
    try:
        return persons.check_email(inside[1] if inside else named)
    except Invalid as problem:
        raise BadCell(problem.message) from None
