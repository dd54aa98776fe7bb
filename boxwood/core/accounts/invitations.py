"""Invitations: someone named by an e-mail address is asked to come.

A user is there from the moment he is named, so that nothing that is shared with or assigned to him is lost; the
invitation is the link by which he comes. It is mailed where mail is set up. Otherwise the link is shown to the one who
invites, but only where nobody else has given the invited anything: whoever opens it is that user.
"""

from __future__ import annotations

from collections.abc import Container

import msgspec

from ...db.records import Table
from ...errors import Conflict, Invalid, NotFound
from ...lib import ids
from .. import mail_settings, outgoing_mail, persons
from ..context import Ctx
from ..people import teams, users
from ..records import TEAM_MEMBERS, TEAMS, USERS, Team, TeamMember, User, permissions
from . import api_keys, sign_in_links

ROLES = ("Member", "Owner", "PayerOnly")


class Invitation(msgspec.Struct, frozen=True):
    key: str
    team_key: str | None
    """None for one who was not invited to a team, but shared with or assigned something."""
    user_key: str
    inviter_key: str
    mailed: bool
    created_at: int
    ends_at: int
    accepted_at: int | None


class Invited(msgspec.Struct, frozen=True):
    """An invitation, whom it is for, and the link where it may be shown."""

    invitation: Invitation
    user: User
    role: str | None
    link: str | None = None


INVITATIONS = Table("invitations", Invitation)


def to_team(ctx: Ctx, team_key: str, email: str, role: str, name: str = "") -> Invited:
    """Ask someone into a team. Who is a user already is a member at once, and is told so by mail."""
    team = teams.get(ctx, team_key)
    teams.require_owner(ctx, team)
    team = teams.lock(ctx, team.key)
    email = persons.check_email(email)
    known = users.by_email(ctx.db, email)
    given, _, family = name.strip().partition(" ")
    user = known or users.create(ctx.db, email, ctx.now, given_name=given, family_name=family.strip(), invited=True)
    if _member(ctx, team.key, user.key):
        raise Invalid("email", f"{email} is a member of this team already")
    teams.add(ctx, team, user, role)
    made = _make(ctx, user, team.key)
    if user.invited:
        return _deliver(ctx, made, user, team, role)
    made = msgspec.structs.replace(made, accepted_at=ctx.now)
    if mail_settings.configured(ctx.db):
        outgoing_mail.post(ctx, [user.email], *_added(ctx, team), about="invitation", reply_to=ctx.actor.email)
        made = msgspec.structs.replace(made, mailed=True)
    INVITATIONS.update(ctx.db, made, "accepted_at", "mailed")
    return Invited(made, user, role)


def of_person(ctx: Ctx, user: User) -> None:
    """Someone was named who is not here yet: mailed where it can be, else to be had by `resend`."""
    made = _make(ctx, user, None)
    if mail_settings.configured(ctx.db):
        _deliver(ctx, made, user, None, None)


def _make(ctx: Ctx, user: User, team_key: str | None) -> Invitation:
    made = Invitation(
        key=ids.new("n", ctx.now),
        team_key=team_key,
        user_key=user.key,
        inviter_key=ctx.actor.key,
        mailed=False,
        created_at=ctx.now,
        ends_at=ctx.now + sign_in_links.LASTS["invitation"],
        accepted_at=None,
    )
    INVITATIONS.insert(ctx.db, made)
    return made


def _deliver(ctx: Ctx, made: Invitation, user: User, team: Team | None, role: str | None) -> Invited:
    """By mail, or by hand."""
    settings = mail_settings.find(ctx.db)
    if not settings.smtp_url and not _is_ours(ctx, user):
        raise Conflict(
            f"Others have shared something with {user.email}, so only mail may carry this link: set mail up, or have "
            "`boxwood user link` print one"
        )
    made = msgspec.structs.replace(
        made, ends_at=ctx.now + sign_in_links.LASTS["invitation"], mailed=bool(settings.smtp_url)
    )
    INVITATIONS.update(ctx.db, made, "ends_at", "mailed")
    path = sign_in_links.make(ctx.db, user, "invitation", ctx.now, made.key)
    if not made.mailed:
        return Invited(made, user, role, settings.base_url + path)
    text = _text(ctx, team, settings.base_url + path)
    about = f"{ctx.actor.full_name} invites you to {team.name if team else 'Boxwood'}"
    outgoing_mail.post(
        ctx, [user.email], about, text, about="invitation", reply_to=ctx.actor.email, ends_at=made.ends_at
    )
    return Invited(made, user, role)


