"""Credentials of clients, and the errors for missing or wrong credentials."""

from base64 import b64encode

import httpx
import pytest

ME = "/api/v1/users/me"


def basic(text):
    return "Basic " + b64encode(text.encode()).decode()


def ask(server, authorization, path=ME):
    headers = {"Authorization": authorization} if authorization is not None else {}
    return httpx.get(server.url + path, headers=headers)


@pytest.mark.parametrize(
    "spelled",
    [
        lambda key: basic(f"{key}:"),
        lambda key: basic(f"{key}:{key}"),
        lambda key: basic(f"{key}:any password: at all"),
        lambda key: basic(key),
        lambda key: basic(f"{key}:").rstrip("="),
        lambda key: basic(f"{key}:") + "==",
        lambda key: basic(key).replace("Basic", "basic"),
        lambda key: f"Bearer {key}",
        lambda key: f"bearer {key}",
    ],
    ids=[
        "no password",
        "the key again",
        "any password",
        "no colon",
        "no padding",
        "too much padding",
        "lower case",
        "bearer",
        "lower bearer",
    ],
)
@pytest.mark.parametrize("path", [ME, "/api/v2/users/me/teams"])
def test_a_key_is_accepted_in_every_form_of_credentials(server, world, spelled, path):
    answer = ask(server, spelled(world.ada.key), path)
    assert answer.status_code == 200
    if path == ME:
        assert answer.json()["email"] == world.ada.email
    else:
        assert [team["key"] for team in answer.json()["results"]] == [world.team_key]


@pytest.mark.parametrize("path", [ME, "/api/v2/pipelines", "/api/v1/boxes/nothing"])
def test_missing_credentials_are_reported(server, path):
    answer = ask(server, None, path)
    assert answer.status_code == 401
    assert answer.json() == {"error": "Authentication required"}
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    "authorization",
    [
        basic("no such key:"),
        basic("no such key"),
        basic("e3" * 16),
        "Bearer no-such-key",
        "Bearer strk_0000000000",
        "Basic %%%not-base64%%%",
        "Basic " + b64encode(b"\xff\xfe\x00:").decode(),
    ],
)
def test_a_wrong_key_is_reported_as_invalid(server, authorization):
    answer = ask(server, authorization)
    assert answer.status_code == 401
    assert answer.json() == {"success": False, "error": "invalid api key"}
    assert answer.headers["content-type"].startswith("application/json")


def test_a_wrong_key_changes_nothing(server, world):
    answer = httpx.put(f"{server.url}/api/v1/pipelines", auth=("wrong", ""), params={"name": "Mine"})
    assert answer.status_code == 401
    assert world.ada.http.get("/api/v1/pipelines").json() == []


def test_a_key_reaches_only_what_its_owner_reaches(world):
    pipeline = world.pipeline(name="Ours")
    path = f"/api/v1/pipelines/{pipeline['key']}"
    assert world.ada.http.get(path).json()["name"] == "Ours"
    assert world.bo.http.get(path).json()["name"] == "Ours"
    assert world.cy.http.get(path).status_code == 404
    assert world.cy.http.get(path).json()["error"] == "Entity not found with key"
