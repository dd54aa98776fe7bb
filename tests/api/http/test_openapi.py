"""The OpenAPI document describes what the server does."""

import re
from collections import Counter
from typing import Any

import httpx
import pytest

from boxwood.api.routes import ROUTES
from tests.conftest import World, ok


@pytest.fixture
def document(world: World) -> dict[str, Any]:
    found: dict[str, Any] = ok(httpx.get(f"{world.server.url}/openapi.json", trust_env=False))
    return found


def test_every_route_is_described_in_words(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    described = {(verb.upper(), path) for path, verbs in document["paths"].items() for verb in verbs}
    assert described == {(route.verb, route.path) for route in ROUTES}
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            assert operation["summary"], (verb, path)
            assert operation["operationId"]


def test_generators_get_plain_names_and_the_whole_url(world: World, document: dict[str, Any]) -> None:
    """Two shapes of one name would be called by their Python modules, and generators leave such schemas out."""
    assert document["servers"] == [{"url": f"{world.server.url}/api"}]
    schemas = document["components"]["schemas"]
    assert [name for name in schemas if not re.fullmatch(r"[A-Za-z]\w*", name)] == []
    titles = Counter(re.sub(r"\W", "", schema.get("title", name)).lower() for name, schema in schemas.items())
    assert [title for title, count in titles.items() if count > 1] == []
    assert schemas["Error"]["properties"]["success"]["type"] == "boolean"


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                at: Any = document
                for part in value["$ref"].removeprefix("#/").split("/"):
                    at = at[part]
            for member in value.values():
                walk(member)
        elif isinstance(value, list):
            for member in value:
                walk(member)

    walk(document)


def test_the_box_schema_lists_every_member(world: World, document: dict[str, Any]) -> None:
    box = world.box(world.pipeline())
    shape = document["components"]["schemas"]["BoxOut"]
    assert set(box) <= set(shape["properties"])
    assert set(shape["required"]) <= set(box)
