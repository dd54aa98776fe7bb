"""Signs in to the SMTP server of a mailbox: to send letters, or to find out whether a user and a password are right."""

from __future__ import annotations

import base64

from . import sasl
from .dialing import TLS, Connection, Dialer, Failed
from .imap import LoginRefused, Refused
from .sasl import Login


async def check(dialer: Dialer, host: str, port: int, security: str, login: Login) -> None:
    """Raises `Failed`, `LoginRefused`, `Refused`, or `dialing.Refused` for a forbidden address."""
    connection = await sign_in(dialer, host, port, security, login)
    try:
        connection.write(b"QUIT\r\n")
    finally:
        connection.close()


async def sign_in(dialer: Dialer, host: str, port: int, security: str, login: Login) -> Connection:
    """A connection that is signed in; a login without a password or token does not sign in. Raises as `check`."""
    connection = await dialer.open(host, port, encrypted=security == TLS.DIRECT)
    try:
        await reply(connection)
        offered = await _hello(connection)
        if security == TLS.STARTTLS:
            await _ask(connection, b"STARTTLS")
            await dialer.encrypt(connection, host)
            offered = await _hello(connection)
        if login.password or login.token:
            await _sign_in(connection, offered, login, host, port)
    except BaseException:
        connection.close()
        raise
    return connection


async def _hello(connection: Connection) -> set[str]:
    """The mechanisms of signing in that the server offers."""
    lines = await _ask(connection, b"EHLO [127.0.0.1]")
    return {word for line in lines for word in line.upper().replace("=", " ").split()[1:] if line.upper()[:4] == "AUTH"}


async def _sign_in(connection: Connection, offered: set[str], login: Login, host: str, port: int) -> None:
    exchange = sasl.choose(login, offered, host, port)
    try:
        if exchange is not None:
            first = base64.b64encode(exchange.first)
            await _ask(connection, b"AUTH " + exchange.mechanism.encode() + b" " + first, exchange.after_error)
        elif login.password and "LOGIN" in offered:
            await _ask(connection, b"AUTH LOGIN", wants=334)
            await _ask(connection, base64.b64encode(login.user.encode()), wants=334)
            await _ask(connection, base64.b64encode(login.password.encode()))
        else:
            raise LoginRefused("the server offers no way to sign in that fits: check the security and the port")
    except Refused as error:
        raise LoginRefused(str(error)) from None


async def _ask(connection: Connection, line: bytes, after_error: bytes | None = None, wants: int = 200) -> list[str]:
    connection.write(line + b"\r\n")
    code, lines = await reply(connection)
    if code == 334 and after_error is not None:
        connection.write(base64.b64encode(after_error) + b"\r\n")
        code, lines = await reply(connection)
    if code // 100 != wants // 100:
        raise Refused(f"{code} {' '.join(lines)}"[:300])
    return lines


async def reply(connection: Connection) -> tuple[int, list[str]]:
    """The code of the server's next answer, and its lines."""
    lines: list[str] = []
    while True:
        line = (await connection.line()).decode("utf-8", "replace").rstrip("\r\n")
        if not line[:3].isdigit() or len(lines) > 100:
            raise Failed("no SMTP server answers there")
        lines.append(line[4:])
        if line[3:4] != "-":
            return int(line[:3]), lines
