"""The documentation as Markdown, for programs and assistants: `/llms.txt` lists its pages.

The guides and the rules of the API are the files of `docs/`. A built package has copies of them. The pages of the
reference are made from the OpenAPI document.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from . import reference_texts

FOLDERS = {"guide": "Guides", "api": "The API"}
COPIED = Path(__file__).parent / "static" / "pages"
SOURCES = Path(__file__).parents[2] / "docs"
SAFETY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
FIRST = "README.md"
_LINK = re.compile(r"(!?)\[((?:[^\]\\]|\\.)*)\]\(([^()\s]+)\)")
_OUTSIDE = re.compile(r"[a-z]+:|#|/")

Document = dict[str, Any]


def routes(document: Callable[[], Document], url: Callable[[Request], Awaitable[str]]) -> list[BaseRoute]:
    """The routes of `/llms.txt` and the pages. `document` is the OpenAPI document, and `url` that of this server."""

    async def index(request: Request) -> Response:
        return Response(_index(document(), await url(request)), headers=SAFETY, media_type="text/plain")

    # A plain function: Starlette runs it in a thread, so reading files does not block the event loop.
    def page(request: Request) -> Response:
        folder, name = request.path_params["folder"], request.path_params["name"]
        if folder == "reference":
            text = reference_texts.pages(document()).get(name)
        else:
            text = page_text(folder, name) if folder in FOLDERS else None
        if text is None:
            return Response("Not found", 404, headers=SAFETY, media_type="text/plain")
        return Response(text, headers=SAFETY, media_type="text/markdown")

    return [Route("/llms.txt", index), Route("/docs/{folder}/{name}.md", page)]


def page_text(folder: str, name: str) -> str | None:
    """Return a page without its pictures; a link to something that is not served becomes its text."""
    if f"{name}.md" not in _names(folder):
        return None

    def shown(found: re.Match[str]) -> str:
        is_picture, label, target = found.groups()
        if is_picture:
            return ""
        return found[0] if _OUTSIDE.match(target) or _is_served(folder, target.partition("#")[0]) else label

    text = _LINK.sub(shown, (_place() / folder / f"{name}.md").read_text())
    return re.sub(r"\n{3,}", "\n\n", text)


def _is_served(folder: str, target: str) -> bool:
    parts = target.split("/")
    if parts[0] == "..":
        return len(parts) == 3 and parts[1] in FOLDERS and parts[2] in _names(parts[1])
    return len(parts) == 1 and parts[0] in _names(folder)


@cache
def _place() -> Path:
    return SOURCES if (SOURCES / "api" / FIRST).is_file() else COPIED


@cache
def _names(folder: str) -> tuple[str, ...]:
    """The names of the pages, the first one to read first."""
    found = {path.name for path in (_place() / folder).glob("*.md")}
    return tuple(sorted(found, key=lambda name: (name not in (FIRST, "first-steps.md"), name)))


def _index(document: Document, url: str) -> str:
    lines = [
        "# Boxwood",
        "",
        "> Boxwood is an open CRM server with the API of Streak: pipelines, stages, boxes, fields, tasks, contacts,",
        "> organizations, mail, webhooks and automations.",
        "",
        f"- The API is at {url}/api. Send an API key as `Authorization: Bearer KEY`.",
        f"- [The OpenAPI document]({url}/openapi.json). With `?team=TEAM` and a key, it has the team's own pipelines.",
        f"- An MCP server is at {url}/mcp.",
        "",
    ]
    lines += ["## Reference", "", *_links(url, "reference", reference_texts.titles(document))]
    for folder, title in reversed(FOLDERS.items()):
        titles = {name.removesuffix(".md"): _title(folder, name) for name in _names(folder)}
        lines += ["", f"## {title}", "", *_links(url, folder, titles)]
    return "\n".join([*lines, ""])


def _links(url: str, folder: str, titles: dict[str, str]) -> Iterator[str]:
    for name, title in titles.items():
        yield f"- [{title}]({url}/docs/{folder}/{name}.md)"


@cache
def _title(folder: str, name: str) -> str:
    with (_place() / folder / name).open() as page:
        return page.readline().strip().removeprefix("# ")
