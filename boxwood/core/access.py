"""Who may do what: permission by reach.

A pipeline is reached by an entry of one's own in it, or through its team with the pipeline's default
permission set. What cannot be reached is not found; what is reached but not allowed is forbidden.
A permission set is a list of grants: an action on a kind of entity, under a condition.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import Forbidden
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
    NULLIF(CASE WHEN :within <> '' AND p.team_key <> :within THEN NULL ELSE
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


def role_of(user: str) -> str:
    """The same for the user whose key is in the column `user`, with all that person reaches."""
    return ROLE.replace(":actor", user).replace(":within", "''")


ROLE_OF_EACH = ROLE.replace(":actor", "u.key").replace(":within", "''")
"""The same of user `u`."""


class Role(msgspec.Struct, frozen=True):
    """What the actor may do in one pipeline."""

    name: str
    permissions: list[Grant]

    def checks(self, entity: str, action: str) -> list[Grant]:
        """The grants that speak of this action: any whose condition holds is enough."""
        return [
            grant for grant in self.permissions if grant.entity_type in (entity, ANY) and grant.action in (action, ANY)
        ]

    def sees_all_boxes(self) -> bool:
        return any(grant.conditional_check == "NONE" for grant in self.checks("BOX", "GET"))


_ROLES = {name: Role(name, built_in.permissions) for name, built_in in BUILT_IN.items()}


def role(name: str, custom: dict[str, PermissionSet]) -> Role:
    if name in _ROLES:
        return _ROLES[name]
    return Role(name, custom[name].permissions if name in custom else [])


def allows(ctx: Ctx, role: Role, entity: str, action: str, box: Any = None) -> bool:
    """Whether the role grants it, for this box where the grant depends on one."""
    return may(ctx.actor.key, role, entity, action, box)


def may(user_key: str, role: Role, entity: str, action: str, box: Any = None) -> bool:
    """The same for another user than the one who acts."""
    return any(_holds(user_key, grant, box) for grant in role.checks(entity, action))


def require(ctx: Ctx, role: Role, entity: str, action: str, box: Any = None) -> None:
    if not allows(ctx, role, entity, action, box):
        raise Forbidden(f"Your role here ({_title(role.name)}) may not {_words(action)} this {entity.lower()}")


def _holds(user_key: str, grant: Grant, box: Any) -> bool:
    match grant.conditional_check:
        case "NONE":
            return True
        case "ASSIGNED_TO":
            return box is not None and user_key in box.assignee_keys
        case "CREATOR":
            return box is not None and user_key == box.creator_key
    return False


def visible(role: Role) -> str:
    """A test in SQL on box `b`: those that this role may see; `:actor` is given beside it."""
    tests = [
        _TESTS[grant.conditional_check] for grant in role.checks("BOX", "GET") if grant.conditional_check in _TESTS
    ]
    return f"({' OR '.join(tests)})" if tests else "(1 = 0)"


_TESTS = {
    "NONE": "1 = 1",
    "ASSIGNED_TO": "EXISTS (SELECT 1 FROM assignments a WHERE a.box_key = b.key AND a.user_key = :actor)",
    "CREATOR": "b.creator_key = :actor",
}
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
