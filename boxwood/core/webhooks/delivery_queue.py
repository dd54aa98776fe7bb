"""What waits to be sent, taken by workers address by address. What became of it is core/webhooks/delivery_results.

Taking a delivery moves its due time to the end of a lease, so a worker that dies needs nobody to clean up:
what it had comes due by itself. Addresses take turns and give so many at once: a slow one costs the others nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec

from ...db.engine import Db, Row
from ...lib.durations import DAY, HOUR, MINUTE, SECOND
from .. import access
from ..events import EVENTS, Event
from . import deliveries
from .deliveries import DELIVERIES, FRESH, REPLAY, RETRY, Delivery
from .subscriptions import WEBHOOKS, Webhook
from .worker_capacity import WorkerCapacity

RETRIES = (
    *(5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, DAY),
)
JITTER = 0.2
LONGEST_RETRY_AFTER = DAY
# Of an address that is broken one is sent now and then, to see.
PROBES = (30 * SECOND, 5 * MINUTE)
QUICK_PROBES = 10
LOOKED_AT = 256
"""Addresses in one turn."""


class DeliveryCapacity(WorkerCapacity, kw_only=True):
    """What a webhook worker can take; its sources are endpoints."""

    lease_until: int
    retries: int
    """At most this many of the deliveries may be ones that failed before."""
    more: bool = False
    """There are more endpoints than one look covers."""


class TakenDelivery(msgspec.Struct, frozen=True):
    delivery: Delivery
    webhook: Webhook
    event: Event | None


# Taking

# The first of a rank, by one look into the index, however many there are: whether any row does would be asked of
# all rows by a database that thinks most of them do.
_FIRST = "(SELECT MIN(d.due_at) FROM deliveries d WHERE d.webhook_key = w.key AND d.state = 'due' AND d.rank = {})"
# The keys of addresses with anything waiting, by one look into the index for each.
_WAITING = """
    WITH RECURSIVE waiting (key, number) AS (
        SELECT MIN(d.webhook_key), 1 FROM deliveries d WHERE d.state = 'due' AND d.webhook_key > :after
        UNION ALL
        SELECT (SELECT MIN(d.webhook_key) FROM deliveries d WHERE d.state = 'due' AND d.webhook_key > l.key),
            l.number + 1
        FROM waiting l WHERE l.key IS NOT NULL AND l.number < :most
    )
"""
# Whether a subscription's owner still reaches what it tells.
_REACHED = f"""CASE WHEN w.pipeline_key IS NOT NULL THEN EXISTS (
        SELECT 1 FROM pipelines p WHERE p.key = w.pipeline_key AND {access.role_of("w.user_key")} IS NOT NULL
    ) ELSE EXISTS (
        SELECT 1 FROM team_members m
        WHERE m.team_key = w.team_key AND m.user_key = w.user_key AND m.role IN ('Member', 'Owner')
    ) END"""
# Of each whether it may be sent to now, what ranks are due, and whether its owner still reaches what it tells.
_ADDRESSES = f"""
    {_WAITING}
    SELECT l.key, COALESCE(w.active AND w.waits_until <= :now, :no),
        COALESCE({_FIRST.format(FRESH)} <= :now, :no),
        COALESCE({_FIRST.format(RETRY)} <= :now, :no),
        COALESCE({_FIRST.format(REPLAY)} <= :now, :no),
        {_REACHED}, {WEBHOOKS.of("w")}
    FROM waiting l LEFT JOIN webhooks w ON w.key = l.key WHERE l.key IS NOT NULL ORDER BY l.key
