"""Signing in by an OpenID Connect provider: two addresses that browsers are sent to."""

from __future__ import annotations

import base64
import binascii
import html
import logging

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from ..core import mail_settings
from ..core.accounts import identities, sessions
from ..db.engine import Db
from ..errors import Problem
from ..lib import oidc
from ..lib.oidc import Attempt, Client
from .http import credentials, headers
from .http.services import Services

log = logging.getLogger("boxwood.oidc")
START, CALLBACK = "/auth/oidc", "/auth/oidc/callback"
COOKIE = "boxwood_oidc"
LASTS = 600
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Provider:
    """The provider's two routes; without a client they answer 404."""

    def __init__(self, api: Services, client: Client | None) -> None:
        self.api = api
        self.client = client

    def routes(self) -> list[BaseRoute]:
        return [Route(START, self.start), Route(CALLBACK, self.finish)]

    async def start(self, request: Request) -> Response:
        """Send the browser to the provider; `next` is the page to come back to."""
        if self.client is None:
            return _page("There is no provider to sign in with here.", 404)
        attempt = oidc.attempt(request.query_params.get("next", "/"))
        base_url = await self._base_url()
        try:
            away = await oidc.address(self.client, base_url + CALLBACK, attempt)
        except oidc.Failed as why:
            log.error("%s", why)
            return _page(f"Signing in did not work: {why}.", 502)
        answer = RedirectResponse(away, 302, _HEADERS)
        secure = base_url.startswith("https:")
        answer.set_cookie(COOKIE, _text(attempt), LASTS, path=START, httponly=True, samesite="lax", secure=secure)
        return answer

    async def finish(self, request: Request) -> Response:
        """The browser is back from the provider: with a code for the attempt that it began itself."""
        given, client = request.query_params, self.client
        if client is None:
            return _page("There is no provider to sign in with here.", 404)
        attempt = _read(request.cookies.get(COOKIE, ""))
        if attempt is None or given.get("state") != attempt.state:
            return _page("This attempt to sign in is over: begin again.", 400)
        if not given.get("code"):
            return _page(f"The provider refused: {given.get('error', 'it gives no reason')[:200]}.", 403)
        base_url = await self._base_url()
        try:
            who = await oidc.vouched(client, base_url + CALLBACK, attempt, given["code"], self.api.clock())
            secret, seconds = await self.api.engine.write_soon(lambda db: self._begin(db, request, client, who))
        except oidc.Failed as why:
            log.error("%s", why)
            return _page(f"Signing in did not work: {why}.", 502)
        except Problem as problem:
            self.api.failures.note(who.email, f"{client.name}: {problem}", *self._caller(request))
            return _page(f"{problem}.", 403)
        # The browser's cookie is not signed, so its path is checked again.
        answer = RedirectResponse(oidc.local_path(attempt.next), 303, _HEADERS)
        name, value = credentials.cookie(secret, seconds=seconds, secure=base_url.startswith("https:"))
        answer.raw_headers.append((name, value))
        answer.delete_cookie(COOKIE, path=START)
        return answer

    async def _base_url(self) -> str:
        """As the operator says, never as the request does: the provider knows this address."""
        return (await self.api.engine.read_soon(mail_settings.find)).base_url

    def _begin(self, db: Db, request: Request, client: Client, who: oidc.Vouched) -> tuple[str, int]:
        ctx = identities.sign_in(
            db,
            self.api.clock(),
            issuer=client.issuer,
            subject=who.subject,
            email=who.email,
            verified=who.verified,
            name=who.name,
            domains=client.domains,
        )
        session, secret = sessions.start(ctx, *self._caller(request), client.name)
        return secret, (session.ends_at - ctx.now) // 1000

    def _caller(self, request: Request) -> tuple[str, str]:
        """The browser, as it calls itself, and the address it comes from."""
        peer = request.client.host if request.client else ""
        forwarded = headers.joined(request.scope["headers"], b"x-forwarded-for")
        source = self.api.limits.source(peer, forwarded.decode("latin-1"))
        return request.headers.get("user-agent", ""), source


def _page(says: str, status: int) -> Response:
    text = html.escape(says)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><title>Boxwood</title><p>{text}</p><p><a href="/">Back</a></p></html>',
        status,
        _HEADERS,
    )


def _text(attempt: Attempt) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(attempt)).decode()


def _read(text: str) -> Attempt | None:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text.encode()), type=Attempt)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        return None
