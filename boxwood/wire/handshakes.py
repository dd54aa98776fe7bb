"""Handshakes: requests with which other services check an address before they send events to it.

Each function returns the answer that the service documents, or None for a request that is no handshake.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ..core.webhooks import inbound_endpoints
from ..core.webhooks.inbound_endpoints import Endpoint

MOST_CHALLENGE = 4096
TEXT, JSON = b"text/plain;charset=utf-8", b"application/json;charset=utf-8"
_PLAIN_TOKEN = re.compile(r"[A-Za-z0-9_+/=-]{1,200}", re.ASCII)


class Handshake(msgspec.Struct, frozen=True):
    """The answer to a handshake, or why it is refused."""

    sender: str
    body: bytes = b""
    content_type: bytes = TEXT
    refused: str = ""


def without_body(
    endpoint: Endpoint, method: str, query: Mapping[str, Any], headers: Mapping[bytes, bytes]
) -> Handshake | None:
    """A handshake by HEAD or GET, or None.

    To an endpoint whose method is GET, every GET is an ordinary request.
    """
    if method == "HEAD":
        return Handshake("HEAD")
    if method != "GET" or endpoint.method == "GET":
        return None
    if "hub.challenge" in query:
        return _meta(endpoint, query)
    challenge = headers.get(b"x-okta-verification-challenge", b"").decode("latin-1")
    if challenge:
        return _echo("Okta", challenge, "verification")
    if "challenge" in query:
        return _echo("Dropbox", query["challenge"])
    return None


def with_query(method: str, query: Mapping[str, Any], body: bytes) -> Handshake | None:
    """Microsoft Graph's handshake, a POST without a body, or None."""
    if method == "POST" and "validationToken" in query and not body.strip():
        return _echo("Microsoft Graph", query["validationToken"])
    return None


def with_body(endpoint: Endpoint, body: Any, now: int) -> Handshake | None:
    """A handshake in a body whose signature is right, of Slack or Zoom, or None."""
    if not isinstance(body, dict):
        return None
    if body.get("type") == "url_verification" and "challenge" in body:
        return _echo("Slack", body["challenge"], "challenge")
    if body.get("event") == "endpoint.url_validation" and endpoint.signature == inbound_endpoints.ZOOM:
        payload = body.get("payload")
        return _zoom(endpoint, payload.get("plainToken") if isinstance(payload, dict) else None, now)
    return None


def _meta(endpoint: Endpoint, query: Mapping[str, Any]) -> Handshake:
    if not endpoint.verify_digest:
        return Handshake("Meta", refused="no verifyToken is set")
    shown = query.get("hub.verify_token", "")
    if not isinstance(shown, str) or not hmac.compare_digest(inbound_endpoints.digest(shown), endpoint.verify_digest):
        return Handshake("Meta", refused="the verify token is wrong")
    return _echo("Meta", query["hub.challenge"])


def _zoom(endpoint: Endpoint, token: Any, now: int) -> Handshake:
    # The answer is signed with the secret that signs events, so the token must not look like a signed event, which
    # begins with "v0:".
    if not isinstance(token, str) or not _PLAIN_TOKEN.fullmatch(token):
        return Handshake("Zoom", refused="plainToken must be 1 to 200 letters and digits")
    secret = endpoint.secrets(now)[0]
    encrypted = hmac.digest(secret.encode(), token.encode(), hashlib.sha256).hex()
    return Handshake("Zoom", msgspec.json.encode({"plainToken": token, "encryptedToken": encrypted}), JSON)


def _echo(sender: str, challenge: Any, member: str = "") -> Handshake:
    """The challenge as text, or as a member of JSON."""
    if not isinstance(challenge, str) or len(challenge) > MOST_CHALLENGE:
        return Handshake(sender, refused=f"the challenge must be one text of at most {MOST_CHALLENGE} characters")
    if member:
        return Handshake(sender, msgspec.json.encode({member: challenge}), JSON)
    return Handshake(sender, challenge.encode("utf-8", "replace"))
