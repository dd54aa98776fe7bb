"""Digests: a user's unread notifications in one e-mail, once a day or a week, at eight in the morning of their time
zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...db.engine import Db
from ...errors import Invalid, Problem
from ...lib.lines import on_one_line
from .. import mail_settings, outgoing_mail
from ..context import Ctx
from ..records import USERS, User
from . import notifications
from .notifications import Notification

FREQUENCIES = ("never", "daily", "weekly")
DEFAULT = "daily"
SENT_AT_HOUR = 8
MOST = 50
"""Notifications that a digest lists."""
MONDAY = 0


class DueDigest(NamedTuple):
    user: User
    now: int


def frequency(ctx: Ctx) -> str:
    """How often the actor gets a digest: `never`, `daily` or `weekly`."""
    row = ctx.db.row("SELECT often FROM digests WHERE user_key = :user", user=ctx.actor.key)
    return row[0] if row else DEFAULT


def set_frequency(ctx: Ctx, wanted: str) -> str:
    """Set how often the actor gets a digest."""
    if wanted not in FREQUENCIES:
        raise Invalid("digest", f"must be one of {', '.join(FREQUENCIES)}")
    ctx.show("notification settings", ctx.actor.key, {"digest": frequency(ctx)}, {"digest": wanted})
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


def due(db: Db, now: int, *, limit: int = 100) -> list[DueDigest]:
    """The users with unread notifications that were not in a digest, for whom the time of a digest has come."""
    if not mail_settings.find(db).smtp_url:
        return []
    rows = db.rows(
        f"""
        SELECT {USERS.of("u")}, COALESCE(d.often, '{DEFAULT}'), COALESCE(d.sent_at, 0),
            (SELECT MIN(n.at) FROM notifications n
             WHERE n.user_key = u.key AND n.read_at IS NULL AND NOT n.mailed) AS oldest,
            (SELECT MIN(n.at) FROM notifications n
             WHERE n.user_key = u.key AND n.read_at IS NULL AND NOT n.mailed AND n.reason <> 'due') AS oldest_other
        FROM users u LEFT JOIN digests d ON d.user_key = u.key
        WHERE EXISTS (SELECT 1 FROM notifications n WHERE n.user_key = u.key AND n.read_at IS NULL AND NOT n.mailed)
        ORDER BY u.key
        """
    )
    found = []
    for row in rows:
        user, (how_often, sent_at, oldest, oldest_other) = USERS.load(row), row[-4:]
        first = oldest if user.settings.wants_task_digest else oldest_other
        if first and how_often != "never" and _last_time(user, now, how_often) >= max(sent_at + 1, first):
            found.append(DueDigest(user, now))
    return found[:limit]


def _last_time(user: User, now: int, how_often: str) -> int:
    """The last time before now when it was eight o'clock in the user's time zone (weekly: on a Monday)."""
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


def take(db: Db, digest: DueDigest) -> tuple[Ctx, list[Notification]] | None:
    """The notifications for a user's digest, and a context that acts for the user. They are marked as sent. None if
    another process has taken them. Due tasks are left out if the user does not want them in a digest."""
    ctx = Ctx(db, digest.now, digest.user)
    db.run(
        "INSERT INTO digests (user_key, often, sent_at) VALUES (:user, :often, 0) ON CONFLICT DO NOTHING",
        user=digest.user.key,
        often=DEFAULT,
    )
    taken = db.run(
        "UPDATE digests SET sent_at = :now WHERE user_key = :user AND sent_at < :hour",
        user=digest.user.key,
        now=digest.now,
        hour=_last_time(digest.user, digest.now, frequency(ctx)),
    )
    if not taken:
        return None
    not_sent = {
        row[0]
        for row in db.rows(
            """
            SELECT event_id FROM notifications
            WHERE user_key = :user AND read_at IS NULL AND NOT mailed AND (:due_tasks OR reason <> 'due')
            """,
            user=digest.user.key,
            due_tasks=digest.user.settings.wants_task_digest,
        )
    }
    unread = notifications.page(ctx, unread=True, behind=2**62, limit=1000).notifications
    found = [notification for notification in unread if notification.event.id in not_sent]
    db.run("UPDATE notifications SET mailed = TRUE WHERE user_key = :user AND NOT mailed", user=digest.user.key)
    return ctx, found


def post(ctx: Ctx, lines: list[str], count: int) -> bool:
    """Queue the e-mail with these lines. Returns whether that was possible."""
    url = mail_settings.find(ctx.db).base_url
    subject = "1 thing you have not seen yet" if count == 1 else f"{count} things you have not seen yet"
    more = [f"… and {count - len(lines)} more"] if count > len(lines) else []
    text = "\n".join(
        [
            *map(on_one_line, lines),
            *more,
            "",
            f"All of them: {url}",
            "How often this comes is up to you, in your settings.",
        ]
    )
    try:
        outgoing_mail.post(ctx, [ctx.actor.email], subject, text, about="digest")
    except Problem:
        return False
    return True
