"""Who may do what: permission by reach.

A user reaches a pipeline through their own entry in its access list, or through its team with the pipeline's default
permission set. No user reaches a pipeline that is in the trash. A thing out of the user's reach is "not found"; an
action that the user's permission set does not grant is "forbidden".
A permission set is a list of grants: each allows an action on a kind of entity, under a condition.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from ..db.engine import Db, Dialect
from ..errors import Forbidden
from . import permission_conditions
from .context import Ctx
from .records import Grant, PermissionSet, permissions

# SQL: the actor's permission set in pipeline `p`, NULL if there is none. Its parameters are `ctx.who`. It uses
# subqueries instead of joins: SQLite answers 3 subqueries in 1 µs, and needs 5 µs for each joined table.
_ENTRY = """(
    SELECT pm.permission_set FROM pipeline_members pm WHERE pm.pipeline_key = p.key AND pm.user_key = :actor
)"""
ROLE = f"""
    NULLIF(CASE WHEN p.trashed_at IS NOT NULL OR (:within <> '' AND p.team_key <> :within)
        OR (:only <> '' AND REPLACE(:only, p.key, '') = :only) THEN NULL ELSE
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
"""SQL: the actor's permission set in pipeline `p` if the pipeline is in the trash, NULL for all other pipelines."""


_UNLIMITED = ROLE.replace(":within", "''").replace(":only", "''")


def role_of(user: str) -> str:
    """Return the SQL of `ROLE` for the user whose key is in the SQL column `user`, in all the user's teams."""
    return _UNLIMITED.replace(":actor", user)


ROLE_OF_EACH = role_of("u.key")
"""SQL: the permission set of user `u` in pipeline `p`."""


class Role(msgspec.Struct, frozen=True):
    """What the actor may do in one pipeline."""

    name: str
    permissions: list[Grant]

    def checks(self, entity: str, action: str, asked: frozenset[tuple[str, str]] = frozenset()) -> list[Grant]:
        """Return the grants for this action. The action is allowed if the condition of any of them holds.

        A grant whose condition refers to another right (BOX_UPDATE, BOX_VIEW) is replaced by the grants of that
        right. A grant that refers to itself allows nothing; `asked` holds the rights that are being resolved.
        """
        found: list[Grant] = []
        asked |= {(entity, action)}
        for grant in self.permissions:
            if not _applies(grant, entity, action):
                continue
            other_action = permission_conditions.REFERS.get(grant.conditional_check)
            if other_action is None:
                found.append(grant)
            elif ("BOX", other_action) not in asked:
                found += self.checks("BOX", other_action, asked)
        return found

    def sees_all_boxes(self) -> bool:
        return any(grant.conditional_check in ("NONE", "UNARCHIVED") for grant in self.checks("BOX", "GET"))


def _applies(grant: Grant, entity: str, action: str) -> bool:
    if (entity, action) == ("BOX", "GET") and (grant.entity_type, grant.action) == ("PIPELINE", "GET_BOXES"):
        return True
    return grant.entity_type in (entity, permissions.ANY) and grant.action in (action, permissions.ANY)


_ROLES = {name: Role(name, built_in.permissions) for name, built_in in permissions.BUILT_IN.items()}


def role(name: str, custom: dict[str, PermissionSet]) -> Role:
    if name in _ROLES:
        return _ROLES[name]
    return Role(name, custom[name].permissions if name in custom else [])


def allows(ctx: Ctx, role: Role, entity: str, action: str, thing: Any = None) -> bool:
    """Return whether the actor's role grants the action. `thing` is the box or pipeline that conditions look at."""
    return allows_user(ctx.actor.key, role, entity, action, thing)


def allows_user(user_key: str, role: Role, entity: str, action: str, thing: Any = None) -> bool:
    """Return whether the role of this user (who need not be the actor) grants the action."""
    return any(
        permission_conditions.holds(user_key, grant.conditional_check, grant.params, thing)
        for grant in role.checks(entity, action)
    )


def grants_any(role: Role, entity: str, action: str) -> bool:
    """Return whether the role allows the action on every thing of this kind, without a condition."""
    return any(grant.conditional_check == "NONE" for grant in role.checks(entity, action))


def require_some(role: Role, entity: str, action: str) -> None:
    """Raise `Forbidden` if the role allows the action on no thing of this kind.

    Callers that do not have the thing yet use it first, and `require` when they have the thing.
    """
    if not role.checks(entity, action):
        raise Forbidden(f"Your role here ({_title(role.name)}) may not {_words(action)} a {entity.lower()}")


def require(ctx: Ctx, role: Role, entity: str, action: str, thing: Any = None) -> None:
    """Raise `Forbidden` if the actor's role does not grant the action on this thing."""
    if not allows(ctx, role, entity, action, thing):
        raise Forbidden(f"Your role here ({_title(role.name)}) may not {_words(action)} this {entity.lower()}")


def visible(dialect: Dialect, role: Role, user_key: str, name: str = "seen") -> tuple[str, dict[str, Any]]:
    """Return an SQL condition on box `b` that holds for the boxes the user may see, and its parameters.

    The names of the parameters begin with `name`.
    """
    tests: list[str] = []
    params: dict[str, Any] = {}
    for at, grant in enumerate(role.checks("BOX", "GET")):
        test, given = permission_conditions.test(
            dialect, user_key, grant.conditional_check, grant.params, f"{name}_{at}"
        )
        tests.append(test)
        params |= given
    return f"({' OR '.join(tests)})" if tests else "(1 = 0)", params


# Mail. The owner of a conversation may restrict it (`thread_shares`); its owner always sees all of it.

PRIVATE_MAIL, RESTRICTED_MAIL = "ts.share = 'private'", "ts.share <> 'full'"


def sees_mail(thread: str, restriction: str = RESTRICTED_MAIL) -> str:
    """SQL: the reader sees the whole mail of the thread in the SQL column `thread` (with PRIVATE_MAIL: sees that the
    thread exists). True for NULL. The parameter `mail_owner` is `ctx.mail_owner`."""
    return f"""NOT EXISTS (
        SELECT 1 FROM thread_shares ts WHERE ts.thread_key = {thread} AND {restriction} AND ts.owner_key <> :mail_owner)
    """


def sees_event(dialect: Dialect, event: str) -> str:
    """SQL: the event in the SQL row `event` tells of no mail that is restricted for its reader."""
    record, detail = (dialect.field_value(f"{event}.{column}", "thread_key") for column in ("record", "detail"))
    return f"""NOT EXISTS (
        SELECT 1 FROM thread_shares ts WHERE ts.box_key = {event}.box_key AND {RESTRICTED_MAIL}
            AND ts.owner_key <> :mail_owner AND ts.thread_key = CASE
                WHEN {event}.kind LIKE 'thread.%' THEN {event}.subject_key
                WHEN {event}.kind LIKE 'file.%' OR {event}.kind LIKE 'message.%' THEN {record}
                ELSE {detail} END)
    """


def restricted_to(db: Db, threads: Collection[str]) -> dict[str, str]:
    """The owners of those of these threads that are restricted, by thread."""
    if not threads:
        return {}
    among = db.dialect.among("ts.thread_key", "threads")
    sql = f"SELECT ts.thread_key, ts.owner_key FROM thread_shares ts WHERE {among} AND {RESTRICTED_MAIL}"
    return dict(db.rows(sql, threads=db.texts(threads)))


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
    """The members of a box, a contact or an organization that decide who may see it."""

    stage_key: str | None = None
    assignee_keys: list[str] = []
    creator_key: str | None = None
    fields: Any = {}
