"""The page and files of the UI: a strict policy, only built files, and a small first load."""

import gzip
import json
import re

import httpx
import pytest

from boxwood.web import pages
from tests.conftest import World
from tests.house.tree import ROOT
from tests.ui.conftest import built as built

pytestmark = pytest.mark.usefixtures("built")
MOST_AT_FIRST = 200_000


def scripts() -> list[str]:
    return re.findall(r'(?:src|href)="(/assets/[^"]+\.js)"', pages.template())


def get(world: World, path: str, accept: str = "br, gzip") -> httpx.Response:
    with world.client(None) as client:
        return client.get(path, headers={"Accept-Encoding": accept})


@pytest.mark.parametrize("path", ["/", "/pipelines/p-1/board", "/welcome", "/boxes/b-1"])
def test_every_screen_begins_with_the_page_and_its_policy(world: World, path: str) -> None:
    answer = get(world, path)
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "default-src 'self'" in policy
    assert answer.headers["cache-control"] == "no-store"
    nonces = set(re.findall(r'nonce="([^"]*)"', answer.text))
    assert len(nonces) == 1
    assert f"'nonce-{nonces.pop()}'" in policy
    assert re.findall(r"<script(?![^>]* nonce=)", answer.text) == []
    assert (
        re.findall(r"<(?:script|style)[^>]*>|\bon\w+=", re.sub(r' nonce="[^"]*"', "", answer.text)).count("<style>")
        == 0
    )


def test_the_server_knows_every_screen_of_the_ui() -> None:
    index = (ROOT / "ui/src/screens/index.ts").read_text()
    screens = {re.sub(r":(\w+)", r"{\1}", path) for path in re.findall(r'path: "(/[^"]*)"', index)}
    assert screens == set(pages.SCREENS)


@pytest.mark.parametrize(
    "path",
    [
        "/some/where",
        "/v3/boxes",
        "/.well-known/nothing",
        "/pipelines",
        "/boxes/a/b",
        "/mcps",
        "/t",
        "/u",
        "/hooks",
        "/apis",
    ],
)
def test_an_unknown_path_is_404_for_a_browser_and_for_a_program(world: World, path: str) -> None:
    with world.client(None) as client:
        page = client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
        assert page.status_code == 404
        assert "text/html" in page.headers["content-type"]
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
            answer = client.request(method, path)
            assert answer.status_code == 404, method
            assert "application/json" in answer.headers["content-type"]
        assert "/api" in client.get(path).json()["error"]


@pytest.mark.parametrize("path", ["/v1/boxes", "/v2", "/v1", "/v2/pipelines/p/boxes", "//v1/users/me"])
def test_a_path_of_the_api_without_its_prefix_is_404_and_says_so(world: World, path: str) -> None:
    with world.client(world.ada.key) as client:
        for method in ("GET", "POST", "PUT", "DELETE"):
            answer = client.request(method, f"{world.server.url}{path}", headers={"Accept": "text/html"})
            assert answer.status_code == 404, method
            assert "begin with /api/v" in answer.json()["error"]


def test_each_page_has_its_own_nonce(world: World) -> None:
    policy, other = (get(world, "/").headers["content-security-policy"] for _ in range(2))
    assert policy != other


def test_files_are_cached_permanently_and_sent_compressed(world: World) -> None:
    for path in scripts():
        packed, plain = get(world, path, "gzip"), get(world, path, "identity")
        assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert packed.headers["content-encoding"] == "gzip"
        assert get(world, path).headers["content-encoding"] == "br"
        assert "content-encoding" not in plain.headers
        assert packed.content == plain.content
        assert plain.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path",
    [
        "/foo.php",
        "/wp-login.php",
        "/.well-known/security.txt",
        "/docs/guide/nothing.md",
        "/docs/decisions/storage.md",
        "/docs/..%2f..%2fREADME.md",
        "/assets/nothing.js",
        "/assets/..%2findex.html",
        "/assets/%2e%2e",
        "/favicon.ico",
        "/made-of.txt",
    ],
)
def test_other_paths_are_not_served(world: World, path: str) -> None:
    assert get(world, path).status_code == 404


@pytest.mark.parametrize(
    ("path", "kind"), [("/docs", "Swagger"), ("/openapi.json", "openapi"), ("/api/v2/session", "error")]
)
def test_paths_of_the_server_are_not_answered_by_the_ui(world: World, path: str, kind: str) -> None:
    assert kind.lower() in get(world, path).text.lower()
    assert 'id="root"' not in get(world, path).text


def test_the_first_screen_loads_little_script() -> None:
    first = {path.removeprefix("/") for path in scripts()}
    manifest = json.loads((pages.BUILT / "manifest.json").read_text())
    entry = next(each for each in manifest.values() if each.get("isEntry"))
    assert entry["file"] in first
    sizes = {path: len(gzip.compress((pages.BUILT / path).read_bytes(), 9)) for path in first}
    assert sum(sizes.values()) < MOST_AT_FIRST, sizes
