"""Stages: the steps of a pipeline, in its order. Keys count up from 5001 and are never used again."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ...errors import Conflict, Insufficient, Invalid
from .. import access, events, trash
from ..context import Ctx
from ..records import STAGES, Pipeline, Stage
from . import formulas, lookup, saving, schema, validation_rules

MOST = 500
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30}|(rgb|hsl)a?\([0-9.,%/ ]{3,40}\)")


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> tuple[Pipeline, Stage]:
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    access.require(ctx, role, "STAGE", "CREATE", pipeline)
    if not given.get("name"):
        raise Insufficient("Stage", "name")
    pipeline, stage = add(ctx, pipeline, given["name"], given.get("color") or {})
    saving.touch(ctx, pipeline)
    tell(ctx, "stage.created", stage, pipeline)
    return pipeline, stage


def add(ctx: Ctx, pipeline: Pipeline, name: str, color: dict[str, str] | None = None) -> tuple[Pipeline, Stage]:
    """At the end of the order. The caller saves the pipeline."""
    if len(pipeline.stage_order) >= MOST:
        raise Invalid("stages", f"a pipeline has at most {MOST} stages")
    if not name.strip():
        raise Invalid("name", "a stage needs a name")
    foreground, background = _colours(color or {})
    stage = Stage(pipeline.key, str(pipeline.next_stage), name, foreground, background, ctx.now)
    STAGES.insert(ctx.db, stage)
    order = [*pipeline.stage_order, stage.key]
    return msgspec.structs.replace(pipeline, stage_order=order, next_stage=pipeline.next_stage + 1), stage


def edit(ctx: Ctx, pipeline_key: str, key: str, changes: dict[str, Any]) -> tuple[Pipeline, Stage]:
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    access.require(ctx, role, "STAGE", "UPDATE", pipeline)
    stage = schema.stage(ctx, pipeline, key)
    if "name" in changes and not changes["name"].strip():
        raise Invalid("name", "a stage needs a name")
    after = msgspec.structs.replace(stage, name=changes.get("name", stage.name))
    if changes.get("color"):
        foreground, background = _colours(changes["color"])
        after = msgspec.structs.replace(after, foreground=foreground, background=background)
    if after == stage:
        return pipeline, stage
    after = msgspec.structs.replace(after, updated_at=ctx.now)
    ctx.db.run(
        """
        UPDATE stages SET name = :name, foreground = :foreground, background = :background, updated_at = :updated_at
        WHERE pipeline_key = :pipeline_key AND key = :key
        """,
        **STAGES.params(after),
    )
    if after.name != stage.name:
        formulas.lost(ctx, pipeline, "stage")
        validation_rules.follow(ctx, pipeline)
    pipeline = saving.touch(ctx, pipeline)
    before = {"name": stage.name, "foreground": stage.foreground, "background": stage.background}
    tell(ctx, "stage.edited", after, pipeline, before=before)
    return pipeline, after


def delete(ctx: Ctx, pipeline_key: str, key: str) -> None:
    """Only an empty stage, and never the last one (spec 3.3)."""
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    access.require(ctx, role, "STAGE", "DELETE", pipeline)
    stage = schema.stage(ctx, pipeline, key)
    if len(pipeline.stage_order) == 1:
        raise Conflict("A pipeline needs a stage: the last one cannot be deleted")
    if ctx.db.row(
        "SELECT 1 FROM boxes WHERE pipeline_key = :pipeline AND stage_key = :key LIMIT 1",
        pipeline=pipeline.key,
        key=key,
    ):
        raise Conflict("Only an empty stage can be deleted: move its boxes first")
    trash.store(ctx, "stage", key, stage.name, pipeline=pipeline, place=pipeline.stage_order.index(key))
    order = [one for one in pipeline.stage_order if one != key]
    pipeline = saving.touch(ctx, pipeline, stage_order=order)
    ctx.db.run("DELETE FROM stages WHERE pipeline_key = :pipeline AND key = :key", pipeline=pipeline.key, key=key)
    tell(ctx, "stage.deleted", stage, pipeline)


def tell(ctx: Ctx, kind: str, stage: Stage, pipeline: Pipeline, *, before: Any = None) -> None:
    """With the colours it has now, which the pipeline's theme may give it."""
    shown = msgspec.json.encode(schema.stage_colours(pipeline, stage)).decode()
    events.record(ctx, kind, stage, pipeline=pipeline, before=before, subject=stage.name, colours=shown)


def _colours(color: dict[str, str]) -> tuple[str, str]:
    """Both given, or both empty to take the theme's again."""
    foreground, background = color.get("foreground", ""), color.get("background", "")
    for name, value in (("foregroundColor", foreground), ("backgroundColor", background)):
        if value and not _COLOUR.fullmatch(value):
            raise Invalid(f"color.{name}", f"{value[:40]!r} is no CSS colour; one is #1a73e8")
    return foreground, background
