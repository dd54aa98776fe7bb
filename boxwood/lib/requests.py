"""HTTP requests as users describe them: a URL, query parameters, headers, and a body as JSON, form or text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from .template_filters import as_text

JSON = "application/json"
HIDDEN = "•••"
SHORTEST_SECRET = 6
"""Shorter secrets are not hidden in replies: they would match too much other text."""
FORM = "application/x-www-form-urlencoded"


class Request(msgspec.Struct, frozen=True):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes


def build(given: Mapping[str, Any]) -> Request:
    """Build a request from `method`, `url`, `query`, `headers`, and `json`, `form` or `text`."""
    headers = {str(name): as_text(value) for name, value in (given.get("headers") or {}).items()}
    body, kind = b"", ""
    if "json" in given:
        body, kind = msgspec.json.encode(given["json"]), JSON
    elif "form" in given:
        body, kind = urlencode({name: as_text(it) for name, it in given["form"].items()}).encode(), FORM
    elif "text" in given:
        body, kind = given["text"].encode(), "text/plain; charset=utf-8"
    if kind and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = kind
    return Request(given.get("method", "POST"), _url(as_text(given["url"]).strip(), given.get("query")), headers, body)


def _url(url: str, query: Mapping[str, Any] | None) -> str:
    pairs = {str(name): as_text(value) for name, value in (query or {}).items()}
    address, hash_sign, fragment = url.partition("#")
    if pairs:
        address += ("&" if "?" in address else "?") + urlencode(pairs, quote_via=quote)
    return address + hash_sign + fragment


def read(body: bytes, secrets: Iterable[str] = ()) -> Any:
    """A reply's body, decoded from JSON if possible, otherwise as text. Secrets in it are replaced by dots."""
    text = body.decode("utf-8", "replace").replace("\x00", "\ufffd")
    for secret in secrets:
        text = text.replace(secret, HIDDEN) if len(secret) >= SHORTEST_SECRET else text
    try:
        return storable(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError):
        return text


def storable(value: Any) -> Any:
    """The value without NUL characters, which databases cannot store."""
    text = msgspec.json.encode(value)
    return msgspec.json.decode(text.replace(b"\\u0000", b"\\ufffd")) if b"\\u0000" in text else value