"""


class _Address(msgspec.Struct):
    key: str
    open: bool
    due: tuple[bool, bool, bool]
    reached: bool
    row: tuple[Any, ...]


def _addresses(db: Db, now: int, after: str, most: int) -> list[_Address]:
    rows = db.rows(_ADDRESSES, after=after, most=most, now=now, no=False)
    return [_Address(row[0], row[1], row[2:5], row[5], row[6:]) for row in rows]


def anything(db: Db, now: int) -> bool:
    """Whether there is work; a read, for looking often."""
    if db.row("SELECT 1 FROM fan_outs LIMIT 1"):
        return True
    return any(one.open and any(one.due) for one in _addresses(db, now, "", 1000))


def take(db: Db, now: int, capacity: DeliveryCapacity) -> list[TakenDelivery]:
    """Deliveries that are due, as many as there is room for, beginning behind the address that was last."""
    found = _in_turn(db, now, capacity) if capacity.total > 0 else []
    taken: list[TakenDelivery] = []
    some: list[_Wanted] = []
    for one in found:
        left = capacity.total - sum(wanted.most for wanted in some)
        if left <= 0:
            taken += _take_some(db, now, capacity, some)
            left, some = capacity.total, []
        if capacity.total <= 0:
            break
        capacity.after = one.key
        if one.open and any(one.due):
            webhook = WEBHOOKS.load(one.row)
            most = min(capacity.limit(webhook.key), left)
            if not one.reached:
                _drop(db, now, webhook)
            elif most > 0 and webhook.waits_until:
                taken += _take_probe(db, now, capacity, webhook)
            elif most > 0 and webhook.ordered:
                taken += _take_head(db, now, capacity, webhook, one.due)
            elif most > 0:
                some.append(_Wanted(webhook, one.due, most))
    taken += _take_some(db, now, capacity, some)
    return sorted(taken, key=lambda one: one.delivery.event_id)


def take_just_created(db: Db, now: int, capacity: DeliveryCapacity, keys: list[str]) -> list[TakenDelivery]:
    """Those of these that may be sent at once, by one statement: what has just been made is not looked for. What is
    not answered waits to be taken like all the rest: of an address that is off, broken or ordered, or whose owner no
    longer reaches what it tells."""
    return [
        _taken(row, WEBHOOKS.load(row[_WEBHOOK:]))
        for row in db.rows_changed(
            "deliveries",
            _LEASE.format(f"""
                SELECT d.key FROM deliveries d WHERE {db.dialect.among("d.key", "keys")} AND d.{deliveries.STILL_DUE}
                    AND d.due_at <= :now AND EXISTS (
                        SELECT 1 FROM webhooks w WHERE w.key = d.webhook_key AND w.active AND w.waits_until = 0
                            AND NOT w.ordered AND {_REACHED}
                    ){db.dialect.skip_locked}
            """),
            f"SELECT {_COLUMNS}, {WEBHOOKS.of('w')} {_CHANGED} JOIN webhooks w ON w.key = d.webhook_key ORDER BY d.key",
            [{"now": now, "until": capacity.lease_until, "worker": capacity.worker, "keys": db.texts(keys)}],
        )
    ]


def _in_turn(db: Db, now: int, capacity: DeliveryCapacity) -> list[_Address]:
    """Addresses that something waits for, beginning behind the last: all of them, in one look, unless they are many."""
    if not capacity.more:
        found = _addresses(db, now, "", LOOKED_AT)
        if len(found) < LOOKED_AT:
            return [one for one in found if one.key > capacity.after] + [
                one for one in found if one.key <= capacity.after
            ]
    found = _addresses(db, now, capacity.after, LOOKED_AT)
    capacity.more = len(found) == LOOKED_AT
    if capacity.after and not capacity.more:
        found += [one for one in _addresses(db, now, "", LOOKED_AT) if one.key <= capacity.after]
    return found


class _Wanted(msgspec.Struct):
    """What is to be taken of one address, at most so many."""

    webhook: Webhook
    due: tuple[bool, ...]
    most: int


def _take_some(db: Db, now: int, capacity: DeliveryCapacity, some: list[_Wanted]) -> list[TakenDelivery]:
    """Of all of these at once, rank by rank, as no other waits for them and none is in the way of another."""
    known = {one.webhook.key: one.webhook for one in some}
    taken: list[TakenDelivery] = []
    for rank in (RETRY, FRESH, REPLAY):
        shares = []
        left = capacity.retries
        for one in some:
            share = one.most if rank != RETRY else min(left, (one.most + 1) // 2)
            if one.due[rank] and share > 0:
                left -= share
                shares.append({"webhook": one.webhook.key, "rank": rank, "count": share})
        found = _lease(db, now, capacity, _OF_RANK, shares, known)
        capacity.retries -= len(found) if rank == RETRY else 0
        got = Counter(one.webhook.key for one in found)
        for one in some:
            one.most -= got[one.webhook.key]
        taken += found
    return taken


_OF_RANK = """
    SELECT d.key FROM deliveries d
    WHERE d.webhook_key = :webhook AND d.state = 'due' AND d.rank = :rank AND d.due_at <= :now
    ORDER BY d.due_at, d.event_id LIMIT :count
"""
_ANY_RANK = """
    SELECT d.key FROM deliveries d WHERE d.webhook_key = :webhook AND d.state = 'due' AND d.due_at <= :now
    ORDER BY d.rank, d.due_at LIMIT 1
