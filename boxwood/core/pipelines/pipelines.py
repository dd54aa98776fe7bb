"""Create, edit and delete pipelines."""

from __future__ import annotations

from typing import Any

import msgspec

from ...errors import Conflict, Forbidden, Insufficient, Invalid
from ...lib import ids
from .. import access, events, trash
from ..access import Role
from ..context import Ctx
from ..people import teams
from ..records import (
    FIRST_FIELD,
    FIRST_OPTION,
    FIRST_STAGE,
    PIPELINE_MEMBERS,
    PIPELINES,
    PermissionSet,
    Pipeline,
    PipelineMember,
    permissions,
)
from . import fields, formulas, lookup, saving, stage_colours, stages
from .sharing import known_set, share

sets = msgspec.json.Decoder(dict[str, PermissionSet]).decode
"""Decodes the permission sets in a row of the table `pipelines`."""


def create(ctx: Ctx, given: dict[str, Any]) -> Pipeline:
    """Create a pipeline with its stages and fields.

    Without a team it belongs to the actor's oldest team; without stages it gets one stage (ruling 4).
    """
    if ctx.only:
        raise Forbidden("This API key is limited to some pipelines: it may not create others")
    if not given.get("name"):
        raise Insufficient("Pipeline", "name")
    team = teams.get_to_work_in(ctx, given["team_key"]) if given.get("team_key") else teams.oldest(ctx)
    default = given.get("default_permission_set") or (
        permissions.EDITOR if given.get("shared", True) else permissions.NO_ACCESS
    )
    pipeline = Pipeline(
        key=ids.new("p", ctx.now),
        team_key=team.key,
        creator_key=ctx.actor.key,
        name=given["name"],
        description=given.get("description"),
        icon=given.get("icon") or "",
        stage_order=[],
        stage_theme="DEFAULT",
        permission_sets={},
        default_permission_set=known_set(default, {}, "defaultPermissionSetName"),
        restricted_to_team=bool(given.get("restricted_to_team")),
        source=given.get("source", "HUMAN"),
        next_stage=FIRST_STAGE,
        next_field=FIRST_FIELD,
        next_option=FIRST_OPTION,
        formulas_updated_at=None,
        created_at=ctx.now,
        updated_at=ctx.now,
        saved_at=ctx.now,
    )
    PIPELINES.insert(ctx.db, pipeline)
    PIPELINE_MEMBERS.insert(ctx.db, PipelineMember(pipeline.key, ctx.actor.key, permissions.ADMIN, True, ctx.now))
    for name in given.get("stages") or ["Stage 1"]:
        pipeline, _ = stages.add(ctx, pipeline, name)
    new_fields = []
    for given_field in given.get("fields") or []:
        pipeline, field = fields.add(ctx, pipeline, given_field)
        new_fields.append(field)
    for field in new_fields:
        pipeline = formulas.set_from_default(ctx, pipeline, field)
    saving.save(ctx, pipeline)
    template = events.brief(given.get("template_type") or "")
    detail: dict[str, Any] = {"what": f" from the template {template}"} if template else {}
    events.record(ctx, "pipeline.created", pipeline, pipeline=pipeline, **detail)
    return pipeline


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Pipeline:
    """Change the given members of the pipeline. `members` replaces the access list.

    Values equal to the stored ones are ignored: they record no event.
    """
    pipeline, role = lookup.reach(ctx, key, change=True)
    own = {name: value for name, value in changes.items() if name in _EDITABLE and value != getattr(pipeline, name)}
    if own:
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
        _check(ctx, pipeline, role, own)
        before = {name: getattr(pipeline, name) for name in own}
        pipeline = saving.touch(ctx, pipeline, **own)
        what = ", ".join(_EDITABLE[name] for name in own)
        events.record(ctx, "pipeline.edited", pipeline, pipeline=pipeline, before=before, what=what)
    return share(ctx, pipeline, role, changes)


_EDITABLE = {
    "name": "the name",
    "description": "the description",
    "icon": "the icon",
    "team_key": "the team",
    "stage_order": "the order of stages",
    "stage_theme": "the colours",
    "restricted_to_team": "sharing outside the team",
}


def _check(ctx: Ctx, pipeline: Pipeline, role: Role, own: dict[str, Any]) -> None:
    if own.get("name") == "":
        raise Invalid("name", "must not be empty")
    if "stage_order" in own and sorted(own["stage_order"]) != sorted(pipeline.stage_order):
        raise Invalid("stageOrder", "must hold each stage of the pipeline exactly once")
    if "stage_theme" in own and own["stage_theme"] not in stage_colours.THEMES:
        raise Invalid("stageColorTheme", f"must be one of {', '.join(stage_colours.THEMES)}")
    if "team_key" in own:
        access.require(ctx, role, "PIPELINE", "SET_TEAM", pipeline)
        teams.get_to_work_in(ctx, own["team_key"])
    if "restricted_to_team" in own:
        access.require(ctx, role, "PIPELINE", "RESTRICT_SHARING", pipeline)


def delete(ctx: Ctx, key: str, *, only_empty: bool) -> None:
    """Move the pipeline to the trash. Its boxes and everything in them stay stored, out of reach.

    With `only_empty`, raise `Conflict` if the pipeline has boxes (spec 3.1).
    """
    pipeline, role = lookup.reach(ctx, key, change=True)
    access.require(ctx, role, "PIPELINE", "DELETE", pipeline)
    if only_empty and ctx.db.row("SELECT 1 FROM boxes WHERE pipeline_key = :key LIMIT 1", key=key):
        raise Conflict("Only an empty pipeline can be deleted: delete or move its boxes first")
    trash.store(ctx, "pipeline", key, pipeline.name, pipeline=pipeline)
    ctx.db.run("UPDATE pipelines SET trashed_at = :now WHERE key = :key", key=key, now=ctx.now)
    events.record(ctx, "pipeline.deleted", pipeline, pipeline=pipeline)
