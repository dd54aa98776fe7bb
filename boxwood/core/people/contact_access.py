"""A team's directory: what its contacts and its organizations have in common.

They belong to the team and are reached by its members alone, as the team's two lists of permissions
say (`contactOrgListPermissions`); a pipeline's guests do not reach them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from ...db.records import Table
from ...errors import Forbidden, Invalid, NotFound
from ..context import Ctx
from ..records import TEAMS, Team, permissions

ALL, OWN, NONE = "all", "own", "none"


class DirectoryLink(msgspec.Struct, frozen=True):
    """A link to a contact or an organization; a magic one was made by itself, for a domain in common."""

    key: str
    is_magic: bool
    created_at: int


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    contact_links: list[DirectoryLink] = []
    org_links: list[DirectoryLink] = []


class Entry(Linked, frozen=True):
    """What a contact and an organization both are."""

    key: str
    team_key: str
    other: str | None
    """Notes."""
    phone_numbers: list[str]
    addresses: list[str]
    domains: list[str]
    normalized_domains: list[str]
    """Those by which contacts and organizations find each other."""
    twitter_handle: str | None
    facebook_handle: str | None
    linkedin_handle: str | None
    instagram_handle: str | None
    fields: dict[str, str]
    """Values of the team's own fields; unset ones are absent."""
    creator_key: str
    saved_by: str
    created_at: int
    updated_at: int
    """When the entry itself was last changed."""
    saved_at: int
    """The same, and when a link to it was made or ended from the other side."""


E = TypeVar("E", bound=Entry)


class Noun(msgspec.Struct, Generic[E], frozen=True):
    """Contacts or organizations: their table, and where the two differ."""

    name: str
    one: str
    letter: str
    """The first of their keys."""
    table: Table[E]
    blank: Callable[[Ctx, str], E]
    title: Callable[[E], str]
    """What an entry is called in a sentence; empty where it has nothing to be known by."""
    needs: str
    """The member that is missing where the title is."""
    identify: Callable[[E], Iterable[tuple[str, str]]]
    """What an entry is found by, as kind and value."""
    matched_by: str
    """The kind by which an entry is the same one as another."""
    match_needs: str
    """The member that holds it."""
    lists: tuple[str, ...]
    """The members that are lists of texts."""


class Rights(msgspec.Struct, frozen=True):
    """What a member of the team may do with one of its lists: with all, with one's own (made by oneself), or none."""

    see: str
    change: str
    create: bool
    administer: bool = False


# Nobody is assigned to a contact: what a set grants for "assigned" ones holds for those one made.
_RIGHTS = {
    permissions.ADMIN: Rights(ALL, ALL, True, True),
    permissions.EDITOR: Rights(ALL, ALL, True),
    permissions.CREATOR: Rights(ALL, OWN, True),
    permissions.ASSIGNEE: Rights(OWN, OWN, False),
    permissions.VIEWER: Rights(ALL, NONE, False),
    permissions.OBSERVER: Rights(OWN, NONE, False),
    permissions.NO_ACCESS: Rights(NONE, NONE, False),
}
# The actor's membership `m` in team `t`, as far as it reaches the directory; takes `ctx.who`.
MEMBER = """
    JOIN team_members m ON m.team_key = t.key AND m.user_key = :actor AND m.role IN ('Member', 'Owner')
        AND (:within = '' OR t.key = :within)
"""


def rights(ctx: Ctx, name: str, team: Team, role: str) -> Rights:
    """By the actor's own entry, else the list's default, else an editor's. An owner may do everything."""
    return rights_of(ctx.actor.key, name, team, role)


def rights_of(user_key: str, name: str, team: Team, role: str) -> Rights:
    """The same of another member than the one who acts."""
    if role == "Owner":
        return _RIGHTS[permissions.ADMIN]
    listed = getattr(team.settings, f"{name}_access")
    own = {entry.get("userKey"): entry.get("permissionSetName") for entry in listed.entries}
    return _RIGHTS[own.get(user_key) or listed.default_permission_set or permissions.EDITOR]


def enter(ctx: Ctx, name: str, team_key: str) -> tuple[Team, Rights]:
    """The team and what the actor may do with this list of it."""
    row = ctx.db.row(
        f"SELECT {TEAMS.of('t')}, m.role FROM teams t {MEMBER} WHERE t.key = :team", team=team_key, **ctx.who
    )
    if row is None:
        raise NotFound(team_key)
    team = TEAMS.load(row)
    return team, rights(ctx, name, team, row[-1])


def seen(ctx: Ctx, name: str) -> list[tuple[str, str]]:
    """The keys of the actor's teams, and which entries of this list he sees in each: all, his own or none."""
    rows = ctx.db.rows(f"SELECT {TEAMS.of('t')}, m.role FROM teams t {MEMBER}", **ctx.who)
    found = [(TEAMS.load(row), row[-1]) for row in rows]
    return [(team.key, rights(ctx, name, team, role).see) for team, role in found]


