"""The protocol of OAuth 2.1 by the official MCP library: registration, authorization and tokens of apps.

Importing this module loads the library. Only requests to the endpoints of `oauth` import it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from mcp.server.auth.handlers.authorize import AuthorizationHandler
from mcp.server.auth.handlers.register import RegistrationHandler
from mcp.server.auth.handlers.token import TokenHandler
from mcp.server.auth.middleware.client_auth import ClientAuthenticator
from mcp.server.auth.provider import (
    AuthorizationCode,
    AuthorizationParams,
    AuthorizeError,
    RefreshToken,
    RegistrationError,
    TokenError,
)
from mcp.server.auth.settings import ClientRegistrationOptions
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyUrl
from starlette.requests import Request
from starlette.responses import Response

from ..core.accounts import apps
from ..core.accounts.apps import ACCESSES, AppRequest, Client, Token
from ..db.engine import Db
from .http.services import Services

CONSENT = "/connect"
"""The page of the UI that asks the user."""
MOST_NAME, MOST_URI, MOST_URIS = 100, 2000, 20
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch
_LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
_DANGEROUS = ("javascript", "data", "vbscript", "file", "blob", "about", "ws", "wss", "ftp")


class RegisteredApp(OAuthClientInformationFull):
    """An app as the library knows it: public, so PKCE protects its codes and no secret of it is stored."""

    def validate_redirect_uri(self, redirect_uri: AnyUrl | None) -> AnyUrl:
        """Programs on the user's machine listen on a port that they choose each time (RFC 8252, 7.3)."""
        if redirect_uri is not None and _without_port(redirect_uri) in map(_without_port, self.redirect_uris or ()):
            return redirect_uri
        return super().validate_redirect_uri(redirect_uri)

    def validate_scope(self, requested_scope: str | None) -> list[str] | None:
        """The known scopes. Apps also ask for scopes of other servers, which mean nothing here (RFC 6749, 3.3)."""
        return [scope for scope in ACCESSES if scope in (requested_scope or "").split()] or None


def _without_port(uri: AnyUrl) -> tuple[Any, ...]:
    port = uri.port if uri.host not in _LOOPBACK else None
    return uri.scheme, uri.host, port, uri.path, uri.query


