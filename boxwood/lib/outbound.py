"""Sends HTTP requests to targets that users or e-mails named. No other file does.

A name is resolved once, every resolved address is checked, and connections go only to checked addresses.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import partial
from io import BytesIO
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from .address_rules import Refused, Rules, check_fields, check_headers

__all__ = ["Outbound", "Refused", "Reply", "Rules", "Unreachable", "check_headers"]

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
REPLY_BYTES = 16 * 1024
HEADER_BYTES = 6 * 1024
HEADER_COUNT = 44
# Less than the five seconds after which Node and uvicorn close a connection: otherwise the next request could use a
# connection that the target is just closing.
KEEP_ALIVE = 4.0
# Idle connections of at most this many targets stay open; of each target at most as many as were in use at once.
KEPT_TARGETS = 64
RESOLVING_AT_ONCE = 32
# The socket's buffer. All bytes that arrive at once are parsed at once, and asyncio's 256 KiB of tiny replies would
# create 25 MB of objects. With less than this, certificates need another round trip.
RECEIVED_AT_ONCE = 5 * 1024
NO_LINGER = struct.pack("ii", 1, 0)


class Unreachable(Exception):
    """The target gave no usable reply. The text is for users. Unless our own rules refused the target, it is always
    the same, so that users cannot scan for closed ports. The cause, for the server's log, is in `__cause__`."""

    def __init__(self, reason: str = "the target gave no usable answer") -> None:
        super().__init__(reason)
        self.reason = reason


class Reply(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]  # names in lower case; the first of several values
    body: bytes  # the first 16 KiB, or as many bytes as the Outbound reads
    ms: float

    def retry_after(self, now: int) -> int | None:
        """The waiting time of the header `Retry-After` (seconds or a date) in milliseconds; None if it is missing or
        invalid. `now` is in milliseconds since the epoch."""
        text = self.headers.get("retry-after", "")
        if text.isascii() and text.isdigit():
            return int(text[:9]) * 1000
        try:
            return max(0, int(parsedate_to_datetime(text).timestamp() * 1000) - now)
        except (ValueError, TypeError, OverflowError):
            return None


class Outbound:
    def __init__(
        self,
        rules: Rules | None = None,
        *,
        connect_timeout: float = 5.0,
        total_timeout: float = 15.0,
        agent: str = "Boxwood",
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        reply_bytes: int = REPLY_BYTES,
        received_at_once: int = RECEIVED_AT_ONCE,
    ) -> None:
        self.rules = rules or Rules()
        self._connect_timeout = connect_timeout
        self._total_timeout = total_timeout
        self._agent = agent
        self._reply_bytes = reply_bytes
        self._judge = _Judge(self.rules, resolver or _SystemNames(), received_at_once)
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    def check_url(self, url: str) -> None:
        """Check a target before it is saved, without resolving its name. Raises Refused."""
        self.rules.check_url(url)

    async def check_address(self, url: str) -> None:
        """Check a target before it is saved, and resolve its name. A name that does not resolve now is accepted, since
        each request resolves it again. Raises Refused."""
        target = self.rules.check_url(url)
        try:
            async with asyncio.timeout(self._connect_timeout):
                await self._judge.resolve(target.raw_host or "", target.port or 0)
        except OSError:
            return

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a request and return the reply. Raises Unreachable if there is no reply. A reply of any status, such as
        500 or 302, is returned."""
        try:
            if method not in METHODS:
                raise Refused(f"the method must be one of {', '.join(sorted(METHODS))}")
            check_fields(headers)
            target = self.rules.check_url(url)
            async with asyncio.timeout(self._total_timeout):
                return await self._exchange(method, target, headers, body)
        except Refused as refusal:
            raise Unreachable(str(refusal)) from refusal
        except (aiohttp.ClientError, OSError, ValueError) as cause:
            raise Unreachable() from cause

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _exchange(self, method: str, target: URL, headers: Mapping[str, str], body: bytes) -> Reply:
        clock = asyncio.get_running_loop().time
        started = clock()
        async with self._opened().request(
            method,
            target,
            headers=headers,
            # Above a megabyte aiohttp wants a stream and warns about anything else.
            data=BytesIO(body) if len(body) > 2**20 else body or None,
            allow_redirects=False,
            ssl=self._tls or True,
        ) as reply:
            beginning = await _read(reply, self._reply_bytes)
            return Reply(reply.status, _plain(reply.headers), beginning, (clock() - started) * 1000)

    def _opened(self) -> aiohttp.ClientSession:
        # Opened at the first request, because a session needs a running event loop.
        if self._session is None:
            self._session = self._open()
        return self._session

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=_Connector(self._judge),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=self._connect_timeout, sock_connect=self._connect_timeout
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            # Explicit values replace aiohttp's own. Its option to skip them takes a tenth of the whole exchange.
            headers={"User-Agent": self._agent, "Accept-Encoding": "identity"},
            read_bufsize=REPLY_BYTES,
            max_line_size=HEADER_BYTES,
            max_field_size=HEADER_BYTES,
            max_headers=HEADER_COUNT,
        )


class _Connector(aiohttp.TCPConnector):
    def __init__(self, judge: "_Judge") -> None:
        # No cache: a resolved address is valid only for the connection that it was checked for. No limit: the callers
        # have their own limits, and waiting for a free connection would count as slowness of the target.
        super().__init__(
            resolver=judge,
            socket_factory=judge.socket,
            use_dns_cache=False,
            limit=0,
            keepalive_timeout=KEEP_ALIVE,
        )

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        if should_close and protocol.transport is not None:
            _reset(protocol.transport)
        crowded = len(self._conns) >= KEPT_TARGETS
        super()._release(key, protocol, should_close=should_close or crowded)


class _Judge(AbstractResolver):
    """Checks addresses at both points that aiohttp offers: names go through `resolve`, and every connection goes
    through `socket`, also to addresses in a URL, which aiohttp does not resolve."""

    def __init__(self, rules: Rules, names: AbstractResolver, received_at_once: int) -> None:
        self._rules = rules
        self._names = names
        self._received_at_once = received_at_once

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = await self._names.resolve(host, port, family)
        if not answers:
            raise OSError("the name has no address")
        # All addresses are checked before any is used: a forbidden address among allowed addresses is an attack.
        return [
            {**answer, "host": str(self._rules.check_address(answer["host"], port)), "port": port} for answer in answers
        ]

    def socket(self, destination: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = destination
        self._rules.check_address(str(where[0]), int(where[1]))
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._received_at_once)
        return opened

    async def close(self) -> None:
        await self._names.close()


class _SystemNames(AbstractResolver):
    """The system's resolver on its own threads, so that name servers that never reply do not block the threads of the
    rest of the server."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVING_AT_ONCE, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
        answers = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [
            ResolveResult(hostname=host, host=str(where[0]), port=port, family=of, proto=proto, flags=0)
            for of, _, proto, _, where in answers
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _reset(transport: asyncio.Transport) -> None:
    """Close the connection at once. A normal close would keep the unsent body in memory for a peer that never reads."""
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    transport.abort()


async def _read(reply: aiohttp.ClientResponse, most: int) -> bytes:
    beginning = bytearray()
    while len(beginning) < most and (part := await reply.content.read(most - len(beginning))):
        beginning += part
    if not reply.content.at_eof():
        reply.close()
    return bytes(beginning)


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers in a form that can be stored. Bytes that are not UTF-8 arrive as lone surrogates, which databases do
    not accept."""
    plain: dict[str, str] = {}
    for name, value in headers.items():
        clean = value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        plain.setdefault(name.lower(), clean)
    return plain
