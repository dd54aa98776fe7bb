"""The worker that sends webhook deliveries: takes those that are due, sends them, and stores the results.

No transaction is open while a request is under way. Results are stored in durable batches (webhook_settling). Taking
deliveries is not durable: if a lease is lost in a crash, another worker just takes the delivery earlier.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from ..core.webhooks import deliveries, delivery_queue, fan_out
from ..core.webhooks.delivery_queue import DeliveryCapacity, TakenDelivery
from ..core.webhooks.delivery_results import DeliveryResult
from ..db.engine import Db, Engine
from ..lib.address_rules import Rules
from ..lib.durations import MINUTE, SECOND
from ..lib.outbound import Outbound
from . import webhook_sending, webhook_settling, worker
from .webhook_queues import ENDPOINT_CONCURRENCY, DeliveryQueues
from .webhook_sending import Sender
from .webhook_settling import Settler
from .worker import Worker

log = logging.getLogger("boxwood.webhooks")
LEASE = MINUTE
"""Milliseconds until another worker may take over a delivery."""
LEASE_MARGIN = 20 * SECOND
"""A delivery with less than this left of its lease is not sent: an attempt may take 15 s."""
HELD_PER_SLOT = 4
"""A worker holds this many times as many deliveries as it sends at once, so that it always has the next one."""
MOST_UNSETTLED = 2 * webhook_settling.BATCH
"""If more results than these wait for a slow disk, the worker takes less: a crash sends those deliveries again."""


class WebhookWorker(Worker):
    """Sends deliveries; `concurrency` of them at once."""

    channel = fan_out.CHANNEL
    log = log

    def __init__(self, engine: Engine, outbound: Outbound, clock: Callable[[], int], *, concurrency: int = 64) -> None:
        super().__init__(engine, outbound, clock, concurrency=concurrency)
        self._queues = DeliveryQueues(concurrency)
        self._sender = Sender(outbound, clock)
        self._settler = Settler(engine, clock, on_stored=self.wake)
        self._just_created: deque[str] = deque(maxlen=fan_out.MOST_NOTIFIED + 1)
        """Keys of deliveries that this process has just created."""
        self._last_endpoint = ""
        """The endpoint whose turn was last."""
        self._more_endpoints = False
        """There were more endpoints than one look at the database covers."""
        self._took_some = False
        """The last look took a delivery, so there may be more."""
        self._looked_at = 0.0
        """When the worker last looked for all due deliveries, by the monotonic clock ..."""
        self._none_left = False
        """... and whether it left none."""

    # Taking

    async def take_work(self) -> bool:
        if await self._take_just_created():
            return False
        self._looked_at = time.monotonic()
        capacity = self._capacity()

        def take(db: Db) -> tuple[list[TakenDelivery], bool]:
            now = self.clock()
            expanded = fan_out.expand(db, now)
            return delivery_queue.take(db, now, capacity), expanded

        taken, expanded = await self.engine.write_soon(take, lasting=False, few=True)
        self._last_endpoint, self._more_endpoints = capacity.after, capacity.more
        self._took_some = bool(taken)
        can_take = capacity.total > 0 and min(capacity.limits.values(), default=ENDPOINT_CONCURRENCY) > 0
        self._none_left = can_take and not taken
        self._receive(taken)
        return expanded or (capacity.more and capacity.total > 0)

    async def _take_just_created(self) -> bool:
        """Take the few deliveries that this process has just created, with one statement instead of four. Returns
        whether that was all. The worker still looks for all due deliveries from time to time.
        """
        keys = list(self._just_created)
        self._just_created.clear()
        few = 0 < len(keys) <= fan_out.MOST_NOTIFIED and not self.engine.one_process
        if not few or not self._none_left or time.monotonic() - self._looked_at > worker.POLL_SECONDS:
            return False
        capacity = self._capacity()
        if len(keys) > capacity.total or any(capacity.limit(deliveries.webhook_of(key)) <= 0 for key in keys):
            return False
        taken = await self.engine.write_alone_soon(
            lambda db: delivery_queue.take_just_created(db, self.clock(), capacity, keys)
        )
        self._receive(taken)
        return len(taken) == len(keys)

    def _capacity(self) -> DeliveryCapacity:
        held = len(self.in_flight) + self._queues.ready_count()
        too_many_unsettled = max(0, self._settler.unsettled() - MOST_UNSETTLED)
        return DeliveryCapacity(
            worker=self.name,
            lease_until=self.clock() + LEASE,
            total=max(0, HELD_PER_SLOT * self.concurrency - held - too_many_unsettled),
            retries=max(0, self.concurrency // 2 - self._queues.retries),
            each=ENDPOINT_CONCURRENCY,
            limits=self._queues.limits(),
            after=self._last_endpoint,
            more=self._more_endpoints,
        )

    def is_work_due(self, db: Db) -> bool:
        return delivery_queue.is_work_due(db, self.clock())

    def release_leases(self, db: Db) -> None:
        delivery_queue.release_leases(db, self.clock())

    def on_notification(self, keys: list[str]) -> None:
        self._just_created.extend(keys)

    # Sending

    def _receive(self, taken: list[TakenDelivery]) -> None:
        for delivery in taken:
            self._queues.put(delivery)
        self._start_sending()

    def _start_sending(self) -> None:
        """Start tasks up to the concurrency. If no endpoint is ready, store the results so far and take more."""
        while len(self.in_flight) < self.concurrency and (taken := self._queues.next()):
            self.start(partial(self._send_in_turn, taken))
        if not self._queues.ready and self._settler.waiting() > 1:
            self._settler.settle()
            if self._took_some:
                self.wake()

    async def _send_in_turn(self, taken: TakenDelivery) -> None:
        """Send this delivery, and then others in the same task for as long as any is ready."""
        await self._send(taken)
        while following := self._queues.next():
            self._start_sending()
            await self._send(following)

    def task_ended(self) -> None:
        self._start_sending()

    async def _send(self, taken: TakenDelivery) -> None:
        results = [DeliveryResult(each, "not_sent") for each in taken.batch]
        try:
            if taken.delivery.due_at - self.clock() > min(LEASE_MARGIN, LEASE // 3):
                results = await self._sender.send(taken)
        except Exception:
            log.exception("a delivery failed on our side", extra={"delivery": taken.delivery.key})
            error = "could not be sent: this server's fault"
            results = [webhook_sending.failed(each, self.clock(), 0, error) for each in taken.batch]
        finally:
            given_up = self._queues.finish(taken, results[0].verdict)
            for result in results:
                self._settler.add(result, busy=bool(self._queues.ready))
            self._give_back(given_up)

    def _give_back(self, not_sent: list[TakenDelivery]) -> None:
        for delivery in not_sent:
            for each in delivery.batch:
                self._settler.add(DeliveryResult(each, "not_sent"), busy=bool(self._queues.ready))

    async def drain(self) -> None:
        """Give back the deliveries that were not sent, wait for those in flight, and store all results."""
        self._give_back(self._queues.clear())
        await super().drain()
        await self._settler.close()


def running(
    engine: Engine, rules: Rules, clock: Callable[[], int], *, concurrency: int = 64
) -> contextlib.AbstractAsyncContextManager[WebhookWorker]:
    """Run a webhook worker in this event loop until the block ends."""

    def make(outbound: Outbound) -> WebhookWorker:
        return WebhookWorker(engine, outbound, clock, concurrency=concurrency)

    return worker.running(make, rules)
