"""The queue of due deliveries, from which workers take them endpoint by endpoint. Results: delivery_results.

Taking a delivery moves its due time to the end of a lease, so that the deliveries of a worker that died come due by
themselves. Endpoints take turns, and each gives a limited number at once: a slow endpoint costs the others nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec

from ...db.engine import Db, Row
from ...lib.durations import DAY, HOUR, MINUTE, SECOND
from .. import access
from ..accounts import makers
from ..events import EVENTS, Event
from ..records.scopes import READ
from . import deliveries, fan_out, subscriptions
from .deliveries import DELIVERIES, FRESH, REPLAY, RETRY, Delivery
from .subscriptions import WEBHOOKS, Webhook
from .worker_capacity import WorkerCapacity

RETRIES = (
    *(5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, DAY),
)
JITTER = 0.2
_RANDOM = random.Random()
LONGEST_RETRY_AFTER = DAY
# An endpoint that is broken gets one delivery at a time, after these pauses, to check whether it works again.
PROBES = (30 * SECOND, 5 * MINUTE)
QUICK_PROBES = 10
ENDPOINTS_PER_LOOK = 256
"""Endpoints in one look at the queue."""


class DeliveryCapacity(WorkerCapacity, kw_only=True):
    """What a webhook worker can take; its sources are endpoints."""

    lease_until: int
    retries: int
    """At most this many of the deliveries may be ones that failed before."""
    more: bool = False
    """There are more endpoints than one look covers."""


class TakenDelivery(msgspec.Struct, frozen=True):
    """A delivery that a worker has a lease on, with what is needed to send it."""

    delivery: Delivery
    webhook: Webhook
    event: Event | None
    rest: tuple[TakenDelivery, ...] = ()
    """Further deliveries, which are sent in the same request, in the order of events."""

    @property
    def batch(self) -> list[TakenDelivery]:
        """All deliveries of the request."""
        return [self, *self.rest]


# Taking

# When the first delivery of a rank is due, by one look into the index. With EXISTS, a database that expects most rows
# to match would read all of them.
_FIRST = "(SELECT MIN(d.due_at) FROM deliveries d WHERE d.webhook_key = w.key AND d.state = 'due' AND d.rank = {})"
# The keys of endpoints with waiting deliveries, by one look into the index for each endpoint.
_WAITING = """
    WITH RECURSIVE waiting (key, number) AS (
        SELECT MIN(d.webhook_key), 1 FROM deliveries d WHERE d.state = 'due' AND d.webhook_key > :after
        UNION ALL
        SELECT (SELECT MIN(d.webhook_key) FROM deliveries d WHERE d.state = 'due' AND d.webhook_key > l.key),
            l.number + 1
        FROM waiting l WHERE l.key IS NOT NULL AND l.number < :most
    )
"""
# Whether the owner of a subscription still has access to what it reports.
_OWNER_HAS_ACCESS = f"""CASE WHEN w.pipeline_key IS NOT NULL THEN EXISTS (
        SELECT 1 FROM pipelines p WHERE p.key = w.pipeline_key AND {access.role_of("w.user_key")} IS NOT NULL
    ) ELSE EXISTS (
        SELECT 1 FROM team_members m
        WHERE m.team_key = w.team_key AND m.user_key = w.user_key AND m.role IN ('Member', 'Owner')
    ) END"""
# For each endpoint: whether it may be sent to now, which ranks are due, and whether its owner still has access.
_ENDPOINTS = f"""
    {_WAITING}
    SELECT l.key, COALESCE(w.active AND w.waits_until <= :now, :no),
        COALESCE({_FIRST.format(FRESH)} <= :now, :no),
        COALESCE({_FIRST.format(RETRY)} <= :now, :no),
        COALESCE({_FIRST.format(REPLAY)} <= :now, :no),
        {_OWNER_HAS_ACCESS}, {WEBHOOKS.of("w")}
    FROM waiting l LEFT JOIN webhooks w ON w.key = l.key WHERE l.key IS NOT NULL ORDER BY l.key
