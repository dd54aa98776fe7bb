"""Records failed sign-ins in the audit log: in the background, so that the time of the response reveals nothing, and
with a rate limit, so that attackers cannot flood the log."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable

from ...core.accounts import failed_sign_ins
from ...core.accounts.failed_sign_ins import SignInAttempt
from ...db.engine import Engine
from ...lib.durations import HOUR
from ...lib.rates import Rate

log = logging.getLogger("boxwood.sign_in")
OF_ONE = Rate(6, HOUR, 6)
OF_ALL = Rate(200, HOUR, 100)
MOST_KEPT = 10_000
LONGEST_NAME = 300


class Failures:
    """The failed sign-ins of one process. Call it only in the event loop."""

    def __init__(self, engine: Engine, clock: Callable[[], int]) -> None:
        self._engine = engine
        self._clock = clock
        self._full_at = 0.0
        self._of_one: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """By e-mail address: when its bucket is full again, and how many failures were not recorded."""
        self._under_way: set[asyncio.Task[None]] = set()

    def note(self, email: str, why: str, browser: str, address: str) -> None:
        """`why` as in "Signing in as ada@example.com failed: a wrong password"."""
        now = self._clock()
        full_at, unrecorded = self._of_one.pop(email, (0.0, 0))
        this_email, every = OF_ONE.spend(full_at, now), OF_ALL.spend(self._full_at, now)
        recorded = bool(this_email.granted and every.granted)
        if recorded:
            full_at, self._full_at = this_email.full_at, every.full_at
            attempt = SignInAttempt(None, email, why, browser[:LONGEST_NAME], address, unrecorded)
            task = asyncio.create_task(self._record(attempt, now))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        self._of_one[email] = (full_at, 0 if recorded else unrecorded + 1)
        if len(self._of_one) > MOST_KEPT:
            self._of_one.popitem(last=False)

    async def _record(self, attempt: SignInAttempt, now: int) -> None:
        try:
            await self._engine.write_soon(lambda db: failed_sign_ins.record(db, attempt, now))
        except Exception:
            log.exception("a failed sign-in is not in the audit log")
