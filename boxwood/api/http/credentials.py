"""Who calls: the API key or the session's cookie in a request's head."""

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
    """The session's secret from its cookie, or nothing."""
    for pair in headers.get(b"cookie", b"").split(b";"):
        name, _, value = pair.strip().partition(b"=")
        if name == COOKIE:
            return value.decode("latin-1")
    return ""


def cookie(secret: str, *, seconds: int, secure: bool) -> tuple[bytes, bytes]:
    """The header that sets it; with no secret and no seconds it takes it back."""
    value = f"{COOKIE.decode()}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    return b"set-cookie", (value + "; Secure" if secure else value).encode()


def in_session(db: Db, call: Call, secret: str, now: int) -> Ctx:
    """To act as the session's user. What is no GET has to come from a page of ours, since a browser sends the cookie
    with what other pages ask too."""
    user, call.session = sessions.owner(db, secret, now)
    if b"x-boxwood-act-as" in call.headers:
        raise Invalid("X-Boxwood-Act-As", "only a team's key can act for someone else")
    said = call.headers.get(b"x-csrf-token", b"")
    if call.route.verb != "GET" and not hmac.compare_digest(said, sessions.csrf_token(secret).encode()):
        raise Forbidden("A change made with the session's cookie needs its X-CSRF-Token header")
    call.api.seen[call.session] = now
    return Ctx(db, now, user, "", f"session:{call.session}")


def require_same_origin(headers: Mapping[bytes, bytes]) -> None:
    """That no other site's page signs the browser in, as somebody of its choice."""
    origin = headers.get(b"origin")
    host = headers.get(b"host", b"").decode("latin-1").lower()
    if origin is not None and urlsplit(origin.decode("latin-1")).netloc.lower() != host:
        raise Forbidden("Signing in is for this server's own pages")


def by_script(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a page's script asks: it has its own sign-in, and wants no dialog of the browser's."""
    return any(
        name == b"cookie" or (name == b"sec-fetch-mode" and value != b"navigate") or name == b"x-csrf-token"
        for name, value in headers
    )
