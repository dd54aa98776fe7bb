"""Cross-origin requests (CORS): lets web pages of other origins call the API, if the operator or an API key names their
origins.

Pages send an API key themselves. They cannot use a session: its cookie is SameSite=Lax, no response allows credentials,
and a write with the cookie needs the CSRF token.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from ...errors import Forbidden
from .replies import Reply

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
SENT = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "MCP-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Session-Id",
    "Prefer",
    "Range",
    "X-Boxwood-Act-As",
)
READ = (
    "Content-Disposition",
    "ETag",
    "Idempotent-Replayed",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Boxwood-Change",
    "X-Request-Id",
)
SECONDS = 3600
"""Browsers remember for this time that a request is allowed."""


_ASKED, _READ_TOO = ", ".join(METHODS).encode(), ", ".join(READ).encode()


def asked(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The origin of a page whose browser asks whether it may send a request; empty if nothing asks."""
    given = dict(headers)
    return given.get(b"origin", b"") if b"access-control-request-method" in given else b""


def preflight(origin: bytes, origins: Collection[str]) -> Reply | None:
    """The answer that allows a page of this origin to send requests. None if no API key names the origin.

    The browser does not send the key yet, so the request itself is checked again.
    """
    if origin.decode("latin-1").lower() not in origins:
        return None
    return Reply(
        b"OK",
        content_type=b"text/plain;charset=utf-8",
        headers=(
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", _ASKED),
            (b"access-control-allow-headers", ", ".join(SENT).encode()),
            (b"access-control-max-age", b"%d" % SECONDS),
            (b"vary", b"Origin"),
        ),
    )


def allowed(origin: bytes, origins: Collection[str], of_all_keys: Collection[str]) -> bytes:
    """The origin if an API key that names these origins allows it; empty if the operator does. Raise `Forbidden` if
    neither allows it."""
    text = origin.decode("latin-1").lower()
    if text in origins:
        return origin
    if "*" in of_all_keys or text in of_all_keys:
        return b""
    raise Forbidden("This API key may not be used by pages of this origin")


def headers(origin: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that let a page of this origin read the answer."""
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _READ_TOO),
        (b"vary", b"Origin"),
    )


def with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=METHODS,
        allow_headers=SENT,
        expose_headers=READ,
        max_age=SECONDS,
    )
