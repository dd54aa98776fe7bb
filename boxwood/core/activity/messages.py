"""Messages of a thread: e-mails that were added to a box."""

from __future__ import annotations

import hashlib

import msgspec

from ...db.records import Table
from ...lib import ids
from ...lib.mail import Address, Mail
from .. import boxes, events, stored_files
from ..context import Ctx
from ..records import Box, Pipeline
from . import attached, files, threads
from .files import Upload
from .threads import THREADS

MOST_ADDRESSES = 50
"""New addresses that a message adds to its box. Each is an event."""


class Message(msgspec.Struct, frozen=True):
    key: str
    box_key: str
    pipeline_key: str
    thread_key: str
    creator_key: str
    """The user who added the message."""
    identity: str
    """Identifies the e-mail: its Message-ID, or a digest of its bytes if it has none."""
    message_id: str | None
    mail_references: list[str]
    subject: str
    sender: Address
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


MESSAGES = Table("messages", Message)


def identify(mail: Mail, raw: bytes) -> str:
    """The identity of an e-mail: see `Message.identity`."""
    return mail.message_id or f"sha256:{hashlib.sha256(raw).hexdigest()}"


def find(ctx: Ctx, box_key: str, identity: str) -> Message | None:
    """The box's message with this identity, or None. The actor must be allowed to add messages to the box."""
    box, _, _ = boxes.reach(ctx, box_key, "UPDATE")
    return _find(ctx, box, identity)


def _find(ctx: Ctx, box: Box, identity: str) -> Message | None:
    sql = f"SELECT {MESSAGES.columns} FROM messages WHERE box_key = :box AND identity = :identity"
    row = ctx.db.row(sql, box=box.key, identity=identity)
    return MESSAGES.load(row) if row else None


def get(ctx: Ctx, key: str) -> Message:
    return attached.get(ctx, MESSAGES, key)


def list_for_thread(ctx: Ctx, thread_key: str, *, limit: int, offset: int) -> list[Message]:
    """The messages of a thread, in the order in which they were sent."""
    thread = attached.get(ctx, THREADS, thread_key)
    rows = ctx.db.rows(
        f"""
        SELECT {MESSAGES.columns} FROM messages WHERE thread_key = :thread
        ORDER BY sent_at, key LIMIT :limit OFFSET :offset
        """,
        thread=thread.key,
        limit=limit,
        offset=offset,
    )
    return MESSAGES.load_all(rows)


def add(ctx: Ctx, box_key: str, mail: Mail, identity: str, uploads: list[Upload]) -> Message:
    """Add an e-mail and its attached files to a box. If the box has this e-mail already, returns the stored message
    and frees the uploads."""
    box, pipeline, _ = boxes.reach(ctx, box_key, "UPDATE")
    if existing := _find(ctx, box, identity):
        for upload in uploads:
            stored_files.free(ctx.db, upload.stored.id)
        return existing
    sender = mail.sender or Address("")
    own = {person.email for person in boxes.readers(ctx, box, pipeline)}
    sent_at = mail.sent_at if mail.sent_at is not None and 0 < mail.sent_at <= ctx.now else ctx.now
    thread, new = threads.add_mail(ctx, box, mail, sent_at)
    message = Message(
        key=ids.new("e", ctx.now),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        thread_key=thread.key,
        creator_key=ctx.actor.key,
        identity=identity,
        message_id=mail.message_id,
        mail_references=mail.references,
        subject=mail.subject,
        sender=sender,
        reply_to=mail.reply_to,
        recipients=mail.to,
        cc=mail.cc,
        bcc=mail.bcc,
        sent=sender.email in own,
        sent_at=sent_at,
        text=mail.text,
        html=mail.html,
        truncated=mail.truncated,
        created_at=ctx.now,
    )
    MESSAGES.insert(ctx.db, message)
    added = [files.insert(ctx, box, upload, thread_key=thread.key, message_key=message.key) for upload in uploads]
    box = boxes.save_activity(ctx, box, thread_count=threads.count(ctx, box), **threads.mail_totals(ctx, box))
    if new:
        threads.record_event(ctx, "thread.added", thread, added, box, pipeline)
    _record_added(ctx, message, box, pipeline)
    box = files.record_added(ctx, box, pipeline, added)
    if not message.sent:
        events.record_for_box(ctx, "box.email_received", box, pipeline, email=message.sender.email)
    boxes.add_addresses(ctx, box, _addresses(mail, own))
    return message


def _record_added(ctx: Ctx, message: Message, box: Box, pipeline: Pipeline) -> None:
    """Record the event of a new message. The event does not store the text, which may be long and never changes."""
    without_text = msgspec.structs.replace(message, text="", html=None)
    events.record(
        ctx,
        "message.added",
        without_text,
        pipeline=pipeline,
        box=box,
        people=[message.creator_key],
        subject=message.subject or "(no subject)",
        email=message.sender.email,
    )


def _addresses(mail: Mail, own: set[str]) -> list[str]:
    """The addresses in an e-mail that do not belong to users who may see the box."""
    found = dict.fromkeys(person.email for person in mail.people if person.email not in own)
    return list(found)[:MOST_ADDRESSES]
