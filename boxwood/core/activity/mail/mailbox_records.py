"""Records of mailboxes: how they are reached, how far their folders were read, and what was refused."""

from __future__ import annotations

import msgspec

from ....db.records import Table
from ....lib.durations import DAY
from .records import Mailbox

WAITING, SYNCING, READY, PAUSED, FAILING, REFUSED, UNAUTHORIZED, DELIVERED = STATES = (
    *("waiting", "syncing", "ready", "paused", "failing", "refused", "unauthorized", "delivered"),
)
"""`waiting`: not read yet. `syncing`: older mail is being read. `ready`: all is read, and new mail arrives. `failing`:
the server cannot be reached, and the worker tries again. `refused`: the server refuses the password, or its key is
lost. `unauthorized`: the user must give permission at the provider. `delivered`: it is not read by IMAP, because the
operator's mail server delivers its mail to the listener."""
ACTIVE = (WAITING, SYNCING, READY, FAILING)
CHANNEL = "mailboxes"
DELIVERIES = "(delivered)"
"""The name of the folder that counts the mail that the listener received."""


class Endpoint(msgspec.Struct, frozen=True):
    """A mail server, and the user name there."""

    host: str
    port: int
    security: str
    """`tls`, `starttls` or `none`."""
    user: str


class Secrets(msgspec.Struct, frozen=True):
    """What is sealed."""

    imap: str = ""
    smtp: str = ""
    refresh_token: str = ""


class SendingSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """How letters are sent from a mailbox."""

    name: str = ""
    """The name beside the address; empty for the name of the user who sends."""
    signature: str = ""
    """HTML that new drafts end with."""
    members: bool = True
    """Of a mailbox of the team: whether all members may send from it, or only owners."""
    per_hour: int | None = None
    per_day: int | None = None
    """At most so many recipients; None for the usual limits of its provider."""
    gap_seconds: int | None = None
    """The time between letters of mailings, sequences and automations, on average; None for the usual one."""
    quiet_from: str = ""
    quiet_to: str = ""
    """Between these times of day, letters of mailings, sequences and automations wait. Empty for none."""
    weekends: bool = True
    """Whether such letters are sent on Saturdays and Sundays."""
    time_zone: str = "UTC"


SENDS = SendingSettings()


class MailboxRecord(msgspec.Struct, frozen=True):
    key: str
    team_key: str
    owner_key: str | None
    """The user whose mailbox it is; None for a mailbox of the team."""
    user_key: str
    """The user with whose rights its mail is stored."""
    address: str
    aliases: list[str]
    kind: str
    share: str
    imap: Endpoint
    """Its host is empty if the mailbox is not read by IMAP."""
    smtp: Endpoint | None
    provider: str
    """The provider that gives access tokens; empty for a password."""
    secret: str | None
    """`Secrets` as JSON, sealed."""
    since: int | None
    """Mail that the server received before is not read; None for all mail."""
    state: str
    error: str | None
    failures: int
    failing_since: int | None
    due_at: int
    worker: str | None
    lease_until: int
    day: int
    """The day (UTC, since 1970) that `day_bytes` counts."""
    day_bytes: int
    """Bytes of older mail that were downloaded that day."""
    connected_at: int | None
    synced_at: int | None
    checked_at: int | None
    """When the counts were last compared with the server."""
    created_at: int
    updated_at: int
    sending: SendingSettings = SENDS

    @property
    def mailbox(self) -> Mailbox:
        """What matching and storing need to know."""
        return Mailbox(
            key=self.key,
            team_key=self.team_key,
            owner_key=self.owner_key,
            address=self.address,
            aliases=self.aliases,
            kind=self.kind,
            share=self.share,
        )

    @property
    def is_delivered(self) -> bool:
        """Whether mail only comes by the listener."""
        return not self.imap.host

    @property
    def purpose(self) -> str:
        return f"mailbox:{self.key}"


class MailboxUpdate(msgspec.Struct, frozen=True):
    """What an event reports about a mailbox: nothing that helps to sign in there."""

    key: str
    address: str
    kind: str
    user_key: str


class FolderRecord(msgspec.Struct, frozen=True):
    """How far a folder was read. Its mails from `down` to `up` were looked at."""

    mailbox_key: str
    name: str
    role: str
    uidvalidity: int
    up: int
    down: int
    filled: bool
    """Whether all older mail was looked at."""
    fresh_from: int
    """Mail that the server received since is new; earlier mail starts no automations."""
    uidnext: int | None = None
    modseq: int | None = None
    looked: int = 0
    stored: int = 0
    skipped: int = 0
    refused: int = 0
    reasons: dict[str, int] = {}
    """How many mails were skipped for each reason."""
    on_server: int | None = None
    """How many mails the server had at the last comparison, of those that are looked at."""
    synced_at: int | None = None
    checked_at: int | None = None


class Refusal(msgspec.Struct, frozen=True):
    """A mail that could not be stored. Nothing of its content is stored here."""

    mailbox_key: str
    folder: str
    uidvalidity: int
    uid: int
    reason: str
    size: int
    internal_date: int | None
    at: int


class Counts(msgspec.Struct, frozen=True):
    stored: int = 0
    skipped: int = 0
    refused: int = 0
    looked: int = 0
    on_server: int | None = None


MAILBOXES = Table("mailboxes", MailboxRecord)
FOLDERS = Table("mail_folders", FolderRecord)
REFUSALS = Table("mail_refusals", Refusal)


def day_of(now: int) -> int:
    """The day (UTC) of a time, counted since 1970."""
    return now // DAY
