"""Batches of operations in one request, and upserts of boxes."""

import threading
from typing import Any

from tests.conftest import World, ok, refused


def batch(world: World, *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = ok(world.ada.http.post("/api/v2/batch", json={"operations": operations, **more}))
    return answer


def test_each_operation_of_a_batch_succeeds_or_fails_by_itself(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    answer = batch(
        world,
        {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes", "body": {"name": "New"}},
        {"method": "POST", "path": f"/v1/boxes/{box['key']}", "body": {"stageKey": "5999"}},
        {"method": "POST", "path": f"/v1/boxes/{box['key']}", "body": {"notes": "kept"}},
        {"method": "GET", "path": f"/api/v2/pipelines/{pipeline['key']}/boxes?limit=1"},
        {"method": "DELETE", "path": "/v1/boxes/nope"},
        {"method": "GET", "path": "/v9/nothing"},
    )
    assert answer["committed"] is True
    assert [result["status"] for result in answer["results"]] == [200, 400, 200, 200, 404, 400]
    assert answer["results"][0]["body"]["name"] == "New"
    assert "stageKey" in answer["results"][1]["body"]["error"]
    assert len(answer["results"][3]["body"]["results"]) == 1
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["notes"] == "kept"


def test_an_atomic_batch_does_all_or_nothing(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/v2/pipelines/{pipeline['key']}/boxes"
    operations = [{"method": "POST", "path": path, "body": {"name": f"Box {n}"}} for n in range(3)]
    answer = batch(world, *operations, {"method": "POST", "path": path, "body": {"name": ""}}, atomic=True)
    assert answer["committed"] is False
    assert [result["status"] for result in answer["results"]] == [200, 200, 200, 400]
    assert ok(world.ada.http.get(f"/api{path}"))["results"] == []
    assert batch(world, *operations, atomic=True)["committed"] is True
    assert len(ok(world.ada.http.get(f"/api{path}"))["results"]) == 3


def test_a_batch_has_at_most_a_thousand_operations(world: World) -> None:
    pipeline = world.pipeline()
    operation = {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes", "body": {"name": "Box"}}
    answer = batch(world, *[operation] * 1000)
    assert {result["status"] for result in answer["results"]} == {200}
    assert len({result["body"]["key"] for result in answer["results"]}) == 1000
    refused(world.ada.http.post("/api/v2/batch", json={"operations": [operation] * 1001}), 400, "operations")
    refused(world.ada.http.post("/api/v2/batch", json={"operations": []}), 400, "operations")
    refused(world.ada.http.post("/api/v2/batch", json={"operations": [{"path": "/v1/users/me"}]}), 400, "method")
    inner = {"method": "POST", "path": "/v2/batch", "body": {"operations": [operation]}}
    assert batch(world, inner)["results"][0]["status"] == 400


def test_a_batch_has_only_the_rights_of_its_caller(world: World) -> None:
    box = world.box(world.pipeline())
    reply = world.cy.http.post(
        "/api/v2/batch", json={"operations": [{"method": "GET", "path": f"/v1/boxes/{box['key']}"}]}
    )
    assert ok(reply)["results"][0]["status"] == 404


def test_an_upsert_finds_a_box_by_name_or_value_or_creates_it(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT", "Order number")
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes/upsert"
    created = ok(world.ada.http.post(path, json={"match": "name", "name": "Acme", "fields": {field["key"]: 17}}))
    assert created["created"] is True
    again = ok(world.ada.http.post(path, json={"match": "name", "name": "Acme", "notes": "found"}))
    assert (again["created"], again["box"]["key"], again["box"]["notes"]) == (False, created["box"]["key"], "found")
    by_value = ok(
        world.ada.http.post(path, json={"match": field["key"], "name": "Renamed", "fields": {field["key"]: 17}})
    )
    assert (by_value["created"], by_value["box"]["key"]) == (False, created["box"]["key"])
    assert by_value["box"]["name"] == "Renamed"
    refused(world.ada.http.post(path, json={"match": field["key"], "name": "x"}), 400, f"fields.{field['key']}")
    refused(world.ada.http.post(path, json={"match": "9999", "name": "x"}), 400, "match")


def test_an_upsert_ignores_the_case_of_letters_and_how_accents_are_written(world: World) -> None:
    pipeline = world.pipeline()
    email = world.field(pipeline, "TEXT_INPUT", "Email")["key"]
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes/upsert"
    box = world.box(pipeline, name="Zoe\u0308", fields={email: "A@x.example"})
    for given in (
        {"match": "name", "name": "zo\u00eb"},
        {"match": email, "name": "Zo\u00eb", "fields": {email: "a@X.example"}},
    ):
        answer = ok(world.ada.http.post(path, json=given))
        assert (answer["created"], answer["box"]["key"]) == (False, box["key"])
    assert ok(world.ada.http.post(path, json={"match": "name", "name": "Zoe"}))["created"] is True


def test_two_concurrent_upserts_create_one_box(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes/upsert"
    keys: list[str] = []

    def upsert() -> None:
        with world.client(world.ada.key) as client:
            keys.append(ok(client.post(path, json={"match": "name", "name": "Acme"}))["box"]["key"])

    threads = [threading.Thread(target=upsert) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
