"""How a message is shown, on the wire."""

from __future__ import annotations

import msgspec

from ...core.activity.messages import Message
from ...lib.html_cleaning import Cleaned
from .base import Out


class MessageViewOut(Out, omit_defaults=False):
    key: str
    text: str
    """The whole text; made from the HTML if the message has only HTML."""
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
    too complex to be cleaned."""


def message_view(message: Message, cleaned: Cleaned | None, address: str) -> MessageViewOut:
    """`address` is the address of the message."""
    return MessageViewOut(
        key=message.key,
        text=message.text,
        truncated=message.truncated,
        remote_images=len(cleaned.remote) if cleaned else 0,
        page=f"{address}/page",
        shown_file_keys=[address.split("/")[-2] for address in cleaned.shown] if cleaned else [],
        html=cleaned.html if cleaned else msgspec.UNSET,
    )
