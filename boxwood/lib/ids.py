"""Keys: opaque, URL-safe, sorted by the time they were made.

A key is a letter that tells people what it names, then 15 bytes (6 of milliseconds, 9 random) in an
alphabet whose ASCII order is its numeric order, so an index on keys grows at its end. What one process
makes within one millisecond keeps its order too: the later key's 9 bytes are larger, by a random step.
"""

import threading
from base64 import b64encode
from os import urandom

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SORTED = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_TO_SORTED = bytes.maketrans(_STANDARD, _SORTED)
_TAIL = 9
_STEP = 5
_lock = threading.Lock()
_last = (0, 0)


def new(kind: str, now: int) -> str:
    """A fresh key, such as `b0Nq…` for a box. `now` is in milliseconds."""
    with _lock:
        return _next(kind, now)


def several(kind: str, now: int, count: int) -> list[str]:
    """Fresh keys in their own order, so that what is made together at one moment stays in order."""
    steps = urandom(_STEP * count)
    with _lock:
        return [_next(kind, now, steps[at : at + _STEP]) for at in range(0, _STEP * count, _STEP)]


def _next(kind: str, now: int, step: bytes = b"") -> str:
    """A first one in its millisecond leaves room for 2^31 behind it, a step being 40 bits at most."""
    global _last
    at, tail = _last
    tail = tail + 1 + int.from_bytes(step or urandom(_STEP)) if at == now else int.from_bytes(urandom(_TAIL)) >> 1
    _last = (now, tail)
    return kind + b64encode((now << 8 * _TAIL | tail).to_bytes(6 + _TAIL)).translate(_TO_SORTED).decode()
