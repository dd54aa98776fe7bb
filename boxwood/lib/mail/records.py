"""What a message holds, after it was read."""

from __future__ import annotations

import msgspec


class Unreadable(Exception):
    """The bytes are not a message, or the message exceeds a limit. The text says why."""


class Address(msgspec.Struct, frozen=True):
    email: str
    """The address in lower case."""
    name: str = ""


class Attachment(msgspec.Struct, frozen=True):
    name: str
    content: bytes
    content_type: str = "application/octet-stream"
    """The type that the message states, in lower case and without parameters."""
    content_id: str | None = None
    """Without angle brackets. The HTML of the message shows the file by `cid:` and this id."""
    inline: bool = False
    """Whether the file is part of the text, such as a picture in the HTML."""


class DeliveryReport(msgspec.Struct, frozen=True):
    """What happened to a message for one recipient (RFC 3464)."""

    email: str
    """The recipient's address in lower case."""
    action: str
    """`failed`, `delayed`, `delivered`, `relayed` or `expanded`."""
    status: str
    """The code, such as 5.1.1. Empty if the report has none."""
    diagnostic: str
    """What the mail server answered. Empty if the report does not say."""

    @property
    def is_failure(self) -> bool:
        """Whether the server gave the message up. Otherwise it still tries, or has delivered it."""
        return self.action == "failed"

    @property
    def is_permanent(self) -> bool:
        """Whether another message to this address would fail too (5.x.x). A server that tried in vain for days says
        4.x.x; without a code the failure counts as temporary."""
        return self.is_failure and self.status.startswith("5.")


class DeliveryStatus(msgspec.Struct, frozen=True):
    """A mail server's report about a message that was sent before."""

    reports: list[DeliveryReport]
    message_id: str | None
    """The Message-ID of the message that the report is about."""


class Complaint(msgspec.Struct, frozen=True):
    """A provider's report that a recipient complained about a message (RFC 5965)."""

    kind: str
    """`abuse`, `fraud`, `opt-out`, `virus` or `other`; empty if the report does not say."""
    emails: list[str]
    """The recipients who complained, in lower case. Empty if the provider hides them."""
    message_id: str | None
    """The Message-ID of the message."""


class Mail(msgspec.Struct, frozen=True):
    message_id: str | None
    """Without angle brackets; so are `references` and `in_reply_to`."""
    references: list[str]
    """The ids of earlier messages of the conversation, the direct predecessor last."""
    subject: str
    sender: Address | None
    """None if the message names no address of a sender, which `parse` allows with `sender_required=False`."""
    reply_to: list[Address]
    to: list[Address]
    cc: list[Address]
    bcc: list[Address]
    sent_at: int | None
    """Milliseconds since the epoch, or None without a readable date."""
    text: str
    html: str | None
    attachments: list[Attachment]
    truncated: bool
    """Whether the text or the HTML was cut, because it was too long."""
    in_reply_to: str | None = None
    """The id of the message that this message answers."""
    automatic: bool = False
    """Whether a program sent the message: an automatic reply, a mailing list, a newsletter or a delivery report."""
    list_id: str | None = None
    """The id of the mailing list that passed the message on, in lower case and without angle brackets."""
    may_report: bool = False
    """Whether its headers allow that it is a mail server's report about another message."""
    delivery_status: DeliveryStatus | None = None
    complaint: Complaint | None = None
    digest: str = ""
    """SHA-256 of sender, date, subject and body, in hexadecimal. Copies of a message in several mailboxes have the same
    digest, also if a server changed line ends or transfer encodings. Empty if only headers were read."""

    @property
    def people(self) -> list[Address]:
        """Everyone whom the message names: the sender, those who get answers, and the recipients."""
        return [*([self.sender] if self.sender else []), *self.reply_to, *self.to, *self.cc, *self.bcc]
