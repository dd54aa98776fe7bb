"""What is asked before a letter is handed to the mail server: may it go now, does it wait, or is it not sent at all?"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ....db.engine import Db
from ..mail.mailbox_records import MailboxRecord
from . import limits, sequence_queue, suppressions
from .records import LetterRecord


class Go(NamedTuple):
    """Nothing speaks against it."""


class Wait(NamedTuple):
    """The letter is looked at again at a later time."""

    until: int
    why: str
    of_mailbox: bool = False
    """Whether all letters that rules send from the mailbox wait until then."""


class Stop(NamedTuple):
    """The letter is not sent."""

    reason: str


Verdict = Go | Wait | Stop
Check = Callable[[Db, LetterRecord, MailboxRecord, int], Verdict]
GO = Go()


def ask(db: Db, letter: LetterRecord, mailbox: MailboxRecord, now: int) -> Verdict:
    """The first verdict that does not let the letter go."""
    for check in CHECKS:
        verdict = check(db, letter, mailbox, now)
        if not isinstance(verdict, Go):
            return verdict
    return GO


def _suppressed(db: Db, letter: LetterRecord, mailbox: MailboxRecord, now: int) -> Verdict:
    people = [person.email for person in letter.people]
    found = suppressions.stopping(db, letter.team_key, people, automatic=letter.automatic, overrides=letter.overrides)
    return Stop(suppressions.sentence(found)) if found else GO


def _held(db: Db, letter: LetterRecord, mailbox: MailboxRecord, now: int) -> Verdict:
    """A letter of a sequence is not sent after a reply: its mailbox is read first."""
    found = sequence_queue.hold(db, letter, now)
    if found is None:
        return GO
    return Stop(found.reason) if found.until is None else Wait(found.until, found.reason)


def _quiet(db: Db, letter: LetterRecord, mailbox: MailboxRecord, now: int) -> Verdict:
    if not letter.automatic:
        return GO
    until = limits.quiet_until(mailbox.sending, now)
    return Wait(until, "quiet hours of the mailbox", of_mailbox=True) if until > now else GO


def _gap(db: Db, letter: LetterRecord, mailbox: MailboxRecord, now: int) -> Verdict:
    if not letter.automatic:
        return GO
    until = limits.gap_until(db, mailbox, letter)
    return Wait(until, "the gap between letters of the mailbox", of_mailbox=True) if until > now else GO


def _room(db: Db, letter: LetterRecord, mailbox: MailboxRecord, now: int) -> Verdict:
    until = limits.room_at(db, mailbox, letter.recipient_count, now)
    return Wait(until, "the limit of the mailbox", of_mailbox=letter.automatic) if until > now else GO


CHECKS: list[Check] = [_suppressed, _quiet, _gap, _room, _held]