"""
# What waits for later is the head itself, under way or to be tried again, since what is new is due at once.
_LATEST = "SELECT MAX(due_at) FROM deliveries WHERE webhook_key = :webhook AND state = 'due' AND rank = :rank"


def _take_head(
    db: Db, now: int, capacity: DeliveryCapacity, webhook: Webhook, due: tuple[bool, ...]
) -> list[TakenDelivery]:
    """The oldest alone, if it is due: what comes after it waits, whoever has it. One worker at a time looks."""
    if not db.row(f"SELECT key FROM webhooks WHERE key = :key{db.dialect.skip_locked}", key=webhook.key):
        return []
    for rank in (RETRY, FRESH, REPLAY):
        latest = db.row(_LATEST, webhook=webhook.key, rank=rank)
        if latest and latest[0] is not None and latest[0] > now:
            return []
    rank = next(rank for rank in (RETRY, FRESH, REPLAY) if due[rank])
    share = {"webhook": webhook.key, "rank": rank, "count": 1}
    return _lease(db, now, capacity, _OF_RANK, [share], {webhook.key: webhook})


def _take_probe(db: Db, now: int, capacity: DeliveryCapacity, webhook: Webhook) -> list[TakenDelivery]:
    """One, by whichever worker gets to move the time of the next."""
    pause = PROBES[0] if webhook.probes < QUICK_PROBES else PROBES[1]
    mine = db.run(
        "UPDATE webhooks SET waits_until = :next, probes = probes + 1 WHERE key = :key AND waits_until = :seen",
        key=webhook.key,
        next=now + pause,
        seen=webhook.waits_until,
    )
    if not mine:
        return []
    return _lease(db, now, capacity, _ANY_RANK, [{"webhook": webhook.key}], {webhook.key: webhook})


_LEASE = """
    WITH mine AS MATERIALIZED ({})
    UPDATE deliveries SET due_at = :until, worker = :worker, tries = tries + 1, attempts = attempts + 1
    WHERE key IN (SELECT key FROM mine)
"""
_COLUMNS = f"{DELIVERIES.of('d')}, {EVENTS.of('e')}"
_EVENT, _WEBHOOK = len(DELIVERIES.names), len(DELIVERIES.names) + len(EVENTS.names)
_CHANGED = "FROM changed d LEFT JOIN events e ON e.id = d.event_id"


def _lease(
    db: Db, now: int, capacity: DeliveryCapacity, which: str, each: list[dict[str, Any]], known: dict[str, Webhook]
) -> list[TakenDelivery]:
    """Deliveries that are this worker's now, of these addresses."""
    update = _LEASE.format(which + db.dialect.skip_locked)
    common = {"now": now, "until": capacity.lease_until, "worker": capacity.worker}
    rows = db.rows_changed("deliveries", update, f"SELECT {_COLUMNS} {_CHANGED}", [common | one for one in each])
    capacity.total -= len(rows)
    return [_taken(row, known[row[_ADDRESS]]) for row in rows]


_ADDRESS = DELIVERIES.names.index("webhook_key")


def _taken(row: Row, webhook: Webhook) -> TakenDelivery:
    """Of a row that begins with a delivery and its event."""
    event = EVENTS.load(row[_EVENT:_WEBHOOK]) if row[_EVENT] else None
    return TakenDelivery(DELIVERIES.load(row), webhook, event)


def _drop(db: Db, now: int, webhook: Webhook) -> None:
    """The owner no longer reaches what it tells: nothing is sent, waiting or to come."""
    db.run(
        "UPDATE deliveries SET state = 'cancelled', ended_at = :now WHERE webhook_key = :key AND state = 'due'",
        key=webhook.key,
        now=now,
    )


def release_leases(db: Db, now: int) -> int:
    """What a process had that is no more; for a database that only one process serves from."""
    return db.run(
        "UPDATE deliveries SET due_at = :now, worker = NULL WHERE state = 'due' AND worker IS NOT NULL", now=now
    )


def delay(tries: int, retry_after: int | None = None) -> int:
    """How long after this many attempts the next one is due; never before the receiver asked for it."""
    scheduled = int(RETRIES[tries - 1] * (1 + random.random() * JITTER))
    return max(scheduled, min(retry_after or 0, LONGEST_RETRY_AFTER))


# Tidying


def sweep(db: Db, now: int, most: int = 2000) -> int:
    """Forget what ended long ago, and what waits for a subscription that is off or gone; how many that was."""
    count = 0
    for state, before in (("done", now - deliveries.KEPT_DONE), ("", now - deliveries.KEPT_OTHER)):
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
