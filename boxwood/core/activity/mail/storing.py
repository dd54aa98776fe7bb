"""Stores a mail once in a team, and adds it to boxes."""

from __future__ import annotations

import msgspec

from ....lib.mail import Mail
from ...context import Ctx
from ..files import Upload
from .matching import Decision
from .records import Mailbox


class StoredMail(msgspec.Struct, frozen=True):
    """A mail that is stored, and its messages on boxes."""

    mail_key: str | None
    """None if the mail was not stored, because no box gets it."""
    message_keys: list[str]
    """Of the messages on the boxes of the decision, in their order."""
    new: bool
    """Whether the team did not have this mail before. If false, the blobs that were passed are free to delete."""


def store(
    ctx: Ctx,
    mailbox: Mailbox | None,
    mail: Mail,
    raw_blob: Upload | None,
    uploads: list[Upload],
    decision: Decision,
    *,
    old: bool = False,
) -> StoredMail:
    """Store a mail, and add it to the boxes of the decision. Storing the same mail again changes nothing, except that
    it adds the mail to boxes that do not have it yet.

    `mailbox` is None for a message that a user posts. `raw_blob` are the original bytes and `uploads` the attachments,
    in their order; both were announced and stored before. `old` mail, of a backfill, starts no automations and sends no
    webhooks and notifications. A mailbox of the team keeps a mail that no box gets.
    """
    raise NotImplementedError
