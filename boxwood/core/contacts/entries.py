"""Creating, editing and deleting contacts and organizations. An entry is a contact or an organization."""

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
    """Create an entry. With `get_if_existing`, an entry with the same e-mail address or domain is returned unchanged,
    if there is one."""
    team, rights = contact_access.reach_team(ctx, noun.name, team_key)
    entry = with_changes(ctx, noun, team, noun.blank(ctx, team.key), given)
    if get_if_existing and (found := _match(ctx, noun, entry)):
        return found
    return _add(ctx, noun, team, rights, entry, given)


def upsert(ctx: Ctx, noun: Noun[E], team_key: str, given: dict[str, Any]) -> E:
    """Update the entry with the given e-mail address (of an organization: domain), or create it if there is none. Lists
    are added to the stored lists."""
    team, rights = contact_access.reach_team(ctx, noun.name, team_key)
    entry = with_changes(ctx, noun, team, noun.blank(ctx, team.key), given)
    if not any(kind == noun.matched_by for kind, _ in noun.identify(entry)):
        raise Invalid(noun.match_needs, f"is missing: it is needed to find an existing {noun.singular}")
    found = _match(ctx, noun, entry)
    if found is None:
        return _add(ctx, noun, team, rights, entry, given)
    more = {name: [*getattr(found, name), *given[name]] for name in noun.lists if given.get(name)}
    return edit(ctx, noun, found.key, {**given, **more})


def find_match(ctx: Ctx, noun: Noun[E], team_key: str, given: dict[str, Any]) -> E | None:
    """The entry that `upsert` would update; None if there is none, or nothing to find it by."""
    team, _ = contact_access.reach_team(ctx, noun.name, team_key)
    members = {name: value for name, value in given.items() if name != "fields"}
    return _match(ctx, noun, with_changes(ctx, noun, team, noun.blank(ctx, team.key), members))


def _match(ctx: Ctx, noun: Noun[E], entry: E) -> E | None:
    """The oldest entry with one of these e-mail addresses (of an organization: domains). The first address that any
    entry has decides."""
    wanted = [value for kind, value in noun.identify(entry) if kind == noun.matched_by]
    if not wanted:
        return None
    teams.lock(ctx, entry.team_key)  # two requests at once must not both find no entry, and create two
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
        raise Insufficient(noun.singular.capitalize(), noun.needs)
    entry = contact_links.with_links(ctx, entry, given)
    if noun is ORGANIZATIONS:
        teams.lock(ctx, team.key)
    noun.table.insert(ctx.db, entry)
    store_identifiers(ctx, noun, entry)
    entry = contact_links.with_domain_links(ctx, noun, entry, None)
    record_linked(ctx, contact_links.save(ctx, noun, entry, None))
    record_event(ctx, noun, "created", entry)
    return entry


def lock_team(ctx: Ctx, noun: Noun[E], key: str) -> None:
    """Lock the row of the entry's team, before the entry's domains change or the entry is deleted: two such requests at
    once would miss each other's links. Inserting a contact also locks this row.
    """
    teams.lock(ctx, contact_access.reach(ctx, noun, key)[1].key)


def edit(ctx: Ctx, noun: Noun[E], key: str, given: dict[str, Any]) -> E:
    """Apply the given members. Null leaves a member unchanged, an empty text clears it, a list replaces the stored
    list, and field values are merged. Members equal to the stored ones are ignored."""
    if any(given.get(member) is not None for member in ("domains", "email_addresses")):
        lock_team(ctx, noun, key)
    entry, team, _ = contact_access.reach(ctx, noun, key, change=True)
    before = contact_access.with_links(ctx, [entry])[0]
    after = contact_links.with_links(ctx, with_changes(ctx, noun, team, before, given), given)
    if after == before:
        return before
    if not noun.title(after):
        raise Invalid(noun.needs, f"must not be empty: a {noun.singular} needs a name or {noun.needs}")
    return save(ctx, noun, before, contact_links.with_domain_links(ctx, noun, after, before))


def save(ctx: Ctx, noun: Noun[E], before: E, after: E, *, verb: str = "edited", **detail: str) -> E:
    """Store the members that differ, and record an event."""
    after = msgspec.structs.replace(after, updated_at=ctx.now, saved_at=ctx.now, saved_by=ctx.actor.key)
    differing = [name for name in after.__struct_fields__ if getattr(after, name) != getattr(before, name)]
    noun.table.update(ctx.db, after, *(name for name in differing if name in noun.table.names))
    if set(noun.identify(before)) != set(noun.identify(after)):
        ctx.db.run("DELETE FROM identifiers WHERE key = :key", key=after.key)
        store_identifiers(ctx, noun, after)
    record_linked(ctx, contact_links.save(ctx, noun, after, before))
    changed = [name for name in differing if name not in _DERIVED]
    old = {name: getattr(before, name) for name in changed}
    if "fields" in old:
        old["fields"] = {key: before.fields.get(key) for key in _differing(before.fields, after.fields)}
    detail.setdefault("what", ", ".join(_words(name) for name in changed))
    record_event(ctx, noun, verb, after, before=old, **detail)
    _add_addresses_to_boxes(ctx, before, after)
    return after


_DERIVED = ("normalized_domains", "updated_at", "saved_at", "saved_by")


def _differing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [key for key in sorted({**before, **after}) if before.get(key) != after.get(key)]


def _words(member: str) -> str:
    return {"other": "notes", "org_links": "organization links", "logo_url": "logo", "photo_url": "photo"}.get(
        member, member.replace("_", " ")
    )


