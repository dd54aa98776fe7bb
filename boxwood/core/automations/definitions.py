"""What a rule does: its trigger, what it asks besides, and its steps; and whether that can be meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ...errors import Invalid, NotFound
from ...lib.address_rules import Rules
from .. import cel, pipelines
from ..context import Ctx
from ..pipelines import schema
from ..pipelines.filters import Filter
from ..records import Field, Pipeline
from ..webhooks import inbound_endpoints
from . import template_names, triggers
from .steps import CONDITION_NAMES, Checker, named
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
    by_key = schema.fields_by_key(ctx, pipeline.key) if pipeline else {}
    names = (
        {key: stage.name for key, stage in schema.stages(ctx, [pipeline.key])[pipeline.key].items()} if pipeline else {}
    )
    trigger = triggers.check(wanted["trigger"], PIPELINE if pipeline else TEAM, list(names), by_key)
    if "endpoint" in trigger:
        _check_endpoint(ctx, scope_key, trigger["endpoint"])

    known = Known(ctx, pipeline, by_key, scope_key)
    if wanted["filter"]:
        known.check_filter(wanted["filter"], "filter")
    if wanted["condition"]:
        known.check_condition(wanted["condition"], "condition")
    scope = template_names.scope(trigger["type"], {one.name for one in by_key.values()} if pipeline else None, secrets)
    checker = Checker(
        scope,
        rules,
        with_box=pipeline is not None and template_names.with_box(trigger),
        check_filter=known.check_filter,
        check_condition=known.check_condition,
        check_names=known.check_names,
    )
    kept = checker.steps(wanted["steps"], "steps")
    if not kept:
        raise Invalid("steps", "is empty: there is nothing to do")
    return Definition(trigger, kept, wanted["filter"] or None, wanted["condition"] or None, bool(wanted["allow_self"]))


class Known:
    """What there is for a rule to name, as far as the one who saves it reaches it."""

    def __init__(self, ctx: Ctx, pipeline: Pipeline | None, by_key: Mapping[str, Field], scope_key: str) -> None:
        self.ctx = ctx
        self.pipeline = pipeline
        self.by_key = by_key
        self.team_key = pipeline.team_key if pipeline else scope_key

    def check_filter(self, tree: Any, where: str) -> None:
        if self.pipeline is None:
            raise Invalid(where, "asks about boxes: this automation is a team's")
        Filter(self.ctx, self.pipeline, self.by_key, tree, where)

    def check_condition(self, source: str, where: str) -> None:
        cel.check(source, CONDITION_NAMES, where)
        names = {field.name for field in self.by_key.values()}
        for found in _FIELD.finditer(source):
            name = found["quoted"] or found["bare"]
            if name not in names and self.pipeline is not None:
                known = ", ".join(sorted(names)[:50]) or "none"
                raise Invalid(where, f"no field {name[:60]!r} in this pipeline; its fields are {known}")

    def check_names(self, step: str, given: dict[str, Any], where: str) -> None:
        """Pipelines, stages, fields and automations; what is made by templates is looked at in the run."""
        if step == "automation.run":
            self._check_automation(given["automation"], f"{where}.automation")
        elsewhere = "box" in given and step not in _MAKING
        if elsewhere or step not in (*_MAKING, "box.setFields", "box.move"):
            return
        pipeline = self._pipeline(given["pipeline"], f"{where}.pipeline") if "pipeline" in given else self.pipeline
        if pipeline is None:
            raise Invalid(f"{where}.pipeline", "is missing: this automation is a team's")
        stage = given.get("stage", "")
        if stage and "{{" not in stage:
            names = {key: one.name for key, one in schema.stages(self.ctx, [pipeline.key])[pipeline.key].items()}
            named(names, stage, f"{where}.stage", "stage")
        names = {key: one.name for key, one in schema.fields_by_key(self.ctx, pipeline.key).items()}
        for one in given.get("fields", ()):
            if "{{" not in one:
                named(names, one, f"{where}.fields.{one[:50]}", "field")
        if given.get("match", "name") != "name":
            named(names, given["match"], f"{where}.match", "field")

    def _pipeline(self, key: str, where: str) -> Pipeline:
        try:
            return pipelines.get(self.ctx, key)
        except NotFound:
            raise Invalid(where, f"no pipeline {key[:100]!r} within your reach") from None

    def _check_automation(self, key: str, where: str) -> None:
        sql = "SELECT 1 FROM automations WHERE key = :key AND team_key = :team"
        if not self.ctx.db.row(sql, key=key, team=self.team_key):
            raise Invalid(where, f"no automation {key[:100]!r} in this team")


_MAKING = ("box.create", "box.findOrCreate", "box.movePipeline")
_FIELD = re.compile(
    r"""\bfields\s*(?:\[\s*(["'])(?P<quoted>[^"'\\]*)\1\s*\]|\.(?P<bare>[A-Za-z_]\w*)(?!\w*\s*\())""", re.ASCII
)
"""A field that a condition names: `fields["Deal size"]` or `fields.Size`, and no method."""


def _check_endpoint(ctx: Ctx, scope_key: str, key: str) -> None:
    """An inbound webhook of the same pipeline (team)."""
    try:
        endpoint = inbound_endpoints.get(ctx, key)
    except NotFound:
        raise Invalid("trigger.endpoint", f"no inbound webhook {key[:100]!r} within your reach") from None
    if (endpoint.pipeline_key or endpoint.team_key) != scope_key:
        raise Invalid("trigger.endpoint", "belongs to another pipeline or team than this automation")
