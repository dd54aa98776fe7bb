"""Writes the records of an archive of a team, slice by slice: with the keys that things have here, and only where all
that a record names belongs to the team."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec

from ...errors import Invalid
from ...lib import signing
from ...lib.blobs import Stored
from .. import event_kinds, events, stored_files
from ..activity import tasks
from ..boxes import links as box_links
from ..contacts import entries
from ..context import Ctx
from ..events import Event
from ..people.contacts import CONTACTS
from ..people.organizations import ORGANIZATIONS
from ..records import BOXES, TEAM_ROLES, Box, TeamMember
from .team_export import KEY
from .team_imports import TeamImport, decoded, mapped, remember, replaced, taken
from .team_nouns import ArchiveNoun

OFF_REASON = "It came with an imported team: check it, type its secrets again, and switch it on"
BLOB_OF = {"files": "blob", "mails": "raw_blob", "mailFiles": "blob"}
"""The member of each noun that names stored bytes."""
_SEARCHED = {
    "boxes": "box",
    "contacts": "contact",
    "organizations": "organization",
    "messages": "message",
    "tasks": "task",
    "comments": "comment",
    "meetings": "meeting",
    "files": "file",
}


def blobs_in(noun: ArchiveNoun, lines: Sequence[bytes]) -> dict[str, Stored]:
    """The stored bytes that these records name, by their ids in the archive. Their sizes and digests are not known."""
    member = BLOB_OF.get(noun.name)
    if member is None:
        return {}
    found = (getattr(decoded(noun, line, noun.table.record), member) for line in lines)
    return {blob: Stored(blob, 0, "") for blob in found if blob}


def write(
    ctx: Ctx, job: TeamImport, noun: ArchiveNoun, lines: Sequence[bytes], stored: Mapping[str, Stored]
) -> tuple[int, int]:
    """Write a slice of records. `stored` are new bytes, by their ids in the archive. Returns how many records came, and
    how many were left out."""
    text = b"\n".join(lines)
    keys = mapped(ctx.db, job, {key.decode() for key in set(KEY.findall(text))})
    text = replaced(text, {old.encode(): new.encode() for old, new in keys.items()})
    found = [decoded(noun, line, noun.table.record) for line in text.split(b"\n")]
    found = _belonging(ctx, job, noun, found)
    if member := BLOB_OF.get(noun.name):
        found = _with_bytes(ctx, job, member, found, stored)
    _WRITE.get(noun.name, _insert)(ctx, job, noun, found)
    if kind := _SEARCHED.get(noun.name):
        ctx.db.bulk("search_chores", ("kind", "key"), [(kind, each.key) for each in found])
    return len(found), len(lines) - len(found)


# Which records belong to the team

_TESTS = {
    "pipelines": "SELECT key FROM pipelines WHERE team_key = :team AND {}",
    "boxes": "SELECT key FROM boxes WHERE pipeline_key IN (SELECT key FROM pipelines WHERE team_key = :team) AND {}",
    "mails": "SELECT key FROM mails WHERE team_key = :team AND {}",
    "contacts": "SELECT key FROM contacts WHERE team_key = :team AND {}",
    "organizations": "SELECT key FROM organizations WHERE team_key = :team AND {}",
    "automations": "SELECT key FROM automations WHERE team_key = :team AND {}",
    "entries": """
        SELECT key FROM contacts WHERE team_key = :team AND {}
        UNION ALL SELECT key FROM organizations WHERE team_key = :team AND {}
    """,
}
for _noun in ("meetings", "threads", "messages", "comments"):
    _TESTS[_noun] = f"""
        SELECT key FROM {_noun} WHERE pipeline_key IN (SELECT key FROM pipelines WHERE team_key = :team) AND {{}}
    """


def _belonging(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Any]) -> list[Any]:
    """The records whose references are all within the team; a crafted archive reaches nothing of others."""
    names = noun.table.names
    if "team_key" in names:
        found = [msgspec.structs.replace(each, team_key=job.team_key) for each in found]
    for member, other in noun.needs.items():
        there = _within(ctx, job, other, {key for each in found if (key := getattr(each, member)) is not None})
        found = [each for each in found if (key := getattr(each, member)) is None or key in there]
    for member, other in noun.may_need.items():
        wanted = {key for each in found if (key := getattr(each, member))}
        there = _within(ctx, job, other, wanted)
        if other == noun.name:
            there |= {each.key for each in found}
        found = [
            each if getattr(each, member) in there else msgspec.structs.replace(each, **{member: None})
            for each in found
        ]
    if noun.users:
        known = _known_users(ctx, job)
        found = [_with_users(ctx, noun, each, known) for each in found]
    return found


def _within(ctx: Ctx, job: TeamImport, other: str, keys: Collection[str]) -> set[str]:
    if not keys:
        return set()
    sql = _TESTS[other].replace("{}", ctx.db.dialect.among("key", "keys"))
    return {row[0] for row in ctx.db.rows(sql, team=job.team_key, keys=ctx.db.texts(keys))}


def _known_users(ctx: Ctx, job: TeamImport) -> set[str]:
    """The users of the archive, with their keys here, and the importing user."""
    rows = ctx.db.rows(
        "SELECT k.key FROM team_import_keys k JOIN users u ON u.key = k.key WHERE k.import_key = :import",
        **{"import": job.key},
    )
    return {job.creator_key, *(row[0] for row in rows)}


def _with_users(ctx: Ctx, noun: ArchiveNoun, each: Any, known: Collection[str]) -> Any:
    """The record with the importing user in place of unknown ones."""
    changes: dict[str, Any] = {}
    for member in noun.users:
        value = getattr(each, member)
        if isinstance(value, list):
            if any(key not in known for key in value):
                changes[member] = [key for key in value if key in known]
        elif value is not None and value not in known:
            changes[member] = None if noun.name == "events" else ctx.actor.key
    return msgspec.structs.replace(each, **changes) if changes else each


def _with_bytes(ctx: Ctx, job: TeamImport, member: str, found: list[Any], stored: Mapping[str, Stored]) -> list[Any]:
    """The records with the ids that their bytes have here."""
    for new in stored.values():
        stored_files.claim(ctx.db, new.id, ctx.now)
    remember(ctx.db, job, {old: new.id for old, new in stored.items()})
    keys = mapped(ctx.db, job, {blob for each in found if (blob := getattr(each, member))})
    changed = []
    for each in found:
        blob = getattr(each, member)
        if blob is not None and blob not in keys:
            raise Invalid("", f"the archive is damaged: the bytes {blob[:40]!r} are missing")
        changed.append(each if blob is None else msgspec.structs.replace(each, **{member: keys[blob]}))
    return changed


# Records that need more than their row


def _insert(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Any]) -> None:
    if found:
        table = noun.table
        ctx.db.bulk(table.name, table.written, [table.row(each)[: len(table.written)] for each in found])


def _write_members(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[TeamMember]) -> None:
    """Users who are here already become members with the role Member: an archive makes none of them an owner."""
    known = _known_users(ctx, job) - {ctx.actor.key}
    wanted = [each for each in found if each.user_key in known and each.role in TEAM_ROLES]
    invited = {row[0] for row in ctx.db.rows("SELECT key FROM users WHERE invited = TRUE")} if wanted else set()
    _insert(
        ctx,
        job,
        noun,
        [
            msgspec.structs.replace(each, invite_status="Pending")
            if each.user_key in invited
            else msgspec.structs.replace(each, invite_status="Accepted", role="Member")
            for each in wanted
        ],
    )


def _write_entries(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Any]) -> None:
    kind = CONTACTS if noun.name == "contacts" else ORGANIZATIONS
    for each in found:
        kind.table.insert(ctx.db, each)
        entries.store_identifiers(ctx, kind, each)


def _write_pipeline_members(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Any]) -> None:
    known = _known_users(ctx, job)
    _insert(ctx, job, noun, [each for each in found if each.user_key in known])


def _write_boxes(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Box]) -> None:
    found = [_without_foreign(ctx, job, box) for box in found]
    rows = [BOXES.row(box) for box in found]
    ctx.db.bulk("boxes", BOXES.written, rows)
    assignments = [(user, box.key) for box in found for user in dict.fromkeys(box.assignee_keys)]
    if assignments:
        ctx.db.bulk("assignments", ("user_key", "box_key"), assignments)
    box_links.save_new(ctx, found, rows)


def _without_foreign(ctx: Ctx, job: TeamImport, box: Box) -> Box:
    """The box without links to contacts, organizations and boxes of other teams."""
    linked = {link.key for link in (*box.contacts, *box.organizations)} | set(box.linked_box_keys)
    linked |= {key for value in box.fields.values() if isinstance(value, list) for key in value if isinstance(key, str)}
    linked = {key for key in linked if not key.isdecimal()}
    if not linked:
        return box
    among = ctx.db.dialect.among("t.key", "keys")
    rows = ctx.db.rows(
        f"""
        SELECT t.key FROM contacts t WHERE {among} AND t.team_key <> :team
        UNION ALL SELECT t.key FROM organizations t WHERE {among} AND t.team_key <> :team
        UNION ALL SELECT t.key FROM boxes t JOIN pipelines p ON p.key = t.pipeline_key
            WHERE {among} AND p.team_key <> :team
        """,
        keys=ctx.db.texts(linked),
        team=job.team_key,
    )
    foreign = {row[0] for row in rows}
    if not foreign:
        return box
    return msgspec.structs.replace(
        box,
        contacts=[link for link in box.contacts if link.key not in foreign],
        organizations=[link for link in box.organizations if link.key not in foreign],
        linked_box_keys=[key for key in box.linked_box_keys if key not in foreign],
        fields={
            name: [item for item in value if item not in foreign] if isinstance(value, list) else value
            for name, value in box.fields.items()
        },
    )


def _write_tasks(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Any]) -> None:
    for each in found:
        tasks.store_assignees(ctx, tasks.insert(ctx, each))


def _write_events(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Event]) -> None:
    """Events get new numbers: cursors and the audit chain have counted past the old ones. They belong to no change any
    longer, so an undo does not reach them."""
    found = [each for each in found if each.kind in event_kinds.EVENT_KINDS]
    pipelines = _within(ctx, job, "pipelines", {each.pipeline_key for each in found if each.pipeline_key})
    found = [each for each in found if each.pipeline_key is None or each.pipeline_key in pipelines]
    own = _within(ctx, job, "boxes", {each.box_key for each in found if each.box_key})
    others = taken(ctx.db, "boxes", [each.box_key for each in found if each.box_key]) - own
    found = [each for each in found if each.box_key not in others]
    names = events.NAMES
    rows = []
    for each in found:
        detail = {name: text for name, text in each.detail.items() if name not in ("change_id", "undoes")}
        rows.append(noun.table.params(msgspec.structs.replace(each, detail=detail), names))
    sql = f"INSERT INTO events ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)}) RETURNING id"
    numbers = [row[0] for row in ctx.db.rows_each(sql, rows)]
    kept = {
        events.key_of(each.id): events.key_of(number)
        for each, number in zip(found, numbers, strict=True)
        if each.kind == "comment.created"
    }
    remember(ctx.db, job, kept)


def _write_comments(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Any]) -> None:
    numbers = mapped(ctx.db, job, {events.key_of(each.event_id) for each in found if each.event_id is not None})
    changed = []
    for each in found:
        new = numbers.get(events.key_of(each.event_id)) if each.event_id is not None else None
        changed.append(msgspec.structs.replace(each, event_id=int(new[1:]) if new else None))
    _insert(ctx, job, noun, changed)


def _write_forms(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Any]) -> None:
    """Forms come switched off, and act for the importing user."""
    changed = [msgspec.structs.replace(each, owner_key=ctx.actor.key, enabled=False) for each in found]
    _insert(ctx, job, noun, changed)


def _write_suppressions(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Any]) -> None:
    """Letters are not in the archive, so an address does not name its letter any longer."""
    _insert(ctx, job, noun, [msgspec.structs.replace(each, letter_key=None) for each in found])


def _write_automations(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, found: list[Any]) -> None:
    """Automations come switched off, without secrets, and act for the importing user."""
    changed = [
        msgspec.structs.replace(
            each,
            scope_key=each.pipeline_key or job.team_key,
            user_key=ctx.actor.key,
            enabled=False,
            off_reason=OFF_REASON,
            secrets={},
            signing_secret=signing.new_secret(),
            previous_secret=None,
            previous_until=None,
            next_at=None,
            looked_until=ctx.now,
            failures=0,
            refusals=0,
        )
        for each in found
    ]
    _insert(ctx, job, noun, changed)


_WRITE: dict[str, Callable[[Ctx, TeamImport, ArchiveNoun, list[Any]], None]] = {
    "members": _write_members,
    "contacts": _write_entries,
    "organizations": _write_entries,
    "pipelineMembers": _write_pipeline_members,
    "boxes": _write_boxes,
    "tasks": _write_tasks,
    "events": _write_events,
    "comments": _write_comments,
    "forms": _write_forms,
    "suppressions": _write_suppressions,
    "automations": _write_automations,
}
