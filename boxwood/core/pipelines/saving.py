"""Store a changed pipeline."""

from __future__ import annotations

from typing import Any

import msgspec

from ..context import Ctx
from ..records import PIPELINES, Pipeline


def save(ctx: Ctx, pipeline: Pipeline) -> Pipeline:
    """Store the pipeline as it is."""
    PIPELINES.update(ctx.db, pipeline)
    return pipeline


def touch(ctx: Ctx, pipeline: Pipeline, **changes: Any) -> Pipeline:
    """Store these changes, with the time of the change."""
    return save(ctx, msgspec.structs.replace(pipeline, **changes, updated_at=ctx.now, saved_at=ctx.now))
