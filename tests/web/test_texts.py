"""The documentation as Markdown: /llms.txt names every page, and every link in a page leads to a page."""

import re

import httpx

from boxwood.api.routes import ROUTES
from tests.conftest import World
from tests.house.tree import ROOT


def test_llms_txt_names_every_page_and_every_link_works(world: World) -> None:
    with world.client(None) as client:
        index = client.get("/llms.txt")
        assert index.headers["content-type"].startswith("text/plain")
        assert index.text.startswith("# Boxwood\n\n> ")
        links = re.findall(r"^- \[([^\]]+)\]\((\S+)\)", index.text, re.MULTILINE)
        assert all(link.startswith(f"{world.server.url}/") for _, link in links)
        pages: dict[str, httpx.Response] = {link: client.get(link) for _, link in links}
    wanted = {
        f"/docs/{path.parent.name}/{path.name}"
        for name in ("api", "guide")
        for path in (ROOT / "docs" / name).glob("*.md")
    }
    served = {httpx.URL(link).path for link in pages}
    assert wanted <= served
    texts = {link: page for link, page in pages.items() if link.endswith(".md")}
    assert {page.status_code for page in pages.values()} == {200}
    assert {page.headers["content-type"] for page in texts.values()} == {"text/markdown; charset=utf-8"}
    broken = []
    for link, page in texts.items():
        assert "![" not in page.text
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.text):
            whole = httpx.URL(link).join(target)
            if not re.match(r"[a-z]+:", target) and whole.path not in served | {"/docs", "/openapi.json"}:
                broken.append((link, target))
    assert broken == []
    reference = "\n".join(page.text for link, page in texts.items() if "/docs/reference/" in link)
    for route in ROUTES:
        assert f"## {route.verb} /api{route.path}\n" in reference
    assert "## Shape BoxOut" in reference
    assert '"message": "They like it"' in reference
