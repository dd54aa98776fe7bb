"""Sends the head and the body of a response in one packet. uvicorn writes them separately, which costs a second system
call, a second packet and a second read of the client. A read of a box takes 211 µs of CPU with this and 240 without
(docs/decisions/responses-in-one-packet.md)."""

from __future__ import annotations

import asyncio
from typing import Any

MOST = 65_536
"""At most this many bytes wait for the end of the event loop's turn. More are written at once, so that a slow reader
slows the writer."""


class Joined:
    """A transport that collects writes and sends them together at the end of the event loop's turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._waiting: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)
        self._size += len(data)
        if self._size > MOST:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting, self._size = self._waiting, [], 0
        if waiting and not self._transport.is_closing():
            self._transport.writelines(waiting)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()