def _add_addresses_to_boxes(ctx: Ctx, before: E, after: E) -> None:
    """Add a contact's new e-mail addresses to the boxes that link the contact (ruling 12)."""
    known = getattr(before, "email_addresses", [])
    new = [address for address in getattr(after, "email_addresses", []) if address not in known]
    if not new:
        return
    for box in boxes.lock_many(ctx, box_links.box_keys_for(ctx, after.key)):
        if any(link.key == after.key for link in box.contacts):
            boxes.add_addresses(ctx, box, new)


def delete(ctx: Ctx, noun: Noun[E], key: str) -> None:
    """Delete an entry, its links to boxes and other entries, and the field values that name it."""
    lock_team(ctx, noun, key)
    entry, team, _ = contact_access.reach(ctx, noun, key, change=True)
    entry = contact_access.with_links(ctx, [entry])[0]
    named = references.replace(ctx, noun, team, key, None)
    about = {"creator_key": entry.creator_key}
    trash.store(ctx, noun.singular, key, noun.title(entry), team_key=team.key, about=about, entry=entry, named=named)
    remove(ctx, noun, entry)
    ctx.db.run("DELETE FROM merges WHERE survivor_key = :key", key=key)


def remove(ctx: Ctx, noun: Noun[E], entry: E, **detail: str) -> None:
    """Delete an entry and its links to other entries."""
    without_links = msgspec.structs.replace(entry, contact_links=[], org_links=[])
    record_linked(ctx, contact_links.save(ctx, noun, without_links, entry))
    ctx.db.run("DELETE FROM identifiers WHERE key = :key", key=entry.key)
    ctx.db.run(f"DELETE FROM {noun.name} WHERE key = :key", key=entry.key)
    record_event(ctx, noun, "deleted", entry, **detail)


def record_event(ctx: Ctx, noun: Noun[E], verb: str, entry: E, *, before: Any = None, **detail: str) -> None:
    """Record an event about an entry, and update the search index."""
    subject = noun.title(entry)
    events.record(
        ctx, f"{noun.singular}.{verb}", entry, team_key=entry.team_key, before=before, subject=subject, **detail
    )
    search.reindex(ctx, noun.singular, entry.key)


def record_linked(ctx: Ctx, differing: list[tuple[str, DirectoryLink]]) -> None:
    """Record the change of a link at the entry on its other side.

    Magic links record no event there: otherwise an organization would record an event for each contact that is created
    in its domain.
    """
    for name, noun in NOUNS.items():
        links = [link for list_name, link in differing if list_name == name]
        if not links:
            continue
        ctx.db.many(
            f"UPDATE {name} SET saved_at = :now WHERE key = :key", [{"now": ctx.now, "key": link.key} for link in links]
        )
        keys = [link.key for link in links if not link.is_magic]
        rows = ctx.db.rows(
            f"SELECT {noun.table.columns} FROM {name} WHERE {ctx.db.dialect.among('key', 'keys')} ORDER BY key",
            keys=ctx.db.texts(keys),
        )
        for entry in contact_access.with_links(ctx, noun.table.load_all(rows)) if keys else []:
            record_event(ctx, noun, "edited", entry, before={}, what="links")


def with_changes(ctx: Ctx, noun: Noun[E], team: Team, entry: E, given: dict[str, Any]) -> E:
    """The entry with the given texts, lists and field values. Null leaves a member unchanged."""
    changes = {
        name: _CHECKS.get(name, _text)(value, name)
        for name, value in given.items()
        if name in noun.table.names and name not in _NOT_EDITABLE and value is not None
    }
    if given.get("fields"):
        values = {**entry.fields, **custom_fields.checked(ctx, team, noun.name, given["fields"], entry.fields)}
        changes["fields"] = {key: value for key, value in sorted(values.items()) if value}
    entry = msgspec.structs.replace(entry, **changes)
    return msgspec.structs.replace(entry, normalized_domains=normalized_domains(entry))


_NOT_EDITABLE = ("key", "team_key", "normalized_domains", "fields", "creator_key", "saved_by")


def text_members(noun: Noun[E]) -> list[str]:
    """The names of an entry's members that are texts."""
    others = (*_NOT_EDITABLE, *noun.lists, "created_at", "updated_at", "saved_at")
    return [name for name in noun.table.names if name not in others]


def _text(value: str, member: str) -> str | None:
    return value.strip() or None


def _emails(value: list[str], member: str) -> list[str]:
    given = contact_access.clean_texts(value, "emailAddresses")
    return list(dict.fromkeys(persons.check_email(address, "emailAddresses") for address in given))


def _list(wire: str) -> Callable[[list[str], str], list[str]]:
    return lambda value, member: contact_access.clean_texts(value, wire)


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "email_addresses": _emails,
    "phone_numbers": _list("phoneNumbers"),
    "addresses": _list("addresses"),
    "domains": _list("domains"),
}


def normalized_domains(entry: E) -> list[str]:
    """The entry's domains and those of its e-mail addresses, without the domains of public mail services."""
    own = [addresses.domain(domain) for domain in entry.domains]
    of_mail = [addresses.domain(address) for address in getattr(entry, "email_addresses", ())]
    found = own + [domain for domain in of_mail if domain not in addresses.ANYBODYS]
    return list(dict.fromkeys(domain for domain in found if domain))


def store_identifiers(ctx: Ctx, noun: Noun[E], entry: E) -> None:
    """Insert the rows by which the entry is found: e-mail addresses, domains, names and phone numbers."""
    ctx.db.many(
        "INSERT INTO identifiers (team_key, noun, kind, value, key) VALUES (:team, :noun, :kind, :value, :key)",
        [
            {"team": entry.team_key, "noun": noun.name, "kind": kind, "value": value, "key": entry.key}
            for kind, value in dict.fromkeys(noun.identify(entry))
        ],
    )
