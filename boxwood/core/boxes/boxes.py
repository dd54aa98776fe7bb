"""Boxes: the things a pipeline moves along - deals, candidates, tickets."""

from __future__ import annotations

from typing import Any

import msgspec

from .. import events, persons, search, trash
from ..context import Ctx
from ..pipelines import formulas, schema, validation_rules
from ..records import BOXES, Box, BoxActivity, Pipeline
from . import links, lookup

PARTS = ("tasks", "comments", "meetings", "threads", "messages", "golden_boxes")
"""The tables of what hangs on a box and names its pipeline."""


def save(ctx: Ctx, pipeline: Pipeline, before: Box, box: Box) -> Box:
    """Write what changed and say so: the last event of several is the one that webhooks hear as the edit."""
    changed = [member for member in _NEWS if getattr(box, member) != getattr(before, member)]
    if not changed:
        return before
    box = formulas.computed(ctx, pipeline, box, before)
    box = links.with_addresses(ctx, box, before)
    box = msgspec.structs.replace(box, updated_at=ctx.now, saved_at=ctx.now)
    written = [name for name in BOXES.names if getattr(box, name) != getattr(before, name)]
    BOXES.update(ctx.db, box, *written)
    box = validation_rules.judged(ctx, pipeline, box)
    if "assignee_keys" in changed:
        _assign(ctx, box, before.assignee_keys)
    if "linked_box_keys" in changed:
        link_back(ctx, box, before.linked_box_keys)
    if {"contacts", "organizations", "fields"} & set(changed):
        links.note(ctx, box, before)
    edits = [member for member in changed if member != "stage_key"]
    for member in changed:
        names = {"part": "yes"} if member in edits[:-1] else {}
        if edits and member == edits[-1]:
            names["changed"] = ",".join(_changed(before, box, edits))
        names |= _names(ctx, member, before, box)
        old = {member: getattr(before, member)}
        if member == "fields":
            old = {"fields": {key: before.fields.get(key) for key in _changed_fields(before, box)}}
        events.record_for_box(ctx, _NEWS[member], box, pipeline, before=old, **names)
    record_addresses(ctx, pipeline, box, before)
    search.reindex(ctx, "box", box.key)
    return box


def add_addresses(ctx: Ctx, before: Box, found: list[str]) -> Box:
    """The box with these e-mail addresses too, saved and told where any of them is new to it. Asks for no right."""
    emails = links.with_found(before.emails, found)
    if emails is before.emails:
        return before
    box = msgspec.structs.replace(before, emails=emails, updated_at=ctx.now, saved_at=ctx.now)
    BOXES.update(ctx.db, box, "emails", "updated_at", "saved_at")
    pipeline = lookup.pipeline_of(ctx, box)
    box = validation_rules.judged(ctx, pipeline, box)
    record_addresses(ctx, pipeline, box, before)
    search.reindex(ctx, "box", box.key)
    return box


def record_addresses(ctx: Ctx, pipeline: Pipeline, box: Box, before: Box | None) -> None:
    for address in links.appeared(box, before):
        events.record_for_box(ctx, "box.email_added", box, pipeline, email=address)


def note(ctx: Ctx, box: Box, *, touched: bool = True, **changed: Any) -> Box:
    """Write what its tasks, comments, files, meetings and mail now add up to, where that differs.

    The caller holds the box (`reach` with an action, or `hold`) and has counted since. Someone's doing makes
    the box newer; what comes by itself (a task falls due) is `touched=False`. No event: the part has its own.
    """
    activity = _touch(msgspec.structs.replace(box.activity, **changed))
    if activity == box.activity:
        return box
    updated_at = ctx.now if touched else box.updated_at
    box = msgspec.structs.replace(box, activity=activity, updated_at=updated_at, saved_at=ctx.now)
    BOXES.update(ctx.db, box, "activity", "updated_at", "saved_at")
    return (
        validation_rules.judged(ctx, lookup.pipeline_of(ctx, box), box)
        if validation_rules.has_any(ctx, box.pipeline_key)
        else box
    )


def _touch(told: BoxActivity) -> BoxActivity:
    """The latest of mail, calls and meetings is the last touchpoint."""
    at, by = max(
        (told.last_email_at or 0, "EMAIL"),
        (told.last_call_at or 0, "CALL_LOG"),
        (told.last_meeting_at or 0, "MEETING_NOTES"),
    )
    return msgspec.structs.replace(told, touched_at=at or None, touched_by=by if at else None)


