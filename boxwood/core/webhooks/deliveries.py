"""Deliveries: one event to one subscription, kept with a log of every attempt until it has long arrived.

The key is the same for the same event and subscription, whatever happens, and is what a receiver tells
repetitions by: at least once is what is promised.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Invalid, NotFound
from ...lib.durations import DAY
from ..context import Ctx
from ..events import EVENTS, Event
from . import subscriptions
from .subscriptions import Webhook

# Of what is due to one address, retries get at most half of what is sent at once, replays what is left over.
FRESH, RETRY, REPLAY = 0, 1, 2
STATES = ("due", "done", "dead", "cancelled")
STILL_DUE = "state NOT IN ('done', 'dead', 'cancelled')"
"""Of one that is found by its key. By `state = 'due'` PostgreSQL goes through all that is due where it thinks that this
is nothing, as it was when it last looked."""
KEPT_DONE, KEPT_OTHER = 7 * DAY, 30 * DAY
KEPT_ATTEMPTS = 50


class DeliveryAttempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call and its answer."""

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
    """0 for a test where nothing has happened yet."""
    event: str
    state: str
    rank: int
    due_at: int
    """When it is sent next; while a worker has it, when another may take it over."""
    tries: int
    """Attempts of this round: sending again by hand begins a new one."""
    attempts: int
    worker: str | None
    test: bool
    log: list[DeliveryAttempt]
    created_at: int
    ended_at: int | None


DELIVERIES = Table("deliveries", Delivery)
INSERT_OR = f"""
    INSERT INTO deliveries ({DELIVERIES.columns})
    VALUES (:key, :webhook, :event_id, :event, 'due', :rank, :now, 0, 0, NULL, :test, '[]', :now, NULL)
    ON CONFLICT (key) DO
"""
INSERT = f"{INSERT_OR} NOTHING"


def add(db: Db, now: int, event_id: int, event: str, webhook_keys: Iterable[str]) -> None:
    """Deliveries of one event, due at once."""
    db.many(INSERT, [row(now, event_id, event, key) for key in webhook_keys])


def key(webhook_key: str, event_id: int, test: str = "") -> str:
    """In the order of events within those of one subscription, which makes their list: no index besides is kept."""
    return f"v{webhook_key}-{event_id:012d}{test}"


def webhook_of(key: str) -> str:
    """The subscription in a key that is of no test."""
    return key[1:-13]


def row(now: int, event_id: int, event: str, webhook_key: str, rank: int = FRESH) -> dict[str, Any]:
    return {
        "key": key(webhook_key, event_id),
        "webhook": webhook_key,
        "event_id": event_id,
        "event": event,
        "rank": rank,
        "test": False,
        "now": now,
    }


# Looking


def get(ctx: Ctx, key: str) -> tuple[Delivery, Webhook, Event | None]:
    """With its subscription and what happened."""
    held = ctx.db.row(f"SELECT {DELIVERIES.columns} FROM deliveries WHERE key = :key{ctx.db.for_update}", key=key)
    if held is None:
        raise NotFound(key)
    delivery = DELIVERIES.load(held)
    try:
        webhook = subscriptions.get(ctx, delivery.webhook_key)
    except NotFound:
        raise NotFound(key) from None
    found = ctx.db.row(f"SELECT {EVENTS.columns} FROM events WHERE id = :id", id=delivery.event_id)
    return delivery, webhook, EVENTS.load(found) if found else None


def of_webhook(ctx: Ctx, key: str, *, state: str, limit: int, offset: int) -> list[Delivery]:
    """The newest first."""
    webhook = subscriptions.get(ctx, key)
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
    """The keys of all deliveries of a subscription lie between these."""
    return {"first": f"v{webhook.key}-", "last": f"v{webhook.key}."}


def _with_state(state: str) -> tuple[str, dict[str, str]]:
    if not state:
        return "", {}
    if state not in STATES:
        raise Invalid("state", f"is one of {', '.join(STATES)}")
    return "AND state = :state", {"state": state}


# Sending again

AGAIN = "state = 'due', due_at = :now, tries = 0, worker = NULL, ended_at = NULL"


def resend(ctx: Ctx, key: str) -> Delivery:
    """Send one once more, at once, whatever became of it."""
    delivery, webhook, _ = get(ctx, key)
    require_active(webhook)
    ctx.db.run(f"UPDATE deliveries SET {AGAIN}, rank = :rank WHERE key = :key", key=key, now=ctx.now, rank=FRESH)
    ctx.db.notify("deliveries")
    return get(ctx, delivery.key)[0]


def require_active(webhook: Webhook) -> None:
    """What is switched off is sent nothing, by hand neither."""
    if not webhook.active:
        raise Conflict("The subscription is switched off: switch it on first")
