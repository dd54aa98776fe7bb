"""Search: find boxes, contacts and organizations by their words, among those that the actor reaches (spec 4.10).

A thing matches if each word of the query is the beginning of one of its words. Things with exactly this name come
first, then names that begin with the query, then things with all words in the name, then all others; within each group
the newest text comes first. If there are few matches, things whose name differs by one letter a word follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from ...db.engine import ANYWHERE, NEAR, TITLE, Wanted
from ...lib import addresses, phones, search_words
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
"""How many matches are ranked; the others follow, the newest first."""
FEW = 3
"""With fewer matches than this, mistyped names are searched too."""
MOST_WORDS = 12
"""How many words of a query are searched: the longest ones."""
MOST_MARKS = 64
"""If the actor reaches more pipelines than this, the index is searched whole, and each match's pipeline is checked."""


class Hit(msgspec.Struct, frozen=True):
    """A box that was found."""

    key: str
    name: str
    updated_at: int
    assignee_keys: list[str]
    stage_key: str
    pipeline_key: str


class SearchResults(NamedTuple):
    """A page of each kind of thing that search finds."""

    boxes: list[Hit]
    contacts: list[Contact]
    organizations: list[Organization]


class Scope(NamedTuple):
    """Which entries a search looks through."""

    marks: Sequence[tuple[str, ...]]
    """An entry must have all marks of one of these tuples."""
    test: str
    """An SQL condition on box `b` that must also hold; empty for none."""
    params: dict[str, Any]
    """The parameters of `test`."""
    joins: tuple[str, ...] = ()
    """The tables that `test` reads, each with its condition."""


class Narrow(NamedTuple):
    """Keys that limit a search; an empty list does not limit it. Pipelines and stages limit the boxes only."""

    pipelines: list[str]
    stages: list[str]
    teams: list[str]


def find(ctx: Ctx, query: str, narrow: Narrow, *, limit: int, offset: int) -> SearchResults:
    """Return a page of the boxes, a page of the contacts and a page of the organizations that match the query."""
    query, words = query_words(query)
    if not words:
        return SearchResults([], [], [])
    scopes = [
        box_scope(ctx, narrow),
        list_scope(ctx, CONTACTS, narrow.teams),
        list_scope(ctx, ORGANIZATIONS, narrow.teams),
    ]
    found = [ranked(ctx, scope, query, words, limit + offset) for scope in scopes]
    found[0] = list(dict.fromkeys([*found[0], *_boxes_by_mail(ctx, scopes[0], narrow, words, limit + offset)]))
    if sum(map(len, found)) < FEW and "@" not in query:
        found = [with_mistyped(ctx, scope, words, keys) for scope, keys in zip(scopes, found, strict=True)]
    boxes, contacts, organizations = (keys[offset : offset + limit] for keys in found)
    return SearchResults(_hits(ctx, boxes), loaded(ctx, CONTACTS, contacts), loaded(ctx, ORGANIZATIONS, organizations))


def find_by_name(ctx: Ctx, name: str, narrow: Narrow, *, limit: int, offset: int) -> list[Hit]:
    """Return a page of the boxes with exactly this name."""
    scope = box_scope(ctx, narrow)
    test = f"b.name = :name AND {scope.test}" if scope.test else "b.name = :name"
    marks = [(*required, index.title_mark(" ".join(search_words.in_order(name)))) for required in scope.marks]
    scope = Scope(marks, test, {**scope.params, "name": name}, ON_BOX)
    keys = [key for _, key, _ in newest(ctx, scope, [], ANYWHERE, limit + offset)]
    return _hits(ctx, keys[offset:])


def query_words(query: str) -> tuple[str, list[str]]:
    """Return the query as it is searched, and its words. A word that begins a longer word of the query is left out."""
    query = addresses.with_letters(query)
    found = sorted(search_words.distinct(query), key=len, reverse=True)
    needed = [word for at, word in enumerate(found) if not any(longer.startswith(word) for longer in found[:at])]
    return query, needed[:MOST_WORDS]


