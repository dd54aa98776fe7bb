"""Notifications over HTTP: the list, the live count, the settings, and following boxes."""

from __future__ import annotations

import re

import msgspec

from ..core.context import Ctx
from ..core.history import digests, notifications
from ..errors import Invalid
from ..wire.shapes import notifications as shapes
from .http.call import Call
from .http.live import Live, Update

PAGE = 50
LAST = 2**62
_KEY = re.compile("n([0-9]{12,18})", re.ASCII)


def list_page(call: Call) -> shapes.NotificationPage:
    """The notifications of the caller, newest first; with `unread=true`, only unread ones, and with `reason`, only
    those with one of these reasons."""
    cursor = call.cursor()
    found = notifications.page(
        call.ctx,
        unread=call.flag("unread"),
        reasons=list(dict.fromkeys(call.texts("reason"))),
        behind=_number(cursor, "cursor") if cursor else LAST,
        limit=call.number("limit", PAGE, least=1, most=200),
    )
    behind = None if found.behind is None else f"n{found.behind:012d}"
    count, _ = notifications.unread(call.ctx)
    return shapes.NotificationPage(
        [shapes.notification(notification) for notification in found.notifications], count, call.next_cursor(behind)
    )


def _number(key: str, field: str) -> int:
    number = _KEY.fullmatch(key)
    if number is None:
        raise Invalid(field, "is not the key of a notification")
    return int(number[1])


def stream(call: Call) -> Live:
    """The number of unread notifications as server-sent events: immediately, and after each change."""
    notifications.unread(call.ctx)

    def read(ctx: Ctx, place: str) -> Update:
        count, newest = notifications.unread(ctx)
        now = f"{count}.{newest}"
        if now == place:
            return Update(b"", place, False)
        data = msgspec.json.encode(shapes.Unread(count))
        return Update(b"event: unread\ndata: %s\n\n" % data, now, False)

    return Live("", read, lambda place: b": still here\n\n")


def mark(call: Call) -> shapes.Unread:
    """Mark notifications as read: those in `keys`, or all of them up to `until`."""
    members = call.parse(shapes.MARK)
    keys, until = members.get("keys"), members.get("until")
    notifications.mark(
        call.ctx,
        None if keys is None else [_number(key, f"keys[{at}]") for at, key in enumerate(keys)],
        read=members.get("read", True),
        until=_number(until, "until") if until else None,
    )
    return shapes.Unread(notifications.unread(call.ctx)[0])


def get_settings(call: Call) -> shapes.NotificationSettings:
    """How often unread notifications come by mail."""
    return shapes.NotificationSettings(digests.frequency(call.ctx))


def edit_settings(call: Call) -> shapes.NotificationSettings:
    """Set how often unread notifications come by mail: `never`, `daily` or `weekly`."""
    return shapes.NotificationSettings(digests.set_frequency(call.ctx, call.parse(shapes.SETTINGS).get("digest", "")))


def get_following(call: Call) -> shapes.FollowingOut:
    """Whether the caller follows the box, and whether the caller has muted it."""
    return shapes.following(notifications.following(call.ctx, call.path[0]))


def follow(call: Call) -> shapes.FollowingOut:
    """Follow or unfollow a box (`following`), and mute or unmute it (`muted`)."""
    return shapes.following(notifications.follow(call.ctx, call.path[0], call.parse(shapes.FOLLOW)))
