"""Records of mailings and their recipients."""

from __future__ import annotations

import msgspec

from ....db.records import Table
from .records import Track

DRAFT, RUNNING, PAUSED, DONE, CANCELLED = MAILING_STATES = ("draft", "running", "paused", "done", "cancelled")
WAITING, LETTER, LEFT_OUT, STOPPED = RECIPIENT_STATES = ("waiting", "letter", "leftOut", "cancelled")
"""`waiting`: has no letter yet. `letter`: has one, whose state counts. `leftOut`: gets none. `cancelled`: gets none,
because the mailing was cancelled."""
NO_ADDRESS, DOUBLE, SUPPRESSED, MISSING, OUT_OF_REACH, CHOSEN, REFUSED = REASONS = (
    *("noAddress", "double", "suppressed", "missing", "noAccess", "chosen", "refused"),
)
"""Why a recipient is left out: no e-mail address; the address is in the mailing already; the team sends it no mail; a
merge field has neither a value nor a default; the sender may not change the box; a user chose so; the letter cannot be
written."""
MOST_RECIPIENTS = 2000
CHANNEL = "mailings"


class Mailing(msgspec.Struct, frozen=True):
    key: str
    team_key: str
    creator_key: str
    """The user with whose rights each letter is sent."""
    of_team: bool
    """Whether it was created through an API key of the team, so that such keys see it."""
    maker: str | None
    """The API key that started it (see `accounts/makers`)."""
    name: str
    mailbox_key: str | None
    subject: str
    html: str
    text: str
    """Only of a mailing without HTML."""
    track: Track
    state: str
    error: str | None
    """Why it was paused by itself."""
    due_at: int
    """When the next letters are written, while it runs."""
    started_at: int | None
    ended_at: int | None
    created_at: int
    updated_at: int


class Recipient(msgspec.Struct, frozen=True):
    key: str
    mailing_key: str
    position: int
    address: str
    name: str
    box_key: str | None
    contact_key: str | None
    state: str
    reason: str
    """Why the recipient is left out; empty for all others."""
    note: str
    """The reason in words."""
    subject: str | None
    html: str | None
    text: str | None
    """What a user wrote for this recipient in place of the mailing's own; None for the mailing's own."""
    letter_key: str | None
    replied_at: int | None
    unsubscribed_at: int | None


class MailingUpdate(msgspec.Struct, frozen=True):
    """What an event reports about a mailing."""

    key: str
    user_key: str
    name: str
    state: str
    error: str | None


MAILINGS = Table("mailings", Mailing)
RECIPIENTS = Table("mailing_recipients", Recipient)
