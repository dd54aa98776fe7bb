"""E-mail threads of a box: conversations with their messages and files, or the ids of threads in Gmail."""

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
from .files import File

_GMAIL = re.compile("[0-9a-f]{12,16}", re.ASCII)
MOST_PEOPLE = 200
"""Names and addresses that a thread stores."""
MOST_FOUND = 100
"""Boxes that are searched for a Gmail thread."""


class Thread(msgspec.Struct, frozen=True):
    key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    gmail_id: str | None
    """Hexadecimal; None if the thread consists of messages that were added here."""
    subject: str
    """The subject of the first message that has one."""
    names: list[str]
    email_addresses: list[str]
    email_count: int
    last_email_at: int | None
    created_at: int
    updated_at: int


class ThreadWithFiles(msgspec.Struct, frozen=True):
    """A thread with its files, as events store it."""

    key: str
    thread: Thread
    files: list[File]


THREADS = Table("threads", Thread)


def get(ctx: Ctx, key: str) -> Thread:
    return attached.get(ctx, THREADS, key)


def list_for_box(ctx: Ctx, box_key: str, *, limit: int, offset: int) -> list[Thread]:
    """The threads of a box, the oldest first."""
    return attached.list_for_box(ctx, THREADS, box_key, limit=limit, offset=offset)


def list_for_gmail_id(ctx: Ctx, gmail_id: str) -> list[Thread]:
    """This Gmail thread in all boxes that the actor may see."""
    rows = ctx.db.rows(
        f"SELECT {THREADS.columns} FROM threads WHERE gmail_id = :id ORDER BY created_at, key LIMIT :most",
        id=checked_gmail_id(gmail_id, "hexGmailThreadId"),
        most=MOST_FOUND,
    )
    return [thread for thread in THREADS.load_all(rows) if _is_visible(ctx, thread)]


def _is_visible(ctx: Ctx, thread: Thread) -> bool:
    try:
        boxes.get(ctx, thread.box_key)
    except NotFound:
        return False
    return True


def add_gmail(ctx: Ctx, box_key: str, gmail_id: str | None) -> Thread:
    """Store the id of a Gmail thread, without asking Google. If the box has this thread already, returns it
    unchanged."""
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
    box = boxes.save_activity(ctx, box, thread_count=count(ctx, box))
    record_event(ctx, "thread.added", thread, [], box, pipeline)
    return thread


def checked_gmail_id(given: str, field: str) -> str:
    """The id in lower case. Raises Invalid for `field` if it is not the id of a Gmail thread."""
    found = given.strip().lower()
    if not _GMAIL.fullmatch(found):
        raise Invalid(field, "must be a Gmail thread's id: 16 hexadecimal digits such as 15d52837dc00ff8e")
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


def record_event(ctx: Ctx, kind: str, thread: Thread, its_files: list[File], box: Box, pipeline: Pipeline) -> None:
    """Record an event about a thread. The event also stores the thread's files."""
    record = ThreadWithFiles(thread.key, thread, its_files)
    people = [thread.creator_key, *(file.owner_key for file in its_files)]
    subject = thread.subject or thread.gmail_id or "(no subject)"
    events.record(ctx, kind, record, pipeline=pipeline, box=box, people=people, subject=subject)


def count(ctx: Ctx, box: Box) -> int:
    """The number of threads of a box."""
    row = ctx.db.row("SELECT COUNT(*) FROM threads WHERE box_key = :box", box=box.key)
    return row[0] if row else 0


# Finding the thread of a message


def add_mail(ctx: Ctx, box: Box, mail: Mail, sent_at: int) -> tuple[Thread, bool]:
    """Add the people and the time of a message to its thread, and create the thread if there is none. Returns the
    thread, and whether it is new.

    A message belongs to the thread of the nearest message that it references, or of a message that references it.
    """
    thread = _find_thread(ctx, box, mail)
    new = thread is None
    thread = thread or _new(ctx, box, subject=mail.subject)
    people = [person for person in mail.people if person not in mail.bcc]
    thread = msgspec.structs.replace(
        thread,
        subject=thread.subject or mail.subject,
        names=_with(thread.names, [_name(person) for person in people]),
        email_addresses=_with(thread.email_addresses, [person.email for person in people]),
        email_count=thread.email_count + 1,
        last_email_at=max(sent_at, thread.last_email_at or 0),
        updated_at=ctx.now,
    )
    if new:
        THREADS.insert(ctx.db, thread)
    else:
        THREADS.update(ctx.db, thread)
    _store_mail_ids(ctx, thread, mail)
    return thread, new


def _find_thread(ctx: Ctx, box: Box, mail: Mail) -> Thread | None:
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
    key = next((known[mail_id] for mail_id in nearest if mail_id in known), None)
    row = ctx.db.row(f"SELECT {THREADS.columns} FROM threads WHERE key = :key", key=key) if key else None
    return THREADS.load(row) if row else None


def _store_mail_ids(ctx: Ctx, thread: Thread, mail: Mail) -> None:
    """Store the ids by which later messages find this thread."""
    mail_ids = dict.fromkeys([*([mail.message_id] if mail.message_id else []), *mail.references])
    ctx.db.many(
        """
        INSERT INTO mail_ids (box_key, message_id, thread_key) VALUES (:box, :id, :thread) ON CONFLICT DO NOTHING
        """,
        [{"box": thread.box_key, "id": mail_id, "thread": thread.key} for mail_id in mail_ids],
    )


def _name(person: Address) -> str:
    return person.name or person.email.partition("@")[0]


def _with(stored: list[str], added: list[str]) -> list[str]:
    return list(dict.fromkeys([*stored, *added]))[:MOST_PEOPLE]


def remove(ctx: Ctx, key: str) -> None:
    """Move a thread to the trash, with its messages and files. The addresses that it added stay with the box."""
    thread, box, pipeline, _ = attached.reach(ctx, THREADS, key)
    its_files = files.by_thread(ctx, [key])[key]
    name = thread.subject or thread.gmail_id or "(no subject)"
    trash.store(ctx, "thread", key, name, pipeline=pipeline, box_key=box.key)
    ctx.db.run("DELETE FROM threads WHERE key = :key", key=key)
    totals = {"file_count": files.count(ctx, box), **mail_totals(ctx, box)}
    box = boxes.save_activity(ctx, box, thread_count=count(ctx, box), **totals)
    record_event(ctx, "thread.removed", thread, its_files, box, pipeline)


def mail_totals(ctx: Ctx, box: Box) -> dict[str, Any]:
    """The numbers and times of a box's messages, as members of `Activity`."""
    rows = ctx.db.rows(
        "SELECT sent, COUNT(*), MIN(sent_at), MAX(sent_at) FROM messages WHERE box_key = :box GROUP BY sent",
        box=box.key,
    )
    totals = {bool(row[0]): row[1:] for row in rows}
    sent, received = totals.get(True, (0, None, None)), totals.get(False, (0, None, None))
    first, last = _outermost(ctx, box, "ASC"), _outermost(ctx, box, "DESC")
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


def _outermost(ctx: Ctx, box: Box, order: str) -> tuple[int | None, str | None]:
    """When the first message (or with DESC the last) was sent, and by which address."""
    row = ctx.db.row(
        f"""
        SELECT sent_at, sender FROM messages WHERE box_key = :box ORDER BY sent_at {order}, key {order} LIMIT 1
        """,
        box=box.key,
    )
    return (row[0], msgspec.json.decode(row[1], type=Address).email) if row else (None, None)
