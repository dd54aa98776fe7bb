"""Editing a box: several members at once, or one field."""

from __future__ import annotations

from typing import Any

from ...errors import Invalid
from ..context import Ctx
from ..pipelines import field_values, names, validation_rules
from ..records import Box, Field
from . import boxes, lookup, transfers
from .changes import CHANGES, merge_fields


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Box:
    """Apply the given values and return the box. Each member that changes records one event.

    Members that are equal to the stored values are ignored. With a `pipeline_key`, the box moves there first.
    """
    is_moved = bool(changes.get("pipeline_key")) and changes["pipeline_key"] != lookup.get(ctx, key).pipeline_key
    if is_moved:
        transfers.move(ctx, key, changes["pipeline_key"], changes.get("stage_key"), enforce=False)
    box, pipeline, _ = lookup.reach(ctx, key, "UPDATE")
    if "name" in changes and not (changes["name"] or "").strip():
        raise Invalid("name", "must not be empty")
    before = box
    for member, change in CHANGES.items():
        if member in changes:
            box = change(ctx, pipeline, box, changes[member])
    box = boxes.save(ctx, pipeline, before, box)
    if box is not before or is_moved:
        validation_rules.enforce(ctx, pipeline, box, None if is_moved else before)
    return box


def set_field(ctx: Ctx, key: str, wanted: str, value: Any) -> tuple[Field, Any]:
    """Set the value of the field with this key or name. Returns the field, and what is stored: None if it is unset."""
    box, pipeline, _ = lookup.reach(ctx, key, "UPDATE")
    field = names.field(ctx, pipeline, wanted)
    field_values.check(ctx, pipeline, field, value, "value")
    after = boxes.save(ctx, pipeline, box, merge_fields(ctx, pipeline, box, {field.key: value}))
    if after is not box:
        validation_rules.enforce(ctx, pipeline, after, box)
    return field, after.fields.get(field.key)
