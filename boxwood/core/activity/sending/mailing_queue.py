"""Writes the letters of mailings that run, a few ahead of those that are sent.

A recipient's row and its letter change in one transaction, which has the mailing's row locked. So every recipient gets
at most one letter, however often processes die, and none is forgotten. The letter itself is never sent twice (see
`letters`). The rights of the user who started the mailing are asked again for each letter.
"""

from __future__ import annotations

from ....db.engine import Db
from ....errors import Problem
from ....lib.durations import SECOND
from ...context import Ctx
from ..mail.mailbox_records import MailboxRecord
from . import acting, letters, mailing_letters, mailing_recipients, mailings, senders, suppressions
from .mailing_records import (
    MISSING,
    OUT_OF_REACH,
    RECIPIENTS,
    REFUSED,
    RUNNING,
    SUPPRESSED,
    WAITING,
    Mailing,
    Recipient,
)
from .records import HANDING, SCHEDULED

AHEAD = 20
"""Letters of one mailing that wait or are being handed over. The limits of the mailbox decide when each leaves."""
AT_ONCE = 5
"""Letters that one transaction writes."""
LOOK_AGAIN = SECOND


def due(db: Db, now: int, most: int = 20) -> list[str]:
    """The keys of mailings whose next letters are due, the longest due first."""
    sql = f"SELECT key FROM mailings WHERE state = '{RUNNING}' AND due_at <= :now ORDER BY due_at LIMIT :most"
    return [row[0] for row in db.rows(sql, now=now, most=most)]


def advance(db: Db, now: int, key: str) -> bool:
    """Write the next letters of a mailing. Returns whether it wrote some, so that there may be more to do."""
    mailing = mailings.load(db, key, db.dialect.skip_locked)
    if mailing is None or mailing.state != RUNNING or mailing.due_at > now:
        return False
    within = mailing.team_key if mailing.of_team else ""
    ctx = acting.context(db, now, mailing.creator_key, within, mailing.maker, f"mailing:{mailing.key}")
    if not acting.may_send(ctx, mailing.maker):
        mailings.pause_by_itself(ctx, mailing, acting.MAY_NOT)
        return False
    try:
        mailbox = senders.get(ctx, mailing.mailbox_key or "")
    except Problem as problem:
        mailings.pause_by_itself(ctx, mailing, str(problem))
        return False
    room = AHEAD - _ahead(db, mailing)
    waiting = _waiting(db, mailing, min(room, AT_ONCE)) if room > 0 else []
    for recipient in waiting:
        _write(ctx, mailing, recipient, mailbox)
    if not waiting and room == AHEAD and not mailing_recipients.has_waiting(db, key):
        mailings.finish(ctx, mailing)
        return False
    db.run("UPDATE mailings SET due_at = :due WHERE key = :key", key=key, due=now if waiting else now + LOOK_AGAIN)
    return bool(waiting)


def _ahead(db: Db, mailing: Mailing) -> int:
    row = db.row(
        f"SELECT COUNT(*) FROM sent_letters WHERE mailing_key = :key AND state IN ('{SCHEDULED}', '{HANDING}')",
        key=mailing.key,
    )
    return int(row[0]) if row else 0


def _waiting(db: Db, mailing: Mailing, most: int) -> list[Recipient]:
    rows = db.rows(
        f"""
        SELECT {RECIPIENTS.columns} FROM mailing_recipients WHERE mailing_key = :key AND state = '{WAITING}'
        ORDER BY position LIMIT :most
        """,
        key=mailing.key,
        most=most,
    )
    return RECIPIENTS.load_all(rows)


def _write(ctx: Ctx, mailing: Mailing, recipient: Recipient, mailbox: MailboxRecord) -> None:
    """Write the letter of one recipient, or leave the recipient out."""
    stopped = suppressions.stopping(ctx.db, mailing.team_key, [recipient.address], automatic=True)
    if stopped is not None:
        mailing_recipients.noted(ctx.db, recipient, SUPPRESSED, suppressions.sentence(stopped))
        return
    try:
        found = mailing_letters.filled(ctx, mailing, recipient, mailbox)
    except Problem:
        note = "The box or the contact was deleted, or you have no access to it"
        mailing_recipients.noted(ctx.db, recipient, OUT_OF_REACH, note)
        return
    if found.missing:
        fields = ", ".join(dict.fromkeys(each.field for each in found.missing))
        mailing_recipients.noted(ctx.db, recipient, MISSING, f"There is no value for {fields}")
        return

    def schedule() -> str:
        return letters.schedule(
            ctx,
            mailing_letters.content(mailing, recipient, found),
            mailbox=mailbox,
            box_key=recipient.box_key,
            thread_key=None,
            due_at=ctx.now,
            mailing_key=mailing.key,
        ).key

    try:
        letter_key = ctx.db.attempt(schedule)
    except Problem as problem:
        mailing_recipients.noted(ctx.db, recipient, REFUSED, str(problem))
    else:
        mailing_recipients.has_letter(ctx.db, recipient, letter_key)
