"""What every response says to caches and browsers."""

import http.client
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from boxwood.api.http.openapi import describe
from boxwood.api.routes import ROUTES
from tests.conftest import World, ok

SECRETS = {
    "apiKey",
    "code",
    "codes",
    "csrfToken",
    "link",
    "recoveryCodes",
    "secret",
    "signingSecret",
    "token",
    "uri",
}


def check(answer: httpx.Response, cache: str = "private, no-cache") -> None:
    assert answer.headers.get_list("cache-control") == [cache], answer.request.url
    assert answer.headers.get_list("vary") == ["Authorization, Cookie"], answer.request.url
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"], answer.request.url


def test_answers_are_private_and_have_the_type_that_they_say(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    get, post = world.ada.http.get, world.ada.http.post
    for path in (
        "/api/v1/users/me",
        f"/api/v1/boxes/{box['key']}",
        f"/api/v1/pipelines/{pipeline['key']}/boxes",
        f"/api/v1/pipelines/{pipeline['key']}/newsfeed",
        f"/api/v2/boxes/{box['key']}/md",
        "/openapi.json",
        "/metrics",
        "/readyz",
        "/healthz",
        "/api/v1/boxes/nothing",
        "/api/nothing",
        "/nothing",
        "/v1/boxes",
        "/hooks/unknown",
    ):
        check(get(path))
    check(post(f"/api/v1/boxes/{box['key']}", json={"name": "Other"}))
    check(post(f"/api/v1/boxes/{box['key']}", content=b"{", headers={"Content-Type": "application/json"}))
    check(post("/api/v1/users/me/nothing"))
    check(world.ada.http.request("TRACE", "/api/v1/users/me"))
    with world.client(None) as anybody:
        check(anybody.get("/api/v1/users/me"))


def test_an_unchanged_answer_is_304_with_the_same_headers(world: World) -> None:
    box = world.box(world.pipeline())
    first = world.ada.http.get(f"/api/v1/boxes/{box['key']}")
    again = world.ada.http.get(f"/api/v1/boxes/{box['key']}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    check(again)


def test_an_answer_with_a_secret_is_stored_by_no_cache(world: World) -> None:
    pipeline = world.pipeline()["key"]
    put, post = world.ada.http.put, world.ada.http.post
    check(put("/api/v1/apikeys", json={"name": "x"}), "no-store")
    made = post(f"/api/v2/pipelines/{pipeline}/inbound", json={"name": "x"})
    check(made, "no-store")
    check(post(f"/api/v2/inbound/{ok(made)['key']}/rotate"), "no-store")
    check(post(f"/api/v2/teams/{world.team_key}/invitations", json={"email": "dee@example.com"}), "no-store")
    with world.client(None) as browser:
        check(browser.post("/api/v2/session", json={"email": "a@example.com", "password": "x"}), "no-store")
        check(browser.get("/api/v2/session"), "no-store")


def test_every_route_whose_answer_can_hold_a_secret_says_so() -> None:
    document = describe(ROUTES)
    missing = []
    for route in ROUTES:
        operation = document["paths"][route.path][route.verb.lower()]
        content = operation["responses"]["200"].get("content", {}).get("application/json", {})
        members = names(document, content.get("schema", {}), set())
        if members & SECRETS and not route.shows_secret:
            missing.append((route.verb, route.path, sorted(members & SECRETS)))
    assert missing == []


def names(document: dict[str, Any], schema: Any, seen: set[str]) -> set[str]:
    """The names of all members of an answer."""
    if isinstance(schema, list):
        return set().union(*(names(document, each, seen) for each in schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if reference in seen:
            return set()
        seen.add(reference)
        return names(document, document["components"]["schemas"][reference.rpartition("/")[2]], seen)
    found = set(schema.get("properties", {}))
    return found.union(*(names(document, value, seen) for value in schema.values()))


@pytest.mark.parametrize("path", ["/docs", "/api/v2/exports"])
def test_headers_are_not_doubled(world: World, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(world.server.url).netloc, timeout=120)
    connection.request("GET", path)
    names_ = [name.lower() for name, _ in connection.getresponse().getheaders()]
    connection.close()
    assert sorted(names_) == sorted(set(names_))
