"""Which boxes a mail belongs to. Only its headers decide, so that the text of other mail is never read."""

from __future__ import annotations

import msgspec

from ....lib.mail import Mail
from ...context import Ctx
from .records import Mailbox

STORE, SKIP, SUGGEST = "store", "skip", "suggest"


class Decision(msgspec.Struct, frozen=True):
    """What happens with a mail."""

    kind: str
    """STORE, SKIP, or SUGGEST: the owner of the mailbox decides ("to be boxed")."""
    reason: str
    """Why: `thread`, `blocked`, `team`, `address`, `rule`, `shared`, `ambiguous`, `list` or `unmatched`."""
    box_keys: list[str] = []
    """The boxes that get the mail."""
    candidates: list[str] = []
    """For SUGGEST: the boxes that fit."""


def decide(ctx: Ctx, mailbox: Mailbox, headers: list[Mail]) -> list[Decision]:
    """A decision for each mail, in their order. `headers` are at most 200 mails, of which only the headers are read.
    The actor is the mailbox's owner, or acts for the team; only boxes that the actor may change are matched."""
    raise NotImplementedError