def reach(ctx: Ctx, noun: Noun[E], key: str, *, change: bool = False) -> tuple[E, Team, Rights]:
    """The entry (without its links), its team and the actor's rights; with `change`, to change it, alone."""
    lock = f"{ctx.db.for_update} OF e" if change and ctx.db.for_update else ""
    row = ctx.db.row(
        f"""
        SELECT {noun.table.of("e")}, {TEAMS.of("t")}, m.role
        FROM {noun.name} e JOIN teams t ON t.key = e.team_key {MEMBER} WHERE e.key = :key{lock}
        """,
        key=key,
        **ctx.who,
    )
    if row is None:
        raise NotFound(key)
    entry, team = noun.table.load(row), TEAMS.load(row[len(noun.table.names) :])
    allowed = rights(ctx, noun.name, team, row[-1])
    if not _holds(ctx, allowed.see, entry):
        raise NotFound(key)
    if change and not _holds(ctx, allowed.change, entry):
        raise Forbidden(f"Your role in this team may not change this {noun.one}")
    return entry, team, allowed


def _holds(ctx: Ctx, which: str, entry: Entry) -> bool:
    return which == ALL or (which == OWN and entry.creator_key == ctx.actor.key)


def get(ctx: Ctx, noun: Noun[E], key: str) -> E:
    return with_links(ctx, [reach(ctx, noun, key)[0]])[0]


def by_keys(ctx: Ctx, noun: Noun[E], keys: list[str]) -> list[E]:
    """Those with these keys that the actor reaches, in this order."""
    rows = ctx.db.rows(
        f"""
        SELECT {noun.table.of("e")}, {TEAMS.of("t")}, m.role
        FROM {noun.name} e JOIN teams t ON t.key = e.team_key {MEMBER}
        WHERE {ctx.db.dialect.among("e.key", "keys")}
        """,
        keys=ctx.db.texts(keys),
        **ctx.who,
    )
    found = {}
    for row in rows:
        entry, team = noun.table.load(row), TEAMS.load(row[len(noun.table.names) :])
        if _holds(ctx, rights(ctx, noun.name, team, row[-1]).see, entry):
            found[entry.key] = entry
    return with_links(ctx, [found[key] for key in dict.fromkeys(keys) if key in found])


def known(ctx: Ctx, name: str, team_key: str, keys: list[str]) -> set[str]:
    """Of these keys those of the team's contacts (organizations) that the actor may name: none for a guest.

    In a change they stay until the commit, so that nothing names one that is being deleted.
    """
    if not keys:
        return set()
    try:
        team, allowed = enter(ctx, name, team_key)
    except NotFound:
        return set()
    rows = ctx.db.rows(
        f"""
        SELECT key, creator_key FROM {name} WHERE team_key = :team AND {ctx.db.dialect.among("key", "keys")}
        ORDER BY key{ctx.db.for_update}
        """,
        team=team.key,
        keys=ctx.db.texts(keys),
    )
    return {key for key, creator in rows if allowed.see == ALL or (allowed.see == OWN and creator == ctx.actor.key)}


def page(ctx: Ctx, noun: Noun[E], team_key: str, *, after_key: str, saved_since: int, limit: int) -> list[E]:
    """The team's entries in the order of their keys, beginning behind `after_key`."""
    team, allowed = enter(ctx, noun.name, team_key)
    if allowed.see == NONE:
        raise Forbidden(f"Your role in this team may not see its {noun.name}")
    mine = "AND creator_key = :actor" if allowed.see == OWN else ""
    rows = ctx.db.rows(
        f"""
        SELECT {noun.table.columns} FROM {noun.name}
        WHERE team_key = :team AND key > :after_key AND saved_at >= :saved_since {mine} ORDER BY key LIMIT :limit
        """,
        team=team.key,
        after_key=after_key,
        saved_since=saved_since,
        limit=limit,
        **({"actor": ctx.actor.key} if mine else {}),
    )
    return with_links(ctx, noun.table.load_all(rows))


def with_links(ctx: Ctx, entries: list[E]) -> list[E]:
    """The entries with what they are linked to, in the order the links were given."""
    links: dict[tuple[str, str], list[DirectoryLink]] = {}
    for key, noun, other_key, is_magic, created_at in ctx.db.rows(
        f"""
        SELECT key, other_noun, other_key, is_magic, created_at FROM entry_links
        WHERE {ctx.db.dialect.among("key", "keys")} ORDER BY key, position, created_at, other_key
        """,
        keys=ctx.db.texts(entry.key for entry in entries),
    ):
        links.setdefault((key, noun), []).append(DirectoryLink(other_key, bool(is_magic), created_at))
    return [
        msgspec.structs.replace(
            entry,
            contact_links=links.get((entry.key, "contacts"), []),
            org_links=links.get((entry.key, "organizations"), []),
        )
        for entry in entries
    ]


def texts(given: Iterable[Any], member: str, longest: int = 1000) -> list[str]:
    """Trimmed, each once, empty ones left out (ruling 20)."""
    found = [one.strip() for one in given if one and one.strip()]
    if len(found) > MOST_TEXTS:
        raise Invalid(member, f"takes at most {MOST_TEXTS} entries")
    for one in found:
        if len(one) > longest:
            raise Invalid(member, f"{one[:50]!r} is longer than {longest} characters")
    return list(dict.fromkeys(found))


MOST_TEXTS = 200


def by_name(text: str | None) -> list[tuple[str, str]]:
    """What identifies a name: in lower case, with single spaces, cut to what an index takes."""
    plain = " ".join((text or "").casefold().split())[:200]
    return [("name", plain)] if plain else []


def by_phone(numbers: list[str]) -> list[tuple[str, str]]:
    """What identifies telephone numbers: their digits, where there are enough for a line."""
    digits = ["".join(one for one in number if one.isdecimal()).lstrip("0")[:40] for number in numbers]
    return [("phone", one) for one in digits if len(one) >= 6]
