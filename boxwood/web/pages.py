"""What a browser gets at `/`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Boxwood</title></head>
<body><h1>Boxwood</h1>
<p>This CRM server speaks the Streak API under <code>/api/v1</code> and <code>/api/v2</code>.</p>
<ul><li><a href="/docs">API reference</a></li><li><a href="/openapi.json">OpenAPI document</a></li></ul>
</body></html>
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


async def home(request: Request) -> Response:
    return HTMLResponse(_PAGE, headers=_HEADERS)


def routes() -> list[BaseRoute]:
    return [Route("/", home)]
