"""What becomes of letters on the wire: opens, clicks and bounces."""

from __future__ import annotations

import msgspec

from ...core.activity.sending.bounces import Bounce
from ...core.activity.sending.hits import LetterHit
from .base import Out, given


class BounceOut(Out, omit_defaults=False):
    """A recipient whom a letter did not reach, as a mail server reported."""

    address: str
    permanent: bool
    """Whether the server says that the address does not work. Otherwise it may work later."""
    delayed: bool
    """Whether the server still tries."""
    timestamp: int
    code: str | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    """What the server answered."""


def bounce(bounce: Bounce) -> BounceOut:
    return BounceOut(
        address=bounce.address,
        permanent=bounce.permanent,
        delayed=not bounce.failed,
        timestamp=bounce.at,
        code=given(bounce.code or None),
        text=given(bounce.text or None),
    )


class LetterHitOut(Out, omit_defaults=False):
    """An open or a click. `counted` is false for programs, and for what follows within 30 minutes."""

    kind: str
    """`open` or `click`; `trap` for the link that people do not see."""
    timestamp: int
    hit_class: str = msgspec.field(name="class")
    """`person`, `proxy` (a provider loads pictures for a person), `machine` (a program loads pictures in advance),
    `scanner` (a program checks the mail) or `self` (a user of this server)."""
    counted: bool
    url: str | msgspec.UnsetType = msgspec.UNSET
    """Where the link leads."""


def hit(hit: LetterHit) -> LetterHitOut:
    return LetterHitOut(hit.kind, hit.at, hit.hit_class, hit.counted, given(hit.target or None))
