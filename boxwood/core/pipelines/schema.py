"""Read the stages and fields of pipelines."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import NotFound
from ..context import Ctx
from ..records import FIELDS, STAGES, Field, Pipeline, Stage
from . import stage_colours as pipeline_stage_colours


def fields(ctx: Ctx, keys: list[str]) -> dict[str, list[Field]]:
    """Return the fields of these pipelines by pipeline key, in the order in which they were created."""
    found: dict[str, list[Field]] = {key: [] for key in keys}
    for row in ctx.db.rows(
        f"""
        SELECT {FIELDS.columns} FROM fields WHERE {ctx.db.dialect.among("pipeline_key", "keys")}
        ORDER BY pipeline_key, LENGTH(key), key
        """,
        keys=ctx.db.texts(keys),
    ):
        found[row[0]].append(FIELDS.load(row))
    return found


def fields_by_key(ctx: Ctx, pipeline_key: str) -> Mapping[str, Field]:
    """Return the pipeline's fields by key, in the order in which they were created."""
    sql = f"SELECT {FIELDS.columns} FROM fields WHERE pipeline_key = :pipeline ORDER BY LENGTH(key), key"

    def read() -> dict[str, Field]:
        return {field.key: field for field in FIELDS.load_all(ctx.db.rows(sql, pipeline=pipeline_key))}

    return ctx.db.remember(("fields", pipeline_key), read)


def field(ctx: Ctx, pipeline: Pipeline, key: str) -> Field:
    """Return a field of the pipeline. Raise `NotFound` if there is none with this key."""
    row = ctx.db.row(
        f"SELECT {FIELDS.columns} FROM fields WHERE pipeline_key = :pipeline AND key = :key",
        pipeline=pipeline.key,
        key=key,
    )
    if row is None:
        raise NotFound(key)
    return FIELDS.load(row)


def stages(ctx: Ctx, keys: list[str]) -> dict[str, dict[str, Stage]]:
    """Return the stages of these pipelines, by pipeline key and stage key. `Pipeline.stage_order` has their order."""
    found: dict[str, dict[str, Stage]] = {key: {} for key in keys}
    for stage in STAGES.load_all(
        ctx.db.rows(
            f"SELECT {STAGES.columns} FROM stages WHERE {ctx.db.dialect.among('pipeline_key', 'keys')}",
            keys=ctx.db.texts(keys),
        )
    ):
        found[stage.pipeline_key][stage.key] = stage
    return found


def stage(ctx: Ctx, pipeline: Pipeline, key: str) -> Stage:
    """Return a stage of the pipeline. Raise `NotFound` if there is none with this key."""

    def read() -> Stage | None:
        row = ctx.db.row(
            f"SELECT {STAGES.columns} FROM stages WHERE pipeline_key = :pipeline AND key = :key",
            pipeline=pipeline.key,
            key=key,
        )
        return STAGES.load(row) if row else None

    found = ctx.db.remember(("stage", pipeline.key, key), read)
    if found is None:
        raise NotFound(key)
    return found


def stage_colours(pipeline: Pipeline, stage: Stage) -> tuple[str, str]:
    """Return foreground and background of a stage: its own colours, or the theme's colours for its kind or position."""
    if stage.foreground or stage.background:
        return stage.foreground, stage.background
    place = pipeline.stage_order.index(stage.key) if stage.key in pipeline.stage_order else 0
    return pipeline_stage_colours.colours(pipeline.stage_theme, place, stage.kind)