"""


class _Endpoint(msgspec.Struct):
    key: str
    open: bool
    due: tuple[bool, bool, bool]
    owner_has_access: bool
    row: tuple[Any, ...]


def _endpoints(db: Db, now: int, after: str, most: int) -> list[_Endpoint]:
    rows = db.rows(_ENDPOINTS, after=after, most=most, now=now, no=False)
    return [_Endpoint(row[0], row[1], row[2:5], row[5], row[6:]) for row in rows]


def is_work_due(db: Db, now: int) -> bool:
    """Whether any delivery can be taken now. It only reads, because workers call it often."""
    if db.row("SELECT 1 FROM fan_outs LIMIT 1"):
        return True
    return any(endpoint.open and any(endpoint.due) for endpoint in _endpoints(db, now, "", 1000))


def take(db: Db, now: int, capacity: DeliveryCapacity) -> list[TakenDelivery]:
    """Take due deliveries, as many as the capacity allows, beginning after the endpoint that was last."""
    found = _in_turn(db, now, capacity) if capacity.total > 0 else []
    taken: list[TakenDelivery] = []
    limits: list[_EndpointLimit] = []
    for endpoint in found:
        left = capacity.total - sum(limit.most for limit in limits)
        if left <= 0:
            taken += _take_together(db, now, capacity, limits)
            left, limits = capacity.total, []
        if capacity.total <= 0:
            break
        capacity.after = endpoint.key
        if endpoint.open and any(endpoint.due):
            webhook = WEBHOOKS.load(endpoint.row)
            most = min(capacity.limit(webhook.key), left)
            if webhook.maker is not None:
                _cancel_unreadable(db, now, webhook)
            if not endpoint.owner_has_access:
                _cancel_all(db, now, webhook)
            elif most > 0 and webhook.waits_until:
                taken += _take_probe(db, now, capacity, webhook)
            elif most > 0 and webhook.ordered and not webhook.by_box:
                taken += _take_head(db, now, capacity, webhook, endpoint.due)
            elif most > 0 and webhook.batch_size > 1:
                taken += _take_batches(db, now, capacity, webhook, endpoint.due, most)
            elif most > 0:
                limits.append(_EndpointLimit(webhook, endpoint.due, most))
    taken += _take_together(db, now, capacity, limits)
    return sorted(taken, key=lambda delivery: delivery.delivery.event_id)


def take_just_created(db: Db, now: int, capacity: DeliveryCapacity, keys: list[str]) -> list[TakenDelivery]:
    """Take the deliveries with these keys that can be sent at once, with one statement.

    The others wait to be taken by `take`: those whose endpoint is switched off, broken or ordered, or whose owner no
    longer has access.
    """
    return [
        _load_taken(row, WEBHOOKS.load(row[_WEBHOOK:]))
        for row in db.rows_changed(
            "deliveries",
            _LEASE.format(f"""
                SELECT d.key FROM deliveries d WHERE {db.dialect.among("d.key", "keys")} AND d.{deliveries.STILL_DUE}
                    AND d.due_at <= :now AND EXISTS (
                        SELECT 1 FROM webhooks w WHERE w.key = d.webhook_key AND w.active AND w.waits_until = 0
                            AND NOT w.ordered AND {_OWNER_HAS_ACCESS}
                    ){db.dialect.skip_locked}
            """),
            f"SELECT {_COLUMNS}, {WEBHOOKS.of('w')} {_CHANGED} JOIN webhooks w ON w.key = d.webhook_key ORDER BY d.key",
            [{"now": now, "until": capacity.lease_until, "worker": capacity.worker, "keys": db.texts(keys)}],
        )
    ]


def _in_turn(db: Db, now: int, capacity: DeliveryCapacity) -> list[_Endpoint]:
    """Endpoints with waiting deliveries, beginning after the last one; all in one look unless there are many."""
    if not capacity.more:
        found = _endpoints(db, now, "", ENDPOINTS_PER_LOOK)
        if len(found) < ENDPOINTS_PER_LOOK:
            return _beginning_after(found, capacity.after)
    found = _endpoints(db, now, capacity.after, ENDPOINTS_PER_LOOK)
    capacity.more = len(found) == ENDPOINTS_PER_LOOK
    if capacity.after and not capacity.more:
        found += [
            endpoint for endpoint in _endpoints(db, now, "", ENDPOINTS_PER_LOOK) if endpoint.key <= capacity.after
        ]
    return found


def _beginning_after(endpoints: list[_Endpoint], key: str) -> list[_Endpoint]:
    later = [endpoint for endpoint in endpoints if endpoint.key > key]
    return later + [endpoint for endpoint in endpoints if endpoint.key <= key]


class _EndpointLimit(msgspec.Struct):
    """How many deliveries may be taken of an endpoint, and of which ranks any is due."""

    webhook: Webhook
    due: tuple[bool, ...]
    most: int


def _take_together(db: Db, now: int, capacity: DeliveryCapacity, limits: list[_EndpointLimit]) -> list[TakenDelivery]:
    """Take deliveries of all these endpoints at once, rank by rank; their deliveries need no order."""
    webhooks = {limit.webhook.key: limit.webhook for limit in limits}
    taken: list[TakenDelivery] = []
    for rank in (RETRY, FRESH, REPLAY):
        shares: list[dict[str, Any]] = []
        in_lanes: list[dict[str, Any]] = []
        left = capacity.retries
        for limit in limits:
            share = limit.most if rank != RETRY else min(left, (limit.most + 1) // 2)
            if limit.due[rank] and share > 0:
                left -= share
                by_box = limit.webhook.ordered and limit.webhook.by_box
                (in_lanes if by_box else shares).append({"webhook": limit.webhook.key, "rank": rank, "count": share})
        found = _lease(db, now, capacity, _OF_RANK, shares, webhooks)
        if in_lanes:
            found += _lease(db, now, capacity, _OF_LANES, in_lanes, webhooks)
        capacity.retries -= len(found) if rank == RETRY else 0
        counts = Counter(delivery.webhook.key for delivery in found)
        for limit in limits:
            limit.most -= counts[limit.webhook.key]
        taken += found
    return taken


_OF_RANK = """
    SELECT d.key FROM deliveries d
    WHERE d.webhook_key = :webhook AND d.state = 'due' AND d.rank = :rank AND d.due_at <= :now
    ORDER BY d.due_at, d.event_id LIMIT :count
