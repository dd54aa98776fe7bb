"""E-mail threads of a box: conversations with their messages and files, or the id of one in Gmail."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Insufficient, Invalid, NotFound
from ...lib import ids
from ...lib.mail import Address, Mail
from .. import boxes, events, trash
from ..context import Ctx
from ..records import Box, Pipeline
from . import attached, files
from .files import FILES, File

_GMAIL = re.compile("[0-9a-f]{12,16}", re.ASCII)
# Of a thread's people; a box takes less from each message, since each new address is an event.
MOST_PEOPLE = 200
MOST_FOUND = 100


class Thread(msgspec.Struct, frozen=True):
    key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    gmail_id: str | None
    """Hexadecimal; None where the thread was made of mail that was added here."""
    subject: str
    """Of its first message."""
    names: list[str]
    email_addresses: list[str]
    email_count: int
    last_email_at: int | None
    created_at: int
    updated_at: int


class Whole(msgspec.Struct, frozen=True):
    """A thread with its files, as its events keep it."""

    key: str
    thread: Thread
    files: list[File]


THREADS = Table("threads", Thread)


def get(ctx: Ctx, key: str) -> Thread:
    return attached.get(ctx, THREADS, key)


def page(ctx: Ctx, box_key: str, *, limit: int, offset: int) -> list[Thread]:
    """The threads of a box, the oldest first."""
    box = boxes.get(ctx, box_key)
    rows = ctx.db.rows(
        f"""
        SELECT {THREADS.columns} FROM threads WHERE box_key = :box
        ORDER BY created_at, key LIMIT :limit OFFSET :offset
        """,
        box=box.key,
        limit=limit,
        offset=offset,
    )
    return THREADS.load_all(rows)


def in_gmail(ctx: Ctx, gmail_id: str) -> list[Thread]:
    """This Gmail thread in every box within reach; it may be in several."""
    rows = ctx.db.rows(
        f"SELECT {THREADS.columns} FROM threads WHERE gmail_id = :id ORDER BY created_at, key LIMIT :most",
        id=checked_gmail_id(gmail_id, "hexGmailThreadId"),
        most=MOST_FOUND,
    )
    return [thread for thread in THREADS.load_all(rows) if _reached(ctx, thread)]


def _reached(ctx: Ctx, thread: Thread) -> bool:
    try:
        boxes.get(ctx, thread.box_key)
    except NotFound:
        return False
    return True


def files_of(ctx: Ctx, keys: list[str]) -> dict[str, list[File]]:
    """The files that came with these threads, the oldest first."""
    found: dict[str, list[File]] = {key: [] for key in keys}
    among = ctx.db.dialect.among("thread_key", "keys")
    sql = f"SELECT {FILES.columns} FROM files WHERE {among} ORDER BY created_at, key"
    for file in FILES.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys))):
        found[file.thread_key or ""].append(file)
    return found


def add_gmail(ctx: Ctx, box_key: str, gmail_id: str | None) -> Thread:
    """Keep a Gmail thread's id; Google is not asked. One that the box has already is answered as it is."""
    if gmail_id is None:
        raise Insufficient("Thread", "threadGmailId")
    gmail_id = checked_gmail_id(gmail_id, "threadGmailId")
    box, pipeline, _ = boxes.reach(ctx, box_key, "UPDATE")
    row = ctx.db.row(
        f"SELECT {THREADS.columns} FROM threads WHERE box_key = :box AND gmail_id = :id", box=box.key, id=gmail_id
    )
    if row:
        return THREADS.load(row)
    thread = _new(ctx, box, gmail_id=gmail_id)
    THREADS.insert(ctx.db, thread)
    box = boxes.note(ctx, box, thread_count=count(ctx, box))
    tell(ctx, "thread.added", thread, [], box, pipeline)
    return thread


def checked_gmail_id(given: str, field: str) -> str:
    found = given.strip().lower()
    if not _GMAIL.fullmatch(found):
        raise Invalid(field, "is a Gmail thread's id: 16 hexadecimal digits such as 15d52837dc00ff8e")
    return found


def _new(ctx: Ctx, box: Box, *, gmail_id: str | None = None, subject: str = "") -> Thread:
    return Thread(
        key=ids.new("h", ctx.now),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        creator_key=ctx.actor.key,
        gmail_id=gmail_id,
        subject=subject,
        names=[],
        email_addresses=[],
        email_count=0,
        last_email_at=None,
        created_at=ctx.now,
        updated_at=ctx.now,
    )


def tell(ctx: Ctx, kind: str, thread: Thread, held: list[File], box: Box, pipeline: Pipeline) -> None:
    whole = Whole(thread.key, thread, held)
    people = [thread.creator_key, *(file.owner_key for file in held)]
    subject = thread.subject or thread.gmail_id or "(no subject)"
    events.record(ctx, kind, whole, pipeline=pipeline, box=box, people=people, subject=subject)


