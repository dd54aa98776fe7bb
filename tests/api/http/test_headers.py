"""The headers of a request: those that are lists are joined, and those that decide something are given once."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from boxwood.api.http import headers
from boxwood.api.http.limits import GUESSES
from boxwood.api.routes import ROUTES
from boxwood.errors import Invalid
from tests.conftest import Server, Store, World, ok

Lines = list[tuple[str, str]]


@pytest.fixture
def proxied(fresh_store: Store) -> Iterator[World]:
    """A world whose server trusts this machine as its proxy."""
    server = Server(fresh_store.config(trusted_proxies=("127.0.0.1",))).start()
    yield (created := World(server))
    created.close()
    server.stop()


def send(world: World, method: str, path: str, lines: Lines, body: bytes = b"") -> tuple[int, str]:
    """Send each header as a line of its own."""
    connection = http.client.HTTPConnection(urlsplit(world.server.url).netloc, timeout=120)
    connection.putrequest(method, path, skip_host=any(name == "Host" for name, _ in lines))
    for name, value in [*lines, ("Content-Length", str(len(body)))]:
        connection.putheader(name, value)
    connection.endheaders(body)
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply.status, text


def test_an_inbound_webhook_believes_only_the_line_that_the_proxy_added(proxied: World) -> None:
    path = f"/api/v2/pipelines/{proxied.pipeline()['key']}/inbound"
    made = ok(proxied.ada.http.post(path, json={"name": "Orders", "addresses": ["203.0.113.7"]}))
    hook = urlsplit(made["url"]).path
    ours, theirs = ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "198.51.100.9")
    json_ = ("Content-Type", "application/json")
    assert send(proxied, "POST", hook, [ours, json_], b"{}")[0] == 200
    for lines in ([theirs], [ours, theirs], [("x-forwarded-for", "203.0.113.7"), theirs], [ours, ours, theirs]):
        assert send(proxied, "POST", hook, [*lines, json_], b"{}")[0] == 403, lines
    assert send(proxied, "POST", hook, [theirs, ours, json_], b"{}")[0] == 200


def test_a_guesser_cannot_change_his_address_with_a_line_of_his_own(proxied: World) -> None:
    for path in ("/api/v1/users/me", "/hooks/unknown"):
        statuses = [
            send(
                proxied,
                "GET",
                path,
                [
                    ("X-Forwarded-For", f"192.0.2.{number}"),
                    ("X-Forwarded-For", "198.51.100.9"),
                    ("Authorization", "Bearer x"),
                ],
            )[0]
            for number in range(GUESSES.burst // 2 + 30)
        ]
    assert statuses[-1] == 429


@pytest.mark.parametrize(
    "name", ["Authorization", "Content-Type", "Idempotency-Key", "X-Boxwood-Act-As", "X-CSRF-Token"]
)
@pytest.mark.parametrize("path", ["/api/v1/pipelines", "/hooks/unknown"])
def test_a_header_that_decides_something_is_refused_if_it_is_given_twice(world: World, name: str, path: str) -> None:
    lines = [
        ("Authorization", f"Bearer {world.ada.key}"),
        ("Content-Type", "application/json"),
        (name, "x"),
        (name, "x"),
    ]
    status, text = send(world, "POST", path, lines, b"{}")
    assert (status, json.loads(text)["field"]) == (400, name)


def test_lines_of_a_list_are_joined_in_order() -> None:
    lines = [(b"x-forwarded-for", b"a"), (b"accept", b"*/*"), (b"x-forwarded-for", b"b, c"), (b"cookie", b"a=1")]
    assert headers.read([*lines, (b"cookie", b"b=2")]) == {
        b"x-forwarded-for": b"a, b, c",
        b"accept": b"*/*",
        b"cookie": b"a=1; b=2",
    }
    assert headers.read(lines[:2]) == dict(lines[:2])
    assert (headers.joined(lines, b"x-forwarded-for"), headers.last(lines, b"x-forwarded-for")) == (b"a, b, c", b"c")
    with pytest.raises(Invalid):
        headers.read([(b"host", b"a"), (b"host", b"a")])


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.verb not in ("GET", "DELETE") and not route.open],
    ids=lambda route: f"{route.verb} {route.path}",
)
def test_a_wrong_key_is_refused_before_a_large_body_is_read(world: World, route: object) -> None:
    """The body never comes, so the answer cannot have waited for it."""
    verb, path = route.verb, route.path  # type: ignore[attr-defined]
    with contextlib.closing(http.client.HTTPConnection(urlsplit(world.server.url).netloc, timeout=25)) as connection:
        connection.putrequest(verb, "/api" + path.replace("{", "").replace("}", ""))
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "7000000")
        connection.endheaders(b"{")
        assert connection.getresponse().status == 401
