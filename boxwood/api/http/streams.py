"""Responses in pieces. An error in the middle closes the connection, so that clients see that it is incomplete."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from starlette.types import Receive, Scope, Send

from ...core.context import Ctx
from ...db.engine import Db
from ...errors import Unavailable
from . import sending
from .call import Call
from .replies import JSON, Chunks, Download, encode

log = logging.getLogger("boxwood.api")


async def of_parts(call: Call, parts: Iterator[Any], render: Callable[[Ctx, Any], list[Any]], send: Send) -> None:
    """Send a JSON array in chunks, each rendered in its own transaction."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", JSON)]})
    await send({"type": "http.response.body", "body": b"[", "more_body": True})
    first = True
    for part in parts:

        def work(db: Db, part: Any = part) -> bytes:
            array: bytes = encode(render(_again(db, call), part))
            return array[1:-1]

        chunk = await call.api.engine.read_soon(work)
        if chunk:
            body = chunk if first else b"," + chunk
            await send({"type": "http.response.body", "body": body, "more_body": True})
            first = False
    await send({"type": "http.response.body", "body": b"]"})


async def of_chunks(call: Call, chunks: Chunks, scope: Scope, send: Send) -> None:
    if chunks.record and scope["method"] != "HEAD":
        await _record(call, chunks.record)
    await send({"type": "http.response.start", "status": 200, "headers": chunks.headers})
    for piece in chunks.pieces if scope["method"] != "HEAD" else ():

        def work(db: Db, piece: Callable[[Ctx], bytes] = piece) -> bytes:
            return piece(_again(db, call))

        if body := await call.api.engine.read_soon(work):
            await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _again(db: Db, call: Call) -> Ctx:
    """The context of the call in another transaction. The API key or session is checked again: it may have ended since
    the response began."""
    return replace(call.api.context(db, call), now=call.ctx.now)


async def _record(call: Call, record: Callable[[Ctx], Any]) -> None:
    """Record the export. If the disk is full, the export is sent without a record, so that users can save their
    data."""

    def work(db: Db) -> None:
        record(Ctx(db, call.ctx.now, call.ctx.actor, call.ctx.within, call.ctx.via))

    try:
        await call.api.engine.write_soon(work)
    except Unavailable:
        log.error("an export was sent, but not recorded", extra={"route": call.route.path, "user": call.ctx.actor.key})


async def of_bytes(
    aside: Callable[..., Awaitable[Any]],
    scope: Scope,
    receive: Receive,
    send: Send,
    download: Download,
    pieces: Iterator[bytes],
) -> None:
    """Send the bytes as they are read, until the client disconnects."""
    await send({"type": "http.response.start", "status": download.status, "headers": download.headers})
    gone = asyncio.create_task(sending.hang_up(receive))
    try:
        while scope["method"] != "HEAD" and not gone.done() and (piece := await aside(next, pieces, None)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
