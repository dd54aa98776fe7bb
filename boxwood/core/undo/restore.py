"""Restoring from the trash: each record returns with its key and everything attached to it. References to records that
do not exist any longer are removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from ...db.engine import Row
from ...errors import Conflict, NotFound
from .. import access, boxes, event_kinds, events, pipelines, search, trash
from ..access import About, Role
from ..activity import attached, comments, files, forms, meetings, snippets, task_times, tasks, threads
from ..activity.comments import COMMENTS
from ..activity.files import FILES
from ..activity.mail import blocks, rules
from ..activity.meetings import MEETINGS
from ..activity.sending import sequences, suppressions
from ..activity.tasks import TASKS
from ..activity.threads import THREADS
from ..automations import automations
from ..boxes import changes
from ..contacts import entries, merge, references
from ..contacts.references import Undo
from ..context import Ctx
from ..people import contact_access
from ..people.contact_access import Noun
from ..pipelines import formulas, names, schema, stages, stored_values, validation_rules
from ..records import BOXES, PIPELINES, Box, Pipeline
from ..trash import TRASH, Trashed
from ..views import saved_views
from ..webhooks import inbound_endpoints, subscriptions

ATTACHED = ("task", "comment", "meeting", "file", "thread")
"""Nouns of records that are attached to a box."""
MOST_CHECKED = 1000
Rows = dict[str, Any]
"""The stored rows of a trashed record, by table, and values that are needed besides."""


class TrashPage(NamedTuple):
    things: list[Trashed]
    behind: tuple[int, str] | None
    """The time of deletion and the key of the last record that was checked; None if there are no others."""


# Besides the trashed record: the actor's role in its pipeline (also if the pipeline is in the trash), the pipeline's
# permission sets, and the key of the box, if the box exists.
_WITH_ACCESS = f"""
    SELECT {TRASH.of("t")}, CASE WHEN t.noun = 'pipeline' THEN {access.IN_TRASH} ELSE {access.ROLE} END AS reach,
        p.permission_sets, b.key AS box_there
    FROM trash t LEFT JOIN pipelines p ON p.key = t.pipeline_key LEFT JOIN boxes b ON b.key = t.box_key
"""


def page(ctx: Ctx, *, noun: str = "", team_key: str = "", behind: tuple[int, str] | None, limit: int) -> TrashPage:
    """The trashed records that the actor may restore, the last deleted first."""
    at, key = behind or (2**62, "")
    rows = ctx.db.rows(
        f"""
        SELECT * FROM ({_WITH_ACCESS}
            WHERE (t.deleted_at, t.key) < (:at, :key) AND t.deleted_at > :since
                AND (:noun = '' OR t.noun = :noun) AND (:team = '' OR t.team_key = :team)) AS found
        WHERE reach IS NOT NULL OR actor_key = :actor
            OR (pipeline_key IS NULL AND team_key IN (SELECT team_key FROM team_members WHERE user_key = :actor))
        ORDER BY deleted_at DESC, key DESC LIMIT {MOST_CHECKED}
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
        trashed = TRASH.load(row)
        if _may_restore(ctx, trashed, row):
            found.append(trashed)
            if len(found) == limit:
                return TrashPage(found, (trashed.deleted_at, trashed.key))
    last = TRASH.load(rows[-1]) if len(rows) == MOST_CHECKED else None
    return TrashPage(found, (last.deleted_at, last.key) if last else None)


