"""Teams: the people who share pipelines, contacts and organizations."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.engine import Db
from ...errors import Forbidden, Invalid, NotFound
from ...lib import ids, names
from .. import events
from ..context import Ctx
from ..records import TEAM_MEMBERS, TEAMS, USERS, Membership, Team, TeamMember, TeamSettings, User

_MEMBERSHIP = """
    JOIN team_members m ON m.team_key = t.key AND m.user_key = :actor AND m.role <> 'ArchiveOnly'
        AND (:within = '' OR t.key = :within)
"""


def get(ctx: Ctx, key: str) -> Team:
    row = ctx.db.row(f"SELECT {TEAMS.of('t')} FROM teams t {_MEMBERSHIP} WHERE t.key = :key", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    return TEAMS.load(row)


def is_member(ctx: Ctx, key: str) -> bool:
    """Whether the actor is in the team, and the team is within reach."""
    try:
        get(ctx, key)
    except NotFound:
        return False
    return True


def get_whole(ctx: Ctx, key: str) -> Team:
    """Return the team for what tells of all its pipelines. Raise `NotFound` for an API key that is limited to some."""
    if ctx.only:
        raise NotFound(key)
    return get(ctx, key)


def get_to_work_in(ctx: Ctx, key: str) -> Team:
    """Return the team, in which the actor creates something. Raise `Forbidden` for a member who only pays for it."""
    team = get(ctx, key)
    if role_of(ctx, team) == "PayerOnly":
        raise Forbidden("A member with the role PayerOnly may not do this: ask an owner of the team for another role")
    return team


def role_of(ctx: Ctx, team: Team) -> str | None:
    """Return the actor's role in the team, or None if the actor is no member."""
    row = ctx.db.row(
        "SELECT role FROM team_members WHERE team_key = :team AND user_key = :user", team=team.key, user=ctx.actor.key
    )
    return row[0] if row else None


def lock(ctx: Ctx, key: str) -> Team:
    """Lock the team until the commit, and return it as it is now. The caller has checked the actor's permission."""
    row = ctx.db.row(f"SELECT {TEAMS.columns} FROM teams WHERE key = :key{ctx.db.for_update}", key=key)
    if row is None:
        raise NotFound(key)
    return TEAMS.load(row)


def list_own(ctx: Ctx, *, limit: int, offset: int) -> list[Team]:
    """Return a page of the actor's teams, the newest first."""
    rows = ctx.db.rows(
        f"""
        SELECT {TEAMS.of("t")} FROM teams t {_MEMBERSHIP}
        ORDER BY t.created_at DESC, t.key DESC LIMIT :limit OFFSET :offset
        """,
        **ctx.who,
        limit=limit,
        offset=offset,
    )
    return TEAMS.load_all(rows)


def find_key(ctx: Ctx, wanted: str, where: str) -> str | None:
    """Return the key of the actor's team that the text names; None if there is none. Raise `Invalid` if it names
    several."""
    known = {team.key: team.name for team in list_own(ctx, limit=10_000, offset=0)}
    found = names.matching(known, wanted)
    if len(found) > 1:
        raise Invalid(where, names.ambiguous(known, found, wanted, "teams"))
    return found[0] if found else None


def oldest(ctx: Ctx) -> Team:
    """Return the oldest team in which the actor works: new pipelines belong to it if no team is named (ruling 4)."""
    row = ctx.db.row(
        f"""
        SELECT {TEAMS.of("t")} FROM teams t {_MEMBERSHIP} WHERE m.role <> 'PayerOnly'
        ORDER BY t.created_at, t.key LIMIT 1
        """,
        **ctx.who,
    )
    if row is None:
        raise Invalid("teamKey", "you are not a member of a team yet")
    return TEAMS.load(row)


def members(ctx: Ctx, team_keys: list[str]) -> dict[str, list[tuple[TeamMember, User]]]:
    """Return the members of each of these teams, by team key, in the order of their invitations."""
    found: dict[str, list[tuple[TeamMember, User]]] = {key: [] for key in team_keys}
    for row in ctx.db.rows(
        f"""
        SELECT {TEAM_MEMBERS.of("m")}, {USERS.of("u")} FROM team_members m JOIN users u ON u.key = m.user_key
        WHERE {ctx.db.dialect.among("m.team_key", "teams")} ORDER BY m.invited_at, m.user_key
        """,
        teams=ctx.db.texts(team_keys),
    ):
        member = TEAM_MEMBERS.load(row)
        found[member.team_key].append((member, USERS.load(row[len(TEAM_MEMBERS.names) :])))
    return found


def restricts_sharing(ctx: Ctx, key: str) -> bool:
    """Return whether the team shares its pipelines with its members only."""
    row = ctx.db.row("SELECT settings FROM teams WHERE key = :key", key=key)
    return row is not None and msgspec.json.decode(row[0], type=TeamSettings).sharing_restricted_to_team


def require_owner(ctx: Ctx, team: Team) -> None:
    """Raise `Forbidden` unless the actor is an owner of the team."""
    if role_of(ctx, team) != "Owner":
        raise Forbidden("Only an owner of the team may do this")


def create(db: Db, name: str, owner: User, now: int) -> Team:
    """Create a team with its owner and return it. No event is recorded; `accounts/team_settings.create` does that."""
    team = Team(ids.new("t", now), name, owner.key, TeamSettings(), now, now)
    TEAMS.insert(db, team)
    TEAM_MEMBERS.insert(db, TeamMember(team.key, owner.key, "Owner", "Accepted", now))
    return team


def add(ctx: Ctx, team: Team, user: User, role: str) -> None:
    """Add a user who is not a member yet, and record the event."""
    status = "Pending" if user.invited else "Accepted"
    member = TeamMember(team.key, user.key, role, status, ctx.now)
    TEAM_MEMBERS.insert(ctx.db, member)
    record_change(ctx, team, user, None, member)


def record_change(ctx: Ctx, team: Team, user: User, before: TeamMember | None, after: TeamMember | None) -> None:
    """Record the event of a membership that was added, removed or given another role, if it was."""
    if after is None:
        record_event(ctx, "member.removed", team, user, before.role if before else "")
    elif before is None:
        kind = "member.invited" if after.invite_status == "Pending" else "member.added"
        record_event(ctx, kind, team, user, after.role)
    elif before.role != after.role:
        record_event(ctx, "member.role_changed", team, user, after.role, before={"role": before.role})


def record_event(ctx: Ctx, kind: str, team: Team, user: User, role: str, *, before: Any = None, **detail: str) -> None:
    """Record an event about a member of the team."""
    detail |= {"subject": user.full_name, "email": user.email, "what": role, "team_name": team.name}
    thing = Membership(user.key, team.key, user.email, role)
    events.record(ctx, kind, thing, team_key=team.key, before=before, people=[user.key], **detail)
