"""Contacts and organizations: what both have in common, and who may see and change them.

They belong to a team. Only the team's members reach them, as far as the team's two lists of permissions say
(`contactOrgListPermissions`). Guests of a pipeline do not reach them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from ...db.records import Table
from ...errors import Forbidden, Invalid, NotFound
from ...lib import phones, search_words
from ..context import Ctx
from ..records import TEAMS, Team, permissions

ALL, OWN, NONE = "all", "own", "none"


class DirectoryLink(msgspec.Struct, frozen=True):
    """A link to a contact or an organization. A magic link was created by Boxwood, because both share a domain."""

    key: str
    is_magic: bool
    created_at: int


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """The links of a contact or an organization to others."""

    contact_links: list[DirectoryLink] = []
    org_links: list[DirectoryLink] = []


class Entry(Linked, frozen=True):
    """The members that contacts and organizations share."""

    key: str
    team_key: str
    other: str | None
    """Notes."""
    phone_numbers: list[str]
    addresses: list[str]
    domains: list[str]
    normalized_domains: list[str]
    """The domains by which contacts and organizations are linked to each other."""
    twitter_handle: str | None
    facebook_handle: str | None
    linkedin_handle: str | None
    instagram_handle: str | None
    fields: dict[str, str]
    """Values of the team's custom fields by field key. Fields without a value are absent."""
    creator_key: str
    saved_by: str
    created_at: int
    updated_at: int
    """When the entry itself was last changed."""
    saved_at: int
    """When the entry was last changed, or a link to it was added or removed from the other side."""


E = TypeVar("E", bound=Entry)


class Noun(msgspec.Struct, Generic[E], frozen=True):
    """Contacts or organizations: their table, and everything in which the two differ."""

    name: str
    """`contacts` or `organizations`, which is also the table's name."""
    singular: str
    """`contact` or `organization`."""
    letter: str
    """The first letter of their keys."""
    table: Table[E]
    blank: Callable[[Ctx, str], E]
    """Returns a new entry of a team, with nothing in it."""
    title: Callable[[E], str]
    """Returns what an entry is called in a sentence; empty if it has nothing to be called by."""
    needs: str
    """The member of the API that is missing if the title is empty."""
    identify: Callable[[E], Iterable[tuple[str, str]]]
    """Returns what an entry can be found by, as kind and value."""
    matched_by: str
    """The kind by which two entries are recognized as the same."""
    match_needs: str
    """The member of the API that holds the values of this kind."""
    lists: tuple[str, ...]
    """The members that are lists of texts."""


class Rights(msgspec.Struct, frozen=True):
    """What a member of the team may do with its contacts or its organizations.

    ALL is all of them, OWN those that the member created.
    """

    see: str
    change: str
    create: bool
    administer: bool = False


# Contacts have no assignees: where a permission set grants something for "assigned" things, it is granted for the
# things that the member created.
_RIGHTS = {
    permissions.ADMIN: Rights(ALL, ALL, True, True),
    permissions.EDITOR: Rights(ALL, ALL, True),
    permissions.CREATOR: Rights(ALL, OWN, True),
    permissions.ASSIGNEE: Rights(OWN, OWN, False),
    permissions.VIEWER: Rights(ALL, NONE, False),
    permissions.OBSERVER: Rights(OWN, NONE, False),
    permissions.NO_ACCESS: Rights(NONE, NONE, False),
}
# SQL: joins the actor's membership `m` to team `t`, if it reaches contacts and organizations. Takes `ctx.who`.
MEMBER = """
    JOIN team_members m ON m.team_key = t.key AND m.user_key = :actor AND m.role IN ('Member', 'Owner')
        AND (:within = '' OR t.key = :within)
"""


def rights(ctx: Ctx, name: str, team: Team, role: str) -> Rights:
    """Return the actor's rights in the team's list `name` (contacts or organizations)."""
    found = rights_of_user(ctx.actor.key, name, team, role)
    if ctx.scopes is None or ctx.writes(name):
        return found
    return Rights(found.see if ctx.sees(name) else NONE, NONE, False)


def rights_of_user(user_key: str, name: str, team: Team, role: str) -> Rights:
    """Return the rights of a team member in the team's list `name`; `role` is the member's role in the team.

    An owner may do everything. Other members have the permission set of their own entry, else the list's default, else
    an editor's.
    """
    if role == "Owner":
        return _RIGHTS[permissions.ADMIN]
    list_access = getattr(team.settings, f"{name}_access")
    own = {entry.get("userKey"): entry.get("permissionSetName") for entry in list_access.entries}
    return _RIGHTS[own.get(user_key) or list_access.default_permission_set or permissions.EDITOR]


