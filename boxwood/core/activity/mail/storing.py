"""Stores a mail once in a team, and adds it to boxes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from ....errors import Forbidden, NotFound
from ....lib import ids
from ....lib.mail import Mail
from ... import boxes, events, search, stored_files
from ...context import Ctx
from ...records import Box, Pipeline
from .. import files, threads
from ..attached import reach_box
from ..files import MailFile, Upload
from ..messages import ROWS, Message, MessageRow, load
from ..threads import THREADS, Thread
from . import mails, rules
from .mails import MailRecord
from .matching import STORE, Decision
from .records import FULL, PERSONAL, PRIVATE, Mailbox
from .sharing import OPEN, ThreadShare

MOST_ADDRESSES = 50
"""New addresses that a message adds to its box. Each is an event."""


class StoredMail(msgspec.Struct, frozen=True):
    """A mail that is stored, and its messages on boxes."""

    mail_key: str | None
    """None if the mail was not stored, because no box gets it."""
    message_keys: list[str]
    """Of the messages on the boxes of the decision, in their order."""
    new: bool
    """Whether the team did not have this mail before. If false, the blobs that were passed are free to delete."""


NOTHING = StoredMail(None, [], False)


class Batch:
    """Old mails that are stored in one transaction. What they share is read once, and the numbers of their boxes are
    counted once, by `count`."""

    def __init__(self) -> None:
        self.boxes: dict[str, tuple[Box, Pipeline]] = {}
        """The boxes that got mail, as they are now. They are locked."""
        self.users: dict[str, set[str]] = {}
        """The addresses of the users who may see a box."""

    def reach(self, ctx: Ctx, key: str) -> tuple[Box, Pipeline]:
        if key not in self.boxes:
            self.boxes[key] = reach_box(ctx, THREADS, key)[:2]
        return self.boxes[key]

    def users_of(self, ctx: Ctx, box: Box, pipeline: Pipeline) -> set[str]:
        if box.key not in self.users:
            self.users[box.key] = {person.email for person in boxes.readers(ctx, box, pipeline)}
        return self.users[box.key]


def store(
    ctx: Ctx,
    mailbox: Mailbox | None,
    mail: Mail,
    raw_blob: Upload | None,
    uploads: list[Upload],
    decision: Decision,
    *,
    old: bool = False,
    batch: Batch | None = None,
) -> StoredMail:
    """Store a mail, and add it to the boxes of the decision. Storing the same mail again changes nothing, except that
    it adds the mail to boxes that do not have it yet.

    `mailbox` is None for a message that a user posts: then errors are raised for boxes that the actor may not change,
    which are left out otherwise. `raw_blob` are the original bytes and `uploads` the attachments, in their order; both
    were announced and stored before. `old` mail, of a backfill, starts no automations and sends no webhooks and
    notifications. A mailbox of the team keeps a mail that no box gets. After the last mail of a `batch` the caller
    calls `count`; without a batch the numbers of the boxes are counted at once.
    """
    silent, change = ctx.silent, ctx.change
    ctx.silent, ctx.change = silent or old, decision.change_key or change
    try:
        return _store(ctx, mailbox, mail, raw_blob, uploads, decision, batch)
    finally:
        ctx.silent = silent
        if decision.change_key:
            ctx.change = change


def _store(
    ctx: Ctx,
    mailbox: Mailbox | None,
    mail: Mail,
    raw: Upload | None,
    uploads: list[Upload],
    decision: Decision,
    batch: Batch | None,
) -> StoredMail:
    is_kept = mailbox is not None and mailbox.kind != PERSONAL
    if mailbox is None and (known := [key for box in decision.box_keys if (key := find_posted(ctx, box, mail))]):
        for upload in [*([raw] if raw else []), *uploads]:
            stored_files.free(ctx.db, upload.stored.id)
        return StoredMail(load(ctx, known)[0].mail_key, known, False)
    targets = _targets(ctx, mailbox, mail, decision, batch or Batch())
    if not targets and not is_kept:
        return NOTHING
    team_key = mailbox.team_key if mailbox else targets[0][1].team_key
    record, new = mails.add(ctx, team_key, mail, raw, uploads, is_kept=is_kept)
    attached = mails.files_of(ctx, record.key) if uploads or not new else []
    source = source_of(ctx, mailbox)
    own = _own_addresses(mailbox, mail) if mailbox else set()
    owners = [source.owner_key] if source.owner_key else []
    added = [
        add_to(ctx, source, owners, mail, record, attached, box, pipeline, own=own, batch=batch)
        for box, pipeline in targets
    ]
    return StoredMail(record.key, added, new)


def add_stored(ctx: Ctx, mailbox: Mailbox, mail_key: str, box_key: str) -> str:
    """Add a mail that a mailbox of the team keeps to a box. Returns the key of the message. The caller has checked that
    the actor may see the mail."""
    record = mails.load(ctx, [mail_key])[mail_key]
    box, pipeline, _ = reach_box(ctx, THREADS, box_key)
    its_files, mail = mails.files_of(ctx, mail_key), mails.as_mail(record)
    own = _own_addresses(mailbox, mail)
    return add_to(ctx, source_of(ctx, mailbox), [], mail, record, its_files, box, pipeline, own=own)


def _own_addresses(mailbox: Mailbox, mail: Mail) -> set[str]:
    """The addresses of the mailbox, which must not become addresses of a box."""
    return {mailbox.address, *mailbox.aliases, *(each.email for each in mail.people if mailbox.owns(each.email))}


def source_of(ctx: Ctx, mailbox: Mailbox | None) -> ThreadShare:
    """Whose mail it is, and how its mailbox is shared."""
    if mailbox is None:
        return ThreadShare(FULL, ctx.actor.key)
    if mailbox.owner_key is None or mailbox.kind != PERSONAL:
        return OPEN
    return ThreadShare(mailbox.share, mailbox.owner_key)


def _targets(
    ctx: Ctx, mailbox: Mailbox | None, mail: Mail, decision: Decision, batch: Batch
) -> list[tuple[Box, Pipeline]]:
    """The boxes that get the mail, locked. A rule may create a box."""
    if decision.kind != STORE:
        return []
    found = []
    for key in sorted(dict.fromkeys(decision.box_keys)):
        try:
            found.append(batch.reach(ctx, key))
        except (NotFound, Forbidden):
            if mailbox is None:
                raise
    if not found and decision.rule_key and (created := rules.create_box(ctx, decision.rule_key, mail)):
        found.append(batch.reach(ctx, created.key))
    return found


def add_to(
    ctx: Ctx,
    source: ThreadShare,
    owner_keys: list[str],
    mail: Mail,
    record: MailRecord,
    attached: list[MailFile],
    box: Box,
    pipeline: Pipeline,
    *,
    own: Collection[str] = (),
    batch: Batch | None = None,
    kind: str = "message.added",
) -> str:
    """Add a mail to a box, unless the box has it where the source's owner sees it. Returns the key of the message.

    `owner_keys` are the users whose mailboxes hold the mail; `own` are addresses, besides those of the users who see
    the box, whose mail counts as sent. `kind` is the kind of the message's event. The box is locked.
    """
    threads_of_ids = threads.with_ids_of(ctx, box, mail)
    restricted = None
    if mail.message_id is None or mail.message_id in {each.message_id for each in threads_of_ids}:
        if known := _known(ctx, source, record, box):
            return known
        restricted = _restricted(ctx, record, box) if source.share == FULL else None
    users = (batch or Batch()).users_of(ctx, box, pipeline) | set(own)
    is_sent = record.sender.email in users
    thread, new = threads.add_mail(ctx, box, mail, record.sent_at, source, threads_of_ids)
    if restricted:
        return _open(ctx, restricted, thread, new, box, pipeline)
    row = MessageRow(
        key=ids.new("e", ctx.now),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        thread_key=thread.key,
        mail_key=record.key,
        creator_key=ctx.actor.key,
        owner_keys=owner_keys,
        bcc=mail.bcc,
        sent=is_sent,
        sent_at=record.sent_at,
        created_at=ctx.now,
        is_old=ctx.silent,
    )
    ROWS.insert(ctx.db, row)
    search.reindex(ctx, search.MESSAGE, row.key)
    added = [files.insert_of_mail(ctx, box, file, thread_key=thread.key, message_key=row.key) for file in attached]
    is_private = source.share == PRIVATE and thread_is_private(ctx, thread)
    if batch is None:
        box = threads.save_totals(ctx, box)
    if new:
        threads.record_event(ctx, "thread.added", thread, added, box, pipeline)
    _record(ctx, mails.as_message(row, record), box, pipeline, kind)
    for file in added:
        files.record_event(ctx, "file.added", file, box, pipeline)
    if not is_sent and record.sender.email and not ctx.silent:
        events.record_for_box(
            ctx, "box.email_received", box, pipeline, email=record.sender.email, thread_key=thread.key
        )
    if not is_private:
        box = boxes.add_addresses(ctx, box, _addresses(mail, users), of_mail=True)
    if batch is not None:
        batch.boxes[box.key] = box, pipeline
    return row.key


def count(ctx: Ctx, batch: Batch) -> None:
    """Count the threads, messages and files of the batch's boxes again."""
    for key in sorted(batch.boxes):
        if (found := boxes.lock(ctx, key)) is not None:
            threads.save_totals(ctx, found[0])


