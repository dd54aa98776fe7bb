"""The network as the tests give it: a resolver that answers from a table, servers on loopback, and a
watch on every connection this process tries, kept by the interpreter itself."""

import asyncio
import ipaddress
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

PUBLIC = "93.184.216.34"

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


class Watch:
    """What was connected to and what the system was asked to look up. Nothing leaves loopback: an
    attempt on any other address is noted and then refused before a packet is sent."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, int]] = []
        self.looked_up: list[str] = []

    def see(self, event: str, args: tuple) -> None:
        if event == "socket.connect" and isinstance(args[1], tuple):
            self.tried.append(args[1][:2])
            if not _is_loopback(args[1][0]):
                raise ConnectionRefusedError("tests do not leave this machine")
        elif event == "socket.getaddrinfo" and not _is_numeric(args[0]) and args[0] != "localhost":
            self.looked_up.append(str(args[0]))
            raise socket.gaierror(socket.EAI_NONAME, "tests do not ask name servers")


_watches: list[Watch] = []


def _audit(event: str, args: tuple) -> None:
    if _watches and event in ("socket.connect", "socket.getaddrinfo"):
        _watches[-1].see(event, args)


sys.addaudithook(_audit)


class watching:
    def __enter__(self) -> Watch:
        _watches.append(Watch())
        return _watches[-1]

    def __exit__(self, *_: object) -> None:
        _watches.pop()


class Names(AbstractResolver):
    """Answers from a table; a list of lists is one answer after another. What is not in the table is
    read as the C library would read it: 127.1, 0x7f.1 and 2130706433 all mean 127.0.0.1."""

    def __init__(self, table: dict[str, list] | None = None) -> None:
        self.table = {name: list(answers) for name, answers in (table or {}).items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        self.asked.append(host)
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self._answers(host.rstrip("."))
        ]

    def _answers(self, name: str) -> list[str]:
        answers = self.table.get(name)
        if answers is None:
            return [socket.inet_ntoa(socket.inet_aton(name))]
        if answers and isinstance(answers[0], list):
            return answers.pop(0) if len(answers) > 1 else answers[0]
        return answers

    async def close(self) -> None:
        pass


class Server:
    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.requests: list[bytes] = []
        self.hung_up = asyncio.Event()

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


Handler = Callable[[Server, Reader, Writer], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, **options: Any) -> AsyncIterator[Server]:
    """A server on loopback. `handler` receives each connection."""
    server = Server()
    writers: list[Writer] = []

    async def connected(reader: Reader, writer: Writer) -> None:
        server.connections += 1
        writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handler(server, reader, writer)
        server.hung_up.set()
        writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0, **options)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


async def request(reader: Reader) -> bytes:
    """One whole request, head and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.split(b":")[1]))
    return head


def replying(*replies: bytes) -> Handler:
    """Each request gets the next reply; the last one for ever."""
    left = list(replies)

    async def handle(server: Server, reader: Reader, writer: Writer) -> None:
        while True:
            server.requests.append(await request(reader))
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()

    return handle


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _is_loopback(host: str) -> bool:
    address = ipaddress.ip_address(host.split("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


def _is_numeric(host: object) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return host is None
    return True
