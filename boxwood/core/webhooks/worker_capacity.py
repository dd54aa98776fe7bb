"""How much work a worker can take now."""

from __future__ import annotations

import msgspec


class WorkerCapacity(msgspec.Struct, kw_only=True):
    """What a worker can take in one look at its queue: of everything, and of each source (endpoint or automation)."""

    worker: str
    """The name that is stored with its leases."""
    total: int
    each: int
    """From one source, unless `limits` has another number for it."""
    limits: dict[str, int]
    after: str = ""
    """The key of the source whose turn was last; the next look begins after it."""

    def limit(self, key: str) -> int:
        """How much the worker can take from this source."""
        return self.limits.get(key, self.each)
