"""Snippets through the API."""

from typing import Any

import pytest

from boxwood.jobs import upkeep
from tests.conftest import World, ok, refused

PATH = "/api/v1/snippets"


def create_snippet(world: World, **given: Any) -> dict[str, Any]:
    """Create a snippet as Ada."""
    return ok(world.ada.http.put(PATH, data={"snippetName": "Thanks", "snippetText": "<p>Thank you</p>", **given}))


def event_kinds(world: World, key: str) -> list[str]:
    sql = "SELECT kind FROM events WHERE subject_key = :key ORDER BY id"
    return [row[0] for row in world.server.engine.read(lambda db: db.rows(sql, key=key))]


def test_sending_back_what_was_read_records_no_event(world: World) -> None:
    key = create_snippet(world, subject="Re", snippetKeyShortcut="ty")["key"]
    read = ok(world.ada.http.get(f"{PATH}/{key}"))
    world.clock.advance(ms=5000)
    ok(world.ada.http.post(f"{PATH}/{key}", json=read))
    assert ok(world.ada.http.get(f"{PATH}/{key}")) == read
    assert event_kinds(world, key) == ["snippet.created"]


def test_users_who_may_change_the_pipeline_change_its_shared_snippets(world: World) -> None:
    pipeline = world.pipeline()
    key = create_snippet(world, pipelineKey=pipeline["key"])["key"]
    assert ok(world.bo.http.post(f"{PATH}/{key}", json={"snippetText": "Merci"}))["snippetText"] == "Merci"
    share = [{"email": world.ada.email, "permissionSetName": "__adminPermissionSet__"}]
    share += [{"email": world.bo.email, "permissionSetName": "__viewAllPermissionSet__"}]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": share}))
    refused(world.bo.http.post(f"{PATH}/{key}", json={"snippetText": "Grazie"}), 403, "Viewer")
    refused(world.bo.http.put(PATH, data={"snippetName": "x", "pipelineKey": pipeline["key"]}), 403, "Viewer")
    refused(world.bo.http.delete(f"{PATH}/{key}"), 403, "Viewer")
    assert ok(world.bo.http.get(f"{PATH}/{key}"))["snippetText"] == {"value": "Merci"}
    assert event_kinds(world, key) == ["snippet.created", "snippet.edited"]


def test_only_its_author_takes_a_snippet_out_of_a_pipeline(world: World) -> None:
    key = create_snippet(world, pipelineKey=world.pipeline()["key"])["key"]
    refused(world.bo.http.post(f"{PATH}/{key}", json={"pipelineKey": ""}), 403, "author")
    taken = ok(world.ada.http.post(f"{PATH}/{key}", json={"pipelineKey": ""}))
    assert "pipelineKey" not in taken
    assert taken["partOfPipeline"] is False
    assert world.bo.http.get(f"{PATH}/{key}").status_code == 404


def test_a_snippet_stays_when_its_pipeline_is_deleted(world: World) -> None:
    pipeline = world.pipeline()
    key = create_snippet(world, pipelineKey=pipeline["key"])["key"]
    ok(world.ada.http.delete(f"/api/v1/pipelines/{pipeline['key']}"))
    assert world.bo.http.get(f"{PATH}/{key}").status_code == 404
    world.clock.advance(days=31)
    upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock())
    assert ok(world.ada.http.get(f"{PATH}/{key}"))["partOfPipeline"] is False
    assert world.bo.http.get(f"{PATH}/{key}").status_code == 404


def test_a_team_key_reaches_only_the_shared_snippets_of_its_member(world: World) -> None:
    own = ok(world.bo.http.put(PATH, data={"snippetName": "Bo's own"}))["key"]
    shared = create_snippet(world, pipelineKey=world.pipeline()["key"])["key"]
    secret = ok(world.ada.http.put("/api/v1/apikeys", params={"teamKey": world.team_key}))["apiKey"]
    with world.client(secret) as team:
        team.headers["X-Boxwood-Act-As"] = world.bo.email
        assert [snippet["key"] for snippet in ok(team.get(PATH))] == [shared]
        assert team.get(f"{PATH}/{own}").status_code == 404
        refused(team.put(PATH, data={"snippetName": "x"}), 400, "pipelineKey")


def test_snippets_come_in_pages(world: World) -> None:
    keys = [create_snippet(world, snippetName=str(number))["key"] for number in range(3)]
    pages = [ok(world.ada.http.get(PATH, params={"limit": 2, "page": page})) for page in range(3)]
    assert [[snippet["key"] for snippet in page] for page in pages] == [keys[:2], keys[2:], []]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"snippetName": ""}, "snippetName"),
        ({"snippetName": ["a"]}, "snippetName"),
        ({"snippetText": 7}, "snippetText"),
        ({"snippetText": "a\x00b"}, "snippetText"),
        ({"subject": "x" * 1001}, "subject"),
        ({"pipelineKey": {"a": 1}}, "pipelineKey"),
    ],
)
def test_an_invalid_member_is_named_and_no_change_is_saved(world: World, body: dict[str, Any], names: str) -> None:
    key = create_snippet(world)["key"]
    refused(world.ada.http.post(f"{PATH}/{key}", json=body), 400, names)
    assert event_kinds(world, key) == ["snippet.created"]


def test_a_pipeline_out_of_reach_is_not_found(world: World) -> None:
    answer = world.cy.http.put(PATH, data={"snippetName": "x", "pipelineKey": world.pipeline()["key"]})
    assert answer.status_code == 404
    assert ok(world.cy.http.get(PATH)) == []
