"""What API keys are used for, in memory until a job stores it (`core/accounts/key_usage`)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from ...core.accounts import key_usage
from ...core.accounts.key_usage import LAST, KeyRequest, Used
from ...db.engine import Db
from ...lib.durations import DAY


class Usage:
    """Counts and last requests that are not stored yet. Thread-safe."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._counts: dict[Used, int] = {}
        self._last: dict[str, deque[KeyRequest]] = {}

    def note(self, request: KeyRequest) -> None:
        """Count a request that was answered."""
        key = request.key
        used = Used(key, request.at // DAY, request.route, request.status, False)
        with self._lock:
            self._counts[used] = self._counts.get(used, 0) + 1
            last = self._last.get(key)
            if last is None:
                last = self._last[key] = deque(maxlen=LAST)
            last.append(request)

    def note_part(self, key: str, route: str, status: int) -> None:
        """Count an operation of a batch."""
        used = Used(key, self.clock() // DAY, route, status, True)
        with self._lock:
            self._counts[used] = self._counts.get(used, 0) + 1

    def counts(self, db: Db, key: str, since: int) -> dict[Used, int]:
        """The counts of a key from the day `since` on, stored or not."""
        found = key_usage.counts(db, key, since)
        with self._lock:
            for used, count in self._counts.items():
                if used.key == key and used.day >= since:
                    found[used] = found.get(used, 0) + count
        return found

    def last_requests(self, db: Db, key: str) -> list[KeyRequest]:
        """The last requests of a key, the newest first."""
        with self._lock:
            waiting = list(self._last.get(key, ()))
        stored = key_usage.last_requests(db, key)
        return sorted([*reversed(waiting), *stored], key=lambda request: -request.at)[:LAST]

    def store(self, write: Callable[[Callable[[Db], None]], None]) -> None:
        """Store what was collected. `write` runs a function in a transaction. If it fails, all waits again."""
        with self._lock:
            counts, self._counts = self._counts, {}
            last, self._last = self._last, {}
        if not counts:
            return
        requests = [request for each in last.values() for request in each]
        try:
            write(lambda db: key_usage.store(db, counts, requests))
        except BaseException:
            with self._lock:
                for used, count in counts.items():
                    self._counts[used] = self._counts.get(used, 0) + count
                for key, each in last.items():
                    self._last[key] = deque([*each, *self._last.get(key, ())], maxlen=LAST)
            raise
