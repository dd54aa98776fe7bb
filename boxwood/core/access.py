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
from . import conditions
from .context import Ctx

ADMIN = "__adminPermissionSet__"
EDITOR = "__editAllPermissionSet__"
CREATOR = "__editAssignedBoxCreatePermissionSet__"
ASSIGNEE = "__editAssignedPermissionSet__"
VIEWER = "__viewAllPermissionSet__"
OBSERVER = "__viewAssignedPermissionSet__"
NO_ACCESS = "__noAccessPermissionSet__"

ANY = "*"


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """One permission, as custom sets hold it (spec 3.2)."""

    entity_type: str
    action: str
    conditional_check: str = "NONE"
    params: dict[str, str | None] = {}


class PermissionSet(msgspec.Struct, frozen=True, omit_defaults=True):
    permissions: list[Grant]
    user_assignable: bool = True


def _set(*grants: tuple[str, str, str]) -> PermissionSet:
    """Grants as (entity, the actions, condition)."""
    return PermissionSet(
        [Grant(entity, action, check) for entity, actions, check in grants for action in actions.split()]
    )


_SEE = ("PIPELINE", "GET FLOW_VIEW_LOGS", "NONE")
BUILT_IN: dict[str, PermissionSet] = {
    ADMIN: _set((ANY, ANY, "NONE")),
    EDITOR: _set(
        (
            "PIPELINE",
            "GET GET_BOXES UPDATE EXPORT CHANGE_PERMISSIONS FLOW_PAUSE_RESUME FLOW_VIEW_LOGS",
            "NONE",
        ),
        ("STAGE", "CREATE UPDATE DELETE", "NONE"),
        ("FIELD", "CREATE UPDATE OPTIONS FORMAT ORDER RESIZE HIDE FREEZE SUMMARY", "NONE"),
        ("BOX", "GET CREATE UPDATE DELETE", "NONE"),
    ),
    CREATOR: _set(
        _SEE,
        ("PIPELINE", "GET_BOXES EXPORT", "NONE"),
        ("BOX", "GET CREATE", "NONE"),
        ("BOX", "UPDATE DELETE", "ASSIGNED_TO"),
    ),
    ASSIGNEE: _set(_SEE, ("BOX", "GET UPDATE", "ASSIGNED_TO")),
    VIEWER: _set(_SEE, ("PIPELINE", "GET_BOXES EXPORT", "NONE"), ("BOX", "GET", "NONE")),
    OBSERVER: _set(_SEE, ("BOX", "GET", "ASSIGNED_TO")),
    NO_ACCESS: _set(),
}

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
    END, '{NO_ACCESS}')
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
            other = conditions.REFERS.get(grant.conditional_check)
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
    return grant.entity_type in (entity, ANY) and grant.action in (action, ANY)


_ROLES = {name: Role(name, built_in.permissions) for name, built_in in BUILT_IN.items()}


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
        conditions.holds(user_key, grant.conditional_check, grant.params, thing)
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
        test, given = conditions.test(dialect, user_key, grant.conditional_check, grant.params, f"{name}_{at}")
        tests.append(test)
        params |= given
    return f"({' OR '.join(tests)})" if tests else "(1 = 0)", params


_TITLES = {
    ADMIN: "Admin",
    EDITOR: "Editor",
    CREATOR: "Creator",
    ASSIGNEE: "Assignee",
    VIEWER: "Viewer",
    OBSERVER: "Observer",
}


def _title(name: str) -> str:
    return _TITLES.get(name, name)


def _words(action: str) -> str:
    return {"UPDATE": "change", "GET": "see"}.get(action, action.lower().replace("_", " "))
