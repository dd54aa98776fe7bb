"""Pipelines: a process with stages, custom fields and boxes, shared with a team or with some people."""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import Conflict, Insufficient, Invalid, NotFound
from ..lib import ids
from . import access, conditions, events, fields, formulas, persons, stages, teams, themes, trash, users
from .access import Role
from .context import Ctx
from .records import (
    FIRST_OPTION,
    PIPELINE_MEMBERS,
    PIPELINES,
    USERS,
    PermissionSet,
    Person,
    Pipeline,
    PipelineMember,
    permissions,
)

MOST_GRANTS = 200


sets = msgspec.json.Decoder(dict[str, PermissionSet]).decode
"""The permission sets in a row of the table."""
_REACHED = f"""
    SELECT {PIPELINES.of("p")}, {access.ROLE} AS reach FROM pipelines p
"""


def reach(ctx: Ctx, key: str, *, change: bool = False) -> tuple[Pipeline, Role]:
    """The pipeline and the actor's role in it. With `change`, nobody else changes it meanwhile."""
    lock = f"{ctx.db.for_update} OF p" if change and ctx.db.for_update else ""

    def read() -> tuple[Pipeline, Role] | None:
        row = ctx.db.row(f"{_REACHED} WHERE p.key = :key{lock}", key=key, **ctx.who)
        return None if row is None or row[-1] is None else _with_role(row)

    found = read() if lock else ctx.db.remember(("pipeline", key, ctx.actor.key, ctx.within), read)
    if found is None:
        raise NotFound(key)
    return found


def get(ctx: Ctx, key: str) -> Pipeline:
    return reach(ctx, key)[0]


def reach_all(ctx: Ctx, *, sort_by: str = "", limit: int | None = None, offset: int = 0) -> list[tuple[Pipeline, Role]]:
    """Every pipeline within reach: the oldest first, or the newest by `created_at` or `updated_at`."""
    order = f"p.{sort_by} DESC, p.key DESC" if sort_by else "p.created_at, p.key"
    rows = ctx.db.rows(
        f"{_REACHED} WHERE {access.ROLE} IS NOT NULL ORDER BY {order} LIMIT :limit OFFSET :offset",
        **ctx.who,
        limit=limit if limit is not None else 1_000_000,
        offset=offset,
    )
    return [_with_role(row) for row in rows]


def _with_role(row: tuple[Any, ...]) -> tuple[Pipeline, Role]:
    pipeline = PIPELINES.load(row)
    return pipeline, access.role(row[len(PIPELINES.names)], pipeline.permission_sets)


def members(ctx: Ctx, keys: list[str]) -> dict[str, list[tuple[PipelineMember, Person]]]:
    """The access lists of these pipelines, the owner first."""
    found: dict[str, list[tuple[PipelineMember, Person]]] = {key: [] for key in keys}
    for row in ctx.db.rows(
        f"""
        SELECT {PIPELINE_MEMBERS.of("m")}, {USERS.of("u")} FROM pipeline_members m JOIN users u ON u.key = m.user_key
        WHERE {ctx.db.dialect.among("m.pipeline_key", "pipelines")}
        ORDER BY m.is_owner DESC, m.added_at, m.user_key
        """,
        pipelines=ctx.db.texts(keys),
    ):
        member = PIPELINE_MEMBERS.load(row)
        found[member.pipeline_key].append((member, persons.of(USERS.load(row[len(PIPELINE_MEMBERS.names) :]))))
    return found


def create(ctx: Ctx, given: dict[str, Any]) -> Pipeline:
    """`name` and, where nobody says otherwise, the actor's oldest team and one stage (ruling 4)."""
    if not given.get("name"):
        raise Insufficient("Pipeline", "name")
    team = teams.get(ctx, given["team_key"]) if given.get("team_key") else teams.oldest_of(ctx)
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
        default_permission_set=_known_set(default, {}, "defaultPermissionSetName"),
        restricted_to_team=bool(given.get("restricted_to_team")),
        source=given.get("source", "HUMAN"),
        next_stage=stages.FIRST,
        next_field=fields.FIRST,
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
    made = []
    for one in given.get("fields") or []:
        pipeline, field = fields.add(ctx, pipeline, one)
        made.append(field)
    for field in made:
        pipeline = formulas.put(ctx, pipeline, field)
    save(ctx, pipeline)
    events.record(ctx, "pipeline.created", pipeline, pipeline=pipeline)
    return pipeline


def save(ctx: Ctx, pipeline: Pipeline) -> Pipeline:
    PIPELINES.update(ctx.db, pipeline)
    return pipeline