def _may_restore(ctx: Ctx, trashed: Trashed, row: Row) -> bool:
    """Whether the actor may restore the record: users who may delete it may restore it, and personal records only the
    user who deleted them."""
    if ctx.scopes and not ctx.scopes.allows(event_kinds.noun_of(trashed.noun), event_kinds.level_of(trashed.noun)):
        return False
    name, sets, box_key = row[len(TRASH.names) :]
    if trashed.noun in ("contact", "organization"):
        return _may_restore_entry(ctx, trashed)
    if name is None:
        is_placed = trashed.noun in ("webhook", "inbound", "automation")  # in a pipeline that the entry does not name
        is_in_reach = not ctx.within and not (ctx.only and is_placed)
        return trashed.pipeline_key is None and trashed.actor_key == ctx.actor.key and is_in_reach
    role, about = access.role(name, pipelines.sets(sets)), msgspec.convert(trashed.about, About)
    match trashed.noun:
        case "pipeline":
            return access.allows(ctx, role, "PIPELINE", "DELETE")
        case "box":
            return access.allows(ctx, role, "BOX", "GET", about) and access.allows(ctx, role, "BOX", "DELETE", about)
        case "stage" | "field":
            return access.allows(ctx, role, trashed.noun.upper(), "CREATE")
        case "comment" if ctx.actor.key != about.creator_key and not access.allows(ctx, role, "PIPELINE", "DELETE"):
            return False
    if trashed.noun in ATTACHED:
        return box_key is not None and not _hides_mail(ctx, trashed) and _may_change_box(ctx, role, box_key, trashed)
    return trashed.actor_key == ctx.actor.key


def _hides_mail(ctx: Ctx, trashed: Trashed) -> bool:
    """Whether it is a conversation, or a file of one, that is restricted for the actor."""
    thread_key = trashed.key if trashed.noun == "thread" else trashed.about.get("thread_key") or ""
    owner = access.restricted_to(ctx.db, [thread_key]).get(thread_key) if thread_key else None
    return owner is not None and owner != ctx.mail_owner


def _may_change_box(ctx: Ctx, role: Role, box_key: str, trashed: Trashed) -> bool:
    try:
        box = boxes.get(ctx, box_key)
    except NotFound:
        return False
    return access.allows(ctx, role, "BOX", "UPDATE", box) or access.allows(ctx, role, *_part(trashed), box)


def _part(trashed: Trashed) -> tuple[str, str]:
    """What a permission set without the UPDATE of the box must grant, to restore this record on it."""
    entity = attached.ENTITIES.get(f"{trashed.noun}s")
    return (entity, "CREATE") if entity else ("BOX", "UPDATE")


def _may_restore_entry(ctx: Ctx, trashed: Trashed) -> bool:
    try:
        rights = contact_access.reach_team(ctx, f"{trashed.noun}s", trashed.team_key or "")[1]
    except NotFound:
        return False
    own = trashed.about.get("creator_key") == ctx.actor.key
    return rights.create and (rights.change == contact_access.ALL or (rights.change == contact_access.OWN and own))


def restore(ctx: Ctx, key: str) -> Trashed:
    """Restore a record under its key. Returns its entry in the trash, which is removed. Raises NotFound if the trash
    does not hold it or the actor may not restore it."""
    row = ctx.db.row(f"{_WITH_ACCESS} WHERE t.key = :key", key=key, **ctx.who)
    trashed = TRASH.load(row) if row else None
    if row is None or trashed is None or trashed.until <= ctx.now or not _may_restore(ctx, trashed, row):
        raise NotFound(key)
    rows = trash.take(ctx.db, key, ctx.now)
    if rows is None:
        raise NotFound(key)
    if "tasks" in rows:
        rows["tasks"] = [task_times.with_times(row) for row in rows["tasks"]]
    _RESTORERS[trashed.noun](ctx, trashed, rows)
    return trashed


def forget(ctx: Ctx, key: str) -> None:
    """Delete a record from the trash for good, before its time."""
    row = ctx.db.row(f"{_WITH_ACCESS} WHERE t.key = :key", key=key, **ctx.who)
    trashed = TRASH.load(row) if row else None
    if row is None or trashed is None or not _may_restore(ctx, trashed, row):
        raise NotFound(key)
    ctx.show("trash", key, {"noun": trashed.noun, "until": trashed.until}, {}, trashed.name)
    trash.forget(ctx, key)


