"""What is in the boxes of an import: tasks, comments, meetings, files and conversations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from ....db.records import Table
from ....errors import Problem
from ....lib.blobs import Stored
from ... import boxes, stored_files
from ...context import Ctx
from ...records import Box, Pipeline
from ...trash import existing_keys
from .. import comments, files, meetings, tasks, threads
from ..comments import COMMENTS, REACTIONS
from ..files import FILES, File
from ..meetings import MEETINGS
from ..tasks import TASKS
from ..threads import THREADS
from . import imports, reading
from .entries import conflict
from .imports import CHANGED, CONFLICT, NEW, REFUSED, Report, StreakImport, Thing
from .pipelines import acting_as
from .reading import Json, Names


class Content(msgspec.Struct):
    """What the source has in a box."""

    tasks: list[Json] = []
    comments: list[Json] = []
    meetings: list[Json] = []
    threads: list[Json] = []
    files: list[Json] = []
    bytes: dict[str, Stored] = {}
    """The stored bytes of its files, by the key of the file."""


class Kind(NamedTuple):
    """How the things of a noun are compared, written and recorded."""

    noun: str
    table: Table[Any]
    compared: tuple[str, ...]
    author: str
    """The member that names the user who created it."""
    created: str
    """The kind of the event; empty for none."""


KINDS = {
    "threads": Kind(
        "threads", THREADS, ("subject", "names", "email_addresses", "email_count"), "creator_key", "thread"
    ),
    "meetings": Kind(
        "meetings", MEETINGS, ("type", "start_at", "duration_ms", "notes", "is_draft"), "creator_key", "meeting"
    ),
    "tasks": Kind(
        "tasks",
        TASKS,
        ("text", "due_at", "status", "assignee_keys", "is_draft", "meeting_key", "contact_key"),
        "creator_key",
        "task",
    ),
    "comments": Kind("comments", COMMENTS, ("message", "mentions", "parent_key"), "creator_key", "comment"),
    "files": Kind("files", FILES, ("name", "mime_type", "drive_id", "thread_key"), "owner_key", "file"),
}
"""In an order in which each refers only to those before it."""


def missing_files(ctx: Ctx, given: Sequence[Json]) -> list[Json]:
    """Those of the files whose bytes are not here yet."""
    there = {str(each.get("key")): each for each in given if isinstance(each.get("key"), str)}
    known = imports.known(ctx, there.keys())
    return [each for key, each in there.items() if key not in known and each.get("fileType") in (None, "GMAIL_API")]


def take(
    ctx: Ctx, job: StreakImport, source: Json, inside: str, content: Content, names: Names, report: Report
) -> None:
    """Create and update what is in a box, and keep that it came. Does nothing if the box was deleted here meanwhile."""
    found = boxes.lock(ctx, str(source["key"]))
    if found is None:
        return
    box, pipeline = found
    thread_keys: set[str] = set()
    for noun, kind in KINDS.items():
        wanted = _read(kind, getattr(content, noun), box, names, thread_keys, content.bytes, report)
        if noun == "threads":
            thread_keys = {each.key for each, _ in wanted}
        _settle(ctx, job, kind, wanted, box, pipeline, content, names, report)
    _count(ctx, box)
    _restore_times(ctx, box, source)
    thing = imports.known(ctx, [box.key])[box.key]
    imports.keep(ctx, [msgspec.structs.replace(thing, inside=inside)])


def _read(
    kind: Kind,
    given: Sequence[Json],
    box: Box,
    names: Names,
    thread_keys: set[str],
    stored: Mapping[str, Stored],
    report: Report,
) -> list[tuple[Any, Json]]:
    read: dict[str, Callable[[Json], Any]] = {
        "tasks": lambda each: reading.task(each, box, names),
        "comments": lambda each: reading.comment(each, box, names),
        "meetings": lambda each: reading.meeting(each, box, names),
        "threads": lambda each: reading.thread(each, box, names),
        "files": lambda each: _with_bytes(reading.file(each, box, names, thread_keys), stored),
    }
    found = []
    for each in given:
        try:
            found.append((read[kind.noun](each), each))
        except Problem as problem:
            report.note(kind.noun, str(each.get("key")), "", str(problem))
            report.count(kind.noun, REFUSED)
    return found


def _with_bytes(file: File, stored: Mapping[str, Stored]) -> File:
    if file.key not in stored:
        return file
    its = stored[file.key]
    return msgspec.structs.replace(file, blob=its.id, size=its.size, sha256=its.sha256)


def _settle(
    ctx: Ctx,
    job: StreakImport,
    kind: Kind,
    wanted: Sequence[tuple[Any, Json]],
    box: Box,
    pipeline: Pipeline,
    content: Content,
    names: Names,
    report: Report,
) -> None:
    keys = [each.key for each, _ in wanted]
    things, present = imports.known(ctx, keys), here(ctx, kind, keys)
    kept = []
    for each, source in _parents_first(wanted):
        before = present.get(each.key)
        each = _with_references(ctx, box, each)
        there = compared(kind, each)
        verdict = imports.judge(things.get(each.key), there, compared(kind, before) if before else None)
        if kind.noun == "files" and verdict == NEW and each.blob is None and each.drive_id is None:
            report.note("files", each.key, each.name, "the source does not give its bytes")
            verdict = REFUSED
        elif kind.noun == "threads" and verdict == NEW and _has_thread(ctx, box, each):
            report.note("threads", each.key, each.subject, "the box has this conversation already")
            verdict = REFUSED
        elif verdict == NEW:
            _insert(ctx, kind, each, source, box, pipeline, names)
        elif verdict == CHANGED:
            _update(ctx, kind, before, each, source, box, pipeline, names)
        elif verdict == CONFLICT:
            report.note(kind.noun, each.key, _name(each), conflict(before is None))
        elif verdict == REFUSED:
            report.note(kind.noun, each.key, _name(each), "its key is in use here")
        report.count(kind.noun, verdict)
        if verdict in (NEW, CHANGED):
            digest = imports.digest(there)
            kept.append(Thing(each.key, job.key, kind.created, each.key, digest, digest))
    imports.keep(ctx, kept)


def compared(kind: Kind, each: Any) -> dict[str, Any]:
    """The members by which a thing at the source and here are compared."""
    found: dict[str, Any] = msgspec.to_builtins({name: getattr(each, name) for name in kind.compared})
    return found


def here(ctx: Ctx, kind: Kind, keys: Sequence[str]) -> dict[str, Any]:
    """The things with these keys. Checks no permission."""
    among = ctx.db.dialect.among("key", "keys")
    rows = ctx.db.rows(f"SELECT {kind.table.columns} FROM {kind.table.name} WHERE {among}", keys=ctx.db.texts(keys))
    return {each.key: each for each in kind.table.load_all(rows)}


def _parents_first(wanted: Sequence[tuple[Any, Json]]) -> list[tuple[Any, Json]]:
    """A reply comes after the comment that it replies to."""
    left, found, done = list(wanted), [], set[str]()
    keys = {each.key for each, _ in wanted}
    while left:
        ready = [
            pair for pair in left if (parent := getattr(pair[0], "parent_key", None)) not in keys or parent in done
        ]
        for pair in ready or left:
            found.append(pair)
            done.add(pair[0].key)
        left = [pair for pair in left if pair[0].key not in done]
    return found


def _with_references(ctx: Ctx, box: Box, each: Any) -> Any:
    """The thing without references to what is not here."""
    for member, table in (("parent_key", "comments"), ("meeting_key", "meetings"), ("contact_key", "contacts")):
        key = getattr(each, member, None)
        if key and not existing_keys(ctx.db, table, [key]):
            each = msgspec.structs.replace(each, **{member: None})
    return each


def _has_thread(ctx: Ctx, box: Box, each: Any) -> bool:
    sql = "SELECT 1 FROM threads WHERE box_key = :box AND gmail_id = :id"
    return each.gmail_id is not None and ctx.db.row(sql, box=box.key, id=each.gmail_id) is not None


def _name(each: Any) -> str:
    for member in ("text", "message", "name", "subject", "notes"):
        if isinstance(value := getattr(each, member, None), str):
            return " ".join(value.split())[:100]
    return ""


def _insert(ctx: Ctx, kind: Kind, each: Any, source: Json, box: Box, pipeline: Pipeline, names: Names) -> None:
    acting = acting_as(ctx, getattr(each, kind.author), each.created_at)
    match kind.noun:
        case "tasks":
            each = tasks.insert(ctx, tasks.timed(ctx, each))
            tasks.store_assignees(ctx, each)
            tasks.record_event(acting, "task.drafted" if each.is_draft else "task.created", each, box, pipeline)
        case "comments":
            event_id = comments.record_event(acting, "comment.created", each, box, pipeline)
            COMMENTS.insert(ctx.db, msgspec.structs.replace(each, event_id=event_id))
            for reaction in reading.reactions(source, each, names):
                REACTIONS.insert(ctx.db, reaction)
        case "meetings":
            MEETINGS.insert(ctx.db, each)
            meetings.record_event(
                acting, "meeting.drafted" if each.is_draft else "meeting.created", each, box, pipeline
            )
        case "files":
            if each.blob is not None:
                stored_files.claim(ctx.db, each.blob, ctx.now)
            FILES.insert(ctx.db, each)
            files.record_event(acting, "file.added", each, box, pipeline)
        case "threads":
            THREADS.insert(ctx.db, each)
            threads.record_event(acting, "thread.added", each, [], box, pipeline)


def _update(
    ctx: Ctx, kind: Kind, before: Any, each: Any, source: Json, box: Box, pipeline: Pipeline, names: Names
) -> None:
    changed = [name for name in kind.compared if getattr(before, name) != getattr(each, name)]
    at = each.updated_at if kind.noun == "threads" else each.saved_at
    acting = acting_as(ctx, getattr(each, kind.author), at)
    after = msgspec.structs.replace(before, **{name: getattr(each, name) for name in changed})
    if kind.noun == "threads":
        after = msgspec.structs.replace(after, last_email_at=each.last_email_at, updated_at=at)
        THREADS.update(ctx.db, after, *changed, "last_email_at", "updated_at")
        return
    after = msgspec.structs.replace(after, saved_at=at)
    old = {name: getattr(before, name) for name in changed}
    match kind.noun:
        case "tasks":
            after = msgspec.structs.replace(
                after, reminder_status=each.reminder_status, status_changed_at=each.status_changed_at
            )
            after = tasks.timed(ctx, after)
            TASKS.update(ctx.db, after, *(name for name in TASKS.names if name not in ("number", "key")))
            tasks.store_assignees(ctx, after)
            tasks.record_edit(acting, before, after, box, pipeline)
        case "comments":
            COMMENTS.update(ctx.db, after, *changed, "saved_at")
            comments.record_event(acting, "comment.edited", after, box, pipeline, before=old)
        case "meetings":
            MEETINGS.update(ctx.db, after, *changed, "saved_at")
            meetings.record_event(acting, "meeting.edited", after, box, pipeline, before=old)
        case "files":
            FILES.update(ctx.db, after, *changed, "saved_at")


def _count(ctx: Ctx, box: Box) -> None:
    """Count what is in the box now. Each count is stored in the box, so it is read again before the next."""

    def counted(count: Callable[[Box], Any]) -> None:
        found = boxes.lock(ctx, box.key)
        if found is not None:
            count(found[0])

    counted(lambda now: comments.update_box_counts(ctx, now))
    counted(lambda now: meetings.update_box_counts(ctx, now))
    counted(lambda now: tasks.update_box_counts(ctx, now))
    counted(
        lambda now: boxes.save_activity(
            ctx, now, file_count=files.count(ctx, now), thread_count=threads.count(ctx, now)
        )
    )


def _restore_times(ctx: Ctx, box: Box, source: Json) -> None:
    """Set the time of the last change as it is at the source, unless the box was changed here."""
    at = reading.moment(source, "lastUpdatedTimestamp", default=box.updated_at)
    ctx.db.run("UPDATE boxes SET updated_at = :at WHERE key = :key", at=max(at, box.updated_at), key=box.key)
