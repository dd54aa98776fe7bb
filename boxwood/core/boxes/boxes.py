"""Boxes: the things that a pipeline moves along, such as deals, candidates or tickets. Saving and deleting them."""

from __future__ import annotations

from typing import Any

import msgspec

from .. import events, persons, search, trash
from ..context import Ctx
from ..pipelines import formulas, schema, validation_rules
from ..records import BOXES, Box, BoxActivity, Pipeline
from . import links, lookup

TABLES_WITH_PIPELINE = ("tasks", "comments", "meetings", "threads", "messages", "golden_boxes")
"""The tables whose rows belong to a box and also name its pipeline."""


def save(ctx: Ctx, pipeline: Pipeline, before: Box, box: Box) -> Box:
    """Write the members in which `box` differs from `before`, and record an event for each. Returns the saved box.

    If several members changed, webhooks get only the last of their events, which names all of them in `changed`.
    """
    changed = [member for member in _EVENT_KINDS if getattr(box, member) != getattr(before, member)]
    if not changed:
        return before
    box = formulas.computed(ctx, pipeline, box, before)
    box = links.with_addresses(ctx, box, before)
    box = msgspec.structs.replace(box, updated_at=ctx.now, saved_at=ctx.now)
    written = [name for name in BOXES.names if getattr(box, name) != getattr(before, name)]
    BOXES.update(ctx.db, box, *written)
    box = validation_rules.with_violations(ctx, pipeline, box)
    if "assignee_keys" in changed:
        _assign(ctx, box, before.assignee_keys)
    if "linked_box_keys" in changed:
        link_back(ctx, box, before.linked_box_keys)
    if {"contacts", "organizations", "fields"} & set(changed):
        links.save(ctx, box, before)
    edits = [member for member in changed if member != "stage_key"]
    earlier: dict[str, Any] = {}
    for member in changed:
        names = {"part": "yes"} if member in edits[:-1] else {}
        if edits and member == edits[-1]:
            names["changed"] = ",".join(_changed(before, box, edits))
            if earlier:
                names["earlier"] = events.values_text(earlier)
        names |= _names(ctx, member, before, box)
        old = {member: getattr(before, member)}
        if member == "fields":
            old = {"fields": {key: before.fields.get(key) for key in _changed_fields(before, box)}}
        earlier |= old if member in edits else {}
        events.record_for_box(ctx, _EVENT_KINDS[member], box, pipeline, before=old, **names)
    record_addresses(ctx, pipeline, box, before)
    search.reindex(ctx, "box", box.key)
    return box


def add_addresses(ctx: Ctx, before: Box, found: list[str], *, of_mail: bool = False) -> Box:
    """Save the box with these e-mail addresses too, and record an event for each new one. Checks no permission.
    `of_mail` says that a mail brought them."""
    emails = links.with_found(before.emails, found)
    if emails is before.emails:
        return before
    box = msgspec.structs.replace(before, emails=emails, updated_at=ctx.now, saved_at=ctx.now)
    BOXES.update(ctx.db, box, "emails", "updated_at", "saved_at")
    pipeline = lookup.pipeline_of(ctx, box)
    box = validation_rules.with_violations(ctx, pipeline, box)
    record_addresses(ctx, pipeline, box, before, **({"of_mail": "yes"} if of_mail else {}))
    search.reindex(ctx, "box", box.key)
    return box


def record_addresses(ctx: Ctx, pipeline: Pipeline, box: Box, before: Box | None, **detail: str) -> None:
    """Record an event for each e-mail address that `before` does not have."""
    for address in links.appeared(box, before):
        events.record_for_box(ctx, "box.email_added", box, pipeline, email=address, **detail)


def save_activity(ctx: Ctx, box: Box, *, touched: bool = True, **changed: Any) -> Box:
    """Save new totals of the box's tasks, comments, files, meetings and mail. Returns the saved box.

    `changed` are members of `BoxActivity`. The caller has locked the box (`reach` with an action, or `lock`) before it
    counted. `touched=False` leaves the box's time of change as it is: for changes that no user made, such as a task
    that falls due. This records no event, because the task, comment or file has its own.
    """
    activity = _with_touchpoint(msgspec.structs.replace(box.activity, **changed))
    if activity == box.activity:
        return box
    updated_at = ctx.now if touched else box.updated_at
    box = msgspec.structs.replace(box, activity=activity, updated_at=updated_at, saved_at=ctx.now)
    BOXES.update(ctx.db, box, "activity", "updated_at", "saved_at")
    return (
        validation_rules.with_violations(ctx, lookup.pipeline_of(ctx, box), box)
        if validation_rules.has_any(ctx, box.pipeline_key)
        else box
    )