def _text(ctx: Ctx, team: Team | None, link: str) -> str:
    what = f"the team {team.name}" if team else "work together"
    return (
        f"Hello,\n\n{ctx.actor.full_name} ({ctx.actor.email}) invites you to {what} in Boxwood.\n\n"
        f"Open this link and choose a password:\n\n{link}\n\n"
        "It is good for two weeks and for one use. If you expect no invitation, leave it alone: nothing happens.\n"
    )


def _added(ctx: Ctx, team: Team) -> tuple[str, str]:
    """Subject and text for one who is a user already."""
    link = mail_settings.find(ctx.db).base_url
    return (
        f"You are a member of {team.name}",
        f"Hello,\n\n{ctx.actor.full_name} ({ctx.actor.email}) made you a member of the team {team.name} in Boxwood:\n\n"
        f"{link}/\n",
    )


_OURS = f"""
    SELECT 1 FROM users u WHERE u.key = :user AND u.invited
    AND NOT EXISTS (
        SELECT 1 FROM team_members m WHERE m.user_key = u.key AND NOT EXISTS (
            SELECT 1 FROM team_members o
            WHERE o.team_key = m.team_key AND o.user_key = :actor AND o.role = 'Owner'))
    AND NOT EXISTS (
        SELECT 1 FROM pipeline_members m JOIN pipelines p ON p.key = m.pipeline_key
        WHERE m.user_key = u.key
            AND NOT EXISTS (
                SELECT 1 FROM pipeline_members a WHERE a.pipeline_key = p.key AND a.user_key = :actor
                    AND a.permission_set = '{permissions.ADMIN}')
            AND NOT EXISTS (
                SELECT 1 FROM team_members o
                WHERE o.team_key = p.team_key AND o.user_key = :actor AND o.role = 'Owner'))
"""


def _is_ours(ctx: Ctx, user: User) -> bool:
    """Whether all that the invited may reach is the actor's to give."""
    return not ctx.within and ctx.db.row(_OURS, user=user.key, actor=ctx.actor.key) is not None


_SHOWN = f"""
    SELECT {INVITATIONS.of("i")}, {USERS.of("u")}, m.role FROM invitations i JOIN users u ON u.key = i.user_key
    LEFT JOIN team_members m ON m.team_key = i.team_key AND m.user_key = i.user_key
"""


def of_team(ctx: Ctx, team_key: str, *, limit: int, offset: int) -> list[Invited]:
    """Those to this team that were not accepted yet, and those of others who were named its members before they were
    here; newest first. For owners."""
    team = teams.get(ctx, team_key)
    teams.require_owner(ctx, team)
    rows = ctx.db.rows(
        f"""
        {_SHOWN} WHERE i.accepted_at IS NULL AND (i.team_key = :team OR (i.team_key IS NULL AND EXISTS (
            SELECT 1 FROM team_members p
            WHERE p.team_key = :team AND p.user_key = i.user_key AND p.invite_status = 'Pending')))
        ORDER BY i.created_at DESC, i.key DESC LIMIT :limit OFFSET :offset
        """,
        team=team.key,
        limit=limit,
        offset=offset,
    )
    return [_shown(row) for row in rows]


def mine(ctx: Ctx, *, limit: int, offset: int) -> list[Invited]:
    """Those the actor made that were not accepted yet, newest first."""
    api_keys.require_self(ctx)
    rows = ctx.db.rows(
        f"""
        {_SHOWN} WHERE i.accepted_at IS NULL AND i.inviter_key = :actor
        ORDER BY i.created_at DESC, i.key DESC LIMIT :limit OFFSET :offset
        """,
        actor=ctx.actor.key,
        limit=limit,
        offset=offset,
    )
    return [_shown(row) for row in rows]


def _shown(row: tuple[object, ...]) -> Invited:
    width = len(INVITATIONS.names)
    return Invited(INVITATIONS.load(row), USERS.load(row[width:]), row[-1])  # type: ignore[arg-type]


