"""Keys: opaque, URL-safe, sorted by the time they were made.

A key is a letter that tells people what it names, then 15 bytes (6 of milliseconds, 9 random) in an
alphabet whose ASCII order is its numeric order, so an index on keys grows at its end.
"""

from base64 import b64encode
from os import urandom

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SORTED = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_TO_SORTED = bytes.maketrans(_STANDARD, _SORTED)


def new(kind: str, now: int) -> str:
    """A fresh key, such as `b0Nq…` for a box. `now` is in milliseconds."""
    return kind + b64encode(now.to_bytes(6, "big") + urandom(9)).translate(_TO_SORTED).decode()


def several(kind: str, now: int, count: int) -> list[str]:
    """Fresh keys in their own order, so that what is made together at one moment stays in order."""
    head = now.to_bytes(6, "big")
    tails = urandom(6 * count)
    return [
        kind + b64encode(head + at.to_bytes(3, "big") + tails[6 * at : 6 * at + 6]).translate(_TO_SORTED).decode()
        for at in range(count)
    ]