def thread_is_private(ctx: Ctx, thread: Thread) -> bool:
    sql = "SELECT 1 FROM thread_shares WHERE thread_key = :thread AND share = 'private'"
    return ctx.db.row(sql, thread=thread.key) is not None


def _known(ctx: Ctx, source: ThreadShare, record: MailRecord, box: Box) -> str:
    """The key of the box's message of this mail that the source would join; empty if there is none. The source's owner
    becomes one of its owners."""
    # A box that came from another team has the mails of that team.
    same = "SELECT k.key FROM teams t CROSS JOIN mails k WHERE k.team_key = t.key AND k.identity = :identity"
    keys = [key for (key,) in ctx.db.rows(same, identity=record.identity)]
    # The joined text keeps the databases from reading all messages of the box.
    test = f"m.box_key || '' = :box AND {ctx.db.dialect.among('m.mail_key', 'keys')}"
    return _joined(ctx, source, box, test, {"keys": ctx.db.texts(keys)})


def find_posted(ctx: Ctx, box_key: str, mail: Mail) -> str:
    """The key of the box's message with the Message-ID and the sender of a mail that a user posts; empty if there is
    none. A user may post a mail again after a server on its way changed it."""
    box = reach_box(ctx, THREADS, box_key)[0]
    if mail.message_id is None or mail.sender is None:
        return ""
    test = f"m.box_key = :box AND l.message_id = :id AND {ctx.db.dialect.field_value('l.sender', 'email')} = :sender"
    given = {"id": mail.message_id, "sender": mail.sender.email}
    return _joined(ctx, source_of(ctx, None), box, test, given)


