"""Pipelines, stages and fields over HTTP."""

from __future__ import annotations

from typing import Any

from ..core import pipelines
from ..core.access import Role
from ..core.pipelines import fields, formulas, names, schema, stage_colours, stages
from ..core.records import Pipeline
from ..core.views import listing
from ..errors import Invalid, NotFound
from ..wire.shapes import pipelines as shapes
from ..wire.shapes import stages as stage_shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import MOST_PER_PAGE, Call


def list_v1(call: Call) -> list[shapes.PipelineOut]:
    """All pipelines that the caller can access. `counts=false` leaves out the numbers of boxes, which take time."""
    limit, offset = call.page(MOST_PER_PAGE) if {"limit", "page"} & call.given.keys() else (None, 0)
    found = pipelines.reach_all(call.ctx, sort_by=call.sort_by(), limit=limit, offset=offset)
    return _shown(call, [pipeline for pipeline, _ in found], _counts_of_all(call, found))


def list_v2(call: Call) -> Results[shapes.PipelineOut]:
    """A page of the pipelines that the caller can access. `counts=false` leaves out the numbers of boxes, which take
    time."""
    limit, offset = call.page(MOST_PER_PAGE)
    found = pipelines.reach_all(call.ctx, sort_by=call.sort_by(), limit=limit + 1, offset=offset)
    counts = _counts_of_all(call, found[:limit])
    return Results(_shown(call, [pipeline for pipeline, _ in found[:limit]], counts), len(found) > limit)


def get(call: Call) -> shapes.PipelineOut:
    """A pipeline with its stages, fields, access list and the numbers of boxes that you see."""
    pipeline = pipelines.get(call.ctx, call.path[0])
    return _shown(call, [pipeline], _counts_of_one(call, pipeline))[0]


def create(call: Call) -> shapes.PipelineOut:
    """Create a pipeline in a team.

    Without stages, the pipeline gets one stage. Without a team, it is in the caller's oldest team. In v1, the fields
    are `fieldNames` with as many `fieldTypes`, and only its members can access the pipeline unless `teamWide` is true.
    In v2, the whole team can access it unless `defaultPermissionSetName` says otherwise.
    """
    given = call.parse(shapes.PIPELINE_CREATE)
    given["stages"] = given.get("stages") or given.get("stage_names")
    given["fields"] = given.get("fields") or _paired(given.get("field_names", []), given.get("field_types", []))
    if "v1" in call.edition:
        given["shared"] = bool(given.get("shared"))
    return _shown(call, [pipelines.create(call.ctx, given)], {})[0]


def _paired(names: list[str], types: list[str]) -> list[dict[str, Any]]:
    if len(names) != len(types):
        raise Invalid(
            "fieldTypes", f"must have as many entries as fieldNames: {len(types)} types for {len(names)} names"
        )
    return [{"name": name, "type": kind} for name, kind in zip(names, types, strict=True)]


def edit(call: Call) -> shapes.PipelineOut:
    """Update a pipeline.

    Only the members you send change. `aclEntries` replaces the access list, but the owner always stays.
    """
    changes = call.parse(shapes.PIPELINE_EDIT)
    changes = {name: value for name, value in changes.items() if value is not None or name == "description"}
    if "permission_sets" in changes:
        changes["permission_sets"] = shapes.permission_sets(changes["permission_sets"])
    pipeline = pipelines.edit(call.ctx, call.path[0], changes)
    return _shown(call, [pipeline], _counts_of_one(call, pipeline))[0]


def delete_v1(call: Call) -> Success:
    """Delete a pipeline and everything in it."""
    pipelines.delete(call.ctx, call.path[0], only_empty=False)
    return SUCCESS


def delete_v2(call: Call) -> Success:
    """Delete a pipeline. It must not contain boxes."""
    pipelines.delete(call.ctx, call.path[0], only_empty=True)
    return Success(message="The pipeline was deleted")


def list_themes(call: Call) -> dict[str, Any]:
    """The colour themes for pipelines, each with the colours of its stages in order."""
    return {
        "results": [
            {
                "name": name,
                "colors": [stage_shapes.Color(*stage_colours.colours(name, at)) for at in range(len(shades))],
            }
            for name, shades in stage_colours.THEMES.items()
        ]
    }


def _shown(
    call: Call, found: list[Pipeline], counts: dict[str, dict[str, int]] | None = None
) -> list[shapes.PipelineOut]:
    keys = [pipeline.key for pipeline in found]
    their_fields, their_stages = schema.fields(call.ctx, keys), schema.stages(call.ctx, keys)
    members = pipelines.members(call.ctx, keys)
    return [
        shapes.pipeline(
            pipeline,
            their_fields[pipeline.key],
            their_stages[pipeline.key],
            members[pipeline.key],
            None if counts is None else counts.get(pipeline.key, {}),
        )
        for pipeline in found
    ]


