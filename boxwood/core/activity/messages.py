"""Messages of a thread: real mail, as it was added to a box."""

from __future__ import annotations

import hashlib

import msgspec

from ...db.records import Table
from ...lib import ids
from ...lib.mail import Address, Mail
from .. import boxes, events, stored_files
from ..context import Ctx
from ..records import Box, Pipeline
from . import attached as activity_attached
from . import files, threads
from .files import Upload
from .threads import THREADS

# Each address that is new to a box is an event of its own.
MOST_ADDRESSES = 50


class Message(msgspec.Struct, frozen=True):
    key: str
    box_key: str
    pipeline_key: str
    thread_key: str
    creator_key: str
    """Who added it."""
    identity: str
    """What tells it from others: its Message-ID, or a digest where it has none."""
    message_id: str | None
    mail_references: list[str]
    subject: str
    sender: Address
    reply_to: list[Address]
    recipients: list[Address]
    cc: list[Address]
    bcc: list[Address]
    sent: bool
    """By someone who reaches the box; received otherwise."""
    sent_at: int
    text: str
    html: str | None
    truncated: bool
    created_at: int


MESSAGES = Table("messages", Message)


def identity(mail: Mail, raw: bytes) -> str:
    return mail.message_id or f"sha256:{hashlib.sha256(raw).hexdigest()}"


def find(ctx: Ctx, box_key: str, which: str) -> Message | None:
    """The box's message that is this one, for who may add one."""
    box, _, _ = boxes.reach(ctx, box_key, "UPDATE")
    return _same(ctx, box, which)


def _same(ctx: Ctx, box: Box, which: str) -> Message | None:
    sql = f"SELECT {MESSAGES.columns} FROM messages WHERE box_key = :box AND identity = :identity"
    row = ctx.db.row(sql, box=box.key, identity=which)
    return MESSAGES.load(row) if row else None


def get(ctx: Ctx, key: str) -> Message:
    return activity_attached.get(ctx, MESSAGES, key)


def page(ctx: Ctx, thread_key: str, *, limit: int, offset: int) -> list[Message]:
    """The messages of a thread, in the order they were sent."""
    thread = activity_attached.get(ctx, THREADS, thread_key)
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


def add(ctx: Ctx, box_key: str, mail: Mail, which: str, attached: list[Upload]) -> Message:
    """A message and the files that came with it. One that the box has already is answered as it is."""
    box, pipeline, _ = boxes.reach(ctx, box_key, "UPDATE")
    if known := _same(ctx, box, which):
        for one in attached:
            stored_files.free(ctx.db, one.stored.id)
        return known
    own = {person.email for person in boxes.readers(ctx, box, pipeline)}
    sent_at = mail.sent_at if mail.sent_at is not None and 0 < mail.sent_at <= ctx.now else ctx.now
    thread, new = threads.follow(ctx, box, mail, sent_at)
    message = Message(
        key=ids.new("e", ctx.now),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        thread_key=thread.key,
        creator_key=ctx.actor.key,
        identity=which,
        message_id=mail.message_id,
        mail_references=mail.references,
        subject=mail.subject,
        sender=mail.sender,
        reply_to=mail.reply_to,
        recipients=mail.to,
        cc=mail.cc,
        bcc=mail.bcc,
        sent=mail.sender.email in own,
        sent_at=sent_at,
        text=mail.text,
        html=mail.html,
        truncated=mail.truncated,
        created_at=ctx.now,
    )
    MESSAGES.insert(ctx.db, message)
    held = [files.add(ctx, box, one, thread_key=thread.key, message_key=message.key) for one in attached]
    box = boxes.note(ctx, box, thread_count=threads.count(ctx, box), **threads.mail_of(ctx, box))
    if new:
        threads.tell(ctx, "thread.added", thread, held, box, pipeline)
    _tell(ctx, message, box, pipeline)
    box = files.tell(ctx, box, pipeline, held)
    if not message.sent:
        boxes.tell(ctx, "box.email_received", box, pipeline, email=message.sender.email)
    boxes.add_addresses(ctx, box, _addresses(mail, own))
    return message


def _tell(ctx: Ctx, message: Message, box: Box, pipeline: Pipeline) -> None:
    """What it says is kept with the message alone: it never changes, and may be long."""
    told = msgspec.structs.replace(message, text="", html=None)
    events.record(
        ctx,
        "message.added",
        told,
        pipeline=pipeline,
        box=box,
        people=[message.creator_key],
        subject=message.subject or "(no subject)",
        email=message.sender.email,
    )


def _addresses(mail: Mail, own: set[str]) -> list[str]:
    """Of its people, those who do not reach the box: the others it knows already."""
    people = [mail.sender, *mail.reply_to, *mail.to, *mail.cc, *mail.bcc]
    found = dict.fromkeys(one.email for one in people if one.email not in own)
    return list(found)[:MOST_ADDRESSES]
