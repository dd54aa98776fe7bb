"""The addresses in letters, outside `/api` and without signing in: `/t/{token}.gif` is the picture that counts opens,
`/t/{token}` a link, and `/u/{token}` the page on which recipients unsubscribe.

Of a request, only its time and what it says of its program are used. Neither the address nor the program is stored or
logged, and no cookie is set.
"""

from __future__ import annotations

import base64
import html
import logging
from collections.abc import Callable
from functools import partial

from starlette.types import Receive, Scope, Send

from ..core.activity.sending import hits, unsubscribe
from ..core.activity.sending.tracked_links import PICTURE_END, TRACK_PREFIX, UNSUBSCRIBE_PREFIX, TrackedLink
from ..core.activity.sending.unsubscribe import Unsubscribing
from ..db.engine import Engine
from ..errors import Problem
from ..lib.hit_classes import CLICK, OPEN, source_of
from .http import credentials, replies, sending
from .http import headers as request_headers
from .http.replies import Reply

log = logging.getLogger("boxwood.mail")
PREFIXES = (TRACK_PREFIX, UNSUBSCRIBE_PREFIX)
_LOOKS = ("GET", "HEAD")
_PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_HTML = b"text/html; charset=utf-8"
_PRIVATE = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"content-security-policy", b"default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
</head><body><main><h1>{title}</h1>
{content}
</main></body></html>
"""


class MailDoor:
    """The ASGI application under `/t` and `/u`."""

    def __init__(self, engine: Engine, clock: Callable[[], int]) -> None:
        self.engine = engine
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        prefix = TRACK_PREFIX if path.startswith(TRACK_PREFIX) else UNSUBSCRIBE_PREFIX
        method = scope["method"] if scope["method"] in (*_LOOKS, "POST") else "*"
        scope["route"], scope["shown_path"] = f"{method} {prefix}{{token}}", prefix + "…"
        answer = self._track if prefix == TRACK_PREFIX else self._unsubscribe
        try:
            reply = await answer(scope, path[len(prefix) :])
        except Problem as problem:
            reply = replies.of_problem(problem)
        except Exception:
            log.exception("failed", extra={"route": scope["route"]})
            reply = replies.OUR_FAULT
        await sending.send(send, reply, scope)

    async def _track(self, scope: Scope, name: str) -> Reply:
        if scope["method"] not in _LOOKS:
            return replies.wrong_verb(list(_LOOKS))
        is_picture = name.endswith(PICTURE_END)
        link = await self.engine.read_soon(partial(hits.find, token=name.removesuffix(PICTURE_END)))
        if link is None or is_picture != (link.kind == OPEN):
            return _page(404, "Nothing here", "<p>This link does not exist, or the mail was deleted.</p>")
        await self._note(scope, link)
        if is_picture:
            return Reply(_PICTURE, content_type=b"image/gif", headers=_PRIVATE)
        if link.kind != CLICK:
            return _page(200, "Nothing to see", "<p>This link leads nowhere.</p>")
        return Reply(b"", 302, _HTML, (*_PRIVATE, (b"location", _quoted(link.target))))

    async def _note(self, scope: Scope, link: TrackedLink) -> None:
        """Store the hit. If that fails, the link leads to its target all the same."""
        headers = request_headers.read(scope["headers"])
        texts = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        source = source_of(scope["method"], texts, signed_in=credentials.has_cookie(headers))
        try:
            await self.engine.write_soon(partial(hits.arrive, link=link, source=source, now=self.clock()))
        except Exception:
            log.exception("a hit was not stored", extra={"route": scope["route"]})

    async def _unsubscribe(self, scope: Scope, token: str) -> Reply:
        """The page asks first, because programs that check mail open all links. The button of a mail program sends POST
        at once (RFC 8058). The body is not read: the address says everything."""
        if scope["method"] == "POST":
            found = await self.engine.write_soon(partial(unsubscribe.act, token=token, now=self.clock()))
        elif scope["method"] in _LOOKS:
            found = await self.engine.read_soon(partial(unsubscribe.look, token=token))
        else:
            return replies.wrong_verb([*_LOOKS, "POST"])
        if found is None:
            return _page(404, "Nothing here", "<p>This link does not exist, or the mail was deleted.</p>")
        return _unsubscribed(found) if found.is_done else _question(found)


def _question(found: Unsubscribing) -> Reply:
    address, team = html.escape(found.address), html.escape(found.team_name)
    return _page(
        200,
        "Unsubscribe",
        f"<p>{team} sends mailings to <strong>{address}</strong>.</p>\n"
        '<form method="post"><button type="submit">Unsubscribe</button></form>',
    )


def _unsubscribed(found: Unsubscribing) -> Reply:
    address, team = html.escape(found.address), html.escape(found.team_name)
    return _page(200, "You are unsubscribed", f"<p>{team} sends no mailings to <strong>{address}</strong>.</p>")


def _page(status: int, title: str, content: str) -> Reply:
    return Reply(_PAGE.format(title=title, content=content).encode(), status, _HTML, _PRIVATE)


def _quoted(target: str) -> bytes:
    """The address with the bytes of UTF-8 in place of what a header cannot hold: letters, blanks and control
    characters."""
    return b"".join(bytes((byte,)) if 32 < byte < 127 else b"%%%02X" % byte for byte in target.encode())
