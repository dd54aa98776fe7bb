"""The time outside: milliseconds since the epoch. Inside, `ctx.now` is the only clock."""

import time


def now_ms() -> int:
    return time.time_ns() // 1_000_000
