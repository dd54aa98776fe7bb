"""Finding boxes, contacts and organizations by what is in them, among those one reaches (spec 4.10).

Every word of the query must begin a word of what is found. First comes what is named exactly so, then whose
name begins so, then those with the words in the name, then those with them elsewhere; among equals the newest
text. Where little is found, names that are mistyped by one letter a word are found too, behind the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from ...db.engine import ANYWHERE, NEAR, TITLE, Wanted
from ...lib import search_words
from .. import access
from ..access import Role
from ..context import Ctx
from ..people import contact_access
from ..people.contact_access import E, Noun
from ..people.contacts import CONTACTS, Contact
from ..people.organizations import ORGANIZATIONS, Organization
from ..records import PermissionSet
from . import index
from .index import mark

RANKED = 300
"""So many of the matches are ranked among each other; further ones follow, the newest first."""
FEW = 3
"""With fewer matches than this, mistyped names are looked for."""
MOST_WORDS = 12
"""The longest so many words of a longer text are looked for."""
MOST_MARKS = 64
"""With more places to look in than this, the place is asked of each match, not of the index."""


class Hit(msgspec.Struct, frozen=True):
    """A box that was found."""

    key: str
    name: str
    updated_at: int
    assignee_keys: list[str]
    stage_key: str
    pipeline_key: str


class SearchResults(NamedTuple):
    boxes: list[Hit]
    contacts: list[Contact]
    organizations: list[Organization]


class Scope(NamedTuple):
    """Where to look: entries with these marks, for which the test in SQL on box `b` holds where there is one."""

    marks: Sequence[tuple[str, ...]]
    test: str
    params: dict[str, Any]


class Narrow(NamedTuple):
    """What the caller asked to look in; empty for everywhere. The first two are about boxes alone."""

    pipelines: list[str]
    stages: list[str]
    teams: list[str]


def find(ctx: Ctx, query: str, narrow: Narrow, *, limit: int, offset: int) -> SearchResults:
    """A page of each of the three."""
    asked = _asked(query)
    if not asked:
        return SearchResults([], [], [])
    name = " ".join(search_words.in_order(query))
    scopes = [_boxes(ctx, narrow), _entries(ctx, CONTACTS, narrow.teams), _entries(ctx, ORGANIZATIONS, narrow.teams)]
    found = [_ranked(ctx, scope, asked, name, limit + offset) for scope in scopes]
    if sum(map(len, found)) < FEW and "@" not in query:
        found = [_and_mistyped(ctx, scope, asked, keys) for scope, keys in zip(scopes, found, strict=True)]
    boxes, contacts, organizations = (keys[offset : offset + limit] for keys in found)
    return SearchResults(
        _hits(ctx, boxes), _loaded(ctx, CONTACTS, contacts), _loaded(ctx, ORGANIZATIONS, organizations)
    )


def named(ctx: Ctx, name: str, narrow: Narrow, *, limit: int, offset: int) -> list[Hit]:
    """The boxes of exactly this name."""
    scope = _boxes(ctx, narrow)
    test = f"b.name = :name AND {scope.test}" if scope.test else "b.name = :name"
    marks = [(*one, index.title_mark(" ".join(search_words.in_order(name)))) for one in scope.marks]
    scope = Scope(marks, test, {**scope.params, "name": name})
    keys = [key for _, key, _ in _newest(ctx, scope, [], ANYWHERE, limit + offset)]
    return _hits(ctx, keys[offset:])


def _asked(query: str) -> list[str]:
    """The words to look for: those that begin another one add nothing."""
    found = sorted(search_words.of(query), key=len, reverse=True)
    needed = [word for at, word in enumerate(found) if not any(one.startswith(word) for one in found[:at])]
    return needed[:MOST_WORDS]


# Where one may look.


def _boxes(ctx: Ctx, narrow: Narrow) -> Scope:
    alike: dict[str, tuple[Role, list[str]]] = {}
    for key, team_key, permission_sets, role_name in ctx.db.rows(
        f"SELECT p.key, p.team_key, p.permission_sets, {access.ROLE} FROM pipelines p WHERE {access.ROLE} IS NOT NULL",
        **ctx.who,
    ):
        if (not narrow.pipelines or key in narrow.pipelines) and (not narrow.teams or team_key in narrow.teams):
            role = access.role(role_name, _sets(permission_sets))
            alike.setdefault(repr(role.checks("BOX", "GET")), (role, []))[1].append(key)
    return _scope(ctx, list(alike.values()), narrow.stages)


_sets = msgspec.json.Decoder(dict[str, PermissionSet]).decode


def _scope(ctx: Ctx, alike: list[tuple[Role, list[str]]], stages: list[str]) -> Scope:
    """Marks for the index, and a test for what they cannot say; `alike` are pipelines seen by the same grants."""
    within = [(role, key) for role, keys in alike for key in keys]
    mine = mark(ctx.actor.key)
    marks = [(mark(key), mine) if _only_assigned(role) else (mark(key),) for role, key in within]
    tests: list[str] = []
    params: dict[str, Any] = {}
    if len(within) > MOST_MARKS or any(not role.sees_all_boxes() for role, _ in alike):
        marks = marks if len(within) <= MOST_MARKS else [(index.BOX,)]
        places = []
        for at, (role, keys) in enumerate(alike):
            test, given = access.visible(ctx.db.dialect, role, ctx.actor.key, f"seen_{at}")
            places.append(f"({ctx.db.dialect.among('b.pipeline_key', f'within_{at}')} AND {test})")
            params |= {**given, f"within_{at}": ctx.db.texts(keys)}
        tests.append(f"({' OR '.join(places)})" if places else "(1 = 0)")
    if stages:
        tests.append(ctx.db.dialect.among("b.stage_key", "stages"))
        params["stages"] = ctx.db.texts(stages)
    return Scope(marks, " AND ".join(tests), params)


def _only_assigned(role: Role) -> bool:
    return all(grant.conditional_check == "ASSIGNED_TO" for grant in role.checks("BOX", "GET"))


def _entries(ctx: Ctx, noun: Noun[Any], teams: list[str]) -> Scope:
    """The teams whose list one sees, whole or as far as one made it."""
    marks: list[tuple[str, ...]] = []
    for team, see in contact_access.seen(ctx, noun.name):
        if (not teams or team in teams) and see != contact_access.NONE:
            mine = (mark(ctx.actor.key),) if see == contact_access.OWN else ()
            marks.append((mark(noun.one + team), *mine))
    return Scope(marks, "", {})


# What is found there.


def _ranked(ctx: Ctx, scope: Scope, asked: list[str], name: str, most: int) -> list[str]:
    """The keys of the matches, the best first."""
    wanted = [[one] for one in asked]
    most = max(most, RANKED)
    found = _newest(ctx, scope, wanted, ANYWHERE, most)
    if len(found) == most:
        same = Scope([(*one, index.title_mark(name)) for one in scope.marks], scope.test, scope.params)
        better = _newest(ctx, same, [], ANYWHERE, most) + _newest(ctx, scope, wanted, TITLE, most)
        found = list(dict.fromkeys(better + found))[:most]
    ranked = sorted(found[:RANKED], key=lambda one: (_rank(asked, name, one[2]), -one[0]))
    return [key for _, key, _ in ranked + found[RANKED:]]


def _rank(asked: list[str], name: str, title: str) -> int:
    if title.startswith(name):
        return 0 if title == name else 1
    in_title = title.split()
    return 2 if all(any(word.startswith(one) for word in in_title) for one in asked) else 3


def _and_mistyped(ctx: Ctx, scope: Scope, asked: list[str], found: list[str]) -> list[str]:
    """And behind them those whose names are one slip a word away."""
    wanted = [
        # Long words may be typed in part; of a short one the slips begin too much.
        [one if len(word) >= 6 else f"{one} " for one in slips] if len(slips := search_words.slips(word)) > 1 else slips
        for word in asked
    ]
    if all(len(one) == 1 for one in wanted):
        return found
    near = [
        (exact, key)
        for _, key, title in _newest(ctx, scope, wanted, NEAR, RANKED)
        if (exact := _alike(asked, title.split())) is not None
    ]
    near.sort(key=lambda one: -one[0])
    return list(dict.fromkeys([*found, *(key for _, key in near)]))


def _alike(asked: list[str], title: list[str]) -> int | None:
    """How many words are there as they were asked, None where one is not even nearly there."""
    if not all(any(search_words.alike(one, word) for word in title) for one in asked):
        return None
    return sum(any(word.startswith(one) for word in title) for one in asked)


def _newest(ctx: Ctx, scope: Scope, wanted: list[list[str]], where: str, most: int) -> list[tuple[int, str, str]]:
    """Number, key and title of the matching entries, the newest first."""
    if not scope.marks:
        return []
    fulltext = ctx.db.dialect.fulltext
    asked = Wanted(wanted, scope.marks, where)
    sql = fulltext.matching("e.number, e.key, e.title", asked, test=scope.test)
    return ctx.db.rows_replanned(sql, **fulltext.asked(asked), **scope.params, limit=most)


def _hits(ctx: Ctx, keys: list[str]) -> list[Hit]:
    """The boxes of these entries, in this order."""
    rows = ctx.db.rows(
        f"""
        SELECT key, name, updated_at, assignee_keys, stage_key, pipeline_key FROM boxes
        WHERE {ctx.db.dialect.among("key", "keys")}
        """,
        keys=ctx.db.texts(keys),
    )
    found = {row[0]: Hit(row[0], row[1], row[2], msgspec.json.decode(row[3]), row[4], row[5]) for row in rows}
    return [found[key] for key in keys if key in found]


def _loaded(ctx: Ctx, noun: Noun[E], keys: list[str]) -> list[E]:
    """The entries, without their links. Their marks said that the actor reaches them."""
    sql = f"SELECT {noun.table.columns} FROM {noun.name} WHERE {ctx.db.dialect.among('key', 'keys')}"
    found = {row[0]: row for row in ctx.db.rows(sql, keys=ctx.db.texts(keys))} if keys else {}
    loaded = {key: noun.table.load(row) for key, row in found.items()}
    return [loaded[key] for key in keys if key in loaded]
