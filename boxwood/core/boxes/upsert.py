"""Editing the box that matches the given values, or creating it."""

from __future__ import annotations

from typing import Any

from ...errors import Invalid
from .. import pipelines
from ..context import Ctx
from ..pipelines import field_values, names, schema
from ..records import Box
from . import creation, edits, lookup, matches


def upsert(ctx: Ctx, pipeline_key: str, match: str, given: dict[str, Any], *, update: bool = True) -> tuple[Box, bool]:
    """Edit the box with the given name (`match="name"`) or value of a field (`match` is its key or name), or create it.

    Texts are compared as in `matches`. Returns the box, and whether it was created. With `update=False` an existing box
    stays as it is. If several boxes match, this is the oldest. Two requests at once cannot both create the box: each of
    them locks the pipeline.
    """
    pipeline, role = pipelines.reach(ctx, pipeline_key, change=True)
    if match == matches.NAME:
        value = given.get("name")
    else:
        fields = schema.fields_by_key(ctx, pipeline.key)
        field = names.find_field(fields, match, "match")
        if field is None or field.type not in ("TEXT_INPUT", "DATE", "DROPDOWN"):
            raise Invalid("match", "must be name, or the key or name of a text, date or dropdown field")
        match = field.key
        given = {**given, "fields": names.by_field_key(fields, given.get("fields") or {})}
        value = field_values.check(ctx, pipeline, field, given["fields"].get(match), f"fields.{match}")
    if value is None or value == "":
        raise Invalid(match if match == matches.NAME else f"fields.{match}", "is missing: boxes are matched by it")
    wanted = matches.folded(value)
    key = matches.find(ctx, pipeline, role, match, [wanted]).get(wanted)
    if key is None:
        return creation.create(ctx, pipeline.key, given), True
    return (edits.edit(ctx, key, given) if update else lookup.get(ctx, key)), False
