"""What is done with a contact or an organization: the verbs the two share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...errors import Forbidden, Insufficient, Invalid
from ...lib import addresses
from .. import boxes, events, persons, search, trash
from ..boxes import links as box_links
from ..context import Ctx
from ..people import contact_access, teams
from ..people.contact_access import DirectoryLink, E, Noun, Rights
from ..people.contacts import CONTACTS
from ..people.organizations import ORGANIZATIONS
from ..records import Team
from . import custom_fields, references
from . import links as contact_links

NOUNS: dict[str, Noun[Any]] = {"contacts": CONTACTS, "organizations": ORGANIZATIONS}


def create(ctx: Ctx, noun: Noun[E], team_key: str, given: dict[str, Any], *, get_if_existing: bool = False) -> E:
    """An entry of the team's; with `get_if_existing`, the one that matches where there is one, unchanged."""
    team, rights = contact_access.enter(ctx, noun.name, team_key)
    entry = changed(ctx, noun, team, noun.blank(ctx, team.key), given)
    if get_if_existing and (found := _match(ctx, noun, entry)):
        return found
    return _add(ctx, noun, team, rights, entry, given)


def upsert(ctx: Ctx, noun: Noun[E], team_key: str, given: dict[str, Any]) -> E:
    """The entry with this e-mail address (domain) as given, made where there is none. Lists are added to."""
    team, rights = contact_access.enter(ctx, noun.name, team_key)
    entry = changed(ctx, noun, team, noun.blank(ctx, team.key), given)
    if not any(kind == noun.matched_by for kind, _ in noun.identify(entry)):
        raise Invalid(noun.match_needs, f"is what an existing {noun.one} is found by")
    found = _match(ctx, noun, entry)
    if found is None:
        return _add(ctx, noun, team, rights, entry, given)
    more = {name: [*getattr(found, name), *given[name]] for name in noun.lists if given.get(name)}
    return edit(ctx, noun, found.key, {**given, **more})


def _match(ctx: Ctx, noun: Noun[E], entry: E) -> E | None:
    """The oldest that is found by the first of its e-mail addresses (domains) that any has."""
    wanted = [value for kind, value in noun.identify(entry) if kind == noun.matched_by]
    if not wanted:
        return None
    teams.lock(ctx, entry.team_key)  # two who look at once must not both find nothing
    rows = ctx.db.rows(
        f"""
        SELECT value, key FROM identifiers
        WHERE team_key = :team AND noun = :noun AND kind = :kind AND {ctx.db.dialect.among("value", "values")}
        """,
        team=entry.team_key,
        noun=noun.name,
        kind=noun.matched_by,
        values=ctx.db.texts(wanted),
    )
    keys = [key for _, key in sorted(rows, key=lambda row: (wanted.index(row[0]), row[1]))]
    return next(iter(contact_access.by_keys(ctx, noun, keys[:100])), None)


def _add(ctx: Ctx, noun: Noun[E], team: Team, rights: Rights, entry: E, given: dict[str, Any]) -> E:
    if not rights.create:
        raise Forbidden(f"Your role in this team may not create {noun.name}")
    if not noun.title(entry):
        raise Insufficient(noun.one.capitalize(), noun.needs)
    entry = contact_links.given(ctx, entry, given)
    if noun is ORGANIZATIONS:
        teams.lock(ctx, team.key)
    noun.table.insert(ctx.db, entry)
    identify(ctx, noun, entry)
    entry = contact_links.by_domain(ctx, noun, entry, None)
    tell_others(ctx, contact_links.save(ctx, noun, entry, None))
    tell(ctx, noun, "created", entry)
    return entry


def alone(ctx: Ctx, noun: Noun[E], key: str) -> None:
    """Before an entry's domains change or it goes: two who do such things at once would miss each other's links.

    The team's row stands for its directory. A contact that is inserted holds that row by being inserted.
    """
    teams.lock(ctx, contact_access.reach(ctx, noun, key)[1].key)


