"""The worker that lets automations' runs go on, and does for them what is done outside: requests.

One turn at the database takes runs that are due and lets each go as far as it can: a few at a time, so that other
people's writes get in between. On PostgreSQL several turns are under way at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from ..core.automations import run_queue, runs, schedules
from ..core.automations.run_engine import Outside, StepOutcome
from ..core.automations.run_queue import RunCapacity
from ..db.engine import Db, Engine
from ..lib import requests, signing
from ..lib.address_rules import Refused, Rules, check_headers
from ..lib.outbound import Outbound, Reply, Unreachable
from ..version import VERSION
from .webhook_requests import retry_after

log = logging.getLogger("boxwood.automations")
POLL = 0.25
LOOK = 1.0
"""How often rules that go by time are looked for."""
SLICE = 100
"""Runs begun at once of what came by itself."""
AT_ONCE = 8
"""Runs in a turn."""
TURNS = 8
"""Turns at once on PostgreSQL: while some wait for the server, another thinks."""
EACH = 8
"""Steps of one rule that are done outside at once."""
PAUSE = 1.0
PATIENCE = 3.0
BAD_TRIES = 3
"""After so many turns that the store failed in, a run is given up."""
KEPT_HEADERS = ("content-type", "location", "x-request-id", "retry-after")


class Worker:
    """One of any number, each with a name by which its leases are known."""

    def __init__(
        self,
        engine: Engine,
        outbound: Outbound,
        clock: Callable[[], int],
        *,
        slots: int = 256,
    ) -> None:
        self.engine = engine
        self.outbound = outbound
        self.clock = clock
        self.slots = slots
        self.name = os.urandom(6).hex()
        self._after = ""
        self._flights: set[asyncio.Task[None]] = set()
        self._of_rule: Counter[str] = Counter()
        self._bad: Counter[str] = Counter()
        self._awake = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Until `stop`; what goes wrong is logged and tried again."""
        self.engine.listen(runs.CHANNEL, self._waker())
        if self.engine.one_process:
            await self.engine.write_soon(lambda db: run_queue.take_back(db, self.clock()))
        looking = asyncio.create_task(self._look_at_the_clock())
        while not self._stopping:
            try:
                if not await self._turn():
                    await self._rest()
            except Exception:
                log.exception("a turn failed; its runs are tried one by one")
                await self._one_by_one()
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await self._land()

    def stop(self) -> None:
        self._stopping = True
        self._awake.set()

    def _waker(self) -> Callable[[list[str]], None]:
        loop = asyncio.get_running_loop()

        def wake(_: list[str]) -> None:
            if not self._awake.is_set():
                with contextlib.suppress(RuntimeError):  # the loop was closed
                    loop.call_soon_threadsafe(self._awake.set)

        return wake

    async def _turn(self) -> bool:
        """Whether there may be more to do at once."""
        self._awake.clear()
        room = max(0, self.slots - len(self._flights))
        if not room:
            return False
        turns_at_once = 1 if self.engine.one_process else TURNS
        work = partial(self._take, now=self.clock(), total=min(AT_ONCE, max(1, room // turns_at_once)))
        taken = await asyncio.gather(*(self.engine.write_soon(work) for _ in range(turns_at_once)))
        for _, left in taken:
            for outside in left:
                self._launch(outside)
        return any(count for count, _ in taken)

    def _take(self, db: Db, *, now: int, total: int) -> tuple[int, list[Outside]]:
        limits = {key: EACH - count for key, count in self._of_rule.items()}
        room = RunCapacity(self.name, total, total, limits, self._after)
        found = run_queue.turn(db, now, room)
        self._after = room.after
        return found

    async def _rest(self) -> None:
        """Until something is due, has come back, or may have come due by itself."""
        while True:
            try:
                await asyncio.wait_for(self._awake.wait(), POLL)
                return
            except TimeoutError:
                if len(self._flights) < self.slots and await self.engine.read_soon(
                    lambda db: run_queue.anything(db, self.clock())
                ):
                    return

    async def _one_by_one(self) -> None:
        """Find out which run it is that the store fails with."""
        try:
            for key in await self.engine.read_soon(lambda db: run_queue.due(db, self.clock(), AT_ONCE * 4)):
                try:
                    work = partial(run_queue.one, now=self.clock(), key=key, worker=self.name)
                    if outside := await self.engine.write_soon(work):
                        self._launch(outside)
                except Exception:
                    self._bad[key] += 1
                    log.exception("a run failed with the store", extra={"run": key})
                    if self._bad[key] >= BAD_TRIES:
                        del self._bad[key]
                        await self.engine.write_soon(partial(run_queue.give_up, now=self.clock(), key=key))
        except Exception:
            log.exception("the store failed; it is tried again")
        await asyncio.sleep(PAUSE)

    async def _look_at_the_clock(self) -> None:
        while True:
            try:
                for key in await self.engine.read_soon(lambda db: schedules.due(db, self.clock())):
                    await self._look_at(key)
            except Exception:
                log.exception("rules that go by time were not looked at; it is tried again")
            await asyncio.sleep(LOOK)

    async def _look_at(self, key: str) -> None:
        """Begin what came by itself, a slice at a time, so that others' writes get in between."""
        now = self.clock()
        looked = await self.engine.read_soon(partial(schedules.look, now=now, key=key))
        if looked is None:
            return
        for at in range(0, len(looked.found), SLICE):
            some = looked.found[at : at + SLICE]
            await self.engine.write_soon(partial(schedules.begin, now=now, looked=looked, found=some))
        await self.engine.write_soon(partial(schedules.move_on, now=now, looked=looked))

    # Outside

    def _launch(self, outside: Outside) -> None:
        self._of_rule[outside.automation.key] += 1
        self._flights.add(asyncio.create_task(self._fly(outside)))

    async def _fly(self, outside: Outside) -> None:
        try:
            try:
                outcome = await self._request(outside)
            except Exception:
                log.exception("a step failed on our side", extra={"run": outside.run.key})
                outcome = StepOutcome(outside, 0, {}, "this server's fault; it is in its log", again=True)
            work = partial(run_queue.settle, now=self.clock(), outcome=outcome, worker=self.name)
            if more := await self.engine.write_soon(work):
                self._launch(more)
        except Exception:
            log.exception("a step was not put back; its lease will end", extra={"run": outside.run.key})
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._flights.discard(task)
            key = outside.automation.key
            self._of_rule[key] -= 1
            if not self._of_rule[key]:
                del self._of_rule[key]
            self._awake.set()

    async def _request(self, outside: Outside) -> StepOutcome:
        began = time.perf_counter()
        try:
            request = requests.made(outside.given)
            check_headers(request.headers)
        except (Refused, ValueError) as error:
            return StepOutcome(outside, 0, {}, str(error))
        at = self.clock()
        signed = signing.sign(outside.automation.signing_secrets(at), outside.id, at // 1000, request.body)
        headers = {
            **request.headers,
            **signed,
            "X-Boxwood-Automation": outside.automation.key,
            "X-Boxwood-Attempt": str(outside.run.tries),
        }
        try:
            reply = await self.outbound.send(request.method, request.url, headers, request.body)
        except Unreachable as unreachable:
            ms = int((time.perf_counter() - began) * 1000)
            again = not isinstance(unreachable.__cause__, Refused)
            return StepOutcome(outside, ms, {}, unreachable.reason, again=again)
        return judged(outside, reply, at)

    async def _land(self) -> None:
        """Give what is in the air a moment; the rest comes due when its lease ends, or with the next start."""
        if self._flights:
            await asyncio.wait(self._flights, timeout=PATIENCE)
        for flight in list(self._flights):
            flight.cancel()
        if self._flights:
            await asyncio.wait(self._flights)


def judged(outside: Outside, reply: Reply, at: int) -> StepOutcome:
    """Any 2xx is well; 408, 425, 429 and 5xx are tried again; everything else is final."""
    headers = {name: value for name, value in reply.headers.items() if name in KEPT_HEADERS}
    body = requests.read(reply.body, outside.automation.secrets.values())
    output: dict[str, Any] = {"status": reply.status, "headers": headers, "body": body}
    if 200 <= reply.status < 300:
        return StepOutcome(outside, int(reply.ms), output)
    again = reply.status in (408, 425, 429) or reply.status >= 500
    after = retry_after(reply.headers.get("retry-after", ""), at)
    return StepOutcome(outside, int(reply.ms), output, f"it answered {reply.status}", again, after)


@contextlib.asynccontextmanager
async def working(engine: Engine, rules: Rules, clock: Callable[[], int], *, slots: int = 256) -> AsyncIterator[Worker]:
    """A worker in this event loop for as long as the block lasts."""
    async with Outbound(rules, agent=f"Boxwood/{VERSION}") as outbound:
        worker = Worker(engine, outbound, clock, slots=slots)
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await running
