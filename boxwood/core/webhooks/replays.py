"""Replay the events of a time span: the user can count them first, they have low priority, and can be cancelled."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid
from ...lib import ids
from .. import access
from ..access import About
from ..context import Ctx
from ..events import EVENTS, Event
from . import deliveries, fan_out, subscriptions
from .deliveries import Delivery
from .fan_out import EventToSend
from .subscriptions import Webhook

MOST_EVENTS = 10_000
"""Events that one call replays; the result says where the next call begins."""
WHICH = ("all", "failed")
_decode = msgspec.json.decode


class Replay(msgspec.Struct, frozen=True):
    """What one call replayed."""

    count: int
    next_from: int | None
    """The time where the next call begins, if this one did not reach the end."""


class ReplayedEvent(NamedTuple):
    """An event that is sent again, with its name in subscriptions."""

    id: int
    at: int
    name: str


def replay(ctx: Ctx, key: str, *, since: int | None, until: int | None, which: str, most: int = MOST_EVENTS) -> Replay:
    """Send again the events from `since` to `until` (milliseconds), by default those from while it was switched off.

    `which` is `all` or `failed`. Raises `Conflict` if the subscription is off.
    """
    webhook = subscriptions.get_for_change(ctx, key)
    deliveries.require_active(webhook)
    if which not in WHICH:
        raise Invalid("which", f"must be one of {', '.join(WHICH)}")
    since, until = _window(ctx, webhook, since, until)
    find = _failed if which == "failed" else _happened
    found = find(ctx, webhook, since, until, most + 1)
    again = found[:most]
    _send(ctx, webhook, again)
    if until >= (webhook.on_at or 0) and since <= (webhook.off_at or ctx.now) and len(found) <= most:
        ctx.db.run("UPDATE webhooks SET off_at = NULL, on_at = NULL WHERE key = :key", key=webhook.key)
    return Replay(len(again), found[most].at if len(found) > most else None)


def _window(ctx: Ctx, webhook: Webhook, since: int | None, until: int | None) -> tuple[int, int]:
    if since is None and until is None and webhook.off_at is not None and webhook.on_at is not None:
        return webhook.off_at, webhook.on_at
    if since is None:
        raise Invalid("from", "is missing: give the start of the time span, in milliseconds since 1970")
    until = ctx.now if until is None else until
    if until < since:
        raise Invalid("to", "must not be before from")
    return since, until


def _send(ctx: Ctx, webhook: Webhook, again: list[ReplayedEvent]) -> None:
    """Deliveries that are waiting already keep their place."""
    rows = [deliveries.row(ctx.now, event.id, event.name, webhook.key, deliveries.REPLAY) for event in again]
    ctx.db.many(
        f"{deliveries.INSERT_OR} UPDATE SET {deliveries.SEND_AGAIN}, rank = :rank WHERE deliveries.state <> 'due'", rows
    )
    if webhook.ordered and webhook.by_box:
        subscriptions.set_lanes(ctx.db, webhook.key)
    if ctx.effects is not None:
        ctx.effects.deliveries += [row["key"] for row in rows]
    ctx.db.notify(fan_out.CHANNEL)


def cancel(ctx: Ctx, key: str) -> int:
    """Cancel the replayed deliveries that were not sent yet. Returns how many there were."""
    webhook = subscriptions.get_for_change(ctx, key)
    return ctx.db.run(
        """
        UPDATE deliveries SET state = 'cancelled', ended_at = :now
        WHERE webhook_key = :key AND state = 'due' AND rank = :rank AND NOT test
        """,
        key=webhook.key,
        now=ctx.now,
        rank=deliveries.REPLAY,
    )


def test(ctx: Ctx, key: str) -> Delivery:
    """Send the newest event that the subscription would get, or an empty list: one attempt, with a key of its own."""
    webhook = subscriptions.get(ctx, key)
    deliveries.require_active(webhook)
    found = _happened(ctx, webhook, 0, ctx.now, 1, order="DESC")
    event_id, name = (found[0].id, found[0].name) if found else (0, webhook.event)
    test_key = deliveries.key(webhook.key, event_id, ids.new("t", ctx.now))
    row = deliveries.row(ctx.now, event_id, name, webhook.key)
    ctx.db.many(deliveries.INSERT, [{**row, "key": test_key, "test": True}])
    if ctx.effects is not None:
        ctx.effects.deliveries.append(test_key)
    ctx.db.notify(fan_out.CHANNEL)
    return deliveries.get(ctx, test_key)[0]


# The events to send again


def _failed(ctx: Ctx, webhook: Webhook, since: int, until: int, limit: int) -> list[ReplayedEvent]:
    rows = ctx.db.rows(
        f"""
        SELECT event_id, created_at, event FROM deliveries
        WHERE {deliveries.OF_WEBHOOK} AND state = 'dead' AND created_at >= :since AND created_at <= :until AND NOT test
            AND EXISTS (
                SELECT 1 FROM events e WHERE e.id = event_id AND {access.sees_event(ctx.db.dialect, "e")})
        ORDER BY key LIMIT :limit
        """,
        **deliveries.span(webhook),
        mail_owner="",
        since=since,
        until=until,
        limit=limit,
    )
    return [ReplayedEvent(*row) for row in rows]


def _happened(ctx: Ctx, webhook: Webhook, since: int, until: int, limit: int, order: str = "") -> list[ReplayedEvent]:
    """The events that the subscription would get now, read in slices, because filters may exclude most of them."""
    found: list[ReplayedEvent] = []
    after: int | None = None
    while len(found) < limit:
        slice_ = _slice(ctx, webhook, since, until, after, order)
        wanted = _wanted(ctx, webhook, slice_)
        found += [ReplayedEvent(event.id, event.at, subscriptions.EVENT_NAMES[event.kind]) for event in wanted]
        if len(slice_) < _SLICE:
            break
        after = slice_[-1].id
    return found[:limit]


_SLICE = 1000


def _slice(ctx: Ctx, webhook: Webhook, since: int, until: int, after: int | None, order: str) -> list[Event]:
    kinds = [kind for kind, name in subscriptions.EVENT_NAMES.items() if name in webhook.event_names]
    where, params = _scope(webhook)
    if after is not None:
        where, params = f"{where} AND e.id {'<' if order else '>'} :after", {**params, "after": after}
    rows = ctx.db.rows(
        f"""
        SELECT {EVENTS.of("e")} FROM events e
        WHERE {where} AND {ctx.db.dialect.among("e.kind", "kinds")} AND e.at >= :since AND e.at <= :until
            AND {access.sees_event(ctx.db.dialect, "e")}
        ORDER BY e.id {order} LIMIT {_SLICE}
        """,
        kinds=ctx.db.texts(kinds),
        mail_owner="",
        since=since,
        until=until,
        **params,
    )
    return EVENTS.load_all(rows)


def _scope(webhook: Webhook) -> tuple[str, dict[str, Any]]:
    scopes = []
    if any(name.startswith(subscriptions.TEAM_EVENTS) for name in webhook.event_names):
        team = "(SELECT team_key FROM pipelines WHERE key = :scope)" if webhook.pipeline_key else ":scope"
        scopes.append(f"e.pipeline_key IS NULL AND e.team_key = {team}")
    if not all(name.startswith(subscriptions.TEAM_EVENTS) for name in webhook.event_names):
        within = "= :scope" if webhook.pipeline_key else "IN (SELECT key FROM pipelines WHERE team_key = :scope)"
        scopes.append(f"e.pipeline_key {within}")
    return f"({' OR '.join(scopes)})", {"scope": webhook.scope_key}


def _wanted(ctx: Ctx, webhook: Webhook, happened: list[Event]) -> list[Event]:
    """Those of these events that the subscription gets."""
    subscribers: dict[tuple[str, tuple[str, str, str]], Any] = {}
    found = []
    for event in happened:
        if "part" in event.detail:
            continue
        name = subscriptions.EVENT_NAMES[event.kind]
        scopes = (event.pipeline_key or "", event.detail.get("old_pipeline_key", ""), event.team_key or "")
        if (name, scopes) not in subscribers:
            there = fan_out.subscribers(ctx.db, name, scopes, most=fan_out.ALL_SUBSCRIPTIONS) or []
            subscribers[name, scopes] = next((each for each in there if each.key == webhook.key), None)
        subscriber = subscribers[name, scopes]
        if subscriber is not None and subscriber.wants(_event_to_send(ctx, event, name, scopes)):
            found.append(event)
    return found


def _event_to_send(ctx: Ctx, event: Event, name: str, scopes: tuple[str, str, str]) -> EventToSend:
    """For events of tasks, comments and so on, the box as it is now; of a deleted box, nothing is known."""
    record = _decode(event.record, type=About)
    if event.box_key and event.box_key != event.subject_key:
        sql = "SELECT stage_key, assignee_keys, creator_key, fields FROM boxes WHERE key = :key"
        row = ctx.db.row(sql, key=event.box_key)
        record = About(row[0], _decode(row[1]), row[2], _decode(row[3])) if row else About("")
    return fan_out.event_to_send(event.id, name, scopes, record if event.box_key else None, record, event.detail)