"""
# The oldest delivery of each lane. Those after it wait until it has ended.
_FIRST_OF_LANE = """(d.lane = '' OR NOT EXISTS (
        SELECT 1 FROM deliveries o WHERE o.webhook_key = d.webhook_key AND o.lane = d.lane AND o.lane <> ''
            AND o.state = 'due' AND o.event_id < d.event_id))"""
_OF_LANES = f"""
    SELECT d.key FROM deliveries d
    WHERE d.webhook_key = :webhook AND d.state = 'due' AND d.rank = :rank AND d.due_at <= :now AND {_FIRST_OF_LANE}
    ORDER BY d.due_at, d.event_id LIMIT :count
"""
_ANY_LANE = f"""
    SELECT d.key FROM deliveries d
    WHERE d.webhook_key = :webhook AND d.state = 'due' AND d.due_at <= :now AND {_FIRST_OF_LANE}
    ORDER BY d.event_id LIMIT 1
"""
# The oldest delivery of the subscription, if it is due.
_OLDEST = """
    SELECT d.key FROM deliveries d WHERE d.webhook_key = :webhook AND d.state = 'due' AND d.due_at <= :now
        AND d.event_id = (SELECT MIN(o.event_id) FROM deliveries o WHERE o.webhook_key = :webhook AND o.state = 'due')
    LIMIT 1
"""
_ANY_RANK = """
    SELECT d.key FROM deliveries d WHERE d.webhook_key = :webhook AND d.state = 'due' AND d.due_at <= :now
    ORDER BY d.rank, d.due_at LIMIT 1
"""
# New deliveries are due at once, so one that is due later is the head: a worker has it, or it is tried again later.
_LATEST = "SELECT MAX(due_at) FROM deliveries WHERE webhook_key = :webhook AND state = 'due' AND rank = :rank"


def _take_head(
    db: Db, now: int, capacity: DeliveryCapacity, webhook: Webhook, due: tuple[bool, ...]
) -> list[TakenDelivery]:
    """Take the oldest delivery alone, if it is due; later ones wait until it has ended. One worker at a time looks."""
    if not db.row(f"SELECT key FROM webhooks WHERE key = :key{db.dialect.skip_locked}", key=webhook.key):
        return []
    for rank in (RETRY, FRESH, REPLAY):
        latest = db.row(_LATEST, webhook=webhook.key, rank=rank)
        if latest and latest[0] is not None and latest[0] > now:
            return []
    rank = next(rank for rank in (RETRY, FRESH, REPLAY) if due[rank])
    if webhook.batch_size > 1:
        return _take_batch(db, now, capacity, webhook, rank)
    share = {"webhook": webhook.key, "rank": rank, "count": 1}
    return _lease(db, now, capacity, _OF_RANK, [share], {webhook.key: webhook})


def _take_batches(
    db: Db, now: int, capacity: DeliveryCapacity, webhook: Webhook, due: tuple[bool, ...], most: int
) -> list[TakenDelivery]:
    """Take up to `most` requests with several deliveries each, rank by rank."""
    found: list[TakenDelivery] = []
    for rank in (RETRY, FRESH, REPLAY):
        while due[rank] and len(found) < most and capacity.total > 0:
            batch = _take_batch(db, now, capacity, webhook, rank)
            if not batch:
                break
            found += batch
    return found


_DUE_IN_BATCH = """
    SELECT d.key, d.batch FROM deliveries d
    WHERE d.webhook_key = :webhook AND d.state = 'due' AND d.rank = :rank AND d.due_at <= :now
    ORDER BY d.due_at, d.event_id LIMIT 1
