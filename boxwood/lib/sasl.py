"""The messages of SASL with which a mail program signs in to a mail server (RFC 4616, 7628; XOAUTH2 of Google)."""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec


class Login(msgspec.Struct, frozen=True):
    """What a mail server asks for: a user and a password, or a user and an access token of OAuth."""

    user: str
    password: str = ""
    token: str = ""


class Exchange(msgspec.Struct, frozen=True):
    """A mechanism, its first message, and what the program answers when the server sends an error text instead of its
    verdict."""

    mechanism: str
    first: bytes
    after_error: bytes = b""


def choose(login: Login, offered: Collection[str], host: str, port: int) -> Exchange | None:
    """The best mechanism among those that the server offers. None if it offers none that fits the login."""
    known: dict[str, Callable[[], Exchange]] = {
        "OAUTHBEARER": lambda: Exchange("OAUTHBEARER", _bearer(login, host, port), b"\x01"),
        "XOAUTH2": lambda: Exchange("XOAUTH2", f"user={login.user}\x01auth=Bearer {login.token}\x01\x01".encode()),
        "PLAIN": lambda: Exchange("PLAIN", f"\0{login.user}\0{login.password}".encode()),
    }
    for mechanism in ("OAUTHBEARER", "XOAUTH2") if login.token else ("PLAIN",):
        if mechanism in offered:
            return known[mechanism]()
    return None


def _bearer(login: Login, host: str, port: int) -> bytes:
    user = login.user.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {login.token}\x01\x01".encode()
