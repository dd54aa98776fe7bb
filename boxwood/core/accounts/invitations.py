"""Invitations: a person named by an e-mail address is invited to sign in.

The user record exists as soon as a person is named, so that things can be shared with and assigned to them at once. The
invitation is the link by which they sign in the first time. It is mailed if mail is set up. Otherwise the link is shown
to the inviter, but only if nothing was shared with the person by others: who opens the link becomes that user. A link
that was shown is void as soon as others share something with the person.
"""

from __future__ import annotations

from collections.abc import Container

import msgspec

from ...db.records import Table
from ...errors import Conflict, Invalid, NotFound
from ...lib import ids
from ...lib.lines import on_one_line
from .. import mail_settings, outgoing_mail, persons
from ..context import Ctx
from ..people import teams, user_names, users
from ..records import TEAM_MEMBERS, TEAMS, USERS, Pipeline, Team, TeamMember, User
from . import api_keys, sign_in_links

ROLES = ("Member", "Owner", "PayerOnly")


class Invitation(msgspec.Struct, frozen=True):
    """An invitation to a team or, without a team, to something that was shared with or assigned to the person."""

    key: str
    team_key: str | None
    user_key: str
    inviter_key: str
    mailed: bool
    created_at: int
    ends_at: int
    accepted_at: int | None


class Invited(msgspec.Struct, frozen=True):
    """An invitation, the invited user, their role in the team, and the link if the actor may see it."""

    invitation: Invitation
    user: User
    role: str | None
    link: str | None = None


INVITATIONS = Table("invitations", Invitation)


def invite_to_team(ctx: Ctx, team_key: str, email: str, role: str, name: str = "") -> Invited:
    """Invite a person to a team. A person who is a user already is a member at once and gets a mail about it."""
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
    invitation = _create(ctx, user, team.key)
    if user.invited:
        return _deliver(ctx, invitation, user, team, role)
    invitation = msgspec.structs.replace(invitation, accepted_at=ctx.now)
    if mail_settings.configured(ctx.db):
        outgoing_mail.post(ctx, [user.email], *_added_mail(ctx, team), about="invitation", reply_to=ctx.actor.email)
        invitation = msgspec.structs.replace(invitation, mailed=True)
    INVITATIONS.update(ctx.db, invitation, "accepted_at", "mailed")
    return Invited(invitation, user, role)


def _invite_person(ctx: Ctx, user: User) -> None:
    """Invite a person without a team: by mail if mail is set up; otherwise `resend` returns the link."""
    invitation = _create(ctx, user, None)
    if mail_settings.configured(ctx.db):
        _deliver(ctx, invitation, user, None, None)


def _create(ctx: Ctx, user: User, team_key: str | None) -> Invitation:
    invitation = Invitation(
        key=ids.new("n", ctx.now),
        team_key=team_key,
        user_key=user.key,
        inviter_key=ctx.actor.key,
        mailed=False,
        created_at=ctx.now,
        ends_at=ctx.now + sign_in_links.LASTS["invitation"],
        accepted_at=None,
    )
    INVITATIONS.insert(ctx.db, invitation)
    return invitation


def _deliver(ctx: Ctx, invitation: Invitation, user: User, team: Team | None, role: str | None) -> Invited:
    """Create the link and mail it, or return it if mail is not set up."""
    settings = mail_settings.find(ctx.db)
    if not settings.smtp_url and not _may_see_link(ctx, user):
        raise Conflict(
            f"Others have shared something with {user.email}, so this link may only be sent by mail: set mail up, or "
            "print a link with `boxwood user link`"
        )
    invitation = msgspec.structs.replace(
        invitation, ends_at=ctx.now + sign_in_links.LASTS["invitation"], mailed=bool(settings.smtp_url)
    )
    INVITATIONS.update(ctx.db, invitation, "ends_at", "mailed")
    shown_to = None if invitation.mailed else ctx.actor.key
    path = sign_in_links.make(ctx.db, user, "invitation", ctx.now, invitation.key, shown_to)
    if not invitation.mailed:
        return Invited(invitation, user, role, settings.base_url + path)
    text = _text(ctx, team, settings.base_url + path)
    about = f"{on_one_line(ctx.actor.full_name)} invites you to {on_one_line(team.name) if team else 'Boxwood'}"
    outgoing_mail.post(
        ctx, [user.email], about, text, about="invitation", reply_to=ctx.actor.email, ends_at=invitation.ends_at
    )
    return Invited(invitation, user, role)


def _text(ctx: Ctx, team: Team | None, link: str) -> str:
    what = f"the team {on_one_line(team.name)}" if team else "work together"
    return (
        f"Hello,\n\n{on_one_line(ctx.actor.full_name)} ({ctx.actor.email}) invites you to {what} in Boxwood.\n\n"
        f"Open this link and choose a password:\n\n{link}\n\n"
        "The link works once, within two weeks. If you do not expect an invitation, ignore this mail.\n"
    )


def _added_mail(ctx: Ctx, team: Team) -> tuple[str, str]:
    """Return subject and text of the mail to a person who is a user already."""
    link, name = mail_settings.find(ctx.db).base_url, on_one_line(team.name)
    return (
        f"You are a member of {name}",
        f"Hello,\n\n{on_one_line(ctx.actor.full_name)} ({ctx.actor.email}) added you to the team {name} in Boxwood:\n\n"
        f"{link}/\n",
    )


def _may_see_link(ctx: Ctx, user: User) -> bool:
    """Return whether the actor administers everything that the invited user may reach."""
    if ctx.within:
        return False
    return sign_in_links.administers_all(ctx.db, ctx.actor.key, user.key)


