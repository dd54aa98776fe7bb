"""HTTP requests as users describe them: a URL, query parameters, headers, and a body as JSON, form or text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import msgspec

from .template_filters import as_text

JSON = "application/json"
HIDDEN = "•••"
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
    text = hide(body.decode("utf-8", "replace").replace("\x00", "\ufffd"), secrets)
    try:
        return storable(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError):
        return text


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text with dots in place of the secrets, also where a receiver encoded them for JSON, HTML or an address."""
    for form in sorted({form for secret in secrets if secret for form in _forms(secret)}, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text


def _forms(secret: str) -> Iterable[str]:
    yield secret
    for text in (msgspec.json.encode(secret).decode(), json.dumps(secret)):
        yield text[1:-1]
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret), escape(secret), escape(secret, quote=False))


def storable(value: Any) -> Any:
    """The value without NUL characters, which databases cannot store."""
    text = msgspec.json.encode(value)
    return msgspec.json.decode(text.replace(b"\\u0000", b"\\ufffd")) if b"\\u0000" in text else value
