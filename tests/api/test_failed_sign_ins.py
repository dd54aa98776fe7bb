"""The audit log lists failed sign-ins: whose, from where and why, but never a typed password."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from boxwood.api.http import failures
from boxwood.commands import user
from boxwood.lib.durations import HOUR
from tests.api.test_sessions import PASSWORD, sign_in, welcome
from tests.conftest import Server, Store, World, ok, refused
from tests.jobs import webhooks

WRONG = "eight green owls"


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until the condition holds: the server records failures after it has answered."""
    webhooks.eventually(holds, 30)


@pytest.fixture
def browser(world: World) -> Iterator[httpx.Client]:
    with world.client(None) as client:
        client.headers["User-Agent"] = "Lynx/2.9"
        yield client


def failed(world: World) -> list[dict[str, Any]]:
    """Return the failed sign-ins that Ada reads, newest first."""
    query = {"kind": "user.sign_in_failed"}
    found: list[dict[str, Any]] = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/audit", params=query))[
        "results"
    ]
    return found


def stories(world: World) -> list[str]:
    return [entry["story"] for entry in failed(world)]


def attempt(browser: httpx.Client, email: str, password: str = WRONG, status: int = 401) -> None:
    refused(browser.post("/api/v2/session", json={"email": email, "password": password}), status)


def test_an_owner_reads_which_sign_in_failed_and_why(world: World, browser: httpx.Client) -> None:
    welcome(world, world.bo, browser)
    browser.cookies.clear()
    attempt(browser, f" {world.bo.email.upper()} ")
    sentence = f"Signing in as {world.bo.email} failed: a wrong password"
    eventually(lambda: stories(world) == [sentence])
    (failure,) = failed(world)
    assert failure.get("actor") is None, "the actor of a failed sign-in is unknown"
    assert (failure["object"]["key"], failure["object"]["browser"], failure["object"]["address"]) == (
        world.bo.user_key,
        "Lynx/2.9",
        "127.0.0.1",
    )
    attempt(browser, world.ada.email)
    eventually(lambda: stories(world)[0].endswith("there is no password"))
    csrf = {"X-CSRF-Token": sign_in(browser, world.bo)["csrfToken"]}
    change = {"current": WRONG, "password": "a longer password"}
    refused(browser.post("/api/v2/session/password", json=change, headers=csrf), 400)
    eventually(lambda: "by a browser that is signed in" in stories(world)[0])
    world.server.engine.write(lambda db: user.lock(db, world.bo.email))
    attempt(browser, world.bo.email, PASSWORD, 403)
    eventually(lambda: "the user is locked" in stories(world)[0])
    sql = "SELECT record, detail FROM events WHERE kind = 'user.sign_in_failed'"
    stored = str(world.server.engine.read(lambda db: db.rows(sql)))
    assert WRONG not in stored
    assert PASSWORD not in stored
    assert "longer" not in stored


def test_only_owners_read_failed_sign_ins(world: World, browser: httpx.Client) -> None:
    attempt(browser, world.bo.email)
    eventually(lambda: len(failed(world)) == 1)
    world.pipeline()
    for person in (world.ada, world.bo, world.cy):
        events = ok(person.http.get("/api/v2/events", params={"limit": 1000}))
        assert "sign_in_failed" not in str(events)
    (theirs,) = ok(world.cy.http.get("/api/v2/users/me/teams"))["results"]
    query = {"kind": "user.sign_in_failed"}
    assert ok(world.cy.http.get(f"/api/v2/teams/{theirs['key']}/audit", params=query))["results"] == []
    refused(world.bo.http.get(f"/api/v2/teams/{world.team_key}/audit"), 403)


def test_many_failed_sign_ins_are_counted_and_not_logged_individually(world: World, browser: httpx.Client) -> None:
    most = failures.OF_ONE.burst
    for _ in range(most + 3):
        attempt(browser, world.bo.email)
    attempt(browser, world.ada.email)
    eventually(lambda: len(failed(world)) == most + 1)
    world.clock.advance(ms=HOUR)
    attempt(browser, world.bo.email)
    eventually(lambda: len(failed(world)) == most + 2)
    assert stories(world)[0].endswith("there is no password (and 3 times more before)")


def test_an_unknown_address_is_reported_when_there_is_only_one_team(fresh_store: Store) -> None:
    server = Server(fresh_store.config()).start()
    world = World(server)
    with world.client(None) as browser:
        attempt(browser, "nobody@nowhere.example")
        attempt(browser, world.ada.email)
        eventually(lambda: len(failed(world)) == 1)
        server.engine.write(lambda db: db.run("DELETE FROM teams WHERE name = 'Cy''s team'"))
        attempt(browser, "nobody@nowhere.example")
        attempt(browser, "my secret passphrase")
        eventually(lambda: len(failed(world)) == 3)
    assert stories(world) == [
        "Signing in as (no e-mail address) failed: there is no such user",
        "Signing in as nobody@nowhere.example failed: there is no such user",
        f"Signing in as {world.ada.email} failed: there is no password",
    ]
    world.close()
    server.stop()
