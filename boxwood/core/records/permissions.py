"""Permission sets: each is a list of grants that says what a user may do (spec 3.2)."""

from __future__ import annotations

import msgspec

ADMIN = "__adminPermissionSet__"


EDITOR = "__editAllPermissionSet__"


CREATOR = "__editAssignedBoxCreatePermissionSet__"


ASSIGNEE = "__editAssignedPermissionSet__"


VIEWER = "__viewAllPermissionSet__"


OBSERVER = "__viewAssignedPermissionSet__"


NO_ACCESS = "__noAccessPermissionSet__"


ANY = "*"


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """One grant of a permission set: an action on a kind of entity, under a condition (spec 3.2)."""

    entity_type: str
    action: str
    conditional_check: str = "NONE"
    params: dict[str, str | None] = {}


class PermissionSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """A list of grants that a user can be given in a pipeline."""

    permissions: list[Grant]
    user_assignable: bool = True


def _set(*grants: tuple[str, str, str]) -> PermissionSet:
    """Return a permission set. Each grant is (entity, actions separated by spaces, condition)."""
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
