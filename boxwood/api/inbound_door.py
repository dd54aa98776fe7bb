"""Receives requests to inbound webhooks: `/hooks/{token}`, outside `/api`, with a contract that does not change.

The checks that reveal least come first: the token, then the address, the method, the size, and the signature.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from ..core.webhooks import inbound_endpoints, inbound_requests
from ..core.webhooks.inbound_endpoints import Endpoint
from ..core.webhooks.inbound_requests import Arrival, Request
from ..db.engine import Db, Engine
from ..errors import Invalid, Problem, TooLarge, TooSlow, Unsupported
from ..lib import client_address, signing
from ..lib.template_filters import TemplateError
from ..wire import handshakes, v1
from ..wire import inbound as wire
from ..wire.handshakes import Handshake
from .http import bodies, compression, replies, sending
from .http import headers as request_headers
from .http.limits import Limits
from .http.replies import Reply, encode

log = logging.getLogger("boxwood.inbound")
PREFIX = "/hooks/"
MOST_BODY = 1_048_576
LONGEST_TOKEN = 200
LONGEST_ID = 200
UNKNOWN = replies.error(404, "There is nothing here")


class Answer(msgspec.Struct, omit_defaults=True):
    success: bool
    id: str
    duplicate: bool = False


class Refusal(Exception):
    """A request to a known endpoint is refused: the response, and the reason for the owner of the endpoint."""

    def __init__(self, reply: Reply, reason: str) -> None:
        super().__init__(reason)
        self.reply = reply
        self.reason = reason


class Door:
    """The ASGI application under `/hooks`."""

    def __init__(self, engine: Engine, limits: Limits, clock: Callable[[], int]) -> None:
        self.engine = engine
        self.limits = limits
        self.clock = clock
        self.patience = bodies.PATIENCE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Each route has its own counters. Unknown methods share one route.
        scope["route"] = f"{scope['method'] if scope['method'] in inbound_endpoints.METHODS else '*'} {PREFIX}{{token}}"
        scope["shown_path"] = PREFIX + "…"
        try:
            reply = await self._answer(scope, receive)
        except Problem as problem:
            reply = replies.of_problem(problem)
        except Exception:
            log.exception("failed", extra={"route": scope["route"]})
            reply = replies.OUR_FAULT
        await sending.send(send, reply, scope)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        headers = request_headers.read(scope["headers"])
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        source = self.limits.source(scope["client"][0] if scope.get("client") else "", forwarded)
        token = scope["path"][len(PREFIX) :]
        endpoint = await self._find(token)
        if endpoint is None:
            await self._count_guess(source)
            return UNKNOWN
        query, body = scope["query_string"].decode("latin-1"), b""
        try:
            _check_address(endpoint, source)
            if handshake := handshakes.without_body(endpoint, scope["method"], _parameters(query), headers):
                return await self._shake(endpoint, handshake, scope["method"], source, headers, query)
            _check_method(endpoint, scope["method"])
            body = await _read(bodies.patient(receive, self.patience), headers)
            if handshake := handshakes.with_query(scope["method"], _parameters(query), body):
                return await self._shake(endpoint, handshake, scope["method"], source, headers, query)
            self._check_signature(endpoint, headers, body)
            request = _request(endpoint, scope["method"], source, headers, query, body)
            if handshake := handshakes.with_body(endpoint, request.content.body, self.clock()):
                return await self._shake(endpoint, handshake, scope["method"], source, headers, query, body)
        except Refusal as refusal:
            await self._set_aside(
                endpoint,
                _set_apart(endpoint, scope["method"], source, headers, query, body),
                inbound_requests.REFUSED,
                refusal.reason,
            )
            return refusal.reply
        if endpoint.condition and (
            why := await asyncio.to_thread(inbound_requests.left_out, endpoint, request.content)
        ):
            arrival = await self._set_aside(endpoint, request, inbound_requests.LEFT_OUT, why)
            return Reply(encode(Answer(True, arrival.key)))
        arrival = await self.engine.write_soon(lambda db: inbound_requests.receive(db, self.clock(), endpoint, request))
        repeats = arrival.verdict == inbound_requests.REPEATED
        return Reply(encode(Answer(True, arrival.reason if repeats else arrival.key, repeats)))

    async def _shake(
        self,
        endpoint: Endpoint,
        handshake: Handshake,
        method: str,
        source: str,
        headers: dict[bytes, bytes],
        query: str,
        body: bytes = b"",
    ) -> Reply:
        """Answer a handshake. It is stored for the owner of the endpoint and starts nothing."""
        if handshake.refused:
            reason = f"handshake of {handshake.sender}: {handshake.refused}"
            raise Refusal(replies.error(403, handshake.refused[0].upper() + handshake.refused[1:]), reason)
        request = _set_apart(endpoint, method, source, headers, query, body)
        await self._set_aside(endpoint, request, inbound_requests.HANDSHAKE, handshake.sender)
        return Reply(handshake.body, content_type=handshake.content_type)

    async def _count_guess(self, source: str) -> None:
        if self.engine.one_process:
            self.limits.failed(source, self.clock())
        else:
            await asyncio.to_thread(self.limits.failed, source, self.clock())

    async def _set_aside(self, endpoint: Endpoint, request: Request, verdict: str, reason: str) -> Arrival:
        return await self.engine.write_soon(
            lambda db: inbound_requests.set_aside(db, self.clock(), endpoint, request, verdict, reason)
        )

    async def _find(self, token: str) -> Endpoint | None:
        """The endpoint with this token. Every token costs one look-up, so that the time reveals nothing."""
        token = token[:LONGEST_TOKEN]

        def look(db: Db) -> Endpoint | None:
            return inbound_endpoints.find(db, token, self.clock())

        return self.engine.read(look) if self.engine.one_process else await self.engine.read_soon(look)

    def _check_signature(self, endpoint: Endpoint, headers: dict[bytes, bytes], body: bytes) -> None:
        now = self.clock()
        if endpoint.signature != inbound_endpoints.NONE and not _is_signed(endpoint, headers, body, now):
            raise Refusal(replies.error(401, "The signature is missing or wrong"), "signature missing or wrong")


def _check_address(endpoint: Endpoint, source: str) -> None:
    if endpoint.addresses and not client_address.within(source, client_address.read_networks(endpoint.addresses)):
        raise Refusal(replies.error(403, "Your address may not call this"), f"address {source} is not allowed")


def _check_method(endpoint: Endpoint, method: str) -> None:
    if method != endpoint.method:
        raise Refusal(replies.wrong_verb([endpoint.method]), f"method {method[:20]} in place of {endpoint.method}")


async def _read(receive: Receive, headers: dict[bytes, bytes]) -> bytes:
    try:
        return await bodies.whole(compression.decompressed(receive, headers), headers, MOST_BODY)
    except TooLarge as problem:
        raise Refusal(replies.of_problem(problem), "larger than 1 MiB") from None
    except TooSlow as problem:
        raise Refusal(replies.of_problem(problem), "body too slow") from None
    except (Invalid, Unsupported) as problem:
        raise Refusal(replies.of_problem(problem), str(problem)) from None


_V0_HEADERS = {
    inbound_endpoints.SLACK: ("x-slack-signature", "x-slack-request-timestamp"),
    inbound_endpoints.ZOOM: ("x-zm-signature", "x-zm-request-timestamp"),
}
"""The headers of the signature and of its time."""


def _is_signed(endpoint: Endpoint, headers: dict[bytes, bytes], body: bytes, now: int) -> bool:
    given = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    secrets, seconds = endpoint.secrets(now), now / 1000
    if endpoint.signature == inbound_endpoints.STANDARD:
        return signing.verify(secrets, given, body, seconds)
    if endpoint.signature == inbound_endpoints.GITHUB:
        shown = given.get("x-hub-signature-256", "")
        return any(signing.verify_github(secret, shown, body) for secret in secrets)
    if endpoint.signature == inbound_endpoints.STRIPE:
        shown = given.get("stripe-signature", "")
        return any(signing.verify_stripe(secret, shown, body, seconds) for secret in secrets)
    if endpoint.signature == inbound_endpoints.DROPBOX:
        shown = given.get("x-dropbox-signature", "")
        return any(signing.verify_hex(secret, shown, body) for secret in secrets)
    if endpoint.signature in _V0_HEADERS:
        name, time = _V0_HEADERS[endpoint.signature]
        return any(
            signing.verify_v0(secret, given.get(name, ""), given.get(time, ""), body, seconds) for secret in secrets
        )
    shown = given.get(endpoint.signature_header.lower(), "")
    return any(signing.verify_shared(secret, shown) for secret in secrets)


def _request(
    endpoint: Endpoint, method: str, source: str, headers: dict[bytes, bytes], query: str, body: bytes
) -> Request:
    content_type = headers.get(b"content-type", b"").decode("latin-1")[:200].replace("\x00", "")
    visible = wire.visible_headers(headers, endpoint.signature_header)
    try:
        content = wire.read_content(method, v1.read_query(query), visible, content_type, body)
    except Invalid as problem:
        raise Refusal(replies.of_problem(problem), str(problem)) from None
    by = _repeated_by(endpoint, headers, content.body)
    return Request(source, content, content_type, wire.as_text(body), len(body), by)


def _repeated_by(endpoint: Endpoint, headers: dict[bytes, bytes], body: Any) -> str:
    """The id by which a repetition is recognized, short enough for an index."""
    found: Any = None
    if endpoint.repeat_by == inbound_endpoints.BY_HEADER:
        found = headers.get(endpoint.repeat_at.lower().encode(), b"").decode("latin-1").replace("\x00", "")
    elif endpoint.repeat_by == inbound_endpoints.BY_PATH:
        with contextlib.suppress(TemplateError):
            found = inbound_endpoints.repeat_template(endpoint.repeat_at).value(
                body if isinstance(body, dict) else {"body": body}
            )
    text = wire.repeated_by(found)
    return text if len(text) <= LONGEST_ID else "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _parameters(query: str) -> dict[str, Any]:
    """The parameters of the query; none if it cannot be read."""
    try:
        return v1.read_query(query)
    except Invalid:
        return {}


def _set_apart(
    endpoint: Endpoint, method: str, source: str, headers: dict[bytes, bytes], query: str, body: bytes
) -> Request:
    """The refused request or handshake for the log: its headers, query, and the beginning of its body."""
    visible = wire.visible_headers(headers, endpoint.signature_header)
    parameters = {
        name: wire.HIDDEN if name == "hub.verify_token" else value for name, value in _parameters(query).items()
    }
    content = wire.read_content(method[:20], parameters, visible, "", b"")
    content_type = visible.get("content-type", "")[:200]
    return Request(source, content, content_type, wire.as_text(body, wire.SHOWN_BODY), len(body))
