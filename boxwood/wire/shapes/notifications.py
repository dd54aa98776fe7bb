"""Notifications on the wire."""

from __future__ import annotations

import msgspec

from ...core.events import key_of
from ...core.history.notifications import Following, Notification
from ..codec import Shape
from ..kinds import FLAG, KEY, NAMES, TEXT
from .base import Out, given
from .events import global_story


class NotificationOut(Out, omit_defaults=False):
    """`reason` is `mention`, `assigned`, `due`, `followed` or `failed`. `key` is the key of the event."""

    key: str
    reason: str
    kind: str
    timestamp: int
    read: bool
    story: str
    actor_key: str | msgspec.UnsetType = msgspec.UNSET
    actor_name: str | msgspec.UnsetType = msgspec.UNSET
    box_key: str | msgspec.UnsetType = msgspec.UNSET
    box_name: str | msgspec.UnsetType = msgspec.UNSET
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    team_key: str | msgspec.UnsetType = msgspec.UNSET
    object_key: str | msgspec.UnsetType = msgspec.UNSET


def notification(notification: Notification) -> NotificationOut:
    event = notification.event
    return NotificationOut(
        key=key_of(event.id),
        reason=notification.reason,
        kind=event.kind,
        timestamp=event.at,
        read=notification.read_at is not None,
        story=global_story(event),
        actor_key=given(event.actor_key),
        actor_name=given(event.detail.get("author") or None),
        box_key=given(event.box_key),
        box_name=given(event.detail.get("box_name")),
        pipeline_key=given(event.pipeline_key),
        team_key=given(event.team_key),
        object_key=given(event.subject_key),
    )


class NotificationPage(Out, omit_defaults=False):
    """`unread` is the number of all unread notifications."""

    results: list[NotificationOut]
    unread: int
    cursor: str | msgspec.UnsetType = msgspec.UNSET


class Unread(Out, omit_defaults=False):
    unread: int


class FollowingOut(Out, omit_defaults=False):
    following: bool
    muted: bool


def following(found: Following) -> FollowingOut:
    return FollowingOut(found.following, found.muted)


class NotificationSettings(Out, omit_defaults=False):
    """How often unread notifications come by mail: `never`, `daily` or `weekly`."""

    digest: str


MARK = Shape(
    "NotificationsRead",
    keys=NAMES,
    until=KEY,
    read=FLAG,
    described={
        "keys": "Keys of notifications. Default: all notifications.",
        "until": "The key of the newest notification to mark, so that later ones stay as they are.",
        "read": "false marks them as unread.",
    },
)
FOLLOW = Shape("Following", following=FLAG, muted=FLAG)
SETTINGS = Shape("NotificationSettingsEdit", required=("digest",), digest=TEXT)
