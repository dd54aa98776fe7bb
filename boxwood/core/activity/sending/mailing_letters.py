"""The letter of one recipient of a mailing: its text with the recipient's own values."""

from __future__ import annotations

from typing import NamedTuple

from ....lib.mail import Address, html_text
from ...context import Ctx
from ..mail.mailbox_records import MailboxRecord
from . import merge_fields, senders
from .mailing_records import Mailing, Recipient
from .merge_fields import Missing
from .records import LetterContent


class Filled(NamedTuple):
    """A mail with the values of one recipient."""

    subject: str
    html: str
    text: str
    missing: list[Missing]


class MailingPreview(NamedTuple):
    filled: Filled
    recipient: Recipient
    sender: Address | None
    """None if the mailing has no mailbox that the actor may send from."""


def filled(ctx: Ctx, mailing: Mailing, recipient: Recipient, mailbox: MailboxRecord | None) -> Filled:
    """The mail for this recipient, with what a user wrote for this recipient alone."""
    own = recipient.html is not None or recipient.text is not None
    subject = mailing.subject if recipient.subject is None else recipient.subject
    html = (recipient.html or "") if own else mailing.html
    text = (recipient.text or "") if own else mailing.text
    values = merge_fields.values(
        ctx,
        box_key=recipient.box_key,
        contact_key=recipient.contact_key,
        address=recipient.address,
        sender_address=mailbox.address if mailbox else "",
        team_key=mailing.team_key,
    )
    subjects = merge_fields.rendered(subject, values, "subject")
    if html:
        page = merge_fields.rendered(html, values, "html", html=True)
        return Filled(subjects.text, page.text, html_text.plain(page.text), [*subjects.missing, *page.missing])
    plain = merge_fields.rendered(text, values, "text")
    return Filled(subjects.text, "", plain.text, [*subjects.missing, *plain.missing])


def content(mailing: Mailing, recipient: Recipient, found: Filled) -> LetterContent:
    return LetterContent(
        to=[Address(recipient.address, recipient.name)],
        subject=found.subject,
        html=found.html,
        text="" if found.html else found.text,
        track=mailing.track,
        contact_key=recipient.contact_key,
    )


def preview(ctx: Ctx, mailing: Mailing, recipient: Recipient) -> MailingPreview:
    mailbox = None
    if mailing.mailbox_key and senders.may_use(ctx, mailing.mailbox_key):
        mailbox = senders.get(ctx, mailing.mailbox_key)
    found = filled(ctx, mailing, recipient, mailbox)
    return MailingPreview(found, recipient, senders.sender_of(ctx, mailbox) if mailbox else None)
