"""A connection to an IMAP server: its commands, one at a time."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from .. import sasl
from ..dialing import TLS, Connection, Dialer, Failed
from ..sasl import Login
from .fetched import Fetched, Response, fetched_in
from .syntax import LITERAL, MONTHS, Malformed, decode_name, encode_name, quoted, read_set, values

MOST_LITERAL = 128 << 20
_CODE = re.compile(rb"\[([A-Z0-9-]+)(?: ([^\]]*))?\]", re.IGNORECASE)
HEADERS, WHOLE = "BODY.PEEK[HEADER]", "BODY.PEEK[]"
IDS = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID IN-REPLY-TO REFERENCES)]"


class Refused(Exception):
    """The server does not do what a command asks. The text is the server's."""


class LoginRefused(Refused):
    """The server does not accept the user and the password or token."""


class Folder(msgspec.Struct, frozen=True):
    name: str
    raw: bytes
    """The name as the server writes it."""
    flags: frozenset[str]
    """In lower case, such as `\\noselect` and `\\sent`."""


class Selected(msgspec.Struct, frozen=True):
    """A folder when it is opened."""

    exists: int
    uidvalidity: int
    uidnext: int | None
    modseq: int | None
    """None if the server does not count changes."""
    vanished: list[tuple[int, int]]
    """Ranges of UIDs that were deleted since the given state (QRESYNC)."""
    changed: list[Fetched]


async def connect(dialer: Dialer, host: str, port: int, security: str, login: Login) -> Client:
    """Connect and sign in. Raises `Failed`, `Refused`, `LoginRefused`, or `dialing.Refused` for a forbidden address."""
    connection = await dialer.open(host, port, encrypted=security == TLS.DIRECT)
    client = Client(connection)
    try:
        await client.greet()
        if security == TLS.STARTTLS:
            await client.run("STARTTLS")
            await dialer.encrypt(connection, host)
            client.capabilities = frozenset()
        await client.sign_in(login, host, port)
    except BaseException:
        connection.close()
        raise
    return client