def _joined(ctx: Ctx, source: ThreadShare, box: Box, test: str, given: dict[str, Any]) -> str:
    rows = ctx.db.rows(
        f"""
        SELECT m.key, m.owner_keys, COALESCE(ts.share, '{FULL}'), ts.owner_key
        FROM messages m JOIN mails l ON l.key = m.mail_key LEFT JOIN thread_shares ts ON ts.thread_key = m.thread_key
        WHERE {test} ORDER BY m.key
        """,
        box=box.key,
        **given,
    )
    for key, owners, share, owner_key in rows:
        # The owner of a restricted mailbox sees the mail in an open conversation too.
        if share == FULL or threads.joins(source, ThreadShare(share, owner_key)):
            _add_owner(ctx, key, msgspec.json.decode(owners, type=list[str]), source)
            return str(key)
    return ""


def _add_owner(ctx: Ctx, key: str, owners: list[str], source: ThreadShare) -> None:
    if ctx.db.writing and source.owner_key and source.owner_key not in owners:
        ctx.db.run(
            "UPDATE messages SET owner_keys = :owners WHERE key = :key",
            owners=msgspec.json.encode([*owners, source.owner_key]).decode(),
            key=key,
        )


def _restricted(ctx: Ctx, record: MailRecord, box: Box) -> MessageRow | None:
    """The box's message of this mail in another user's restricted conversation."""
    sql = f"SELECT {ROWS.columns} FROM messages WHERE box_key = :box AND mail_key = :mail ORDER BY key LIMIT 1"
    row = ctx.db.row(sql, box=box.key, mail=record.key)
    return ROWS.load(row) if row else None


