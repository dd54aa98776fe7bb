"""The body of a request: as a whole if it is small, or in pieces for a thread that stores it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

from starlette.types import Message, Receive

from ...errors import Invalid, TooLarge, TooSlow

PATIENCE = 30.0
"""A sender may pause for this many seconds in all, and gets a second back for each `SLOWEST` bytes."""
SLOWEST = 2_000
SMALL = 65_536
"""A larger body is read only after the key was checked."""


def patient(receive: Receive, patience: float = PATIENCE) -> Receive:
    """Receives as `receive` does. Raises `TooSlow` if the sender pauses too long, or sends only a trickle."""
    loop = asyncio.get_running_loop()
    left = patience

    async def next_message() -> Message:
        nonlocal left
        began = loop.time()
        try:
            async with asyncio.timeout(left):
                message = await receive()
        except TimeoutError:
            raise TooSlow(f"The body of the request stopped: nothing, or too little, came for {patience:g} s") from None
        left = min(patience, left - (loop.time() - began) + len(message.get("body", b"")) / SLOWEST)
        return message

    return next_message


def is_small(headers: Mapping[bytes, bytes]) -> bool:
    length = headers.get(b"content-length", b"")
    return length.isdigit() and int(length) <= SMALL


def is_sent(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request has a body."""
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0").strip() != b"0"


async def whole(receive: Receive, headers: Mapping[bytes, bytes], most: int) -> bytes:
    check_length(headers, most)
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("body", "ended too early")
        body += message.get("body", b"")
        if len(body) > most:
            raise TooLarge("The body", most)
        if not message.get("more_body"):
            return body


def check_length(headers: Mapping[bytes, bytes], most: int) -> None:
    """Raise `TooLarge` before the first byte if the Content-Length is too large."""
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > most:
        raise TooLarge("The body", most)


class Body:
    """The pieces of a body, for a thread. Each piece is fetched from the event loop when the thread needs it, so a slow
    store slows the sender and no memory is used."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()

    def __iter__(self) -> Iterator[bytes]:
        more = True
        while more:
            asked = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            message = asked.result()
            more = message.get("more_body", False)
            yield message.get("body", b"")

    async def whole(self, headers: Mapping[bytes, bytes], most: int) -> bytes:
        return await whole(self._next, headers, most)

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Invalid("body", "ended too early")
        return message
