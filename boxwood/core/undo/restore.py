"""Out of the trash again: each thing with its key and all that hung on it, as far as what it names is still there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from ...db.engine import Row
from ...errors import Conflict, NotFound
from .. import access, boxes, events, pipelines, search, trash
from ..access import About, Role
from ..activity import comments, files, meetings, snippets, tasks, threads
from ..activity.comments import COMMENTS
from ..activity.files import FILES
from ..activity.meetings import MEETINGS
from ..activity.tasks import TASKS
from ..activity.threads import THREADS
from ..automations import automations
from ..boxes import changes
from ..contacts import entries, merge, references
from ..contacts.references import Undo
from ..context import Ctx
from ..people import contact_access
from ..people.contact_access import Noun
from ..pipelines import formulas, schema, stages, stored_values, validation_rules
from ..records import BOXES, PIPELINES, Box, Pipeline
from ..trash import TRASH, Trashed
from ..views import saved_views
from ..webhooks import inbound_endpoints, subscriptions

PARTS = ("task", "comment", "meeting", "file", "thread")
LOOKED_AT = 1000
Held = dict[str, Any]


class TrashPage(NamedTuple):
    things: list[Trashed]
    behind: tuple[int, str] | None
    """When and key of the last one looked at, where there may be more."""


# What the actor's set is in the thing's pipeline, be that in the trash itself; the sets there; its box, if it is there.
_SEEN = f"""
    SELECT {TRASH.of("t")}, CASE WHEN t.noun = 'pipeline' THEN {access.IN_TRASH} ELSE {access.ROLE} END AS reach,
        p.permission_sets, b.key AS box_there
    FROM trash t LEFT JOIN pipelines p ON p.key = t.pipeline_key LEFT JOIN boxes b ON b.key = t.box_key
