"""The API reference at /docs works without network access, under a policy that forbids inline scripts and styles."""

import asyncio
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route

from boxwood.web import reference

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "A small document", "version": "9.9.9"},
    "tags": [{"name": "boxes", "description": "What moves through a pipeline"}],
    "paths": {
        "/api/v1/boxes/{key}": {
            "get": {
                "tags": ["boxes"],
                "summary": "Get a box",
                "operationId": "getBox",
                "parameters": [{"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "The box"}},
            }
        }
    },
    "components": {
        "schemas": {"Box": {"type": "object", "properties": {"notes": {"type": ["string", "null"]}}}},
        "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
    },
}


def an_app() -> Starlette:
    return Starlette(routes=[Route("/openapi.json", lambda _: JSONResponse(DOCUMENT)), *reference.routes()])


def get(path: str, app: Starlette | None = None, accept: str = "gzip") -> httpx.Response:
    transport = httpx.ASGITransport(app or an_app())

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://boxwood.test") as client:
            return await client.get(path, headers={"Accept-Encoding": accept})

    return asyncio.run(ask())


def files_of(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/docs/[^"]+)"', page)


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_the_page_allows_no_inline_code_and_no_other_host(path: str) -> None:
    answer = get(path)
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    assert "<style" not in answer.text
    assert " style=" not in answer.text
    assert re.search(r"<script(?! src=)", answer.text) is None
    assert re.search(r"\bon\w+=", answer.text) is None
    assert "//" not in re.sub("<!doctype html>", "", answer.text)


def test_every_file_the_page_names_is_served_and_cached_permanently() -> None:
    named = files_of(get("/docs").text)
    assert len(named) == len(reference.SERVED)
    for path in named:
        answer = get(path)
        name = path.rsplit("/", 1)[1]
        kind = "text/javascript" if name.endswith(".js") else "text/css"
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.content == (reference.FILES / name).read_bytes()


def test_files_are_compressed_only_for_clients_that_accept_it() -> None:
    path = next(p for p in files_of(get("/docs").text) if p.endswith("bundle.js"))
    packed = get(path, accept="gzip")
    plain = get(path, accept="identity")
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < 500_000 < int(plain.headers["content-length"])


@pytest.mark.parametrize(
    "name",
    ["nothing.js", "LICENSE", "..%2f..%2freference.py", "%2e%2e/%2e%2e/reference.py", "swagger-ui.css%00"],
)
def test_other_paths_are_not_served(name: str) -> None:
    here = files_of(get("/docs").text)[0].rsplit("/", 1)[0]
    assert get(f"{here}/{name}").status_code == 404


def test_files_of_another_release_are_not_found() -> None:
    assert get("/docs/0123456789abcdef/swagger-ui.css").status_code == 404


def test_all_files_are_found_under_a_path_prefix() -> None:
    app = Starlette(routes=[Mount("/crm", routes=reference.routes())])
    page = get("/crm/docs", app).text
    assert 'data-url="/crm/openapi.json"' in page
    named = re.findall(r'(?:src|href)="(/crm/docs/[^"]+)"', page)
    assert [get(path, app).status_code for path in named] == [200] * len(reference.SERVED)


def test_a_hostile_document_path_is_escaped() -> None:
    app = Starlette(routes=reference.routes('/x"><script>alert(1)</script>'))
    assert "<script>alert" not in get("/docs", app).text


def test_the_bundle_includes_its_licence() -> None:
    assert "Apache License" in (reference.FILES / "LICENSE").read_text()
    assert "SmartBear" in (reference.FILES / "NOTICE").read_text()


# In a browser


@pytest.fixture
def origin() -> Iterator[str]:
    inline = HTMLResponse("<p style='color: red'>", headers={"Content-Security-Policy": reference.POLICY})
    app = an_app()
    app.router.routes.append(Route("/inline", lambda _: inline))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", ws="none", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


def browse(url: str) -> tuple[str, list[str]]:
    """Return the page as the browser rendered it, and its console messages."""
    found = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    if not found:
        pytest.skip("no Chromium on this machine: the reference was not looked at in a browser")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    budget = "--virtual-time-budget=10000"
    ran = subprocess.run(
        [found[0], *options, budget, "--dump-dom", url],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return ran.stdout, [line for line in ran.stderr.splitlines() if ":CONSOLE:" in line]


def test_a_browser_shows_the_document_without_errors(origin: str) -> None:
    page, console = browse(f"{origin}/docs#/boxes/getBox")
    assert console == []
    for seen in ("A small document", "9.9.9", "What moves through a pipeline", "Get a box", "Authorize"):
        assert seen in page


def test_the_browser_reports_violations_of_the_policy(origin: str) -> None:
    _, console = browse(f"{origin}/inline")
    assert len(console) == 1
    assert "Content Security Policy" in console[0]
