"""Keys: opaque, URL-safe, sorted by the time of their creation.

A key is a letter for the kind of record, followed by 15 bytes (6 of milliseconds, 9 random) in an alphabet whose ASCII
order is its numeric order, so an index on keys grows at its end. Keys that a process creates in the same millisecond
are sorted too: the 9 bytes of a later key are larger by a random step.
"""

import threading
from base64 import b64encode
from os import urandom

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SORTED = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_TO_SORTED = bytes.maketrans(_STANDARD, _SORTED)
_TAIL = 9
_STEP = 5
_OF_STREAK = "agxzfm1haWxmb29nYWVy"
_lock = threading.Lock()
_last = (0, 0)


def new(kind: str, now: int) -> str:
    """A new key, such as `b0Nq…` for a box. `now` is in milliseconds."""
    with _lock:
        return _next(kind, now)


def is_key(kind: str, text: str) -> bool:
    """Whether the text has the form of a key of this kind, or of a key of Streak, which imported things keep.

    The time in our keys makes `-` their second character until 2109. Keys of Streak begin with its id in App Engine.
    """
    return (len(text) == 21 and text[0] == kind and text[1] == "-") or text.startswith(_OF_STREAK)


def several(kind: str, now: int, count: int) -> list[str]:
    """New keys in ascending order, for records that are created together."""
    steps = urandom(_STEP * count)
    with _lock:
        return [_next(kind, now, steps[at : at + _STEP]) for at in range(0, _STEP * count, _STEP)]


def _next(kind: str, now: int, step: bytes = b"") -> str:
    """The first key of a millisecond starts in the lower half, which leaves room for 2^31 steps of at most 40 bits."""
    global _last
    at, tail = _last
    tail = tail + 1 + int.from_bytes(step or urandom(_STEP)) if at == now else int.from_bytes(urandom(_TAIL)) >> 1
    _last = (now, tail)
    return kind + b64encode((now << 8 * _TAIL | tail).to_bytes(6 + _TAIL)).translate(_TO_SORTED).decode()
