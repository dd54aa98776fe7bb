"""Handing letters over to mail servers: which letter is next, and what became of it.

A letter is marked as `handing` after the server accepted its recipients and before the end of its text is sent, in a
transaction of its own. A process that finds a letter that a dead process was handing over does not send it again.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from ....db.engine import Db
from ....errors import Forbidden, NotFound, Problem
from ....lib.durations import HOUR, MINUTE, SECOND
from ....lib.mail import Mail
from ... import boxes
from ...accounts import makers
from ...context import Ctx
from ...records import USERS
from ...records.scopes import WRITE
from ..files import Upload
from ..mail import mails, storing
from ..mail.mailbox_records import MAILBOXES, MailboxRecord
from ..mail.sharing import OPEN
from . import drafts, letters, senders
from .checks import Stop, Verdict, ask
from .records import (
    CHANNEL,
    COPY_WANTED,
    DOUBTFUL,
    HANDING,
    LETTERS,
    NO_COPY,
    REFUSED,
    SCHEDULED,
    SENT,
    LetterRecord,
)

LEASE = MINUTE
COPY_AFTER = 5 * SECOND
RETRIES = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR)
"""After a temporary failure, when nothing was sent."""
_MINE = "key = :key AND worker = :worker"


class LetterLost(Exception):
    """The letter was cancelled meanwhile, or another worker has it."""


# Taking letters


def due(db: Db, now: int) -> bool:
    """Whether a letter is due that no worker has."""
    sql = "SELECT 1 FROM sent_letters WHERE state = 'scheduled' AND due_at <= :now AND lease_until < :now LIMIT 1"
    return db.row(sql, now=now) is not None


def claim(
    db: Db, now: int, worker: str, limit: int, *, waiting: Collection[str] = (), without: Collection[str] = ()
) -> list[LetterRecord]:
    """Lease due letters, but none of the mailboxes `without`. A mailbox sends through one worker at a time. Of the
    `waiting` mailboxes only letters that users wrote are taken, which come before those of rules."""
    waits = f"AND NOT (s.automatic AND {db.dialect.among('s.mailbox_key', 'waiting')})" if waiting else ""
    waits += f" AND NOT {db.dialect.among('s.mailbox_key', 'busy')}" if without else ""
    rows = db.rows(
        f"""
        SELECT {LETTERS.of("s")} FROM sent_letters s
        WHERE s.state = '{SCHEDULED}' AND s.due_at <= :now AND s.lease_until < :now {waits} AND NOT EXISTS (
            SELECT 1 FROM sent_letters o WHERE o.mailbox_key = s.mailbox_key AND o.lease_until >= :now
                AND o.worker IS NOT NULL AND o.worker <> :worker)
        ORDER BY s.automatic, s.due_at, s.key LIMIT :limit{db.dialect.skip_locked}
        """,
        now=now,
        worker=worker,
        limit=limit,
        **({"waiting": db.texts(waiting)} if waiting else {}),
        **({"busy": db.texts(without)} if without else {}),
    )
    found = LETTERS.load_all(rows)
    for letter in found:
        sql = "UPDATE sent_letters SET worker = :worker, lease_until = :until WHERE key = :key"
        db.run(sql, key=letter.key, worker=worker, until=now + LEASE)
    return found


def renew(db: Db, now: int, worker: str, mailboxes: Collection[str]) -> None:
    """Extend the leases of this worker on letters of these mailboxes, through which it sends now."""
    among = db.dialect.among("mailbox_key", "mailboxes")
    sql = f"UPDATE sent_letters SET lease_until = :until WHERE worker = :worker AND lease_until >= :now AND {among}"
    db.run(sql, worker=worker, until=now + LEASE, now=now, mailboxes=db.texts(mailboxes))


def release(db: Db, letter: LetterRecord, worker: str) -> None:
    """End the lease of a letter that was not handed over."""
    sql = f"UPDATE sent_letters SET worker = NULL, lease_until = 0 WHERE {_MINE} AND state = '{SCHEDULED}'"
    db.run(sql, key=letter.key, worker=worker)


def release_all(db: Db) -> None:
    """End all leases: those of the previous process, where only one process may run."""
    db.run("UPDATE sent_letters SET lease_until = 0 WHERE worker IS NOT NULL")


def check(db: Db, letter: LetterRecord, now: int) -> tuple[MailboxRecord | None, Verdict]:
    """The mailbox that sends the letter, and whether the letter may go now. Rights are asked again."""
    ctx = acting(db, letter, now)
    if ctx is None:
        return None, Stop("its author may not work in the team any longer")
    pipeline_key = None
    try:
        mailbox = senders.get(ctx, letter.mailbox_key)
        if letter.box_key:
            pipeline_key = boxes.reach(ctx, letter.box_key, "UPDATE")[1].key
    except NotFound:
        return None, Stop("its box is not there any longer")
    except Problem as error:
        return None, Stop(str(error))
    if not makers.may(db, letter.maker, now, [("mail", WRITE)], pipeline_key):
        return None, Stop("the API key that scheduled it may not send mail any longer")
    return mailbox, ask(db, letter, mailbox, now)


def acting(db: Db, letter: LetterRecord, now: int) -> Ctx | None:
    """The context of the user who wrote the letter; None if the user may not work in the team any longer."""
    row = db.row(
        f"""
        SELECT {USERS.of("u")} FROM users u JOIN team_members m ON m.user_key = u.key
        WHERE u.key = :user AND m.team_key = :team AND m.role IN ('Member', 'Owner')
            AND NOT EXISTS (SELECT 1 FROM locked_users l WHERE l.user_key = u.key)
        """,
        user=letter.creator_key,
        team=letter.team_key,
    )
    return Ctx(db, now, USERS.load(row), via=f"mailbox:{letter.mailbox_key}") if row else None


# Handing over


def begin(
    db: Db, letter: LetterRecord, worker: str, now: int, mail: Mail, raw: Upload, uploads: list[Upload]
) -> LetterRecord:
    """Mark the letter as being handed over, and store its mail. Raises `LetterLost` if it must not be sent."""
    row = db.row(f"SELECT {LETTERS.columns} FROM sent_letters WHERE key = :key{db.for_update}", key=letter.key)
    stored = LETTERS.load(row) if row else None
    if stored is None or stored.state != SCHEDULED or stored.worker != worker or stored.lease_until < now:
        raise LetterLost(letter.key)
    ctx = acting(db, letter, now)
    if ctx is None:
        raise LetterLost(letter.key)
    mail = msgspec.structs.replace(mail, sent_at=now)  # its Date has no milliseconds
    record, _ = mails.add(ctx, letter.team_key, mail, raw, uploads, is_kept=False, is_ours=True)
    stored = msgspec.structs.replace(
        stored, state=HANDING, mail_key=record.key, handed_at=now, lease_until=now + LEASE, updated_at=now
    )
    LETTERS.update(db, stored, "state", "mail_key", "handed_at", "lease_until", "updated_at")
    return stored


def accepted(db: Db, letter: LetterRecord, now: int, note: str = "") -> None:
    """The mail server accepted the letter: it is on its box from now on."""
    ctx, stored = _acting_on(db, letter, now)
    if stored.state in (HANDING, DOUBTFUL):
        finish(ctx, msgspec.structs.replace(stored, error=note or None), now)


def finish(ctx: Ctx, letter: LetterRecord, sent_at: int) -> LetterRecord:
    """Store that the letter was sent, and add it to its box."""
    message_key, thread_key = _on_box(ctx, letter)
    mailbox = ctx.db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key", key=letter.mailbox_key)
    copies = mailbox is not None and not MAILBOXES.load(mailbox).is_delivered
    letter = msgspec.structs.replace(
        letter,
        state=SENT,
        message_key=message_key,
        thread_key=thread_key or letter.thread_key,
        worker=None,
        lease_until=0,
        sent_at=sent_at,
        copy_state=COPY_WANTED if copies else NO_COPY,
        copy_due_at=ctx.now + COPY_AFTER,
        updated_at=ctx.now,
    )
    LETTERS.update(ctx.db, letter)
    if letter.draft_key:
        drafts.remove(ctx, letter.draft_key)
    ctx.db.notify(CHANNEL)
    return letter


def _on_box(ctx: Ctx, letter: LetterRecord) -> tuple[str | None, str | None]:
    """Add the letter to its box, unless the box is not there any longer. Returns the keys of message and thread."""
    if letter.box_key is None or letter.mail_key is None:
        return None, None
    try:
        box, pipeline, _ = boxes.reach(ctx, letter.box_key, "UPDATE")
    except (NotFound, Forbidden):
        return None, None
    record = mails.load(ctx, [letter.mail_key])[letter.mail_key]
    mail = msgspec.structs.replace(mails.as_mail(record), bcc=letter.bcc)
    row = ctx.db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key", key=letter.mailbox_key)
    mailbox = MAILBOXES.load(row).mailbox if row else None
    source = storing.source_of(ctx, mailbox) if mailbox else OPEN
    known = ctx.db.row(
        "SELECT key FROM messages WHERE box_key = :box AND mail_key = :mail", box=box.key, mail=record.key
    )
    key = storing.add_to(
        ctx,
        source,
        [source.owner_key] if source.owner_key else [],
        mail,
        record,
        mails.files_of(ctx, record.key),
        box,
        pipeline,
        own={letter.sender.email},
        kind="message.sent",
    )
    if known is not None:  # the copy in the mailbox was read before
        storing.record_message(ctx, key, box, pipeline, "message.sent")
    thread = ctx.db.row("SELECT thread_key FROM messages WHERE key = :key", key=key)
    return key, thread[0] if thread else None


def failed(db: Db, letter: LetterRecord, now: int, why: str, *, for_good: bool = False) -> None:
    """Nothing was sent, or the server refused the letter at its end. A temporary failure is tried again."""
    ctx, stored = _acting_on(db, letter, now)
    if stored.state not in (SCHEDULED, HANDING):
        return
    _forget_mail(db, stored)
    attempts = stored.attempts + 1
    stored = msgspec.structs.replace(
        stored, state=SCHEDULED, attempts=attempts, mail_key=None, handed_at=None, error=why[:1000], updated_at=now
    )
    if for_good or attempts > len(RETRIES):
        LETTERS.update(db, stored, "attempts", "mail_key", "handed_at")
        letters.settle(ctx, stored, REFUSED, "letter.refused", why[:1000])
        drafts.give_back(ctx, stored.key)
        return
    stored = msgspec.structs.replace(stored, due_at=now + RETRIES[attempts - 1], worker=None, lease_until=0)
    LETTERS.update(db, stored)


def wait(db: Db, letter: LetterRecord, worker: str, until: int, why: str, *, due_at: bool) -> None:
    """The letter waits, and shows for what."""
    later = ", due_at = :until" if due_at else ""
    db.run(
        f"UPDATE sent_letters SET error = :why, worker = NULL, lease_until = 0{later} WHERE {_MINE} AND state = :state",
        key=letter.key,
        worker=worker,
        state=SCHEDULED,
        why=f"waits: {why}",
        **({"until": until} if due_at else {}),
    )


def _acting_on(db: Db, letter: LetterRecord, now: int) -> tuple[Ctx, LetterRecord]:
    row = db.row(f"SELECT {LETTERS.columns} FROM sent_letters WHERE key = :key{db.for_update}", key=letter.key)
    assert row is not None
    ctx = acting(db, letter, now)
    if ctx is None:
        user = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=letter.creator_key)
        assert user is not None
        ctx = Ctx(db, now, USERS.load(user), via=f"mailbox:{letter.mailbox_key}")
    return ctx, LETTERS.load(row)


def _forget_mail(db: Db, letter: LetterRecord) -> None:
    """Delete the mail of a letter that was not sent, unless it is on a box."""
    if letter.mail_key is None:
        return
    db.run("UPDATE sent_letters SET mail_key = NULL WHERE key = :key", key=letter.key)
    db.run(
        "DELETE FROM mails WHERE key = :mail AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.mail_key = :mail)",
        mail=letter.mail_key,
    )
