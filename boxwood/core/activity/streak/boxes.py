"""Boxes of an import, with their stage histories and links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ....errors import Problem
from ... import boxes, events
from ...context import Ctx
from ...pipelines import formulas, schema
from ...records import BOXES, Box, Field, Pipeline
from ...trash import existing_keys
from . import imports
from .entries import conflict
from .imports import CHANGED, CONFLICT, NEW, REFUSED, Report, StreakImport, Thing
from .pipelines import acting_as
from .reading import Json, Names, box, texts

_COUNTED = (
    "taskTotal",
    "taskCompleteCount",
    "commentCount",
    "lastCommentTimestamp",
    "callLogCount",
    "meetingNotesCount",
    "fileCount",
    "gmailThreadCount",
    "lastUpdatedTimestamp",
)
"""The members of a box that change when something in it changes."""


def take(
    ctx: Ctx,
    job: StreakImport,
    pipeline: Pipeline,
    given: Sequence[Json],
    names: Names,
    report: Report,
    *,
    full: bool = False,
) -> list[tuple[Json, str]]:
    """Create and update a page of boxes. Returns those that are here and in which something may have changed, each with
    what to keep of it once that came. With `full`, something may have changed in all of them."""
    by_key = schema.fields_by_key(ctx, pipeline.key)
    wanted: list[tuple[Json, Box]] = []
    for source in given:
        try:
            wanted.append((source, box(source, pipeline.key, pipeline.stage_order, by_key, names)))
        except Problem as problem:
            report.note("boxes", str(source.get("key")), str(source.get("name") or ""), str(problem))
            report.count("boxes", REFUSED)
    keys = [new.key for _, new in wanted]
    things, present = imports.known(ctx, keys), here(ctx, keys)
    new, kept, open_boxes = [], [], []
    with_entries = _with_known_entries(ctx, [each for _, each in wanted], report)
    for (source, _), each in zip(wanted, with_entries, strict=True):
        thing, before = things.get(each.key), present.get(each.key)
        there = compared(each, by_key)
        verdict = imports.judge(thing, there, compared(before, by_key) if before else None)
        if verdict == NEW:
            new.append(each)
        elif verdict == CHANGED and before is not None:
            _update(ctx, pipeline, before, each)
        elif verdict == CONFLICT:
            report.note("boxes", each.key, each.name, conflict(before is None))
        elif verdict == REFUSED:
            report.note("boxes", each.key, each.name, "its key is in use here")
        report.count("boxes", verdict)
        if verdict in (NEW, CHANGED):
            digest = imports.digest(there)
            kept.append(Thing(each.key, job.key, "box", each.key, digest, digest, thing.inside if thing else None))
        inside = imports.digest({name: source.get(name) for name in _COUNTED})
        is_here = before is not None or verdict == NEW
        if is_here and verdict != REFUSED and (full or thing is None or thing.inside != inside):
            open_boxes.append((source, inside))
    if new:
        boxes.take_over(ctx, pipeline, new, lambda each: acting_as(ctx, each.creator_key, each.created_at))
    imports.keep(ctx, kept)
    return open_boxes


def _with_known_entries(ctx: Ctx, wanted: Sequence[Box], report: Report) -> list[Box]:
    """The boxes without links to contacts and organizations that are not here."""
    known = {}
    for noun in ("contacts", "organizations"):
        keys = {link.key for each in wanted for link in getattr(each, noun)}
        known[noun] = existing_keys(ctx.db, noun, keys) if keys else set()
    found = []
    for each in wanted:
        lists = {noun: [link for link in getattr(each, noun) if link.key in known[noun]] for noun in known}
        if left_out := sum(len(getattr(each, noun)) - len(lists[noun]) for noun in known):
            reason = f"{left_out} of its contacts and organizations are not shown to the owner of the key"
            report.note("boxes", each.key, each.name, reason)
        found.append(msgspec.structs.replace(each, **lists))
    return found


_MEMBERS = ("name", "notes", "stage_key", "assignee_keys", "follower_keys", "contacts", "organizations")


def compared(each: Box, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The members by which a box at the source and here are compared: those that users edit."""
    values = {key: value for key, value in each.fields.items() if key in fields and fields[key].type != "FORMULA"}
    members = {name: getattr(each, name) for name in _MEMBERS}
    found: dict[str, Any] = msgspec.to_builtins({**members, "fields": values})
    return found


def here(ctx: Ctx, keys: Sequence[str]) -> dict[str, Box]:
    """The boxes with these keys. Checks no permission."""
    return {each.key: each for each in boxes.lock_many(ctx, list(keys))} if keys else {}


def here_unlocked(ctx: Ctx, keys: Sequence[str]) -> dict[str, Box]:
    """The same, only to read them."""
    sql = f"SELECT {BOXES.columns} FROM boxes WHERE {ctx.db.dialect.among('key', 'keys')}"
    return {each.key: each for each in BOXES.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys)))} if keys else {}


def _update(ctx: Ctx, pipeline: Pipeline, before: Box, each: Box) -> None:
    """Change what differs, as the last user at the source did. Values of formulas and of fields here stay."""
    changed = {name: getattr(each, name) for name in (*_MEMBERS, "stage_history", "stage_changed_at", "emails")}
    by_key = schema.fields_by_key(ctx, pipeline.key)
    formula_values = {key: value for key, value in before.fields.items() if by_key[key].type == "FORMULA"}
    after = msgspec.structs.replace(before, **changed, fields=dict(sorted({**formula_values, **each.fields}.items())))
    acting = acting_as(ctx, ctx.actor.key, each.updated_at)
    acting.insists = True
    boxes.save(acting, pipeline, before, after)


def link(ctx: Ctx, given: Sequence[Json], report: Report) -> None:
    """Set the boxes that these boxes are linked to, after all boxes are here. Links are only added, never removed."""
    wanted = {str(each.get("key")): texts(each.get("linkedBoxKeys")) for each in given if each.get("linkedBoxKeys")}
    if not wanted:
        return
    known = existing_keys(ctx.db, "boxes", {key for keys in wanted.values() for key in keys})
    for before in here(ctx, list(wanted)).values():
        added = [key for key in wanted[before.key] if key in known and key not in before.linked_box_keys]
        if not added:
            continue
        order = [key for key in wanted[before.key] if key in known]
        keys = [*order, *(key for key in before.linked_box_keys if key not in order)]
        after = msgspec.structs.replace(before, linked_box_keys=keys)
        BOXES.update(ctx.db, after, "linked_box_keys")
        pipeline = boxes.pipeline_of(ctx, before)
        report.count("box links", NEW, len(added))
        acting = acting_as(ctx, after.creator_key, after.updated_at)
        old = {"linked_box_keys": before.linked_box_keys}
        events.record_for_box(acting, "box.linked", after, pipeline, before=old, changed="linked_box_keys")


def recompute(ctx: Ctx, pipeline_key: str) -> None:
    """Compute the formulas of the pipeline again, which may count what came after the boxes."""
    if formulas.list_all(ctx, pipeline_key):
        formulas.schedule_recompute(ctx, pipeline_key)
