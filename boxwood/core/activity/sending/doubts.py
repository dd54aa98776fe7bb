"""Letters that may have been sent: the process that handed them over died, or the server did not answer in the end.

They are looked for in the folder of sent mail, because some servers file what they send. Otherwise their author
decides.
"""

from __future__ import annotations

import msgspec

from ....db.engine import Db
from ....errors import Conflict
from ...context import Ctx
from ..mail.mailbox_records import MAILBOXES
from . import handing, letters
from .records import (
    DOUBTFUL,
    HANDING,
    LETTERS,
    LOOK,
    NO_COPY,
    REFUSED,
    SCHEDULED,
    DraftRecord,
    LetterRecord,
)

MOST_BROKEN = 4
"""Attempts to send a letter after which an unexpected error refuses it."""
WHY = "the connection to the mail server broke before it answered: the letter may have been sent"


def any_dead(db: Db, now: int) -> bool:
    """Whether a process died while it handed over a letter."""
    sql = f"SELECT 1 FROM sent_letters WHERE state = '{HANDING}' AND lease_until < :now LIMIT 1"
    return db.row(sql, now=now) is not None


def find(db: Db, now: int) -> list[LetterRecord]:
    """Mark the letters that a dead process was handing over, and return them."""
    sql = f"SELECT {LETTERS.columns} FROM sent_letters WHERE state = '{HANDING}' AND lease_until < :now"
    return [doubt(db, letter, now) for letter in LETTERS.load_all(db.rows(sql + db.for_update, now=now))]


def doubt(db: Db, letter: LetterRecord, now: int) -> LetterRecord:
    """Mark a letter as doubtful. Its mailbox is searched for it first, if it is read by IMAP."""
    row = db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key", key=letter.mailbox_key)
    looks = row is not None and not MAILBOXES.load(row).is_delivered
    letter = msgspec.structs.replace(
        letter,
        state=DOUBTFUL,
        error=WHY,
        worker=None,
        lease_until=0,
        copy_state=LOOK if looks else NO_COPY,
        copy_due_at=now + handing.COPY_AFTER,
        updated_at=now,
    )
    LETTERS.update(db, letter)
    if not looks:
        ask_author(db, letter, now)
    return letter


def broke_off(db: Db, key: str, worker: str, now: int, why: str) -> None:
    """An unexpected error ended the work on a letter of this worker. A letter that was not marked as being
    handed over is tried again a few times, and then refused. One that was marked is in doubt."""
    sql = f"SELECT {LETTERS.columns} FROM sent_letters WHERE key = :key AND worker = :worker{db.for_update}"
    row = db.row(sql, key=key, worker=worker)
    letter = LETTERS.load(row) if row else None
    if letter is not None and letter.state == SCHEDULED:
        handing.failed(db, letter, now, why, for_good=letter.attempts + 1 >= MOST_BROKEN)
    elif letter is not None and letter.state == HANDING:
        doubt(db, letter, now)


def ask_author(db: Db, letter: LetterRecord, now: int) -> None:
    """Notify the author, who decides with `resolve`."""
    db.run("UPDATE sent_letters SET copy_state = :state WHERE key = :key", state=NO_COPY, key=letter.key)
    if ctx := handing.acting(db, letter, now):
        letters.record_event(ctx, "letter.doubtful", letter)


def resolve(ctx: Ctx, key: str, wanted: str) -> tuple[LetterRecord, DraftRecord | None]:
    """Decide about a letter in doubt: it counts as `sent`, or it becomes a `draft`, which the user may send again.
    Returns it, and the draft if there is one."""
    letter = letters.reach(ctx, key)
    if letter.state != DOUBTFUL:
        raise Conflict(f"Only a letter in doubt needs a decision: this one is {letter.state}")
    if wanted == "sent":
        letter = msgspec.structs.replace(letter, error=None)
        return handing.finish(ctx, letter, letter.handed_at or ctx.now), None
    letter = letters.settle(ctx, letter, REFUSED, "letter.resolved")
    return letter, letters.given_back(ctx, letter)
