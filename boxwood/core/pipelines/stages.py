"""Create, edit and delete the stages of a pipeline. Stage keys count up from 5001 and are never used again."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ...errors import Conflict, Insufficient, Invalid
from .. import access, events, trash
from ..context import Ctx
from ..records import STAGES, Pipeline, Stage
from . import formulas, lookup, names, saving, schema, validation_rules

MOST = 500
_WORDS = re.compile(r"[^\W_]+")
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30}|(rgb|hsl)a?\([0-9.,%/ ]{3,40}\)")


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> tuple[Pipeline, Stage]:
    """Create a stage at the end of the pipeline's order."""
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    access.require(ctx, role, "STAGE", "CREATE", pipeline)
    if not given.get("name"):
        raise Insufficient("Stage", "name")
    pipeline, stage = add(ctx, pipeline, given["name"], given.get("color") or {}, given.get("kind"))
    saving.touch(ctx, pipeline)
    record_event(ctx, "stage.created", stage, pipeline)
    return pipeline, stage


def add(
    ctx: Ctx, pipeline: Pipeline, name: str, color: dict[str, str] | None = None, kind: str | None = None
) -> tuple[Pipeline, Stage]:
    """Insert a stage at the end of the order. Return it with the changed pipeline, which the caller saves. Without a
    kind, the name decides."""
    if len(pipeline.stage_order) >= MOST:
        raise Invalid("stages", f"a pipeline can have at most {MOST} stages")
    if not name.strip():
        raise Invalid("name", "must not be empty")
    foreground, background = _colours(color or {})
    stage = Stage(pipeline.key, str(pipeline.next_stage), name, foreground, background, ctx.now, kind or kind_of(name))
    STAGES.insert(ctx.db, stage)
    order = [*pipeline.stage_order, stage.key]
    return msgspec.structs.replace(pipeline, stage_order=order, next_stage=pipeline.next_stage + 1), stage


def edit(ctx: Ctx, pipeline_key: str, key: str, changes: dict[str, Any]) -> tuple[Pipeline, Stage]:
    """Change a stage's name, kind and colours. Values equal to the stored ones are ignored. A new name that says won or
    lost sets the kind, unless a kind is given."""
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    access.require(ctx, role, "STAGE", "UPDATE", pipeline)
    stage = names.stage(ctx, pipeline, key)
    if "name" in changes and not changes["name"].strip():
        raise Invalid("name", "must not be empty")
    name = changes.get("name", stage.name)
    said = kind_of(name) if name != stage.name else "OPEN"
    kind = changes.get("kind") or (said if said != "OPEN" else stage.kind)
    after = msgspec.structs.replace(stage, name=name, kind=kind)
    if changes.get("color"):
        foreground, background = _colours(changes["color"])
        # A client that sends a stage back as it read it keeps the colours of the theme.
        if (foreground, background) != schema.stage_colours(pipeline, stage):
            after = msgspec.structs.replace(after, foreground=foreground, background=background)
    if after == stage:
        return pipeline, stage
    after = msgspec.structs.replace(after, updated_at=ctx.now)
    ctx.db.run(
        """
        UPDATE stages SET name = :name, kind = :kind, foreground = :foreground, background = :background,
            updated_at = :updated_at
        WHERE pipeline_key = :pipeline_key AND key = :key
        """,
        **STAGES.params(after),
    )
    if after.name != stage.name:
        formulas.recompute_readers(ctx, pipeline, "stage")
        validation_rules.recheck_after_schema_change(ctx, pipeline)
    pipeline = saving.touch(ctx, pipeline)
    before = {name: getattr(stage, name) for name in ("name", "kind", "foreground", "background")}
    record_event(ctx, "stage.edited", after, pipeline, before=before)
    return pipeline, after


def delete(ctx: Ctx, pipeline_key: str, wanted: str) -> None:
    """Delete an empty stage. Raise `Conflict` if it has boxes or is the pipeline's last stage (spec 3.3)."""
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    access.require(ctx, role, "STAGE", "DELETE", pipeline)
    stage = names.stage(ctx, pipeline, wanted)
    key = stage.key
    if len(pipeline.stage_order) == 1:
        raise Conflict("A pipeline must have a stage: its last stage cannot be deleted")
    if ctx.db.row(
        "SELECT 1 FROM boxes WHERE pipeline_key = :pipeline AND stage_key = :key LIMIT 1",
        pipeline=pipeline.key,
        key=key,
    ):
        raise Conflict("Only an empty stage can be deleted: move its boxes first")
    trash.store(ctx, "stage", key, stage.name, pipeline=pipeline, place=pipeline.stage_order.index(key))
    order = [stage_key for stage_key in pipeline.stage_order if stage_key != key]
    pipeline = saving.touch(ctx, pipeline, stage_order=order)
    ctx.db.run("DELETE FROM stages WHERE pipeline_key = :pipeline AND key = :key", pipeline=pipeline.key, key=key)
    record_event(ctx, "stage.deleted", stage, pipeline)


def record_event(ctx: Ctx, kind: str, stage: Stage, pipeline: Pipeline, *, before: Any = None) -> None:
    """Record an event of a stage, with its present colours, which may come from the pipeline's theme."""
    shown = msgspec.json.encode(schema.stage_colours(pipeline, stage)).decode()
    events.record(ctx, kind, stage, pipeline=pipeline, before=before, subject=stage.name, colours=shown)


def kind_of(name: str) -> str:
    """What the name of a stage says: WON, LOST, or OPEN if it has neither of these words."""
    words = _WORDS.findall(name.casefold())
    return "WON" if "won" in words else "LOST" if "lost" in words else "OPEN"


def _colours(color: dict[str, str]) -> tuple[str, str]:
    """Return foreground and background. Empty texts mean the colours of the theme."""
    foreground, background = color.get("foreground", ""), color.get("background", "")
    for name, value in (("foregroundColor", foreground), ("backgroundColor", background)):
        if value and not _COLOUR.fullmatch(value):
            raise Invalid(f"color.{name}", f"must be a CSS colour such as #1a73e8, but is {value[:40]!r}")
    return foreground, background
