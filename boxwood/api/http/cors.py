"""Cross-origin requests (CORS): lets web pages of other origins call the API, if the operator names their origins.

Pages send an API key themselves. They cannot use a session: its cookie is SameSite=Lax, no response allows credentials,
and a write with the cookie needs the CSRF token.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

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


def with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=METHODS,
        allow_headers=SENT,
        expose_headers=READ,
        max_age=SECONDS,
    )
