"""Duplicates in a team's directory: finding them, making one of several, and taking that back."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Conflict, Forbidden, Invalid
from ...lib import ids
from ..context import Ctx
from ..people import contact_access
from ..people.contact_access import DirectoryLink, E, Noun
from ..records import Team
from . import custom_fields, entries, references
from . import links as contact_links
from .references import Undo

MOST = 100
SHOWN = 50
"""Of the entries that have one thing in common."""
_REASONS = {"contacts": ["email", "name", "phone"], "organizations": ["domain", "name", "phone"]}


class Merge(msgspec.Struct, frozen=True):
    key: str
    team_key: str
    noun: str
    survivor_key: str
    actor_key: str
    undo: Trace
    merged_at: int
    undone_at: int | None


class Trace(msgspec.Struct, frozen=True):
    """What it takes to undo a merge: the survivor before and after, and those that are gone, as they were."""

    before: msgspec.Raw
    after: msgspec.Raw
    gone: list[msgspec.Raw]
    named: list[Undo]
    """Where each of those gone was named, in the same order."""


class DuplicateGroup(msgspec.Struct, frozen=True):
    """Entries that may be one and the same, for what they have in common."""

    reason: str
    value: str
    keys: list[str]


MERGES = Table("merges", Merge)


def duplicates(ctx: Ctx, noun: Noun[E], team_key: str, *, behind: tuple[str, str], limit: int) -> list[DuplicateGroup]:
    """What more than one entry has, in order, beginning behind this kind and value."""
    team, rights = contact_access.enter(ctx, noun.name, team_key)
    if rights.see != contact_access.ALL:
        raise Forbidden(f"Your role in this team may not see all of its {noun.name}")
    among, params = ctx.db.dialect.among, {"team": team.key, "noun": noun.name}
    kinds = ctx.db.texts(_REASONS[noun.name])
    shared = ctx.db.rows(
        f"""
        SELECT kind, value FROM identifiers
        WHERE team_key = :team AND noun = :noun AND {among("kind", "kinds")} AND (kind, value) > (:kind, :value)
        GROUP BY kind, value HAVING COUNT(*) > 1 ORDER BY kind, value LIMIT :limit
        """,
        **params,
        kinds=kinds,
        kind=behind[0],
        value=behind[1],
        limit=limit,
    )
    groups: dict[tuple[str, str], list[str]] = {(kind, value): [] for kind, value in shared}
    for kind, value, key in ctx.db.rows(
        f"""
        SELECT kind, value, key FROM (
            SELECT kind, value, key, ROW_NUMBER() OVER (PARTITION BY kind, value ORDER BY key) AS place
            FROM identifiers
            WHERE team_key = :team AND noun = :noun AND {among("kind", "kinds")} AND {among("value", "values")}
        ) AS found WHERE place <= :shown ORDER BY kind, value, key
        """,
        **params,
        kinds=kinds,
        values=ctx.db.texts({value for _, value in shared}),
        shown=SHOWN,
    ):
        if (kind, value) in groups:
            groups[kind, value].append(key)
    return [DuplicateGroup(kind, value, keys) for (kind, value), keys in groups.items()]


def merge(ctx: Ctx, noun: Noun[E], key: str, others: list[str], choices: dict[str, str]) -> E:
    """Make one of them: `key` survives, and is named wherever the others were.

    Each member is the survivor's, or where that has none the first other's that has; lists are joined.
    `choices` says by member (`fields.1001` for a field) from whom it is taken instead.
    """
    keys = [one for one in dict.fromkeys(others) if one != key]
    if not 1 <= len(keys) <= MOST:
        raise Invalid("keys", f"names the {noun.name} to merge into this one, {MOST} at most")
    entries.alone(ctx, noun, key)
    found, team = _reach_all(ctx, noun, [key, *keys])
    before, gone = found[0], found[1:]
    after = _combined(noun, before, gone, choices)
    named = [references.replace(ctx, noun, team, one.key, key) for one in gone]
    for one in gone:
        entries.remove(ctx, noun, one, merged_into=key)
    before = contact_access.with_links(ctx, [before])[0]
    after = contact_links.by_domain(ctx, noun, after, before)
    merge_key = ids.new("m", ctx.now)
    what = ", ".join(noun.title(one) for one in gone)
    after = entries.save(ctx, noun, before, after, verb="merged", what=what, merge_key=merge_key)
    raw = [msgspec.Raw(msgspec.json.encode(one)) for one in (found[0], after, *gone)]
    trace = Trace(raw[0], raw[1], raw[2:], named)
    MERGES.insert(ctx.db, Merge(merge_key, team.key, noun.name, key, ctx.actor.key, trace, ctx.now, None))
    return after


def _reach_all(ctx: Ctx, noun: Noun[E], keys: list[str]) -> tuple[list[E], Team]:
    """All of them, alone and with their links, in this order; they must be one team's."""
    reached = {key: contact_access.reach(ctx, noun, key, change=True) for key in sorted(keys)}
    team = reached[keys[0]][1]
    for key in keys:
        if reached[key][1].key != team.key:
            raise Invalid("keys", f"{key} belongs to another team")
    return contact_access.with_links(ctx, [reached[key][0] for key in keys]), team


