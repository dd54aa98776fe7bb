"""Records of drafts and letters."""

from __future__ import annotations

import msgspec

from ....db.records import Table
from ....lib.mail import Address

NEW, REPLY, REPLY_ALL, FORWARD = DRAFT_KINDS = ("new", "reply", "replyAll", "forward")
SCHEDULED, HANDING, SENT, REFUSED, DOUBTFUL, CANCELLED = LETTER_STATES = (
    *("scheduled", "handing", "sent", "refused", "doubtful", "cancelled"),
)
"""`scheduled`: waits until it is due, and can be cancelled. `handing`: is being given to the mail server, and may have
been accepted. `sent`: the server accepted it. `refused`: it was not sent, and will not be. `doubtful`: the process that
handed it over died, or the connection broke before the server answered; it is never sent again by itself. `cancelled`:
a user took it back."""
CHANNEL = "sent_letters"
MOST_RECIPIENTS = 100
NO_COPY, COPY_WANTED, COPIED, COPY_FAILED, LOOK = "none", "wanted", "done", "failed", "look"
"""The copy in the folder of sent mail of the mailbox. `look`: the letter is in doubt, and is looked for there."""


class Track(msgspec.Struct, frozen=True):
    """What the sender wants to know of a letter."""

    opens: bool = False
    clicks: bool = False


NO_TRACK = Track()


class OutgoingFile(msgspec.Struct, frozen=True):
    """A file that is attached to a draft or a letter."""

    key: str
    of_key: str
    """Of the draft or the letter."""
    name: str
    mime_type: str
    size: int
    blob: str
    sha256: str
    content_id: str | None
    """By which the HTML shows the file, as `cid:…`; None for an attachment."""


class DraftRecord(msgspec.Struct, frozen=True):
    key: str
    team_key: str
    creator_key: str
    of_team: bool
    """Whether it was written through an API key of the team, so that such keys see it."""
    mailbox_key: str | None
    box_key: str | None
    contact_key: str | None
    thread_key: str | None
    message_key: str | None
    """The message that it answers or forwards."""
    kind: str
    recipients: list[Address]
    cc: list[Address]
    bcc: list[Address]
    subject: str
    html: str
    text: str
    """Only of a draft without HTML."""
    in_reply_to: str | None
    mail_references: list[str]
    shared: bool
    """Whether colleagues see and change it: those who may change the box, or all of the team if it has no box."""
    track: Track
    snippet_key: str | None
    version: int
    letter_key: str | None
    """The letter that it became. It is hidden until the letter is cancelled or refused."""
    created_at: int
    updated_at: int


class LetterContent(msgspec.Struct, frozen=True):
    """What a letter says, and to whom."""

    to: list[Address]
    subject: str
    html: str = ""
    text: str = ""
    """If there is HTML, this is left empty, and made from it."""
    cc: list[Address] = []
    bcc: list[Address] = []
    in_reply_to: str | None = None
    references: list[str] = []
    files: list[OutgoingFile] = []
    track: Track = NO_TRACK
    contact_key: str | None = None


class LetterRecord(msgspec.Struct, frozen=True):
    key: str
    team_key: str
    creator_key: str
    """The user with whose rights it is sent."""
    mailbox_key: str
    owner_key: str | None
    """The user whose mailbox it is; None for a mailbox of the team."""
    draft_key: str | None
    box_key: str | None
    contact_key: str | None
    thread_key: str | None
    message_key: str | None
    """Its message on the box, after it was sent."""
    mail_key: str | None
    """Its mail, from the moment when it is handed over."""
    message_id: str
    in_reply_to: str | None
    mail_references: list[str]
    sender: Address
    recipients: list[Address]
    cc: list[Address]
    bcc: list[Address]
    recipient_count: int
    subject: str
    html: str
    text: str
    track: Track
    automatic: bool
    """Whether a rule sends it: an automation, a mailing or a sequence."""
    mailing_key: str | None
    run_key: str | None
    """The run of a sequence."""
    state: str
    due_at: int
    attempts: int
    error: str | None
    """Why it was refused or is in doubt, why it waits, or which recipients the server refused."""
    worker: str | None
    lease_until: int
    handed_at: int | None
    sent_at: int | None
    copy_state: str
    copy_due_at: int
    created_at: int
    updated_at: int
    overrides: bool = False
    maker: str | None = None
    """The API key through which it was scheduled (see `accounts/makers`)."""
    """Whether its author wants to write to an address although an earlier letter came back."""

    @property
    def people(self) -> list[Address]:
        return [*self.recipients, *self.cc, *self.bcc]


class LetterUpdate(msgspec.Struct, frozen=True):
    """What an event reports about a letter."""

    key: str
    user_key: str
    mailbox_key: str
    box_key: str | None
    subject: str
    recipients: list[str]
    due_at: int
    state: str
    error: str | None


OUTGOING_FILES = Table("outgoing_files", OutgoingFile)
DRAFTS = Table("drafts", DraftRecord)
LETTERS = Table("sent_letters", LetterRecord)
