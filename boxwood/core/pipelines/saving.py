"""Writing a changed pipeline."""

from __future__ import annotations

from typing import Any

import msgspec

from ..context import Ctx
from ..records import PIPELINES, Pipeline


def save(ctx: Ctx, pipeline: Pipeline) -> Pipeline:
    PIPELINES.update(ctx.db, pipeline)
    return pipeline


def touch(ctx: Ctx, pipeline: Pipeline, **changes: Any) -> Pipeline:
    """Save these changes and say when."""
    return save(ctx, msgspec.structs.replace(pipeline, **changes, updated_at=ctx.now, saved_at=ctx.now))
