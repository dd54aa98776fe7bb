"""The address to which a browser comes back from the provider of a mailbox."""

from __future__ import annotations

import html
import logging

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from ..core.accounts import sessions
from ..core.activity.mail import authorizations
from ..core.activity.mail.authorizations import Authorization
from ..core.context import Ctx
from ..db.engine import Db
from ..errors import NotSignedIn, Problem
from ..lib import oauth
from ..lib.secret_keys import KeyMissing
from .http.credentials import COOKIE, SECURE_COOKIE
from .http.services import Services

log = logging.getLogger("boxwood.mailboxes")
PAGE = "/settings/mailboxes"
"""The page of the UI that shows the mailbox."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class MailPermission:
    def __init__(self, api: Services) -> None:
        self.api = api

    def routes(self) -> list[BaseRoute]:
        return [Route(authorizations.CALLBACK, self.finish)]

    async def finish(self, request: Request) -> Response:
        """Exchange the code for tokens and store them. Only the browser of the user who began may do this: otherwise
        a user could make another user give permission for their mailbox."""
        given, api = request.query_params, self.api
        try:
            authorization = await api.engine.write_soon(lambda db: self._take(db, request))
            if not given.get("code"):
                return _page(f"The provider refused: {given.get('error', 'it gives no reason')[:200]}.", 403)
            provider = api.mail_providers[authorization.provider]
            verifier = authorizations.verifier_of(api.keys, authorization)
            tokens = await oauth.exchange(provider, given["code"], verifier, authorization.redirect_uri)
            await api.engine.write_soon(lambda db: self._store(db, request, authorization, tokens))
        except NotSignedIn:
            return _page("Sign in to Boxwood in this browser, and connect the mailbox again.", 401)
        except (oauth.Failed, oauth.Refused, KeyMissing, KeyError) as why:
            log.warning("a mailbox was not connected: %s", why)
            return _page(f"Connecting the mailbox did not work: {why}.", 502)
        except Problem:
            return _page("This attempt to connect a mailbox is over: begin again.", 400)
        return RedirectResponse(PAGE, 303, _HEADERS)

    def _context(self, db: Db, request: Request) -> Ctx:
        now = self.api.clock()
        names = (SECURE_COOKIE.decode(), COOKIE.decode())
        secret = next((request.cookies[name] for name in names if name in request.cookies), "")
        if not secret:
            raise NotSignedIn(given=False)
        user, session = sessions.owner(db, secret, now)
        return Ctx(db, now, user, "", f"session:{session}")

    def _take(self, db: Db, request: Request) -> Authorization:
        return authorizations.take(self._context(db, request), request.query_params.get("state", ""))

    def _store(self, db: Db, request: Request, authorization: Authorization, tokens: oauth.Tokens) -> None:
        authorizations.finish(self._context(db, request), self.api.keys, authorization, tokens)


def _page(says: str, status: int) -> Response:
    text = html.escape(says)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><title>Boxwood</title><p>{text}</p><p><a href="/">Back</a></p></html>',
        status,
        _HEADERS,
    )
