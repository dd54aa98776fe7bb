"""What became of deliveries that were taken, and what that says of their addresses: again later, broken, or off."""

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

# After this many failures in a row, over at least this long, only a probe now and then is sent ...
BREAKS_AFTER, BREAKS_OVER = 10, MINUTE
# ... and after this long of nothing but failure nothing at all.
GIVES_UP_AFTER = 5 * DAY
TRIED = ("done", "failed", "gone")


class DeliveryResult(msgspec.Struct, frozen=True):
    """What became of a delivery that was taken: `done`, `failed`, `gone` (its address wants no more), `left` where it
    was not tried after all, `unwanted` where the subscription's condition does not hold, `unjudged` where nobody can
    tell (the attempt says why)."""

    taken: TakenDelivery
    verdict: str
    attempt: DeliveryAttempt | None = None
    retry_after: int | None = None


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
# Whoever arrived counts, even after the lease; a failure counts only for who still has it.
_SETTLE = f"""
    UPDATE deliveries SET state = :state, rank = :rank, due_at = :due_at, tries = :tries, log = :log,
        ended_at = :ended_at, worker = NULL
    WHERE key = :key AND {deliveries.STILL_DUE} AND (attempts = :attempts OR :won = 1)
"""
_UNWANTED = f"DELETE FROM deliveries WHERE key = :key AND {deliveries.STILL_DUE}"


def settle(db: Db, now: int, outcomes: list[DeliveryResult]) -> None:
    """Write down what became of these, and what that says of their addresses."""
    if not outcomes:
        return
    db.many(_SETTLE, [_ENDED.params(_ended(now, one)) for one in outcomes if one.verdict != "unwanted"])
    unwanted = [{"key": one.taken.delivery.key} for one in outcomes if one.verdict == "unwanted"]
    if unwanted:
        db.many(_UNWANTED, unwanted)
    by_address: dict[str, list[DeliveryResult]] = {}
    for one in outcomes:
        if one.verdict in TRIED and not one.taken.delivery.test:
            by_address.setdefault(one.taken.webhook.key, []).append(one)
    for key in sorted(by_address):
        _judge(db, now, by_address[key])
    for one in outcomes:
        if one.verdict == "gone":
            _gone(db, now, one.taken.webhook)


def _ended(now: int, one: DeliveryResult) -> _Ended:
    was = one.taken.delivery
    ended = _Ended(was.key, was.attempts, 0, "due", was.rank, now, was.tries, was.log, None)
    if one.attempt is None:
        ended.tries -= 1
        return ended
    ended.log = [*was.log, one.attempt][-deliveries.KEPT_ATTEMPTS :]
    if one.verdict == "unjudged":
        ended.state, ended.ended_at = "cancelled", now
    elif one.verdict == "done":
        ended.won, ended.state, ended.ended_at = 1, "done", now
    elif one.verdict == "gone" or was.test or was.tries > len(RETRIES):
        ended.state, ended.ended_at = "dead", now
    else:
        ended.rank = max(was.rank, RETRY)
        ended.due_at = now + delay(was.tries, one.retry_after)
    return ended


def _judge(db: Db, now: int, outcomes: list[DeliveryResult]) -> None:
    """The address's record: one success clears it, failures in a row break it and at last switch it off."""
    webhook = outcomes[-1].taken.webhook
    failures = 0
    for one in outcomes:
        failures = 0 if one.verdict == "done" else failures + 1
    if failures < len(outcomes) and (webhook.failures or webhook.waits_until):
        names = ", ".join(f"{name} = :{name}" for name in subscriptions.HEALTHY)
        db.run(f"UPDATE webhooks SET {names} WHERE key = :key", key=webhook.key, **subscriptions.HEALTHY)
    if failures:
        began = outcomes[-failures].attempt
        _note_failures(db, now, webhook, failures, began.at if began else now)
    for one in outcomes:
        if one.verdict == "failed" and one.taken.delivery.tries > len(RETRIES):
            _tell(db, now, "webhook.missed", webhook)


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
        _tell(db, now, "webhook.switched_off", webhook)


def _gone(db: Db, now: int, webhook: Webhook) -> None:
    """The receiver answered that it wants no more, ever."""
    if db.run("DELETE FROM webhooks WHERE key = :key", key=webhook.key):
        _tell(db, now, "webhook.gone", webhook)


def _tell(db: Db, now: int, kind: str, webhook: Webhook) -> None:
    """An event of its owner's."""
    row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=webhook.user_key)
    assert row is not None
    subscriptions.tell(Ctx(db, now, USERS.load(row)), kind, webhook)
