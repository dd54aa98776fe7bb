"""Copies of letters in the folder of sent mail of their mailbox.

Gmail and Microsoft file what they send: there Boxwood looks a second time before it adds a copy.
"""

from __future__ import annotations

from collections.abc import Sequence

from ....db.engine import Db
from ....lib.durations import HOUR, MINUTE
from ..mail.mailbox_records import MAILBOXES, MailboxRecord
from . import doubts, handing
from .records import COPIED, COPY_FAILED, COPY_WANTED, DOUBTFUL, LETTERS, LOOK, SENT, LetterRecord

LEASE = 5 * MINUTE
AGAIN = MINUTE
GIVES_UP = HOUR
_FILING = ("gmail.com", "googlemail.com", "google.com", "outlook.com", "office365.com", "outlook.office365.com")


def due(db: Db, now: int, limit: int) -> list[tuple[MailboxRecord, list[LetterRecord]]]:
    """Letters whose copies are due, by mailbox."""
    rows = db.rows(
        f"""
        SELECT {LETTERS.columns} FROM sent_letters
        WHERE copy_state IN ('{COPY_WANTED}', '{LOOK}') AND copy_due_at <= :now
        ORDER BY copy_due_at LIMIT :limit
        """,
        now=now,
        limit=limit,
    )
    by_mailbox: dict[str, list[LetterRecord]] = {}
    for letter in LETTERS.load_all(rows):
        by_mailbox.setdefault(letter.mailbox_key, []).append(letter)
    found = []
    for key, letters in by_mailbox.items():
        row = db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key", key=key)
        if row is not None:
            found.append((MAILBOXES.load(row), letters))
    return found


def claim(db: Db, letters: Sequence[LetterRecord], now: int) -> list[LetterRecord]:
    """Take these letters for some minutes. Those that another worker took meanwhile are left out."""
    taken = []
    for letter in letters:
        sql = """
            UPDATE sent_letters SET copy_due_at = :until
            WHERE key = :key AND copy_due_at = :due AND copy_state = :state
        """
        if db.run(sql, key=letter.key, until=now + LEASE, due=letter.copy_due_at, state=letter.copy_state):
            taken.append(letter)
    return taken


def files_itself(mailbox: MailboxRecord, letter: LetterRecord) -> bool:
    """Whether the mail server may file the letter itself, and only needs more time."""
    host = mailbox.smtp.host if mailbox.smtp else ""
    files = mailbox.provider in ("google", "microsoft") or host.endswith(_FILING)
    return files and letter.copy_due_at < (letter.sent_at or 0) + AGAIN


def blob(db: Db, letter: LetterRecord) -> str | None:
    """The stored bytes of the letter."""
    row = db.row("SELECT raw_blob FROM mails WHERE key = :key", key=letter.mail_key)
    return row[0] if row else None


def looked(db: Db, letter: LetterRecord, now: int, *, found: bool, has_folder: bool) -> None:
    """The folder of sent mail was looked at; `found` if the letter is there now."""
    row = db.row(f"SELECT {LETTERS.columns} FROM sent_letters WHERE key = :key{db.for_update}", key=letter.key)
    stored = LETTERS.load(row) if row else None
    if stored is None or stored.copy_state not in (COPY_WANTED, LOOK):
        return
    if stored.state == DOUBTFUL:
        if found:
            handing.accepted(db, stored, now)
            _store(db, stored, COPIED, now)
        else:
            doubts.ask_author(db, stored, now)
    elif found:
        _store(db, stored, COPIED, now)
    elif not has_folder:
        _store(db, stored, COPY_FAILED, now)
    else:
        _store(db, stored, COPY_WANTED, now + AGAIN)


def failed(db: Db, letter: LetterRecord, now: int) -> None:
    """The mailbox could not be read now."""
    row = db.row(f"SELECT {LETTERS.columns} FROM sent_letters WHERE key = :key{db.for_update}", key=letter.key)
    stored = LETTERS.load(row) if row else None
    if stored is None or stored.copy_state not in (COPY_WANTED, LOOK):
        return
    if now < (stored.handed_at or 0) + GIVES_UP and stored.state == SENT:
        _store(db, stored, COPY_WANTED, now + 5 * AGAIN)
    elif stored.state == DOUBTFUL:
        doubts.ask_author(db, stored, now)
    else:
        _store(db, stored, COPY_FAILED, now)


def _store(db: Db, letter: LetterRecord, state: str, due_at: int) -> None:
    sql = "UPDATE sent_letters SET copy_state = :state, copy_due_at = :due WHERE key = :key"
    db.run(sql, key=letter.key, state=state, due=due_at)
