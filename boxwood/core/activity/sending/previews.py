"""A draft as its letter would be sent now."""

from __future__ import annotations

from typing import NamedTuple

from ....lib import mail
from ....lib.mail import Address
from ...context import Ctx
from . import drafts, limits, merging, outgoing_files, senders, suppressions
from .merge_fields import Missing
from .records import DraftRecord

_AROUND = 3_000
"""Bytes of headers."""


class DraftPreview(NamedTuple):
    subject: str
    html: str
    text: str
    sender: Address | None
    draft: DraftRecord
    missing: list[Missing]
    warnings: list[str]
    size: int


def preview(ctx: Ctx, key: str, *, contact_key: str | None = None, box_key: str | None = None) -> DraftPreview:
    """The letter of a draft for its contact and box, or for others, with what keeps it from being sent."""
    draft = drafts.get(ctx, key)
    files = drafts.files_of(ctx, draft)
    content, missing = drafts.content_of(ctx, draft), list[Missing]()
    sender, warnings = None, []
    if draft.mailbox_key is None or not senders.may_use(ctx, draft.mailbox_key):
        warnings.append("Choose a mailbox that you may send from")
    else:
        mailbox = senders.get(ctx, draft.mailbox_key)
        sender = senders.sender_of(ctx, mailbox)
        content, missing = merging.merged(
            ctx, content, mailbox, box_key=box_key or draft.box_key, contact_key=contact_key or draft.contact_key
        )
        count = len({each.email for each in (*draft.recipients, *draft.cc, *draft.bcc)})
        if limits.room_at(ctx.db, mailbox, count, ctx.now) > ctx.now:
            warnings.append("The mailbox has reached its limit: send the letter later")
    if not (draft.recipients or draft.cc or draft.bcc):
        warnings.append("The letter has no recipient")
    people = [each.email for each in (*draft.recipients, *draft.cc, *draft.bcc)]
    warnings += [suppressions.sentence(each) for each in suppressions.warnings(ctx.db, draft.team_key, people)]
    if not draft.subject:
        warnings.append("The letter has no subject")
    text = mail.plain(content.html) if content.html else content.text
    size = _AROUND + len(content.html.encode()) + len(text.encode())
    size += int(sum(file.size for file in files) * outgoing_files.ENCODED)
    return DraftPreview(content.subject, content.html, text, sender, draft, missing, warnings, size)
