"""The worker that continues the runs of automations and sends their requests.

One look at the database takes a few due runs and lets each go as far as it can without a request: few at a time, so
that other writes get in between. On PostgreSQL several such transactions run at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from ..core.automations import run_queue, runs, schedules
from ..core.automations.run_engine import OutsideStep, StepOutcome
from ..core.webhooks.worker_capacity import WorkerCapacity
from ..db.engine import Db, Engine
from ..lib import requests, signing
from ..lib.address_rules import Refused, Rules, check_headers
from ..lib.outbound import Outbound, Reply, Unreachable
from . import worker
from .worker import RETRY_SECONDS, Worker

log = logging.getLogger("boxwood.automations")
SCHEDULE_SECONDS = 1.0
"""How often the worker checks for automations that start by time."""
STARTED_AT_ONCE = 100
"""Runs that one transaction starts for an automation that starts by time."""
TAKEN_AT_ONCE = 8
"""Runs in one transaction."""
TRANSACTIONS_AT_ONCE = 8
"""On PostgreSQL: while some wait for the server, another computes."""
AUTOMATION_CONCURRENCY = 8
"""The most requests in flight of one automation."""
MOST_FAILURES = 3
"""A run ends as failed after the database failed with it this many times."""
STORED_HEADERS = ("content-type", "location", "x-request-id", "retry-after")


class AutomationWorker(Worker):
    """Continues runs; `concurrency` is the number of requests in flight at once."""

    channel = runs.CHANNEL
    log = log

    def __init__(self, engine: Engine, outbound: Outbound, clock: Callable[[], int], *, concurrency: int = 256) -> None:
        super().__init__(engine, outbound, clock, concurrency=concurrency)
        self._last_automation = ""
        """The automation whose turn was last."""
        self._in_flight_by_automation: Counter[str] = Counter()
        self._failures_by_run: Counter[str] = Counter()
        """How often the database failed with a run."""
        self._schedule: asyncio.Task[None] | None = None

    async def run(self) -> None:
        self._schedule = asyncio.create_task(self._start_by_time())
        await super().run()

    async def drain(self) -> None:
        if self._schedule is not None:
            self._schedule.cancel()
            await asyncio.gather(self._schedule, return_exceptions=True)
        await super().drain()

    # Taking

    async def take_work(self) -> bool:
        free = self.concurrency - len(self.in_flight)
        if free <= 0:
            return False
        transactions = 1 if self.engine.one_process else TRANSACTIONS_AT_ONCE
        take = partial(self._take, now=self.clock(), total=min(TAKEN_AT_ONCE, max(1, free // transactions)))
        taken = await asyncio.gather(*(self.engine.write_soon(take) for _ in range(transactions)))
        for _, requests_to_send in taken:
            for outside in requests_to_send:
                self._start_request(outside)
        return any(count for count, _ in taken)

    def _take(self, db: Db, *, now: int, total: int) -> tuple[int, list[OutsideStep]]:
        limits = {key: AUTOMATION_CONCURRENCY - count for key, count in self._in_flight_by_automation.items()}
        capacity = WorkerCapacity(worker=self.name, total=total, each=total, limits=limits, after=self._last_automation)
        found = run_queue.take(db, now, capacity)
        self._last_automation = capacity.after
        return found

    def is_work_due(self, db: Db) -> bool:
        return run_queue.is_work_due(db, self.clock())

    def can_take_more(self) -> bool:
        return len(self.in_flight) < self.concurrency

    def release_leases(self, db: Db) -> None:
        run_queue.release_leases(db, self.clock())

    async def recover(self) -> None:
        """Continue the due runs each in a transaction of its own, to find the run that the database fails with."""
        try:
            due = await self.engine.read_soon(lambda db: run_queue.due(db, self.clock(), TAKEN_AT_ONCE * 4))
            for key in due:
                await self._take_alone(key)
        except Exception:
            log.exception("the database failed; the worker tries again")
        await asyncio.sleep(RETRY_SECONDS)

    async def _take_alone(self, key: str) -> None:
        try:
            take = partial(run_queue.take_run, now=self.clock(), key=key, worker=self.name)
            if outside := await self.engine.write_soon(take):
                self._start_request(outside)
        except Exception:
            self._failures_by_run[key] += 1
            log.exception("the database failed with a run", extra={"run": key})
            if self._failures_by_run[key] >= MOST_FAILURES:
                del self._failures_by_run[key]
                await self.engine.write_soon(partial(run_queue.give_up, now=self.clock(), key=key))

    # Starting runs by time

    async def _start_by_time(self) -> None:
        while True:
            try:
                for key in await self.engine.read_soon(lambda db: schedules.due(db, self.clock())):
                    await self._start_runs_of(key)
            except Exception:
                log.exception("automations that start by time were not checked; the worker tries again")
            await asyncio.sleep(SCHEDULE_SECONDS)

    async def _start_runs_of(self, key: str) -> None:
        """Start the runs of one automation that are due, in slices, so that other writes get in between."""
        now = self.clock()
        checked = await self.engine.read_soon(partial(schedules.check, now=now, key=key))
        if checked is None:
            return
        for at in range(0, len(checked.found), STARTED_AT_ONCE):
            some = checked.found[at : at + STARTED_AT_ONCE]
            await self.engine.write_soon(partial(schedules.start_runs, now=now, checked=checked, found=some))
        await self.engine.write_soon(partial(schedules.set_next_check, now=now, checked=checked))

    # Requests

    def _start_request(self, outside: OutsideStep) -> None:
        self._in_flight_by_automation[outside.automation.key] += 1
        self.start(partial(self._send_and_continue, outside))

    async def _send_and_continue(self, outside: OutsideStep) -> None:
        """Send the request of a step, store its result, and continue the run."""
        try:
            try:
                outcome = await self._send(outside)
            except Exception:
                log.exception("a step failed on our side", extra={"run": outside.run.key})
                outcome = StepOutcome(outside, 0, {}, "this server's fault; it is in its log", again=True)
            settle = partial(run_queue.settle, now=self.clock(), outcome=outcome, worker=self.name)
            if following := await self.engine.write_soon(settle):
                self._start_request(following)
        except Exception:
            log.exception("the result of a step was not stored; its lease will end", extra={"run": outside.run.key})
        finally:
            key = outside.automation.key
            self._in_flight_by_automation[key] -= 1
            if not self._in_flight_by_automation[key]:
                del self._in_flight_by_automation[key]

    async def _send(self, outside: OutsideStep) -> StepOutcome:
        began = time.perf_counter()
        try:
            request = requests.build(outside.given)
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
        return judge(outside, reply, at)


def judge(outside: OutsideStep, reply: Reply, at: int) -> StepOutcome:
    """What a reply means: any 2xx is a success; 408, 425, 429 and 5xx are tried again; everything else is final."""
    secrets = outside.secret_values
    headers = {name: requests.hide(value, secrets) for name, value in reply.headers.items() if name in STORED_HEADERS}
    body = requests.read(reply.body, secrets)
    output: dict[str, Any] = {"status": reply.status, "headers": headers, "body": body}
    if 200 <= reply.status < 300:
        return StepOutcome(outside, int(reply.ms), output)
    again = reply.status in (408, 425, 429) or reply.status >= 500
    error = f"it answered {reply.status}"
    return StepOutcome(outside, int(reply.ms), output, error, again, reply.retry_after(at))


def running(
    engine: Engine, rules: Rules, clock: Callable[[], int], *, concurrency: int = 256
) -> contextlib.AbstractAsyncContextManager[AutomationWorker]:
    """Run an automation worker in this event loop until the block ends."""

    def make(outbound: Outbound) -> AutomationWorker:
        return AutomationWorker(engine, outbound, clock, concurrency=concurrency)

    return worker.running(make, rules)
