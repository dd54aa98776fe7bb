"""Creating boxes: a single one, or many at once.

Many boxes can be created in two halves: `prepare` writes nothing and may run ahead in another thread, `store` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ...db.engine import Row
from ...errors import Insufficient
from ...lib import ids
from .. import access, events, pipelines, search
from ..access import Role
from ..context import Ctx
from ..events import PreparedEvents
from ..pipelines import formulas, names, schema, validation_rules
from ..records import BOXES, NO_ACTIVITY, NO_EMAILS, Box, BoxLink, Pipeline, StageStay
from ..search import SearchEntry
from . import boxes, links
from .changes import CHANGES

KIND = "box.created"


class PreparedBoxes(NamedTuple):
    """New boxes with everything that can be computed before they are written."""

    boxes: list[Box]
    rows: list[Row]
    events: PreparedEvents
    search_entries: list[SearchEntry]


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> Box:
    """Create a box from its `name` and any member that `edit` takes.

    Without a stage, the box is in the pipeline's first stage. Without assignees, its creator is assigned. The people
    concerned are notified, and search finds the box as soon as the transaction is committed.
    """
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    access.require_some(role, "BOX", "CREATE")
    name = given.get("name")
    if not name or not name.strip():
        raise Insufficient("Box", "name")
    stage = names.stage_for_box(ctx, pipeline, given.get("stage_key"))
    box = _new(ctx, pipeline, stage.key, ids.new("b", ctx.now), {"name": name, "notes": given.get("notes") or None})
    for member, change in CHANGES.items():
        if member in given and member not in ("name", "notes", "stage_key"):
            box = change(ctx, pipeline, box, given[member])
    completed = _completed(ctx, pipeline, [box])
    (box,) = _write(ctx, pipeline, role, completed, _rows(completed))
    events.record_for_box(ctx, KIND, box, pipeline)
    boxes.record_addresses(ctx, pipeline, box, None)
    search.index_new_box(ctx, box, _text_field_keys(ctx, pipeline))
    return box


def create_many(
    ctx: Ctx, pipeline: Pipeline, role: Role, given: Sequence[dict[str, Any]], keys: Sequence[str] | None = None
) -> list[Box]:
    """Create boxes from values that were checked before (see `prepare`), with bulk statements.

    The events are those of `create`. No user is notified, and search finds the boxes soon after the commit.
    """
    return store(ctx, pipeline, role, prepare(ctx, pipeline, given, keys))


def prepare(
    ctx: Ctx, pipeline: Pipeline, given: Sequence[dict[str, Any]], keys: Sequence[str] | None = None
) -> PreparedBoxes:
    """Prepare boxes from values that were checked before. If the pipeline has no formulas, this writes nothing.

    Each box has a `name`, and may have `notes`, `stage`, `fields`, `assignees` and `followers` (lists of user keys),
    `contacts` and `organizations` (lists of keys of the team's) and `created` (milliseconds since the epoch). `keys`
    are the keys of the boxes, if the caller wants to choose them.
    """
    first_stage = names.stage_for_box(ctx, pipeline, None).key
    keys = keys or ids.several("b", ctx.now, len(given))
    new = [_new(ctx, pipeline, first_stage, key, values) for key, values in zip(keys, given, strict=True)]
    completed = _completed(ctx, pipeline, new)
    return PreparedBoxes(
        completed,
        _rows(completed),
        events.prepare_many(ctx, KIND, completed, pipeline),
        search.prepare_new_entries(ctx, completed, _text_field_keys(ctx, pipeline)),
    )


def store(ctx: Ctx, pipeline: Pipeline, role: Role, prepared: PreparedBoxes) -> list[Box]:
    """Write boxes that were prepared for this pipeline. Since then, neither it nor its fields may have changed."""
    if not prepared.boxes:
        return []
    created = _write(ctx, pipeline, role, prepared.boxes, prepared.rows)
    # Rules that the boxes break are part of them, and so of their events.
    unchanged = created == prepared.boxes
    events.record_many(ctx, KIND, created, pipeline, prepared.events if unchanged else None)
    for box in created:
        if box.emails.addresses:
            boxes.record_addresses(ctx, pipeline, box, None)
    search.index_new_boxes(ctx, created, prepared.search_entries)
    return created


def take_over(ctx: Ctx, pipeline: Pipeline, new: list[Box], acting: Callable[[Box], Ctx]) -> list[Box]:
    """Write boxes that come from another server, with their keys, times and stage histories. Checks no permission.

    `acting` returns the context in which a box was created there. Search finds the boxes soon after the commit.
    """
    new = _completed(ctx, pipeline, new)
    rows = _rows(new)
    ctx.db.bulk("boxes", BOXES.written, rows)
    _connect(ctx, new, rows)
    for box in new:
        events.record_for_box(acting(box), KIND, box, pipeline)
    search.index_new_boxes(ctx, new, search.prepare_new_entries(ctx, new, _text_field_keys(ctx, pipeline)))
    return new


def insert(ctx: Ctx, box: Box) -> None:
    """Write a box that is not in the database, and the rows by which it is found. For restoring it from the trash."""
    BOXES.insert(ctx.db, box)
    _connect(ctx, [box], [BOXES.row(box)])


def _new(ctx: Ctx, pipeline: Pipeline, stage_key: str, key: str, given: dict[str, Any]) -> Box:
    stage_key = given.get("stage") or stage_key
    created_at = given.get("created", ctx.now)
    creator = [ctx.actor.key]
    return Box(
        key=key,
        pipeline_key=pipeline.key,
        stage_key=stage_key,
        name=given["name"],
        notes=given.get("notes"),
        creator_key=ctx.actor.key,
        source="HUMAN",
        fields=given.get("fields", {}),
        assignee_keys=given.get("assignees", creator),
        follower_keys=given.get("followers", creator),
        linked_box_keys=[],
        contacts=[BoxLink(linked) for linked in given.get("contacts", ())],
        organizations=[BoxLink(linked) for linked in given.get("organizations", ())],
        emails=NO_EMAILS,
        stage_history=[StageStay(stage_key, created_at, 0)],
        activity=NO_ACTIVITY,
        violations=[],
        created_at=created_at,
        updated_at=ctx.now,
        saved_at=ctx.now,
        stage_changed_at=created_at,
    )


def _completed(ctx: Ctx, pipeline: Pipeline, new: list[Box]) -> list[Box]:
    """The boxes with the values of formulas, and with the e-mail addresses that belong to them."""
    if pipeline.formulas_updated_at is not None:
        new = _computed(ctx, pipeline, new)
    return [links.with_addresses(ctx, box, None) if links.may_have_addresses(box) else box for box in new]


def _computed(ctx: Ctx, pipeline: Pipeline, new: list[Box]) -> list[Box]:
    if ctx.db.for_update:  # a formula that is being changed now is computed as it will be
        ctx.db.row("SELECT key FROM pipelines WHERE key = :key FOR SHARE", key=pipeline.key)
    if not (wanted := formulas.list_all(ctx, pipeline.key)):
        return new
    computed, slow = formulas.compute(ctx, pipeline, wanted, new)
    formulas.note_overruns(ctx, pipeline.key, slow)
    return computed


def _rows(new: list[Box]) -> list[Row]:
    return [BOXES.row(box) for box in new]


def _write(ctx: Ctx, pipeline: Pipeline, role: Role, new: list[Box], rows: list[Row]) -> list[Box]:
    """Write the boxes and all that connects them with other records, if the actor and the rules permit it.

    Returns the boxes with the rules that they break, or the same list if there are no rules.
    """
    if not access.grants_any(role, "BOX", "CREATE"):
        for box in new:
            access.require(ctx, role, "BOX", "CREATE", box)
    ctx.db.bulk("boxes", BOXES.written, rows)
    # Without rules, `judged` looks for a first one that was committed a moment ago: a statement for each box.
    if pipeline.validators_updated_at is not None or len(new) == 1:
        new = [validation_rules.with_violations(ctx, pipeline, box, new=True) for box in new]
        for box in new:
            validation_rules.enforce(ctx, pipeline, box, None)
    _connect(ctx, new, rows)
    return new


def _connect(ctx: Ctx, new: list[Box], rows: list[Row]) -> None:
    """Write the rows by which boxes are found from their assignees, from other boxes, contacts and organizations."""
    assignments = [(user_key, box.key) for box in new for user_key in box.assignee_keys]
    if assignments:
        ctx.db.bulk("assignments", ("user_key", "box_key"), assignments)
    for box in new:
        if box.linked_box_keys:
            boxes.link_back(ctx, box, [])
    links.save_new(ctx, new, rows)


def _text_field_keys(ctx: Ctx, pipeline: Pipeline) -> set[str]:
    by_key = schema.fields_by_key(ctx, pipeline.key)
    return {field.key for field in by_key.values() if field.type in search.TEXT_TYPES}
