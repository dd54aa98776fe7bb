"""The headers of a request, as both the API and the inbound webhooks read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...errors import Invalid

SINGLE = {
    b"authorization": "Authorization",
    b"content-encoding": "Content-Encoding",
    b"content-length": "Content-Length",
    b"content-type": "Content-Type",
    b"host": "Host",
    b"idempotency-key": "Idempotency-Key",
    b"origin": "Origin",
    b"x-boxwood-act-as": "X-Boxwood-Act-As",
    b"x-csrf-token": "X-CSRF-Token",
}
"""Headers that a request has once. If it had two, the server and a proxy before it could each read another one."""


def read(lines: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name in lower case. Lines of one name are joined in their order (RFC 9110, 5.3), so the last
    address of `X-Forwarded-For` is the one that the nearest proxy added. Raises `Invalid` if a header is repeated that
    a request may have only once."""
    found = dict(lines)
    if len(found) == len(lines):
        return found
    found = {}
    for name, value in lines:
        if name not in found:
            found[name] = value
        elif name in SINGLE:
            raise Invalid(SINGLE[name], "is given twice: send this header once")
        else:
            found[name] += (b"; " if name == b"cookie" else b", ") + value
    return found


def joined(lines: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    """All lines of a header that is a list, in their order."""
    return b", ".join(value for name, value in lines if name == wanted)


def last(lines: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    """The last value of a header that is a list: the one that the nearest proxy added."""
    return joined(lines, wanted).rpartition(b",")[2].strip()
