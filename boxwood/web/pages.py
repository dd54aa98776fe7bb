"""Serves the built web UI. All its screens start with the same HTML page."""

from __future__ import annotations

import mimetypes
import secrets
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
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


def routes() -> list[BaseRoute]:
    """The routes of the UI. Every path without another route opens the page, which shows the screen of that path."""
    return [Route("/assets/{name}", asset), Route("/{path:path}", page)]


# Plain functions, not coroutines: Starlette runs them in a thread, so reading files does not block the event loop.
def page(request: Request) -> Response:
    if "." in request.path_params["path"].rpartition("/")[2]:
        return _not_found()  # a path with a file extension is not a screen
    nonce = secrets.token_urlsafe(18)
    headers = {"Content-Security-Policy": policy(nonce), "Cache-Control": "no-store", **SAFETY}
    return HTMLResponse(template().replace(_NONCE, nonce), headers=headers)


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
