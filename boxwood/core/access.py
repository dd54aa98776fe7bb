"""Who may do what: permission by reach.

A pipeline is reached by an entry of one's own in it, or through its team with the pipeline's default
permission set; one in the trash by nobody. What cannot be reached is not found; what is reached but not allowed
is forbidden.
A permission set is a list of grants: an action on a kind of entity, under a condition.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..db.engine import Dialect
from ..errors import Forbidden
from . import permission_conditions
from .context import Ctx
from .records import Grant, PermissionSet, permissions

# For SQL: the actor's permission set in pipeline `p`, NULL where there is none; takes `ctx.who`. Look-ups within
# the row, not joins: SQLite answers 3 of these in 1 µs, and needs 5 µs for each joined table.
_ENTRY = """(
    SELECT pm.permission_set FROM pipeline_members pm WHERE pm.pipeline_key = p.key AND pm.user_key = :actor
)"""
ROLE = f"""
    NULLIF(CASE WHEN p.trashed_at IS NOT NULL OR (:within <> '' AND p.team_key <> :within) THEN NULL ELSE
        CASE COALESCE((
            SELECT tm.role FROM team_members tm WHERE tm.team_key = p.team_key AND tm.user_key = :actor
        ), '')
            WHEN 'ArchiveOnly' THEN NULL
            WHEN 'PayerOnly' THEN NULL
            WHEN '' THEN {_ENTRY}
            ELSE COALESCE({_ENTRY}, p.default_permission_set)
        END
    END, '{permissions.NO_ACCESS}')
"""


IN_TRASH = ROLE.replace("p.trashed_at IS NOT NULL", "p.trashed_at IS NULL")
"""The same in a pipeline that is in the trash, and NULL in all others."""


def role_of(user: str) -> str:
    """The same for the user whose key is in the column `user`, with all that person reaches."""
    return ROLE.replace(":actor", user).replace(":within", "''")


ROLE_OF_EACH = ROLE.replace(":actor", "u.key").replace(":within", "''")
"""The same of user `u`."""


class Role(msgspec.Struct, frozen=True):
    """What the actor may do in one pipeline."""

    name: str
    permissions: list[Grant]

    def checks(self, entity: str, action: str, asked: frozenset[tuple[str, str]] = frozenset()) -> list[Grant]:
        """The grants that speak of this action: any whose condition holds is enough.

        In place of one that goes by another right (BOX_UPDATE, BOX_VIEW) stand that right's; one that goes by
        itself gives nothing.
        """
        found: list[Grant] = []
        asked |= {(entity, action)}
        for grant in self.permissions:
            if not _speaks(grant, entity, action):
                continue
            other = permission_conditions.REFERS.get(grant.conditional_check)
            if other is None:
                found.append(grant)
            elif ("BOX", other) not in asked:
                found += self.checks("BOX", other, asked)
        return found

    def sees_all_boxes(self) -> bool:
        return any(grant.conditional_check in ("NONE", "UNARCHIVED") for grant in self.checks("BOX", "GET"))


def _speaks(grant: Grant, entity: str, action: str) -> bool:
    if (entity, action) == ("BOX", "GET") and (grant.entity_type, grant.action) == ("PIPELINE", "GET_BOXES"):
        return True
    return grant.entity_type in (entity, permissions.ANY) and grant.action in (action, permissions.ANY)


_ROLES = {name: Role(name, built_in.permissions) for name, built_in in permissions.BUILT_IN.items()}


def role(name: str, custom: dict[str, PermissionSet]) -> Role:
    if name in _ROLES:
        return _ROLES[name]
    return Role(name, custom[name].permissions if name in custom else [])


def allows(ctx: Ctx, role: Role, entity: str, action: str, thing: Any = None) -> bool:
    """Whether the role grants it, for this box (or pipeline) where the grant depends on one."""
    return may(ctx.actor.key, role, entity, action, thing)


def may(user_key: str, role: Role, entity: str, action: str, thing: Any = None) -> bool:
    """The same for another user than the one who acts."""
    return any(
        permission_conditions.holds(user_key, grant.conditional_check, grant.params, thing)
        for grant in role.checks(entity, action)
    )


def grants_any(role: Role, entity: str, action: str) -> bool:
    """Whether it may be done to any thing of this kind, whatever is in it."""
    return any(grant.conditional_check == "NONE" for grant in role.checks(entity, action))


def require_some(role: Role, entity: str, action: str) -> None:
    """That there are things of this kind it may be done to; `require` asks again once there is the one."""
    if not role.checks(entity, action):
        raise Forbidden(f"Your role here ({_title(role.name)}) may not {_words(action)} a {entity.lower()}")


def require(ctx: Ctx, role: Role, entity: str, action: str, thing: Any = None) -> None:
    if not allows(ctx, role, entity, action, thing):
        raise Forbidden(f"Your role here ({_title(role.name)}) may not {_words(action)} this {entity.lower()}")


def visible(dialect: Dialect, role: Role, user_key: str, name: str = "seen") -> tuple[str, dict[str, Any]]:
    """A test in SQL on box `b`, and its parameters (their names begin with `name`): those that may be seen."""
    tests: list[str] = []
    params: dict[str, Any] = {}
    for at, grant in enumerate(role.checks("BOX", "GET")):
        test, given = permission_conditions.test(
            dialect, user_key, grant.conditional_check, grant.params, f"{name}_{at}"
        )
        tests.append(test)
        params |= given
    return f"({' OR '.join(tests)})" if tests else "(1 = 0)", params


_TITLES = {
    permissions.ADMIN: "Admin",
    permissions.EDITOR: "Editor",
    permissions.CREATOR: "Creator",
    permissions.ASSIGNEE: "Assignee",
    permissions.VIEWER: "Viewer",
    permissions.OBSERVER: "Observer",
}


def _title(name: str) -> str:
    return _TITLES.get(name, name)


def _words(action: str) -> str:
    return {"UPDATE": "change", "GET": "see"}.get(action, action.lower().replace("_", " "))


class About(msgspec.Struct, frozen=True):
    """Of a record what decides who may see it: a box, or an entry of a directory."""

    stage_key: str | None = None
    assignee_keys: list[str] = []
    creator_key: str | None = None
    fields: Any = {}
