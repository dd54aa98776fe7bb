"""Duplicate contacts and organizations: finding them, merging them, and undoing a merge."""

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
"""Entries that are listed in a group of duplicates."""
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
    """What is stored to undo a merge: the survivor before and after the merge, and the merged entries before it."""

    before: msgspec.Raw
    after: msgspec.Raw
    gone: list[msgspec.Raw]
    named: list[Undo]
    """Where each of the merged entries was named, in the order of `gone`."""


class DuplicateGroup(msgspec.Struct, frozen=True):
    """Entries that may be duplicates, because they have the same value of this kind."""

    reason: str
    value: str
    keys: list[str]


MERGES = Table("merges", Merge)


def duplicates(ctx: Ctx, noun: Noun[E], team_key: str, *, behind: tuple[str, str], limit: int) -> list[DuplicateGroup]:
    """Groups of possible duplicates, ordered by kind and value, after this kind and value."""
    team, rights = contact_access.reach_team(ctx, noun.name, team_key)
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
    """Merge the entries `others` into the entry `key`, which replaces them wherever they are named.

    Each member is that of the surviving entry, or if it is empty there, of the first other entry that has it. Lists are
    joined. `choices` names by member (`fields.1001` for a field) the entry from which the member is taken instead.
    """
    keys = [other for other in dict.fromkeys(others) if other != key]
    if not 1 <= len(keys) <= MOST:
        raise Invalid("keys", f"must be 1 to {MOST} keys of {noun.name} to merge into this {noun.singular}")
    entries.lock_team(ctx, noun, key)
    found, team = _reach_all(ctx, noun, [key, *keys])
    before, merged = found[0], found[1:]
    after = _combined(noun, before, merged, choices)
    named = [references.replace(ctx, noun, team, entry.key, key) for entry in merged]
    for entry in merged:
        entries.remove(ctx, noun, entry, merged_into=key)
    before = contact_access.with_links(ctx, [before])[0]
    after = contact_links.with_domain_links(ctx, noun, after, before)
    merge_key = ids.new("m", ctx.now)
    what = ", ".join(noun.title(entry) for entry in merged)
    after = entries.save(ctx, noun, before, after, verb="merged", what=what, merge_key=merge_key)
    raw = [msgspec.Raw(msgspec.json.encode(entry)) for entry in (found[0], after, *merged)]
    trace = Trace(raw[0], raw[1], raw[2:], named)
    MERGES.insert(ctx.db, Merge(merge_key, team.key, noun.name, key, ctx.actor.key, trace, ctx.now, None))
    return after


def _reach_all(ctx: Ctx, noun: Noun[E], keys: list[str]) -> tuple[list[E], Team]:
    """These entries with their links, in this order and locked, and their team. They must belong to the same team."""
    reached = {key: contact_access.reach(ctx, noun, key, change=True) for key in sorted(keys)}
    team = reached[keys[0]][1]
    for key in keys:
        if reached[key][1].key != team.key:
            raise Invalid("keys", f"must belong to the same team: {key} does not")
    return contact_access.with_links(ctx, [reached[key][0] for key in keys]), team


def _combined(noun: Noun[E], survivor: E, others: list[E], choices: dict[str, str]) -> E:
    all_entries = [survivor, *others]
    by_key = {entry.key: entry for entry in all_entries}
    for member, key in choices.items():
        if key not in by_key:
            raise Invalid(f"choices.{member}", f"must be the key of an entry that is merged: {key[:100]!r}")
    values: dict[str, Any] = {}
    for member in entries.text_members(noun):
        chosen = [by_key[choices[member]]] if member in choices else all_entries
        values[member] = next((value for entry in chosen if (value := getattr(entry, member))), None)
    for member in noun.lists:
        chosen = [by_key[choices[member]]] if member in choices else all_entries
        values[member] = list(dict.fromkeys(value for entry in chosen for value in getattr(entry, member)))
    fields = {field for entry in all_entries for field in entry.fields}
    values["fields"] = {}
    for field in sorted(fields):
        chosen = [by_key[choices[f"fields.{field}"]]] if f"fields.{field}" in choices else all_entries
        if value := next((entry.fields[field] for entry in chosen if entry.fields.get(field)), None):
            values["fields"][field] = value
    for member in contact_links.LISTED:
        links = {link.key: link for entry in reversed(all_entries) for link in getattr(entry, member)}
        ordered = dict.fromkeys(link.key for entry in all_entries for link in getattr(entry, member))
        values[member] = [links[key] for key in ordered if key not in by_key]
    after = msgspec.structs.replace(survivor, **values)
    return msgspec.structs.replace(after, normalized_domains=entries.normalized_domains(after))