"""
# With the first that is due go all that wait for it to become full, in the order of events.
_NEW_BATCH = """
    SELECT d.key FROM deliveries d
    WHERE d.webhook_key = :webhook AND d.state = 'due' AND d.rank = :rank AND d.batch IS NULL
        AND (d.worker IS NULL OR d.due_at <= :now) AND d.due_at <= :soon AND NOT d.test
    ORDER BY d.event_id LIMIT :count
"""
_SAME_BATCH = """
    SELECT d.key FROM deliveries d
    WHERE d.batch = :batch AND d.state = 'due' AND (d.worker IS NULL OR d.due_at <= :now)
"""


def _take_batch(db: Db, now: int, capacity: DeliveryCapacity, webhook: Webhook, rank: int) -> list[TakenDelivery]:
    """Take the deliveries of one request, in the order of events. A request that failed keeps its deliveries."""
    first = db.row(_DUE_IN_BATCH + db.dialect.skip_locked, webhook=webhook.key, rank=rank, now=now)
    if first is None:
        return []
    webhooks = {webhook.key: webhook}
    if first[1]:
        taken = _lease(db, now, capacity, _SAME_BATCH, [{"batch": first[1]}], webhooks)
    else:
        share = {"webhook": webhook.key, "rank": rank, "count": webhook.batch_size, "soon": now + fan_out.BATCH_WAIT}
        taken = _lease(db, now, capacity, _NEW_BATCH, [share], webhooks, _LEASE_TOGETHER)
    if not taken:  # a test is sent alone
        taken = _lease(db, now, capacity, _BY_KEY, [{"key": first[0]}], webhooks)
    head, *rest = sorted(taken, key=lambda each: each.delivery.event_id)
    return [msgspec.structs.replace(head, rest=tuple(rest))]


_BY_KEY = "SELECT d.key FROM deliveries d WHERE d.key = :key"


def _take_probe(db: Db, now: int, capacity: DeliveryCapacity, webhook: Webhook) -> list[TakenDelivery]:
    """Take one delivery, if this worker is the first to move the time of the next probe."""
    pause = PROBES[0] if webhook.probes < QUICK_PROBES else PROBES[1]
    moved = db.run(
        "UPDATE webhooks SET waits_until = :next, probes = probes + 1 WHERE key = :key AND waits_until = :seen",
        key=webhook.key,
        next=now + pause,
        seen=webhook.waits_until,
    )
    if not moved:
        return []
    which = (_ANY_LANE if webhook.by_box else _OLDEST) if webhook.ordered else _ANY_RANK
    return _lease(db, now, capacity, which, [{"webhook": webhook.key}], {webhook.key: webhook})


_LEASE_TOGETHER = """
    WITH mine AS MATERIALIZED ({})
    UPDATE deliveries SET due_at = :until, worker = :worker, tries = tries + 1, attempts = attempts + 1,
        batch = (SELECT MIN(key) FROM mine) || 'b'
    WHERE key IN (SELECT key FROM mine)
"""
_LEASE = """
    WITH mine AS MATERIALIZED ({})
    UPDATE deliveries SET due_at = :until, worker = :worker, tries = tries + 1, attempts = attempts + 1
    WHERE key IN (SELECT key FROM mine)
