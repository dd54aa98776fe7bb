"""Hands messages to the SMTP server of a mailbox. The caller does something between the text of a message and its end,
after which the server may send it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import smtp_login
from .dialing import Connection, Dialer, Failed
from .sasl import Login

AT_END = 300.0
"""How many seconds the server may take to answer at the end of a message."""
_DOTS = re.compile(rb"(?m)^\.")


class Rejected(Exception):
    """The server refuses the message for good."""


class NotNow(Exception):
    """The server does not take the message now."""


class Session:
    """A connection to an SMTP server that is signed in. It takes several messages, one after another."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def begin(self, sender: str, recipients: Sequence[str]) -> dict[str, str]:
        """Begin a message. Returns the recipients that the server refuses, with its answers. Raises `Rejected` if it
        refuses all, `NotNow` if one of them should be tried later, `Failed`."""
        self._check(*await self._ask(f"MAIL FROM:<{sender}>"))
        refused: dict[str, str] = {}
        for recipient in recipients:
            code, text = await self._ask(f"RCPT TO:<{recipient}>")
            if code // 100 == 4:
                await self.reset()
                raise NotNow(f"{recipient}: {code} {text}")
            if code // 100 != 2:
                refused[recipient] = f"{code} {text}"
        if len(refused) == len(recipients):
            await self.reset()
            raise Rejected("; ".join(f"{who}: {why}" for who, why in refused.items())[:1000])
        code, text = await self._ask("DATA")
        if code != 354:
            self._check(code, text)
            raise Failed(f"the mail server answered {code} {text}")
        return refused

    async def text(self, raw: bytes) -> None:
        """Send the text of the message, without its end."""
        stuffed = _DOTS.sub(b"..", raw)
        for at in range(0, len(stuffed), 1 << 16):
            self._connection.write(stuffed[at : at + (1 << 16)])
            await self._connection.drain()

    async def end(self) -> str:
        """End the message. Returns the server's answer. Raises `Rejected` or `NotNow`: then the server does not send
        it. Raises `Failed` if the answer does not come: then it is in doubt."""
        silence, self._connection.silence = self._connection.silence, AT_END
        try:
            code, text = await self._ask(".")
        finally:
            self._connection.silence = silence
        self._check(code, text)
        return text

    async def reset(self) -> None:
        await self._ask("RSET")

    async def quit(self) -> None:
        """Say goodbye without waiting for the answer."""
        if not self._connection.is_lost:
            self._connection.write(b"QUIT\r\n")
            await self._connection.drain()
        self._connection.close()

    def abort(self) -> None:
        """Close the connection at once. A message without its end is not sent."""
        self._connection.close()

    async def _ask(self, line: str) -> tuple[int, str]:
        self._connection.write(line.encode("ascii") + b"\r\n")
        code, lines = await smtp_login.reply(self._connection)
        return code, " ".join(lines)[:300]

    def _check(self, code: int, text: str) -> None:
        if code // 100 == 2:
            return
        raise (NotNow if code // 100 == 4 else Rejected)(f"{code} {text}")


async def connect(dialer: Dialer, host: str, port: int, security: str, login: Login) -> Session:
    """Connect and sign in. Raises as `smtp_login.check`."""
    return Session(await smtp_login.sign_in(dialer, host, port, security, login))
