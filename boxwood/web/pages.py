"""Serves the built web UI. All its screens start with the same HTML page."""

from __future__ import annotations

import mimetypes
import secrets
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

BUILT = Path(__file__).parent / "static" / "ui"
FOREVER = "public, max-age=31536000, immutable"
SAFETY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
PACKED = {"br": ".br", "gzip": ".gz"}
_NONCE = "__NONCE__"
_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Boxwood</title></head>
<body><h1>Boxwood</h1>
<p>The API is served under <code>/api/v1</code> and <code>/api/v2</code>, with its <a href="/docs">reference</a>.
The web UI has not been built in this copy: run <code>bin/setup</code>, then start the server again.</p>
</body></html>
"""


def policy(nonce: str) -> str:
    """The content security policy: only our own files may run. Styles that scripts create carry the page's nonce."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


SCREENS = (
    "/",
    "/account",
    "/boxes/{box}",
    "/connect",
    "/contacts",
    "/contacts/{contact}",
    "/integrations",
    "/integrations/keys/{apikey}",
    "/invitation",
    "/mail",
    "/mail/blocks",
    "/mail/mailboxes",
    "/mail/mailings",
    "/mail/mailings/{mailing}",
    "/mail/sent",
    "/mail/sequences",
    "/mail/sequences/{sequence}",
    "/mail/snippets",
    "/notifications",
    "/organizations",
    "/organizations/{organization}",
    "/pipelines/{pipeline}",
    "/pipelines/{pipeline}/automations",
    "/pipelines/{pipeline}/automations/{automation}",
    "/pipelines/{pipeline}/board",
    "/pipelines/{pipeline}/forms",
    "/pipelines/{pipeline}/import",
    "/pipelines/{pipeline}/inbound/{inbound}",
    "/pipelines/{pipeline}/integrations",
    "/pipelines/{pipeline}/reports",
    "/pipelines/{pipeline}/settings",
    "/pipelines/{pipeline}/webhooks/{webhook}",
    "/proposals",
    "/reset",
    "/search",
    "/streak",
    "/tasks",
    "/team",
    "/teams/{team}/automations",
    "/teams/{team}/automations/{automation}",
    "/trash",
    "/welcome",
)
"""The paths of ui/src/screens/index.ts. Every other path is 404."""


def routes() -> list[BaseRoute]:
    """The routes of the UI."""
    return [Route("/assets/{name}", asset), *(Route(path, page) for path in SCREENS)]


# Plain functions, not coroutines: Starlette runs them in a thread, so reading files does not block the event loop.
def page(request: Request, status: int = 200) -> Response:
    nonce = secrets.token_urlsafe(18)
    headers = {"Content-Security-Policy": policy(nonce), "Cache-Control": "no-store", **SAFETY}
    return HTMLResponse(template().replace(_NONCE, nonce), status, headers=headers)


def missing(request: Request, error: Exception) -> Response:
    """The answer to an unknown path: for a browser the page that says so, for a program an error."""
    path = request.scope["path"]
    file = "." in path.rpartition("/")[2]
    if request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "") and not file:
        return page(request, 404)
    return JSONResponse({"success": False, "error": "There is nothing at this path. The API is at /api"}, 404)


def wrong_method(request: Request, error: Exception) -> Response:
    headers = getattr(error, "headers", None)
    return JSONResponse({"success": False, "error": "This path does not accept the method"}, 405, headers)


def asset(request: Request) -> Response:
    """Serve a file with a hash in its name, compressed if the browser accepts that."""
    path = BUILT / "assets" / request.path_params["name"]
    if path.parent != BUILT / "assets" or path.suffix in PACKED.values() or not path.is_file():
        return _not_found()
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding", **SAFETY}
    takes = {each.split(";")[0].strip() for each in request.headers.get("accept-encoding", "").split(",")}
    for name, suffix in PACKED.items():
        packed = path.with_name(path.name + suffix)
        if name in takes and packed.is_file():
            return FileResponse(packed, headers={**headers, "Content-Encoding": name}, media_type=_media(path.name))
    return FileResponse(path, headers=headers, media_type=_media(path.name))


def _not_found() -> Response:
    return Response("Not found", 404, headers=SAFETY, media_type="text/plain")


def _media(name: str) -> str:
    return "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"


@cache
def template() -> str:
    """The page with placeholders for the nonce. If the UI has not been built, a page that says so."""
    index = BUILT / "index.html"
    return index.read_text() if index.is_file() else _NOT_BUILT
