"""How many mails a mailbox sends in an hour and a day, and when mail that rules send may leave."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ....db.engine import Db
from ....errors import TooMany
from ....lib.durations import DAY, HOUR, SECOND
from ...context import Ctx
from ..mail.mailbox_records import MailboxRecord, SendingSettings
from .records import LetterRecord


class Limits(NamedTuple):
    """Recipients in an hour and a day, and the seconds between letters that rules send."""

    hour: int
    day: int
    gap: int


GMAIL, OTHERS = Limits(80, 400, 20), Limits(100, 1_000, 2)
_COUNTED = "state IN ('sent', 'handing', 'doubtful')"


def of(mailbox: MailboxRecord) -> Limits:
    """The limits of a mailbox: its own, or those that providers of its kind allow."""
    host = mailbox.smtp.host if mailbox.smtp else ""
    is_gmail = mailbox.provider == "google" or host.endswith((".gmail.com", ".googlemail.com"))
    usual, own = GMAIL if is_gmail else OTHERS, mailbox.sending
    return Limits(
        usual.hour if own.per_hour is None else own.per_hour,
        usual.day if own.per_day is None else own.per_day,
        usual.gap if own.gap_seconds is None else own.gap_seconds,
    )


class Used(NamedTuple):
    """Recipients of letters that left a mailbox within an hour and a day."""

    hour: int
    day: int


def used(db: Db, mailbox_key: str, now: int) -> Used:
    row = db.row(
        f"""
        SELECT COALESCE(SUM(CASE WHEN handed_at > :hour THEN recipient_count ELSE 0 END), 0),
            COALESCE(SUM(recipient_count), 0)
        FROM sent_letters WHERE mailbox_key = :mailbox AND handed_at > :day AND {_COUNTED}
        """,
        mailbox=mailbox_key,
        hour=now - HOUR,
        day=now - DAY,
    )
    return Used(int(row[0]), int(row[1])) if row else Used(0, 0)


def room_at(db: Db, mailbox: MailboxRecord, count: int, now: int) -> int:
    """When the mailbox may send to so many recipients: `now`, or the time at which enough earlier letters are older
    than an hour or a day."""
    most, sent = of(mailbox), used(db, mailbox.key, now)
    at = now
    for limit, already, span in ((most.hour, sent.hour, HOUR), (most.day, sent.day, DAY)):
        if already + count > limit and already:
            at = max(at, _freed_at(db, mailbox.key, already + count - limit, now - span) + span)
    return at


def _freed_at(db: Db, mailbox_key: str, needed: int, since: int) -> int:
    """When the last of so many recipients was written to, counted from `since`."""
    rows = db.rows(
        f"""
        SELECT handed_at, recipient_count FROM sent_letters
        WHERE mailbox_key = :mailbox AND handed_at > :since AND {_COUNTED} ORDER BY handed_at
        """,
        mailbox=mailbox_key,
        since=since,
    )
    for handed_at, count in rows:
        needed -= count
        if needed <= 0:
            return int(handed_at) + 1
    return since


def require(ctx: Ctx, mailbox: MailboxRecord, count: int, due_at: int) -> None:
    """Raise `TooMany` if a letter that a user sends cannot leave when it is due, because of the limits."""
    at = room_at(ctx.db, mailbox, count, max(due_at, ctx.now))
    if at <= max(due_at, ctx.now):
        return
    most = of(mailbox)
    when = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    raise TooMany(
        f"{mailbox.address} may send to {most.hour:,} recipients an hour and {most.day:,} a day: send this letter "
        f"later, from {when} on, or raise the limits of the mailbox",
        at - ctx.now,
    )


# Mail that rules send


def quiet_until(settings: SendingSettings, now: int) -> int:
    """The end of the quiet hours or the weekend; `now` if it is neither."""
    zone = ZoneInfo(settings.time_zone)
    at = datetime.fromtimestamp(now / 1000, zone)
    for _ in range(10):
        later = _after_quiet(settings, _after_weekend(settings, at))
        if later == at:
            break
        at = later
    return max(now, int(at.timestamp() * 1000))


def _after_weekend(settings: SendingSettings, at: datetime) -> datetime:
    if settings.weekends or at.weekday() < 5:
        return at
    return _midnight(at, 7 - at.weekday())


def _after_quiet(settings: SendingSettings, at: datetime) -> datetime:
    if not settings.quiet_from or settings.quiet_from == settings.quiet_to:
        return at
    time = at.strftime("%H:%M")
    begins, ends = settings.quiet_from, settings.quiet_to
    if begins < ends:
        is_quiet, days = begins <= time < ends, 0
    else:
        is_quiet, days = time >= begins or time < ends, int(time >= begins)
    if not is_quiet:
        return at
    hour, minute = map(int, ends.split(":"))
    return _midnight(at, days).replace(hour=hour, minute=minute)


def _midnight(at: datetime, days: int) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)


def gap_until(db: Db, mailbox: MailboxRecord, letter: LetterRecord) -> int:
    """When the next letter that a rule sends may leave: the gap is half as long to half as long again."""
    gap = of(mailbox).gap
    row = db.row(
        "SELECT MAX(handed_at) FROM sent_letters WHERE mailbox_key = :mailbox AND automatic AND handed_at IS NOT NULL",
        mailbox=mailbox.key,
    )
    if not gap or row is None or row[0] is None:
        return 0
    share = 0.5 + zlib.crc32(letter.key.encode()) % 1000 / 1000
    return int(row[0]) + int(gap * share * SECOND)