def reach_team(ctx: Ctx, name: str, team_key: str) -> tuple[Team, Rights]:
    """Return the team and the actor's rights in its list `name`. Raise `NotFound` if the actor is no member."""
    row = ctx.db.row(
        f"SELECT {TEAMS.of('t')}, m.role FROM teams t {MEMBER} WHERE t.key = :team", team=team_key, **ctx.who
    )
    if row is None:
        raise NotFound(team_key)
    team = TEAMS.load(row)
    return team, rights(ctx, name, team, row[-1])


def visible_teams(ctx: Ctx, name: str) -> list[tuple[str, str]]:
    """Return the keys of the actor's teams, and which entries of the list the actor sees in each: ALL, OWN or NONE."""
    rows = ctx.db.rows(f"SELECT {TEAMS.of('t')}, m.role FROM teams t {MEMBER}", **ctx.who)
    found = [(TEAMS.load(row), row[-1]) for row in rows]
    return [(team.key, rights(ctx, name, team, role).see) for team, role in found]


def reach(ctx: Ctx, noun: Noun[E], key: str, *, change: bool = False) -> tuple[E, Team, Rights]:
    """Return the entry without its links, its team and the actor's rights.

    With `change` the actor must be allowed to change the entry, and it is locked until the commit.
    """
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
        raise Forbidden(f"Your role in this team may not change this {noun.singular}")
    return entry, team, allowed


def _holds(ctx: Ctx, which: str, entry: Entry) -> bool:
    return which == ALL or (which == OWN and entry.creator_key == ctx.actor.key)


def get(ctx: Ctx, noun: Noun[E], key: str) -> E:
    """Return the entry with its links. Raise `NotFound` if the actor may not see it."""
    return with_links(ctx, [reach(ctx, noun, key)[0]])[0]


def by_keys(ctx: Ctx, noun: Noun[E], keys: list[str]) -> list[E]:
    """Return the entries with these keys that the actor may see, in this order."""
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
    """Return which of these keys are contacts (or organizations) of the team that the actor may see.

    A guest may see none. In a write they are locked until the commit, so that nothing refers to an entry that another
    transaction deletes.
    """
    if not keys:
        return set()
    try:
        team, allowed = reach_team(ctx, name, team_key)
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
    """Return a page of the team's entries in the order of their keys, beginning after `after_key`."""
    team, allowed = reach_team(ctx, noun.name, team_key)
    if allowed.see == NONE:
        raise Forbidden(f"Your role in this team may not see its {noun.name}")
    only_own = "AND creator_key = :actor" if allowed.see == OWN else ""
    rows = ctx.db.rows(
        f"""
        SELECT {noun.table.columns} FROM {noun.name}
        WHERE team_key = :team AND key > :after_key AND saved_at >= :saved_since {only_own} ORDER BY key LIMIT :limit
        """,
        team=team.key,
        after_key=after_key,
        saved_since=saved_since,
        limit=limit,
        **({"actor": ctx.actor.key} if only_own else {}),
    )
    return with_links(ctx, noun.table.load_all(rows))


def with_links(ctx: Ctx, entries: list[E]) -> list[E]:
    """Return the entries with their links, in the order in which the links were added."""
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


def clean_texts(given: Iterable[Any], member: str, longest: int = 1000) -> list[str]:
    """Return the texts trimmed, without empty texts and duplicates (ruling 20).

    Raise `Invalid` for `member` if there are too many texts, or a text has more than `longest` characters.
    """
    found = [text.strip() for text in given if text and text.strip()]
    if len(found) > MOST_TEXTS:
        raise Invalid(member, f"must have at most {MOST_TEXTS} entries")
    for text in found:
        if len(text) > longest:
            raise Invalid(member, f"{text[:50]!r} is longer than {longest} characters")
    return list(dict.fromkeys(found))


MOST_TEXTS = 200


def name_identities(text: str | None) -> list[tuple[str, str]]:
    """Return what a name is found by: in lower case, without accents, with single spaces, cut to the length of an
    index. `Zoë`, in either of its two forms in Unicode, and `Zoe` are alike."""
    plain = " ".join(search_words.plain(text or "").split())[:200]
    return [("name", plain)] if plain else []


def phone_identities(numbers: list[str]) -> list[tuple[str, str]]:
    """Return what telephone numbers are found by: the digits without the country. Short numbers are left out."""
    return [("phone", found) for number in numbers if (found := phones.form(number))]
