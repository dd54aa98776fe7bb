"""Signed POSTs a second through the guard, against the same client without it. `python -m bench.outbound`"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp
import uvloop

from boxwood.lib import signing
from boxwood.lib.address_rules import Rules
from boxwood.lib.outbound import Outbound

BODY = b'{"event":"box.moved","pad":"' + b"x" * 1270 + b'"}'
POSTS, AT_ONCE, ROUNDS = 6000, 64, 5
JSON = {"Content-Type": "application/json"}


class Receiver(asyncio.Protocol):
    """Answers every body of the size it knows; as little work as can be."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.seen = transport, b""

    def data_received(self, data: bytes) -> None:
        self.seen += data
        while (end := self.seen.find(b"\r\n\r\n")) >= 0 and len(self.seen) >= end + 4 + len(BODY):
            self.seen = self.seen[end + 4 + len(BODY) :]
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


async def receive() -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def rate(send: Callable[[dict[str, str]], Awaitable[object]]) -> float:
    left = iter(range(POSTS))
    secret = signing.new_secret()

    async def worker() -> None:
        for number in left:
            await send({**JSON, **signing.sign([secret], f"msg_{number}", 1_800_000_000, BODY)})

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return POSTS / (time.perf_counter() - started)


async def measure(port: str) -> None:
    url = f"http://localhost:{port}/hook"
    bare, guarded = [], []
    for _ in range(ROUNDS):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def plain(headers: dict[str, str], session: aiohttp.ClientSession = session) -> None:
                async with session.post(url, headers=headers, data=BODY) as reply:
                    await reply.read()

            bare.append(await rate(plain))
        async with Outbound(Rules(allow_private=True, own=frozenset({("0.0.0.0", 8080)}))) as outbound:
            guarded.append(await rate(lambda headers, door=outbound: door.send("POST", url, headers, BODY)))
    with_it, without = statistics.median(guarded), statistics.median(bare)
    print(f"guarded {with_it:,.0f} POST/s, bare aiohttp {without:,.0f} POST/s, ratio {with_it / without:.2f}")


def main() -> None:
    if "--receive" in sys.argv:
        uvloop.run(receive())
        return
    receiver = subprocess.Popen(
        [sys.executable, "-m", "bench.outbound", "--receive"], stdout=subprocess.PIPE, text=True
    )
    try:
        uvloop.run(measure(receiver.stdout.readline().strip()))
    finally:
        receiver.terminate()
        receiver.wait()


if __name__ == "__main__":
    main()
