"""Messages of a thread: e-mails on a box. The e-mail itself is stored once in the team (`mail/mails`)."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.records import Table
from ...lib.mail import Address
from ..context import Ctx
from . import attached
from .mail import sharing
from .mail.records import FULL
from .threads import THREADS


class Message(msgspec.Struct, frozen=True):
    key: str
    box_key: str
    pipeline_key: str
    thread_key: str
    creator_key: str
    """The user who added the message, or whose mailbox it came from."""
    identity: str
    """Identifies the e-mail in its team."""
    message_id: str | None
    mail_references: list[str]
    subject: str
    sender: Address
    """With an empty address if the e-mail names no sender."""
    reply_to: list[Address]
    recipients: list[Address]
    cc: list[Address]
    bcc: list[Address]
    sent: bool
    """Whether the sender is a user who may see the box. Otherwise the message was received."""
    sent_at: int
    text: str
    html: str | None
    truncated: bool
    created_at: int
    mail_key: str = ""
    owner_keys: list[str] = []
    """The users whose mailboxes hold the e-mail, or who added it."""
    automatic: bool = False
    """Whether a program sent it."""
    list_id: str | None = None
    share: str = FULL
    share_owner_key: str | None = None
    """As in its thread."""


MESSAGES = Table("whole_messages", Message, beside=("share", "share_owner_key"))
"""Messages with their e-mails: to read. `ROWS` is written."""


class MessageRow(msgspec.Struct, frozen=True):
    """The row of a message."""

    key: str
    box_key: str
    pipeline_key: str
    thread_key: str
    mail_key: str
    creator_key: str
    owner_keys: list[str]
    bcc: list[Address]
    sent: bool
    sent_at: int
    created_at: int
    is_old: bool
    """Whether it came with a backfill: then it starts no automations."""


ROWS = Table("messages", MessageRow)


def get(ctx: Ctx, key: str) -> Message:
    return sharing.reduced_messages(ctx, [attached.get(ctx, MESSAGES, key)])[0]


def list_for_thread(ctx: Ctx, thread_key: str, *, limit: int, offset: int) -> list[Message]:
    """The messages of a thread, in the order in which they were sent."""
    thread = attached.get(ctx, THREADS, thread_key)
    rows = ctx.db.rows(
        f"""
        SELECT {MESSAGES.columns} FROM whole_messages WHERE thread_key = :thread
        ORDER BY sent_at, key LIMIT :limit OFFSET :offset
        """,
        thread=thread.key,
        limit=limit,
        offset=offset,
    )
    return sharing.reduced_messages(ctx, MESSAGES.load_all(rows))


def list_for_boxes(ctx: Ctx, where: str, params: dict[str, Any], *, after: str, limit: int) -> list[Message]:
    """The messages of boxes that the actor may see, by key, after the message with the key `after`. `where` is the SQL
    condition for the boxes `b`, with the parameters `params`."""
    test, given = attached.sees(ctx, MESSAGES.name)
    rows = ctx.db.rows(
        f"""
        SELECT {MESSAGES.of("whole_messages")} FROM whole_messages JOIN boxes b ON b.key = whole_messages.box_key
        WHERE {where} AND {test} AND whole_messages.key > :after ORDER BY whole_messages.key LIMIT :limit
        """,
        **{**params, **given, "now": ctx.now},
        after=after,
        limit=limit,
    )
    return sharing.reduced_messages(ctx, MESSAGES.load_all(rows))


def load(ctx: Ctx, keys: list[str]) -> list[Message]:
    """The messages with these keys, in this order. Checks no permission."""
    among = ctx.db.dialect.among("key", "keys")
    rows = ctx.db.rows(f"SELECT {MESSAGES.columns} FROM whole_messages WHERE {among}", keys=ctx.db.texts(keys))
    found = {message.key: message for message in MESSAGES.load_all(rows)}
    return [found[key] for key in keys if key in found]
