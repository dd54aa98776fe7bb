"""What is done with a contact or an organization: the verbs the two share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import Forbidden, Insufficient, Invalid
from ..lib import addresses
from . import events, search, users
from .context import Ctx
from .directory import E, Noun, enter, texts
from .teams import Team


def create(ctx: Ctx, noun: Noun[E], team_key: str, given: dict[str, Any]) -> E:
    """An entry of the team's."""
    team, rights = enter(ctx, noun.name, team_key)
    if not rights.create:
        raise Forbidden(f"Your role in this team may not create {noun.name}")
    entry = changed(ctx, noun, team, noun.blank(ctx, team.key), given)
    if not noun.title(entry):
        raise Insufficient(noun.one.capitalize(), noun.needs)
    noun.table.insert(ctx.db, entry)
    identify(ctx, noun, entry)
    events.record(ctx, f"{noun.one}.created", entry, team_key=team.key, subject=noun.title(entry))
    search.note(ctx, noun.one, entry.key)
    return entry


def changed(ctx: Ctx, noun: Noun[E], team: Team, entry: E, given: dict[str, Any]) -> E:
    """The entry with what was given; null leaves a member as it is, an empty text clears it."""
    news = {
        name: _CHECKS.get(name, _text)(value, name)
        for name, value in given.items()
        if name in noun.table.names and name not in _KEPT and value is not None
    }
    entry = msgspec.structs.replace(entry, **news)
    return msgspec.structs.replace(entry, normalized_domains=_domains_of(entry))


_KEPT = ("key", "team_key", "normalized_domains", "fields", "creator_key", "saved_by")


def _text(value: str, member: str) -> str | None:
    return value.strip() or None


def _emails(value: list[str], member: str) -> list[str]:
    given = texts(value, "emailAddresses")
    return list(dict.fromkeys(users.check_email(one, "emailAddresses") for one in given))


def _list(wire: str) -> Callable[[list[str], str], list[str]]:
    return lambda value, member: texts(value, wire)


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "email_addresses": _emails,
    "phone_numbers": _list("phoneNumbers"),
    "addresses": _list("addresses"),
    "domains": _list("domains"),
}


def _domains_of(entry: E) -> list[str]:
    """Those it names, and those of its e-mail addresses unless anybody can have one there."""
    named = [addresses.domain(one) for one in entry.domains]
    of_mail = [addresses.domain(one) for one in getattr(entry, "email_addresses", ())]
    found = named + [one for one in of_mail if one not in addresses.ANYBODYS]
    return list(dict.fromkeys(one for one in found if one))


def identify(ctx: Ctx, noun: Noun[E], entry: E) -> None:
    """Keep the rows by which the entry is found."""
    ctx.db.run("DELETE FROM identifiers WHERE key = :key", key=entry.key)
    ctx.db.many(
        "INSERT INTO identifiers (team_key, noun, kind, value, key) VALUES (:team, :noun, :kind, :value, :key)",
        [
            {"team": entry.team_key, "noun": noun.name, "kind": kind, "value": value, "key": entry.key}
            for kind, value in dict.fromkeys(noun.identify(entry))
        ],
    )


def names(text: str | None) -> list[tuple[str, str]]:
    """A name as it is compared: in lower case, with single spaces, cut to what an index takes."""
    plain = " ".join((text or "").casefold().split())[:200]
    return [("name", plain)] if plain else []


def phones(numbers: list[str]) -> list[tuple[str, str]]:
    """Telephone numbers by their digits; what has fewer than six is no number of a line."""
    digits = ["".join(one for one in number if one.isdecimal()).lstrip("0")[:40] for number in numbers]
    return [("phone", one) for one in digits if len(one) >= 6]


def check(noun: Noun[E], entry: E) -> None:
    if not noun.title(entry):
        raise Invalid(noun.needs, f"a {noun.one} must keep something to be known by")
