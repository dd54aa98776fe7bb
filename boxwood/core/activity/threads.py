"""E-mail threads of a box: conversations with their messages and files, or the ids of threads in Gmail."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from ...db.records import Table
from ...errors import Insufficient, Invalid
from ...lib import ids
from ...lib.mail import Address, Mail
from .. import access, boxes, events, search, trash
from ..context import Ctx
from ..records import Box, Pipeline
from . import attached, files
from .files import File
from .mail import sharing
from .mail.records import FULL
from .mail.sharing import ThreadShare

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
    share: str = FULL
    """What other users than its owner see: `full`, `subject`, `metadata` or `private`."""
    share_owner_key: str | None = None
    """The user who always sees all of it; None if no user chose a share."""


class ThreadWithFiles(msgspec.Struct, frozen=True):
    """A thread with its files, as events store it."""

    key: str
    thread: Thread
    files: list[File]


THREADS = Table("threads", Thread, beside=("share", "share_owner_key"))


def get(ctx: Ctx, key: str) -> Thread:
    return sharing.reduced_threads(ctx, [attached.get(ctx, THREADS, key)])[0]


def list_for_box(ctx: Ctx, box_key: str, *, limit: int, offset: int) -> list[Thread]:
    """The threads of a box, the oldest first."""
    return sharing.reduced_threads(ctx, attached.list_for_box(ctx, THREADS, box_key, limit=limit, offset=offset))


def list_for_gmail_id(ctx: Ctx, gmail_id: str) -> list[Thread]:
    """This Gmail thread in all boxes that the actor may see."""
    test, given = attached.sees(ctx, "threads")
    rows = ctx.db.rows(
        f"SELECT {THREADS.columns} FROM threads WHERE gmail_id = :id AND {test} ORDER BY created_at, key LIMIT :most",
        id=checked_gmail_id(gmail_id, "hexGmailThreadId"),
        most=MOST_FOUND,
        **given,
    )
    return within_reach(ctx, THREADS.load_all(rows))


def within_reach(ctx: Ctx, found: list[Thread]) -> list[Thread]:
    """Those of the threads whose boxes the actor may see, without what the actor may not see of them."""
    seen = boxes.seen_among(ctx, {thread.box_key for thread in found})
    return sharing.reduced_threads(ctx, [thread for thread in found if thread.box_key in seen])


def add_gmail(ctx: Ctx, box_key: str, gmail_id: str | None) -> Thread:
    """Store the id of a Gmail thread, without asking Google. If the box has this thread already, returns it
    unchanged."""
    if gmail_id is None:
        raise Insufficient("Thread", "threadGmailId")
    gmail_id = checked_gmail_id(gmail_id, "threadGmailId")
    box, pipeline, _ = attached.reach_box(ctx, THREADS, box_key)
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
    """The number of threads of a box, without private ones."""
    sql = f"SELECT COUNT(*) FROM threads WHERE box_key = :box AND {attached.SEES['threads']}"
    row = ctx.db.row(sql, box=box.key, mail_owner="")
    return row[0] if row else 0


# Finding the thread of a message


class ThreadOfId(NamedTuple):
    """A thread that has a message with this Message-ID, or with a reference to it."""

    message_id: str
    thread_key: str
    share: ThreadShare


def add_mail(
    ctx: Ctx, box: Box, mail: Mail, sent_at: int, source: ThreadShare, known: list[ThreadOfId]
) -> tuple[Thread, bool]:
    """Add the people and the time of a message to its thread, and create the thread if there is none. Returns the
    thread, and whether it is new. `known` is the result of `with_ids_of`.

    A message belongs to the thread of the nearest message that it references, or of a message that references it.
    `source` says whose mailbox the message comes from, and how that mailbox is shared: a thread is joined only by
    messages of the same openness, or of its owner.
    """
    thread = _find(ctx, mail, source, known)
    new = thread is None
    thread = thread or _new(ctx, box, subject=mail.subject)
    people = [person for person in mail.people if person not in mail.bcc]
    thread = msgspec.structs.replace(
        thread,
        subject=thread.subject or mail.subject,
        names=merged(thread.names, [name_of(person) for person in people]),
        email_addresses=merged(thread.email_addresses, [person.email for person in people]),
        email_count=thread.email_count + 1,
        last_email_at=max(sent_at, thread.last_email_at or 0),
        updated_at=ctx.now,
    )
    if new:
        THREADS.insert(ctx.db, thread)
        if source.share != FULL:
            sharing.store(ctx, thread.key, box.key, source)
    else:
        THREADS.update(ctx.db, thread)
    _store_mail_ids(ctx, thread, mail)
    return thread, new


def with_ids_of(ctx: Ctx, box: Box, mail: Mail) -> list[ThreadOfId]:
    """The threads of the box that know one of the mail's Message-IDs, in the order of their keys."""
    rows = ctx.db.rows(
        f"""
        SELECT i.message_id, i.thread_key, COALESCE(ts.share, '{FULL}'), ts.owner_key
        FROM mail_ids i LEFT JOIN thread_shares ts ON ts.thread_key = i.thread_key
        WHERE i.box_key = :box AND {ctx.db.dialect.among("i.message_id", "ids")} ORDER BY i.thread_key
        """,
        box=box.key,
        ids=ctx.db.texts(_nearest(mail)),
    )
    return [ThreadOfId(mail_id, thread_key, ThreadShare(*share)) for mail_id, thread_key, *share in rows]


