"""Links between contacts and organizations. A link has a row for each of its two sides.

Boxwood creates a magic link if a contact and an organization have a domain in common, and removes it when they do not
any longer. If a user removes a magic link, it returns only when the two have another domain in common.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...errors import Invalid
from ..context import Ctx
from ..people import contact_access
from ..people.contact_access import DirectoryLink, E, Entry, Noun

MOST = 10_000
_LAST = 1_000_000
_WIRE = {"contact_links": "contactLinks", "org_links": "orgLinks"}
LISTED = {"contact_links": "contacts", "org_links": "organizations"}


def with_links(ctx: Ctx, entry: E, changes: dict[str, Any]) -> E:
    """The entry with the given links. Each given list replaces the previous list."""
    for member, name in LISTED.items():
        if changes.get(member) is not None:
            links = _wanted(ctx, entry, name, getattr(entry, member), changes[member], _WIRE[member])
            entry = msgspec.structs.replace(entry, **{member: links})
    return entry


def _wanted(
    ctx: Ctx, entry: E, name: str, now: list[DirectoryLink], named: list[dict[str, Any]], wire: str
) -> list[DirectoryLink]:
    before = {link.key: link for link in now}
    known = before.keys() | contact_access.known(ctx, name, entry.team_key, [given["key"] for given in named])
    wanted: dict[str, DirectoryLink] = {}
    for at, given in enumerate(named):
        key = given["key"]
        if key not in known or key == entry.key:
            raise Invalid(f"{wire}[{at}].key", f"must be the key of another entry in the team's {name}: {key[:100]!r}")
        link = before.get(key) or DirectoryLink(key, False, given.get("creation_timestamp") or ctx.now)
        magic = given.get("is_magic_linked")
        wanted[key] = link if magic is None else msgspec.structs.replace(link, is_magic=magic)
    if len(wanted) > max(MOST, len(before)):
        raise Invalid(wire, f"must not be more than {MOST:,} links")
    return list(wanted.values())


def save(ctx: Ctx, noun: Noun[E], entry: E, before: E | None) -> list[tuple[str, DirectoryLink]]:
    """Store the links that differ, on both sides. Returns these links, each with the list of its other side
    (`contacts` or `organizations`)."""
    differing: list[tuple[str, DirectoryLink]] = []
    for member, name in LISTED.items():
        old: list[DirectoryLink] = getattr(before, member) if before else []
        new: list[DirectoryLink] = getattr(entry, member)
        if old == new:
            continue
        was, now = {link.key: link for link in old}, {link.key: link for link in new}
        added = [link for link in new if link.key not in was]
        _delete(ctx, entry.key, [key for key in was if key not in now])
        _insert(ctx, noun, entry, name, added)
        _store_magic(ctx, entry.key, [link for link in new if link.key in was and link != was[link.key]])
        if [*now] != [*(key for key in was if key in now), *sorted(link.key for link in added)]:
            _store_order(ctx, entry.key, new)
        differing += [(name, now.get(key) or was[key]) for key in {**was, **now} if was.get(key) != now.get(key)]
    return differing


def _delete(ctx: Ctx, key: str, others: list[str]) -> None:
    if not others:
        return
    among = ctx.db.dialect.among
    keys = ctx.db.texts(others)
    ctx.db.run(f"DELETE FROM entry_links WHERE key = :key AND {among('other_key', 'keys')}", key=key, keys=keys)
    ctx.db.run(f"DELETE FROM entry_links WHERE other_key = :key AND {among('key', 'keys')}", key=key, keys=keys)


def _insert(ctx: Ctx, noun: Noun[E], entry: Entry, name: str, links: list[DirectoryLink]) -> None:
    rows = []
    for link in links:
        row = {"magic": link.is_magic, "position": _LAST, "at": link.created_at}
        rows.append({**row, "key": entry.key, "other": link.key, "noun": name})
        rows.append({**row, "key": link.key, "other": entry.key, "noun": noun.name})
    ctx.db.many(
        """
        INSERT INTO entry_links (key, other_key, other_noun, is_magic, position, created_at)
        VALUES (:key, :other, :noun, :magic, :position, :at)
        """,
        rows,
    )


def _store_order(ctx: Ctx, key: str, links: list[DirectoryLink]) -> None:
    """Store the order of these links. Links that are added from the other sides come after them."""
    rows = [{"key": key, "other": link.key, "position": at} for at, link in enumerate(links)]
    ctx.db.many("UPDATE entry_links SET position = :position WHERE key = :key AND other_key = :other", rows)


def _store_magic(ctx: Ctx, key: str, links: list[DirectoryLink]) -> None:
    sql = "UPDATE entry_links SET is_magic = :magic WHERE key = :key AND other_key = :other"
    ctx.db.many(sql, [{"key": key, "other": link.key, "magic": link.is_magic} for link in links])
    ctx.db.many(sql, [{"key": link.key, "other": key, "magic": link.is_magic} for link in links])


def with_domain_links(ctx: Ctx, noun: Noun[E], entry: E, before: E | None) -> E:
    """The entry with the magic links that its domains create: with those of new domains, and without those of domains
    that it does not have any longer."""
    name = "organizations" if noun.name == "contacts" else "contacts"
    member = "org_links" if noun.name == "contacts" else "contact_links"
    old = before.normalized_domains if before else []
    links: list[DirectoryLink] = getattr(entry, member)
    if removed := [domain for domain in old if domain not in entry.normalized_domains]:
        links = _still_shared(ctx, entry, name, links, removed)
    if added := [domain for domain in entry.normalized_domains if domain not in old]:
        known = {link.key for link in links}
        found = [key for key in _with_domains(ctx, entry, name, added, MOST) if key not in known]
        found = _with_room(ctx, found)[: max(0, MOST - len(links))]
        links = [*links, *(DirectoryLink(key, True, ctx.now) for key in found)]
    return msgspec.structs.replace(entry, **{member: links})


def _with_room(ctx: Ctx, keys: list[str]) -> list[str]:
    """Those of these entries that do not have the maximum number of links."""
    if not keys:
        return keys
    rows = ctx.db.rows(
        f"""
        SELECT key FROM entry_links WHERE {ctx.db.dialect.among("key", "keys")}
        GROUP BY key HAVING COUNT(*) >= :most
        """,
        keys=ctx.db.texts(keys),
        most=MOST,
    )
    full = {row[0] for row in rows}
    return [key for key in keys if key not in full]


def _still_shared(ctx: Ctx, entry: E, name: str, links: list[DirectoryLink], removed: list[str]) -> list[DirectoryLink]:
    """The links without the magic links that existed only because of a removed domain."""
    before = set(_with_domains(ctx, entry, name, removed, MOST))
    still = set(_with_domains(ctx, entry, name, entry.normalized_domains, MOST))
    return [link for link in links if not (link.is_magic and link.key in before - still)]


def _with_domains(ctx: Ctx, entry: E, name: str, domains: list[str], most: int) -> list[str]:
    return [
        row[0]
        for row in ctx.db.rows(
            f"""
            SELECT DISTINCT key FROM identifiers
            WHERE team_key = :team AND noun = :noun AND kind = 'domain' AND {ctx.db.dialect.among("value", "values")}
            ORDER BY key LIMIT :most
            """,
            team=entry.team_key,
            noun=name,
            values=ctx.db.texts(domains),
            most=most,
        )
    ]
