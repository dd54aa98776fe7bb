"""Contacts and organizations of an import. Those that the team has already are not created again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ....errors import Problem
from ...contacts import entries as ours
from ...contacts import links as contact_links
from ...context import Ctx
from ...people import contact_access, old_keys
from ...people.contact_access import DirectoryLink, Noun
from ...trash import existing_keys
from . import imports
from .imports import CHANGED, CONFLICT, NEW, REFUSED, Report, StreakImport, Thing
from .pipelines import acting_as
from .reading import Json, Names, entry, links

JOINED = "joined"
"""The outcome of an entry whose e-mail address or domain the team knew before: its key leads to the entry here."""


def take(
    ctx: Ctx,
    job: StreakImport,
    noun: Noun[Any],
    given: Sequence[Json],
    names: Names,
    known_fields: Mapping[str, str],
    report: Report,
) -> None:
    """Create and update a page of entries."""
    wanted = []
    for each in given:
        try:
            wanted.append(entry(each, noun, names, known_fields))
        except Problem as problem:
            report.note(noun.name, str(each.get("key")), "", str(problem))
            report.count(noun.name, REFUSED)
    keys = [each.key for each in wanted]
    things, present_entries = imports.known(ctx, keys), here(ctx, noun, keys)
    joined = old_keys.resolve(ctx.db, keys)
    kept = []
    for each in wanted:
        thing = things.get(each.key)
        if each.key in joined:
            names.things[each.key] = joined[each.key]
            report.count(noun.name, JOINED)
            continue
        if thing is None and each.key not in present_entries and (twin := _twin(ctx, noun, each)):
            old_keys.add(ctx.db, each.key, twin)
            names.things[each.key] = twin
            report.count(noun.name, JOINED)
            continue
        there, present = compared(noun, each), present_entries.get(each.key)
        verdict = imports.judge(thing, there, compared(noun, present) if present else None)
        name = noun.title(each)
        acting = acting_as(ctx, each.saved_by, each.created_at)
        if verdict == NEW:
            noun.table.insert(ctx.db, each)
            ours.store_identifiers(ctx, noun, each)
            ours.record_event(acting, noun, "created", each)
        elif verdict == CHANGED and present is not None:
            changed = {member: getattr(each, member) for member in _MEMBERS if hasattr(each, member)}
            after = msgspec.structs.replace(present, **changed, normalized_domains=each.normalized_domains)
            ours.save(acting_as(ctx, each.saved_by, each.updated_at), noun, present, after)
        elif verdict == CONFLICT:
            report.note(noun.name, each.key, name, conflict(present is None))
        elif verdict == REFUSED:
            report.note(noun.name, each.key, name, "its key is in use here")
        report.count(noun.name, verdict)
        if verdict in (NEW, CHANGED):
            digest = imports.digest(there)
            kept.append(Thing(each.key, job.key, noun.name, each.key, digest, digest))
    imports.keep(ctx, kept)


def conflict(deleted: bool) -> str:
    """The words for a thing that changed on both sides."""
    if deleted:
        return "it was changed at the source and deleted here: it stays deleted"
    return "it was changed at the source and here: this stays as it is"


def _twin(ctx: Ctx, noun: Noun[Any], each: Any) -> str | None:
    """The key of an entry that the team has already, with one of these e-mail addresses (of an organization: domains).
    Entries that an import brought are not the same, although they may share an address."""
    wanted = [value for kind, value in noun.identify(each) if kind == noun.matched_by]
    if not wanted:
        return None
    rows = ctx.db.rows(
        f"""
        SELECT i.key FROM identifiers i LEFT JOIN streak_things s ON s.source_key = i.key
        WHERE i.team_key = :team AND i.noun = :noun AND i.kind = :kind AND s.source_key IS NULL
            AND {ctx.db.dialect.among("i.value", "values")} ORDER BY i.key LIMIT 1
        """,
        team=each.team_key,
        noun=noun.name,
        kind=noun.matched_by,
        values=ctx.db.texts(wanted),
    )
    return rows[0][0] if rows else None


_MEMBERS = (
    "given_name family_name title other photo_url name industry employee_count logo_url twitter_handle facebook_handle "
    "linkedin_handle instagram_handle email_addresses phone_numbers addresses domains fields"
).split()


def compared(noun: Noun[Any], each: Any) -> dict[str, Any]:
    """The members by which an entry at the source and here are compared."""
    return {member: getattr(each, member) for member in _MEMBERS if hasattr(each, member)}


def here(ctx: Ctx, noun: Noun[Any], keys: Sequence[str]) -> dict[str, Any]:
    """The entries with these keys, with their links. Checks no permission."""
    rows = ctx.db.rows(
        f"SELECT {noun.table.columns} FROM {noun.name} WHERE {ctx.db.dialect.among('key', 'keys')}",
        keys=ctx.db.texts(keys),
    )
    found = contact_access.with_links(ctx, noun.table.load_all(rows))
    return {each.key: each for each in found}


def link(ctx: Ctx, noun: Noun[Any], given: Sequence[Json], names: Names, report: Report) -> None:
    """Add the links of a page of entries, after all entries are here. Links are only added, never removed."""
    for each in given:
        key = names.thing(str(each.get("key")))
        wanted = {"contact_links": links(each, "contactLinks", names), "org_links": links(each, "orgLinks", names)}
        before = here(ctx, noun, [key]).get(key) if any(wanted.values()) else None
        after = before
        for member, name in contact_links.LISTED.items():
            has = {link.key for link in getattr(before, member, ())} | {key}
            known = _known(ctx, name, [other for other, _, _ in wanted[member] if other not in has])
            added = [DirectoryLink(*link) for link in wanted[member] if link[0] in known]
            if after is not None and added:
                after = msgspec.structs.replace(after, **{member: [*getattr(after, member), *added]})
                report.count("links", NEW, len(added))
        if before is not None and after != before:
            contact_links.save(ctx, noun, after, before)


def _known(ctx: Ctx, name: str, keys: Sequence[str]) -> set[str]:
    return existing_keys(ctx.db, name, keys) if keys else set()