def unmerge(ctx: Ctx, noun: Noun[E], key: str) -> tuple[E, list[E]]:
    """Undo the last merge into this entry. Returns the entry, and the entries that were merged into it.

    Values that were changed since the merge stay as they are now. All other values are as they were before the merge.
    """
    entries.lock_team(ctx, noun, key)
    now, team, rights = contact_access.reach(ctx, noun, key, change=True)
    if not rights.create:
        raise Forbidden(f"Your role in this team may not create {noun.name}")
    merge = latest(ctx, noun, key)
    before, after, *restored = (
        msgspec.json.decode(raw, type=noun.table.record)
        for raw in (merge.undo.before, merge.undo.after, *merge.undo.gone)
    )
    restored = [restore_row(ctx, noun, team, entry) for entry in restored]
    now = contact_access.with_links(ctx, [now])[0]
    unmerged = _without_merged(ctx, noun, team, now, before, after)
    what = ", ".join(noun.title(entry) for entry in restored)
    unmerged = entries.save(ctx, noun, now, unmerged, verb="unmerged", what=what, merge_key=merge.key)
    restored = [restore_links(ctx, noun, entry) for entry in restored]
    for entry, named in reversed([*zip(restored, merge.undo.named, strict=True)]):
        references.undo(ctx, noun, named, entry.key, key)
    for entry in restored:
        entries.record_event(ctx, noun, "restored", entry)
    ctx.db.run("UPDATE merges SET undone_at = :now WHERE key = :key", key=merge.key, now=ctx.now)
    return contact_access.with_links(ctx, [unmerged])[0], restored


def latest(ctx: Ctx, noun: Noun[E], key: str) -> Merge:
    """The last merge into this entry that was not undone. Raises Conflict if there is none."""
    row = ctx.db.row(
        f"""
        SELECT {MERGES.columns} FROM merges WHERE survivor_key = :key AND undone_at IS NULL
        ORDER BY merged_at DESC, key DESC LIMIT 1
        """,
        key=key,
    )
    if row is None:
        raise Conflict(f"No other {noun.singular} was merged into this one, or the merges were all undone")
    return MERGES.load(row)


def restore_row(ctx: Ctx, noun: Noun[E], team: Team, entry: E) -> E:
    """Insert a deleted entry again, without the values of fields that the team does not have any longer."""
    known = {field.key for field in custom_fields.fields_of(team, noun.name)}
    fields = {field: value for field, value in entry.fields.items() if field in known}
    entry = msgspec.structs.replace(entry, fields=fields, saved_at=ctx.now, saved_by=ctx.actor.key)
    noun.table.insert(ctx.db, entry)
    entries.store_identifiers(ctx, noun, entry)
    return entry


def restore_links(ctx: Ctx, noun: Noun[E], entry: E) -> E:
    """Restore those of the entry's links whose other side still exists."""
    before = contact_access.with_links(ctx, [entry])[0]
    for member, name in contact_links.LISTED.items():
        links: list[DirectoryLink] = getattr(entry, member)
        existing = contact_access.known(ctx, name, entry.team_key, [link.key for link in links])
        now: list[DirectoryLink] = getattr(before, member)
        more = [link for link in links if link.key in existing and link.key not in {each.key for each in now}]
        entry = msgspec.structs.replace(entry, **{member: [*now, *more]})
    entries.record_linked(ctx, contact_links.save(ctx, noun, entry, before))
    return entry


def _without_merged(ctx: Ctx, noun: Noun[E], team: Team, now: E, before: E, after: E) -> E:
    """The surviving entry without the values that the merge gave it."""
    values: dict[str, Any] = {}
    for member in entries.text_members(noun):
        unchanged = getattr(now, member) == getattr(after, member)
        values[member] = getattr(before if unchanged else now, member)
    for member in noun.lists:
        values[member] = _list_without(getattr(now, member), getattr(before, member), getattr(after, member))
    known = {field.key for field in custom_fields.fields_of(team, noun.name)}
    values["fields"] = {}
    for field in sorted({**now.fields, **before.fields}):
        unchanged = now.fields.get(field) == after.fields.get(field)
        value = (before if unchanged else now).fields.get(field)
        if value and field in known:
            values["fields"][field] = value
    for member in contact_links.LISTED:
        had, got = ({link.key for link in getattr(entry, member)} for entry in (before, after))
        values[member] = [link for link in getattr(now, member) if link.key in had or link.key not in got]
    unmerged = msgspec.structs.replace(now, **values)
    unmerged = msgspec.structs.replace(unmerged, normalized_domains=entries.normalized_domains(unmerged))
    return unmerged if noun.title(unmerged) else now


def _list_without(now: list[str], before: list[str], after: list[str]) -> list[str]:
    """A list without the items that the merge added, and with those that it removed."""
    if now == after:
        return before
    remaining = [item for item in now if item in before or item not in after]
    return remaining + [item for item in before if item not in after and item not in remaining]