def _nearest(mail: Mail) -> list[str]:
    """The mail's Message-IDs: its own, and those that it refers to, the nearest first."""
    return [*([mail.message_id] if mail.message_id else []), *reversed(mail.references)]


def _find(ctx: Ctx, mail: Mail, source: ThreadShare, known: list[ThreadOfId]) -> Thread | None:
    """The thread that a message from this source belongs to."""
    by_id: dict[str, str] = {}
    for each in known:
        if joins(source, each.share):
            by_id.setdefault(each.message_id, each.thread_key)
    key = next((by_id[mail_id] for mail_id in _nearest(mail) if mail_id in by_id), None)
    row = ctx.db.row(f"SELECT {THREADS.columns} FROM threads WHERE key = :key", key=key) if key else None
    return THREADS.load(row) if row else None


def joins(source: ThreadShare, share: ThreadShare) -> bool:
    """Whether a message from this source belongs into a thread with this share: its owner's messages do, and open
    messages belong into open threads."""
    if share.owner_key is not None and share.owner_key == source.owner_key:
        return True
    return source.share == FULL and share.share == FULL


def _store_mail_ids(ctx: Ctx, thread: Thread, mail: Mail) -> None:
    """Store the ids by which later messages find this thread."""
    mail_ids = dict.fromkeys([*([mail.message_id] if mail.message_id else []), *mail.references])
    store_ids(ctx, thread, mail_ids)


def store_ids(ctx: Ctx, thread: Thread, mail_ids: Iterable[str]) -> None:
    ctx.db.many(
        """
        INSERT INTO mail_ids (box_key, message_id, thread_key) VALUES (:box, :id, :thread) ON CONFLICT DO NOTHING
        """,
        [{"box": thread.box_key, "id": mail_id, "thread": thread.key} for mail_id in mail_ids],
    )
    ctx.db.run(
        f"""
        DELETE FROM unboxed_mail_ids WHERE box_key = :box AND {ctx.db.dialect.among("message_id", "ids")}
        """,
        box=thread.box_key,
        ids=ctx.db.texts(mail_ids),
    )


def name_of(person: Address) -> str:
    return person.name or person.email.partition("@")[0]


def merged(stored: list[str], added: list[str]) -> list[str]:
    return list(dict.fromkeys([*stored, *added]))[:MOST_PEOPLE]