"""


def page(ctx: Ctx, *, noun: str = "", team_key: str = "", behind: tuple[int, str] | None, limit: int) -> TrashPage:
    """What the actor may restore, the last deleted first."""
    at, key = behind or (2**62, "")
    rows = ctx.db.rows(
        f"""
        SELECT * FROM ({_SEEN}
            WHERE (t.deleted_at, t.key) < (:at, :key) AND t.deleted_at > :since
                AND (:noun = '' OR t.noun = :noun) AND (:team = '' OR t.team_key = :team)) AS found
        WHERE reach IS NOT NULL OR actor_key = :actor
            OR (pipeline_key IS NULL AND team_key IN (SELECT team_key FROM team_members WHERE user_key = :actor))
        ORDER BY deleted_at DESC, key DESC LIMIT {LOOKED_AT}
        """,
        at=at,
        key=key,
        since=ctx.now - trash.LASTS,
        noun=noun,
        team=team_key,
        **ctx.who,
    )
    found: list[Trashed] = []
    for row in rows:
        one = TRASH.load(row)
        if _may(ctx, one, row):
            found.append(one)
            if len(found) == limit:
                return TrashPage(found, (one.deleted_at, one.key))
    last = TRASH.load(rows[-1]) if len(rows) == LOOKED_AT else None
    return TrashPage(found, (last.deleted_at, last.key) if last else None)


def _may(ctx: Ctx, one: Trashed, row: Row) -> bool:
    """Whoever may do what was done may take it back; small things of one's own are one's own here too."""
    name, sets, box_key = row[len(TRASH.names) :]
    if one.noun in ("contact", "organization"):
        return _may_entry(ctx, one)
    if name is None:
        return one.pipeline_key is None and one.actor_key == ctx.actor.key and not ctx.within
    role, about = access.role(name, pipelines.sets(sets)), msgspec.convert(one.about, About)
    match one.noun:
        case "pipeline":
            return access.allows(ctx, role, "PIPELINE", "DELETE")
        case "box":
            return access.allows(ctx, role, "BOX", "GET", about) and access.allows(ctx, role, "BOX", "DELETE", about)
        case "stage" | "field":
            return access.allows(ctx, role, one.noun.upper(), "CREATE")
        case "comment" if ctx.actor.key != about.creator_key and not access.allows(ctx, role, "PIPELINE", "DELETE"):
            return False
    if one.noun in PARTS:
        return box_key is not None and _may_change(ctx, role, box_key)
    return one.actor_key == ctx.actor.key


def _may_change(ctx: Ctx, role: Role, box_key: str) -> bool:
    try:
        return access.allows(ctx, role, "BOX", "UPDATE", boxes.get(ctx, box_key))
    except NotFound:
        return False


def _may_entry(ctx: Ctx, one: Trashed) -> bool:
    try:
        rights = contact_access.enter(ctx, f"{one.noun}s", one.team_key or "")[1]
    except NotFound:
        return False
    mine = one.about.get("creator_key") == ctx.actor.key
    return rights.create and (rights.change == contact_access.ALL or (rights.change == contact_access.OWN and mine))


def restore(ctx: Ctx, key: str) -> Trashed:
    """The thing is there again, under its key; what it was in the trash."""
    row = ctx.db.row(f"{_SEEN} WHERE t.key = :key", key=key, **ctx.who)
    one = TRASH.load(row) if row else None
    if row is None or one is None or one.until <= ctx.now or not _may(ctx, one, row):
        raise NotFound(key)
    held = trash.take(ctx.db, key, ctx.now)
    if held is None:
        raise NotFound(key)
    _RESTORERS[one.noun](ctx, one, held)
    return one


def forget(ctx: Ctx, key: str) -> None:
    """Out of the trash for good, before its time."""
    row = ctx.db.row(f"{_SEEN} WHERE t.key = :key", key=key, **ctx.who)
    if row is None or not _may(ctx, TRASH.load(row), row):
        raise NotFound(key)
    trash.forget(ctx, key)


def _pipeline(ctx: Ctx, one: Trashed, held: Held) -> None:
    ctx.db.run("UPDATE pipelines SET trashed_at = NULL WHERE key = :key", key=one.key)
    pipeline = pipelines.get(ctx, one.key)
    events.record(ctx, "pipeline.restored", pipeline, pipeline=pipeline)
    formulas.lost(ctx, pipeline, "stage")


def _box(ctx: Ctx, one: Trashed, held: Held) -> None:
    pipeline = pipelines.get(ctx, one.pipeline_key or "")
    row = held["boxes"][0]
    box = BOXES.load(tuple(row.get(name) for name in BOXES.names))
    box = formulas.computed(ctx, pipeline, _with_what_is_there(ctx, pipeline, box))
    box = msgspec.structs.replace(box, updated_at=ctx.now, saved_at=ctx.now)
    boxes.place(ctx, box)
    box = validation_rules.judged(ctx, pipeline, box)
    held["comments"] = _parents_first(held["comments"])
    for table, _ in trash.HELD["box"][1:]:
        trash.put_back(ctx.db, table, held[table])
    events.record_for_box(ctx, "box.restored", box, pipeline)
    search.note(ctx, "box", box.key)


def _with_what_is_there(ctx: Ctx, pipeline: Pipeline, box: Box) -> Box:
    """Without what was deleted meanwhile: its stage (it is in the first one), fields, other boxes, contacts."""
    known = schema.fields_by_key(ctx, pipeline.key)
    linked = trash.existing_keys(ctx.db, "boxes", box.linked_box_keys)
    links = {
        noun: contact_access.known(ctx, noun, pipeline.team_key, [link.key for link in getattr(box, noun)])
        for noun in ("contacts", "organizations")
    }
    box = msgspec.structs.replace(
        box,
        fields={key: value for key, value in box.fields.items() if key in known},
        linked_box_keys=[key for key in box.linked_box_keys if key in linked],
        contacts=[link for link in box.contacts if link.key in links["contacts"]],
        organizations=[link for link in box.organizations if link.key in links["organizations"]],
    )
    if box.stage_key in pipeline.stage_order:
        return box
    return changes.move(ctx, box, schema.stage_for_box(ctx, pipeline, None).key)


def _parents_first(rows: trash.Rows) -> trash.Rows:
    found: dict[str, dict[str, Any]] = {}
    waiting = list(rows)
    keys = {row["key"] for row in rows}
    while waiting:
        ready = [row for row in waiting if row["parent_key"] not in keys or row["parent_key"] in found]
        found |= {row["key"]: row for row in ready or waiting}
        waiting = [row for row in waiting if row["key"] not in found]
    return list(found.values())


# What hangs on a box


def _held_box(ctx: Ctx, one: Trashed) -> tuple[Box, Pipeline]:
    return boxes.reach(ctx, one.box_key or "", "UPDATE")[:2]


def _put_back(ctx: Ctx, one: Trashed, held: Held, box: Box) -> None:
    """Its rows; it belongs to the pipeline its box is in now."""
    for table, _ in trash.HELD[one.noun]:
        rows = held[table]
        for row in rows:
            if "pipeline_key" in row:
                row["pipeline_key"] = box.pipeline_key
        trash.put_back(ctx.db, table, rows)


def _task(ctx: Ctx, one: Trashed, held: Held) -> None:
    box, pipeline = _held_box(ctx, one)
    row = held["tasks"][0]
    for member, table in (("meeting_key", "meetings"), ("contact_key", "contacts")):
        if row[member] and not trash.existing_keys(ctx.db, table, [row[member]]):
            row[member] = None
    _put_back(ctx, one, held, box)
    tasks.update_box_counts(ctx, box)
    tasks.record_event(ctx, "task.restored", _read(ctx, TASKS, one.key), box, pipeline)


def _comment(ctx: Ctx, one: Trashed, held: Held) -> None:
    box, pipeline = _held_box(ctx, one)
    row = held["comments"][0]
    if row["parent_key"] and not trash.existing_keys(ctx.db, "comments", [row["parent_key"]]):
        row["parent_key"] = None
    _put_back(ctx, one, held, box)
    ctx.db.run(
        f"""
        UPDATE comments SET parent_key = :key
        WHERE {ctx.db.dialect.among("key", "replies")} AND parent_key IS NULL AND box_key = :box
        """,
        key=one.key,
        box=box.key,
        replies=ctx.db.texts(held["replies"]),
    )
    comments.update_box_counts(ctx, box)
    comments.record_event(ctx, "comment.restored", _read(ctx, COMMENTS, one.key), box, pipeline)


def _meeting(ctx: Ctx, one: Trashed, held: Held) -> None:
    box, pipeline = _held_box(ctx, one)
    _put_back(ctx, one, held, box)
    free = ctx.db.rows(
        f"""
        SELECT key FROM tasks WHERE {ctx.db.dialect.among("key", "keys")} AND meeting_key IS NULL AND box_key = :box
        """,
        keys=ctx.db.texts(held["task_keys"]),
        box=box.key,
    )
    tasks.attach_to_meeting(ctx, box, pipeline, one.key, [row[0] for row in free])
    meetings.update_box_counts(ctx, box)
    meetings.record_event(ctx, "meeting.restored", _read(ctx, MEETINGS, one.key), box, pipeline)


def _file(ctx: Ctx, one: Trashed, held: Held) -> None:
    box, pipeline = _held_box(ctx, one)
    row = held["files"][0]
    if row["thread_key"] and not trash.existing_keys(ctx.db, "threads", [row["thread_key"]]):
        row["thread_key"] = row["message_key"] = None
    if row["drive_id"] and _has(ctx, "files", box, "drive_id", row["drive_id"]):
        raise Conflict("This file of Google Drive was added to the box again meanwhile")
    _put_back(ctx, one, held, box)
    box = boxes.note(ctx, box, file_count=files.count(ctx, box))
    files.record_event(ctx, "file.restored", _read(ctx, FILES, one.key), box, pipeline)


def _thread(ctx: Ctx, one: Trashed, held: Held) -> None:
    box, pipeline = _held_box(ctx, one)
    gmail_id = held["threads"][0]["gmail_id"]
    if gmail_id and _has(ctx, "threads", box, "gmail_id", gmail_id):
        raise Conflict("This conversation was added to the box again meanwhile")
    for message in held["messages"]:
        if _has(ctx, "messages", box, "identity", message["identity"]):
            raise Conflict("Mail of this conversation was added to the box again meanwhile")
    known = ctx.db.rows("SELECT message_id FROM mail_ids WHERE box_key = :box", box=box.key)
    taken = {row[0] for row in known}
    held["mail_ids"] = [row for row in held["mail_ids"] if row["message_id"] not in taken]
    _put_back(ctx, one, held, box)
    counts = (threads.count(ctx, box), files.count(ctx, box))
    box = boxes.note(ctx, box, thread_count=counts[0], file_count=counts[1], **threads.mail_totals(ctx, box))
    thread = _read(ctx, THREADS, one.key)
    threads.record_event(ctx, "thread.restored", thread, files.by_thread(ctx, [one.key])[one.key], box, pipeline)


def _has(ctx: Ctx, table: str, box: Box, column: str, value: str) -> bool:
    sql = f"SELECT 1 FROM {table} WHERE box_key = :box AND {column} = :value"
    return ctx.db.row(sql, box=box.key, value=value) is not None


def _read(ctx: Ctx, table: Any, key: str) -> Any:
    row = ctx.db.row(f"SELECT {table.columns} FROM {table.name} WHERE key = :key", key=key)
    assert row is not None
    return table.load(row)


# What belongs to a team or a pipeline


def _entry(ctx: Ctx, one: Trashed, held: Held) -> None:
    noun: Noun[Any] = entries.NOUNS[f"{one.noun}s"]
    team, _ = contact_access.enter(ctx, noun.name, one.team_key or "")
    entry = msgspec.convert(held["entry"], noun.table.record)
    entry = merge.linked_again(ctx, noun, merge.back(ctx, noun, team, entry))
    trash.put_back(ctx.db, "merges", held["merges"])
    references.undo(ctx, noun, msgspec.convert(held["named"], Undo), entry.key, None)
    entries.tell(ctx, noun, "restored", entry)


def _stage(ctx: Ctx, one: Trashed, held: Held) -> None:
    pipeline, _ = pipelines.reach(ctx, one.pipeline_key or "", change=True)
    trash.put_back(ctx.db, "stages", held["stages"])
    key = held["stages"][0]["key"]
    order = list(pipeline.stage_order)
    order.insert(held["place"], key)
    pipeline = pipelines.touch(ctx, pipeline, stage_order=order)
    stages.tell(ctx, "stage.restored", schema.stage(ctx, pipeline, key), pipeline)


def _field(ctx: Ctx, one: Trashed, held: Held) -> None:
    """With the values that the boxes had in it."""
    pipeline, _ = pipelines.reach(ctx, one.pipeline_key or "", change=True)
    for table, _ in trash.HELD["field"]:
        trash.put_back(ctx.db, table, held[table])
    field = schema.field(ctx, pipeline, held["fields"][0]["key"])
    stored_values.fill(ctx, field, held["values"])
    if pipeline.formulas_updated_at is not None:
        formulas.schedule(ctx, pipeline.key)
    if field.type in search.TEXT_TYPES:
        search.note_all(ctx, search.BOX, pipeline.key)
    pipeline = pipelines.touch(ctx, pipeline)
    events.record(ctx, "field.restored", field, pipeline=pipeline, subject=field.name)


def _view(ctx: Ctx, one: Trashed, held: Held) -> None:
    pipeline = pipelines.get(ctx, one.pipeline_key or "")
    trash.put_back(ctx.db, "views", held["views"])
    saved_views.tell(ctx, "view.restored", _read(ctx, saved_views.VIEWS, one.key), pipeline)


def _snippet(ctx: Ctx, one: Trashed, held: Held) -> None:
    row = held["snippets"][0]
    shared = pipelines.get(ctx, row["pipeline_key"]) if row["pipeline_key"] else None
    trash.put_back(ctx.db, "snippets", [row])
    snippet = snippets.get(ctx, one.key)
    events.record(ctx, "snippet.restored", snippet, pipeline=shared, subject=snippet.name)


def _hook(table: Any, tell: Callable[[Ctx, str, Any], Any]) -> Callable[[Ctx, Trashed, Held], None]:
    """A subscription, or an inbound webhook, whose addresses are good again."""

    def put_back(ctx: Ctx, one: Trashed, held: Held) -> None:
        pipeline_key = held[table.name][0]["pipeline_key"]
        if pipeline_key and not trash.existing_keys(ctx.db, PIPELINES.name, [pipeline_key]):
            raise Conflict("The pipeline it belonged to is gone for good")
        for name, _ in trash.HELD[one.noun]:
            trash.put_back(ctx.db, name, held[name])
        tell(ctx, f"{one.noun}.restored", _read(ctx, table, one.key))

    return put_back


_RESTORERS: dict[str, Callable[[Ctx, Trashed, Held], None]] = {
    "pipeline": _pipeline,
    "box": _box,
    "task": _task,
    "comment": _comment,
    "meeting": _meeting,
    "file": _file,
    "thread": _thread,
    "contact": _entry,
    "organization": _entry,
    "stage": _stage,
    "field": _field,
    "view": _view,
    "snippet": _snippet,
    "webhook": _hook(subscriptions.WEBHOOKS, subscriptions.record_event),
    "inbound": _hook(inbound_endpoints.INBOUND, inbound_endpoints.record_event),
    "automation": lambda ctx, one, held: automations.put_back(ctx, held),
}
