"""Notifications: events that a user should know of, because they name the user or concern a box that the user follows.

They are created in the transaction of the event, for users who may see it. Users are not notified of their own changes,
but of those of their automations, and of failures of their webhooks and automations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from ...db.engine import Db
from ...errors import Forbidden, Invalid, NotFound
from ...lib.durations import DAY
from .. import access, boxes
from ..context import Ctx
from ..event_kinds import EVENT_KINDS, FAILURE_KINDS, FOLLOWER_KINDS, NOTIFYING_KINDS
from ..events import EVENTS, Event, Happened
from ..records import Box, Pipeline

MENTION, ASSIGNED, DUE, FOLLOWED, FAILED = "mention", "assigned", "due", "followed", "failed"
REASONS = (MENTION, ASSIGNED, DUE, FOLLOWED, FAILED)
TO_THEIR_USER = FAILURE_KINDS | {"proposal.created", "message.bounced"}
"""Events that notify the user whom the record belongs to, also if that user is the actor."""
MAX_AGE = 90 * DAY
SLICE = 1000
"""Notifications that one sweep deletes."""
_INSERT = """
    INSERT INTO notifications (user_key, event_id, reason, box_key, pipeline_key, at, read_at, mailed)
    VALUES (:user, :event, :reason, :box, :pipeline, :at, NULL, FALSE) ON CONFLICT DO NOTHING
"""


class Notification(NamedTuple):
    event: Event
    reason: str
    read_at: int | None


class NotificationPage(NamedTuple):
    notifications: list[Notification]
    behind: int | None
    """The number of the last event; None if there are no others."""


def on_event(ctx: Ctx, happened: Happened) -> None:
    """Notify the users whom the event names, and the followers of the box if they follow this kind of events."""
    kind, box, pipeline = happened.kind, happened.box, happened.pipeline
    if kind not in NOTIFYING_KINDS:
        return
    wanted = _named(kind, happened.thing, happened.before or {})
    if box is not None and kind in FOLLOWER_KINDS:
        wanted = {**dict.fromkeys(_unmuted(ctx, box), FOLLOWED), **wanted}
    if box is not None and kind == "task.due" and happened.thing.remind_followers:
        wanted = {**dict.fromkeys(_unmuted(ctx, box), DUE), **wanted}
    if kind not in TO_THEIR_USER and not EVENT_KINDS[kind].by_itself and not ctx.via.startswith("automation:"):
        wanted.pop(ctx.actor.key, None)
    if not wanted:
        return
    if box is not None:
        wanted = {user: reason for user, reason in wanted.items() if _sees(ctx, user, box, pipeline)}
    if happened.only_for:
        wanted = {user: reason for user, reason in wanted.items() if user == happened.only_for}
    if ctx.effects is not None:
        ctx.effects.notifications += [(user, happened.event_id) for user in sorted(wanted)]
    ctx.db.many(
        _INSERT,
        [
            {
                "user": user,
                "event": happened.event_id,
                "reason": reason,
                "box": box.key if box is not None else None,
                "pipeline": pipeline.key if pipeline is not None else None,
                "at": ctx.now,
            }
            for user, reason in sorted(wanted.items())
        ],
    )


def _named(kind: str, thing: Any, before: dict[str, Any]) -> dict[str, str]:
    """The users whom the record names and did not name before, with the reason for the notification."""
    if kind in FAILURE_KINDS:
        return {thing.user_key: FAILED}
    match kind:
        case "message.bounced":
            return {getattr(thing, "user_key", "") or thing.creator_key: FAILED}
        case "proposal.created":
            return {thing.user_key: ASSIGNED}
        case "comment.created" | "comment.edited":
            known = {mention.user_key for mention in before.get("mentions", ())}
            return {mention.user_key: MENTION for mention in thing.mentions if mention.user_key not in known}
        case "box.created" | "task.created" | "box.assigned" | "task.assigned":
            known = set(before.get("assignee_keys", ()))
            return {user: ASSIGNED for user in thing.assignee_keys if user not in known}
        case "task.due":
            return dict.fromkeys(thing.assignee_keys, DUE)
    return {}


def _unmuted(ctx: Ctx, box: Box) -> list[str]:
    # A dry run does not show its caller who has muted the box.
    if not box.follower_keys or box.follower_keys == [ctx.actor.key] or ctx.effects is not None:
        return box.follower_keys
    muted = {row[0] for row in ctx.db.rows("SELECT user_key FROM mutes WHERE box_key = :box", box=box.key)}
    return [user for user in box.follower_keys if user not in muted]


_ROLE = f"SELECT {access.ROLE} FROM pipelines p WHERE p.key = :pipeline"


def _sees(ctx: Ctx, user: str, box: Box, pipeline: Pipeline) -> bool:
    row = ctx.db.row(_ROLE, actor=user, within="", only="", pipeline=pipeline.key)
    if row is None or row[0] is None:
        return False
    return access.allows_user(user, access.role(row[0], pipeline.permission_sets), "BOX", "GET", box)


# Reading and marking


def _own(ctx: Ctx) -> str:
    if ctx.within:
        raise Forbidden("Notifications are personal: use your own API key, not a team's")
    return ctx.actor.key


_VISIBLE = f"""(n.pipeline_key IS NULL OR EXISTS (
    SELECT 1 FROM pipelines p WHERE p.key = n.pipeline_key AND {access.ROLE} IS NOT NULL))
