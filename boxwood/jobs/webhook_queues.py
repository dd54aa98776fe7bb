"""The deliveries that a webhook worker holds: a queue per endpoint, which take turns.

A slow endpoint costs the others nothing: it has a limit of its own, and one host gets at most half of the worker.
"""

from __future__ import annotations

from collections import Counter, deque

from ..core.webhooks.deliveries import RETRY
from ..core.webhooks.delivery_queue import TakenDelivery
from ..core.webhooks.delivery_results import TRIED

ENDPOINT_CONCURRENCY = 8
"""The most deliveries in flight to one endpoint."""
PROBE_CONCURRENCY = 2
"""The same for an endpoint whose last attempt failed, until an attempt succeeds."""
PREFETCH = 64
"""Deliveries that a worker holds for an endpoint whose last attempt succeeded, so that the next is at hand when one
returns."""
MOST_QUEUES = 1000
"""Above this number, the queue of an endpoint is dropped when it is empty."""


class EndpointQueue:
    """The deliveries that this worker holds for one endpoint."""

    __slots__ = ("host", "in_flight", "is_ready", "last_attempt", "waiting")

    def __init__(self, host: str) -> None:
        self.host = host
        self.waiting: deque[TakenDelivery] = deque()
        self.in_flight = 0
        self.is_ready = False
        """It is in the line of queues that can send a delivery now."""
        self.last_attempt = 0
        """1 if it succeeded, -1 if it failed, 0 before the first one."""

    def concurrency(self) -> int:
        return PROBE_CONCURRENCY if self.last_attempt < 0 else ENDPOINT_CONCURRENCY

    def capacity(self) -> int:
        """How many more deliveries the worker may take for this endpoint."""
        most = PREFETCH if self.last_attempt > 0 else self.concurrency()
        return most - self.in_flight - len(self.waiting)


class DeliveryQueues:
    """All deliveries that a worker holds, by endpoint."""

    def __init__(self, concurrency: int) -> None:
        self.host_concurrency = concurrency // 2
        self.retries = 0
        """Held deliveries that failed before."""
        self.ready: deque[EndpointQueue] = deque()
        """Queues that can send a delivery now, in the order of their turns."""
        self._by_endpoint: dict[str, EndpointQueue] = {}
        self._in_flight_by_host: Counter[str] = Counter()
        self._blocked_by_host: dict[str, list[EndpointQueue]] = {}
        """Queues that wait because their host has as many in flight as it may have."""

    def put(self, delivery: TakenDelivery) -> None:
        key = delivery.webhook.key
        queue = self._by_endpoint.get(key)
        if queue is None:
            host = delivery.webhook.target_url.partition("://")[2].partition("/")[0]
            queue = self._by_endpoint[key] = EndpointQueue(host)
        queue.waiting.append(delivery)
        self.retries += delivery.delivery.rank == RETRY
        self._line_up(queue)

    def next(self) -> TakenDelivery | None:
        """Take out the delivery to send next, which is in flight from now on; None if no queue can send."""
        while self.ready:
            queue = self.ready.popleft()
            queue.is_ready = False
            if not queue.waiting:
                continue
            if self._in_flight_by_host[queue.host] >= self.host_concurrency:
                self._blocked_by_host.setdefault(queue.host, []).append(queue)
                continue
            queue.in_flight += 1
            self._in_flight_by_host[queue.host] += 1
            delivery = queue.waiting.popleft()
            self._line_up(queue)
            return delivery
        return None

    def finish(self, delivery: TakenDelivery, verdict: str) -> list[TakenDelivery]:
        """A delivery is no longer in flight. Returns the deliveries that are given up because the endpoint fails."""
        queue = self._by_endpoint[delivery.webhook.key]
        queue.in_flight -= 1
        self._in_flight_by_host[queue.host] -= 1
        if not self._in_flight_by_host[queue.host]:
            del self._in_flight_by_host[queue.host]
        for blocked in self._blocked_by_host.pop(queue.host, ()):
            self._line_up(blocked)
        self.retries -= delivery.delivery.rank == RETRY
        if verdict in TRIED:
            queue.last_attempt = 1 if verdict == "done" else -1
        given_up = self._clear(queue) if queue.last_attempt < 0 else []
        self._line_up(queue)
        if not queue.in_flight and not queue.waiting and len(self._by_endpoint) > MOST_QUEUES:
            del self._by_endpoint[delivery.webhook.key]
        return given_up

    def clear(self) -> list[TakenDelivery]:
        """Take out all deliveries that are not in flight."""
        return [delivery for queue in self._by_endpoint.values() for delivery in self._clear(queue)]

    def ready_count(self) -> int:
        """Deliveries of the endpoints that can be sent to now."""
        return sum(len(queue.waiting) for queue in self.ready)

    def limits(self) -> dict[str, int]:
        """How many more deliveries the worker may take, by endpoint."""
        return {key: queue.capacity() for key, queue in self._by_endpoint.items()}

    def _line_up(self, queue: EndpointQueue) -> None:
        if not queue.is_ready and queue.waiting and queue.in_flight < queue.concurrency():
            queue.is_ready = True
            self.ready.append(queue)

    def _clear(self, queue: EndpointQueue) -> list[TakenDelivery]:
        given_up = list(queue.waiting)
        queue.waiting.clear()
        self.retries -= sum(delivery.delivery.rank == RETRY for delivery in given_up)
        return given_up