_SELECT = f"""
    SELECT {INVITATIONS.of("i")}, {USERS.of("u")}, m.role FROM invitations i JOIN users u ON u.key = i.user_key
    LEFT JOIN team_members m ON m.team_key = i.team_key AND m.user_key = i.user_key
"""


def list_of_team(ctx: Ctx, team_key: str, *, limit: int, offset: int) -> list[Invited]:
    """Return the pending invitations of a team, the newest first. Only its owners may list them.

    They include the invitations without a team of persons who were then added to this team.
    """
    team = teams.get(ctx, team_key)
    teams.require_owner(ctx, team)
    rows = ctx.db.rows(
        f"""
        {_SELECT} WHERE i.accepted_at IS NULL AND (i.team_key = :team OR (i.team_key IS NULL AND EXISTS (
            SELECT 1 FROM team_members p
            WHERE p.team_key = :team AND p.user_key = i.user_key AND p.invite_status = 'Pending')))
        ORDER BY i.created_at DESC, i.key DESC LIMIT :limit OFFSET :offset
        """,
        team=team.key,
        limit=limit,
        offset=offset,
    )
    return [_load(row) for row in rows]


def list_own(ctx: Ctx, *, limit: int, offset: int) -> list[Invited]:
    """Return the pending invitations that the actor created, the newest first."""
    api_keys.require_self(ctx)
    rows = ctx.db.rows(
        f"""
        {_SELECT} WHERE i.accepted_at IS NULL AND i.inviter_key = :actor
        ORDER BY i.created_at DESC, i.key DESC LIMIT :limit OFFSET :offset
        """,
        actor=ctx.actor.key,
        limit=limit,
        offset=offset,
    )
    return [_load(row) for row in rows]


def _load(row: tuple[object, ...]) -> Invited:
    width = len(INVITATIONS.names)
    return Invited(INVITATIONS.load(row), USERS.load(row[width:]), row[-1])  # type: ignore[arg-type]


def _get(ctx: Ctx, key: str) -> Invited:
    """Return an invitation of the actor, or of a pending member of a team that the actor owns."""
    api_keys.require_self(ctx)
    row = ctx.db.row(
        f"""
        {_SELECT} WHERE i.key = :key AND (i.inviter_key = :actor OR EXISTS (
            SELECT 1 FROM team_members o JOIN team_members p ON p.team_key = o.team_key AND p.user_key = i.user_key
            WHERE o.user_key = :actor AND o.role = 'Owner' AND p.invite_status = 'Pending'
                AND (i.team_key IS NULL OR i.team_key = o.team_key)))
        """,
        key=key,
        actor=ctx.actor.key,
    )
    if row is None:
        raise NotFound(key)
    found = _load(row)
    if found.invitation.accepted_at is not None:
        raise Conflict(f"{found.user.email} has accepted this invitation already")
    return found


def resend(ctx: Ctx, key: str) -> Invited:
    """Send or return a new link, valid for two weeks. The old link is no longer valid."""
    found = _get(ctx, key)
    team = None
    if found.invitation.team_key:
        team = teams.lock(ctx, found.invitation.team_key)
        if not _member(ctx, team.key, found.user.key):
            raise Conflict(f"{found.user.email} was removed from the team meanwhile")
    sent = _deliver(ctx, found.invitation, found.user, team, found.role)
    before, after = ({"ends_at": invitation.ends_at} for invitation in (found.invitation, sent.invitation))
    ctx.show("invitation", key, before, after, found.user.email)
    return sent


def revoke(ctx: Ctx, key: str) -> None:
    """Delete an invitation: its links are no longer valid, and the invited person is removed from the team."""
    found = _get(ctx, key)
    invitation = found.invitation
    ctx.db.run("DELETE FROM invitations WHERE key = :key", key=invitation.key)
    if invitation.team_key is None:
        ctx.show("invitation", key, {"ends_at": invitation.ends_at}, {}, found.user.email)
        return
    team = teams.lock(ctx, invitation.team_key)
    teams.require_owner(ctx, team)
    member = _member(ctx, team.key, invitation.user_key)
    if member and member.invite_status == "Pending":
        ctx.db.run(
            "DELETE FROM team_members WHERE team_key = :team AND user_key = :user",
            team=team.key,
            user=invitation.user_key,
        )
        teams.record_event(ctx, "member.uninvited", team, found.user, member.role)


def accept(ctx: Ctx) -> Ctx:
    """Record that the actor, who may have been invited, signed in. Return the context with the changed user.

    Pending memberships of the actor become accepted, and other invitation links are deleted.
    """
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
    """Return the user with this address. If there is none, create and invite one (ruling 24)."""
    email = persons.check_email(email, field)
    if known := users.by_email(ctx.db, email):
        return known
    user = users.create(ctx.db, email, ctx.now, invited=True)
    _invite_person(ctx, user)
    return user


def find_user_key(
    ctx: Ctx, named: dict[str, str], field: str, known: Container[str] = (), pipeline: Pipeline | None = None
) -> str:
    """Return the key of the user named by `user_key` or `email`. An unknown address becomes an invited user.

    The name of a user, or an address, may stand in place of the key: a name means the users of the pipeline, if there
    is one. Users in `known` (such as the present assignees) may be out of the actor's reach, so that a client can send
    back what it read.
    """
    key = named.get("user_key")
    if key in known:
        return named["user_key"]
    if key and "@" not in key:
        return user_names.find(ctx, key, field, pipeline).key
    return find_or_invite(ctx, key or named.get("email", ""), field).key
