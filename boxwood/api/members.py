"""Invitations and the members of a team over HTTP."""

from __future__ import annotations

from ..core.accounts import invitations
from ..core.accounts.invitations import Invited
from ..core.activity import handovers
from ..errors import Insufficient
from ..wire.shapes import members as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call


def invite(call: Call) -> shapes.InvitationOut:
    """Ask someone into a team by e-mail address, as `Member` unless said otherwise. For owners.

    The invitation is mailed where mail is set up; otherwise the answer holds the `link` to pass on. Who is a user
    already is a member at once.
    """
    given = call.parse(shapes.INVITE)
    if not given.get("email"):
        raise Insufficient("Invitation", "email")
    found = invitations.to_team(
        call.ctx, call.path[0], given["email"], given.get("role", "Member"), given.get("name", "")
    )
    return shapes.invitation(found, call.ctx.now)


def list_of_team(call: Call) -> Results[shapes.InvitationOut]:
    """A team's invitations that were not accepted yet, newest first. For owners."""
    limit, offset = call.page(100)
    return _page(call, invitations.of_team(call.ctx, call.path[0], limit=limit + 1, offset=offset), limit)


def list_own(call: Call) -> Results[shapes.InvitationOut]:
    """The invitations one made that were not accepted yet, newest first: of those, too, with whom one shared or to
    whom one assigned something before they were users."""
    limit, offset = call.page(100)
    return _page(call, invitations.mine(call.ctx, limit=limit + 1, offset=offset), limit)


def resend(call: Call) -> shapes.InvitationOut:
    """Make another link, good for two weeks: mailed, or in the answer. The old one is worth nothing any more."""
    return shapes.invitation(invitations.resend(call.ctx, call.path[0]), call.ctx.now)


def revoke(call: Call) -> Success:
    """Take an invitation back: its link is worth nothing any more, and the invited is no member."""
    invitations.revoke(call.ctx, call.path[0])
    return SUCCESS


def set_role(call: Call) -> Success:
    """Give a member another role. `ArchiveOnly` ends what the member reaches and keeps the work; for owners."""
    given = call.parse(shapes.MEMBER_ROLE)
    if not given.get("role"):
        raise Insufficient("Member", "role")
    handovers.set_role(call.ctx, call.path[0], call.path[1], given["role"])
    return SUCCESS


def leave(call: Call) -> shapes.HandoverOut:
    """Leave a team, or take a member out of it (for owners), and hand the work over in one step.

    `reassignTo` gets the boxes and the open tasks. The member's pipelines, webhooks and
    automations go there too, or to an owner; automations are switched off until someone has looked them over.
    `{user}` may be `me`.
    """
    given = call.parse(shapes.LEAVE)
    done = handovers.leave(
        call.ctx,
        call.path[0],
        call.path[1],
        to=given.get("reassign_to"),
        archive=given.get("archive", False),
    )
    return shapes.handover(done)


def _page(call: Call, found: list[Invited], limit: int) -> Results[shapes.InvitationOut]:
    return Results([shapes.invitation(invited, call.ctx.now) for invited in found[:limit]], len(found) > limit)
