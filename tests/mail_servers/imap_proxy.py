"""An IMAP proxy in front of Dovecot that causes faults, or answers as other providers do.

A script is called with each line of the server, and with each command of the client. It returns the line to pass on,
other bytes, or `CUT` to close both connections.
"""

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

CUT = object()
Script = Callable[[bytes], Any]
_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n\Z")


def unchanged(line: bytes) -> bytes:
    return line


class ImapProxy:
    def __init__(self, port: int) -> None:
        self.port = 0
        self.from_server: Script = unchanged
        """Called with each line that the server sends, without its literals."""
        self.from_client: Script = unchanged
        self.silent = False
        """Whether nothing is passed to the client any more."""
        self.cut_after: int | None = None
        """Bytes to the client after which each connection is cut."""
        self.connections = 0
        self.open_connections = 0
        self._target = port
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Close all connections now."""
        self._loop.call_soon_threadsafe(self._close_all)

    def _close_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, started: threading.Event) -> None:
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        async with server:
            await server.serve_forever()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_connections += 1
        upstream, server = await asyncio.open_connection("127.0.0.1", self._target, limit=1 << 24)
        self._writers |= {writer, server}
        try:
            tasks = [
                asyncio.create_task(self._pump(reader, server, lambda line: self.from_client(line), False)),
                asyncio.create_task(self._pump(upstream, writer, lambda line: self.from_server(line), True)),
            ]
            _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self.open_connections -= 1
            for each in (writer, server):
                each.transport.abort()
                self._writers.discard(each)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, script: Script, to_client: bool
    ) -> None:
        passed = 0
        while line := await reader.readline():
            literal = _LITERAL.search(line)
            body = await reader.readexactly(int(literal[1])) if literal and to_client else b""
            changed = script(line)
            while self.silent and to_client:
                await asyncio.sleep(0.02)
            if changed is CUT:
                return
            content = changed + body
            if to_client and self.cut_after is not None and passed + len(content) > self.cut_after:
                writer.write(content[: max(0, self.cut_after - passed)])
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
                return
            passed += len(content)
            writer.write(content)
            await writer.drain()


@contextlib.contextmanager
def imap_proxy(port: int) -> Iterator[ImapProxy]:
    proxy = ImapProxy(port)
    started = threading.Event()

    def run() -> None:
        asyncio.set_event_loop(proxy._loop)
        with contextlib.suppress(asyncio.CancelledError):
            proxy._loop.run_until_complete(proxy._serve(started))
        proxy._loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(30)
    yield proxy

    def stop() -> None:
        for task in asyncio.all_tasks(proxy._loop):
            task.cancel()

    proxy._loop.call_soon_threadsafe(stop)
    thread.join(timeout=30)
