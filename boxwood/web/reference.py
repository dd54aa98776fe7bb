"""The browsable API reference: Swagger UI's own files and one page that points them at the document."""

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

# The page takes an API key in "Authorize": nothing but our own files may run there, and nothing
# may be sent anywhere but here. data: and blob: are the icons in the style sheet and image answers.
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
    """`/docs` and its files; `openapi` is the path of the document on this server."""

    # Plain functions: Starlette runs them in a thread, where reading and packing files harms nobody.
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
    """What the files hold, as a part of their path: a new release is fetched anew, an old one never."""
    whole = hashlib.sha256()
    for name in SERVED:
        whole.update((FILES / name).read_bytes())
    return whole.hexdigest()[:16]


@cache
def packed(name: str) -> bytes:
    return gzip.compress((FILES / name).read_bytes(), mtime=0)