# Which entries the actor may see


ON_BOX = ("boxes b ON b.key = e.key",)
Reached = list[tuple[Role, list[str]]]
"""The pipelines that the actor reaches, by what the actor may see in them."""


def box_scope(ctx: Ctx, narrow: Narrow) -> Scope:
    reached = reached_pipelines(ctx, narrow)
    pipelines = [(role, key) for role, keys in reached for key in keys]
    actor_mark = mark(ctx.actor.key)
    marks = [(mark(key), actor_mark) if _only_assigned(role) else (mark(key),) for role, key in pipelines]
    by_marks = len(pipelines) <= MOST_MARKS
    unseen = [] if by_marks and all(role.sees_all_boxes() for role, _ in reached) else reached
    if not unseen and not narrow.stages:
        return Scope(marks, "", {})
    return Scope(marks if by_marks else [(index.BOX,)], *visible_boxes(ctx, unseen, narrow.stages), ON_BOX)


def reached_pipelines(ctx: Ctx, narrow: Narrow) -> Reached:
    """Return the pipelines that the actor reaches and that the search is limited to."""
    pipelines_by_grants: dict[str, tuple[Role, list[str]]] = {}
    if not ctx.sees("boxes"):
        return []
    for key, team_key, permission_sets, role_name in ctx.db.rows(
        f"SELECT p.key, p.team_key, p.permission_sets, {access.ROLE} FROM pipelines p WHERE {access.ROLE} IS NOT NULL",
        **ctx.who,
    ):
        if (not narrow.pipelines or key in narrow.pipelines) and (not narrow.teams or team_key in narrow.teams):
            role = access.role(role_name, _sets(permission_sets))
            pipelines_by_grants.setdefault(repr(role.checks("BOX", "GET")), (role, []))[1].append(key)
    return list(pipelines_by_grants.values())


_sets = msgspec.json.Decoder(dict[str, PermissionSet]).decode


def visible_boxes(ctx: Ctx, reached: Reached, stages: list[str]) -> tuple[str, dict[str, Any]]:
    """Return an SQL condition on box `b`: it is in these pipelines (if any are given), the actor sees it, and it is in
    one of these stages (if any are given). Also return the parameters of the condition."""
    tests: list[str] = []
    params: dict[str, Any] = {}
    visible = []
    for at, (role, keys) in enumerate(reached):
        test, given = access.visible(ctx.db.dialect, role, ctx.actor.key, f"seen_{at}")
        visible.append(f"({ctx.db.dialect.among('b.pipeline_key', f'within_{at}')} AND {test})")
        params |= {**given, f"within_{at}": ctx.db.texts(keys)}
    if visible:
        tests.append(f"({' OR '.join(visible)})")
    if stages:
        tests.append(ctx.db.dialect.among("b.stage_key", "stages"))
        params["stages"] = ctx.db.texts(stages)
    return " AND ".join(tests) or "1 = 1", params


def _only_assigned(role: Role) -> bool:
    return all(grant.conditional_check == "ASSIGNED_TO" for grant in role.checks("BOX", "GET"))


def list_scope(ctx: Ctx, noun: Noun[Any], teams: list[str]) -> Scope:
    """Return the scope of contacts or organizations: in each team all of them, or those that the actor created."""
    marks: list[tuple[str, ...]] = []
    for team, see in contact_access.visible_teams(ctx, noun.name):
        if (not teams or team in teams) and see != contact_access.NONE:
            creator_mark = (mark(ctx.actor.key),) if see == contact_access.OWN else ()
            marks.append((mark(noun.singular + team), *creator_mark))
    return Scope(marks, "", {})


