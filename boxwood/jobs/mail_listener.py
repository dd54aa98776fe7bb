"""The listener that mail servers deliver to, by LMTP or SMTP. It accepts mail only for addresses of mailboxes and of
dropboxes, and only from the operator's own mail servers: it relays nothing.

A mail is acknowledged after the commit. Whatever fails for a while is answered with 4xx, so that the sender tries
again; a mail that is delivered again is stored once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any

import msgspec
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from ..core.activity.mail import arrivals, progress
from ..core.activity.mail.arrivals import MailRecipient, NotNow
from ..db.engine import Engine
from ..errors import Unavailable
from ..lib import mail
from ..lib.blobs import Blobs, StoreFailed
from ..lib.client_address import Network, read_networks, within
from ..lib.mail import Mail
from . import mail_bytes

log = logging.getLogger("boxwood.mail_listener")
# The library writes each command with its addresses to the log.
logging.getLogger("mail.log").setLevel(logging.ERROR)
MOST_CONNECTIONS = 20
MOST_RECIPIENTS = 100
"""Of one mail."""
MOST_AT_ONCE = 2
"""Mails that are parsed and stored at the same time."""
COMMANDS = {"MAIL": 200, "RCPT": 5000, "DATA": 200, "RSET": 400, "NOOP": 400, "*": 20}
"""How often each command may be sent over one connection."""
LONGEST_LINE = 1_000_000
"""RFC 5321 allows 1,000 bytes, and many programs write longer lines."""
MOST_SECONDS = 300.0
"""From one command to the next, and for one mail."""
STOP_SECONDS = 5.0
LATER = "451 4.3.0 The mail cannot be stored now: try again later"
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")


class MailEnvelope(Envelope):
    def __init__(self) -> None:
        super().__init__()
        self.recipients: list[list[MailRecipient]] = []
        """The mailboxes of each accepted address."""


class MailListener:
    def __init__(
        self,
        engine: Engine,
        store: Blobs,
        clock: Callable[[], int],
        *,
        protocol: str,
        senders: Iterable[Network],
        tls: ssl.SSLContext | None,
    ) -> None:
        self.engine = engine
        self.store = store
        self.clock = clock
        self.kind = _OverLmtp if protocol == "lmtp" else _OverSmtp
        self.senders = tuple(senders)
        self.tls = tls
        self.port = 0
        self.sessions: set[_Limited] = set()
        self._server: asyncio.Server | None = None
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def start(self, host: str, port: int, *, shared: bool) -> None:
        """Accept connections. `shared` is whether several processes listen at the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: self.kind(self, loop), host, port, reuse_port=True if shared else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Accept no further connections, and give the mails that are being stored a few seconds."""
        if self._server is not None:
            self._server.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), STOP_SECONDS)
        for session in list(self.sessions):
            session.end()

    def refusal(self, address: str) -> str:
        """The reply to a connection that is not accepted; empty if it is."""
        if not within(address, self.senders):
            log.warning("a program at %s may not deliver mail: --mail-senders does not list it", address)
            return "554 5.7.1 Only the mail servers of this installation may deliver"
        if len(self.sessions) >= MOST_CONNECTIONS:
            return "421 4.3.2 Too many connections: try again later"
        return ""

    async def recipients_of(self, address: str) -> list[MailRecipient]:
        if "\0" in address or not address.isprintable():
            return []
        return await self.engine.read_soon(partial(arrivals.find, address=address))

    async def take(self, raw: bytes, recipients: list[list[MailRecipient]]) -> list[str]:
        """Store a mail. Returns the reply for each of the addresses, whose mailboxes `recipients` lists."""
        self._busy += 1
        self._idle.clear()
        try:
            async with self._turns:
                parsed = (await asyncio.to_thread(mail_bytes.parse, {0: raw}))[0]
                by_mailbox: dict[MailRecipient, str] = {}
                for recipient in dict.fromkeys(each for some in recipients for each in some):
                    by_mailbox[recipient] = await self._reply(recipient, raw, parsed)
            return [_worst(by_mailbox[each] for each in some) for some in recipients]
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def _reply(self, recipient: MailRecipient, raw: bytes, parsed: Mail | str) -> str:
        fields = {"mailbox": recipient.mailbox_key}
        try:
            outcome = await self._store(recipient, raw, parsed)
        except NotNow as why:
            return f"450 4.2.1 Not now: {why}"
        except (Unavailable, StoreFailed, OSError) as why:
            log.warning("a mail could not be stored; its sender tries again: %s", why, extra=fields)
            return LATER
        except Exception:
            log.exception("a mail could not be stored; its sender tries again", extra=fields)
            return LATER
        if outcome == "refused":
            return f"554 5.6.0 The mail cannot be read: it {parsed}".replace("\n", " ")[:500]
        return f"250 2.0.0 {'Stored' if outcome == 'stored' else 'Accepted'}"

    async def _store(self, recipient: MailRecipient, raw: bytes, parsed: Mail | str) -> str:
        engine, now = self.engine, self.clock()
        if isinstance(parsed, str):
            refuse = partial(arrivals.refusal, recipient=recipient, size=len(raw), why=parsed)
            look = await engine.read_soon(refuse)
        else:
            headers = _END_OF_HEADERS.split(raw, 1)[0]
            look = await engine.read_soon(
                partial(arrivals.decide, recipient=recipient, mail=parsed, headers=headers, now=now)
            )
            if progress.wants(look.mailbox, look.decision):
                stored = await mail_bytes.store(engine, self.store, now, {0: raw}, {0: parsed})
                look = msgspec.structs.replace(look, raw=stored[0][0], uploads=stored[0][1])
            look = msgspec.structs.replace(look, mail=parsed)
        return await engine.write_soon(partial(arrivals.store, recipient=recipient, look=look, now=now))


class _Handler:
    """What the protocol asks."""

    def __init__(self, listener: MailListener) -> None:
        self.listener = listener

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        kept = [reply for reply in replies if not reply.startswith(("250-AUTH", "250 HELP"))]
        return [*kept, "250-ENHANCEDSTATUSCODES", "250 PIPELINING"]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: MailEnvelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.recipients) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients: send the mail to the others by itself"
        try:
            found = await self.listener.recipients_of(address)
        except Exception:
            log.exception("a recipient could not be looked up; the sender tries again")
            return "451 4.3.0 The address cannot be looked up now: try again later"
        if not found:
            return "550 5.1.1 No mailbox here has this address"
        envelope.recipients.append(found)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_VRFY(self, server: SMTP, session: Session, envelope: Envelope, address: str) -> str:
        return "252 2.5.0 Send the mail to learn it"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: MailEnvelope) -> str:
        assert isinstance(envelope.content, bytes)
        replies = await self.listener.take(envelope.content, envelope.recipients)
        return "\r\n".join(replies) if isinstance(server, LMTP) else _worst(replies)

    async def handle_exception(self, error: Exception) -> str:
        log.error("a connection failed by an error of this server", exc_info=error)
        return "451 4.3.0 Error of this server: try again later"


class _Limited(SMTP):
    """The protocol of the library, with limits for a connection."""

    line_length_limit = LONGEST_LINE

    def __init__(self, listener: MailListener, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            _Handler(listener),
            data_size_limit=mail.MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="boxwood",
            ident="Boxwood",
            tls_context=listener.tls,
            timeout=MOST_SECONDS,
            command_call_limit=dict(COMMANDS),
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=loop,
        )
        self._listener = listener
        self._is_refused = False

    def _create_envelope(self) -> Envelope:
        return MailEnvelope()

    def connection_made(self, transport: Any) -> None:
        if self.transport is None:
            refusal = self._listener.refusal(transport.get_extra_info("peername")[0])
            if refusal:
                self._is_refused = True
                transport.write(f"{refusal}\r\n".encode())
                transport.close()
                return
            self._listener.sessions.add(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._is_refused:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._is_refused else super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._listener.sessions.discard(self)
        if not self._is_refused:
            super().connection_lost(error)

    def end(self) -> None:
        if self.transport is not None:
            self.transport.close()


class _OverSmtp(_Limited):
    pass


class _OverLmtp(_Limited, LMTP):
    """After the end of a mail, LMTP has a reply for each recipient."""

    _replies = 0

    async def smtp_DATA(self, arg: str) -> None:
        try:
            await super().smtp_DATA(arg)
        finally:
            self._replies = 0

    async def push(self, status: Any) -> None:
        if self._replies > 1 and "\r\n" not in status:
            status = "\r\n".join([status] * self._replies)
        await super().push(status)
        if isinstance(status, str) and status.startswith("354"):
            self._replies = len(self.envelope.rcpt_tos) if self.envelope else 0


def _worst(replies: Iterable[str]) -> str:
    """The reply for all: try again if one says so, otherwise a refusal, otherwise success."""
    return max(replies, key=lambda reply: {"4": 2, "5": 1}.get(reply[0], 0))


@contextlib.asynccontextmanager
async def running(
    engine: Engine,
    store: Blobs,
    clock: Callable[[], int],
    address: tuple[str, str, int],
    senders: Iterable[str],
    certificate: tuple[str, str] | None,
    *,
    shared: bool = False,
) -> AsyncIterator[MailListener]:
    """Listen in this event loop until the block ends. `address` is the protocol, the host and the port. Programs on
    this machine may always deliver."""
    tls = None
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*certificate)
    protocol, host, port = address
    networks = read_networks([*senders, "127.0.0.0/8", "::1"])
    listener = MailListener(engine, store, clock, protocol=protocol, senders=networks, tls=tls)
    await listener.start(host, port, shared=shared)
    log.info("mail servers can deliver by %s to %s:%d", protocol, host, listener.port)
    try:
        yield listener
    finally:
        await listener.stop()
