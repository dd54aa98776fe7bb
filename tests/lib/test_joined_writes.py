"""Writes of the same turn of the event loop are sent together, and none is lost."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from boxwood.lib.joined_writes import MOST, Joined


class Listened(asyncio.Protocol):
    """A real connection's end that counts what the transport was given."""

    def __init__(self) -> None:
        self.given: list[list[bytes]] = []
        self.transport: Joined | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        write = transport.writelines

        class Counting:
            def __getattr__(self, name: str) -> object:
                return getattr(transport, name)

            def writelines(_, parts: list[bytes]) -> None:
                self.given.append(list(parts))
                write(parts)

        self.transport = Joined(Counting(), asyncio.get_running_loop())  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[tuple[Listened, asyncio.StreamReader]]:
    ours, theirs = socket.socketpair()
    listened = Listened()
    await asyncio.get_running_loop().create_connection(lambda: listened, sock=ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    try:
        yield listened, reader
    finally:
        writer.close()
        assert listened.transport
        listened.transport.close()


def test_head_and_body_leave_together_and_what_comes_later_by_itself() -> None:
    async def run() -> None:
        async with connected() as (listened, reader):
            assert listened.transport
            listened.transport.write(b"head ")
            listened.transport.write(b"body ")
            assert listened.given == []
            assert await reader.readexactly(10) == b"head body "
            listened.transport.write(b"more ")
            assert await reader.readexactly(5) == b"more "
            assert listened.given == [[b"head ", b"body "], [b"more "]]

    asyncio.run(run())


def test_what_is_much_does_not_wait() -> None:
    async def run() -> None:
        async with connected() as (listened, reader):
            assert listened.transport
            listened.transport.write(b"head ")
            listened.transport.write(b"x" * MOST)
            assert listened.given == [[b"head ", b"x" * MOST]]
            listened.transport.write(b" end")
            assert await reader.readexactly(MOST + 9) == b"head " + b"x" * MOST + b" end"

    asyncio.run(run())


def test_what_was_written_is_sent_before_the_end() -> None:
    async def run() -> None:
        async with connected() as (listened, reader):
            assert listened.transport
            listened.transport.write(b"last words")
            listened.transport.close()
            assert await reader.read() == b"last words"
            listened.transport.write(b"to a closed connection")
            await asyncio.sleep(0)
            assert listened.given == [[b"last words"]]

    asyncio.run(run())