def touch(ctx: Ctx, pipeline: Pipeline, **changes: Any) -> Pipeline:
    """Save these changes and say when."""
    return save(ctx, msgspec.structs.replace(pipeline, **changes, updated_at=ctx.now, saved_at=ctx.now))


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Pipeline:
    """Change what differs. `members` replaces the access list; an echo of what is so already is no news."""
    pipeline, role = reach(ctx, key, change=True)
    own = {name: value for name, value in changes.items() if name in _EDITABLE and value != getattr(pipeline, name)}
    if own:
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
        _check(ctx, pipeline, role, own)
        before = {name: getattr(pipeline, name) for name in own}
        pipeline = touch(ctx, pipeline, **own)
        what = ", ".join(_EDITABLE[name] for name in own)
        events.record(ctx, "pipeline.edited", pipeline, pipeline=pipeline, before=before, what=what)
    return _share(ctx, pipeline, role, changes)


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
        raise Invalid("name", "may not be empty")
    if "stage_order" in own and sorted(own["stage_order"]) != sorted(pipeline.stage_order):
        raise Invalid("stageOrder", "must hold each stage of the pipeline exactly once")
    if "stage_theme" in own and own["stage_theme"] not in themes.THEMES:
        raise Invalid("stageColorTheme", f"no such theme; known are {', '.join(themes.THEMES)}")
    if "team_key" in own:
        access.require(ctx, role, "PIPELINE", "SET_TEAM", pipeline)
        teams.get(ctx, own["team_key"])
    if "restricted_to_team" in own:
        access.require(ctx, role, "PIPELINE", "RESTRICT_SHARING", pipeline)


def _share(ctx: Ctx, pipeline: Pipeline, role: Role, changes: dict[str, Any]) -> Pipeline:
    """The access list, the custom sets and what the team's members get."""
    if "shared" in changes and changes["shared"] != pipeline.shared_with_team:
        changes = {
            **changes,
            "default_permission_set": permissions.EDITOR if changes["shared"] else permissions.NO_ACCESS,
        }
    sets = _wanted_sets(pipeline, changes)
    default = changes.get("default_permission_set") or pipeline.default_permission_set
    now = {member.user_key: member for member, _ in members(ctx, [pipeline.key])[pipeline.key]}
    wanted = _wanted_members(ctx, pipeline, sets, now, changes["members"]) if "members" in changes else now
    if (sets, default, wanted) == (pipeline.permission_sets, pipeline.default_permission_set, now):
        return pipeline
    access.require(ctx, role, "PIPELINE", "CHANGE_PERMISSIONS", pipeline)
    admins = _admins(now, pipeline.default_permission_set, pipeline.permission_sets)
    if sets != pipeline.permission_sets or _admins(wanted, default, sets) != admins:
        access.require(ctx, role, "PIPELINE", "CHANGE_ADMINS", pipeline)
    _known_set(default, sets, "defaultPermissionSetName")
    if sets != pipeline.permission_sets:
        _check_sets(ctx, pipeline, sets)
    for member in wanted.values():
        _known_set(member.permission_set, sets, "aclEntries")
    if not any(member.permission_set == permissions.ADMIN for member in wanted.values()):
        raise Invalid("aclEntries", "a pipeline needs someone with __adminPermissionSet__")
    ctx.db.run("DELETE FROM pipeline_members WHERE pipeline_key = :key", key=pipeline.key)
    for member in wanted.values():
        PIPELINE_MEMBERS.insert(ctx.db, member)
    before = {
        "members": list(now.values()),
        "permission_sets": pipeline.permission_sets,
        "default_permission_set": pipeline.default_permission_set,
    }
    pipeline = touch(ctx, pipeline, permission_sets=sets, default_permission_set=default)
    events.record(ctx, "pipeline.shared", pipeline, pipeline=pipeline, before=before)
    return pipeline


def _wanted_sets(pipeline: Pipeline, changes: dict[str, Any]) -> dict[str, PermissionSet]:
    """All the custom sets there are to be; one given as null is none."""
    if "permission_sets" not in changes:
        return pipeline.permission_sets
    return {name: one for name, one in changes["permission_sets"].items() if one is not None}


def _check_sets(ctx: Ctx, pipeline: Pipeline, sets: dict[str, PermissionSet]) -> None:
    types = {key: field.type for key, field in fields.by_key(ctx, pipeline.key).items()}
    for name, one in sets.items():
        where = f"customPermissionSets.{name[:50]}.permissions"
        if name in permissions.BUILT_IN:
            raise Invalid(f"customPermissionSets.{name}", "is a built-in set")
        if len(one.permissions) > MOST_GRANTS:
            raise Invalid(where, f"takes at most {MOST_GRANTS}")
        for at, grant in enumerate(one.permissions):
            told = (grant.entity_type, grant.action, grant.conditional_check, grant.params)
            conditions.check(*told, pipeline.stage_order, types, f"{where}[{at}]")


