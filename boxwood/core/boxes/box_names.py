"""The names beside the keys of a box: of its pipeline, its stage and its fields, and the labels of its options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ..context import Ctx
from ..pipelines import lookup, schema
from ..records import WITH_OPTIONS, Box, Field, Pipeline, StoredBox


class BoxNames(msgspec.Struct, frozen=True):
    """Names of what the keys of a box mean now."""

    pipeline: str
    stage: str
    fields: dict[str, Any]
    """The values of fields by name, with labels in place of keys of options. If several fields have a name, the later
    ones are followed by their keys, as `Amount (1004)`."""


def of(ctx: Ctx, boxes: Sequence[Box | StoredBox]) -> list[BoxNames]:
    """Return the names of each of these boxes. Each pipeline is read once."""
    schemas: dict[str, tuple[Pipeline, dict[str, str], dict[str, tuple[str, Field]]]] = {}
    found = []
    for box in boxes:
        if box.pipeline_key not in schemas:
            schemas[box.pipeline_key] = _schema(ctx, box.pipeline_key)
        pipeline, stages, fields = schemas[box.pipeline_key]
        held = box.fields if isinstance(box, Box) else box.box().fields
        values = {fields[key][0]: label(fields[key][1], value) for key, value in held.items() if key in fields}
        found.append(BoxNames(pipeline.name, stages.get(box.stage_key, ""), values))
    return found


def _schema(ctx: Ctx, key: str) -> tuple[Pipeline, dict[str, str], dict[str, tuple[str, Field]]]:
    stages = {stage.key: stage.name for stage in schema.stages(ctx, [key])[key].values()}
    return lookup.get(ctx, key), stages, titles(schema.fields_by_key(ctx, key))


def titles(fields: Mapping[str, Field]) -> dict[str, tuple[str, Field]]:
    """Return each field with the name that no other field has here, by key."""
    taken: set[str] = set()
    found = {}
    for key, field in fields.items():
        name = field.name if field.name not in taken else f"{field.name} ({key})"
        taken.add(name)
        found[key] = (name, field)
    return found


def label(field: Field, value: Any) -> Any:
    """Return the value with labels in place of keys of options."""
    if field.type not in WITH_OPTIONS:
        return value
    labels = {option.key: option.name for option in field.options}
    if isinstance(value, list):
        return [labels.get(key, key) for key in value]
    return labels.get(value, value)