"""


def page(ctx: Ctx, *, unread: bool, reasons: Sequence[str] = (), behind: int, limit: int) -> NotificationPage:
    """The actor's notifications with event numbers below `behind`, the newest first, only those with one of `reasons`
    if there are any. Those of pipelines and boxes that the actor may not see any longer are left out."""
    unknown = [reason for reason in reasons if reason not in REASONS]
    if unknown:
        raise Invalid("reason", f"knows no {unknown[0]!r}, only {', '.join(REASONS)}")
    of_reason = f"AND n.reason IN ({', '.join(f':reason{at}' for at in range(len(reasons)))})" if reasons else ""
    rows = ctx.db.rows(
        f"""
        SELECT {EVENTS.of("e")}, n.reason, n.read_at FROM notifications n JOIN events e ON e.id = n.event_id
        WHERE n.user_key = :actor AND n.event_id < :behind AND {_VISIBLE} {"AND n.read_at IS NULL" if unread else ""}
            {of_reason}
            AND {ctx.of_seen_kinds}
            AND {access.sees_event(ctx.db.dialect, "e")}
        ORDER BY n.event_id DESC LIMIT :limit
        """,
        **{**ctx.who, "actor": _own(ctx)},
        mail_owner=ctx.mail_owner,
        behind=behind,
        limit=limit + 1,
        **{f"reason{at}": reason for at, reason in enumerate(reasons)},
    )
    found = [Notification(EVENTS.load(row), row[-2], row[-1]) for row in rows]
    found = [each for each in found if each.event.box_key is None or _still_sees(ctx, each.event)]
    more = len(rows) > limit
    return NotificationPage(found[:limit], rows[limit - 1][0] if more else None)


def _still_sees(ctx: Ctx, event: Event) -> bool:
    """Whether the actor may still see the event's box. The deletion of a box stays visible."""
    if event.kind == "box.deleted":
        return True
    try:
        boxes.get(ctx, event.box_key or "")
    except NotFound:
        return False
    return True


def unread(ctx: Ctx) -> tuple[int, int]:
    """The number of unread notifications that the actor sees, and the event number of the newest (0 for none)."""
    rows = ctx.db.rows(
        f"""
        SELECT CASE WHEN e.kind = 'box.deleted' THEN NULL ELSE n.box_key END, COUNT(*), MAX(n.event_id)
        FROM notifications n JOIN events e ON e.id = n.event_id
        WHERE n.user_key = :actor AND n.read_at IS NULL AND {_VISIBLE} AND {ctx.of_seen_kinds}
            AND {access.sees_event(ctx.db.dialect, "e")} GROUP BY 1
        """,
        **{**ctx.who, "actor": _own(ctx)},
        mail_owner=ctx.mail_owner,
    )
    seen = boxes.seen_among(ctx, {box for box, _, _ in rows if box})
    counted = [(count, newest) for box, count, newest in rows if not box or box in seen]
    return sum(count for count, _ in counted), max((newest for _, newest in counted), default=0)


def mark(ctx: Ctx, events: Iterable[int] | None, *, read: bool, until: int | None = None) -> int:
    """Mark the notifications of these events, or all up to the event `until`, as read or unread. Returns how many were
    marked."""
    test, params = ("event_id <= :until", {"until": until if until is not None else 2**62})
    at = ctx.now if read else None
    if events is None:
        sql = f"UPDATE notifications SET read_at = :at WHERE user_key = :user AND {test} AND read_at IS NULL"
        changed = ctx.db.run(sql, user=_own(ctx), at=at, **params)
    else:
        sql = "UPDATE notifications SET read_at = :at WHERE user_key = :user AND event_id = :event"
        changed = sum(ctx.db.run(sql, user=_own(ctx), at=at, event=event) for event in events)
    ctx.db.notify("events")
    return changed


# Following and muting


class Following(NamedTuple):
    following: bool
    muted: bool


def following(ctx: Ctx, box_key: str) -> Following:
    """Whether the actor follows the box, and whether they have muted it."""
    box = boxes.get(ctx, box_key)
    sql = "SELECT 1 FROM mutes WHERE user_key = :user AND box_key = :box"
    muted = ctx.db.row(sql, user=_own(ctx), box=box.key) is not None
    return Following(ctx.actor.key in box.follower_keys, muted)


def follow(ctx: Ctx, box_key: str, changes: dict[str, bool]) -> Following:
    """Set `following` and `muted`, if they are given. A user who may see a box may follow it. A muted box only notifies
    of mentions, assignments and due tasks."""
    before = following(ctx, box_key)
    locked = boxes.lock(ctx, box_key)
    if locked is None:
        raise NotFound(box_key)
    box, pipeline = locked
    wanted = changes.get("following")
    if wanted is not None and wanted != (ctx.actor.key in box.follower_keys):
        others = [user for user in box.follower_keys if user != _own(ctx)]
        after = msgspec.structs.replace(box, follower_keys=[*others, ctx.actor.key] if wanted else others)
        boxes.save(ctx, pipeline, box, after)
    if "muted" in changes:
        sql = (
            "INSERT INTO mutes (user_key, box_key) VALUES (:user, :box) ON CONFLICT DO NOTHING"
            if changes["muted"]
            else "DELETE FROM mutes WHERE user_key = :user AND box_key = :box"
        )
        ctx.db.run(sql, user=_own(ctx), box=box_key)
    now = following(ctx, box_key)
    ctx.show("following", box_key, {"muted": before.muted}, {"muted": now.muted}, box.name)
    return now


def sweep(db: Db, now: int) -> int:
    """Delete a slice of the notifications that are too old. Returns how many."""
    rows = db.rows(
        "SELECT user_key, event_id FROM notifications WHERE at < :before LIMIT :limit",
        before=now - MAX_AGE,
        limit=SLICE,
    )
    db.many(
        "DELETE FROM notifications WHERE user_key = :user AND event_id = :event",
        [{"user": user, "event": event} for user, event in rows],
    )
    return len(rows)