def edit(ctx: Ctx, noun: Noun[E], key: str, given: dict[str, Any]) -> E:
    """Change what is named and differs: null leaves as it is, an empty text clears, lists replace, fields merge."""
    if any(given.get(member) is not None for member in ("domains", "email_addresses")):
        alone(ctx, noun, key)
    entry, team, _ = contact_access.reach(ctx, noun, key, change=True)
    before = contact_access.with_links(ctx, [entry])[0]
    after = contact_links.given(ctx, changed(ctx, noun, team, before, given), given)
    if after == before:
        return before
    if not noun.title(after):
        raise Invalid(noun.needs, f"a {noun.one} must keep a name or {noun.needs}")
    return save(ctx, noun, before, contact_links.by_domain(ctx, noun, after, before))


def save(ctx: Ctx, noun: Noun[E], before: E, after: E, *, verb: str = "edited", **detail: str) -> E:
    """Write what changed, and say so."""
    after = msgspec.structs.replace(after, updated_at=ctx.now, saved_at=ctx.now, saved_by=ctx.actor.key)
    differing = [name for name in after.__struct_fields__ if getattr(after, name) != getattr(before, name)]
    noun.table.update(ctx.db, after, *(name for name in differing if name in noun.table.names))
    if set(noun.identify(before)) != set(noun.identify(after)):
        ctx.db.run("DELETE FROM identifiers WHERE key = :key", key=after.key)
        identify(ctx, noun, after)
    tell_others(ctx, contact_links.save(ctx, noun, after, before))
    told = [name for name in differing if name not in _STAMPS]
    old = {name: getattr(before, name) for name in told}
    if "fields" in old:
        old["fields"] = {key: before.fields.get(key) for key in _differing(before.fields, after.fields)}
    detail.setdefault("what", ", ".join(_words(name) for name in told))
    tell(ctx, noun, verb, after, before=old, **detail)
    _spread_addresses(ctx, before, after)
    return after


_STAMPS = ("normalized_domains", "updated_at", "saved_at", "saved_by")


def _differing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [key for key in sorted({**before, **after}) if before.get(key) != after.get(key)]


def _words(member: str) -> str:
    return {"other": "notes", "org_links": "organization links", "logo_url": "logo", "photo_url": "photo"}.get(
        member, member.replace("_", " ")
    )


def _spread_addresses(ctx: Ctx, before: E, after: E) -> None:
    """A linked contact's new e-mail addresses belong to its boxes too (ruling 12)."""
    known = getattr(before, "email_addresses", [])
    new = [one for one in getattr(after, "email_addresses", []) if one not in known]
    if not new:
        return
    for box in boxes.locked(ctx, box_links.of(ctx, after.key)):
        if any(link.key == after.key for link in box.contacts):
            boxes.add_addresses(ctx, box, new)


def delete(ctx: Ctx, noun: Noun[E], key: str) -> None:
    """With what names it: links of boxes and of other entries, and values of fields."""
    alone(ctx, noun, key)
    entry, team, _ = contact_access.reach(ctx, noun, key, change=True)
    entry = contact_access.with_links(ctx, [entry])[0]
    named = references.replace(ctx, noun, team, key, None)
    about = {"creator_key": entry.creator_key}
    trash.store(ctx, noun.one, key, noun.title(entry), team_key=team.key, about=about, entry=entry, named=named)
    remove(ctx, noun, entry)
    ctx.db.run("DELETE FROM merges WHERE survivor_key = :key", key=key)


def remove(ctx: Ctx, noun: Noun[E], entry: E, **detail: str) -> None:
    """The entry itself and its links."""
    bare = msgspec.structs.replace(entry, contact_links=[], org_links=[])
    tell_others(ctx, contact_links.save(ctx, noun, bare, entry))
    ctx.db.run("DELETE FROM identifiers WHERE key = :key", key=entry.key)
    ctx.db.run(f"DELETE FROM {noun.name} WHERE key = :key", key=entry.key)
    tell(ctx, noun, "deleted", entry, **detail)