def _with_touchpoint(activity: BoxActivity) -> BoxActivity:
    """The same with its last touchpoint: the latest of e-mail, call and meeting."""
    at, by = max(
        (activity.last_email_at or 0, "EMAIL"),
        (activity.last_call_at or 0, "CALL_LOG"),
        (activity.last_meeting_at or 0, "MEETING_NOTES"),
    )
    return msgspec.structs.replace(activity, touched_at=at or None, touched_by=by if at else None)


_EVENT_KINDS = {
    "stage_key": "box.moved",
    "name": "box.renamed",
    "notes": "box.notes_edited",
    "fields": "box.fields_edited",
    "assignee_keys": "box.assigned",
    "follower_keys": "box.followed",
    "linked_box_keys": "box.linked",
    "contacts": "box.contacts_edited",
    "organizations": "box.organizations_edited",
    "emails": "box.emails_edited",
}


def _names(ctx: Ctx, member: str, before: Box, box: Box) -> dict[str, str]:
    """The details that the sentence of this event needs."""
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
            return {"what": ", ".join(known[key].full_name for key in box.assignee_keys) or "no one"}
    return {}


def _changed(before: Box, box: Box, edits: list[str]) -> list[str]:
    """The members that an edit changed, with the keys of the changed fields instead of `fields`."""
    return [member for member in edits if member != "fields"] + _changed_fields(before, box)


def _changed_fields(before: Box, box: Box) -> list[str]:
    keys = sorted(before.fields.keys() | box.fields.keys())
    return [key for key in keys if before.fields.get(key) != box.fields.get(key)]


def _assign(ctx: Ctx, box: Box, before: list[str]) -> None:
    """Update the rows by which the boxes of a user are found."""
    removed = [key for key in before if key not in box.assignee_keys]
    if removed:
        ctx.db.run(
            f"DELETE FROM assignments WHERE box_key = :box AND {ctx.db.dialect.among('user_key', 'users')}",
            box=box.key,
            users=ctx.db.texts(removed),
        )
    for key in box.assignee_keys:
        if key not in before:
            ctx.db.run("INSERT INTO assignments (user_key, box_key) VALUES (:user, :box)", user=key, box=box.key)


def link_back(ctx: Ctx, box: Box, before: list[str]) -> None:
    """Add the box to the boxes that it now links to, and remove it from those that it no longer links to.

    A link has two directions, so this changes the other boxes and records an event for each.
    """
    for key in set(before) ^ set(box.linked_box_keys):
        locked = lookup.lock(ctx, key)
        if locked is None:
            continue
        other, pipeline = locked
        keys = [linked for linked in other.linked_box_keys if linked != box.key]
        if key in box.linked_box_keys:
            keys.append(box.key)
        if keys != other.linked_box_keys:
            after = msgspec.structs.replace(other, linked_box_keys=keys, updated_at=ctx.now, saved_at=ctx.now)
            after = formulas.computed(ctx, pipeline, after, other)
            BOXES.update(ctx.db, after, "linked_box_keys", "fields", "updated_at", "saved_at")
            after = validation_rules.with_violations(ctx, pipeline, after)
            old = {"linked_box_keys": other.linked_box_keys}
            events.record_for_box(ctx, "box.linked", after, pipeline, before=old, changed="linked_box_keys")


def delete(ctx: Ctx, key: str) -> None:
    """Move a box to the trash, with its tasks, comments, files and mail."""
    box, pipeline, _ = lookup.reach(ctx, key, "DELETE")
    about = {name: getattr(box, name) for name in ("stage_key", "assignee_keys", "creator_key", "fields")}
    trash.store(ctx, "box", key, box.name, pipeline=pipeline, box_key=key, about=about)
    link_back(ctx, msgspec.structs.replace(box, linked_box_keys=[]), box.linked_box_keys)
    search.reindex_parts(ctx, "box_key", key)
    ctx.db.run("DELETE FROM boxes WHERE key = :key", key=key)
    events.record_for_box(ctx, "box.deleted", box, pipeline)
    search.reindex(ctx, "box", key)