def _counts_of_all(call: Call, found: list[tuple[Pipeline, Role]]) -> dict[str, dict[str, int]] | None:
    """Return the numbers of boxes that the caller sees, by pipeline and stage; None if the caller wants
    none."""
    return pipelines.count_boxes(call.ctx, found) if _with_counts(call) else None


def _with_counts(call: Call) -> bool:
    return call.ctx.sees("boxes") and call.flag("counts", default=True)


def _counts_of_one(call: Call, pipeline: Pipeline) -> dict[str, dict[str, int]] | None:
    counts = _counts(call, pipeline)
    return None if counts is None else {pipeline.key: counts}


def _counts(call: Call, pipeline: Pipeline) -> dict[str, int] | None:
    """Return the numbers of boxes that the caller sees, by stage key; empty if the caller has just given up access, and
    None if the API key may not read boxes."""
    if not call.ctx.sees("boxes"):
        return None
    try:
        reached = pipelines.reach(call.ctx, pipeline.key)
    except NotFound:
        return {}
    return pipelines.count_boxes(call.ctx, [reached])[pipeline.key]


def list_stages(call: Call) -> dict[str, stage_shapes.StageOut]:
    """The stages of a pipeline by key, in their order."""
    pipeline = pipelines.get(call.ctx, call.path[0])
    found = schema.stages(call.ctx, [pipeline.key])[pipeline.key]
    counts = _counts(call, pipeline)
    return {key: stage_shapes.stage(pipeline, found[key], counts) for key in pipeline.stage_order}


def get_stage(call: Call) -> stage_shapes.StageOut:
    """A stage."""
    pipeline = pipelines.get(call.ctx, call.path[0])
    stage = names.stage(call.ctx, pipeline, call.path[1])
    return stage_shapes.stage(pipeline, stage, _counts(call, pipeline))


def create_stage(call: Call) -> stage_shapes.StageOut:
    """Create a stage at the end of the order."""
    pipeline, stage = stages.create(call.ctx, call.path[0], call.parse(stage_shapes.STAGE))
    return stage_shapes.stage(pipeline, stage, {})


def edit_stage(call: Call) -> stage_shapes.StageOut:
    """Change the name or the colour of a stage."""
    pipeline, stage = stages.edit(call.ctx, call.path[0], call.path[1], call.parse(stage_shapes.STAGE))
    return stage_shapes.stage(pipeline, stage, _counts(call, pipeline))


def delete_stage(call: Call) -> Success:
    """Delete an empty stage. The last stage of a pipeline cannot be deleted."""
    stages.delete(call.ctx, call.path[0], call.path[1])
    return SUCCESS


def list_fields(call: Call) -> list[shapes.FieldOut]:
    """The fields of a pipeline, in the order of creation."""
    pipeline = pipelines.get(call.ctx, call.path[0])
    return [shapes.field(field) for field in schema.fields(call.ctx, [pipeline.key])[pipeline.key]]


def get_field(call: Call) -> shapes.FieldOut:
    """A field."""
    return shapes.field(names.field(call.ctx, pipelines.get(call.ctx, call.path[0]), call.path[1]))


def create_field(call: Call) -> shapes.FieldOut:
    """Create a field of one of the nine types. For a FORMULA, `defaultValue` is the formula."""
    changes = shapes.field_changes(call.parse(shapes.FIELD_CREATE))
    return shapes.field(fields.create(call.ctx, call.path[0], changes))


def edit_field(call: Call) -> shapes.FieldOut:
    """Rename a field or set its options. `addOnly=true` adds options instead of replacing them."""
    read = call.parse(shapes.FIELD_EDIT)
    add_only = bool(read.get("add_only"))
    changes = shapes.field_changes(read)
    return shapes.field(fields.edit(call.ctx, call.path[0], call.path[1], changes, add_only=add_only))


def preview_formula(call: Call) -> Results[shapes.FormulaValueOut]:
    """Preview a formula without saving it: its values for the boxes that changed last."""
    text = call.parse(shapes.FORMULA_PREVIEW).get("formula")
    if not text:
        raise Invalid("formula", "is missing")
    pipeline = pipelines.get(call.ctx, call.path[0])
    limit, _ = call.page(5)
    found = listing.page(call.ctx, pipeline.key, stage_key=None, sort_by="updated_at", limit=min(limit, 50), offset=0)
    boxes = [box.box() for box in found]
    values = formulas.preview(call.ctx, pipeline, text, boxes)
    return Results([shapes.formula_value(box, value) for box, value in zip(boxes, values, strict=True)])


def delete_field(call: Call) -> Success:
    """Delete a field and its values in all boxes."""
    fields.delete(call.ctx, call.path[0], call.path[1])
    return SUCCESS