def _boxes_by_mail(ctx: Ctx, boxes: Scope, narrow: Narrow, words: list[str], most: int) -> list[str]:
    """Return the keys of the boxes with mail that matches, the newest mail first.

    The index finds open mail by its pipeline and restricted mail by its owner. Whether the actor sees the box, and all
    of the mail, is asked for each match.
    """
    marks = [
        (index.part_mark(index.MESSAGE, key),)
        for key, team in _reached_pipelines(ctx)
        if not narrow.teams or team in narrow.teams
    ]
    marks = [(index.MESSAGE,)] if len(marks) > MOST_MARKS else marks
    if ctx.mail_owner:
        marks.append((index.owner_mark(ctx.mail_owner),))
    matches = newest(ctx, Scope(marks, "", {}), [[word] for word in words], ANYWHERE, MOST_MAIL)
    if not matches or not boxes.marks or not ctx.sees("mail"):
        return []
    pipelines = narrow.pipelines and f"AND {ctx.db.dialect.among('b.pipeline_key', 'pipelines')}"
    stages = narrow.stages and f"AND {ctx.db.dialect.among('b.stage_key', 'stages')}"
    rows = ctx.db.rows(
        f"""
        SELECT m.key, b.key FROM messages m JOIN boxes b ON b.key = m.box_key
        WHERE {ctx.db.dialect.among("m.key", "messages")} AND {access.sees_mail("m.thread_key")}
            {pipelines or ""} {stages or ""}
        """,
        messages=ctx.db.texts(key for _, key, _ in matches),
        mail_owner=ctx.mail_owner,
        **({"pipelines": ctx.db.texts(narrow.pipelines)} if pipelines else {}),
        **({"stages": ctx.db.texts(narrow.stages)} if stages else {}),
    )
    box_of: dict[str, str] = dict(rows)
    found = list(dict.fromkeys(box_of[key] for _, key, _ in matches if key in box_of))
    seen = _seen_among(ctx, found)
    return [key for key in found if key in seen][:most]


MOST_MAIL = 2000
"""Matching messages of which the boxes are looked up, the newest first."""


def _reached_pipelines(ctx: Ctx) -> list[tuple[str, str]]:
    rows = ctx.db.rows(f"SELECT p.key, p.team_key FROM pipelines p WHERE {access.ROLE} IS NOT NULL", **ctx.who)
    return [(key, team) for key, team in rows]


def _seen_among(ctx: Ctx, keys: list[str]) -> set[str]:
    """Return which of these boxes the actor may see."""
    by_pipeline: dict[str, tuple[Role, list[str]]] = {}
    for box_key, pipeline_key, permission_sets, role_name in ctx.db.rows(
        f"""
        SELECT b.key, p.key, p.permission_sets, {access.ROLE} FROM boxes b JOIN pipelines p ON p.key = b.pipeline_key
        WHERE {ctx.db.dialect.among("b.key", "keys")} AND {access.ROLE} IS NOT NULL
        """,
        keys=ctx.db.texts(keys),
        **ctx.who,
    ):
        role = access.role(role_name, _sets(permission_sets))
        by_pipeline.setdefault(pipeline_key, (role, []))[1].append(box_key)
    found: set[str] = set()
    for role, inside in by_pipeline.values():
        test, params = access.visible(ctx.db.dialect, role, ctx.actor.key)
        among = ctx.db.dialect.among("b.key", "keys")
        sql = f"SELECT b.key FROM boxes b WHERE {among} AND {test}"
        found |= {row[0] for row in ctx.db.rows(sql, keys=ctx.db.texts(inside), **params)}
    return found


# Matching and ranking


def ranked(ctx: Ctx, scope: Scope, query: str, words: list[str], most: int) -> list[str]:
    """Return the keys of the matches, the best first. A telephone number matches however it is written."""
    found = _ranked(ctx, scope, words, " ".join(search_words.in_order(query)), most)
    number = phones.form(query) if phones.words(query) else ""
    return list(dict.fromkeys(found + _ranked(ctx, scope, [number], number, most))) if number else found


