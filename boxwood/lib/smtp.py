"""Sends e-mail through an SMTP server."""

from __future__ import annotations

import smtplib
import ssl
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from . import addresses

PATIENCE = 20
"""The timeout of each step, in seconds."""


class Server(msgspec.Struct, frozen=True):
    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: str = "offered"
    """`always`: TLS from the first byte. `required`: STARTTLS. `offered`: STARTTLS if the server offers it. `off`."""
    verify: bool = True


class Letter(msgspec.Struct, frozen=True):
    id: str
    """Stays the same for every attempt."""
    sender: str
    """An address, or a name with an address in angle brackets."""
    recipients: list[str]
    subject: str
    text: str
    html: str = ""
    reply_to: str = ""
    at: int = 0
    """The time of writing, in milliseconds since the epoch."""


class Refused(Exception):
    """The server refuses the message for good."""


class Failed(Exception):
    """Sending failed this time; a later attempt may work."""


def read_url(url: str) -> Server:
    """Read `smtp://user:password@host:587` or `smtps://…`.

    `smtp` uses STARTTLS if the server offers it, and requires it if there is a password. `smtps` uses TLS from the
    first byte. `?tls=off` turns TLS off, `?verify=off` accepts any certificate. Raises ValueError, whose text never
    holds the password."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ValueError("is no URL such as smtp://user:password@mail.example.com:587") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("is no URL such as smtp://user:password@mail.example.com:587")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if options.keys() - {"tls", "verify"} or options.get("tls", "off") not in ("off", "required"):
        raise ValueError("takes ?tls=required, ?tls=off and ?verify=off, and nothing else")
    implicit = parts.scheme == "smtps"
    tls = "always" if implicit else options.get("tls") or ("required" if parts.password else "offered")
    return Server(
        host=parts.hostname,
        port=port or (465 if implicit else 587),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
        verify=options.get("verify") != "off",
    )


def without_password(url: str) -> str:
    """The URL without its password, for showing it."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    user, _, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.partition(':')[0]}:…@{place}").geturl()


def split_password(url: str) -> tuple[str, str]:
    """The URL without its password, and the password, both as `join_password` takes them."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    if not (colon and password):
        return url, ""
    return parts._replace(netloc=f"{name}@{host}").geturl(), password


def join_password(url: str, password: str) -> str:
    """The reverse of `split_password`."""
    if not password:
        return url
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{password}@{host}").geturl()


def check_sender(sender: str) -> str:
    """Return the sender without surrounding spaces. Raises ValueError if it is not an address, with or without a
    name."""
    name, address = parseaddr(sender)
    if "@" not in address or not sender.isprintable():
        raise ValueError("is no address such as Boxwood <crm@example.com>")
    Address(name, addr_spec=address)  # raises if it is not allowed in a header
    return sender.strip()


def composed(letter: Letter) -> EmailMessage:
    """The message to send. Raises ValueError if a text is not allowed in a header."""
    message = EmailMessage()
    message["Message-ID"] = f"<{letter.id}@{parseaddr(letter.sender)[1].rpartition('@')[2]}>"
    message["Date"] = format_datetime(datetime.fromtimestamp(letter.at / 1000, UTC))
    message["From"] = letter.sender
    message["To"] = ", ".join(map(addresses.in_ascii, letter.recipients))
    message["Subject"] = letter.subject
    message["Auto-Submitted"] = "auto-generated"
    if letter.reply_to:
        message["Reply-To"] = addresses.in_ascii(letter.reply_to)
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    return message


def send(server: Server, letter: Letter) -> str:
    """Send a message, and wait until the server has accepted it. Returns what the server said about recipients that it
    refused, or "" if it accepted all.

    Each step blocks for up to `PATIENCE` seconds. Raises `Refused` or `Failed`, with a text for the operator.
    """
    message = composed(letter)
    sender = parseaddr(letter.sender)[1]
    try:
        with _connected(server) as connection:
            refused = connection.send_message(message, sender, [addresses.in_ascii(each) for each in letter.recipients])
    except smtplib.SMTPRecipientsRefused as error:
        reasons = _reasons(error.recipients)
        if any(code < 500 for code, _ in error.recipients.values()):
            raise Failed(reasons) from None
        raise Refused(reasons) from None
    except smtplib.SMTPAuthenticationError as error:
        raise Failed(f"the user name or password is refused: {_text(error.smtp_error)}") from None
    except smtplib.SMTPResponseException as error:
        kind = Refused if error.smtp_code >= 500 and isinstance(error, smtplib.SMTPDataError) else Failed
        raise kind(f"{error.smtp_code} {_text(error.smtp_error)}") from None
    except smtplib.SMTPNotSupportedError as error:
        raise Failed(str(error)) from None
    except (smtplib.SMTPException, OSError) as error:
        raise Failed(f"{server.host}:{server.port}: {error}") from None
    return _reasons(refused)


def _connected(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if not server.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if server.tls == "always":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=PATIENCE)
    try:
        connection.ehlo()
        if server.tls == "required" or (server.tls == "offered" and connection.has_extn("starttls")):
            connection.starttls(context=context)
            connection.ehlo()
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _reasons(refused: dict[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{who}: {code} {_text(why)}" for who, (code, why) in refused.items())[:1000]


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
