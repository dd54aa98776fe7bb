"""Reads compressed requests (`Content-Encoding`). They are decompressed in pieces of 64 KB, so each limit on the size
of a body counts the decompressed bytes, and a small body that decompresses to gigabytes never takes that memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

from starlette.types import Message, Receive

from ...errors import Invalid, Unsupported

ACCEPTED = "gzip, deflate"
PIECE = 65_536
_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS


def decompressed(receive: Receive, headers: Mapping[bytes, bytes]) -> Receive:
    """The messages of a request with its body decompressed. Raises `Unsupported` for an unknown coding."""
    given = headers.get(b"content-encoding", b"").decode("latin-1").lower().split(",")
    codings = [coding for coding in map(str.strip, given) if coding not in ("", "identity")]
    if not codings:
        return receive
    if codings not in (["gzip"], ["x-gzip"], ["deflate"]):
        shown = ", ".join(codings)[:60]
        raise Unsupported(f"Content-Encoding: {shown!r} is not read here: send {ACCEPTED} or no coding", ACCEPTED)
    return _Decoder(receive, "gzip" in codings[0]).next_message


class _Decoder:
    def __init__(self, receive: Receive, gzip: bool) -> None:
        self._receive = receive
        self._gzip = gzip
        self._inflate = zlib.decompressobj(_GZIP) if gzip else None
        self._pieces: Iterator[bytes] = iter(())
        self._more = True
        self._whole = True
        """Whether the bytes so far end at the end of the compressed data."""

    async def next_message(self) -> Message:
        while True:
            if piece := next(self._pieces, b""):
                return {"type": "http.request", "body": piece, "more_body": True}
            if not self._more:
                if not self._whole:
                    raise Invalid("body", "cannot be decompressed: it ends too early")
                return {"type": "http.request", "body": b"", "more_body": False}
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._pieces = self._inflated(message.get("body", b""))
            self._more = message.get("more_body", False)

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        """The decompressed pieces. A gzip body may consist of several members, one after the other."""
        full = False
        while data or full:
            if self._inflate is None:
                # Some clients send deflate without the header of zlib.
                self._inflate = zlib.decompressobj(_ZLIB if data[0] & 0x0F == 8 else _RAW)
            elif self._inflate.eof:
                if not self._gzip:
                    raise Invalid("body", "holds bytes after the end of its compressed data")
                self._inflate = zlib.decompressobj(_GZIP)
            try:
                piece = self._inflate.decompress(data, PIECE)
            except zlib.error:
                raise Invalid("body", "cannot be decompressed: it is not what Content-Encoding says") from None
            self._whole = self._inflate.eof
            data = self._inflate.unused_data if self._whole else self._inflate.unconsumed_tail
            full = len(piece) == PIECE and not self._whole
            if piece:
                yield piece
