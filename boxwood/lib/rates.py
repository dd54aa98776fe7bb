"""Rate limits: a bucket that fills evenly and holds a burst (GCRA).

A bucket is stored as a single number: the time when it is full again, in milliseconds since the epoch.
"""

from __future__ import annotations

import math
import re

import msgspec

from .durations import DAY, HOUR, MINUTE, SECOND

_SPELLED = re.compile(r"(\d{1,9})\s*/\s*([smhd])(?:\s+burst\s+(\d{1,9}))?", re.IGNORECASE)
_SPANS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


class Spent(msgspec.Struct, frozen=True):
    """The result of taking from a bucket."""

    granted: int
    left: int
    full_at: float
    """When the bucket is full again, in milliseconds since the epoch."""
    wait: float
    """Milliseconds until the next unit is available; 0 if a unit is left."""


class Rate(msgspec.Struct, frozen=True):
    """`count` units in `span` milliseconds, up to `burst` of them at once."""

    count: int
    span: int
    burst: int

    @property
    def each(self) -> float:
        """Milliseconds until one unit is refilled."""
        return self.span / self.count

    @property
    def window(self) -> float:
        """Milliseconds in which an empty bucket fills."""
        return self.each * self.burst

    def spend(self, full_at: float, now: float, most: int = 1, least: int = 1) -> Spent:
        """Take up to `most` units from a bucket that is full at `full_at`, or none if it holds fewer than `least`."""
        each = self.each
        # If the clock was set back a lot, the bucket counts as full. If it was set back a little, it counts as empty.
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
    """Read `10/s` or `600/m burst 50`: units per second, minute, hour or day. The default burst is the number of units
    per second, at least 1. Raises ValueError for any other text."""
    found = _SPELLED.fullmatch(text.strip())
    if not found or not int(found[1]) or found[3] == "0":
        raise ValueError(f"{text!r} is not a rate such as '10/s burst 50'")
    count, span = int(found[1]), _SPANS[found[2].lower()]
    return Rate(count, span, int(found[3]) if found[3] else max(1, math.ceil(count * 1000 / span)))
