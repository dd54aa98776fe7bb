"""Connections to mail servers that users entered, as streams of lines and blocks.

A name is resolved once, every address of it is checked, and the connection goes only to a checked address. A connection
ends when the server sends nothing for a time (`silence`); a slow download that keeps sending does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from .address_rules import Refused, Rules

__all__ = ["TLS", "Connection", "Dialer", "Failed", "Refused"]

CONNECT_SECONDS = 15.0
SILENCE_SECONDS = 60.0
MOST_UNREAD = 1 << 20
LONGEST_LINE = 16 << 20
RESOLVING_AT_ONCE = 8
ADDRESSES_TRIED = 4


class Failed(Exception):
    """The connection could not be opened, or it broke. The text is for the user who entered the server."""


class TLS:
    """How a connection is encrypted."""

    DIRECT, STARTTLS, NONE = "tls", "starttls", "none"
    ALL = (DIRECT, STARTTLS, NONE)


class Dialer:
    """Opens connections by the rules for addresses. `tls` replaces the usual check of certificates, in tests."""

    def __init__(self, rules: Rules, tls: ssl.SSLContext | None = None, silence: float = SILENCE_SECONDS) -> None:
        self.rules = rules
        self.silence = silence
        self._tls = tls
        self._resolvers: ThreadPoolExecutor | None = None

    @property
    def tls(self) -> ssl.SSLContext:
        if self._tls is None:  # reading the certificates takes 20 ms, and each context 1 MB
            self._tls = ssl.create_default_context()
        return self._tls

    async def open(self, host: str, port: int, *, encrypted: bool) -> Connection:
        """Connect. Raises `Failed`, or `Refused` if the rules do not allow the address."""
        addresses = await self._addresses(host, port)
        for address in addresses[:ADDRESSES_TRIED]:
            with contextlib.suppress(OSError):
                return await self._connect(address, host, port, encrypted)
        raise Failed(f"no mail server answers at {host}:{port}")

    async def _connect(self, address: str, host: str, port: int, encrypted: bool) -> Connection:
        context, name = (self.tls, host) if encrypted else (None, None)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    lambda: Connection(self.silence), address, port, ssl=context, server_hostname=name
                )
        except ssl.SSLError as error:
            raise Failed(_tls_failure(host, port, error)) from None
        return connection

    async def encrypt(self, connection: Connection, host: str) -> None:
        """Encrypt an open connection, after the server agreed (STARTTLS). Raises `Failed`."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.start_tls(self.tls, host)
        except ssl.SSLError as error:
            raise Failed(_tls_failure(host, 0, error)) from None
        except (OSError, TimeoutError):
            raise Failed(f"{host} broke off the start of TLS") from None

    async def _addresses(self, host: str, port: int) -> list[str]:
        if self._resolvers is None:
            self._resolvers = ThreadPoolExecutor(RESOLVING_AT_ONCE, thread_name_prefix="mail-names")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                found = await loop.run_in_executor(
                    self._resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                )
        except (OSError, UnicodeError, TimeoutError):
            raise Failed(f"the name {host} has no address") from None
        # All addresses are checked before any is used: a forbidden address among allowed addresses is an attack.
        addresses = [str(self.rules.check_server(host, str(where[0]), port)) for *_, where in found]
        return list(dict.fromkeys(addresses))

    def close(self) -> None:
        if self._resolvers is not None:
            self._resolvers.shutdown(wait=False, cancel_futures=True)


class Connection(asyncio.Protocol):
    """One connection. A bare protocol instead of asyncio's streams: half the memory of a waiting connection, and bytes
    that arrived before TLS can be seen."""

    def __init__(self, silence: float) -> None:
        self.silence = silence
        self.received = 0
        """Bytes that arrived since the connection was opened."""
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._lost = False
        self._paused = False
        self._needed = 0
        self._interrupted = False
        self._drained: asyncio.Future[None] | None = None

    # The side of the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self.received += len(data)
        if len(self._buffer) > max(MOST_UNREAD, self._needed) and not self._paused and self._transport:
            self._transport.pause_reading()
            self._paused = True
        self._wake()

    def eof_received(self) -> bool:
        self._lost = True
        self._wake()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        self._drained = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # The side of the reader

    @property
    def is_lost(self) -> bool:
        return self._lost

    def write(self, data: bytes) -> None:
        if self._lost or self._transport is None:
            raise Failed("the mail server closed the connection")
        self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the peer has taken most of what was written. Raises `Failed` if it takes nothing for a time."""
        if self._drained is None:
            return
        try:
            async with asyncio.timeout(self.silence):
                await self._drained
        except TimeoutError:
            raise Failed(f"the mail server took nothing for {self.silence:g} seconds") from None
        if self._lost:
            raise Failed("the mail server closed the connection")

    def interrupt(self) -> None:
        """End the waiting of `has_line`: that of now, or else the next one."""
        self._interrupted = True
        self._wake()

    async def has_line(self, seconds: float) -> bool:
        """Wait for a line for at most so many seconds. Raises `Failed` if the server closes the connection."""
        try:
            async with asyncio.timeout(seconds):
                while self._buffer.find(b"\n") < 0:
                    if self._interrupted:
                        self._interrupted = False
                        return False
                    await self._more(LONGEST_LINE, seconds + 1)
        except TimeoutError:
            return False
        return True

    async def line(self) -> bytes:
        """The next line with its end. Raises `Failed` after `silence` seconds without a byte."""
        start = 0
        while (end := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            if start > LONGEST_LINE:
                raise Failed("the mail server sent a line without an end")
            await self._more(LONGEST_LINE)
        return self._take(end + 1)

    async def exactly(self, count: int) -> bytes:
        """The next bytes."""
        while len(self._buffer) < count:
            await self._more(count)
        return self._take(count)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        if self._paused and len(self._buffer) <= MOST_UNREAD and self._transport:
            self._transport.resume_reading()
            self._paused = False
        return taken

    async def _more(self, needed: int, silence: float | None = None) -> None:
        if self._lost:
            raise Failed("the mail server closed the connection")
        self._needed = needed
        if self._paused and len(self._buffer) <= max(MOST_UNREAD, needed) and self._transport:
            self._transport.resume_reading()
            self._paused = False
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(silence or self.silence):
                await self._waiter
        except TimeoutError:
            raise Failed(f"the mail server sent nothing for {silence or self.silence:g} seconds") from None
        finally:
            self._waiter, self._needed = None, 0

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        if self._buffer:
            raise Failed("the mail server sent data before TLS, which may come from somebody else")
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(self._transport, self, context, server_hostname=host)
        if transport is None:
            raise Failed(f"{host} broke off the start of TLS")
        self._transport = transport

    def close(self) -> None:
        """Close at once. Unsent bytes are dropped."""
        self._lost = True
        if self._transport is not None:
            self._transport.abort()


def _tls_failure(host: str, port: int, error: ssl.SSLError) -> str:
    at = f"{host}:{port}" if port else host
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {at} is not valid: {error.verify_message}"
    return f"{at} does not speak TLS: choose another security, or another port"