def _pipeline(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    ctx.db.run("UPDATE pipelines SET trashed_at = NULL WHERE key = :key", key=trashed.key)
    pipeline = pipelines.get(ctx, trashed.key)
    events.record(ctx, "pipeline.restored", pipeline, pipeline=pipeline)
    formulas.recompute_readers(ctx, pipeline, "stage")


def _box(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    pipeline = pipelines.get(ctx, trashed.pipeline_key or "")
    row = rows["boxes"][0]
    box = BOXES.load(tuple(row.get(name) for name in BOXES.names))
    box = formulas.computed(ctx, pipeline, _without_deleted(ctx, pipeline, box))
    box = msgspec.structs.replace(box, updated_at=ctx.now, saved_at=ctx.now)
    boxes.insert(ctx, box)
    box = validation_rules.with_violations(ctx, pipeline, box)
    rows["comments"] = _parents_first(rows["comments"])
    for table, _ in trash.HELD["box"][1:]:
        trash.put_back(ctx.db, table, rows.get(table, []))
    events.record_for_box(ctx, "box.restored", box, pipeline)
    search.reindex(ctx, "box", box.key)
    search.reindex_parts(ctx, "box_key", box.key)


def _without_deleted(ctx: Ctx, pipeline: Pipeline, box: Box) -> Box:
    """The box without references to deleted fields, boxes, contacts and organizations. If its stage was deleted, the
    box is in the first stage."""
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
    return changes.change_stage(ctx, box, names.stage_for_box(ctx, pipeline, None).key)


def _parents_first(rows: trash.Rows) -> trash.Rows:
    found: dict[str, dict[str, Any]] = {}
    remaining = list(rows)
    keys = {row["key"] for row in rows}
    while remaining:
        next_rows = [row for row in remaining if row["parent_key"] not in keys or row["parent_key"] in found]
        found |= {row["key"]: row for row in next_rows or remaining}
        remaining = [row for row in remaining if row["key"] not in found]
    return list(found.values())


# Records that are attached to a box


def _lock_box(ctx: Ctx, trashed: Trashed) -> tuple[Box, Pipeline]:
    return boxes.reach(ctx, trashed.box_key or "", "UPDATE", part=_part(trashed))[:2]


def _put_back(ctx: Ctx, trashed: Trashed, rows: Rows, box: Box) -> None:
    """Insert the rows of a record again. The record belongs to the pipeline that its box is in now."""
    for table, _ in trash.HELD[trashed.noun]:
        for row in rows.get(table, []):
            if "pipeline_key" in row:
                row["pipeline_key"] = box.pipeline_key
        trash.put_back(ctx.db, table, rows.get(table, []))


def _task(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    box, pipeline = _lock_box(ctx, trashed)
    row = rows["tasks"][0]
    for member, table in (("meeting_key", "meetings"), ("contact_key", "contacts")):
        if row[member] and not trash.existing_keys(ctx.db, table, [row[member]]):
            row[member] = None
    _put_back(ctx, trashed, rows, box)
    tasks.update_box_counts(ctx, box)
    tasks.record_event(ctx, "task.restored", _read(ctx, TASKS, trashed.key), box, pipeline)


def _comment(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    box, pipeline = _lock_box(ctx, trashed)
    row = rows["comments"][0]
    if row["parent_key"] and not trash.existing_keys(ctx.db, "comments", [row["parent_key"]]):
        row["parent_key"] = None
    _put_back(ctx, trashed, rows, box)
    ctx.db.run(
        f"""
        UPDATE comments SET parent_key = :key
        WHERE {ctx.db.dialect.among("key", "replies")} AND parent_key IS NULL AND box_key = :box
        """,
        key=trashed.key,
        box=box.key,
        replies=ctx.db.texts(rows["replies"]),
    )
    comments.update_box_counts(ctx, box)
    comments.record_event(ctx, "comment.restored", _read(ctx, COMMENTS, trashed.key), box, pipeline)


def _meeting(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    box, pipeline = _lock_box(ctx, trashed)
    _put_back(ctx, trashed, rows, box)
    free = ctx.db.rows(
        f"""
        SELECT key FROM tasks WHERE {ctx.db.dialect.among("key", "keys")} AND meeting_key IS NULL AND box_key = :box
        """,
        keys=ctx.db.texts(rows["task_keys"]),
        box=box.key,
    )
    tasks.attach_to_meeting(ctx, box, pipeline, trashed.key, [row[0] for row in free])
    meetings.update_box_counts(ctx, box)
    meetings.record_event(ctx, "meeting.restored", _read(ctx, MEETINGS, trashed.key), box, pipeline)


def _file(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    box, pipeline = _lock_box(ctx, trashed)
    row = rows["files"][0]
    if row["thread_key"] and not trash.existing_keys(ctx.db, "threads", [row["thread_key"]]):
        row["thread_key"] = row["message_key"] = None
    if row["drive_id"] and _has(ctx, "files", box, "drive_id", row["drive_id"]):
        raise Conflict("This file of Google Drive was added to the box again since it was deleted")
    _put_back(ctx, trashed, rows, box)
    box = boxes.save_activity(ctx, box, file_count=files.count(ctx, box))
    files.record_event(ctx, "file.restored", _read(ctx, FILES, trashed.key), box, pipeline)


def _thread(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    box, pipeline = _lock_box(ctx, trashed)
    gmail_id = rows["threads"][0]["gmail_id"]
    if gmail_id and _has(ctx, "threads", box, "gmail_id", gmail_id):
        raise Conflict("This thread was added to the box again since it was deleted")
    if any(_has_open_message(ctx, box, message["mail_key"]) for message in rows["messages"]):
        raise Conflict("A message of this thread was added to the box again since it was deleted")
    _put_back(ctx, trashed, rows, box)
    ctx.db.run("DELETE FROM unboxed_mail_ids WHERE thread_key = :key", key=trashed.key)
    search.reindex_parts(ctx, "thread_key", trashed.key)
    box = threads.save_totals(ctx, box)
    thread = _read(ctx, THREADS, trashed.key)
    threads.record_event(
        ctx, "thread.restored", thread, files.by_thread(ctx, [trashed.key])[trashed.key], box, pipeline
    )


def _has_open_message(ctx: Ctx, box: Box, mail_key: str) -> bool:
    """Whether the box has this mail in a conversation that all users see."""
    sql = f"""
        SELECT 1 FROM messages m WHERE m.box_key = :box AND m.mail_key = :mail AND {access.sees_mail("m.thread_key")}
    """
    return ctx.db.row(sql, box=box.key, mail=mail_key, mail_owner="") is not None


def _has(ctx: Ctx, table: str, box: Box, column: str, value: str) -> bool:
    sql = f"SELECT 1 FROM {table} WHERE box_key = :box AND {column} = :value"
    return ctx.db.row(sql, box=box.key, value=value) is not None


def _read(ctx: Ctx, table: Any, key: str) -> Any:
    row = ctx.db.row(f"SELECT {table.columns} FROM {table.name} WHERE key = :key", key=key)
    assert row is not None
    return table.load(row)


# Records that belong to a team or a pipeline


def _entry(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    noun: Noun[Any] = entries.NOUNS[f"{trashed.noun}s"]
    team, _ = contact_access.reach_team(ctx, noun.name, trashed.team_key or "")
    entry = msgspec.convert(rows["entry"], noun.table.record)
    entry = merge.restore_links(ctx, noun, merge.restore_row(ctx, noun, team, entry))
    trash.put_back(ctx.db, "merges", rows["merges"])
    references.undo(ctx, noun, msgspec.convert(rows["named"], Undo), entry.key, None)
    entries.record_event(ctx, noun, "restored", entry)


def _stage(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    pipeline, _ = pipelines.reach(ctx, trashed.pipeline_key or "", change=True)
    trash.put_back(ctx.db, "stages", rows["stages"])
    key = rows["stages"][0]["key"]
    order = list(pipeline.stage_order)
    order.insert(rows["place"], key)
    pipeline = pipelines.touch(ctx, pipeline, stage_order=order)
    stages.record_event(ctx, "stage.restored", schema.stage(ctx, pipeline, key), pipeline)


def _field(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    """Restore a field with the values that the boxes had in it."""
    pipeline, _ = pipelines.reach(ctx, trashed.pipeline_key or "", change=True)
    for table, _ in trash.HELD["field"]:
        trash.put_back(ctx.db, table, rows[table])
    field = schema.field(ctx, pipeline, rows["fields"][0]["key"])
    stored_values.fill(ctx, field, rows["values"])
    if pipeline.formulas_updated_at is not None:
        formulas.schedule_recompute(ctx, pipeline.key)
    if field.type in search.TEXT_TYPES:
        search.reindex_all(ctx, search.BOX, pipeline.key)
    pipeline = pipelines.touch(ctx, pipeline)
    events.record(ctx, "field.restored", field, pipeline=pipeline, subject=field.name)


def _view(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    pipeline = pipelines.get(ctx, trashed.pipeline_key or "")
    trash.put_back(ctx.db, "views", rows["views"])
    saved_views.record_event(ctx, "view.restored", _read(ctx, saved_views.VIEWS, trashed.key), pipeline)


def _snippet(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    row = rows["snippets"][0]
    shared = pipelines.get(ctx, row["pipeline_key"]) if row["pipeline_key"] else None
    trash.put_back(ctx.db, "snippets", [row])
    snippet = snippets.get(ctx, trashed.key)
    events.record(ctx, "snippet.restored", snippet, pipeline=shared, subject=snippet.name)


def _mail_block(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    trash.put_back(ctx.db, "mail_blocks", rows["mail_blocks"])
    blocks.record_event(ctx, "mail_block.restored", _read(ctx, blocks.BLOCKS, trashed.key))


def _mail_rule(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    pipeline = pipelines.get(ctx, trashed.pipeline_key or "")
    trash.put_back(ctx.db, "mail_rules", rows["mail_rules"])
    rules.record_event(ctx, "mail_rule.restored", _read(ctx, rules.RULES, trashed.key), pipeline)


def _form(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
    pipeline = pipelines.get(ctx, trashed.pipeline_key or "")
    trash.put_back(ctx.db, "forms", rows["forms"])
    forms.record_event(ctx, "form.restored", _read(ctx, forms.FORMS, trashed.key), pipeline)


def _webhook(table: Any, record_event: Callable[[Ctx, str, Any], Any]) -> Callable[[Ctx, Trashed, Rows], None]:
    """Restores a webhook subscription or an inbound webhook. The addresses of an inbound webhook work again."""

    def restore_webhook(ctx: Ctx, trashed: Trashed, rows: Rows) -> None:
        pipeline_key = rows[table.name][0]["pipeline_key"]
        if pipeline_key and not trash.existing_keys(ctx.db, PIPELINES.name, [pipeline_key]):
            raise Conflict("The webhook's pipeline was deleted and cannot be restored")
        for name, _ in trash.HELD[trashed.noun]:
            trash.put_back(ctx.db, name, rows[name])
        record_event(ctx, f"{trashed.noun}.restored", _read(ctx, table, trashed.key))

    return restore_webhook


_RESTORERS: dict[str, Callable[[Ctx, Trashed, Rows], None]] = {
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
    "mail_block": _mail_block,
    "mail_rule": _mail_rule,
    "form": _form,
    "suppression": lambda ctx, trashed, rows: suppressions.restore(ctx, rows["suppressions"]),
    "sequence": lambda ctx, trashed, rows: sequences.restore(ctx, rows["sequences"]),
    "webhook": _webhook(subscriptions.WEBHOOKS, subscriptions.record_event),
    "inbound": _webhook(inbound_endpoints.INBOUND, inbound_endpoints.record_event),
    "automation": lambda ctx, trashed, rows: automations.restore(ctx, rows),
}
