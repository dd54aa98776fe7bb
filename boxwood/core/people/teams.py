"""Teams: the people who share pipelines, contacts and organizations."""

from __future__ import annotations

from typing import Any

from ...db.engine import Db
from ...errors import Forbidden, Invalid, NotFound
from ...lib import ids
from .. import events
from ..context import Ctx
from ..records import TEAM_MEMBERS, TEAMS, USERS, Membership, Team, TeamMember, TeamSettings, User

_MINE = """
    JOIN team_members m ON m.team_key = t.key AND m.user_key = :actor AND m.role <> 'ArchiveOnly'
        AND (:within = '' OR t.key = :within)
"""


def get(ctx: Ctx, key: str) -> Team:
    row = ctx.db.row(f"SELECT {TEAMS.of('t')} FROM teams t {_MINE} WHERE t.key = :key", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    return TEAMS.load(row)


def lock(ctx: Ctx, key: str) -> Team:
    """The team as it is now, which nobody else changes before the commit. Reach was asked before."""
    row = ctx.db.row(f"SELECT {TEAMS.columns} FROM teams WHERE key = :key{ctx.db.for_update}", key=key)
    if row is None:
        raise NotFound(key)
    return TEAMS.load(row)


def mine(ctx: Ctx, *, limit: int, offset: int) -> list[Team]:
    """Newest first."""
    rows = ctx.db.rows(
        f"""
        SELECT {TEAMS.of("t")} FROM teams t {_MINE}
        ORDER BY t.created_at DESC, t.key DESC LIMIT :limit OFFSET :offset
        """,
        **ctx.who,
        limit=limit,
        offset=offset,
    )
    return TEAMS.load_all(rows)


def oldest_of(ctx: Ctx) -> Team:
    """Where a pipeline goes that names no team (ruling 4)."""
    row = ctx.db.row(f"SELECT {TEAMS.of('t')} FROM teams t {_MINE} ORDER BY t.created_at, t.key LIMIT 1", **ctx.who)
    if row is None:
        raise Invalid("teamKey", "you belong to no team yet")
    return TEAMS.load(row)


def members(ctx: Ctx, team_keys: list[str]) -> dict[str, list[tuple[TeamMember, User]]]:
    """The members of each of these teams, the first invited first."""
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


def require_owner(ctx: Ctx, team: Team) -> None:
    row = ctx.db.row(
        "SELECT role FROM team_members WHERE team_key = :team AND user_key = :user",
        team=team.key,
        user=ctx.actor.key,
    )
    if row is None or row[0] != "Owner":
        raise Forbidden("Only an owner of the team may do this")


def make(db: Db, name: str, owner: User, now: int) -> Team:
    """A team with its owner, made by no one's request (the first start, a key's first user)."""
    team = Team(ids.new("t", now), name, owner.key, TeamSettings(), now, now)
    TEAMS.insert(db, team)
    TEAM_MEMBERS.insert(db, TeamMember(team.key, owner.key, "Owner", "Accepted", "None", now))
    return team


def add(ctx: Ctx, team: Team, user: User, role: str) -> None:
    """A member more, who was none."""
    status = "Pending" if user.invited else "Accepted"
    member = TeamMember(team.key, user.key, role, status, "None", ctx.now)
    TEAM_MEMBERS.insert(ctx.db, member)
    _tell_change(ctx, team, user, None, member)


def _tell_change(ctx: Ctx, team: Team, user: User, before: TeamMember | None, after: TeamMember | None) -> None:
    if after is None:
        tell(ctx, "member.removed", team, user, before.role if before else "")
    elif before is None:
        tell(ctx, "member.invited" if after.invite_status == "Pending" else "member.added", team, user, after.role)
    elif before.role != after.role:
        tell(ctx, "member.role_changed", team, user, after.role, before={"role": before.role})


def tell(ctx: Ctx, kind: str, team: Team, user: User, role: str, *, before: Any = None, **names: str) -> None:
    """What happened to a member."""
    names |= {"subject": user.full_name, "email": user.email, "what": role, "team_name": team.name}
    thing = Membership(user.key, team.key, user.email, role)
    events.record(ctx, kind, thing, team_key=team.key, before=before, people=[user.key], **names)
