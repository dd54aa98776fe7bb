"""Mailboxes on the wire."""

from __future__ import annotations

import msgspec

from ...core.activity.mail.mailbox_records import (
    Counts,
    Endpoint,
    FolderRecord,
    MailboxRecord,
    Refusal,
    SendingSettings,
)
from ...core.activity.mail.records import KINDS, SHARES
from ...lib.dialing import TLS
from ...lib.mail import Mail
from ..codec import Shape
from ..kinds import FLAG, INTEGER, KEY, LINES, LIST, MILLIS, NAME, TEXT, clearable, one_of, record
from .base import Out, given

SERVER = Shape(
    "MailServer",
    host=NAME,
    port=INTEGER,
    security=one_of(*TLS.ALL),
    user=NAME,
    password=TEXT,
    described={
        "host": "The name of the mail server, such as imap.example.com.",
        "port": "Default: the usual port of the security.",
        "security": "tls: from the first byte. starttls: the connection is encrypted before signing in. Default: tls.",
        "user": "Default: the address of the mailbox.",
        "password": "It is stored encrypted and never returned. Prefer an app password of your provider.",
    },
)
SENDING = Shape(
    "MailboxSending",
    name=NAME,
    signature=TEXT,
    members=FLAG,
    per_hour=clearable(INTEGER),
    per_day=clearable(INTEGER),
    gap_seconds=clearable(INTEGER),
    quiet_from=NAME,
    quiet_to=NAME,
    weekends=FLAG,
    time_zone=NAME,
    described={
        "name": "The name beside the address. Default: the name of the user who sends.",
        "signature": "HTML that new drafts end with.",
        "members": "Of a mailbox of the team: false lets only owners of the team send from it. Default: true.",
        "per_hour": "At most so many recipients in an hour. null: the usual limit, 80 for Gmail and 100 for others.",
        "per_day": "At most so many recipients in a day. null: the usual limit, 400 for Gmail and 1,000 for others.",
        "gap_seconds": "The time between letters of mailings, sequences and automations, on average. null: the usual "
        "one, 20 for Gmail and 2 for others.",
        "quiet_from": "From this time of day, such as 18:30, letters of mailings, sequences and automations wait.",
        "quiet_to": "Until this time of day.",
        "weekends": "false: such letters wait on Saturdays and Sundays, too. Default: true.",
        "time_zone": "The time zone of these times. Default: UTC.",
    },
)
_MEMBERS = {
    "sending": record(SENDING),
    "address": NAME,
    "aliases": LINES,
    "kind": one_of(*KINDS),
    "team_key": KEY,
    "share": one_of(*SHARES),
    "since": clearable(MILLIS),
    "provider": NAME,
    "imap": record(SERVER),
    "delivered": FLAG,
    "smtp": clearable(record(SERVER)),
}
_DESCRIBED = {
    "aliases": "Other addresses that deliver to this mailbox.",
    "kind": "personal: only mail that belongs to a box is stored, and only you see the mailbox. shared: all mail is "
    "stored for the team; owners of the team only. dropbox: a catch-all mailbox of addresses of pipelines.",
    "share": "What users who see a box see of its mail: full; subject (no text, no files); metadata (no subject, "
    "either); private (nothing). Only for personal mailboxes.",
    "since": "Do not read mail that the server received before this time.",
    "provider": "google, microsoft, or other if the operator set it up: sign in there instead of with a password.",
    "imap": "The server from which mail is read.",
    "delivered": "true: the mailbox is not read by IMAP. The operator's mail server delivers its mail to Boxwood. Only "
    "for mailboxes of the team.",
    "smtp": "The server through which letters are sent from this mailbox.",
    "sending": "How letters are sent. Members you leave out stay.",
}
MAILBOX_CREATE = Shape("MailboxCreate", _MEMBERS, described=_DESCRIBED, required=("address",))
MAILBOX_EDIT = Shape("MailboxEdit", _MEMBERS, described=_DESCRIBED)


class MailServerOut(Out, omit_defaults=False):
    host: str
    port: int
    security: str
    user: str


class MailboxSendingOut(Out, omit_defaults=False):
    """`perHour`, `perDay` and `gapSeconds` are there if the mailbox has limits of its own."""

    name: str
    signature: str
    members: bool
    quiet_from: str
    quiet_to: str
    weekends: bool
    time_zone: str
    per_hour: int | msgspec.UnsetType = msgspec.UNSET
    per_day: int | msgspec.UnsetType = msgspec.UNSET
    gap_seconds: int | msgspec.UnsetType = msgspec.UNSET


class MailboxOut(Out, omit_defaults=False):
    """`state` is waiting (not read yet), syncing (older mail is being read), ready, paused, failing (the server cannot
    be reached; Boxwood tries again), refused (the password is wrong, or cannot be read), unauthorized (permission at
    the provider is missing) or delivered (it has no `imap`: a mail server delivers its mail). Passwords and tokens are
    in no response."""

    key: str
    team_key: str
    user_key: str
    address: str
    aliases: list[str]
    kind: str
    share: str
    delivered: bool
    state: str
    stored: int
    skipped: int
    refused: int
    creation_date: int
    last_saved_timestamp: int
    sending: MailboxSendingOut
    imap: MailServerOut | msgspec.UnsetType = msgspec.UNSET
    smtp: MailServerOut | msgspec.UnsetType = msgspec.UNSET
    provider: str | msgspec.UnsetType = msgspec.UNSET
    since: int | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    next_attempt_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    connected_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    synced_timestamp: int | msgspec.UnsetType = msgspec.UNSET


