"""Suppressions on the wire."""

from __future__ import annotations

import msgspec

from ...core.activity.sending.suppressions import BY_HAND, Suppression
from ..codec import Shape
from ..kinds import KEY, NAME, TEXT, one_of
from .base import Out, given

SUPPRESSION_CREATE = Shape(
    "SuppressionCreate",
    required=("address",),
    address=NAME,
    reason=one_of(*BY_HAND),
    text=TEXT,
    team_key=KEY,
    described={
        "address": "An e-mail address to which the team sends no mail.",
        "reason": "`manual` (default) stops all mail. `unsubscribe` stops mailings, sequences and automations.",
        "text": "A note for your colleagues.",
        "team_key": "Default: your oldest team.",
    },
)


class SuppressionOut(Out, omit_defaults=False):
    key: str
    team_key: str
    address: str
    reason: str
    """`bounce`, `complaint`, `unsubscribe` or `manual`."""
    creation_timestamp: int
    creator_key: str | msgspec.UnsetType = msgspec.UNSET
    """The user who added it; absent if Boxwood did."""
    letter_key: str | msgspec.UnsetType = msgspec.UNSET
    """The letter that bounced, or from which the recipient unsubscribed."""
    code: str | msgspec.UnsetType = msgspec.UNSET
    """The code of the mail server, such as `5.1.1`."""
    text: str | msgspec.UnsetType = msgspec.UNSET
    """What the mail server answered, or the note of the user."""


def suppression(found: Suppression) -> SuppressionOut:
    return SuppressionOut(
        key=found.key,
        team_key=found.team_key,
        address=found.address,
        reason=found.reason,
        creation_timestamp=found.created_at,
        creator_key=given(found.creator_key),
        letter_key=given(found.letter_key),
        code=given(found.code or None),
        text=given(found.text or None),
    )
