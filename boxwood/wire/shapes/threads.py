"""E-mail threads and their messages on the wire (spec 4.7)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...core.activity.files import File
from ...core.activity.messages import Message
from ...core.activity.threads import Thread
from ...core.records import Person
from ...lib.mail import Address
from ..codec import Shape
from ..kinds import KEY, TEXT
from .files import FileOut, file
from .people import Out, given


class ThreadOut(Out, omit_defaults=False):
    key: str
    gmail_thread_key: str
    """The same as `key`."""
    box_key: str
    pipeline_key: str
    creator_key: str
    creation_timestamp: int
    last_updated_timestamp: int
    last_saved_timestamp: int
    last_email_timestamp: int
    """When the thread was added, as long as Boxwood has no message of it."""
    subject: str
    names: list[str]
    email_addresses: list[str]
    number_of_emails: int
    file_keys: list[str]
    files: list[FileOut]
    share: str
    """What other users than the owner see: `full`, `subject` (no text and no files), `metadata` (also no subject) or
    `private` (nothing)."""
    share_owner_key: str | msgspec.UnsetType = msgspec.UNSET
    """The user who chose the share, and who always sees all."""
    thread_gmail_id: str | msgspec.UnsetType = msgspec.UNSET


def thread(thread: Thread, files: list[File], people: Mapping[str, Person], viewer: str = "") -> ThreadOut:
    return ThreadOut(
        key=thread.key,
        gmail_thread_key=thread.key,
        box_key=thread.box_key,
        pipeline_key=thread.pipeline_key,
        creator_key=thread.creator_key,
        creation_timestamp=thread.created_at,
        last_updated_timestamp=thread.updated_at,
        last_saved_timestamp=thread.updated_at,
        last_email_timestamp=thread.created_at if thread.last_email_at is None else thread.last_email_at,
        subject=thread.subject,
        names=thread.names,
        email_addresses=thread.email_addresses,
        number_of_emails=thread.email_count,
        file_keys=[held.key for held in files],
        files=[file(held, people, viewer) for held in files],
        share=thread.share,
        share_owner_key=given(thread.share_owner_key),
        thread_gmail_id=given(thread.gmail_id),
    )


class Correspondent(Out, omit_defaults=False):
    email: str
    name: str


class MessageOut(Out, omit_defaults=False):
    key: str
    message_key: str
    thread_key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    creation_timestamp: int
    timestamp: int
    """When it was sent."""
    direction: str
    """SENT by a user who can access the box, or RECEIVED."""
    subject: str
    from_: Correspondent = msgspec.field(name="from")
    to: list[Correspondent]
    cc: list[Correspondent]
    bcc: list[Correspondent]
    reply_to: list[Correspondent]
    references: list[str]
    text: str
    truncated: bool
    """The text or the HTML was too long, and only its beginning is stored."""
    automatic: bool
    """A program sent it: an automatic reply, a mailing list or a delivery report."""
    share: str
    """As in its thread."""
    file_keys: list[str]
    files: list[FileOut]
    message_id: str | msgspec.UnsetType = msgspec.UNSET
    """Without angle brackets."""
    html: str | msgspec.UnsetType = msgspec.UNSET
    """As it was sent: sanitize it before you show it."""


def message(message: Message, files: list[File], people: Mapping[str, Person], viewer: str) -> MessageOut:
    return MessageOut(
        key=message.key,
        message_key=message.key,
        thread_key=message.thread_key,
        box_key=message.box_key,
        pipeline_key=message.pipeline_key,
        creator_key=message.creator_key,
        creation_timestamp=message.created_at,
        timestamp=message.sent_at,
        direction="SENT" if message.sent else "RECEIVED",
        subject=message.subject,
        from_=correspondent(message.sender),
        to=[correspondent(each) for each in message.recipients],
        cc=[correspondent(each) for each in message.cc],
        bcc=[correspondent(each) for each in message.bcc],
        reply_to=[correspondent(each) for each in message.reply_to],
        references=message.mail_references,
        text=message.text,
        truncated=message.truncated,
        automatic=message.automatic,
        share=message.share,
        file_keys=[held.key for held in files],
        files=[file(held, people, viewer) for held in files],
        message_id=given(message.message_id),
        html=given(message.html),
    )


def correspondent(address: Address) -> Correspondent:
    return Correspondent(address.email, address.name)


THREAD_ADD = Shape(
    "ThreadAdd",
    required=("thread_gmail_id",),
    thread_gmail_id=KEY,
    described={"thread_gmail_id": "16 hexadecimal digits. Boxwood does not contact Google."},
)
MESSAGE_ADD = Shape(
    "MessageAdd",
    required=("raw",),
    raw=TEXT,
    described={"raw": "The message (RFC 5322), as text or in base64url."},
)