def _wanted_members(
    ctx: Ctx,
    pipeline: Pipeline,
    sets: dict[str, PermissionSet],
    now: dict[str, PipelineMember],
    given: list[dict[str, Any]],
) -> dict[str, PipelineMember]:
    """The whole new list. The owner keeps an entry whatever is given, or nobody might be left."""
    if not given:
        raise Invalid("aclEntries", "may not be empty")
    default = pipeline.default_permission_set if pipeline.shared_with_team else permissions.EDITOR
    wanted = {key: member for key, member in now.items() if member.is_owner}
    for at, one in enumerate(given):
        user_key = _shared_with(ctx, now, one, f"aclEntries[{at}]")
        was = now.get(user_key)
        name = one.get("permission_set") or (was.permission_set if was else default)
        _known_set(name, sets, f"aclEntries[{at}].permissionSetName")
        if pipeline.restricted_to_team and not was and not _in_team(ctx, pipeline, user_key):
            raise Invalid(f"aclEntries[{at}]", "this pipeline is shared within its team only")
        wanted[user_key] = PipelineMember(
            pipeline.key, user_key, name, bool(was and was.is_owner), was.added_at if was else ctx.now
        )
    return wanted


def _shared_with(ctx: Ctx, now: dict[str, PipelineMember], one: dict[str, Any], field: str) -> str:
    key: str | None = one.get("user_key")
    if key:
        return key if key in now else users.get(ctx, key).key
    if one.get("email"):
        return users.find_or_invite(ctx, one["email"], f"{field}.email").key
    raise Invalid(field, "needs userKey or email")


def _in_team(ctx: Ctx, pipeline: Pipeline, user_key: str) -> bool:
    return user_key in {member.user_key for member, _ in teams.members(ctx, [pipeline.team_key])[pipeline.team_key]}


def _admins(members: dict[str, PipelineMember], default: str, custom: dict[str, PermissionSet]) -> set[tuple[str, str]]:
    """Who may make admins, even on a condition, and by which set: none of it changes without that right."""
    names = [
        name
        for name in (*permissions.BUILT_IN, *custom)
        if access.role(name, custom).checks("PIPELINE", "CHANGE_ADMINS")
    ]
    given = {**{key: member.permission_set for key, member in members.items()}, "everyone": default}
    return {(key, name) for key, name in given.items() if name in names}


def _known_set(name: str, custom: dict[str, PermissionSet], field: str) -> str:
    if name not in permissions.BUILT_IN and name not in custom:
        known = ", ".join([*permissions.BUILT_IN, *custom])
        raise Invalid(field, f"no such permission set {name[:100]!r}; known are {known}")
    return name


def delete(ctx: Ctx, key: str, *, only_empty: bool) -> None:
    """With its boxes and all they hold, which stay where they are and out of reach while it is in the trash;
    `only_empty` refuses while there are any (spec 3.1)."""
    pipeline, role = reach(ctx, key, change=True)
    access.require(ctx, role, "PIPELINE", "DELETE", pipeline)
    if only_empty and ctx.db.row("SELECT 1 FROM boxes WHERE pipeline_key = :key LIMIT 1", key=key):
        raise Conflict("Only an empty pipeline can be deleted: delete or move its boxes first")
    trash.keep(ctx, "pipeline", key, pipeline.name, pipeline=pipeline)
    ctx.db.run("UPDATE pipelines SET trashed_at = :now WHERE key = :key", key=key, now=ctx.now)
    events.record(ctx, "pipeline.deleted", pipeline, pipeline=pipeline)


def count_boxes(ctx: Ctx, key: str) -> dict[str, int]:
    """How many boxes each stage of the pipeline holds."""
    rows = ctx.db.rows("SELECT stage_key, COUNT(*) FROM boxes WHERE pipeline_key = :key GROUP BY stage_key", key=key)
    return dict(rows)


def count_all(ctx: Ctx, keys: list[str]) -> dict[str, dict[str, int]]:
    """How many boxes each stage of each of these pipelines holds."""
    rows = ctx.db.rows(
        f"""
        SELECT pipeline_key, stage_key, COUNT(*) FROM boxes WHERE {ctx.db.dialect.among("pipeline_key", "keys")}
        GROUP BY pipeline_key, stage_key
        """,
        keys=ctx.db.texts(keys),
    )
    found: dict[str, dict[str, int]] = {key: {} for key in keys}
    for pipeline_key, stage_key, count in rows:
        found[pipeline_key][stage_key] = count
    return found
