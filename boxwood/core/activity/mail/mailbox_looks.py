"""Looks into mailboxes that something waits for: before a mail of a sequence is sent, its mailbox is read, because the
recipient may have replied a moment ago."""

from __future__ import annotations

from ....db.engine import Db
from .mailbox_records import ACTIVE, MailboxRecord

CHANNEL = "mail_wanted"
_ACTIVE = ", ".join(f"'{state}'" for state in ACTIVE)


def ask(db: Db, mailbox: MailboxRecord, now: int) -> None:
    """Ask the worker that reads the mailbox to look for new mail in all its folders."""
    db.run(
        """
        INSERT INTO mailbox_looks (mailbox_key, wanted_at) VALUES (:key, :now)
        ON CONFLICT (mailbox_key) DO UPDATE SET wanted_at = :now
        """,
        key=mailbox.key,
        now=now,
    )
    db.notify(CHANNEL)


def wanted(db: Db) -> list[str]:
    """The mailboxes that were not looked at since somebody asked."""
    sql = f"""
        SELECT l.mailbox_key FROM mailbox_looks l JOIN mailboxes b ON b.key = l.mailbox_key
        WHERE b.state IN ({_ACTIVE}) AND (b.synced_at IS NULL OR b.synced_at < l.wanted_at)
    """
    return [row[0] for row in db.rows(sql)]


def looked_since(db: Db, mailbox: MailboxRecord, since: int) -> bool:
    """Whether the mailbox was read since this time. Mail of a mailbox that is not read by IMAP arrives at once."""
    if mailbox.is_delivered:
        return True
    row = db.row("SELECT synced_at FROM mailboxes WHERE key = :key", key=mailbox.key)
    return row is not None and row[0] is not None and int(row[0]) >= since
