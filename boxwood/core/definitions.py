"""What a rule does: its trigger, what it asks besides, and its steps; and whether that can be meant."""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import Invalid, NotFound
from ..lib.targets import Rules
from . import expressions, fields, inbound, pipelines, stages, step_names, triggers
from .context import Ctx
from .filters import Filter
from .steps import CONDITION_NAMES, Checker
from .triggers import PIPELINE, TEAM


class Definition(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a rule does; a run goes by the one that was in force when it began."""

    trigger: dict[str, Any]
    steps: list[dict[str, Any]]
    filter: dict[str, Any] | None = None
    condition: str | None = None
    allow_self: bool = False
    """Whether what it writes itself may begin it again."""


def check(
    ctx: Ctx, pipeline_key: str | None, scope_key: str, wanted: dict[str, Any], secrets: list[str], rules: Rules
) -> Definition:
    """A definition that can be meant: `Invalid` names what cannot, as far as that can be known now."""
    pipeline = pipelines.get(ctx, pipeline_key) if pipeline_key else None
    by_key = fields.by_key(ctx, pipeline.key) if pipeline else {}
    names = {key: stage.name for key, stage in stages.of(ctx, [pipeline.key])[pipeline.key].items()} if pipeline else {}
    trigger = triggers.check(wanted["trigger"], PIPELINE if pipeline else TEAM, list(names), by_key)
    if "endpoint" in trigger:
        _check_endpoint(ctx, scope_key, trigger["endpoint"])

    def check_filter(tree: Any, where: str) -> None:
        if pipeline is None:
            raise Invalid(where, "asks about boxes: this automation is a team's")
        Filter(ctx, pipeline, by_key, tree, where)

    if wanted["filter"]:
        check_filter(wanted["filter"], "filter")
    if wanted["condition"]:
        expressions.check(wanted["condition"], CONDITION_NAMES, "condition")
    scope = step_names.scope(trigger["type"], {one.name for one in by_key.values()} if pipeline else None, secrets)
    checker = Checker(
        scope,
        rules,
        with_box=pipeline is not None and step_names.with_box(trigger),
        stages=names,
        fields={key: one.name for key, one in by_key.items()},
        check_filter=check_filter,
    )
    kept = checker.steps(wanted["steps"], "steps")
    if not kept:
        raise Invalid("steps", "is empty: there is nothing to do")
    return Definition(trigger, kept, wanted["filter"] or None, wanted["condition"] or None, bool(wanted["allow_self"]))


def _check_endpoint(ctx: Ctx, scope_key: str, key: str) -> None:
    """An inbound webhook of the same pipeline (team)."""
    try:
        endpoint = inbound.get(ctx, key)
    except NotFound:
        raise Invalid("trigger.endpoint", f"no inbound webhook {key[:100]!r} within your reach") from None
    if (endpoint.pipeline_key or endpoint.team_key) != scope_key:
        raise Invalid("trigger.endpoint", "belongs to another pipeline or team than this automation")
