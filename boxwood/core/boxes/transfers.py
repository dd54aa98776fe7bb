"""Moving a box to another pipeline."""

from __future__ import annotations

from typing import Any

import msgspec

from .. import access, events, pipelines, search
from ..context import Ctx
from ..pipelines import formulas, names, schema, validation_rules
from ..records import BOXES, WITH_OPTIONS, Box, Field, Pipeline, StageStay
from . import boxes, links, lookup


def move(ctx: Ctx, key: str, pipeline_key: str, stage_key: str | None = None, *, enforce: bool = True) -> Box:
    """Move a box to another pipeline: to the given stage, else to one of the same name, else to the first.

    Values go into fields of the same name and type, options by their names. The other values are only in the event,
    from which undo restores them. Rules of the new pipeline that reject the box are enforced, unless `enforce` is
    False: then the caller changes more of the box and enforces them itself.
    """
    box, old, role = lookup.reach(ctx, key, "UPDATE")
    if pipeline_key == old.key:
        return box
    new, new_role = pipelines.reach(ctx, pipeline_key)
    access.require(ctx, role, "BOX", "DELETE", box)
    access.require_some(new_role, "BOX", "CREATE")
    stage = names.stage_for_box(ctx, new, stage_key or _same_stage(ctx, old, new, box.stage_key))
    same_team = old.team_key == new.team_key
    after = msgspec.structs.replace(
        box,
        pipeline_key=new.key,
        stage_key=stage.key,
        fields=_carried(ctx, old, new, box.fields),
        contacts=box.contacts if same_team else [],
        organizations=box.organizations if same_team else [],
        stage_history=[StageStay(stage.key, ctx.now, 0)],
        stage_changed_at=ctx.now,
        updated_at=ctx.now,
        saved_at=ctx.now,
    )
    after = formulas.computed(ctx, new, after)
    access.require(ctx, new_role, "BOX", "CREATE", after)
    after = links.with_addresses(ctx, after, box)
    BOXES.update(ctx.db, after)
    after = validation_rules.with_violations(ctx, new, after, new=True)
    if enforce:
        validation_rules.enforce(ctx, new, after, None)
    links.save(ctx, after, box)
    for table in boxes.TABLES_WITH_PIPELINE:
        ctx.db.run(f"UPDATE {table} SET pipeline_key = :pipeline WHERE box_key = :box", pipeline=new.key, box=key)
    before: dict[str, Any] = {"pipeline_key": old.key, "stage_key": box.stage_key, "fields": box.fields}
    if not same_team:
        before |= {"contacts": box.contacts, "organizations": box.organizations}
    detail = {"old_pipeline_key": old.key, "old_pipeline_name": old.name, "old_stage_key": box.stage_key}
    events.record_for_box(ctx, "box.moved_pipeline", after, new, before=before, **detail)
    search.reindex(ctx, "box", key)
    search.reindex_parts(ctx, "box_key", key)
    # The event belongs to the new pipeline. The old pipeline changes too, each time that a box leaves it.
    newer = "CASE WHEN saved_at < :now THEN :now ELSE saved_at + 1 END"
    ctx.db.run(f"UPDATE pipelines SET saved_at = {newer} WHERE key = :key", now=ctx.now, key=old.key)
    return after


def _same_stage(ctx: Ctx, old: Pipeline, new: Pipeline, key: str) -> str | None:
    both = schema.stages(ctx, [old.key, new.key])
    name = both[old.key][key].name
    return next((stage_key for stage_key in new.stage_order if both[new.key][stage_key].name == name), None)


def _carried(ctx: Ctx, old: Pipeline, new: Pipeline, values: dict[str, Any]) -> dict[str, Any]:
    """The values that the new pipeline has fields for, by their keys there."""
    both = schema.fields(ctx, [old.key, new.key])
    targets = {(field.name, field.type): field for field in reversed(both[new.key])}
    carried = {}
    for field in both[old.key]:
        target = targets.get((field.name, field.type))
        if target is None or field.key not in values or field.type == "FORMULA":
            continue
        if field.type in ("TEAM_CONTACT", "TEAM_ORGANIZATION") and old.team_key != new.team_key:
            continue
        value = values[field.key]
        if field.type in WITH_OPTIONS:
            value = _same_options(field, target, value)
        if value:
            carried[target.key] = value
    return carried


def _same_options(field: Field, target: Field, value: Any) -> Any:
    """The options of the target field that have the same names."""
    labels = {option.key: option.name for option in field.options}
    keys = {option.name: option.key for option in target.options}
    if isinstance(value, list):
        return [keys[labels[option]] for option in value if labels.get(option) in keys]
    return keys.get(labels.get(value, ""))
