"""A receiver of webhooks that does as little work as possible: `python -m bench.receiver`.

It replies 200 at once, 500 to paths that begin with `/dead`, and never to paths that begin with `/hung`. GET /log
returns a line for each request since the last GET: its path, the `name` of the box in its body, and its time in
nanoseconds of the machine's clock.
"""

import asyncio
import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import uvloop

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
NAME = re.compile(rb'"name":"([^"]*)"')
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DEAD = b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno"
log: list[bytes] = []


class Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.seen = transport, b""

    def data_received(self, data: bytes) -> None:
        self.seen += data
        while (end := self.seen.find(b"\r\n\r\n")) >= 0:
            head = self.seen[:end]
            length = LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self.seen) < whole:
                return
            body, self.seen = self.seen[end + 4 : whole], self.seen[whole:]
            self.answer(head.split(b" ", 2)[1], body)

    def answer(self, path: bytes, body: bytes) -> None:
        if path == b"/log":
            lines = b"\n".join(log)
            log.clear()
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(lines) + lines)
            return
        name = NAME.search(body)
        log.append(b"%b %b %d" % (path, name[1] if name else b"-", time.monotonic_ns()))
        if not path.startswith(b"/hung"):
            self.transport.write(DEAD if path.startswith(b"/dead") else OK)


async def receive() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Receiver:
    """One in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._log: list[tuple[str, str, int]] = []

    def read(self) -> list[tuple[str, str, int]]:
        """All that came since `clear`: path, name and time."""
        text = httpx.get(self.url + "/log", timeout=60, trust_env=False).text
        for line in text.splitlines():
            path, name, at = line.rsplit(" ", 2)
            self._log.append((path, name, int(at)))
        return self._log

    def clear(self) -> None:
        self.read()
        self._log = []


@contextlib.contextmanager
def running() -> Iterator[Receiver]:
    process = subprocess.Popen([sys.executable, "-m", "bench.receiver"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield Receiver(f"http://127.0.0.1:{process.stdout.readline().strip()}")
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    uvloop.run(receive())
