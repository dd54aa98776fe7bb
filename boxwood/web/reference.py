"""Serves the API reference at `/docs`: the files of Swagger UI, and a page that loads our OpenAPI document."""

import gzip
import hashlib
from functools import cache
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

FILES = Path(__file__).parent / "static" / "docs"
MEDIA = {".js": "text/javascript", ".css": "text/css"}
SERVED = ("swagger-ui-bundle.js", "swagger-ui.css", "reference.js", "reference.css")

# Users enter an API key on this page ("Authorize"), so only our own files may run and requests go only to this server.
# data: and blob: allow the icons in the style sheet and images in responses.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SAFETY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
FOREVER = "public, max-age=31536000, immutable"

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Boxwood API reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{files}/swagger-ui.css">
<link rel="stylesheet" href="{files}/reference.css">
</head>
<body>
<div id="reference" data-url="{openapi}"></div>
<noscript>This page needs JavaScript. The document itself is at <a href="{openapi}">{openapi}</a>.</noscript>
<script src="{files}/swagger-ui-bundle.js"></script>
<script src="{files}/reference.js"></script>
</body>
</html>
"""


def routes(openapi: str = "/openapi.json") -> list[BaseRoute]:
    """The routes of `/docs` and its files. `openapi` is the path of the document on this server."""

    # Plain functions, not coroutines: Starlette runs them in a thread, so reading and compressing files does not block
    # the event loop.
    def page(request: Request) -> Response:
        root = escape(request.scope.get("root_path", ""))
        text = PAGE.format(files=f"{root}/docs/{digest()}", openapi=root + escape(openapi))
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", **SAFETY}
        return HTMLResponse(text, headers=headers)

    return [Route("/docs", page), Route("/docs/", page), Route("/docs/{digest}/{name}", file)]


def file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in SERVED or request.path_params["digest"] != digest():
        return Response("Not found", 404, headers=SAFETY, media_type="text/plain")
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding", **SAFETY}
    body = FILES / name
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(body.read_bytes(), headers=headers, media_type=MEDIA[body.suffix])
    headers["Content-Encoding"] = "gzip"
    return Response(packed(name), headers=headers, media_type=MEDIA[body.suffix])


@cache
def digest() -> str:
    """A hash of the files' content, which is part of their URLs, so browsers load them again only after a change."""
    whole = hashlib.sha256()
    for name in SERVED:
        whole.update((FILES / name).read_bytes())
    return whole.hexdigest()[:16]


@cache
def packed(name: str) -> bytes:
    return gzip.compress((FILES / name).read_bytes(), mtime=0)