class Client:
    """A connection to an IMAP server. It is used by one task at a time."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.capabilities: frozenset[str] = frozenset()
        self.enabled: frozenset[str] = frozenset()
        self.selected: str | None = None
        self.changed = False
        """Whether the server said that the opened folder changed since it was opened."""
        self._number = 0

    # Starting and ending

    async def greet(self) -> None:
        first = await self._response()
        if not first.text.upper().startswith((b"* OK", b"* PREAUTH")):
            raise Failed("no IMAP server answers there")
        self._learn(first)

    async def sign_in(self, login: Login, host: str, port: int) -> None:
        if not self.capabilities:
            await self.run("CAPABILITY")
        offered = {each.removeprefix("AUTH=") for each in self.capabilities if each.startswith("AUTH=")}
        exchange = sasl.choose(login, offered, host, port)
        self.capabilities, before = frozenset(), self.capabilities
        try:
            if exchange is not None:
                await self._authenticate(exchange, "SASL-IR" in before)
            elif login.token:
                raise LoginRefused("the server does not accept access tokens (XOAUTH2)")
            elif "LOGINDISABLED" in before:
                raise LoginRefused("the server accepts passwords only over TLS: choose tls or starttls")
            else:
                await self.run("LOGIN", _astring(login.user), _astring(login.password))
        except Refused as error:
            raise LoginRefused(str(error)) from None
        if not self.capabilities:
            await self.run("CAPABILITY")

    async def _authenticate(self, exchange: sasl.Exchange, at_once: bool) -> None:
        first = base64.b64encode(exchange.first)
        self._number += 1
        tag = f"b{self._number}".encode()
        line = tag + b" AUTHENTICATE " + exchange.mechanism.encode()
        self.connection.write(line + (b" " + first if at_once else b"") + b"\r\n")
        sent = at_once
        while True:
            response = await self._response()
            if response.text.startswith(b"+"):
                self.connection.write((base64.b64encode(exchange.after_error) if sent else first) + b"\r\n")
                sent = True
            elif response.text.startswith(tag):
                self._check(response)
                return
            else:
                self._learn(response)

    async def enable(self, *names: str) -> None:
        """Turn on extensions, of those that the server offers."""
        wanted = [name for name in names if name in self.capabilities]
        if wanted and "ENABLE" in self.capabilities:
            with contextlib.suppress(Refused):
                await self.run(f"ENABLE {' '.join(wanted)}")
                self.enabled |= set(wanted)

    async def close(self) -> None:
        """Say goodbye, if the server still listens."""
        with contextlib.suppress(Failed, Refused, OSError):
            self.connection.silence = 2
            await self.run("LOGOUT")
        self.connection.close()

    # Folders

    async def folders(self) -> list[Folder]:
        special = " RETURN (SPECIAL-USE)" if {"LIST-EXTENDED", "SPECIAL-USE"} <= self.capabilities else ""
        found = []
        for response in await self.run(f'LIST "" "*"{special}'):
            words = values(response.pieces)
            if len(words) > 4 and words[1] == b"LIST" and isinstance(words[2], list) and isinstance(words[4], bytes):
                flags = frozenset(flag.decode("ascii", "replace").lower() for flag in words[2] if flag)
                found.append(Folder(decode_name(words[4]), words[4], flags))
        return found

    async def status(self, folder: str) -> dict[str, int]:
        """The server's numbers of a folder: MESSAGES, UIDNEXT, UIDVALIDITY and, if it counts changes, HIGHESTMODSEQ."""
        asked = "MESSAGES UIDNEXT UIDVALIDITY" + (" HIGHESTMODSEQ" if self._counts_changes() else "")
        for response in await self.run("STATUS", _name(folder), f"({asked})".encode()):
            words = values(response.pieces)
            if len(words) == 4 and words[1] == b"STATUS" and isinstance(words[3], list):
                numbers = zip(words[3][::2], words[3][1::2], strict=False)
                return {name.decode().upper(): int(number) for name, number in numbers}
        return {}

    async def examine(self, folder: str, known: tuple[int, int] | None = None) -> Selected:
        """Open a folder for reading. `known` is the UIDVALIDITY and MODSEQ that the caller knows: if the server can, it
        says what changed since (QRESYNC)."""
        self.selected, self.changed = None, False
        more = b""
        if known and known[1] and "QRESYNC" in self.enabled:
            more = f" (QRESYNC ({known[0]} {known[1]}))".encode()
        elif self._counts_changes():
            more = b" (CONDSTORE)"
        exists, codes, vanished, changed = 0, dict[str, bytes](), list[tuple[int, int]](), list[Fetched]()
        for response in await self.run("EXAMINE", _name(folder) + more):
            words = response.words()
            if words[1:2] == [b"OK"] and (code := _CODE.search(response.text)):
                codes[code[1].decode().upper()] = code[2] or b""
            elif len(words) > 2 and words[2].strip().upper() == b"EXISTS":
                exists = int(words[1])
            elif words[1:2] == [b"VANISHED"]:
                vanished += read_set(response.text.rsplit(b" ", 1)[-1].strip())
            elif fetched := fetched_in(response):
                changed.append(fetched)
        if not codes.get("UIDVALIDITY", b"").isdigit():
            raise Failed("the mail server gives no UIDVALIDITY, so its mails have no lasting numbers")
        self.selected, self.changed = folder, False
        next_, modseq = codes.get("UIDNEXT", b""), codes.get("HIGHESTMODSEQ", b"")
        return Selected(
            exists=exists,
            uidvalidity=int(codes["UIDVALIDITY"]),
            uidnext=int(next_) if next_.isdigit() else None,
            modseq=int(modseq) if modseq.isdigit() and int(modseq) > 0 else None,
            vanished=vanished,
            changed=changed,
        )

    def _counts_changes(self) -> bool:
        return bool({"CONDSTORE", "QRESYNC"} & self.capabilities)

    # Mails

    async def search(self, query: str) -> list[int]:
        """The UIDs of the mails that match, in ascending order."""
        extended = "ESEARCH" in self.capabilities
        found: list[int] = []
        for response in await self.run(f"UID SEARCH {'RETURN (ALL) ' if extended else ''}{query}"):
            words = response.text.split()
            if words[1:2] == [b"ESEARCH"] and b"ALL" in words:
                for low, high in read_set(words[words.index(b"ALL") + 1]):
                    if high - low > 10_000_000:
                        raise Malformed("a set of numbers is too large")
                    found += range(low, high + 1)
            elif words[1:2] == [b"SEARCH"]:
                found += [int(word) for word in words[2:] if word.isdigit()]
        return sorted(set(found))

    async def search_text(self, fields: Sequence[str], text: str) -> list[int]:
        """The UIDs of the mails of which one of these header fields holds the text."""
        if not text.isascii() or not text.isprintable():
            return []
        term = quoted(text.encode()).decode()
        query = f"HEADER {fields[-1]} {term}"
        for field in fields[:-1][::-1]:
            query = f"OR HEADER {field} {term} {query}"
        return await self.search(query)

    async def fetch(self, uids: str, *items: str, changed_since: int | None = None) -> list[Fetched]:
        """What the items ask for, of each mail of the set that exists: `FLAGS`, `HEADERS` … Mails stay unread. With
        `changed_since`, only of mails that changed after this MODSEQ."""
        since = "" if changed_since is None else f" (CHANGEDSINCE {changed_since})"
        responses = await self.run(f"UID FETCH {uids} (UID {' '.join(items)}){since}")
        found: dict[int, Fetched] = {}
        for response in responses:
            fetched = fetched_in(response)
            # Servers also send changes of flags unasked, without what was asked for.
            if fetched is not None and (fetched.bodies or fetched.uid not in found):
                found[fetched.uid] = fetched
        return list(found.values())

    def items_of_headers(self) -> list[str]:
        gmail = ["X-GM-MSGID", "X-GM-THRID"] if "X-GM-EXT-1" in self.capabilities else []
        return ["FLAGS", "INTERNALDATE", "RFC822.SIZE", HEADERS, *gmail]

    async def idle(self, seconds: float) -> bool:
        """Wait until the folder changes, for at most so many seconds. Returns whether it changed since it was
        opened."""
        if self.changed:
            return True
        self._number += 1
        tag = f"b{self._number}".encode()
        self.connection.write(tag + b" IDLE\r\n")
        changed, ended = False, False
        while not (response := await self._response()).text.startswith(b"+"):
            changed = changed or _is_change(response)
            if response.text.startswith(tag):
                self._check(response)
                return changed
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not changed and await self.connection.has_line(until - loop.time()):
            changed = _is_change(await self._response())
        self.connection.write(b"DONE\r\n")
        while not ended:
            response = await self._response()
            changed = changed or _is_change(response)
            ended = response.text.startswith(tag)
        self._check(response)
        return changed

    async def append(self, folder: str, raw: bytes, *flags: str) -> None:
        """Put a mail into a folder."""
        self._number += 1
        tag = f"b{self._number}".encode()
        head = b" ".join([tag, b"APPEND", _name(folder), f"({' '.join(flags)})".encode(), b"{%d}" % len(raw)])
        self.connection.write(head + b"\r\n")
        while not (response := await self._response()).text.startswith(b"+"):
            if response.text.startswith(tag + b" "):
                self._check(response)
                raise Failed("the mail server did not take the mail")
            self._learn(response)
        for at in range(0, len(raw), 1 << 16):
            self.connection.write(raw[at : at + (1 << 16)])
            await self.connection.drain()
        self.connection.write(b"\r\n")
        while not (response := await self._response()).text.startswith(tag + b" "):
            self._learn(response)
            self.changed = self.changed or _is_change(response)
        self._check(response)

    async def noop(self) -> bool:
        """Ask for changes, where the server has no IDLE. Returns whether the folder changed."""
        await self.run("NOOP")
        return self.changed

    # Commands

    async def run(self, *words: str | bytes) -> list[Response]:
        """Send a command and return the responses to it. Raises `Refused` if the server does not do it."""
        self._number += 1
        tag = f"b{self._number}".encode()
        line = b" ".join([tag, *(word if isinstance(word, bytes) else word.encode() for word in words)])
        self.connection.write(line + b"\r\n")
        found: list[Response] = []
        while True:
            response = await self._response()
            if response.text.startswith(tag + b" "):
                self._check(response)
                return found
            self._learn(response)
            self.changed = self.changed or _is_change(response)
            found.append(response)

    async def _response(self) -> Response:
        pieces = [await self.connection.line()]
        while literal := LITERAL.search(pieces[-1]):
            count = int(literal[1])
            if count > MOST_LITERAL:
                raise Failed(f"the mail server sends a text of {count:,} bytes, which is too long")
            pieces += [await self.connection.exactly(count), await self.connection.line()]
        pieces[-1] = pieces[-1].rstrip(b"\r\n")
        if pieces[0][:6].upper() == b"* BYE ":
            raise Failed(f"the mail server ended the connection: {_said(pieces[0][6:])}")
        return Response(pieces)

    def _learn(self, response: Response) -> None:
        text = response.text
        if text.upper().startswith(b"* CAPABILITY "):
            self.capabilities = frozenset(text.decode("ascii", "replace").upper().split()[2:])
        elif (code := _CODE.search(text)) and code[1].upper() == b"CAPABILITY":
            self.capabilities = frozenset((code[2] or b"").decode("ascii", "replace").upper().split())

    def _check(self, response: Response) -> None:
        self._learn(response)
        words = response.text.split(b" ", 2)
        if len(words) < 2 or words[1].upper() != b"OK":
            raise Refused(_said(words[2] if len(words) > 2 else b""))


def imap_date(at: int) -> str:
    """A day as SEARCH wants it, such as 1-Feb-2026."""
    day = datetime.fromtimestamp(at / 1000, UTC)
    return f"{day.day}-{MONTHS[day.month - 1]}-{day.year}"


def _astring(text: str) -> bytes:
    raw = text.encode()
    if b"\r" in raw or b"\n" in raw or b"\0" in raw:
        raise Refused("a user name or password cannot hold line ends")
    return quoted(raw)


def _name(folder: str) -> bytes:
    return quoted(encode_name(folder))


def _said(text: bytes) -> str:
    """What the server said, on one line, as a user may read it."""
    return " ".join(_CODE.sub(b"", text, count=1).decode("utf-8", "replace").split())[:300] or "it gave no reason"


def _is_change(response: Response) -> bool:
    words = response.words()
    if words[1:2] == [b"VANISHED"]:
        return True
    return len(words) > 2 and words[2].strip().upper() in (b"EXISTS", b"EXPUNGE")