_NEWS = {
    "stage_key": "box.moved",
    "name": "box.renamed",
    "notes": "box.notes_edited",
    "fields": "box.fields_edited",
    "assignee_keys": "box.assigned",
    "follower_keys": "box.followed",
    "linked_box_keys": "box.linked",
    "contacts": "box.contacts_edited",
    "organizations": "box.organizations_edited",
}


def _names(ctx: Ctx, member: str, before: Box, box: Box) -> dict[str, str]:
    """What the sentence of this change needs."""
    match member:
        case "stage_key":
            names = {key: stage.name for key, stage in schema.stages(ctx, [box.pipeline_key])[box.pipeline_key].items()}
            old = before.stage_key
            return {
                "stage_name": names[box.stage_key],
                "old_stage_key": old,
                "old_stage_name": names.get(old, old),
            }
        case "name":
            return {"old_name": before.name}
        case "fields":
            by_key = schema.fields_by_key(ctx, box.pipeline_key)
            keys = _changed_fields(before, box)
            return {"what": ", ".join(by_key[key].name for key in keys), "field_keys": ",".join(keys)}
        case "assignee_keys":
            known = persons.by_key(ctx, box.assignee_keys)
            return {"what": ", ".join(known[key].full_name for key in box.assignee_keys) or "nobody"}
    return {}


def _changed(before: Box, box: Box, edits: list[str]) -> list[str]:
    """Of a whole edit: its members, and for `fields` the keys of those that changed."""
    return [one for one in edits if one != "fields"] + _changed_fields(before, box)


def _changed_fields(before: Box, box: Box) -> list[str]:
    keys = sorted(before.fields.keys() | box.fields.keys())
    return [key for key in keys if before.fields.get(key) != box.fields.get(key)]


def _assign(ctx: Ctx, box: Box, before: list[str]) -> None:
    """Keep the rows by which a person's boxes are found."""
    gone = [key for key in before if key not in box.assignee_keys]
    if gone:
        ctx.db.run(
            f"DELETE FROM assignments WHERE box_key = :box AND {ctx.db.dialect.among('user_key', 'users')}",
            box=box.key,
            users=ctx.db.texts(gone),
        )
    for key in box.assignee_keys:
        if key not in before:
            ctx.db.run("INSERT INTO assignments (user_key, box_key) VALUES (:user, :box)", user=key, box=box.key)


def link_back(ctx: Ctx, box: Box, before: list[str]) -> None:
    """A link holds both ways: tell the other boxes, which is a change of theirs."""
    for key in set(before) ^ set(box.linked_box_keys):
        held = lookup.hold(ctx, key)
        if held is None:
            continue
        other, pipeline = held
        keys = [one for one in other.linked_box_keys if one != box.key]
        if key in box.linked_box_keys:
            keys.append(box.key)
        if keys != other.linked_box_keys:
            after = msgspec.structs.replace(other, linked_box_keys=keys, updated_at=ctx.now, saved_at=ctx.now)
            after = formulas.computed(ctx, pipeline, after, other)
            BOXES.update(ctx.db, after, "linked_box_keys", "fields", "updated_at", "saved_at")
            after = validation_rules.judged(ctx, pipeline, after)
            was = {"linked_box_keys": other.linked_box_keys}
            events.record_for_box(ctx, "box.linked", after, pipeline, before=was, changed="linked_box_keys")


def delete(ctx: Ctx, key: str) -> None:
    """With its tasks, comments, files and mail, all of which the trash keeps."""
    box, pipeline, _ = lookup.reach(ctx, key, "DELETE")
    about = {name: getattr(box, name) for name in ("stage_key", "assignee_keys", "creator_key", "fields")}
    trash.store(ctx, "box", key, box.name, pipeline=pipeline, box_key=key, about=about)
    link_back(ctx, msgspec.structs.replace(box, linked_box_keys=[]), box.linked_box_keys)
    ctx.db.run("DELETE FROM boxes WHERE key = :key", key=key)
    events.record_for_box(ctx, "box.deleted", box, pipeline)
    search.reindex(ctx, "box", key)
