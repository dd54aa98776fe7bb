"""Sending a response: its headers, its ETag, and 304 without a body if the client has the same content already."""

from __future__ import annotations

import hashlib
from typing import TypeVar

from starlette.types import Message, Receive, Scope, Send

from .replies import Reply

T = TypeVar("T")


async def send(out: Send, reply: Reply, scope: Scope) -> None:
    headers = [(b"content-type", reply.content_type), *reply.headers]
    body = reply.body
    status = reply.status
    if status == 200 and scope["method"] in ("GET", "HEAD"):
        etag = reply.tag or tag(body)
        headers.append((b"etag", etag))
        if any(name == b"if-none-match" and matches(value, etag) for name, value in scope["headers"]):
            status, body = 304, b""
    if status != 304:
        headers.append((b"content-length", b"%d" % len(body)))
    if scope["method"] == "HEAD":
        body = b""
    await out({"type": "http.response.start", "status": status, "headers": headers})
    await out({"type": "http.response.body", "body": body})


def naming(reply: T, change: str) -> T:
    """The reply with the header X-Boxwood-Change: the key of the change, by which the change can be undone."""
    if change and isinstance(reply, Reply):
        reply.headers = (*reply.headers, (b"x-boxwood-change", change.encode()))
    return reply


def adding(out: Send, headers: tuple[tuple[bytes, bytes], ...]) -> Send:
    """A sender that adds these headers to the response."""

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await out(message)

    return send


def tag(body: bytes) -> bytes:
    """The ETag of a response body: the first 96 bits of its SHA-256 hash (docs/decisions/etags.md)."""
    return b'"%s"' % hashlib.sha256(body).hexdigest()[:24].encode()


def matches(header: bytes, etag: bytes) -> bool:
    """Whether the value of an If-None-Match header names this ETag."""
    return header.strip() == b"*" or etag in [given.strip().removeprefix(b"W/") for given in header.split(b",")]


async def hang_up(receive: Receive) -> None:
    """Returns when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass
