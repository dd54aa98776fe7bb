"""Rate limits: requests per API key, and wrong credentials per client address.

A single process has its buckets in memory. Several processes share buckets through the database and lease a few
requests at a time, so a request waits for the database only if its process has none left.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from ...core import rate_buckets
from ...db.engine import Engine
from ...errors import TooMany
from ...lib import client_address
from ...lib.durations import MINUTE
from ...lib.rates import Rate, Spent, read_rate

GUESSES = Rate(100, MINUTE, 100)
"""Wrong keys, passwords and tokens from one address, before more of them get status 429."""
REGISTRATIONS = Rate(60, 60 * MINUTE, 60)
"""Apps that one address may register in an hour."""
MOST_KEPT = 50_000
_rate = lru_cache(maxsize=1000)(read_rate)


class Buckets:
    """The buckets of one rate. Thread-safe. `name` identifies them in the database."""

    def __init__(self, engine: Engine, name: str, rate: Rate) -> None:
        self.engine = engine
        self.name = name
        self.rate = rate
        self._full_at: dict[str, float] = {}
        self._leases: dict[str, _Lease] = {}
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None
        if not engine.one_process:
            self._threads = ThreadPoolExecutor(2, thread_name_prefix="leases")

    def spend(self, key: str, now: int, rate: Rate | None = None) -> Spent:
        """Spend one request of this key, if it has one left. With `rate`, its bucket has this rate."""
        rate = rate or self.rate
        if self._threads is not None:
            return self._spend_lease(key, now, rate)
        with self._lock:
            spent = rate.spend(self._full_at.get(key, 0.0), now)
            self._full_at[key] = spent.full_at
            if len(self._full_at) > MOST_KEPT:
                self._tidy(now)
        return spent

    def is_empty(self, key: str, now: int) -> bool:
        """Whether this key has no request left, as far as this process knows. Spends none."""
        with self._lock:
            if self._threads is not None:
                lease = self._leases.get(key)
                return lease is not None and now < lease.empty_until
            return not self.rate.spend(self._full_at.get(key, 0.0), now).granted

    def _tidy(self, now: int) -> None:
        """Remove full buckets, which are the same as none. If too many are left, remove the fullest, to limit the
        memory."""
        self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        if len(self._full_at) > MOST_KEPT // 2:
            emptiest = sorted(self._full_at, key=self._full_at.__getitem__)[-MOST_KEPT // 2 :]
            self._full_at = {key: self._full_at[key] for key in emptiest}

    def _spend_lease(self, key: str, now: int, rate: Rate) -> Spent:
        with self._lock:
            if len(self._leases) > MOST_KEPT:
                self._leases.clear()
            lease = self._leases.setdefault(key, _Lease())
        with lease.lock:
            if not (lease.left and now < lease.good_until) and now >= lease.empty_until:
                self._renew(lease, key, now, rate)
            if now < lease.empty_until:
                return Spent(0, 0, lease.full_at, lease.empty_until - now)
            lease.left -= 1
            left = lease.left + lease.beside
            return Spent(1, left, lease.full_at, 0.0 if left else rate.each)

    def _renew(self, lease: _Lease, key: str, now: int, rate: Rate) -> None:
        assert self._threads is not None
        whole = f"{self.name} {key}"
        # In a thread of its own: the caller's has a transaction open, which may yet come to nothing.
        asked = self._threads.submit(self.engine.write, lambda db: rate_buckets.lease(db, whole, rate, now))
        spent = asked.result()
        lease.left, lease.beside, lease.full_at = spent.granted, spent.left, spent.full_at
        lease.good_until = now + rate.window
        lease.empty_until = 0.0 if spent.granted else now + spent.wait

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=True)


class _Lease:
    """The requests that this process has leased from a bucket, and the last known state of the bucket."""

    __slots__ = ("beside", "empty_until", "full_at", "good_until", "left", "lock")

    def __init__(self) -> None:
        self.left = self.beside = 0
        self.full_at = self.good_until = self.empty_until = 0.0
        self.lock = threading.Lock()


class Limits:
    """The limits of a server: wrong credentials always, and requests per API key if there is a rate."""

    def __init__(
        self, engine: Engine, rate: Rate | None = None, proxies: tuple[client_address.Network, ...] = ()
    ) -> None:
        self.proxies = proxies
        self._keys = Buckets(engine, "key", rate) if rate else None
        self._own = Buckets(engine, "own", GUESSES)
        """The buckets of keys with a rate of their own, which every request names."""
        self._guesses = Buckets(engine, "guess", GUESSES)
        self._registrations = Buckets(engine, "register", REGISTRATIONS)

    def source(self, peer: str, forwarded: str) -> str:
        """The IP address of the client."""
        return client_address.source(peer, forwarded, self.proxies)

    def spend(self, key: str, now: int, own: str = "") -> tuple[tuple[bytes, bytes], ...]:
        """Count a request of this key, for the server's rate and the key's own rate. Returns the rate-limit headers of
        the key's own rate if it has one; `TooMany` has them too."""
        found = self._spent(self._keys, self._keys.rate, key, now) if self._keys is not None else ()
        return self._spent(self._own, _rate(own), key, now) if own else found

    def _spent(self, buckets: Buckets, rate: Rate, key: str, now: int) -> tuple[tuple[bytes, bytes], ...]:
        spent = buckets.spend(key, now, rate)
        headers = _headers(rate, spent, now)
        if not spent.granted:
            raise TooMany("Too many requests with this key: ask again later", spent.wait, headers)
        return headers

    def failed(self, source: str, now: int) -> None:
        """Count a wrong key, password or token from this address. After 100 in a minute it raises `TooMany`.
        Correct credentials are never counted, so they work even if the address has made too many mistakes."""
        spent = self._guesses.spend(client_address.block(source), now)
        if not spent.granted:
            raise TooMany("Too many wrong credentials from your address: try again later", spent.wait)

    def registered(self, source: str, now: int) -> None:
        """Count the registration of an app from this address. Raise `TooMany` after 60 in an hour."""
        spent = self._registrations.spend(client_address.block(source), now)
        if not spent.granted:
            raise TooMany("Too many apps were registered from your address: try again later", spent.wait)

    def close(self) -> None:
        if self._keys is not None:
            self._keys.close()
        self._own.close()
        self._guesses.close()
        self._registrations.close()


def _headers(rate: Rate, spent: Spent, now: int) -> tuple[tuple[bytes, bytes], ...]:
    """As the draft has them (draft-ietf-httpapi-ratelimit-headers-10): `q` at most in `w` seconds; `r` are left, and
    in `t` seconds all are back."""
    window = max(1, -int(-rate.window // 1000))
    again = max(0, -int(-(spent.full_at - now) // 1000))
    return (
        (b"ratelimit-policy", b'"key";q=%d;w=%d' % (rate.burst, window)),
        (b"ratelimit", b'"key";r=%d;t=%d' % (spent.left, again)),
    )