def _ranked(ctx: Ctx, scope: Scope, words: list[str], name: str, most: int) -> list[str]:
    wanted = [[word] for word in words]
    most = max(most, RANKED)
    found = newest(ctx, scope, wanted, ANYWHERE, most)
    if len(found) == most:
        same_name = scope._replace(marks=[(*required, index.title_mark(name)) for required in scope.marks])
        better = newest(ctx, same_name, [], ANYWHERE, most) + newest(ctx, scope, wanted, TITLE, most)
        found = list(dict.fromkeys(better + found))[:most]
    ranked = sorted(found[:RANKED], key=lambda match: (_rank(words, name, match[2]), -match[0]))
    return [key for _, key, _ in ranked + found[RANKED:]]


def _rank(words: list[str], name: str, title: str) -> int:
    if title.startswith(name):
        return 0 if title == name else 1
    in_title = title.split()
    return 2 if all(any(other.startswith(word) for other in in_title) for word in words) else 3


def with_mistyped(ctx: Ctx, scope: Scope, words: list[str], found: list[str]) -> list[str]:
    """Return the keys that were found, then those of things whose name differs by one letter a word."""
    wanted = [
        # A long word may be the beginning of a word. A short word must be whole, or its misspellings match too much.
        [slip if len(word) >= 6 else f"{slip} " for slip in slips]
        if len(slips := search_words.slips(word)) > 1
        else slips
        for word in words
    ]
    if all(len(spellings) == 1 for spellings in wanted):
        return found
    near = [
        (exact, key)
        for _, key, title in newest(ctx, scope, wanted, NEAR, RANKED)
        if (exact := _count_exact(words, title.split())) is not None
    ]
    near.sort(key=lambda match: -match[0])
    return list(dict.fromkeys([*found, *(key for _, key in near)]))


def _count_exact(words: list[str], title: list[str]) -> int | None:
    """Return how many of the words are in the title as typed; None if a word has nothing similar in the title."""
    if not all(any(search_words.alike(word, other) for other in title) for word in words):
        return None
    return sum(any(other.startswith(word) for other in title) for word in words)


def newest(ctx: Ctx, scope: Scope, wanted: list[list[str]], where: str, most: int) -> list[tuple[int, str, str]]:
    """Return number, key and title of the matching entries, the newest first. Each list of `wanted` holds the
    spellings of one word."""
    if not scope.marks:
        return []
    fulltext = ctx.db.dialect.fulltext
    asked = Wanted(wanted, scope.marks, where)
    sql = fulltext.matching("e.number, e.key, e.title", asked, joins=scope.joins, test=scope.test)
    return ctx.db.rows_replanned(sql, **fulltext.asked(asked), **scope.params, limit=most)


def _hits(ctx: Ctx, keys: list[str]) -> list[Hit]:
    """Return the boxes with these keys, in this order."""
    rows = ctx.db.rows(
        f"""
        SELECT key, name, updated_at, assignee_keys, stage_key, pipeline_key FROM boxes
        WHERE {ctx.db.dialect.among("key", "keys")}
        """,
        keys=ctx.db.texts(keys),
    )
    found = {row[0]: Hit(row[0], row[1], row[2], msgspec.json.decode(row[3]), row[4], row[5]) for row in rows}
    return [found[key] for key in keys if key in found]


def loaded(ctx: Ctx, noun: Noun[E], keys: list[str]) -> list[E]:
    """Return the contacts or organizations, without their links. Their marks showed that the actor reaches them."""
    sql = f"SELECT {noun.table.columns} FROM {noun.name} WHERE {ctx.db.dialect.among('key', 'keys')}"
    found = {row[0]: row for row in ctx.db.rows(sql, keys=ctx.db.texts(keys))} if keys else {}
    loaded = {key: noun.table.load(row) for key, row in found.items()}
    return [loaded[key] for key in keys if key in loaded]
