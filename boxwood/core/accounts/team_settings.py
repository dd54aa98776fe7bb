"""Create teams, and change their name, members and settings. Only owners may change a team."""

from __future__ import annotations

from typing import Any

import msgspec

from ...errors import Insufficient, Invalid
from ...lib import addresses
from .. import events, undo_data
from ..context import Ctx
from ..people import teams, user_names
from ..records import (
    TEAM_LISTS,
    TEAMS,
    USERS,
    ListAccess,
    Team,
    TeamSettings,
    User,
    permissions,
)
from . import invitations


def create(ctx: Ctx, name: str, named: list[dict[str, str]]) -> Team:
    """Create a team. The actor becomes its owner and must be one of the named members (spec 2.2)."""
    if not name:
        raise Insufficient("Team", "name")
    people = [find_user(ctx, member, f"members[{at}]") for at, member in enumerate(named)]
    if ctx.actor.key not in {user.key for user in people}:
        raise Invalid("members", "the creator must be one of the members")
    team = teams.create(ctx.db, name, ctx.actor, ctx.now)
    for user in {user.key: user for user in people}.values():
        if user.key != ctx.actor.key:
            teams.add(ctx, team, user, "Member")
    events.record(ctx, "team.created", team, team_key=team.key, subject=team.name)
    return team


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Team:
    """Change the name and the settings of the team.

    Custom fields are edited by `contacts/custom_fields`, and `members` afterwards by `activity/handovers`.
    """
    teams.require_owner(ctx, teams.get(ctx, key))
    team = teams.lock(ctx, key)
    if changes.get("name") == "":
        raise Invalid("name", "must not be empty")
    if changes.get("tracking_host"):
        changes = {**changes, "tracking_host": _host(changes["tracking_host"])}
    settings = {name: value for name, value in changes.items() if name in _EDITABLE}
    for name in TEAM_LISTS:
        if f"{name}_access" in settings:
            named = {member.get("user_key") for member in changes.get("members", ())}
            settings[f"{name}_access"] = _list_access(ctx, team, name, changes[f"{name}_access"], named)
    return save(ctx, team, settings, name=changes.get("name", team.name), members_changed="members" in changes)


_EDITABLE = set(TeamSettings.__struct_fields__) - {f"{name}_fields" for name in TEAM_LISTS}


def save(
    ctx: Ctx, team: Team, settings: dict[str, Any], *, name: str = "", members_changed: bool = False, values: Any = None
) -> Team:
    """Store these settings and return the changed team.

    If nothing differs and no members changed, nothing is stored and no event is recorded. `values` are the field values
    that were deleted with a field or option; they are stored for an undo.
    """
    after = msgspec.structs.replace(
        team, name=name or team.name, settings=msgspec.structs.replace(team.settings, **settings)
    )
    if after == team and not members_changed:
        return team
    after = msgspec.structs.replace(after, updated_at=ctx.now)
    TEAMS.update(ctx.db, after, "name", "settings", "updated_at")
    before: dict[str, Any] = {} if after.name == team.name else {"name": team.name}
    changed = [member for member in settings if getattr(after.settings, member) != getattr(team.settings, member)]
    if changed:
        before["settings"] = {member: getattr(team.settings, member) for member in changed}
    event_id = events.record(ctx, "team.edited", after, team_key=after.key, before=before or None, subject=after.name)
    if values:
        undo_data.store(ctx, event_id, {"values": values})
    return after


def _host(given: str) -> str:
    """The host name in letters that every mail program understands."""
    found = addresses.domain(given.strip())
    name = addresses.in_ascii(f"x@{found}")[2:] if found else ""
    if not name or name.rpartition(".")[2].isdigit():
        raise Invalid("trackingHost", "must be a host name such as links.acme.example")
    return name


def _list_access(ctx: Ctx, team: Team, name: str, given: dict[str, Any], named: set[str | None]) -> ListAccess:
    """Return the permissions of the team's contacts or organizations with the given changes."""
    where = f"contactOrgListPermissions.{name}"
    set_names = [
        given.get("default_permission_set"),
        *(entry.get("permissionSetName") for entry in given.get("entries", [])),
    ]
    for set_name in set_names:
        if set_name and set_name not in permissions.BUILT_IN:
            known_sets = ", ".join(permissions.BUILT_IN)
            raise Invalid(where, f"no permission set {set_name[:100]!r}: must be one of {known_sets}")
    known = named | {member.user_key for member, _ in teams.members(ctx, [team.key])[team.key]}
    for at, entry in enumerate(given.get("entries", [])):
        if entry.get("userKey") not in known or not entry.get("permissionSetName"):
            raise Invalid(f"{where}.aclEntries[{at}]", "must have the userKey of a member and a permissionSetName")
    before: ListAccess = getattr(team.settings, f"{name}_access")
    return msgspec.structs.replace(before, **{member: value for member, value in given.items() if value is not None})


def find_user(ctx: Ctx, member: dict[str, Any], field: str, known: set[str] | None = None) -> User:
    """Return the user that a member entry names, by key if given, else by e-mail. An unknown address is invited."""
    key = member.get("user_key")
    if key and known and key in known:
        row = ctx.db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=key)
        assert row is not None
        return USERS.load(row)
    if key:
        return user_names.get(ctx, key, field)
    if member.get("email"):
        return invitations.find_or_invite(ctx, member["email"], f"{field}.email")
    raise Invalid(field, "must have userKey or email")
