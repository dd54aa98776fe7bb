"""The ASGI application at `/mcp`: the Model Context Protocol over Streamable HTTP.

It checks who calls before it loads or asks the library: the origin, the key, the method and the size. The server has no
sessions, so every process answers every request; a client's session header is ignored.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import Problem
from ..http import bodies, compression, headers, replies, sending
from ..http.hosts import Hosts
from ..http.replies import Reply
from ..oauth import resource_metadata
from .operations import InProcess

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

log = logging.getLogger("boxwood.mcp")
PATH = "/mcp"
MOST_BODY = 4_000_000
_PARSE_ERROR, _INVALID_REQUEST = -32700, -32600


class Door:
    def __init__(
        self, api: ASGIApp, hosts: Hosts, public_url: Callable[[Scope], Awaitable[str]], origins: Collection[str]
    ) -> None:
        self.api = api
        self.hosts = hosts
        self.public_url = public_url
        """The public URL of the server, as a request reached it."""
        self.origins = origins
        """Other web pages that may call, as the operator has set them for CORS; `*` for all."""
        self._starting: asyncio.Task[StreamableHTTPSessionManager] | None = None
        self._running: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["method"] in ("GET", "POST", "DELETE") else "*"
        scope["route"] = f"{method} {PATH}"
        body = b""
        try:
            reply = await self._refusal(scope)
            if reply is None:
                body = await self._body(scope, receive)
                reply = _unreadable(body)
        except Problem as problem:
            reply = replies.of_problem(problem)
        if reply is not None:
            await sending.send(send, reply, scope)
            return
        given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return given.pop() if given else await receive()

        manager = await self._manager()
        await manager.handle_request(scope, receive_again, send)

    async def _refusal(self, scope: Scope) -> Reply | None:
        """The response to a request that is refused before its body is read."""
        lines = headers.read(scope["headers"])
        if (origin := lines.get(b"origin")) is not None and not await self._is_ours(origin.decode("latin-1"), scope):
            return replies.error(403, "Pages of this origin may not call this server: see --cors-origins")
        who = await InProcess(self.api, scope).send("GET", "/v1/users/me", {}, None)
        if who.status == 401:
            reply = Reply(who.body, 401)
            error = 'error="invalid_token", ' if b"authorization" in lines else ""
            address = resource_metadata(await self.public_url(scope))
            challenge = f'Bearer realm="Boxwood", {error}resource_metadata="{address}"'
            reply.headers = ((b"www-authenticate", challenge.encode()),)
            return reply
        if who.status in (400, 403, 429, 503):
            return Reply(who.body, who.status)
        if scope["method"] != "POST":
            return replies.wrong_verb(["POST"])
        return None

    async def _is_ours(self, origin: str, scope: Scope) -> bool:
        if "*" in self.origins or origin in self.origins:
            return True
        try:
            page = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        ours = {urlsplit(url).netloc.lower() for url in (self.hosts.reached_url(scope), await self.public_url(scope))}
        return bool(page) and page in ours

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        lines = headers.read(scope["headers"])
        receive = compression.decompressed(bodies.patient(receive, bodies.PATIENCE), lines)
        return await bodies.whole(receive, lines, MOST_BODY)

    async def _manager(self) -> StreamableHTTPSessionManager:
        """The library's part, which is loaded and started with the first request."""
        if self._starting is None or (self._starting.done() and self._starting.exception() is not None):
            self._starting = asyncio.create_task(self._start())
        return await asyncio.shield(self._starting)

    async def _start(self) -> StreamableHTTPSessionManager:
        manager = await asyncio.to_thread(_load, self.api)
        started = asyncio.Event()

        async def hold() -> None:
            async with manager.run():
                started.set()
                await self._closing.wait()

        self._running = asyncio.create_task(hold())
        await started.wait()
        return manager

    async def close(self) -> None:
        self._closing.set()
        if self._running is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._running


def _load(api: ASGIApp) -> StreamableHTTPSessionManager:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from .server import build

    server = build(lambda request: InProcess(api, request.scope))
    return StreamableHTTPSessionManager(server, json_response=True, stateless=True, max_request_body_size=MOST_BODY)


def _unreadable(body: bytes) -> Reply | None:
    """The response to a body that is no single message."""
    try:
        message: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return _error(_PARSE_ERROR, "The body is not valid JSON")
    if isinstance(message, list):
        return _error(_INVALID_REQUEST, "Batches are not part of this protocol version: send one message a request")
    if not isinstance(message, dict):
        return _error(_INVALID_REQUEST, "The body must be an object: a message of JSON-RPC")
    if message.get("jsonrpc") != "2.0":
        return _error(_INVALID_REQUEST, "jsonrpc: must be '2.0'")
    if "id" in message and (type(message["id"]) not in (str, int)):
        return _error(_INVALID_REQUEST, "id: must be a text or a whole number; leave it out in a notification")
    if not ({"method", "result", "error"} & message.keys()) or not isinstance(message.get("method", ""), str):
        return _error(_INVALID_REQUEST, "method: must be the name of a method, as a text")
    if not isinstance(message.get("params", {}), dict):
        return _error(_INVALID_REQUEST, "params: must be an object")
    return None


def _error(code: int, message: str) -> Reply:
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    return Reply(replies.encode(body), 400)
