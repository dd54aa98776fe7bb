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
SECURE_COOKIE = b"__Host-boxwood_session"
"""The name under TLS. Browsers accept it only by TLS and from this host, so no other host of the domain can set it."""


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
    # Scripts encode the line end of the file that holds the key, or blanks around it.
    return decoded.decode("latin-1").partition(":")[0].strip()


def session(call: Call) -> str:
    """The secret of the session from its cookie, or "". Under TLS only the cookie counts that no other host can set."""
    found = _cookies(call.headers)
    secret = found.get(SECURE_COOKIE)
    if secret is None and COOKIE in found and not call.by_tls:
        secret = found[COOKIE]
    return (secret or b"").decode("latin-1")


def has_cookie(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the browser has a session cookie of this server, valid or not."""
    found = _cookies(headers)
    return SECURE_COOKIE in found or COOKIE in found


def cookie(secret: str, *, seconds: int, secure: bool) -> tuple[bytes, bytes]:
    """The header that sets the session cookie. An empty secret with 0 seconds removes the cookie."""
    name = SECURE_COOKIE if secure else COOKIE
    value = f"{name.decode()}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    return b"set-cookie", (value + "; Secure" if secure else value).encode()


def without_old_cookie(call: Call) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that remove a cookie with the name for connections without TLS, if the browser sends one by TLS."""
    old = call.by_tls and COOKIE in _cookies(call.headers)
    return (cookie("", seconds=0, secure=False),) if old else ()


def _cookies(headers: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    pairs = (pair.strip().partition(b"=") for pair in headers.get(b"cookie", b"").split(b";"))
    return {name: value for name, _, value in pairs}


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


def require_same_origin(call: Call) -> None:
    """Refuse sign-ins from pages of other sites, which could sign the browser in as another user."""
    origin = call.headers.get(b"origin")
    if origin is None:
        return
    try:
        page = urlsplit(origin.decode("latin-1")).netloc.lower()
    except ValueError:
        page = ""
    if not page or page not in (call.host.lower(), urlsplit(call.api.base_url).netloc.lower()):
        raise Forbidden("Only pages of this server can sign in")


def by_script(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a script of a page sent the request. Such pages have their own sign-in form and need no browser
    dialog."""
    return any(
        name == b"cookie" or (name == b"sec-fetch-mode" and value != b"navigate") or name == b"x-csrf-token"
        for name, value in headers
    )
