"""Invitations and the members of a team on the wire."""

from __future__ import annotations

import msgspec

from ...core.accounts.invitations import ROLES as INVITED_ROLES
from ...core.accounts.invitations import Invited
from ...core.activity.handovers import Handover
from ...core.records import TEAM_ROLES
from ..codec import Shape
from ..kinds import FLAG, KEY, NAME, one_of
from .base import Out, given

INVITE = Shape("Invite", email=NAME, role=one_of(*INVITED_ROLES), name=NAME, required=("email",))
MEMBER_ROLE = Shape("MemberRole", role=one_of(*TEAM_ROLES), required=("role",))
LEAVE = Shape(
    "Leave",
    reassign_to=KEY,
    archive=FLAG,
    described={
        "reassign_to": "User key or e-mail of the member who gets the boxes and open tasks. Default: they stay.",
        "archive": "Keep the person in the member list, with the role ArchiveOnly.",
    },
)


class InvitationOut(Out, omit_defaults=False):
    """`link` is only in the response that created it, and only if mail is not set up."""

    key: str
    email: str
    user_key: str
    inviter_key: str
    state: str
    mailed: bool
    creation_timestamp: int
    expires: int
    team_key: str | msgspec.UnsetType = msgspec.UNSET
    role: str | msgspec.UnsetType = msgspec.UNSET
    link: str | msgspec.UnsetType = msgspec.UNSET


def invitation(invited: Invited, now: int) -> InvitationOut:
    it = invited.invitation
    state = "ACCEPTED" if it.accepted_at is not None else "EXPIRED" if it.ends_at <= now else "PENDING"
    return InvitationOut(
        key=it.key,
        email=invited.user.email,
        user_key=it.user_key,
        inviter_key=it.inviter_key,
        state=state,
        mailed=it.mailed,
        creation_timestamp=it.created_at,
        expires=it.ends_at,
        team_key=given(it.team_key),
        role=given(invited.role),
        link=given(invited.link),
    )


class HandoverOut(Out, omit_defaults=False):
    boxes: int
    tasks: int
    pipelines: int
    webhooks: int
    automations: int


def handover(handover: Handover) -> HandoverOut:
    return HandoverOut(handover.boxes, handover.tasks, handover.pipelines, handover.webhooks, handover.automations)
