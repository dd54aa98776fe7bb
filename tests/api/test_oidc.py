"""Signing in through a real OpenID Connect provider, which runs in a separate process."""

import base64
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from boxwood.core import mail_settings
from boxwood.lib import oidc
from tests.conftest import Server, Store, World, ok
from tests.processes import free_port

PEOPLE: list[dict[str, Any]] = [
    {"sub": "dee-1", "email": "Dee@example.com", "email_verified": True, "name": "Dee Dee"},
    {"sub": "eve-1", "email": "eve@elsewhere.example", "email_verified": True, "name": "Eve"},
    {"sub": "mal-1", "email": "dee@example.com", "email_verified": False, "name": "Mallory"},
]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    port = free_port()
    people = [part for person in PEOPLE for part in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *people]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert process.poll() is None, "the provider ended"
            assert time.monotonic() < deadline, "the provider does not start"
            time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(timeout=120)


@pytest.fixture
def oidc_world(fresh_store: Store, issuer: str) -> Iterator[World]:
    """A world whose server uses the provider and accepts every address of example.com."""
    config = fresh_store.config(
        oidc_issuer=issuer,
        oidc_client_id="boxwood",
        oidc_client_secret="a secret/with:signs",
        oidc_name="Example login",
        oidc_domains=("example.com",),
    )
    server = Server(config).start()
    server.engine.write(lambda db: mail_settings.adopt(db, server.boxwood.keys, "", "", server.url, known=True))
    yield (created := World(server))
    created.close()
    server.stop()


def sign_in(browser: httpx.Client, who: str, next_path: str = "/") -> httpx.Response:
    """Sign in as a browser does, and return the answer to the provider's redirect."""
    return browser.get(redirect_url(browser, who, next_path))


def redirect_url(browser: httpx.Client, who: str, next_path: str = "/") -> str:
    """Return the URL to which the provider sends the browser after sign-in."""
    away = browser.get("/auth/oidc", params={"next": next_path})
    assert away.status_code == 302, away.text
    assert "HttpOnly" in away.headers["set-cookie"]
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    there = httpx.post(away.headers["location"], data={"sub": who}, trust_env=False)
    assert there.status_code in (302, 303), there.text
    return str(there.headers["location"])


def test_a_person_of_the_domain_becomes_a_user_and_is_recognized_later(oidc_world: World) -> None:
    with oidc_world.client(None) as browser:
        ways = ok(browser.get("/api/v2/session/ways"))
        assert (ways["provider"], ways["providerUrl"]) == ("Example login", "/auth/oidc")
        answer = sign_in(browser, "dee-1", "/pipelines?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/pipelines?x=1"), answer.text
        me = ok(browser.get("/api/v2/session"))["user"]
        assert (me["email"], me["fullName"]) == ("dee@example.com", "Dee Dee")
        assert len(ok(browser.get("/api/v2/users/me/teams"))["results"]) == 1
    with oidc_world.client(None) as browser:
        assert sign_in(browser, "dee-1").status_code == 303
        assert ok(browser.get("/api/v2/session"))["user"]["key"] == me["key"]
        rows = oidc_world.server.engine.read(
            lambda db: db.rows("SELECT kind, detail FROM events WHERE kind LIKE 'user.%'")
        )
    assert [row[0] for row in rows] == ["user.identity_added", "user.signed_in", "user.signed_in"]
    assert "Example login" in rows[1][1]


def test_an_existing_or_invited_user_is_found_by_a_verified_address(oidc_world: World) -> None:
    path = f"/api/v2/teams/{oidc_world.team_key}/invitations"
    ok(oidc_world.ada.http.post(path, json={"email": "eve@elsewhere.example"}))
    with oidc_world.client(None) as browser:
        assert sign_in(browser, "eve-1").status_code == 303
        teams = ok(browser.get("/api/v2/users/me/teams"))["results"]
    assert [team["key"] for team in teams] == [oidc_world.team_key]
    assert ok(oidc_world.ada.http.get(path))["results"] == []


def test_a_stranger_and_an_unverified_address_are_refused(oidc_world: World) -> None:
    with oidc_world.client(None) as browser:
        stranger = sign_in(browser, "eve-1")
        assert (stranger.status_code, "invitation" in stranger.text) == (403, True)
        assert sign_in(browser, "dee-1").status_code == 303
    with oidc_world.client(None) as browser:
        # Mallory claims Dee's address, which the provider has not verified.
        mallory = sign_in(browser, "mal-1")
        assert (mallory.status_code, "has not verified" in mallory.text) == (403, True)
        assert browser.get("/api/v2/session").status_code == 401


def test_a_code_of_another_browser_and_a_used_code_are_refused(oidc_world: World) -> None:
    with oidc_world.client(None) as browser, oidc_world.client(None) as other:
        back = redirect_url(browser, "dee-1")
        assert other.get(back).status_code == 400
        redirect_url(other, "dee-1")
        assert other.get(back).status_code == 400, "the state is not that of its own attempt"
        assert browser.get(back).status_code == 303
        assert browser.get(back).status_code == 400
        back = redirect_url(browser, "dee-1")
        assert browser.get(back.replace("code=", "code=x")).status_code == 502
        assert browser.get(back.partition("?")[0]).status_code == 400
        refused = browser.get("/auth/oidc/callback", params={"state": parse_qs(urlsplit(back).query)["state"][0]})
        assert refused.status_code == 403


def test_a_path_that_was_put_into_the_cookie_is_checked_at_the_end(oidc_world: World) -> None:
    with oidc_world.client(None) as browser:
        back = redirect_url(browser, "dee-1")
        attempt = json.loads(base64.urlsafe_b64decode(browser.cookies["boxwood_oidc"].strip('"')))
        forged = base64.urlsafe_b64encode(json.dumps({**attempt, "next": "//evil.example/"}).encode()).decode()
        browser.cookies.clear()
        answer = browser.get(back, headers={"Cookie": f"boxwood_oidc={forged}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_sign_in_returns_only_to_pages_of_this_server() -> None:
    for path in ("https://evil.example/", "//evil.example", "/\\evil.example", "x", "", "/a\nSet-Cookie: x"):
        assert oidc.attempt(path).next == "/", path
    assert oidc.attempt("/boxes/b1?tab=2").next == "/boxes/b1?tab=2"


def test_without_a_provider_single_sign_on_is_not_offered(world: World) -> None:
    with world.client(None) as browser:
        assert ok(browser.get("/api/v2/session/ways")) == {"password": True, "mail": False, "passkeys": False}
        assert browser.get("/auth/oidc").status_code == 404
        assert browser.get("/auth/oidc/callback").status_code == 404


def test_an_unreachable_provider_is_reported_with_a_message(fresh_store: Store) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    config = fresh_store.config(oidc_issuer=gone, oidc_client_id="boxwood", oidc_client_secret="x")
    server = Server(config).start()
    try:
        answer = httpx.get(f"{server.url}/auth/oidc", trust_env=False)
        assert (answer.status_code, "cannot be reached" in answer.text) == (502, True)
    finally:
        server.stop()
