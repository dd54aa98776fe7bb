"""Deliveries: one event to one subscription, stored with a log of its attempts.

A delivery is sent at least once. Its key is always the same for the same event and subscription, also when it is sent
again, so that a receiver can recognize repetitions.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Invalid, NotFound
from ...lib.durations import DAY
from .. import access
from ..context import Ctx
from ..events import EVENTS, Event
from . import subscriptions
from .subscriptions import Webhook

# Of the deliveries to one endpoint that are sent at once, at most half are retries; replays are sent when no others are
# due.
FRESH, RETRY, REPLAY = 0, 1, 2
STATES = ("due", "done", "dead", "cancelled")
STILL_DUE = "state NOT IN ('done', 'dead', 'cancelled')"
"""A test for a delivery that is found by its key. With `state = 'due'`, PostgreSQL would read all due deliveries if its
statistics said that there are none."""
STORED_DONE, STORED_OTHER = 7 * DAY, 30 * DAY
"""How long deliveries are stored after they have ended: those that arrived, and the others."""
STORED_ATTEMPTS = 50


class DeliveryAttempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request and its reply; times in milliseconds."""

    number: int
    at: int
    ms: int
    url: str
    status: int | None = None
    error: str | None = None
    headers: dict[str, str] = {}
    reply: str = ""


class Delivery(msgspec.Struct, frozen=True):
    key: str
    webhook_key: str
    event_id: int
    """0 for a test delivery without an event."""
    event: str
    state: str
    rank: int
    due_at: int
    """When it is sent next. While a worker has it, this is the end of the lease."""
    tries: int
    """Attempts since the user last sent it again, or since it was created."""
    attempts: int
    """All attempts."""
    worker: str | None
    test: bool
    log: list[DeliveryAttempt]
    created_at: int
    ended_at: int | None
    lane: str = ""
    """The key of the box, if the subscription keeps the order of each box: a later delivery in a lane waits for it."""
    batch: str | None = None
    """The `webhook-id` of the request in which it is sent with others."""


DELIVERIES = Table("deliveries", Delivery)
INSERT_OR = f"""
    INSERT INTO deliveries ({DELIVERIES.columns})
    VALUES (:key, :webhook, :event_id, :event, 'due', :rank, :due, 0, 0, NULL, :test, '[]', :now, NULL, :lane, NULL)
    ON CONFLICT (key) DO
"""
INSERT = f"{INSERT_OR} NOTHING"


def add(db: Db, rows: list[dict[str, Any]]) -> None:
    """Create deliveries from the parameters that `row` returns."""
    db.many(INSERT, rows)


def key(webhook_key: str, event_id: int, test: str = "") -> str:
    """A delivery's key. The keys of one subscription are in the order of events, so that its list needs no other index.
    `test` makes the key of a test delivery unique."""
    return f"v{webhook_key}-{event_id:012d}{test}"


def webhook_of(key: str) -> str:
    """The key of the subscription, from a delivery's key that is not one of a test."""
    return key[1:-13]


def row(
    now: int, event_id: int, event: str, webhook_key: str, rank: int = FRESH, *, wait: int = 0, lane: str = ""
) -> dict[str, Any]:
    """The parameters of `INSERT` for a delivery that is due after `wait` milliseconds."""
    return {
        "key": key(webhook_key, event_id),
        "webhook": webhook_key,
        "event_id": event_id,
        "event": event,
        "rank": rank,
        "test": False,
        "now": now,
        "due": now + wait,
        "lane": lane,
    }


# Reading


def get(ctx: Ctx, key: str) -> tuple[Delivery, Webhook, Event | None]:
    """A delivery that the actor can reach, with its subscription and its event.

    Raises `NotFound`. The event is None for a test delivery without one.
    """
    stored = ctx.db.row(f"SELECT {DELIVERIES.columns} FROM deliveries WHERE key = :key{ctx.db.for_update}", key=key)
    if stored is None:
        raise NotFound(key)
    delivery = DELIVERIES.load(stored)
    try:
        webhook = subscriptions.get(ctx, delivery.webhook_key)
    except NotFound:
        raise NotFound(key) from None
    subscriptions.require_readable(ctx, webhook)
    return delivery, webhook, _event(ctx, delivery.event_id)


def _event(ctx: Ctx, event_id: int) -> Event | None:
    """The event; None if there is none, or it tells of mail that was restricted after it."""
    found = ctx.db.row(
        f"SELECT {EVENTS.of('e')} FROM events e WHERE e.id = :id AND {access.sees_event(ctx.db.dialect, 'e')}",
        id=event_id,
        mail_owner="",
    )
    return EVENTS.load(found) if found else None


def cancel_for_box_mail(ctx: Ctx, box_key: str) -> None:
    """Cancel what waits of events of a box whose mail was restricted since."""
    ctx.db.run(
        f"""
        UPDATE deliveries SET state = 'cancelled', ended_at = :now WHERE state = 'due' AND event_id IN (
            SELECT e.id FROM events e WHERE e.box_key = :box AND NOT ({access.sees_event(ctx.db.dialect, "e")}))
        """,
        now=ctx.now,
        box=box_key,
        mail_owner="",
    )


def list_for_webhook(ctx: Ctx, key: str, *, state: str, limit: int, offset: int) -> list[Delivery]:
    """Deliveries of a subscription, the newest first; only those in `state` unless it is empty."""
    webhook = subscriptions.get(ctx, key)
    subscriptions.require_readable(ctx, webhook)
    where, params = _with_state(state)
    rows = ctx.db.rows(
        f"""
        SELECT {DELIVERIES.columns} FROM deliveries WHERE {OF_WEBHOOK} {where}
        ORDER BY key DESC LIMIT :limit OFFSET :offset
        """,
        **span(webhook),
        limit=limit,
        offset=offset,
        **params,
    )
    return DELIVERIES.load_all(rows)


OF_WEBHOOK = "key > :first AND key < :last"


def span(webhook: Webhook) -> dict[str, str]:
    """The parameters of `OF_WEBHOOK`: all delivery keys of the subscription lie between them."""
    return {"first": f"v{webhook.key}-", "last": f"v{webhook.key}."}


def _with_state(state: str) -> tuple[str, dict[str, str]]:
    if not state:
        return "", {}
    if state not in STATES:
        raise Invalid("state", f"must be one of {', '.join(STATES)}")
    return "AND state = :state", {"state": state}


# Sending again

SEND_AGAIN = "state = 'due', due_at = :now, tries = 0, worker = NULL, ended_at = NULL, batch = NULL"


def resend(ctx: Ctx, key: str) -> Delivery:
    """Send a delivery again at once, whatever its state is."""
    delivery, webhook, event = get(ctx, key)
    require_active(webhook)
    if event is None and delivery.event_id:
        raise Conflict("This delivery tells of mail that its owner restricted since: it cannot be sent again")
    ctx.db.run(f"UPDATE deliveries SET {SEND_AGAIN}, rank = :rank WHERE key = :key", key=key, now=ctx.now, rank=FRESH)
    if ctx.effects is not None:
        ctx.effects.deliveries.append(key)
    ctx.db.notify("deliveries")
    return get(ctx, delivery.key)[0]


def require_active(webhook: Webhook) -> None:
    """Raise `Conflict` if the subscription is switched off: then nothing is sent to it, also not by hand."""
    if not webhook.active:
        raise Conflict("The subscription is switched off: switch it on first")
