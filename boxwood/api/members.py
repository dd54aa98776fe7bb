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
    """Invite a person to a team by e-mail address. For owners.

    Without `role`, the person becomes a `Member`. Boxwood mails the invitation if mail is set up; otherwise the
    response contains the `link`, which you send to the person. An existing user becomes a member immediately.
    """
    given = call.parse(shapes.INVITE)
    if not given.get("email"):
        raise Insufficient("Invitation", "email")
    found = invitations.invite_to_team(
        call.ctx, call.path[0], given["email"], given.get("role", "Member"), given.get("name", "")
    )
    return shapes.invitation(found, call.ctx.now)


def list_of_team(call: Call) -> Results[shapes.InvitationOut]:
    """The pending invitations of a team, newest first. For owners."""
    limit, offset = call.page(100)
    return _page(call, invitations.list_of_team(call.ctx, call.path[0], limit=limit + 1, offset=offset), limit)


def list_own(call: Call) -> Results[shapes.InvitationOut]:
    """Your pending invitations, newest first.

    They include people who were not users when you shared or assigned something to them.
    """
    limit, offset = call.page(100)
    return _page(call, invitations.list_own(call.ctx, limit=limit + 1, offset=offset), limit)


def resend(call: Call) -> shapes.InvitationOut:
    """Send an invitation again, with a new link that is valid for two weeks. The old link stops working.

    The link is mailed, or in the response if mail is not set up.
    """
    return shapes.invitation(invitations.resend(call.ctx, call.path[0]), call.ctx.now)


def revoke(call: Call) -> Success:
    """Revoke an invitation: its link stops working, and the invited person is not a member."""
    invitations.revoke(call.ctx, call.path[0])
    return SUCCESS


def set_role(call: Call) -> Success:
    """Change the role of a member. For owners.

    `ArchiveOnly` removes all access of the member, and keeps the member's work.
    """
    given = call.parse(shapes.MEMBER_ROLE)
    if not given.get("role"):
        raise Insufficient("Member", "role")
    handovers.set_role(call.ctx, call.path[0], call.path[1], given["role"])
    return SUCCESS


def leave(call: Call) -> shapes.HandoverOut:
    """Leave a team, or remove a member (for owners), and hand over the work.

    `reassignTo` gets the boxes and the open tasks. The pipelines, webhooks and automations of the member go there too;
    without `reassignTo`, they go to an owner. The automations are off until a user enables them. `{user}` can be `me`.
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
