"""How a message is shown, on the wire."""

from __future__ import annotations

import msgspec

from ...core.activity.messages import Message
from ...lib.html_cleaning import Cleaned
from ...lib.mail.replies import Part
from .base import Out


class TextPartOut(Out, omit_defaults=False):
    text: str
    quoted: bool
    """The part is earlier mail that the message quotes. Screens show it folded."""


class MessageViewOut(Out, omit_defaults=False):
    key: str
    text: str
    """The whole text; made from the HTML if the message has only HTML."""
    text_parts: list[TextPartOut]
    """The same text in parts, at most one of them quoted: only replies quote. Nothing is quoted in forwarded mail, or
    if answers stand between the lines of the quote."""
    truncated: bool
    """The text or the HTML was too long, and only its beginning is stored."""
    remote_images: int
    """How many pictures the HTML loads from other hosts."""
    page: str
    """The address of a page that shows the message, for a sandboxed frame."""
    shown_file_keys: list[str]
    """The files that the HTML shows as pictures. The other files are attachments."""
    html: str | msgspec.UnsetType = msgspec.UNSET
    """Cleaned: it runs nothing and loads nothing from other hosts. Absent if the message has no HTML, or if its HTML is
    too complex to be cleaned. Quoted mail is in `<details class="quote">`, so that a browser folds it."""


def message_view(message: Message, parts: list[Part], cleaned: Cleaned | None, address: str) -> MessageViewOut:
    """`parts` are the parts of its text, and `address` is the address of the message."""
    return MessageViewOut(
        key=message.key,
        text=message.text,
        text_parts=[TextPartOut(part.text, part.quoted) for part in parts],
        truncated=message.truncated,
        remote_images=len(cleaned.remote) if cleaned else 0,
        page=f"{address}/page",
        shown_file_keys=[address.split("/")[-2] for address in cleaned.shown] if cleaned else [],
        html=cleaned.html if cleaned else msgspec.UNSET,
    )
