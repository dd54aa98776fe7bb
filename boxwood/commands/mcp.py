"""`boxwood mcp`: an MCP server on standard input and output, for assistants that start one as a program.

Its tools call the API of a running server over HTTP, so it may run on another machine than the server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .options import env

if TYPE_CHECKING:
    import aiohttp

    from ..api.mcp.operations import Reply

SECONDS = 120


def add(commands: Any) -> None:
    mcp = commands.add_parser("mcp", help="serve an assistant over MCP on standard input and output")
    mcp.add_argument(
        "--url",
        default=env("URL", "http://127.0.0.1:8080"),
        help="the URL of the Boxwood server (http://127.0.0.1:8080)",
    )
    mcp.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    # Every user of the machine can read a command line, so the key is only taken from the environment.
    key = os.environ.get("BOXWOOD_API_KEY", "").strip()
    if not key:
        sys.exit("boxwood: set BOXWOOD_API_KEY to an API key; `boxwood key create EMAIL` creates one")
    if not options.url.startswith(("http://", "https://")):
        sys.exit("boxwood: --url must be a URL such as https://crm.example.com")
    asyncio.run(_serve(options.url.rstrip("/"), key))


async def _serve(url: str, key: str) -> None:
    import aiohttp
    from mcp.server.stdio import stdio_server

    from ..api.mcp.server import build

    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        operations = OverHttp(session, url)
        server = build(lambda request: operations)
        async with stdio_server() as (reads, writes):
            await server.run(reads, writes, server.create_initialization_options())


class OverHttp:
    """Operations of the API of a server at a URL."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def send(self, method: str, path: str, query: Mapping[str, Any], body: Any) -> Reply:
        import aiohttp
        from yarl import URL

        from ..api.mcp.operations import Reply

        url = URL(f"{self.url}/api{quote(path)}", encoded=True).with_query({k: str(v) for k, v in query.items()})
        try:
            async with self.session.request(method, url, json=body, allow_redirects=False) as response:
                content = await response.read()
                return Reply(response.status, content, response.headers.get("X-Boxwood-Change", ""))
        except (aiohttp.ClientError, TimeoutError) as error:
            said = f"the Boxwood server at {self.url} does not answer ({error or 'timeout'}): check --url"
            return Reply(503, json.dumps({"error": said}).encode())
