"""The worker that sends deliveries: takes what is due, sends it, and puts it back with what became of it.

No transaction is open while anything is sent. What has come back is settled many at a time and durably; more is taken
meanwhile, and that waits for no disk: a lease that is lost is no loss.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable

from ..core.events import Event
from ..core.webhooks import deliveries, delivery_queue, delivery_results, fan_out
from ..core.webhooks.deliveries import RETRY, DeliveryAttempt
from ..core.webhooks.delivery_queue import DeliveryCapacity, Taken
from ..core.webhooks.delivery_results import DeliveryResult
from ..db.engine import Db, Engine
from ..lib.address_rules import Rules
from ..lib.durations import MINUTE
from ..lib.outbound import Outbound, Unreachable
from ..version import VERSION
from ..wire import payloads
from . import webhook_requests

log = logging.getLogger("boxwood.webhooks")
LEASE = MINUTE
# Less than this left of a lease is too little for an attempt, which may take 15 s.
SPARE = 20_000
POLL = 0.25
SETTLE_AT, SETTLE_AFTER = 128, 0.002
SETTLE_BUSY = 0.02
"""Where more is at hand, what came back may wait this long for company."""
HELD = 4
"""Times as many are held as there are slots, so that they are filled between two turns."""
UNSETTLED = 2 * SETTLE_AT
"""When more than these wait for a slow disk, less is taken: a crash repeats what was not settled."""
EACH = 8
"""In flight to one address."""
AHEAD = 64
"""Held of one address that answers well, so that the next is at hand when one returns."""
WARY = 2
"""In flight to one whose last answer was a failure, until one succeeds."""
KEPT_BODIES = 256
MOST_LANES = 1000
PAUSE = 1.0
"""After something went wrong."""
PATIENCE = 3.0
"""For what is in flight when the worker is told to stop."""


class Lane:
    """What a worker holds of one address."""

    __slots__ = ("flying", "host", "queued", "state", "waiting")

    def __init__(self, host: str) -> None:
        self.host = host
        self.waiting: deque[Taken] = deque()
        self.flying = 0
        self.queued = False
        self.state = 0
        """How its last attempt went: 1 well, -1 badly, 0 for none yet."""

    def width(self) -> int:
        return WARY if self.state < 0 else EACH

    def room(self) -> int:
        most = AHEAD if self.state > 0 else self.width()
        return most - self.flying - len(self.waiting)


class Worker:
    """One of any number, each with a name by which its leases are known."""

    def __init__(
        self, engine: Engine, outbound: Outbound, clock: Callable[[], int], *, slots: int = 64, lease: int = LEASE
    ) -> None:
        self.engine = engine
        self.outbound = outbound
        self.clock = clock
        self.slots = slots
        self.lease = LEASE
        self.name = os.urandom(6).hex()
        self._lanes: dict[str, Lane] = {}
        self._queue: deque[Lane] = deque()
        """Lanes that could send one more, in turn."""
        self._hosts: Counter[str] = Counter()
        self._held_up: dict[str, list[Lane]] = {}
        """Lanes to hosts that have all they may, by host."""
        self._flights: set[asyncio.Task[None]] = set()
        self._retries = 0
        self._outcomes: list[DeliveryResult] = []
        self._settled: list[DeliveryResult] = []
        """Those that are just being written down."""
        self._settling: asyncio.Task[None] | None = None
        self._last = ""
        self._more = False
        """The last turn took something, so there may be more."""
        self._many = False
        """There were more addresses than one turn looks at."""
        self._bodies: dict[int, bytes] = {}
        self._told: deque[str] = deque(maxlen=fan_out.MOST_TOLD + 1)
        """Deliveries that this process has just made."""
        self._looked = 0.0
        """When all that is due was looked at last ..."""
        self._nothing = False
        """... and nothing was left."""
        self._awake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False

    async def run(self) -> None:
        """Until `stop`; what goes wrong is logged and tried again."""
        self.engine.listen(fan_out.CHANNEL, self._waker())
        if self.engine.one_process:
            await self.engine.write_soon(lambda db: delivery_queue.take_back(db, self.clock()))
        while not self._stopping:
            try:
                if not await self._turn():
                    await self._rest()
            except Exception:
                log.exception("a turn failed; it is tried again")
                await asyncio.sleep(PAUSE)
        await self._land()

    def stop(self) -> None:
        self._stopping = True
        self._awake.set()

    def _waker(self) -> Callable[[list[str]], None]:
        loop = asyncio.get_running_loop()

        def wake(keys: list[str]) -> None:
            self._told.extend(keys)
            if not self._awake.is_set():
                with contextlib.suppress(RuntimeError):  # the loop was closed
                    loop.call_soon_threadsafe(self._awake.set)

        return wake

    # At the database

    async def _turn(self) -> bool:
        """Take more; whether another turn is wanted at once."""
        self._awake.clear()
        if await self._take_told():
            return False
        self._looked = time.monotonic()
        room = self._room()

        def turn(db: Db) -> tuple[list[Taken], bool]:
            now = self.clock()
            many = fan_out.expand(db, now)
            return delivery_queue.take(db, now, room), many

        taken, many = await self.engine.write_soon(turn, lasting=False, few=True)
        self._last, self._many, self._more = room.after, room.more, bool(taken)
        self._nothing = not taken and room.total > 0 and min(room.limits.values(), default=EACH) > 0
        self._receive(taken)
        return many or (room.more and room.total > 0)

    async def _take_told(self) -> bool:
        """What this process has just made, where it is little: one way to the server in place of four. Whether that
        was all there is to do; now and then everything is looked at nevertheless."""
        keys = list(self._told)
        self._told.clear()
        few = 0 < len(keys) <= fan_out.MOST_TOLD and not self.engine.one_process
        if not few or not self._nothing or time.monotonic() - self._looked > POLL:
            return False
        room = self._room()
        if len(keys) > room.total or any(room.limits.get(deliveries.webhook_of(key), EACH) <= 0 for key in keys):
            return False
        taken = await self.engine.one_soon(lambda db: delivery_queue.take_told(db, self.clock(), room, keys))
        self._receive(taken)
        return len(taken) == len(keys)

    def _room(self) -> DeliveryCapacity:
        ready = sum(len(lane.waiting) for lane in self._queue)
        unsettled = len(self._outcomes) + len(self._settled)
        return DeliveryCapacity(
            worker=self.name,
            lease_until=self.clock() + self.lease,
            total=max(0, HELD * self.slots - len(self._flights) - ready - max(0, unsettled - UNSETTLED)),
            retries=max(0, self.slots // 2 - self._retries),
            each=EACH,
            limits={key: lane.room() for key, lane in self._lanes.items()},
            after=self._last,
            more=self._many,
        )

    def _settle(self) -> None:
        if self._settling is None and self._outcomes:
            self._settling = asyncio.create_task(self._settle_all())

    async def _settle_all(self) -> None:
        """What comes back meanwhile is settled next. Then there may be more to take: what waited for its head."""
        while self._outcomes:
            self._settled, self._outcomes = self._outcomes, []
            try:
                await self.engine.write_soon(
                    lambda db: delivery_results.settle(db, self.clock(), self._settled), few=True
                )
                self._settled = []
            except Exception:
                log.exception("what came back was not settled; it is tried again")
                self._settled, self._outcomes = [], self._settled + self._outcomes
                await asyncio.sleep(PAUSE)
        self._settling = None
        self._awake.set()

    async def _rest(self) -> None:
        """Until something is due, has come back, or may have come due by itself."""
        while True:
            try:
                await asyncio.wait_for(self._awake.wait(), POLL)
                return
            except TimeoutError:
                if await self.engine.read_soon(lambda db: delivery_queue.anything(db, self.clock())):
                    return

    # In the air

    def _receive(self, taken: list[Taken]) -> None:
        for one in taken:
            key = one.webhook.key
            lane = self._lanes.get(key)
            if lane is None:
                host = one.webhook.target_url.partition("://")[2].partition("/")[0]
                lane = self._lanes[key] = Lane(host)
            lane.waiting.append(one)
            self._retries += one.delivery.rank == RETRY
            self._enqueue(lane)
        self._launch()

    def _enqueue(self, lane: Lane) -> None:
        if not lane.queued and lane.waiting and lane.flying < lane.width():
            lane.queued = True
            self._queue.append(lane)

    def _launch(self) -> None:
        """Fill the slots, one of each address in turn; one host gets at most half of them."""
        while len(self._flights) < self.slots and (first := self._next()):
            self._flights.add(asyncio.create_task(self._fly(*first)))
        if not self._queue and len(self._outcomes) > 1:
            self._settle()
            if self._more:
                self._awake.set()

    def _next(self) -> tuple[Lane, Taken] | None:
        """One of the address whose turn it is."""
        while self._queue:
            lane = self._queue.popleft()
            lane.queued = False
            if not lane.waiting:
                continue
            if self._hosts[lane.host] >= self.slots // 2:
                self._held_up.setdefault(lane.host, []).append(lane)
                continue
            lane.flying += 1
            self._hosts[lane.host] += 1
            taken = lane.waiting.popleft()
            self._enqueue(lane)
            return lane, taken
        return None

    async def _fly(self, lane: Lane, taken: Taken) -> None:
        """A slot: one after the other, for as long as there are any."""
        try:
            await self._send_one(lane, taken)
            while following := self._next():
                self._launch()
                await self._send_one(*following)
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._flights.discard(task)
            self._launch()

    async def _send_one(self, lane: Lane, taken: Taken) -> None:
        outcome = DeliveryResult(taken, "left")
        try:
            if taken.delivery.due_at - self.clock() > min(SPARE, self.lease // 3):
                outcome = await self._send(taken)
        except Exception:
            log.exception("a delivery failed on our side", extra={"delivery": taken.delivery.key})
            outcome = self._failed(taken, self.clock(), 0, "could not be sent: this server's fault")
        finally:
            self._return(lane, outcome)

    def _return(self, lane: Lane, outcome: DeliveryResult) -> None:
        lane.flying -= 1
        self._hosts[lane.host] -= 1
        if not self._hosts[lane.host]:
            del self._hosts[lane.host]
        for other in self._held_up.pop(lane.host, ()):
            self._enqueue(other)
        self._put_back(outcome)
        if outcome.verdict in delivery_results.TRIED:
            lane.state = 1 if outcome.verdict == "done" else -1
        if lane.state < 0:
            while lane.waiting:
                self._put_back(DeliveryResult(lane.waiting.popleft(), "left"))
        self._enqueue(lane)
        if not lane.flying and not lane.waiting and len(self._lanes) > MOST_LANES:
            self._lanes.pop(outcome.taken.webhook.key, None)

    def _put_back(self, outcome: DeliveryResult) -> None:
        self._outcomes.append(outcome)
        self._retries -= outcome.taken.delivery.rank == RETRY
        if len(self._outcomes) >= SETTLE_AT:
            self._settle()
        elif len(self._outcomes) == 1:
            pause = SETTLE_BUSY if self._queue else SETTLE_AFTER
            self._timer = asyncio.get_running_loop().call_later(pause, self._settle)

    async def _send(self, taken: Taken) -> DeliveryResult:
        at = self.clock()
        if taken.webhook.condition and not taken.delivery.test and taken.event is not None:
            holds = await asyncio.to_thread(webhook_requests.holds, taken.webhook.condition, taken.event)
            if holds is not True:
                why = f"not sent, as the condition cannot be judged: {holds}"
                return self._failed(taken, at, 0, why, "unjudged") if holds else DeliveryResult(taken, "unwanted")
        url = taken.webhook.target_url
        body = self._body(taken.event)
        began = time.perf_counter()
        try:
            reply = await self.outbound.send("POST", url, webhook_requests.headers(taken, at, body), body)
        except Unreachable as unreachable:
            return self._failed(taken, at, int((time.perf_counter() - began) * 1000), unreachable.reason)
        return webhook_requests.judged(taken, at, reply)

    def _body(self, event: Event | None) -> bytes:
        if event is None:
            return payloads.EMPTY
        body = self._bodies.get(event.id)
        if body is None:
            if len(self._bodies) >= KEPT_BODIES:
                self._bodies.clear()
            body = self._bodies[event.id] = payloads.body(event)
        return body

    def _failed(self, taken: Taken, at: int, ms: int, error: str, verdict: str = "failed") -> DeliveryResult:
        attempt = DeliveryAttempt(taken.delivery.attempts, at, ms, taken.webhook.target_url, error=error)
        return DeliveryResult(taken, verdict, attempt)

    async def _land(self) -> None:
        """Give what is in the air a moment, then hand back everything."""
        for lane in self._lanes.values():
            while lane.waiting:
                self._put_back(DeliveryResult(lane.waiting.popleft(), "left"))
        if self._flights:
            await asyncio.wait(self._flights, timeout=PATIENCE)
        for flight in list(self._flights):
            flight.cancel()
        if self._flights:
            await asyncio.wait(self._flights)
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.wait([self._settling])
        settled = self._settled + self._outcomes
        await self.engine.write_soon(lambda db: delivery_results.settle(db, self.clock(), settled))


@contextlib.asynccontextmanager
async def working(engine: Engine, rules: Rules, clock: Callable[[], int], *, slots: int = 64) -> AsyncIterator[Worker]:
    """A worker in this event loop for as long as the block lasts."""
    async with Outbound(rules, agent=f"Boxwood/{VERSION}") as outbound:
        worker = Worker(engine, outbound, clock, slots=slots)
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await running