def tell(ctx: Ctx, noun: Noun[E], verb: str, entry: E, *, before: Any = None, **detail: str) -> None:
    """The entry's event, and its place in the search."""
    subject = noun.title(entry)
    events.record(ctx, f"{noun.one}.{verb}", entry, team_key=entry.team_key, before=before, subject=subject, **detail)
    search.note(ctx, noun.one, entry.key)


def tell_others(ctx: Ctx, differing: list[tuple[str, DirectoryLink]]) -> None:
    """A link is a change of the other side too.

    A magic one is told by the entry whose domain made it: an organization would otherwise say all its
    links again for each person of it that comes.
    """
    for name, noun in NOUNS.items():
        links = [link for one, link in differing if one == name]
        if not links:
            continue
        ctx.db.many(
            f"UPDATE {name} SET saved_at = :now WHERE key = :key", [{"now": ctx.now, "key": link.key} for link in links]
        )
        told = [link.key for link in links if not link.is_magic]
        rows = ctx.db.rows(
            f"SELECT {noun.table.columns} FROM {name} WHERE {ctx.db.dialect.among('key', 'keys')} ORDER BY key",
            keys=ctx.db.texts(told),
        )
        for entry in contact_access.with_links(ctx, noun.table.load_all(rows)) if told else []:
            tell(ctx, noun, "edited", entry, before={}, what="links")


def changed(ctx: Ctx, noun: Noun[E], team: Team, entry: E, given: dict[str, Any]) -> E:
    """The entry with the texts, lists and values that were given; null leaves a member as it is."""
    news = {
        name: _CHECKS.get(name, _text)(value, name)
        for name, value in given.items()
        if name in noun.table.names and name not in _KEPT and value is not None
    }
    if given.get("fields"):
        values = {**entry.fields, **custom_fields.checked(ctx, team, noun.name, given["fields"])}
        news["fields"] = {key: value for key, value in sorted(values.items()) if value}
    entry = msgspec.structs.replace(entry, **news)
    return msgspec.structs.replace(entry, normalized_domains=domains_of(entry))


_KEPT = ("key", "team_key", "normalized_domains", "fields", "creator_key", "saved_by")


def texts_of(noun: Noun[E]) -> list[str]:
    """The members of an entry that are a text."""
    others = (*_KEPT, *noun.lists, "created_at", "updated_at", "saved_at")
    return [name for name in noun.table.names if name not in others]


def _text(value: str, member: str) -> str | None:
    return value.strip() or None


def _emails(value: list[str], member: str) -> list[str]:
    given = contact_access.texts(value, "emailAddresses")
    return list(dict.fromkeys(persons.check_email(one, "emailAddresses") for one in given))


def _list(wire: str) -> Callable[[list[str], str], list[str]]:
    return lambda value, member: contact_access.texts(value, wire)


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "email_addresses": _emails,
    "phone_numbers": _list("phoneNumbers"),
    "addresses": _list("addresses"),
    "domains": _list("domains"),
}


def domains_of(entry: E) -> list[str]:
    """Those it names, and those of its e-mail addresses unless anybody can have one there."""
    named = [addresses.domain(one) for one in entry.domains]
    of_mail = [addresses.domain(one) for one in getattr(entry, "email_addresses", ())]
    found = named + [one for one in of_mail if one not in addresses.ANYBODYS]
    return list(dict.fromkeys(one for one in found if one))


def identify(ctx: Ctx, noun: Noun[E], entry: E) -> None:
    """Write the rows by which the entry is found."""
    ctx.db.many(
        "INSERT INTO identifiers (team_key, noun, kind, value, key) VALUES (:team, :noun, :kind, :value, :key)",
        [
            {"team": entry.team_key, "noun": noun.name, "kind": kind, "value": value, "key": entry.key}
            for kind, value in dict.fromkeys(noun.identify(entry))
        ],
    )
