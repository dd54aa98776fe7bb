"""Drafts and letters on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.activity.mail.mailbox_records import MailboxRecord
from ...core.activity.sending import limits
from ...core.activity.sending.bounces import Bounce
from ...core.activity.sending.drafts import text_of
from ...core.activity.sending.hits import LetterSignals
from ...core.activity.sending.letters import people_text
from ...core.activity.sending.limits import Used
from ...core.activity.sending.previews import DraftPreview
from ...core.activity.sending.records import DRAFT_KINDS, DraftRecord, LetterRecord, OutgoingFile, Track
from ..codec import Shape
from ..kinds import FLAG, INTEGER, KEY, LINES, MILLIS, NAME, NAMES, Kind, clearable, one_of, record
from ..kinds import LONG_TEXT as HTML
from .base import Out, given
from .letter_signals import BounceOut, bounce


def _read_files(value: Any) -> list[str]:
    """Keys, or the objects of a read, so that a client can send back a whole draft."""
    if isinstance(value, list):
        value = [item.get("key") if isinstance(item, dict) else item for item in value]
    return list(NAMES.read(value))


_FILES = Kind(
    _read_files,
    {
        "type": "array",
        "items": {
            "anyOf": [{"type": "string"}, {"type": "object", "properties": {"key": {"type": "string"}}}],
        },
    },
)
TRACK = Shape(
    "Track",
    opens=FLAG,
    clicks=FLAG,
    described={"opens": "Count when the letter is opened.", "clicks": "Count clicks on its links."},
)
_MEMBERS = {
    "mailbox_key": KEY,
    "box_key": clearable(KEY),
    "contact_key": clearable(KEY),
    "thread_key": clearable(KEY),
    "recipients": LINES,
    "cc": LINES,
    "bcc": LINES,
    "subject": NAME,
    "html": HTML,
    "text": HTML,
    "files": _FILES,
    "shared": FLAG,
    "track": record(TRACK),
}
_ALIASES = {"to": "recipients"}
_DESCRIBED = {
    "mailbox_key": "The mailbox that the letter is sent from. Default: the one that has the answered mail, or your "
    "first.",
    "box_key": "The box that the letter belongs to. Default: that of the answered message.",
    "contact_key": "The contact whose values fill merge fields.",
    "recipients": "Addresses, each with or without a name: `Zoe Zuse <zoe@client.example>`.",
    "text": "Plain text, for a mail without HTML.",
    "files": "Keys of files that are attached already, and of files of boxes to attach.",
    "shared": "true: colleagues see and change the draft, those who may change its box, or all of the team.",
}
DRAFT_CREATE = Shape(
    "DraftCreate",
    {
        "kind": one_of(*DRAFT_KINDS),
        "message_key": KEY,
        "team_key": KEY,
        "snippet_key": KEY,
        **_MEMBERS,
    },
    aliases=_ALIASES,
    described={
        **_DESCRIBED,
        "kind": "reply, replyAll and forward begin with the recipients, the subject and the text of `messageKey`.",
        "snippet_key": "The snippet that the draft begins with.",
        "team_key": "Default: the team of the box or the mailbox, or the first team you joined.",
    },
)
DRAFT_EDIT = Shape(
    "DraftEdit",
    {**_MEMBERS, "kind": one_of(*DRAFT_KINDS), "message_key": KEY, "version": INTEGER},
    aliases=_ALIASES,
    described={
        **_DESCRIBED,
        "version": "The version that you changed. If the draft has another one now, nothing changes: 412.",
    },
)
DRAFT_SEND = Shape(
    "DraftSend",
    send_at=MILLIS,
    undo_seconds=INTEGER,
    version=INTEGER,
    override_bounces=FLAG,
    described={
        "override_bounces": "true: send to an address although an earlier letter to it came back. For one recipient.",
        "send_at": "When the letter is sent. Default: now.",
        "undo_seconds": "For how long the letter can be cancelled before it is sent: 0 to 60. Default: 10.",
        "version": "The version that you mean to send. If the draft has another one now: 412.",
    },
)
DRAFT_PREVIEW = Shape(
    "DraftPreview",
    contact_key=KEY,
    box_key=KEY,
    described={
        "contact_key": "Another contact whose values fill merge fields.",
        "box_key": "Another box whose values fill merge fields.",
    },
)
LETTER_RESOLVE = Shape(
    "LetterResolve",
    {"as": one_of("sent", "draft")},
    required=("as",),
    described={"as": "sent: it counts as sent. draft: it becomes a draft again, which you may send once more."},
)
SEND_LATER = Shape(
    "SendLater",
    to_addresses=LINES,
    cc_addresses=LINES,
    bcc_addresses=LINES,
    subject=NAME,
    body=HTML,
    send_date=MILLIS,
    is_tracked=FLAG,
    should_box=FLAG,
    box_key=KEY,
    thread_key=KEY,
    mailbox_key=KEY,
    snippet_key_list=NAMES,
    aliases={"html": "body", "sendAt": "send_date"},
    required=("to_addresses",),
    described={
        "body": "HTML, before the snippets.",
        "send_date": "When the letter is sent. Default: now.",
        "is_tracked": "true counts opens and clicks, if the team allows it.",
        "should_box": "true: the letter belongs to the box that has the address of the first recipient, if only one "
        "box has it.",
        "snippet_key_list": "Snippets that follow the body.",
    },
)


class OutgoingFileOut(Out, omit_defaults=False):
    """`contentId` is there if the HTML shows the file, as `cid:` and this id."""

    key: str
    name: str
    mime_type: str
    size: int
    content_id: str | msgspec.UnsetType = msgspec.UNSET


def _file(file: OutgoingFile) -> OutgoingFileOut:
    return OutgoingFileOut(file.key, file.name, file.mime_type, file.size, given(file.content_id))


class TrackOut(Out, omit_defaults=False):
    opens: bool
    clicks: bool


def _track(track: Track) -> TrackOut:
    return TrackOut(track.opens, track.clicks)


class DraftOut(Out, omit_defaults=False):
    """`html` is empty if the draft is plain text. `version` grows with each change."""

    key: str
    team_key: str
    kind: str
    to: list[str]
    cc: list[str]
    bcc: list[str]
    subject: str
    html: str
    text: str
    files: list[OutgoingFileOut]
    shared: bool
    track: TrackOut
    version: int
    creator_key: str
    creation_timestamp: int
    last_updated_timestamp: int
    mailbox_key: str | msgspec.UnsetType = msgspec.UNSET
    box_key: str | msgspec.UnsetType = msgspec.UNSET
    contact_key: str | msgspec.UnsetType = msgspec.UNSET
    thread_key: str | msgspec.UnsetType = msgspec.UNSET
    message_key: str | msgspec.UnsetType = msgspec.UNSET
    snippet_key: str | msgspec.UnsetType = msgspec.UNSET


def draft(draft: DraftRecord, files: list[OutgoingFile]) -> DraftOut:
    return DraftOut(
        key=draft.key,
        team_key=draft.team_key,
        kind=draft.kind,
        to=people_text(draft.recipients),
        cc=people_text(draft.cc),
        bcc=people_text(draft.bcc),
        subject=draft.subject,
        html=draft.html,
        text=text_of(draft),
        files=[_file(file) for file in files],
        shared=draft.shared,
        track=_track(draft.track),
        version=draft.version,
        creator_key=draft.creator_key,
        creation_timestamp=draft.created_at,
        last_updated_timestamp=draft.updated_at,
        mailbox_key=given(draft.mailbox_key),
        box_key=given(draft.box_key),
        contact_key=given(draft.contact_key),
        thread_key=given(draft.thread_key),
        message_key=given(draft.message_key),
        snippet_key=given(draft.snippet_key),
    )


class MissingFieldOut(Out, omit_defaults=False):
    """A merge field without a value and without a default, and where it is: `subject` or `text`."""

    field: str
    where: str


class DraftPreviewOut(Out, omit_defaults=False):
    """The letter as it would be sent now. `missing` are merge fields that must be filled before it can be sent.
    `size` is that of the whole mail in bytes, about."""

    subject: str
    html: str
    text: str
    to: list[str]
    cc: list[str]
    bcc: list[str]
    missing: list[MissingFieldOut]
    warnings: list[str]
    size: int
    sender: str | msgspec.UnsetType = msgspec.field(name="from", default=msgspec.UNSET)


def preview(preview: DraftPreview) -> DraftPreviewOut:
    return DraftPreviewOut(
        subject=preview.subject,
        html=preview.html,
        text=preview.text,
        to=people_text(preview.draft.recipients),
        cc=people_text(preview.draft.cc),
        bcc=people_text(preview.draft.bcc),
        missing=[MissingFieldOut(each.field, each.where) for each in preview.missing],
        warnings=preview.warnings,
        size=preview.size,
        sender=people_text([preview.sender])[0] if preview.sender else msgspec.UNSET,
    )


class LetterOut(Out, omit_defaults=False):
    """A mail that waits, or was sent. `state` is scheduled (it waits, and can be cancelled), handing (the mail server
    gets it now), sent, refused (it was not sent; `error` says why), doubtful (it may have been sent: decide with
    /resolve) or cancelled. `error` of a letter that waits says what it waits for. `messageKey` is its message on the
    box, after it was sent."""

    key: str
    team_key: str
    state: str
    due_timestamp: int
    message_id: str
    from_: str = msgspec.field(name="from")
    to: list[str]
    cc: list[str]
    bcc: list[str]
    subject: str
    files: list[OutgoingFileOut]
    track: TrackOut
    automatic: bool
    creator_key: str
    creation_timestamp: int
    mailbox_key: str | msgspec.UnsetType = msgspec.UNSET
    sent_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    box_key: str | msgspec.UnsetType = msgspec.UNSET
    contact_key: str | msgspec.UnsetType = msgspec.UNSET
    thread_key: str | msgspec.UnsetType = msgspec.UNSET
    message_key: str | msgspec.UnsetType = msgspec.UNSET
    draft_key: str | msgspec.UnsetType = msgspec.UNSET
    mailing_key: str | msgspec.UnsetType = msgspec.UNSET
    sequence_run_key: str | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    opens: int = 0
    """How often people opened it, as far as that can be known."""
    machine_opens: int = 0
    """How often programs loaded its pictures before anybody opened it."""
    clicks: int = 0
    bounced: list[BounceOut] | msgspec.UnsetType = msgspec.UNSET
    """The recipients whom it did not reach; absent if it reached all, as far as is known."""


def letter(letter: LetterRecord, files: list[OutgoingFile], signals: LetterSignals, bounced: list[Bounce]) -> LetterOut:
    return LetterOut(
        key=letter.key,
        team_key=letter.team_key,
        state=letter.state,
        due_timestamp=letter.due_at,
        mailbox_key=letter.mailbox_key or msgspec.UNSET,
        message_id=letter.message_id,
        from_=people_text([letter.sender])[0],
        to=people_text(letter.recipients),
        cc=people_text(letter.cc),
        bcc=people_text(letter.bcc),
        subject=letter.subject,
        files=[_file(file) for file in files],
        track=_track(letter.track),
        automatic=letter.automatic,
        creator_key=letter.creator_key,
        creation_timestamp=letter.created_at,
        sent_timestamp=given(letter.sent_at),
        box_key=given(letter.box_key),
        contact_key=given(letter.contact_key),
        thread_key=given(letter.thread_key),
        message_key=given(letter.message_key),
        draft_key=given(letter.draft_key),
        mailing_key=given(letter.mailing_key),
        sequence_run_key=given(letter.run_key),
        error=given(letter.error),
        opens=signals.opens,
        machine_opens=signals.machine_opens,
        clicks=signals.clicks,
        bounced=given([bounce(each) for each in bounced] or None),
    )


class LetterWithDraft(Out, omit_defaults=False):
    """A letter after a decision, and the draft that it gave back, if there is one."""

    letter: LetterOut
    draft: DraftOut | msgspec.UnsetType = msgspec.UNSET


class SenderOut(Out, omit_defaults=False):
    """A mailbox that you may send from. `leftInHour` and `leftInDay` are how many recipients it may write to yet."""

    mailbox_key: str
    team_key: str
    address: str
    name: str
    kind: str
    signature: str
    per_hour: int
    per_day: int
    left_in_hour: int
    left_in_day: int


def sender(mailbox: MailboxRecord, name: str, used: Used) -> SenderOut:
    most = limits.of(mailbox)
    return SenderOut(
        mailbox_key=mailbox.key,
        team_key=mailbox.team_key,
        address=mailbox.address,
        name=name,
        kind=mailbox.kind,
        signature=mailbox.sending.signature,
        per_hour=most.hour,
        per_day=most.day,
        left_in_hour=max(0, most.hour - used.hour),
        left_in_day=max(0, most.day - used.day),
    )
