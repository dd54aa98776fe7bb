"""The system clock, in milliseconds since the epoch. `core` reads the time only from `ctx.now`."""

import time


def now_ms() -> int:
    return time.time_ns() // 1_000_000
