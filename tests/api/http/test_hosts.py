"""The server answers only for its own names (421), so that a page cannot reach it under a name of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Server, Store, World

Start = Callable[..., World]


@pytest.fixture
def start(fresh_store: Store) -> Iterator[Start]:
    started: list[World] = []

    def start_with(**settings: Any) -> World:
        started.append(World(Server(fresh_store.config(**settings)).start()))
        return started[-1]

    yield start_with
    for world in started:
        world.close()
        world.server.stop()


def status(world: World, host: str, path: str = "/api/v1/users/me", **headers: str) -> int:
    return world.ada.http.get(path, headers={"Host": host, **headers}).status_code


PATHS = ["/api/v1/users/me", "/hooks/x", "/", "/metrics", "/readyz", "/openapi.json", "/docs", "/auth/oidc", "/v1"]


@pytest.mark.parametrize("path", PATHS)
def test_a_server_on_loopback_refuses_other_hosts_on_every_path(world: World, path: str) -> None:
    answer = world.ada.http.get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert "BOXWOOD_ALLOWED_HOSTS" in answer.json()["error"]
    assert status(world, "localhost:1", path) != 421


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil@localhost",
        "localhost@evil",
        "",
        "a b",
        "[::1",
        "192.0.2.1",
        "local",
    ],
)
def test_a_name_that_only_looks_like_ours_is_refused(world: World, host: str) -> None:
    assert status(world, host) == 421


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:9999", "127.0.0.1", "127.0.0.9:80", "[::1]:8080", "crm.localhost", "localhost."]
)
def test_every_name_of_this_machine_is_accepted_on_loopback(world: World, host: str) -> None:
    assert status(world, host) == 200


def test_health_checks_may_use_any_name(world: World) -> None:
    assert status(world, "10.0.0.7", "/healthz") == 200


def test_a_page_under_a_foreign_name_cannot_sign_in(world: World) -> None:
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    with world.client(None) as client:
        assert client.post("/api/v2/session", json={"email": "a", "password": "b"}, headers=headers).status_code == 421


def test_with_a_url_its_host_and_this_machine_are_accepted(start: Start) -> None:
    world = start(host="0.0.0.0", base_url="https://crm.example.com", allowed_hosts=("boxwood", "other.example"))
    accepted = [
        "crm.example.com",
        "CRM.example.com:443",
        "localhost:8080",
        "127.0.0.1",
        "boxwood:8080",
        "other.example",
    ]
    assert [status(world, host) for host in accepted] == [200] * len(accepted)
    assert [status(world, host) for host in ("evil.example", "crm.example.com.evil.example", "192.0.2.1")] == [421] * 3


def test_a_trusted_proxy_forwards_the_name_that_the_client_used(start: Start) -> None:
    world = start(base_url="https://crm.example.com", trusted_proxies=("127.0.0.1",))
    assert status(world, "upstream", **{"X-Forwarded-Host": "crm.example.com"}) == 200
    assert status(world, "127.0.0.1", **{"X-Forwarded-Host": "evil.example"}) == 421
    assert status(world, "evil.example") == 421


def test_without_a_url_a_trusted_proxy_decides_which_names_it_forwards(start: Start) -> None:
    world = start(trusted_proxies=("127.0.0.1",))
    assert status(world, "crm.example.com") == 200


def test_an_untrusted_client_cannot_forward_a_name(world: World) -> None:
    assert status(world, "evil.example", **{"X-Forwarded-Host": "localhost"}) == 421


def test_without_a_url_a_server_for_the_network_answers_for_every_name(start: Start) -> None:
    """It cannot know its names, and links name the host of the request."""
    assert status(start(host="0.0.0.0"), "crm.example.com") == 200


def test_a_name_that_was_accepted_once_opens_no_other(start: Start) -> None:
    world = start(base_url="https://crm.example.com")
    for _ in range(3):
        assert (status(world, "crm.example.com"), status(world, "evil.example")) == (200, 421)
    assert httpx.get(f"{world.server.url}/healthz", trust_env=False, verify=False).status_code == 200
