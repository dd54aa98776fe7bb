"""The endpoints of OAuth 2.1 for apps: metadata, registration, authorization, tokens and revocation.

The protocol is in `oauth_protocol`, which is loaded with the first request that needs it. The user's answer and the
list of connected apps are operations of the API, in `apps`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, request_response
from starlette.types import ASGIApp, Message

from ..core.accounts import apps
from ..errors import Problem, TooMany
from .http import bodies, headers, replies
from .http.services import Services

if TYPE_CHECKING:
    from .oauth_protocol import Handlers

AUTHORIZE, TOKEN, REGISTER, REVOKE = "/oauth/authorize", "/oauth/token", "/oauth/register", "/oauth/revoke"
METADATA, RESOURCE = "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"
MOST_BODY = 65_536
_SENT = ("Authorization", "Content-Type", "MCP-Protocol-Version")
_SAFE = {"Cache-Control": "no-store", "Pragma": "no-cache", "Referrer-Policy": "no-referrer"}
Answer = Callable[[Request], Awaitable[Response]]


def resource_metadata(base_url: str) -> str:
    """The address that tells a client how to get a token for `/mcp` (RFC 9728)."""
    return f"{base_url}{RESOURCE}/mcp"


class AppAuthorization:
    def __init__(self, api: Services, base_url: Callable[[Request], Awaitable[str]]) -> None:
        self.api = api
        self.base_url = base_url
        """The public URL of the server, as this request reached it."""

    def routes(self) -> list[BaseRoute]:
        return [
            Route(METADATA, _for_pages(self.metadata, "GET")),
            *(Route(path, _for_pages(self.resource, "GET")) for path in (RESOURCE, f"{RESOURCE}/mcp")),
            Route(AUTHORIZE, self.authorize, methods=["GET", "POST"]),
            Route(TOKEN, _for_pages(self.exchange, "POST")),
            Route(REGISTER, _for_pages(self.register, "POST")),
            Route(REVOKE, _for_pages(self.revoke, "POST")),
        ]

    async def metadata(self, request: Request) -> Response:
        """What this authorization server can do (RFC 8414)."""
        url = await self.base_url(request)
        return JSONResponse(
            {
                "issuer": url,
                "authorization_endpoint": url + AUTHORIZE,
                "token_endpoint": url + TOKEN,
                "registration_endpoint": url + REGISTER,
                "revocation_endpoint": url + REVOKE,
                "scopes_supported": apps.ACCESSES,
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_methods_supported": ["none"],
                "revocation_endpoint_auth_methods_supported": ["none"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def resource(self, request: Request) -> Response:
        """Which authorization server gives tokens for `/mcp` (RFC 9728)."""
        url = await self.base_url(request)
        return JSONResponse(
            {
                "resource": f"{url}/mcp",
                "authorization_servers": [url],
                "scopes_supported": apps.ACCESSES,
                "bearer_methods_supported": ["header"],
                "resource_name": "Boxwood",
            }
        )

    async def authorize(self, request: Request) -> Response:
        """Check what an app asks for, and send the browser to the page that asks the user."""
        return await self._answer(request, lambda handlers, checked: handlers.authorize(checked))

    async def exchange(self, request: Request) -> Response:
        """Give tokens for a code or for a refresh token."""
        answer = await self._answer(request, lambda handlers, checked: handlers.exchange(checked))
        if answer.status_code in (400, 401):
            try:
                self.api.limits.failed(self._source(request), self.api.clock())
            except TooMany as problem:
                return _refused(problem)
        return answer

    async def register(self, request: Request) -> Response:
        """Register an app (RFC 7591)."""
        try:
            await asyncio.to_thread(self.api.limits.registered, self._source(request), self.api.clock())
        except TooMany as problem:
            return _refused(problem)
        return await self._answer(request, lambda handlers, checked: handlers.register(checked))

    async def revoke(self, request: Request) -> Response:
        """Disconnect the app that has this token (RFC 7009). An unknown token is no error."""
        try:
            given = await (await self._checked(request)).form()
        except Problem as problem:
            return _refused(problem)
        token, client = given.get("token"), given.get("client_id")
        if not isinstance(token, str) or not isinstance(client, str) or not token or not client:
            error = {"error": "invalid_request", "error_description": "token and client_id are required"}
            return JSONResponse(error, 400, _SAFE)
        await self.api.engine.write_soon(lambda db: apps.disconnect_by_token(db, token, client))
        return Response(status_code=200, headers=_SAFE)

    async def _answer(self, request: Request, work: Callable[[Handlers, Request], Awaitable[Response]]) -> Response:
        try:
            checked = await self._checked(request)
        except Problem as problem:
            return _refused(problem)
        load = await asyncio.to_thread(_load)
        answer = await work(load(self.api, await self.base_url(request)), checked)
        answer.headers.update(_SAFE)
        return answer

    async def _checked(self, request: Request) -> Request:
        """The request with its body, which is small."""
        lines = headers.read(request.scope["headers"])
        body = b""
        if request.method == "POST":
            body = await bodies.whole(bodies.patient(request.receive, bodies.PATIENCE), lines, MOST_BODY)
        given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return given.pop() if given else {"type": "http.disconnect"}

        return Request(request.scope, receive)

    def _source(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        return self.api.limits.source(peer, request.headers.get("x-forwarded-for", ""))


def _load() -> type[Handlers]:
    from .oauth_protocol import Handlers

    return Handlers


def _for_pages(answer: Answer, method: str) -> ASGIApp:
    """The endpoint, also for web pages of other origins: apps in a browser. It uses no cookies."""
    return CORSMiddleware(
        _only(answer, method), allow_origins=("*",), allow_methods=(method,), allow_headers=_SENT, max_age=3600
    )


def _only(answer: Answer, method: str) -> ASGIApp:
    async def checked(request: Request) -> Response:
        if request.method != method and not (method == "GET" and request.method == "HEAD"):
            error = {"success": False, "error": f"This path accepts {method}"}
            return JSONResponse(error, 405, {"Allow": method})
        return await answer(request)

    return request_response(checked)


def _refused(problem: Problem) -> Response:
    reply = replies.of_problem(problem)
    lines = {name.decode(): value.decode() for name, value in reply.headers}
    return Response(reply.body, reply.status, {**lines, **_SAFE}, "application/json")
