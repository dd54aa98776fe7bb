"""Change who reaches a pipeline: its access list, its permission sets, and the permissions of the team's members."""

from __future__ import annotations

from typing import Any

from ...errors import Invalid
from .. import access, events, permission_conditions
from ..access import Role
from ..accounts import invitations
from ..context import Ctx
from ..people import teams, user_names
from ..records import PIPELINE_MEMBERS, PermissionSet, Pipeline, PipelineMember, permissions
from . import lookup, saving, schema

MOST_GRANTS = 200


def share(ctx: Ctx, pipeline: Pipeline, role: Role, changes: dict[str, Any]) -> Pipeline:
    """Change the access list, the custom permission sets and the default permission set of the team's members."""
    if "shared" in changes and changes["shared"] != pipeline.shared_with_team:
        changes = {
            **changes,
            "default_permission_set": permissions.EDITOR if changes["shared"] else permissions.NO_ACCESS,
        }
    sets = _wanted_sets(pipeline, changes)
    default = changes.get("default_permission_set") or pipeline.default_permission_set
    now = {member.user_key: member for member, _ in lookup.members(ctx, [pipeline.key])[pipeline.key]}
    wanted = _wanted_members(ctx, pipeline, sets, now, changes["members"]) if "members" in changes else now
    if (sets, default, wanted) == (pipeline.permission_sets, pipeline.default_permission_set, now):
        return pipeline
    access.require(ctx, role, "PIPELINE", "CHANGE_PERMISSIONS", pipeline)
    admins = _admins(now, pipeline.default_permission_set, pipeline.permission_sets)
    if sets != pipeline.permission_sets or _admins(wanted, default, sets) != admins:
        access.require(ctx, role, "PIPELINE", "CHANGE_ADMINS", pipeline)
    known_set(default, sets, "defaultPermissionSetName")
    if sets != pipeline.permission_sets:
        _check_sets(ctx, pipeline, sets)
    for member in wanted.values():
        known_set(member.permission_set, sets, "aclEntries")
    if not any(member.permission_set == permissions.ADMIN for member in wanted.values()):
        raise Invalid("aclEntries", "must have at least one entry with __adminPermissionSet__")
    ctx.db.run("DELETE FROM pipeline_members WHERE pipeline_key = :key", key=pipeline.key)
    for member in wanted.values():
        PIPELINE_MEMBERS.insert(ctx.db, member)
    before = {
        "members": list(now.values()),
        "permission_sets": pipeline.permission_sets,
        "default_permission_set": pipeline.default_permission_set,
    }
    pipeline = saving.touch(ctx, pipeline, permission_sets=sets, default_permission_set=default)
    events.record(ctx, "pipeline.shared", pipeline, pipeline=pipeline, before=before)
    return pipeline


def _wanted_sets(pipeline: Pipeline, changes: dict[str, Any]) -> dict[str, PermissionSet]:
    """Return all custom permission sets after the change; a set given as null is removed."""
    if "permission_sets" not in changes:
        return pipeline.permission_sets
    return {name: given for name, given in changes["permission_sets"].items() if given is not None}


def _check_sets(ctx: Ctx, pipeline: Pipeline, sets: dict[str, PermissionSet]) -> None:
    types = {key: field.type for key, field in schema.fields_by_key(ctx, pipeline.key).items()}
    for name, permission_set in sets.items():
        where = f"customPermissionSets.{name[:50]}.permissions"
        if name in permissions.BUILT_IN:
            raise Invalid(f"customPermissionSets.{name}", "is a built-in set: choose another name")
        if len(permission_set.permissions) > MOST_GRANTS:
            raise Invalid(where, f"must have at most {MOST_GRANTS} entries")
        if permission_set == pipeline.permission_sets.get(name):
            continue  # sent back as it was read
        for at, grant in enumerate(permission_set.permissions):
            members = (grant.entity_type, grant.action, grant.conditional_check, grant.params)
            permission_conditions.check(*members, pipeline.stage_order, types, f"{where}[{at}]")


def _wanted_members(
    ctx: Ctx,
    pipeline: Pipeline,
    sets: dict[str, PermissionSet],
    now: dict[str, PipelineMember],
    given: list[dict[str, Any]],
) -> dict[str, PipelineMember]:
    """Return the whole new access list. The owner always keeps an entry, so that the list is never empty."""
    if not given:
        raise Invalid("aclEntries", "must not be empty")
    default = pipeline.default_permission_set if pipeline.shared_with_team else permissions.EDITOR
    wanted = {key: member for key, member in now.items() if member.is_owner}
    for at, entry in enumerate(given):
        user_key = _find_user(ctx, now, entry, f"aclEntries[{at}]")
        was = now.get(user_key)
        name = entry.get("permission_set") or (was.permission_set if was else default)
        known_set(name, sets, f"aclEntries[{at}].permissionSetName")
        if not was and (within := _restricted(ctx, pipeline)) and not _in_team(ctx, pipeline, user_key):
            raise Invalid(f"aclEntries[{at}]", f"must be a member of the team: {within} shared within the team only")
        wanted[user_key] = PipelineMember(
            pipeline.key, user_key, name, bool(was and was.is_owner), was.added_at if was else ctx.now
        )
    return wanted


def _find_user(ctx: Ctx, now: dict[str, PipelineMember], entry: dict[str, Any], field: str) -> str:
    key: str | None = entry.get("user_key")
    if key:
        return key if key in now else user_names.get(ctx, key, field).key
    if entry.get("email"):
        return invitations.find_or_invite(ctx, entry["email"], f"{field}.email").key
    raise Invalid(field, "must have userKey or email")


def _restricted(ctx: Ctx, pipeline: Pipeline) -> str:
    """Return what may not be shared outside the team: this pipeline, or all of the team's. Empty if it may be."""
    if pipeline.restricted_to_team:
        return "this pipeline is"
    return "its pipelines are" if teams.restricts_sharing(ctx, pipeline.team_key) else ""


def _in_team(ctx: Ctx, pipeline: Pipeline, user_key: str) -> bool:
    return user_key in {member.user_key for member, _ in teams.members(ctx, [pipeline.team_key])[pipeline.team_key]}


def _admins(members: dict[str, PipelineMember], default: str, custom: dict[str, PermissionSet]) -> set[tuple[str, str]]:
    """Return the members who may make admins, even under a condition, each with the permission set.

    Changing this set needs the permission CHANGE_ADMINS.
    """
    names = [
        name
        for name in (*permissions.BUILT_IN, *custom)
        if access.role(name, custom).checks("PIPELINE", "CHANGE_ADMINS")
    ]
    given = {**{key: member.permission_set for key, member in members.items()}, "everyone": default}
    return {(key, name) for key, name in given.items() if name in names}


def known_set(name: str, custom: dict[str, PermissionSet], field: str) -> str:
    """Return the name. Raise `Invalid` for `field` if there is no built-in or custom permission set of this name."""
    if name not in permissions.BUILT_IN and name not in custom:
        known = ", ".join([*permissions.BUILT_IN, *custom])
        raise Invalid(field, f"no permission set {name[:100]!r}: must be one of {known}")
    return name
