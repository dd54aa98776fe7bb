"""How much of something is allowed in a span of time: a bucket that fills evenly and holds a burst (GCRA).

All that is kept of a bucket is when it is full again, in milliseconds since the epoch.
"""

from __future__ import annotations

import math
import re

import msgspec

from .durations import DAY, HOUR, MINUTE, SECOND

_SPELLED = re.compile(r"(\d{1,9})\s*/\s*([smhd])(?:\s+burst\s+(\d{1,9}))?", re.IGNORECASE)
_SPANS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


class Spent(msgspec.Struct, frozen=True):
    """What came of asking for some."""

    granted: int
    left: int
    full_at: float
    """When the bucket is full again."""
    wait: float
    """Milliseconds until one more is there; 0 where one is."""


class Rate(msgspec.Struct, frozen=True):
    """So many in `span` milliseconds, up to `burst` of them at once."""

    count: int
    span: int
    burst: int

    @property
    def each(self) -> float:
        """Milliseconds in which one is filled in."""
        return self.span / self.count

    @property
    def window(self) -> float:
        """Milliseconds in which an empty bucket fills."""
        return self.each * self.burst

    def spend(self, full_at: float, now: float, most: int = 1, least: int = 1) -> Spent:
        """Take up to `most` of a bucket that is full at `full_at`, or none where it holds less than `least`."""
        each = self.each
        # A clock that was set back by much says nothing of the bucket; by a little, no more than that it is empty.
        if full_at > now + 2 * self.window:
            full_at = now
        full_at = min(max(full_at, now), now + self.window)
        held = self.burst - (full_at - now) / each
        granted = min(most, int(held + 1e-9))
        if granted < least:
            granted = 0
        full_at += granted * each
        left = held - granted
        return Spent(granted, int(left + 1e-9), full_at, 0.0 if left >= 1 else (1 - left) * each)


def read_rate(text: str) -> Rate:
    """`10/s`, `600/m burst 50`: per second, minute, hour or day. Without a burst as many as come in a second, at
    least one. ValueError where it is something else."""
    found = _SPELLED.fullmatch(text.strip())
    if not found or not int(found[1]) or found[3] == "0":
        raise ValueError(f"{text!r} is no rate such as '10/s burst 50'")
    count, span = int(found[1]), _SPANS[found[2].lower()]
    return Rate(count, span, int(found[3]) if found[3] else max(1, math.ceil(count * 1000 / span)))
