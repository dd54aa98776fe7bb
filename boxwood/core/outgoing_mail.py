"""Mail that leaves: written down in the transaction of what it tells, sent once that is committed.

So nothing is mailed of what was rolled back, and nothing is lost between the two: a letter waits until a server has
taken it. A letter that was taken twice (the process died in between) bears the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..db.engine import Db
from ..db.records import Table
from ..errors import Conflict, Invalid
from ..lib import ids, smtp
from ..lib.durations import DAY, HOUR, MINUTE
from . import mail_settings, persons
from .context import Ctx

RETRIES = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY)
LEASE = 5 * MINUTE
KEPT = 30 * DAY
MOST_RECIPIENTS = 100
CHANNEL = "letters"


class Letter(msgspec.Struct, frozen=True):
    key: str
    about: str
    """What it is for, in a word: `invitation`, `reset`, `automation`, `digest` …"""
    recipients: list[str]
    subject: str
    text: str
    html: str
    reply_to: str
    state: str
    """`waiting`, `sent` or `dead` (refused for good, or nobody could take it in three days)."""
    due_at: int
    ends_at: int | None
    """It is worth nothing afterwards, and not sent."""
    attempts: int
    error: str | None
    created_at: int
    settled_at: int | None


LETTERS = Table("letters", Letter)


def post(
    ctx: Ctx,
    to: Sequence[str],
    subject: str,
    text: str,
    *,
    about: str,
    html: str = "",
    reply_to: str = "",
    ends_at: int | None = None,
) -> Letter:
    """Write it down, to be sent to all of `to` when this transaction is committed.

    `Conflict` where no mail server is set (see `mail_settings.configured`), `Invalid` where an address or the subject
    cannot be. `get` tells what became of it.
    """
    settings = mail_settings.find(ctx.db)
    if not settings.smtp_url:
        raise Conflict("No mail can be sent: there are no mail settings (BOXWOOD_SMTP_URL)")
    recipients = list(dict.fromkeys(persons.check_email(one, "to") for one in to))
    if not 0 < len(recipients) <= MOST_RECIPIENTS:
        raise Invalid("to", f"has 1 to {MOST_RECIPIENTS} addresses")
    letter = Letter(
        key=ids.new("l", ctx.now),
        about=about,
        recipients=recipients,
        subject=" ".join(subject.split()),
        text=text,
        html=html,
        reply_to=persons.check_email(reply_to, "replyTo") if reply_to else "",
        state="waiting",
        due_at=ctx.now,
        ends_at=ends_at,
        attempts=0,
        error=None,
        created_at=ctx.now,
        settled_at=None,
    )
    try:
        smtp.composed(to_send(letter, settings.sender)).as_bytes()
    except (ValueError, UnicodeError) as error:
        raise Invalid("subject", f"this cannot be sent as mail: {error}") from None
    LETTERS.insert(ctx.db, letter)
    ctx.db.notify(CHANNEL)
    return letter


def to_send(letter: Letter, sender: str) -> smtp.Letter:
    return smtp.Letter(
        id=letter.key,
        sender=sender,
        recipients=letter.recipients,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        reply_to=letter.reply_to,
        at=letter.created_at,
    )


def get(db: Db, key: str) -> Letter | None:
    row = db.row(f"SELECT {LETTERS.columns} FROM letters WHERE key = :key", key=key)
    return LETTERS.load(row) if row else None


def waiting(db: Db, now: int) -> bool:
    """Whether one is due."""
    return db.row("SELECT 1 FROM letters WHERE state = 'waiting' AND due_at <= :now LIMIT 1", now=now) is not None


def take(db: Db, now: int, limit: int) -> list[Letter]:
    """Some that are due. They come due again by themselves, should whoever took them die."""
    rows = db.rows(
        f"""
        UPDATE letters SET due_at = :lease, attempts = attempts + 1 WHERE key IN (
            SELECT key FROM letters WHERE state = 'waiting' AND due_at <= :now
            ORDER BY due_at LIMIT :limit {db.dialect.skip_locked}
        ) RETURNING {LETTERS.columns}
        """,
        now=now,
        lease=now + LEASE,
        limit=limit,
    )
    taken = LETTERS.load_all(rows)
    late = [one for one in taken if one.ends_at is not None and one.ends_at <= now]
    for one in late:
        _settle(db, one, now, "dead", "it was worth nothing any more before a server took it")
    return [one for one in taken if one not in late]


def sent(db: Db, letter: Letter, now: int, said: str) -> None:
    _settle(db, letter, now, "sent", said or None)


def refused(db: Db, letter: Letter, now: int, why: str) -> None:
    _settle(db, letter, now, "dead", why)


def failed(db: Db, letter: Letter, now: int, why: str) -> None:
    """It is tried again later, over about two days."""
    if letter.attempts > len(RETRIES):
        _settle(db, letter, now, "dead", why)
        return
    db.run(
        "UPDATE letters SET due_at = :due, error = :why WHERE key = :key",
        key=letter.key,
        due=now + RETRIES[letter.attempts - 1],
        why=why[:1000],
    )


def _settle(db: Db, letter: Letter, now: int, state: str, error: str | None) -> None:
    # What it said is nobody's business any more: there may be a link in it.
    db.run(
        "UPDATE letters SET state = :state, error = :error, settled_at = :now, text = '', html = '' WHERE key = :key",
        key=letter.key,
        state=state,
        error=error[:1000] if error else None,
        now=now,
    )


def hurry(ctx: Ctx) -> None:
    """The settings were changed: what failed is tried at once."""
    ctx.db.run("UPDATE letters SET due_at = :now WHERE state = 'waiting' AND error IS NOT NULL", now=ctx.now)
    ctx.db.notify(CHANNEL)


def counts(db: Db) -> dict[str, int]:
    """How many there are, by state."""
    found = {str(state): int(count) for state, count in db.rows("SELECT state, COUNT(*) FROM letters GROUP BY state")}
    return {state: found.get(state, 0) for state in ("waiting", "sent", "dead")}


def last_error(db: Db) -> str | None:
    row = db.row("SELECT error FROM letters WHERE error IS NOT NULL ORDER BY created_at DESC LIMIT 1")
    return row[0] if row else None


def forget(db: Db, now: int) -> None:
    """Drop what was settled a month ago."""
    db.run("DELETE FROM letters WHERE state <> 'waiting' AND settled_at <= :since", since=now - KEPT)
