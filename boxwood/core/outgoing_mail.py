"""Outgoing mail: stored in the transaction of the change it is about, sent after the commit.

So a change that is rolled back sends no mail, and no mail is lost: a letter waits until an SMTP server accepts it. If
the process dies while it sends, the letter is sent a second time, with the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..db.engine import Db
from ..db.records import Table
from ..errors import Conflict, Invalid, TooMany
from ..lib import ids, smtp
from ..lib.durations import DAY, HOUR, MINUTE
from ..lib.lines import on_one_line
from ..lib.rates import Rate
from . import mail_settings, persons, rate_buckets
from .context import Ctx

RETRIES = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY)
LEASE = 5 * MINUTE
LIFETIME = 30 * DAY
"""How many milliseconds a letter is stored after it was sent or given up."""
MOST_RECIPIENTS = 100
MOST_INVITATIONS = Rate(250, DAY, 250)
"""How many invitations a user may send. They go to people who did not ask for them."""
CHANNEL = "letters"


class Letter(msgspec.Struct, frozen=True):
    key: str
    about: str
    """Its purpose, in a word: `invitation`, `reset`, `automation`, `digest` …"""
    recipients: list[str]
    subject: str
    text: str
    html: str
    reply_to: str
    state: str
    """`waiting`, `sent` or `dead` (refused permanently, or not accepted within about two days)."""
    due_at: int
    ends_at: int | None
    """It is not sent after this time, because its content has expired."""
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
    """Store a letter; it is sent to all addresses of `to` after this transaction commits.

    Raise `Conflict` if no SMTP server is set (see `mail_settings.configured`), `Invalid` if an address or the subject
    is not allowed. `get` returns the letter with its state.
    """
    settings = mail_settings.find(ctx.db)
    if not settings.smtp_url:
        raise Conflict("No mail can be sent: there are no mail settings (BOXWOOD_SMTP_URL)")
    recipients = list(dict.fromkeys(persons.check_email(address, "to") for address in to))
    if not 0 < len(recipients) <= MOST_RECIPIENTS:
        raise Invalid("to", f"must have 1 to {MOST_RECIPIENTS} addresses")
    if about == "invitation":
        _spend_invitation(ctx)
    letter = Letter(
        key=ids.new("l", ctx.now),
        about=about,
        recipients=recipients,
        subject=" ".join(on_one_line(subject).split()),
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
        raise Invalid("subject", f"cannot be sent as mail: {error}") from None
    LETTERS.insert(ctx.db, letter)
    if ctx.effects is not None:
        ctx.effects.letters.append(letter.key)
    ctx.db.notify(CHANNEL)
    return letter


def _spend_invitation(ctx: Ctx) -> None:
    spent = rate_buckets.spend(ctx.db, f"invitations {ctx.actor.key}", MOST_INVITATIONS, ctx.now)
    if not spent.granted:
        raise TooMany(f"You have sent {MOST_INVITATIONS.burst} invitations within a day: try again later", spent.wait)


def to_send(letter: Letter, sender: str) -> smtp.Letter:
    """Return the letter in the form that the SMTP client takes."""
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
    """Return whether a letter is due."""
    return db.row("SELECT 1 FROM letters WHERE state = 'waiting' AND due_at <= :now LIMIT 1", now=now) is not None


def claim_due(db: Db, now: int, limit: int) -> list[Letter]:
    """Claim and return up to `limit` letters that are due. They become due again after `LEASE` milliseconds, in case
    the process that claimed them dies."""
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
    claimed = LETTERS.load_all(rows)
    expired = [letter for letter in claimed if letter.ends_at is not None and letter.ends_at <= now]
    for letter in expired:
        _settle(db, letter, now, "dead", "it expired before a server accepted it")
    return [letter for letter in claimed if letter not in expired]


def sent(db: Db, letter: Letter, now: int, note: str) -> None:
    """Record that an SMTP server accepted the letter. `note` is stored with it, such as recipients it refused."""
    _settle(db, letter, now, "sent", note or None)


def refused(db: Db, letter: Letter, now: int, why: str) -> None:
    """Record that the letter was refused permanently."""
    _settle(db, letter, now, "dead", why)


def failed(db: Db, letter: Letter, now: int, why: str) -> None:
    """Record an attempt that failed. The letter is tried again, over about two days."""
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
    # The text is deleted, because it may hold a link that signs a person in.
    db.run(
        "UPDATE letters SET state = :state, error = :error, settled_at = :now, text = '', html = '' WHERE key = :key",
        key=letter.key,
        state=state,
        error=error[:1000] if error else None,
        now=now,
    )


def retry_now(ctx: Ctx) -> None:
    """Try the letters that failed again at once, because the mail settings changed."""
    ctx.db.run("UPDATE letters SET due_at = :now WHERE state = 'waiting' AND error IS NOT NULL", now=ctx.now)
    ctx.db.notify(CHANNEL)


def counts(db: Db) -> dict[str, int]:
    """Return how many letters there are, by state."""
    found = {str(state): int(count) for state, count in db.rows("SELECT state, COUNT(*) FROM letters GROUP BY state")}
    return {state: found.get(state, 0) for state in ("waiting", "sent", "dead")}


def last_error(db: Db) -> str | None:
    row = db.row("SELECT error FROM letters WHERE error IS NOT NULL ORDER BY created_at DESC LIMIT 1")
    return row[0] if row else None


def delete_settled(db: Db, now: int) -> None:
    """Delete the letters that were sent or given up a month ago."""
    db.run("DELETE FROM letters WHERE state <> 'waiting' AND settled_at <= :since", since=now - LIFETIME)
