"""Imports from Streak that the server runs in the background."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from boxwood.core.accounts import api_keys
from boxwood.core.people import teams, users
from tests.conftest import Server, Store, World, ok, refused


@pytest.fixture
def copy(fresh_store: Store, world: World) -> Iterator[tuple[Server, httpx.Client]]:
    """Another server, and Eve, who owns a team there."""
    server = Server(fresh_store.config(allow_private_webhooks=True)).start()

    def make(db: Any) -> str:
        eve = users.create(db, "eve@copy.example", server.clock())
        teams.create(db, "Eve's team", eve, server.clock())
        return api_keys.create(db, eve, server.clock())[1]

    key = server.engine.write(make)
    with httpx.Client(base_url=server.url, auth=(key, ""), verify=False, trust_env=False, timeout=60) as client:
        yield server, client
    server.stop()


def ended(http: httpx.Client, key: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        found: dict[str, Any] = ok(http.get(f"/api/v2/streakimports/{key}"))
        if "endTimestamp" in found:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_the_server_imports_in_the_background_and_forgets_the_key(
    copy: tuple[Server, httpx.Client], world: World
) -> None:
    server, http = copy
    pipeline = world.pipeline(name="Deals")
    box = world.box(pipeline, name="Acme")
    given = {"key": world.ada.key, "source": world.server.url}
    counted = ended(http, ok(http.post("/api/v2/streakimports", json={**given, "mode": "COUNT"}))["key"])
    assert (counted["state"], counted["report"]["counts"]["boxes"]) == ("done", {"new": 1})
    assert http.get(f"/api/v1/boxes/{box['key']}").status_code == 404
    begun = ok(http.post("/api/v2/streakimports", json=given))
    assert "running" in refused(http.post("/api/v2/streakimports", json=given), 400, "stop it first")
    done = ended(http, begun["key"])
    assert (done["state"], done["report"]["counts"]["boxes"]) == ("done", {"new": 1})
    assert ok(http.get(f"/api/v1/boxes/{box['key']}"))["name"] == "Acme"
    compared = ended(http, ok(http.post("/api/v2/streakimports", json={**given, "mode": "COMPARE"}))["key"])
    assert compared["report"]["differences"] == []

    failed = ended(http, ok(http.post("/api/v2/streakimports", json={**given, "key": "wrong"}))["key"])
    assert failed["state"] == "failed"
    assert "the key is not accepted" in failed["error"]
    watched = ok(http.post("/api/v2/streakimports", json={**given, "watch": True}))
    stopped = ok(http.post(f"/api/v2/streakimports/{watched['key']}/stop"))
    assert stopped["state"] == "stopped"
    refused(http.post(f"/api/v2/streakimports/{watched['key']}/stop"), 400, "stopped already")
    left = "SELECT COUNT(*) FROM streak_runs WHERE secret IS NOT NULL"
    assert server.engine.read(lambda db: db.row(left)) == (0,)


def test_only_an_owner_imports_and_bad_input_is_refused(world: World) -> None:
    given = {"key": "a", "teamKey": world.team_key, "source": "https://crm.example"}
    refused(world.bo.http.post("/api/v2/streakimports", json=given), 403, "owner")
    for member, value, words in (
        ("key", " ", "is missing"),
        ("source", "ftp://crm.example", "http"),
        ("since", "someday", "date"),
        ("mode", "STEAL", "COMPARE"),
    ):
        assert words in refused(
            world.ada.http.post("/api/v2/streakimports", json={**given, member: value}), 400, member
        )
