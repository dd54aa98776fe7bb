"""Merge fields of a draft, filled for its recipient."""

from __future__ import annotations

import msgspec

from ...context import Ctx
from ..mail.mailbox_records import MailboxRecord
from . import merge_fields
from .merge_fields import Missing
from .records import LetterContent


def merged(
    ctx: Ctx, content: LetterContent, mailbox: MailboxRecord, *, box_key: str | None, contact_key: str | None
) -> tuple[LetterContent, list[Missing]]:
    """The letter with values in place of its merge fields, and the fields without a value and without a default.
    Quoted mail has no merge fields (see `quoting`)."""
    parts = {"subject": content.subject, "html": content.html, "text": content.text}
    if not any("{{" in part for part in parts.values()):
        return content, []
    values = merge_fields.values(
        ctx,
        box_key=box_key,
        contact_key=contact_key,
        address=content.to[0].email if content.to else "",
        sender_address=mailbox.address,
        team_key=mailbox.team_key,
    )
    found = {
        name: merge_fields.rendered(part, values, name, html=name == "html") for name, part in parts.items() if part
    }
    missing = [each for rendered in found.values() for each in rendered.missing]
    return msgspec.structs.replace(content, **{name: rendered.text for name, rendered in found.items()}), missing
