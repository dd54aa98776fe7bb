"""Store the results of attempts: deliveries end or are retried, and failing endpoints are paused or switched off."""

from __future__ import annotations

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...lib.durations import DAY, MINUTE
from ..context import Ctx
from ..records import USERS
from . import deliveries, subscriptions
from .deliveries import RETRY, DeliveryAttempt
from .delivery_queue import PROBES, RETRIES, TakenDelivery, delay
from .subscriptions import Webhook

# After this many failures in a row over at least this time, only a probe is sent from time to time ...
BREAKS_AFTER, BREAKS_OVER = 10, MINUTE
# ... and after this time without a success, the subscription is switched off.
GIVES_UP_AFTER = 5 * DAY
TRIED = ("done", "failed", "gone")
"""Verdicts on a request that was sent."""


class DeliveryResult(msgspec.Struct, frozen=True):
    """What happened to a delivery that was taken.

    `verdict` is `done`, `failed`, `gone` (the receiver ended the subscription), `not_sent`, `excluded` (the
    subscription's condition is false), or `undecided` (the condition cannot be evaluated; the attempt has the reason).
    `retry_after` is in milliseconds.
    """

    taken: TakenDelivery
    verdict: str
    attempt: DeliveryAttempt | None = None
    retry_after: int | None = None
    follows: bool = False
    """Whether another delivery of the same request counts for the health of the endpoint."""


class _Ended(msgspec.Struct):
    """A delivery's row after an attempt."""

    key: str
    attempts: int
    won: int
    state: str
    rank: int
    due_at: int
    tries: int
    log: list[DeliveryAttempt]
    ended_at: int | None


_ENDED = Table("deliveries", _Ended)
# A success is stored even if the worker's lease has expired. A failure is stored only by the worker that holds the
# lease.
_SETTLE = f"""
    UPDATE deliveries SET state = :state, rank = :rank, due_at = :due_at, tries = :tries, log = :log,
        ended_at = :ended_at, worker = NULL
    WHERE key = :key AND {deliveries.STILL_DUE} AND (attempts = :attempts OR :won = 1)
"""
_EXCLUDED = f"DELETE FROM deliveries WHERE key = :key AND {deliveries.STILL_DUE}"


def settle(db: Db, now: int, results: list[DeliveryResult]) -> None:
    """Store these results, and what they say about the endpoints."""
    if not results:
        return
    db.many(_SETTLE, [_ENDED.params(_ended(now, result)) for result in results if result.verdict != "excluded"])
    excluded = [{"key": result.taken.delivery.key} for result in results if result.verdict == "excluded"]
    if excluded:
        db.many(_EXCLUDED, excluded)
    by_webhook: dict[str, list[DeliveryResult]] = {}
    for result in results:
        if result.verdict in TRIED and not result.taken.delivery.test and not result.follows:
            by_webhook.setdefault(result.taken.webhook.key, []).append(result)
    for key in sorted(by_webhook):
        _note_health(db, now, by_webhook[key])
    for result in results:
        if result.verdict == "gone":
            _delete(db, now, result.taken.webhook)


def _ended(now: int, result: DeliveryResult) -> _Ended:
    was = result.taken.delivery
    ended = _Ended(was.key, was.attempts, 0, "due", was.rank, now, was.tries, was.log, None)
    if result.attempt is None:
        ended.tries -= 1
        return ended
    ended.log = [*was.log, result.attempt][-deliveries.STORED_ATTEMPTS :]
    if result.verdict == "undecided":
        ended.state, ended.ended_at = "cancelled", now
    elif result.verdict == "done":
        ended.won, ended.state, ended.ended_at = 1, "done", now
    elif result.verdict == "gone" or was.test or was.tries > len(RETRIES):
        ended.state, ended.ended_at = "dead", now
    else:
        ended.rank = max(was.rank, RETRY)
        ended.due_at = now + delay(was.tries, result.retry_after)
    return ended


def _note_health(db: Db, now: int, results: list[DeliveryResult]) -> None:
    """Note successes and failures of one endpoint: a success clears its failures; too many in a row pause it."""
    webhook = results[-1].taken.webhook
    failures = 0
    for result in results:
        failures = 0 if result.verdict == "done" else failures + 1
    if failures < len(results) and (webhook.failures or webhook.waits_until):
        names = ", ".join(f"{name} = :{name}" for name in subscriptions.HEALTHY)
        db.run(f"UPDATE webhooks SET {names} WHERE key = :key", key=webhook.key, **subscriptions.HEALTHY)
    if failures:
        began = results[-failures].attempt
        _note_failures(db, now, webhook, failures, began.at if began else now)
    for result in results:
        if result.verdict == "failed" and result.taken.delivery.tries > len(RETRIES):
            _record_event(db, now, "webhook.missed", webhook)


def _note_failures(db: Db, now: int, webhook: Webhook, count: int, began: int) -> None:
    row = db.row(
        """
        UPDATE webhooks SET failures = failures + :count, failing_since = COALESCE(failing_since, :began),
            waits_until = CASE
                WHEN waits_until > :now THEN waits_until
                WHEN failures + :count >= :enough AND COALESCE(failing_since, :began) <= :early THEN :next
                ELSE 0 END
        WHERE key = :key RETURNING failures, failing_since
        """,
        key=webhook.key,
        count=count,
        began=began,
        now=now,
        enough=BREAKS_AFTER,
        early=now - BREAKS_OVER,
        next=now + PROBES[0],
    )
    if row and row[0] >= BREAKS_AFTER and row[1] <= now - GIVES_UP_AFTER:
        _switch_off(db, now, webhook)


def _switch_off(db: Db, now: int, webhook: Webhook) -> None:
    reason = "nothing but failures for five days"
    if db.run(
        """
        UPDATE webhooks SET active = :off, off_at = :now, on_at = NULL, off_reason = :reason
        WHERE key = :key AND active
        """,
        key=webhook.key,
        off=False,
        now=now,
        reason=reason,
    ):
        _record_event(db, now, "webhook.switched_off", webhook)


def _delete(db: Db, now: int, webhook: Webhook) -> None:
    """Delete a subscription whose receiver replied 410: it wants no further deliveries."""
    if db.run("DELETE FROM webhooks WHERE key = :key", key=webhook.key):
        _record_event(db, now, "webhook.gone", webhook)


def _record_event(db: Db, now: int, kind: str, webhook: Webhook) -> None:
    """Record an event whose actor is the subscription's owner."""
    row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=webhook.user_key)
    assert row is not None
    subscriptions.record_event(Ctx(db, now, USERS.load(row)), kind, webhook)