class AppProvider:
    """What the library asks of us."""

    def __init__(self, api: Services, issuer: str) -> None:
        self.api = api
        self.issuer = issuer
        """The URL of this server, as the app knows it."""

    async def get_client(self, client_id: str) -> RegisteredApp | None:
        client = await self.api.engine.read_soon(lambda db: apps.find_client(db, client_id))
        return _shown(client) if client else None

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        uris = [str(uri) for uri in client_info.redirect_uris or ()]
        if not 0 < len(uris) <= MOST_URIS:
            raise RegistrationError("invalid_redirect_uri", f"redirect_uris must hold 1 to {MOST_URIS} addresses")
        for uri in uris:
            if why := _refusal(uri):
                raise RegistrationError("invalid_redirect_uri", f"{uri[:100]}: {why}")
        name = _name(client_info.client_name or "") or urlsplit(uris[0]).netloc or "An app"
        uri = str(client_info.client_uri or "")
        uri = uri if uri.startswith(("https://", "http://")) and len(uri) <= MOST_URI else ""
        now = self.api.clock()
        client = await self.api.engine.write_soon(lambda db: apps.register(db, now, name, uri, uris))
        # The library answers with this record. Every app is public: a secret that anybody gets proves nothing.
        client_info.client_id = client.key
        client_info.client_name = name
        client_info.client_secret = client_info.client_secret_expires_at = None
        client_info.token_endpoint_auth_method = "none"
        client_info.grant_types = ["authorization_code", "refresh_token"]
        client_info.scope = " ".join(ACCESSES)

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        if not _CHALLENGE(params.code_challenge):
            raise AuthorizeError("invalid_request", "code_challenge must be a SHA-256 hash in base64url (PKCE, S256)")
        if params.resource is not None and not _is_ours(params.resource, self.issuer):
            raise AuthorizeError("invalid_target", f"{params.resource[:100]} is not a resource of this server")
        request = AppRequest(
            client_key=client.client_id,
            redirect_uri=str(params.redirect_uri),
            is_explicit=params.redirect_uri_provided_explicitly,
            challenge=params.code_challenge,
            state=params.state,
            accesses=params.scopes or list(ACCESSES),
            issuer=self.issuer,
            made_at=self.api.clock(),
        )
        return f"{CONSENT}#{request.seal(self.api.keys)}"

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        token = await self._find(apps.CODE, authorization_code, client)
        if token is None:
            return None
        return AuthorizationCode(
            code=authorization_code,
            scopes=[],
            expires_at=math.inf,  # by our clock it has not expired
            client_id=client.client_id,
            code_challenge=token.detail.challenge,
            redirect_uri=AnyUrl(token.detail.redirect_uri),
            redirect_uri_provided_explicitly=token.detail.is_explicit,
        )

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        return await self._exchange(apps.CODE, authorization_code.code, client)

    async def load_refresh_token(self, client: OAuthClientInformationFull, refresh_token: str) -> RefreshToken | None:
        if await self._find(apps.REFRESH, refresh_token, client) is None:
            return None
        return RefreshToken(token=refresh_token, client_id=client.client_id, scopes=list(ACCESSES))

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        return await self._exchange(apps.REFRESH, refresh_token.token, client)

    async def _find(self, kind: str, secret: str, client: OAuthClientInformationFull) -> Token | None:
        now = self.api.clock()
        return await self.api.engine.write_soon(lambda db: apps.find_token(db, kind, secret, client.client_id, now))

    async def _exchange(self, kind: str, secret: str, client: OAuthClientInformationFull) -> OAuthToken:
        now = self.api.clock()

        def exchange(db: Db) -> apps.Issued | None:
            token = apps.find_token(db, kind, secret, client.client_id, now)
            return apps.exchange(db, token, now) if token else None

        issued = await self.api.engine.write_soon(exchange)
        if issued is None:
            raise TokenError("invalid_grant", "this was used already, or has expired")
        return OAuthToken(
            access_token=issued.access_token,
            refresh_token=issued.refresh_token,
            expires_in=apps.ACCESS_LASTS // 1000,
            scope=" ".join(ACCESSES[: ACCESSES.index(issued.access) + 1]),
        )


def _shown(client: Client) -> RegisteredApp:
    return RegisteredApp(
        client_id=client.key,
        client_name=client.name,
        redirect_uris=[AnyUrl(uri) for uri in client.redirect_uris],
        token_endpoint_auth_method="none",
        scope=" ".join(ACCESSES),
    )


def _name(text: str) -> str:
    """The name without characters that are not shown, or that turn the direction of the text around them."""
    shown = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)
    return " ".join(shown.split())[:MOST_NAME]


def _refusal(uri: str) -> str:
    """Why a browser must not be sent to this address with a code; empty if it may."""
    try:
        url = urlsplit(uri)
    except ValueError:
        return "this is no address"
    if len(uri) > MOST_URI or url.fragment or uri.endswith("#"):
        return f"must have at most {MOST_URI} characters and no fragment"
    if url.scheme in _DANGEROUS or not url.scheme:
        return "must be an https address, or one of a program on the user's machine"
    if url.scheme == "http" and url.hostname not in ("127.0.0.1", "::1", "localhost"):
        return "must begin with https://: only addresses of the user's own machine may begin with http://"
    return ""


def _is_ours(resource: str, issuer: str) -> bool:
    return resource.rstrip("/") in (issuer, f"{issuer}/mcp", f"{issuer}/api")


class Handlers:
    """The library's handlers of requests, around one provider."""

    def __init__(self, api: Services, issuer: str) -> None:
        provider: Any = AppProvider(api, issuer)
        self.authorization = AuthorizationHandler(provider)
        self.token = TokenHandler(provider, ClientAuthenticator(provider))
        self.registration = RegistrationHandler(provider, ClientRegistrationOptions(enabled=True))

    async def authorize(self, request: Request) -> Response:
        return await self.authorization.handle(request)

    async def exchange(self, request: Request) -> Response:
        answer: Response = await self.token.handle(request)
        return answer

    async def register(self, request: Request) -> Response:
        answer: Response = await self.registration.handle(request)
        return answer
