"""Definitions of automations: trigger, filter, condition and steps, and the checks when one is saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ...errors import Invalid, NotFound
from ...lib import ids
from ...lib.address_rules import Rules
from .. import cel, pipelines
from ..context import Ctx
from ..people import user_names
from ..pipelines import names, schema
from ..pipelines.filters import Filter
from ..records import Field, Pipeline
from ..webhooks import inbound_endpoints
from . import template_names, triggers
from .steps import CONDITION_NAMES, StepChecker
from .triggers import PIPELINE, TEAM


class Definition(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an automation does. A run uses the definition that was current when it started."""

    trigger: dict[str, Any]
    steps: list[dict[str, Any]]
    filter: dict[str, Any] | None = None
    condition: str | None = None
    allow_self: bool = False
    """Whether a change that the automation itself made may start it again."""


def check(
    ctx: Ctx, pipeline_key: str | None, scope_key: str, wanted: dict[str, Any], secrets: list[str], rules: Rules
) -> Definition:
    """The definition to store. Raises Invalid for everything that can be found wrong before a run: unknown triggers,
    steps, fields, stages, pipelines and names in templates."""
    pipeline = pipelines.get(ctx, pipeline_key) if pipeline_key else None
    by_key = schema.fields_by_key(ctx, pipeline.key) if pipeline else {}
    stages = names.stage_names(ctx, pipeline) if pipeline else {}
    trigger = triggers.check(wanted["trigger"], PIPELINE if pipeline else TEAM, stages, by_key)
    if "users" in trigger:
        trigger["users"] = [_user_key(ctx, pipeline, user) for user in trigger["users"]]
    if "endpoint" in trigger:
        _check_endpoint(ctx, scope_key, trigger["endpoint"])

    references = ReferenceChecker(ctx, pipeline, by_key, scope_key)
    if wanted["filter"]:
        references.check_filter(wanted["filter"], "filter")
    if wanted["condition"]:
        references.check_condition(wanted["condition"], "condition")
    field_names = {field.name for field in by_key.values()} if pipeline else None
    scope = template_names.scope(trigger["type"], field_names, secrets)
    checker = StepChecker(
        scope,
        rules,
        with_box=pipeline is not None and template_names.with_box(trigger),
        check_filter=references.check_filter,
        check_condition=references.check_condition,
        check_names=references.check_names,
    )
    steps = checker.steps(wanted["steps"], "steps")
    if not steps:
        raise Invalid("steps", "must not be empty: add at least one step")
    return Definition(trigger, steps, wanted["filter"] or None, wanted["condition"] or None, bool(wanted["allow_self"]))


def _user_key(ctx: Ctx, pipeline: Pipeline | None, wanted: str) -> str:
    """The key of the user whom a trigger names by key, address or name."""
    return wanted if ids.is_key("u", wanted) else user_names.find(ctx, wanted, "trigger.users", pipeline).key


class ReferenceChecker:
    """Checks that what an automation names exists and that the user who saves it has access to it."""

    def __init__(self, ctx: Ctx, pipeline: Pipeline | None, by_key: Mapping[str, Field], scope_key: str) -> None:
        self.ctx = ctx
        self.pipeline = pipeline
        self.by_key = by_key
        self.team_key = pipeline.team_key if pipeline else scope_key

    def check_filter(self, tree: Any, where: str) -> None:
        if self.pipeline is None:
            raise Invalid(where, "is only for automations of a pipeline: this one belongs to a team")
        Filter(self.ctx, self.pipeline, self.by_key, tree, where)

    def check_condition(self, source: str, where: str) -> None:
        cel.check(source, CONDITION_NAMES, where)
        known_names = {field.name for field in self.by_key.values()}
        for found in _FIELD.finditer(source):
            name = found["quoted"] or found["bare"]
            if name not in known_names and self.pipeline is not None:
                known = ", ".join(sorted(known_names)[:50]) or "none"
                raise Invalid(where, f"there is no field {name[:60]!r} in this pipeline; its fields are {known}")

    def check_names(self, step: str, given: dict[str, Any], where: str) -> None:
        """Check the pipelines, stages, fields and automations that a step names. Values with templates can only be
        checked in the run."""
        if step == "automation.run":
            self._check_in_team("automations", given["automation"], f"{where}.automation", "automation")
        if "sequence" in given:
            self._check_in_team("sequences", given["sequence"], f"{where}.sequence", "sequence")
        other_box = "box" in given and step not in _WITH_PIPELINE
        if other_box or step not in (*_WITH_PIPELINE, "box.setFields", "box.move"):
            return
        pipeline = self._pipeline(given["pipeline"], f"{where}.pipeline") if "pipeline" in given else self.pipeline
        if pipeline is None:
            raise Invalid(f"{where}.pipeline", "is missing: this automation belongs to a team")
        stage = given.get("stage", "")
        if stage and "{{" not in stage:
            names.require(names.stage_names(self.ctx, pipeline), stage, f"{where}.stage", "stage")
        fields = {key: field.name for key, field in schema.fields_by_key(self.ctx, pipeline.key).items()}
        for name in given.get("fields", ()):
            if "{{" not in name:
                names.require(fields, name, f"{where}.fields.{name[:50]}", "field")
        if given.get("match", "name") != "name":
            names.require(fields, given["match"], f"{where}.match", "field")

    def _pipeline(self, key: str, where: str) -> Pipeline:
        try:
            return pipelines.get(self.ctx, names.pipeline_key(self.ctx, key, where) or key)
        except NotFound:
            raise Invalid(where, f"there is no pipeline {key[:100]!r} that you have access to") from None

    def _check_in_team(self, table: str, key: str, where: str, noun: str) -> None:
        sql = f"SELECT 1 FROM {table} WHERE key = :key AND team_key = :team"
        if not self.ctx.db.row(sql, key=key, team=self.team_key):
            raise Invalid(where, f"there is no {noun} {key[:100]!r} in this team")


_WITH_PIPELINE = ("box.create", "box.findOrCreate", "box.movePipeline")
_FIELD = re.compile(
    r"""\bfields\s*(?:\[\s*(["'])(?P<quoted>[^"'\\]*)\1\s*\]|\.(?P<bare>[A-Za-z_]\w*)(?!\w*\s*\())""", re.ASCII
)
"""Matches a field in a condition: `fields["Deal size"]` or `fields.Size`, but not a call of a method."""


def _check_endpoint(ctx: Ctx, scope_key: str, key: str) -> None:
    """Check that the inbound webhook belongs to the same pipeline or team as the automation."""
    try:
        endpoint = inbound_endpoints.get(ctx, key)
    except NotFound:
        raise Invalid(
            "trigger.endpoint", f"there is no inbound webhook {key[:100]!r} that you have access to"
        ) from None
    if (endpoint.pipeline_key or endpoint.team_key) != scope_key:
        raise Invalid("trigger.endpoint", "must be an inbound webhook of the automation's own pipeline or team")
