"""Mailings and their recipients on the wire."""

from __future__ import annotations

import msgspec

from ...core.activity.sending.letters import people_text
from ...core.activity.sending.mailing_letters import MailingPreview
from ...core.activity.sending.mailing_recipients import STATES, Counts
from ...core.activity.sending.mailing_records import RUNNING, Mailing, Recipient
from ...core.activity.sending.records import LetterRecord
from ..codec import Shape
from ..kinds import FLAG, KEY, LONG_TEXT, MILLIS, NAME, NAMES, OBJECT, clearable, record
from .base import Out, given
from .drafts import TRACK, TrackOut
from .snippets import MissingOut, missing

RECIPIENT_STATES = STATES
_MEMBERS = {
    "name": NAME,
    "mailbox_key": KEY,
    "subject": NAME,
    "html": LONG_TEXT,
    "text": LONG_TEXT,
    "track": record(TRACK),
}
_DESCRIBED = {
    "name": "What your colleagues and you call the mailing. Recipients do not see it.",
    "mailbox_key": "The mailbox that the letters are sent from.",
    "subject": "May hold merge fields.",
    "html": "May hold merge fields.",
    "text": "Plain text, for a mailing without HTML.",
}
MAILING_CREATE = Shape(
    "MailingCreate",
    {**_MEMBERS, "team_key": KEY},
    required=("name",),
    described={**_DESCRIBED, "team_key": "Default: the team of the mailbox, or the first team you joined."},
)
MAILING_EDIT = Shape("MailingEdit", _MEMBERS, described=_DESCRIBED)
RECIPIENTS_CHOOSE = Shape(
    "RecipientsChoose",
    pipeline_key=KEY,
    view_key=KEY,
    filter=OBJECT,
    box_keys=NAMES,
    contact_keys=NAMES,
    every_contact=FLAG,
    described={
        "pipeline_key": "The boxes of this pipeline that pass the saved view, the filter, or both.",
        "view_key": "A saved view of the pipeline.",
        "filter": "A filter as in saved views.",
        "box_keys": "Or these boxes.",
        "contact_keys": "Or these contacts, on no box.",
        "every_contact": "true: all contacts of a box get a letter, and not only the first.",
    },
)
RECIPIENT_EDIT = Shape(
    "RecipientEdit",
    subject=clearable(NAME),
    html=clearable(LONG_TEXT),
    text=clearable(LONG_TEXT),
    left_out=FLAG,
    described={
        "subject": "For this recipient alone. Empty: the mailing's own.",
        "html": "For this recipient alone. Empty: the mailing's own.",
        "left_out": "true: this recipient gets no letter. false: gets one after all.",
    },
)
RECIPIENT_CHOSEN = Shape(
    "RecipientChosen", recipient_key=KEY, described={"recipient_key": "Default: the first recipient."}
)
MAILING_START = Shape("MailingStart", send_at=MILLIS, described={"send_at": "When it begins. Default: now."})


class MailingCounts(Out, omit_defaults=False):
    """How many recipients there are, by state. `leftOut` says why some get no letter. A recipient whose letter was sent
    also counts as bounced, opened, clicked, replied or unsubscribed. Opens and clicks are those of people."""

    total: int
    waiting: int
    sent: int
    refused: int
    doubtful: int
    cancelled: int
    bounced: int
    opened: int
    clicked: int
    replied: int
    unsubscribed: int
    left_out: dict[str, int]


class MailingOut(Out, omit_defaults=False):
    """`state` is `draft`, `scheduled`, `running`, `paused`, `done` or `cancelled`. `error` says why it was paused by
    itself."""

    key: str
    team_key: str
    name: str
    subject: str
    html: str
    text: str
    track: TrackOut
    state: str
    counts: MailingCounts
    creator_key: str
    creation_timestamp: int
    last_updated_timestamp: int
    mailbox_key: str | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    start_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    end_timestamp: int | msgspec.UnsetType = msgspec.UNSET


def mailing(found: Mailing, counts: Counts, now: int) -> MailingOut:
    is_ahead = found.state == RUNNING and (found.started_at or 0) > now
    return MailingOut(
        key=found.key,
        team_key=found.team_key,
        name=found.name,
        subject=found.subject,
        html=found.html,
        text=found.text,
        track=TrackOut(found.track.opens, found.track.clicks),
        state="scheduled" if is_ahead else found.state,
        counts=MailingCounts(*counts),
        creator_key=found.creator_key,
        creation_timestamp=found.created_at,
        last_updated_timestamp=found.updated_at,
        mailbox_key=given(found.mailbox_key),
        error=given(found.error),
        start_timestamp=given(found.started_at),
        end_timestamp=given(found.ended_at),
    )


class RecipientOut(Out, omit_defaults=False):
    """`state` is that of the letter, or `waiting`, `leftOut` (with `reason`, and `note` in words) or `cancelled`.
    `subject`, `html` and `text` are there if they differ from the mailing's own."""

    key: str
    address: str
    name: str
    state: str
    box_key: str | msgspec.UnsetType = msgspec.UNSET
    contact_key: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET
    subject: str | msgspec.UnsetType = msgspec.UNSET
    html: str | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    letter_key: str | msgspec.UnsetType = msgspec.UNSET
    sent_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    replied_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    unsubscribed_timestamp: int | msgspec.UnsetType = msgspec.UNSET


def recipient(found: Recipient, letter: LetterRecord | None) -> RecipientOut:
    return RecipientOut(
        key=found.key,
        address=found.address,
        name=found.name,
        state=letter.state if letter is not None else found.state,
        box_key=given(found.box_key),
        contact_key=given(found.contact_key),
        reason=given(found.reason or None),
        note=given(found.note or None),
        subject=given(found.subject),
        html=given(found.html),
        text=given(found.text),
        letter_key=given(found.letter_key),
        sent_timestamp=given(letter.sent_at if letter else None),
        error=given(letter.error if letter else None),
        replied_timestamp=given(found.replied_at),
        unsubscribed_timestamp=given(found.unsubscribed_at),
    )


class MailingPreviewOut(Out, omit_defaults=False):
    """The letter of one recipient. `missing` are merge fields without a value: this recipient would be left out."""

    recipient: RecipientOut
    to: str
    subject: str
    html: str
    text: str
    missing: list[MissingOut]
    sender: str | msgspec.UnsetType = msgspec.field(name="from", default=msgspec.UNSET)


def preview(found: MailingPreview) -> MailingPreviewOut:
    person = found.recipient
    return MailingPreviewOut(
        recipient=recipient(person, None),
        to=f"{person.name} <{person.address}>" if person.name else person.address,
        subject=found.filled.subject,
        html=found.filled.html,
        text=found.filled.text,
        missing=missing(found.filled.missing),
        sender=people_text([found.sender])[0] if found.sender else msgspec.UNSET,
    )
