"""Reads requests to inbound webhooks: query, form, JSON or plain text become one `Content`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ..core.webhooks.inbound_requests import Arrival, Content
from ..errors import Invalid
from . import v1

HIDDEN = "(hidden)"
SHOWN_BODY = 65_536
# Names of headers whose values open something somewhere, or are signed with what does.
_SECRET = re.compile(r"auth|cookie|token|secret|signature|password|passwd|api-?key|credential|session", re.IGNORECASE)
LONGEST_HEADER = 4096
MOST_HEADERS = 100


def read_content(
    method: str, query: dict[str, Any], headers: Mapping[str, str], content_type: str, body: bytes
) -> Content:
    """The content of a request. Raises `Invalid` if the body does not match its Content-Type."""
    return Content(method, _clean(query), dict(headers), _clean(_read(content_type, body)))


def content_of(arrival: Arrival) -> Content:
    """The content of a stored request."""
    body = _clean(_read(arrival.content_type, arrival.body.encode()))
    return Content(arrival.method, arrival.query, arrival.headers, body)


def visible_headers(raw: Mapping[bytes, bytes], secret_header: str = "") -> dict[str, str]:
    """The headers with names in lower case. Values that may be secrets are hidden."""
    shown: dict[str, str] = {}
    for name, value in list(raw.items())[:MOST_HEADERS]:
        text = name.decode("latin-1").lower()
        hidden = text == secret_header.lower() or _SECRET.search(text)
        shown[_clean(text)] = HIDDEN if hidden else _clean(value.decode("latin-1")[:LONGEST_HEADER])
    return shown


def as_text(body: bytes, most: int | None = None) -> str:
    """The body as text that both databases can store."""
    cut = body if most is None else body[:most]
    return cut.decode("utf-8", "replace").replace("\x00", "\ufffd")


def _read(content_type: str, body: bytes) -> Any:
    if not body or body.isspace():
        return None
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return v1.read_form(body)
    if kind == "application/json" or kind.endswith("+json"):
        return v1.decode(body)
    if kind in ("", "text/plain", "application/octet-stream") and body.lstrip()[:1] in (b"{", b"["):
        try:
            return v1.decode(body)
        except Invalid:
            return as_text(body)
    return as_text(body)


def _clean(value: Any) -> Any:
    """The value without NUL characters and lone surrogates, which databases cannot store."""
    if isinstance(value, str):
        value = value.replace("\x00", "\ufffd")
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return None
    return value


def repeated_by(value: Any) -> str:
    """The value as the text of an id; empty if it is not an id."""
    if isinstance(value, bool) or value is None or isinstance(value, (list, dict)):
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
