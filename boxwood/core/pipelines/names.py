"""What clients may give in place of keys: names of pipelines, stages and fields, and labels of options (ruling 36).

A key always wins. Names are compared exactly first, then without regard to case and blanks. A text that names several
things is refused, with all of them. Names are looked up only if a text is no key, so keys cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import Invalid, NotFound
from ...lib import ids, names
from ..context import Ctx
from ..records import Field, Pipeline, Stage
from . import lookup, schema


def choose(known: Mapping[str, str], wanted: str, where: str, things: str) -> str | None:
    """Return the key of the thing that the text names, of things given as names by key; None if there is none.

    Raise `Invalid` for `where` if it names several. `things` is what they are, in the plural.
    """
    found = names.matching(known, wanted)
    if len(found) > 1:
        raise Invalid(where, names.ambiguous(known, found, wanted, things))
    return found[0] if found else None


def require(known: Mapping[str, str], wanted: Any, where: str, thing: str) -> str:
    """The same, but raise `Invalid` also if there is none. `thing` is what they are, in the singular."""
    text = str(wanted).strip()
    found = choose(known, text, where, f"{thing}s")
    if found is None:
        raise Invalid(where, f"there is no {thing} {text[:50]!r} here; use one of {names.listed(known, most=50)}")
    return found


def stage_names(ctx: Ctx, pipeline: Pipeline) -> dict[str, str]:
    """Return the names of the pipeline's stages by key, in their order."""
    found = schema.stages(ctx, [pipeline.key])[pipeline.key]
    return {key: found[key].name for key in pipeline.stage_order}


def stage_key(ctx: Ctx, pipeline: Pipeline, wanted: str, where: str = "stageKey") -> str:
    """Return the key of the stage that the text names by key or name. Raise `Invalid` if there is none."""
    if wanted in pipeline.stage_order:
        return wanted
    known = stage_names(ctx, pipeline)
    key = choose(known, wanted, where, "stages")
    if key is None:
        raise Invalid(where, f"no stage {wanted[:50]!r} in this pipeline; it has {names.listed(known)}")
    return key


def stage_for_box(ctx: Ctx, pipeline: Pipeline, wanted: str | None) -> Stage:
    """Return the stage that the text names, for a box; the first stage if it is empty or None."""
    key = stage_key(ctx, pipeline, wanted) if wanted else pipeline.stage_order[0]
    return schema.stage(ctx, pipeline, key)


def find_field(fields: Mapping[str, Field], wanted: str, where: str) -> Field | None:
    """Return the field that the text names by key or name; None if there is none."""
    if wanted in fields:
        return fields[wanted]
    key = choose({key: field.name for key, field in fields.items()}, wanted, where, "fields")
    return fields[key] if key else None


def by_field_key(fields: Mapping[str, Field], given: dict[str, Any]) -> dict[str, Any]:
    """Return values that are given by keys or names of fields, by the keys. Raise `Invalid` for an unknown field."""
    if given.keys() <= fields.keys():
        return given
    found: dict[str, Any] = {}
    for wanted, value in given.items():
        where = f"fields.{wanted[:100]}"
        field = find_field(fields, wanted, where)
        if field is None:
            shown = names.listed({key: field.name for key, field in fields.items()})
            raise Invalid(where, f"no field {wanted[:50]!r} in this pipeline; it has {shown}")
        if field.key in found or (wanted != field.key and field.key in given):
            raise Invalid(where, f"names the field {field.key} ({field.name}), which is given twice")
        found[field.key] = value
    return found


def field(ctx: Ctx, pipeline: Pipeline, wanted: str) -> Field:
    """Return the field that a path names by key or name. Raise `NotFound` if there is none. Digits are always a key."""
    fields = schema.fields_by_key(ctx, pipeline.key)
    found = fields.get(wanted) if wanted.isdecimal() else find_field(fields, wanted, "field")
    if found is None:
        raise NotFound(wanted)
    return found


def stage(ctx: Ctx, pipeline: Pipeline, wanted: str) -> Stage:
    """Return the stage that a path names by key or name. Raise `NotFound` if there is none. Digits are always a key."""
    if wanted in pipeline.stage_order or wanted.isdecimal():
        return schema.stage(ctx, pipeline, wanted)
    key = choose(stage_names(ctx, pipeline), wanted, "stage", "stages")
    if key is None:
        raise NotFound(wanted)
    return schema.stage(ctx, pipeline, key)


def option_key(field: Field, wanted: Any, where: str) -> str | None:
    """Return the key of the option that the value names by key or label; None if there is none."""
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        wanted = str(wanted)
    if not isinstance(wanted, str):
        return None
    known = {option.key: option.name for option in field.options}
    return wanted if wanted in known else choose(known, wanted, where, "options")


def pipeline_key(ctx: Ctx, wanted: str, where: str) -> str | None:
    """Return the key of the pipeline that the text names, of those that the actor reaches; None if there is none."""
    if ids.is_key("p", wanted):
        return wanted
    known = {pipeline.key: pipeline.name for pipeline, _ in lookup.reach_all(ctx)}
    return choose(known, wanted, where, "pipelines")
