"""Stopping without a refused connection: after SIGTERM the process says that it is not ready, so that the load balancer
sends no new requests, and goes on answering for a while."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_began = threading.Event()


def is_on() -> bool:
    """Whether the process is about to stop."""
    return _began.is_set()


def at_sigterm(seconds: float) -> None:
    """Begin at SIGTERM. What SIGTERM did until now happens `seconds` later, or at the second SIGTERM. Only the main
    thread may call it."""
    stop = signal.getsignal(signal.SIGTERM)
    assert callable(stop)

    def drain(number: int, frame: FrameType | None) -> None:
        if _began.is_set():
            stop(number, frame)
            return
        _began.set()
        timer = threading.Timer(seconds, stop, (number, frame))
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, drain)
