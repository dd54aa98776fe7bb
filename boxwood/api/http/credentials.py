"""Credentials of a request: the API key, or the session cookie."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from ...core.accounts import sessions
from ...core.context import Ctx
from ...db.engine import Db
from ...errors import Forbidden, Invalid, NotSignedIn
from .call import Call

COOKIE = b"boxwood_session"


def secret(header: bytes | None) -> str:
    """The key from Basic (with or without a colon, padding or password) or Bearer (spec 1.2)."""
    if not header:
        raise NotSignedIn(given=False)
    scheme, _, rest = header.decode("latin-1").partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return rest
    if scheme.lower() != "basic":
        raise NotSignedIn(given=False)
    text = rest.rstrip("=")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise NotSignedIn(given=True) from None
    return decoded.decode("latin-1").partition(":")[0]


def session(headers: Mapping[bytes, bytes]) -> str:
    """The secret of the session from its cookie, or ""."""
    for pair in headers.get(b"cookie", b"").split(b";"):
        name, _, value = pair.strip().partition(b"=")
        if name == COOKIE:
            return value.decode("latin-1")
    return ""


def cookie(secret: str, *, seconds: int, secure: bool) -> tuple[bytes, bytes]:
    """The header that sets the session cookie. An empty secret with 0 seconds removes the cookie."""
    value = f"{COOKIE.decode()}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    return b"set-cookie", (value + "; Secure" if secure else value).encode()


def in_session(db: Db, call: Call, secret: str, now: int) -> Ctx:
    """The context of the session's user. All requests except GET need the CSRF token, because a browser also sends the
    cookie with requests from pages of other sites."""
    user, call.session = sessions.owner(db, secret, now)
    if b"x-boxwood-act-as" in call.headers:
        raise Invalid("X-Boxwood-Act-As", "can only be sent with the API key of a team")
    csrf_token = call.headers.get(b"x-csrf-token", b"")
    if call.route.verb != "GET" and not hmac.compare_digest(csrf_token, sessions.csrf_token(secret).encode()):
        raise Forbidden("A change with the session cookie needs the header X-CSRF-Token")
    call.api.seen[call.session] = now
    return Ctx(db, now, user, "", f"session:{call.session}")


def require_same_origin(headers: Mapping[bytes, bytes]) -> None:
    """Refuse sign-ins from pages of other sites, which could sign the browser in as another user."""
    origin = headers.get(b"origin")
    host = headers.get(b"host", b"").decode("latin-1").lower()
    if origin is not None and urlsplit(origin.decode("latin-1")).netloc.lower() != host:
        raise Forbidden("Only pages of this server can sign in")


def by_script(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a script of a page sent the request. Such pages have their own sign-in form and need no browser
    dialog."""
    return any(
        name == b"cookie" or (name == b"sec-fetch-mode" and value != b"navigate") or name == b"x-csrf-token"
        for name, value in headers
    )
