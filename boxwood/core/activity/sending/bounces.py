"""Letters that came back: reports of mail servers and complaints of recipients about letters that were really sent."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ....db.engine import Db
from ....lib.mail import DeliveryReport, Mail
from ...context import Ctx
from . import letter_events, suppressions
from .records import LETTERS, LetterRecord
from .suppressions import BOUNCE, COMPLAINT

LONGEST_TEXT = 500
OF_THE_MESSAGE = ("5.2.3", "5.3.4")
"""The message is too large: another one may reach the address."""


class Bounce(msgspec.Struct, frozen=True):
    letter_key: str
    address: str
    code: str
    """Such as 5.1.1; empty if the server named none."""
    text: str
    permanent: bool
    """Whether the server says that the address does not work. Otherwise it may work later."""
    failed: bool
    """Whether the server gave up. Otherwise it still tries."""
    at: int


def reported(db: Db, team_key: str, mail: Mail) -> LetterRecord | None:
    """The letter of the team that a delivery report or a complaint is about. A report counts only if it names the
    Message-ID of a letter that was handed to a mail server."""
    report = mail.delivery_status or mail.complaint
    if report is None or not report.message_id:
        return None
    row = db.row(
        f"""
        SELECT {LETTERS.columns} FROM sent_letters
        WHERE team_key = :team AND message_id = :id AND handed_at IS NOT NULL
        """,
        team=team_key,
        id=report.message_id,
    )
    return LETTERS.load(row) if row else None


def notice(ctx: Ctx, team_key: str, mail: Mail) -> LetterRecord | None:
    """Store what the mail reports about a letter, for recipients of that letter only. Returns the letter; None if the
    mail reports about none."""
    letter = reported(ctx.db, team_key, mail)
    if letter is None:
        return None
    addresses = {person.email for person in letter.people}
    if mail.complaint is not None:
        # Providers often hide who complained. If there is only one recipient, it was that one.
        named = [email for email in mail.complaint.emails if email in addresses]
        for email in named or (addresses if len(addresses) == 1 else ()):
            suppressions.notice(ctx, team_key, email, COMPLAINT, letter.key)
    elif mail.delivery_status is not None:
        for report in mail.delivery_status.reports:
            if report.email in addresses and report.action in ("failed", "delayed"):
                _notice_report(ctx, letter, report)
    return letter


def _notice_report(ctx: Ctx, letter: LetterRecord, report: DeliveryReport) -> None:
    bounce = Bounce(
        letter_key=letter.key,
        address=report.email,
        code=report.status[:20],
        text=report.diagnostic[:LONGEST_TEXT],
        permanent=report.is_permanent,
        failed=report.is_failure,
        at=ctx.now,
    )
    # A warning that the server still tries is replaced by what became of the letter.
    changed = ctx.db.run(
        """
        INSERT INTO bounces (letter_key, address, code, text, permanent, failed, at)
        VALUES (:letter_key, :address, :code, :text, :permanent, :failed, :at)
        ON CONFLICT (letter_key, address) DO UPDATE
            SET code = excluded.code, text = excluded.text, permanent = excluded.permanent, failed = excluded.failed,
                at = excluded.at
            WHERE excluded.failed AND NOT bounces.failed OR excluded.permanent AND NOT bounces.permanent
        """,
        **msgspec.structs.asdict(bounce),
    )
    if not changed or not bounce.failed:
        return
    reason = bounce.text or bounce.code or "the mail server gave no reason"
    letter_events.record(ctx, "message.bounced", letter, email=bounce.address, reason=reason, code=bounce.code)
    if bounce.permanent and bounce.code not in OF_THE_MESSAGE:
        suppressions.notice(
            ctx, letter.team_key, bounce.address, BOUNCE, letter.key, code=bounce.code, text=bounce.text
        )


def by_letter(db: Db, letter_keys: Iterable[str]) -> dict[str, list[Bounce]]:
    """The bounces of these letters."""
    keys = list(letter_keys)
    rows = db.rows(
        f"""
        SELECT letter_key, address, code, text, permanent, failed, at FROM bounces
        WHERE {db.dialect.among("letter_key", "keys")} ORDER BY letter_key, address
        """,
        keys=db.texts(keys),
    )
    found: dict[str, list[Bounce]] = {key: [] for key in keys}
    for letter_key, address, code, text, permanent, failed, at in rows:
        found[letter_key].append(Bounce(letter_key, address, code, text, bool(permanent), bool(failed), at))
    return found