"""
_COLUMNS = f"{DELIVERIES.of('d')}, {EVENTS.of('e')}"
_EVENT, _WEBHOOK = len(DELIVERIES.names), len(DELIVERIES.names) + len(EVENTS.names)
_CHANGED = "FROM changed d LEFT JOIN events e ON e.id = d.event_id"


def _lease(
    db: Db,
    now: int,
    capacity: DeliveryCapacity,
    which: str,
    shares: list[dict[str, Any]],
    webhooks: dict[str, Webhook],
    lease: str = _LEASE,
) -> list[TakenDelivery]:
    """Take the deliveries that `which` selects, once with the parameters of each share."""
    update = lease.format(which + db.dialect.skip_locked)
    common = {"now": now, "until": capacity.lease_until, "worker": capacity.worker}
    rows = db.rows_changed("deliveries", update, f"SELECT {_COLUMNS} {_CHANGED}", [common | share for share in shares])
    capacity.total -= len(rows)
    return [_load_taken(row, webhooks[row[_WEBHOOK_KEY]]) for row in rows]


_WEBHOOK_KEY = DELIVERIES.names.index("webhook_key")


def _load_taken(row: Row, webhook: Webhook) -> TakenDelivery:
    """From a row that begins with a delivery and its event."""
    event = EVENTS.load(row[_EVENT:_WEBHOOK]) if row[_EVENT] else None
    return TakenDelivery(DELIVERIES.load(row), webhook, event)


def _cancel_all(db: Db, now: int, webhook: Webhook) -> None:
    """Cancel what waits for a subscription whose owner no longer has access."""
    db.run(
        "UPDATE deliveries SET state = 'cancelled', ended_at = :now WHERE webhook_key = :key AND state = 'due'",
        key=webhook.key,
        now=now,
    )


def _cancel_unreadable(db: Db, now: int, webhook: Webhook) -> None:
    """Cancel what waits of events that the API key through which the subscription was saved may no longer read."""
    if makers.may_all(db, webhook.maker, now):
        return
    for name in webhook.event_names:
        nouns = subscriptions.nouns_of(name) | ({"boxes"} if webhook.pipeline_key else set())
        if not makers.may(db, webhook.maker, now, [(noun, READ) for noun in nouns], webhook.pipeline_key):
            db.run(
                """
                UPDATE deliveries SET state = 'cancelled', ended_at = :now
                WHERE webhook_key = :key AND state = 'due' AND event = :event
                """,
                key=webhook.key,
                event=name,
                now=now,
            )


def release_leases(db: Db, now: int) -> int:
    """Make the deliveries of the previous process due at once; for a database that only one process serves from.

    Returns how many there were.
    """
    return db.run(
        "UPDATE deliveries SET due_at = :now, worker = NULL WHERE state = 'due' AND worker IS NOT NULL", now=now
    )


def delay(tries: int, retry_after: int | None = None) -> int:
    """Milliseconds from attempt number `tries` to the next one; never less than the receiver asked for."""
    scheduled = int(RETRIES[tries - 1] * (1 + _RANDOM.random() * JITTER))
    return max(scheduled, min(retry_after or 0, LONGEST_RETRY_AFTER))


# Cleaning up


def sweep(db: Db, now: int, most: int = 2000) -> int:
    """Delete deliveries that ended long ago, and those that wait for a deleted subscription. Those that wait for a
    subscription that is off become dead. Returns how many there were; 0 when nothing is left."""
    count = 0
    for state, before in (("done", now - deliveries.STORED_DONE), ("", now - deliveries.STORED_OTHER)):
        which = "SELECT key FROM deliveries WHERE ended_at < :before AND (:state = '' OR state = :state) LIMIT :most"
        count += db.run(f"DELETE FROM deliveries WHERE key IN ({which})", before=before, state=state, most=most)
    for key, is_off in db.rows(_ORPHANS, after="", most=1000):
        which = "SELECT key FROM deliveries WHERE webhook_key = :webhook AND state = 'due' LIMIT :most"
        verb = "UPDATE deliveries SET state = 'dead', ended_at = :now" if is_off else "DELETE FROM deliveries"
        count += db.run(f"{verb} WHERE key IN ({which})", webhook=key, most=most, **({"now": now} if is_off else {}))
    return count


_ORPHANS = f"""
    {_WAITING}
    SELECT l.key, w.key IS NOT NULL FROM waiting l LEFT JOIN webhooks w ON w.key = l.key
    WHERE l.key IS NOT NULL AND (w.key IS NULL OR NOT w.active)
"""
