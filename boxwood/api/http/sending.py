"""Sending a reply: its head, its entity tag, and nothing where the caller knows it already."""

from __future__ import annotations

import hashlib
from typing import TypeVar

from blake3 import blake3
from starlette.types import Message, Receive, Scope, Send

from .replies import Reply

T = TypeVar("T")
SHORT = 8000
"""Bytes."""


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
    """The reply with the name of the change it answers, by which the change can be undone."""
    if change and isinstance(reply, Reply):
        reply.headers = (*reply.headers, (b"x-boxwood-change", change.encode()))
    return reply


def adding(out: Send, headers: tuple[tuple[bytes, bytes], ...]) -> Send:
    """The same, with these in the head of the answer."""

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await out(message)

    return send


def tag(body: bytes) -> bytes:
    """An entity's tag: of what is answered, so that it changes with it and with nothing else. Many processors have
    instructions for SHA-256; BLAKE3 goes through several pieces at once, which is quicker where there are some."""
    made = blake3(body).hexdigest(length=12) if len(body) > SHORT else hashlib.sha256(body).hexdigest()[:24]
    return b'"%s"' % made.encode()


def matches(header: bytes, etag: bytes) -> bool:
    return header.strip() == b"*" or etag in [one.strip().removeprefix(b"W/") for one in header.split(b",")]


async def hang_up(receive: Receive) -> None:
    """Done when the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