def mailbox(mailbox: MailboxRecord, counts: Counts) -> MailboxOut:
    return MailboxOut(
        key=mailbox.key,
        team_key=mailbox.team_key,
        user_key=mailbox.user_key,
        address=mailbox.address,
        aliases=mailbox.aliases,
        kind=mailbox.kind,
        share=mailbox.share,
        delivered=mailbox.is_delivered,
        state=mailbox.state,
        stored=counts.stored,
        skipped=counts.skipped,
        refused=counts.refused,
        creation_date=mailbox.created_at,
        last_saved_timestamp=mailbox.updated_at,
        sending=_sending(mailbox.sending),
        imap=msgspec.UNSET if mailbox.is_delivered else _server(mailbox.imap),
        smtp=_server(mailbox.smtp) if mailbox.smtp else msgspec.UNSET,
        provider=mailbox.provider or msgspec.UNSET,
        since=given(mailbox.since),
        error=given(mailbox.error),
        next_attempt_timestamp=mailbox.due_at if mailbox.state == "failing" else msgspec.UNSET,
        connected_timestamp=given(mailbox.connected_at),
        synced_timestamp=given(mailbox.synced_at),
    )


def _sending(sending: SendingSettings) -> MailboxSendingOut:
    return MailboxSendingOut(
        name=sending.name,
        signature=sending.signature,
        members=sending.members,
        quiet_from=sending.quiet_from,
        quiet_to=sending.quiet_to,
        weekends=sending.weekends,
        time_zone=sending.time_zone,
        per_hour=given(sending.per_hour),
        per_day=given(sending.per_day),
        gap_seconds=given(sending.gap_seconds),
    )


def _server(endpoint: Endpoint) -> MailServerOut:
    return MailServerOut(endpoint.host, endpoint.port, endpoint.security, endpoint.user)


class MailFolderOut(Out, omit_defaults=False):
    """`looked` counts the mails that were looked at; each of them is stored, skipped or refused. `onServer` is how many
    of them the server had at the last comparison, which is made every day."""

    name: str
    role: str
    looked: int
    stored: int
    skipped: int
    refused: int
    reasons: dict[str, int]
    complete: bool
    on_server: int | msgspec.UnsetType = msgspec.UNSET
    synced_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    compared_timestamp: int | msgspec.UnsetType = msgspec.UNSET


def folder(folder: FolderRecord) -> MailFolderOut:
    return MailFolderOut(
        name=folder.name,
        role=folder.role,
        looked=folder.looked,
        stored=folder.stored,
        skipped=folder.skipped,
        refused=folder.refused,
        reasons=folder.reasons,
        complete=folder.filled,
        on_server=given(folder.on_server),
        synced_timestamp=given(folder.synced_at),
        compared_timestamp=given(folder.checked_at),
    )


class MailRefusalOut(Out, omit_defaults=False):
    """A mail that was not stored. You find it in the folder by its `uid`, or by when the server received it."""

    folder: str
    uid: int
    reason: str
    size: int
    timestamp: int
    received_timestamp: int | msgspec.UnsetType = msgspec.UNSET


def refusal(refusal: Refusal) -> MailRefusalOut:
    return MailRefusalOut(
        refusal.folder, refusal.uid, refusal.reason, refusal.size, refusal.at, given(refusal.internal_date)
    )


class ServerTestOut(Out, omit_defaults=False):
    success: bool
    error: str | msgspec.UnsetType = msgspec.UNSET


class MailboxTestOut(Out, omit_defaults=False):
    """`smtp` is left out if the mailbox has no SMTP server."""

    success: bool
    imap: ServerTestOut
    smtp: ServerTestOut | msgspec.UnsetType = msgspec.UNSET


SHARE_STORED = Shape(
    "MailboxShareStored",
    {"from": one_of(*SHARES)},
    described={"from": "Only conversations that are shared like this now, so that your other choices stay."},
)


class SharedConversationsOut(Out, omit_defaults=False):
    """`changed` counts the conversations that have the mailbox's share now. `kept` counts those that stay open, because
    their mail is also in other mailboxes of the team. Call again while `hasNextPage` is true."""

    changed: int
    kept: int
    has_next_page: bool


HEADERS_ASK = Shape(
    "MailHeadersAsk",
    folder=NAME,
    uidvalidity=INTEGER,
    uids=LIST,
    required=("folder", "uidvalidity", "uids"),
    described={"folder": "As in a suggestion.", "uids": "At most 200 numbers of mails in the folder."},
)


class MailPersonOut(Out, omit_defaults=False):
    email: str
    name: str


class MailHeadersOut(Out, omit_defaults=False):
    """The headers of a mail that is only in the mailbox. Boxwood stores nothing of them."""

    uid: int
    subject: str
    to: list[MailPersonOut]
    sender: MailPersonOut | msgspec.UnsetType = msgspec.field(name="from", default=msgspec.UNSET)
    timestamp: int | msgspec.UnsetType = msgspec.UNSET


def mail_headers(uid: int, mail: Mail) -> MailHeadersOut:
    return MailHeadersOut(
        uid,
        mail.subject,
        [MailPersonOut(person.email, person.name) for person in mail.to],
        MailPersonOut(mail.sender.email, mail.sender.name) if mail.sender else msgspec.UNSET,
        given(mail.sent_at),
    )


class DropboxOut(Out, omit_defaults=False):
    """Mail of members of the team to this address goes to the pipeline."""

    address: str


class AuthorizationOut(Out, omit_defaults=False):
    """Open `url` in the browser in which you are signed in to Boxwood. It expires."""

    url: str
    expiration_date: int
