"""Notifications over HTTP: the tray, live, and what decides what comes into it."""

from __future__ import annotations

import re

import msgspec

from ..core.context import Ctx
from ..core.history import digests, notifications
from ..errors import Invalid
from ..wire.shapes import notifications as shapes
from ..wire.shapes.base import given
from .http.call import Call
from .http.live import Live, News

PAGE = 50
LAST = 2**62
_KEY = re.compile("n([0-9]{12,18})", re.ASCII)


def list_page(call: Call) -> shapes.NotificationPage:
    """What the caller was told of, the newest first; with `unread=true` only what is unread."""
    cursor = call.text("cursor")
    found = notifications.page(
        call.ctx,
        unread=call.flag("unread"),
        behind=_number(cursor, "cursor") if cursor else LAST,
        limit=call.number("limit", PAGE, least=1, most=200),
    )
    behind = None if found.behind is None else f"n{found.behind:012d}"
    count, _ = notifications.unread(call.ctx)
    return shapes.NotificationPage(
        [shapes.notification(notification) for notification in found.notifications], count, given(behind)
    )


def _number(key: str, field: str) -> int:
    number = _KEY.fullmatch(key)
    if number is None:
        raise Invalid(field, "is no notification's key")
    return int(number[1])


def stream(call: Call) -> Live:
    """How many are unread, as server-sent events: at once, and whenever that changes."""
    notifications.unread(call.ctx)

    def news(ctx: Ctx, place: str) -> News:
        count, newest = notifications.unread(ctx)
        now = f"{count}.{newest}"
        if now == place:
            return News(b"", place, False)
        told = msgspec.json.encode(shapes.Unread(count))
        return News(b"event: unread\ndata: %s\n\n" % told, now, False)

    return Live("", news, lambda place: b": still here\n\n")


def mark(call: Call) -> shapes.Unread:
    """Mark notifications as read: those named in `keys`, or all, up to `until` where that is given."""
    told = call.parse(shapes.MARK)
    keys, until = told.get("keys"), told.get("until")
    notifications.mark(
        call.ctx,
        None if keys is None else [_number(key, f"keys[{at}]") for at, key in enumerate(keys)],
        read=told.get("read", True),
        until=_number(until, "until") if until else None,
    )
    return shapes.Unread(notifications.unread(call.ctx)[0])


def get_settings(call: Call) -> shapes.NotificationSettings:
    """How often what is unread comes by mail."""
    return shapes.NotificationSettings(digests.frequency(call.ctx))


def edit_settings(call: Call) -> shapes.NotificationSettings:
    """Choose how often: `never`, `daily` or `weekly`."""
    return shapes.NotificationSettings(digests.set_frequency(call.ctx, call.parse(shapes.SETTINGS).get("digest", "")))


def get_following(call: Call) -> shapes.FollowingOut:
    """Whether the caller follows a box, and whether it is muted for him."""
    return shapes.following(notifications.following(call.ctx, call.path[0]))


def follow(call: Call) -> shapes.FollowingOut:
    """Follow a box or leave it (`following`), mute it or not (`muted`). Who sees it may."""
    return shapes.following(notifications.follow(call.ctx, call.path[0], call.parse(shapes.FOLLOW)))
