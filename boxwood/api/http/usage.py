"""What API keys are used for, in memory until a job stores it (`core/accounts/key_usage`)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from ...core.accounts import key_usage
from ...core.accounts.key_usage import LAST, KeyRequest, Used
from ...db.engine import Db
from ...lib.durations import DAY

LONGEST_PATH = 300
"""Characters of a path that the list of requests of an API key has."""
Caller = tuple[str, str, bytes]
"""The record key of the API key, the address of the connection, and the header `X-Forwarded-For`."""
Answered = tuple[str, str, str, str, int, float]
"""The id of the request, its method, route and path, and the status and the seconds of its answer."""
_Used = tuple[str, int, str, int, bool]
"""The members of a `Used`, which takes longer to create."""
_Noted = tuple[int, Caller, Answered]


class Usage:
    """Counts and last requests that are not stored yet. Thread-safe."""

    def __init__(self, clock: Callable[[], int], source: Callable[[str, str], str]) -> None:
        """`source` returns the client's address for the address of the connection and `X-Forwarded-For`."""
        self._clock = clock
        self._source = source
        self._lock = threading.Lock()
        self._counts: dict[_Used, int] = {}
        self._last: dict[str, deque[_Noted]] = {}

    def note(self, caller: Caller, answered: Answered) -> None:
        """Count a request that was answered. What can be computed later is: every request comes here."""
        key, at = caller[0], self._clock()
        used = (key, at // DAY, answered[2], answered[4], False)
        with self._lock:
            self._counts[used] = self._counts.get(used, 0) + 1
            last = self._last.get(key)
            if last is None:
                last = self._last[key] = deque(maxlen=LAST)
            last.append((at, caller, answered))

    def _request(self, noted: _Noted) -> KeyRequest:
        at, (key, peer, forwarded), (id_, method, route, path, status, seconds) = noted
        address = self._source(peer, forwarded.decode("latin-1"))
        return KeyRequest(key, at, id_, method, route, path[:LONGEST_PATH], status, round(seconds * 1000, 2), address)

    def note_part(self, key: str, route: str, status: int) -> None:
        """Count an operation of a batch."""
        used = Used(key, self._clock() // DAY, route, status, True)
        with self._lock:
            self._counts[used] = self._counts.get(used, 0) + 1

    def counts(self, db: Db, key: str, since: int) -> dict[Used, int]:
        """The counts of a key from the day `since` on, stored or not."""
        found = key_usage.counts(db, key, since)
        with self._lock:
            for members, count in self._counts.items():
                used = Used(*members)
                if used.key == key and used.day >= since:
                    found[used] = found.get(used, 0) + count
        return found

    def last_requests(self, db: Db, key: str) -> list[KeyRequest]:
        """The last requests of a key, the newest first."""
        with self._lock:
            waiting = [self._request(noted) for noted in self._last.get(key, ())]
        stored = key_usage.last_requests(db, key)
        return sorted([*reversed(waiting), *stored], key=lambda request: -request.at)[:LAST]

    def store(self, write: Callable[[Callable[[Db], None]], None]) -> None:
        """Store what was collected. `write` runs a function in a transaction. If it fails, all waits again."""
        with self._lock:
            counts, self._counts = self._counts, {}
            last, self._last = self._last, {}
        if not counts:
            return
        named = {Used(*used): count for used, count in counts.items()}
        requests = [self._request(noted) for each in last.values() for noted in each]
        try:
            write(lambda db: key_usage.store(db, named, requests))
        except BaseException:
            with self._lock:
                for used, count in counts.items():
                    self._counts[used] = self._counts.get(used, 0) + count
                for key, each in last.items():
                    self._last[key] = deque([*each, *self._last.get(key, ())], maxlen=LAST)
            raise