def remove(ctx: Ctx, key: str) -> None:
    """Move a thread to the trash, with its messages and files. The addresses that it added stay with the box. Answers
    to its messages do not come back to the box by themselves."""
    thread, box, pipeline, _ = attached.reach(ctx, THREADS, key, "DELETE")
    its_files = files.by_thread(ctx, [key])[key]
    name = thread.subject or thread.gmail_id or "(no subject)"
    trash.store(ctx, "thread", key, name, pipeline=pipeline, box_key=box.key)
    search.reindex_parts(ctx, "thread_key", key)
    ctx.db.run(
        """
        INSERT INTO unboxed_mail_ids (box_key, message_id, thread_key)
        SELECT box_key, message_id, thread_key FROM mail_ids WHERE thread_key = :key ON CONFLICT DO NOTHING
        """,
        key=key,
    )
    ctx.db.run("DELETE FROM threads WHERE key = :key", key=key)
    box = save_totals(ctx, box)
    record_event(ctx, "thread.removed", thread, its_files, box, pipeline)


def save_totals(ctx: Ctx, box: Box, *, touched: bool = True) -> Box:
    """Count the box's threads, messages and files again. The caller has locked the box. `touched` as in
    `boxes.save_activity`."""
    totals = {"thread_count": count(ctx, box), "file_count": files.count(ctx, box), **mail_totals(ctx, box)}
    return boxes.save_activity(ctx, box, touched=touched, **totals)


def mail_totals(ctx: Ctx, box: Box) -> dict[str, Any]:
    """The numbers and times of a box's messages, as members of `Activity`. Private mail does not count, because all
    users who see the box see these numbers. A message counts once, although it may be in several threads."""
    rows = ctx.db.rows(
        f"""
        SELECT m.sent, COUNT(DISTINCT m.mail_key), MIN(m.sent_at), MAX(m.sent_at) FROM messages m
        WHERE m.box_key = :box AND {_COUNTS} GROUP BY m.sent
        """,
        box=box.key,
        mail_owner="",
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
        **hit_totals(ctx, box),
    }


_NO_HITS = {
    "sent_views": 0,
    "last_sent_views": 0,
    "last_sent_clicks": 0,
    "viewed_at": None,
    "last_sent_viewed_at": None,
}


def hit_totals(ctx: Ctx, box: Box) -> dict[str, Any]:
    """The opens of a box's sent letters and clicks on their links, as members of `BoxActivity`. Private mail does not
    count."""
    rows = ctx.db.rows(
        f"""
        SELECT m.key, SUM(CASE WHEN h.kind = 'open' THEN 1 ELSE 0 END),
            SUM(CASE WHEN h.kind = 'click' THEN 1 ELSE 0 END), MAX(CASE WHEN h.kind = 'open' THEN h.at END)
        FROM messages m JOIN sent_letters s ON s.message_key = m.key JOIN hits h ON h.letter_key = s.key
        WHERE m.box_key = :box AND h.counted AND h.class <> 'machine' AND {_COUNTS} GROUP BY m.key
        """,
        box=box.key,
        mail_owner="",
    )
    counted = {key: (int(views), int(clicks), at) for key, views, clicks, at in rows}
    if not counted:
        return _NO_HITS
    last = ctx.db.row(
        f"""
        SELECT m.key FROM messages m WHERE m.box_key = :box AND m.sent AND {_COUNTS}
        ORDER BY m.sent_at DESC, m.key DESC LIMIT 1
        """,
        box=box.key,
        mail_owner="",
    )
    views, clicks, at = counted.get(last[0] if last else "", (0, 0, None))
    return {
        "sent_views": sum(each for each, _, _ in counted.values()),
        "last_sent_views": views,
        "last_sent_clicks": clicks,
        "viewed_at": max((each for _, _, each in counted.values() if each), default=None),
        "last_sent_viewed_at": at,
    }


_COUNTS = access.sees_mail("m.thread_key", access.PRIVATE_MAIL)


def _outermost(ctx: Ctx, box: Box, order: str) -> tuple[int | None, str | None]:
    """When the first message (or with DESC the last) was sent, and by which address."""
    row = ctx.db.row(
        f"""
        SELECT m.sent_at, l.sender FROM messages m JOIN mails l ON l.key = m.mail_key
        WHERE m.box_key = :box AND {_COUNTS} ORDER BY m.sent_at {order}, m.key {order} LIMIT 1
        """,
        box=box.key,
        mail_owner="",
    )
    return (row[0], msgspec.json.decode(row[1], type=Address).email or None) if row else (None, None)