def _open(ctx: Ctx, row: MessageRow, thread: Thread, new: bool, box: Box, pipeline: Pipeline) -> str:
    """Move a message from a restricted conversation to an open one, because an open mailbox has the mail too."""
    move_messages(ctx, [row], thread)
    box = threads.save_totals(ctx, box)
    if new:
        added = files.by_thread(ctx, [thread.key])[thread.key]
        threads.record_event(ctx, "thread.added", thread, added, box, pipeline)
    return row.key


def move_messages(ctx: Ctx, rows: list[MessageRow], target: Thread) -> None:
    """Move messages of one conversation to another of the same box, with their files. A conversation without messages
    is deleted. The caller counts the box's totals again."""
    keys = ctx.db.texts(row.key for row in rows)
    source_key = rows[0].thread_key
    for table, column in (("messages", "key"), ("files", "message_key")):
        among = ctx.db.dialect.among(column, "keys")
        ctx.db.run(f"UPDATE {table} SET thread_key = :target WHERE {among}", target=target.key, keys=keys)
    for row in rows:
        search.reindex(ctx, search.MESSAGE, row.key)
    for thread_key in (source_key, target.key):
        refresh(ctx, thread_key)


def refresh(ctx: Ctx, thread_key: str) -> Thread | None:
    """Compute subject, people and times of a thread from its messages, and by which ids later messages find it. A
    thread without messages is deleted; then the result is None."""
    stored = ctx.db.row(f"SELECT {THREADS.columns} FROM threads WHERE key = :key", key=thread_key)
    assert stored is not None
    thread = THREADS.load(stored)
    rows = ctx.db.rows("SELECT key FROM messages WHERE thread_key = :key ORDER BY sent_at, key", key=thread_key)
    if not rows:
        if thread.gmail_id is None:
            ctx.db.run("DELETE FROM threads WHERE key = :key", key=thread_key)
            return None
        return thread
    found = load(ctx, [key for (key,) in rows])
    people = [person for it in found for person in (it.sender, *it.reply_to, *it.recipients, *it.cc) if person.email]
    thread = msgspec.structs.replace(
        thread,
        subject=next((it.subject for it in found if it.subject), ""),
        names=threads.merged([], [threads.name_of(person) for person in people]),
        email_addresses=threads.merged([], [person.email for person in people]),
        email_count=len(found),
        last_email_at=max(it.sent_at for it in found),
        updated_at=ctx.now,
    )
    THREADS.update(ctx.db, thread)
    ctx.db.run("DELETE FROM mail_ids WHERE thread_key = :key", key=thread_key)
    mail_ids = [mail_id for it in found for mail_id in ([it.message_id] if it.message_id else []) + it.mail_references]
    threads.store_ids(ctx, thread, dict.fromkeys(mail_ids))
    return thread


def record_message(ctx: Ctx, key: str, box: Box, pipeline: Pipeline, kind: str) -> None:
    """Record an event of a message."""
    _record(ctx, load(ctx, [key])[0], box, pipeline, kind)


def _record(ctx: Ctx, message: Message, box: Box, pipeline: Pipeline, kind: str) -> None:
    """Record an event of a message. It does not store the text, which may be long and never changes, and hidden
    recipients."""
    message = msgspec.structs.replace(message, text="", html=None, bcc=[])
    events.record(
        ctx,
        kind,
        message,
        pipeline=pipeline,
        box=box,
        people=[message.creator_key],
        subject=message.subject or "(no subject)",
        email=message.sender.email or "an unknown sender",
        what=", ".join(person.email for person in message.recipients[:3]) or "hidden recipients",
    )


def _addresses(mail: Mail, own: set[str]) -> list[str]:
    """The addresses in an e-mail that do not belong to users who may see the box."""
    found = dict.fromkeys(person.email for person in mail.people if person.email not in own)
    return list(found)[:MOST_ADDRESSES]