def count(ctx: Ctx, box: Box) -> int:
    row = ctx.db.row("SELECT COUNT(*) FROM threads WHERE box_key = :box", box=box.key)
    return row[0] if row else 0


# Mail that belongs together


def follow(ctx: Ctx, box: Box, mail: Mail, sent_at: int) -> tuple[Thread, bool]:
    """The box's thread that the message belongs to, with its people and time; and whether it is new.

    It belongs where a message is that it names, the nearest first, or one that named it before it came.
    """
    thread = _named_by(ctx, box, mail)
    new = thread is None
    thread = thread or _new(ctx, box, subject=mail.subject)
    people = [mail.sender, *mail.reply_to, *mail.to, *mail.cc]
    thread = msgspec.structs.replace(
        thread,
        subject=thread.subject or mail.subject,
        names=_with(thread.names, [_name(one) for one in people]),
        email_addresses=_with(thread.email_addresses, [one.email for one in people]),
        email_count=thread.email_count + 1,
        last_email_at=max(sent_at, thread.last_email_at or 0),
        updated_at=ctx.now,
    )
    if new:
        THREADS.insert(ctx.db, thread)
    else:
        THREADS.update(ctx.db, thread)
    _remember(ctx, thread, mail)
    return thread, new


def _named_by(ctx: Ctx, box: Box, mail: Mail) -> Thread | None:
    nearest = [*([mail.message_id] if mail.message_id else []), *reversed(mail.references)]
    rows = ctx.db.rows(
        f"""
        SELECT message_id, thread_key FROM mail_ids
        WHERE box_key = :box AND {ctx.db.dialect.among("message_id", "ids")}
        """,
        box=box.key,
        ids=ctx.db.texts(nearest),
    )
    known: dict[str, str] = dict(rows)
    key = next((known[one] for one in nearest if one in known), None)
    row = ctx.db.row(f"SELECT {THREADS.columns} FROM threads WHERE key = :key", key=key) if key else None
    return THREADS.load(row) if row else None


def _remember(ctx: Ctx, thread: Thread, mail: Mail) -> None:
    """The ids by which other messages find this thread."""
    named = dict.fromkeys([*([mail.message_id] if mail.message_id else []), *mail.references])
    ctx.db.many(
        """
        INSERT INTO mail_ids (box_key, message_id, thread_key) VALUES (:box, :id, :thread) ON CONFLICT DO NOTHING
        """,
        [{"box": thread.box_key, "id": one, "thread": thread.key} for one in named],
    )


def _name(one: Address) -> str:
    return one.name or one.email.partition("@")[0]


def _with(held: list[str], more: list[str]) -> list[str]:
    return list(dict.fromkeys([*held, *more]))[:MOST_PEOPLE]


def remove(ctx: Ctx, key: str) -> None:
    """From its box, with its messages and files. The addresses it brought stay with the box."""
    thread, box, pipeline, _ = attached.reach(ctx, THREADS, key)
    held = files_of(ctx, [key])[key]
    name = thread.subject or thread.gmail_id or "(no subject)"
    trash.store(ctx, "thread", key, name, pipeline=pipeline, box_key=box.key)
    ctx.db.run("DELETE FROM threads WHERE key = :key", key=key)
    box = boxes.note(ctx, box, thread_count=count(ctx, box), file_count=files.count(ctx, box), **mail_of(ctx, box))
    tell(ctx, "thread.removed", thread, held, box, pipeline)


def mail_of(ctx: Ctx, box: Box) -> dict[str, Any]:
    """What the messages of a box add up to, as `Activity` has it."""
    rows = ctx.db.rows(
        "SELECT sent, COUNT(*), MIN(sent_at), MAX(sent_at) FROM messages WHERE box_key = :box GROUP BY sent",
        box=box.key,
    )
    told = {bool(row[0]): row[1:] for row in rows}
    sent, received = told.get(True, (0, None, None)), told.get(False, (0, None, None))
    first, last = _end(ctx, box, "ASC"), _end(ctx, box, "DESC")
    return {
        "emails_total": sent[0] + received[0],
        "emails_sent": sent[0],
        "emails_received": received[0],
        "first_sent_at": sent[1],
        "last_sent_at": sent[2],
        "first_received_at": received[1],
        "last_received_at": received[2],
        "first_email_at": first[0],
        "first_email_from": first[1],
        "last_email_at": last[0],
        "last_email_from": last[1],
    }


def _end(ctx: Ctx, box: Box, order: str) -> tuple[int | None, str | None]:
    """When the first (the last) message was sent, and by whom."""
    row = ctx.db.row(
        f"""
        SELECT sent_at, sender FROM messages WHERE box_key = :box ORDER BY sent_at {order}, key {order} LIMIT 1
        """,
        box=box.key,
    )
    return (row[0], msgspec.json.decode(row[1], type=Address).email) if row else (None, None)