def _get(ctx: Ctx, key: str) -> Invited:
    """One's own, or one to a team one owns, where the invited is to be a member."""
    api_keys.require_self(ctx)
    row = ctx.db.row(
        f"""
        {_SHOWN} WHERE i.key = :key AND (i.inviter_key = :actor OR EXISTS (
            SELECT 1 FROM team_members o JOIN team_members p ON p.team_key = o.team_key AND p.user_key = i.user_key
            WHERE o.user_key = :actor AND o.role = 'Owner' AND p.invite_status = 'Pending'
                AND (i.team_key IS NULL OR i.team_key = o.team_key)))
        """,
        key=key,
        actor=ctx.actor.key,
    )
    if row is None:
        raise NotFound(key)
    found = _shown(row)
    if found.invitation.accepted_at is not None:
        raise Conflict(f"{found.user.email} has accepted this invitation")
    return found


def resend(ctx: Ctx, key: str) -> Invited:
    """Another link, good for two weeks; the old one is worth nothing any more."""
    found = _get(ctx, key)
    team = None
    if found.invitation.team_key:
        team = teams.lock(ctx, found.invitation.team_key)
        if not _member(ctx, team.key, found.user.key):
            raise Conflict(f"{found.user.email} was taken out of the team meanwhile")
    return _deliver(ctx, found.invitation, found.user, team, found.role)


def revoke(ctx: Ctx, key: str) -> None:
    """Its links are worth nothing any more, and the invited is out of the team."""
    found = _get(ctx, key)
    one = found.invitation
    ctx.db.run("DELETE FROM invitations WHERE key = :key", key=one.key)
    if one.team_key is None:
        return
    team = teams.lock(ctx, one.team_key)
    teams.require_owner(ctx, team)
    member = _member(ctx, team.key, one.user_key)
    if member and member.invite_status == "Pending":
        ctx.db.run(
            "DELETE FROM team_members WHERE team_key = :team AND user_key = :user",
            team=team.key,
            user=one.user_key,
        )
        teams.record_event(ctx, "member.uninvited", team, found.user, member.role)


def accepted(ctx: Ctx) -> Ctx:
    """Who was named by someone else has come: a user like any other from now on, and a member of his teams."""
    if not ctx.actor.invited:
        return ctx
    user = msgspec.structs.replace(ctx.actor, invited=False, updated_at=ctx.now)
    USERS.update(ctx.db, user, "invited", "updated_at")
    ctx = Ctx(ctx.db, ctx.now, user)
    rows = ctx.db.rows(
        f"""
        SELECT {TEAMS.of("t")}, m.role FROM team_members m JOIN teams t ON t.key = m.team_key
        WHERE m.user_key = :user AND m.invite_status = 'Pending' ORDER BY t.key
        """,
        user=user.key,
    )
    ctx.db.run("UPDATE team_members SET invite_status = 'Accepted' WHERE user_key = :user", user=user.key)
    ctx.db.run(
        "UPDATE invitations SET accepted_at = :now WHERE user_key = :user AND accepted_at IS NULL",
        user=user.key,
        now=ctx.now,
    )
    ctx.db.run("DELETE FROM sign_in_links WHERE user_key = :user AND kind = 'invitation'", user=user.key)
    for row in rows:
        teams.record_event(ctx, "member.joined", TEAMS.load(row), user, row[-1])
    return ctx


def _member(ctx: Ctx, team_key: str, user_key: str) -> TeamMember | None:
    row = ctx.db.row(
        f"SELECT {TEAM_MEMBERS.columns} FROM team_members WHERE team_key = :team AND user_key = :user",
        team=team_key,
        user=user_key,
    )
    return TEAM_MEMBERS.load(row) if row else None


def find_or_invite(ctx: Ctx, email: str, field: str = "email") -> User:
    """The user with this address, made as an invited one where there is none (ruling 24)."""
    email = persons.check_email(email, field)
    if known := users.by_email(ctx.db, email):
        return known
    pass  # not above: it knows teams, and teams know users

    user = users.create(ctx.db, email, ctx.now, invited=True)
    of_person(ctx, user)
    return user


def named(ctx: Ctx, one: dict[str, str], field: str, known: Container[str] = ()) -> str:
    """The key of the user named by `user_key` or `email`; an unknown address becomes an invited user, so that
    no assignment is lost. Those who are `known` there already may be out of reach, as in an echo."""
    if one.get("user_key") in known:
        return one["user_key"]
    try:
        if one.get("user_key"):
            return users.get(ctx, one["user_key"]).key
        return find_or_invite(ctx, one.get("email", ""), field).key
    except NotFound as error:
        raise Invalid(field, f"no user {error.key[:100]!r} within your reach") from None