def _combined(noun: Noun[E], survivor: E, others: list[E], choices: dict[str, str]) -> E:
    everyone = [survivor, *others]
    by_key = {one.key: one for one in everyone}
    for member, key in choices.items():
        if key not in by_key:
            raise Invalid(f"choices.{member}", f"{key[:100]!r} is none of those that are merged")
    values: dict[str, Any] = {}
    for member in entries.texts_of(noun):
        chosen = [by_key[choices[member]]] if member in choices else everyone
        values[member] = next((value for one in chosen if (value := getattr(one, member))), None)
    for member in noun.lists:
        chosen = [by_key[choices[member]]] if member in choices else everyone
        values[member] = list(dict.fromkeys(value for one in chosen for value in getattr(one, member)))
    fields = {field for one in everyone for field in one.fields}
    values["fields"] = {}
    for field in sorted(fields):
        chosen = [by_key[choices[f"fields.{field}"]]] if f"fields.{field}" in choices else everyone
        if value := next((one.fields[field] for one in chosen if one.fields.get(field)), None):
            values["fields"][field] = value
    for member in contact_links.LISTED:
        links = {link.key: link for one in reversed(everyone) for link in getattr(one, member)}
        ordered = dict.fromkeys(link.key for one in everyone for link in getattr(one, member))
        values[member] = [links[key] for key in ordered if key not in by_key]
    after = msgspec.structs.replace(survivor, **values)
    return msgspec.structs.replace(after, normalized_domains=entries.domains_of(after))


def unmerge(ctx: Ctx, noun: Noun[E], key: str) -> tuple[E, list[E]]:
    """Take back the last merge into this entry; it, and those that are there again.

    What was changed since stays as it is now; all else is as it was before.
    """
    entries.alone(ctx, noun, key)
    now, team, rights = contact_access.reach(ctx, noun, key, change=True)
    if not rights.create:
        raise Forbidden(f"Your role in this team may not create {noun.name}")
    merge = last(ctx, noun, key)
    before, after, *gone = (
        msgspec.json.decode(raw, type=noun.table.record)
        for raw in (merge.undo.before, merge.undo.after, *merge.undo.gone)
    )
    gone = [back(ctx, noun, team, one) for one in gone]
    now = contact_access.with_links(ctx, [now])[0]
    parted = _parted(ctx, noun, team, now, before, after)
    what = ", ".join(noun.title(one) for one in gone)
    parted = entries.save(ctx, noun, now, parted, verb="unmerged", what=what, merge_key=merge.key)
    gone = [linked_again(ctx, noun, one) for one in gone]
    for one, named in reversed([*zip(gone, merge.undo.named, strict=True)]):
        references.undo(ctx, noun, named, one.key, key)
    for one in gone:
        entries.tell(ctx, noun, "restored", one)
    ctx.db.run("UPDATE merges SET undone_at = :now WHERE key = :key", key=merge.key, now=ctx.now)
    return contact_access.with_links(ctx, [parted])[0], gone


def last(ctx: Ctx, noun: Noun[E], key: str) -> Merge:
    row = ctx.db.row(
        f"""
        SELECT {MERGES.columns} FROM merges WHERE survivor_key = :key AND undone_at IS NULL
        ORDER BY merged_at DESC, key DESC LIMIT 1
        """,
        key=key,
    )
    if row is None:
        raise Conflict(f"Nothing was merged into this {noun.one} that could be taken out again")
    return MERGES.load(row)


def back(ctx: Ctx, noun: Noun[E], team: Team, one: E) -> E:
    """The row of one that was gone, less the values of fields that the team no longer has."""
    known = {field.key for field in custom_fields.of(team, noun.name)}
    fields = {field: value for field, value in one.fields.items() if field in known}
    one = msgspec.structs.replace(one, fields=fields, saved_at=ctx.now, saved_by=ctx.actor.key)
    noun.table.insert(ctx.db, one)
    entries.identify(ctx, noun, one)
    return one


def linked_again(ctx: Ctx, noun: Noun[E], one: E) -> E:
    """Linked to those of its links that are still there."""
    before = contact_access.with_links(ctx, [one])[0]
    for member, name in contact_links.LISTED.items():
        links: list[DirectoryLink] = getattr(one, member)
        there = contact_access.known(ctx, name, one.team_key, [link.key for link in links])
        now: list[DirectoryLink] = getattr(before, member)
        more = [link for link in links if link.key in there and link.key not in {each.key for each in now}]
        one = msgspec.structs.replace(one, **{member: [*now, *more]})
    entries.tell_others(ctx, contact_links.save(ctx, noun, one, before))
    return one


def _parted(ctx: Ctx, noun: Noun[E], team: Team, now: E, before: E, after: E) -> E:
    """The survivor without what the merge gave it."""
    values: dict[str, Any] = {}
    for member in entries.texts_of(noun):
        unchanged = getattr(now, member) == getattr(after, member)
        values[member] = getattr(before if unchanged else now, member)
    for member in noun.lists:
        values[member] = _less(getattr(now, member), getattr(before, member), getattr(after, member))
    known = {field.key for field in custom_fields.of(team, noun.name)}
    values["fields"] = {}
    for field in sorted({**now.fields, **before.fields}):
        unchanged = now.fields.get(field) == after.fields.get(field)
        value = (before if unchanged else now).fields.get(field)
        if value and field in known:
            values["fields"][field] = value
    for member in contact_links.LISTED:
        had, got = ({link.key for link in getattr(one, member)} for one in (before, after))
        values[member] = [link for link in getattr(now, member) if link.key in had or link.key not in got]
    parted = msgspec.structs.replace(now, **values)
    parted = msgspec.structs.replace(parted, normalized_domains=entries.domains_of(parted))
    return parted if noun.title(parted) else now


def _less(now: list[str], before: list[str], after: list[str]) -> list[str]:
    if now == after:
        return before
    kept = [one for one in now if one in before or one not in after]
    return kept + [one for one in before if one not in after and one not in kept]
