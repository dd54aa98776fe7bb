"""Digests: what a person has not read yet, in one letter, once a day or a week at eight in the morning of his time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...db.engine import Db
from ...errors import Invalid, Problem
from .. import mail_settings, outgoing_mail
from ..context import Ctx
from ..records import USERS, User
from . import notifications
from .notifications import Notification

OFTEN = ("never", "daily", "weekly")
DEFAULT = "daily"
SENT_AT_HOUR = 8
MOST = 50
MONDAY = 0


class Due(NamedTuple):
    user: User
    now: int


def often(ctx: Ctx) -> str:
    row = ctx.db.row("SELECT often FROM digests WHERE user_key = :user", user=ctx.actor.key)
    return row[0] if row else DEFAULT


def choose(ctx: Ctx, wanted: str) -> str:
    if wanted not in OFTEN:
        raise Invalid("digest", f"is one of {', '.join(OFTEN)}")
    ctx.db.run(
        """
        INSERT INTO digests (user_key, often, sent_at) VALUES (:user, :often, :now)
        ON CONFLICT (user_key) DO UPDATE SET often = :often
        """,
        user=ctx.actor.key,
        often=wanted,
        now=ctx.now,
    )
    return wanted


def due(db: Db, now: int, *, limit: int = 100) -> list[Due]:
    """Those for whom there is something unread that was not mailed, and whose hour has come since the last digest."""
    if not mail_settings.find(db).smtp_url:
        return []
    rows = db.rows(
        f"""
        SELECT {USERS.of("u")}, COALESCE(d.often, '{DEFAULT}'), COALESCE(d.sent_at, 0),
            (SELECT MIN(n.at) FROM notifications n
             WHERE n.user_key = u.key AND n.read_at IS NULL AND NOT n.mailed) AS oldest
        FROM users u LEFT JOIN digests d ON d.user_key = u.key
        WHERE EXISTS (SELECT 1 FROM notifications n WHERE n.user_key = u.key AND n.read_at IS NULL AND NOT n.mailed)
        ORDER BY u.key
        """
    )
    found = []
    for row in rows:
        user, (how_often, sent_at, oldest) = USERS.load(row), row[-3:]
        if how_often != "never" and _hour(user, now, how_often) >= max(sent_at + 1, oldest):
            found.append(Due(user, now))
    return found[:limit]


def _hour(user: User, now: int, how_often: str) -> int:
    """The last time before now that was eight o'clock there (on a Monday)."""
    zone = _zone(user)
    local = datetime.fromtimestamp(now / 1000, zone)
    day = local.date() if local.hour >= SENT_AT_HOUR else local.date() - timedelta(days=1)
    if how_often == "weekly":
        day -= timedelta(days=(day.weekday() - MONDAY) % 7)
    return int(datetime(day.year, day.month, day.day, SENT_AT_HOUR, tzinfo=zone).timestamp() * 1000)


def _zone(user: User) -> tzinfo:
    try:
        return ZoneInfo(user.timezone) if user.timezone else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def take(db: Db, one: Due) -> tuple[Ctx, list[Notification]] | None:
    """His unread notifications, for one letter: once, however many processes are about to."""
    ctx = Ctx(db, one.now, one.user)
    db.run(
        "INSERT INTO digests (user_key, often, sent_at) VALUES (:user, :often, 0) ON CONFLICT DO NOTHING",
        user=one.user.key,
        often=DEFAULT,
    )
    mine = db.run(
        "UPDATE digests SET sent_at = :now WHERE user_key = :user AND sent_at < :hour",
        user=one.user.key,
        now=one.now,
        hour=_hour(one.user, one.now, often(ctx)),
    )
    if not mine:
        return None
    fresh = {
        row[0]
        for row in db.rows(
            "SELECT event_id FROM notifications WHERE user_key = :user AND read_at IS NULL AND NOT mailed",
            user=one.user.key,
        )
    }
    found = [
        told
        for told in notifications.page(ctx, unread=True, behind=2**62, limit=1000).notifications
        if told.event.id in fresh
    ]
    db.run("UPDATE notifications SET mailed = TRUE WHERE user_key = :user AND NOT mailed", user=one.user.key)
    return ctx, found


def post(ctx: Ctx, lines: list[str], count: int) -> bool:
    """One letter of these lines; whether it could be."""
    url = mail_settings.find(ctx.db).base_url
    subject = "1 thing you have not seen yet" if count == 1 else f"{count} things you have not seen yet"
    more = [f"… and {count - len(lines)} more"] if count > len(lines) else []
    text = "\n".join([*lines, *more, "", f"All of them: {url}", "How often this comes is up to you, in your settings."])
    try:
        outgoing_mail.post(ctx, [ctx.actor.email], subject, text, about="digest")
    except Problem:
        return False
    return True
