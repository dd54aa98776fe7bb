"""The history of a thing: who changed it, through which key, and the values before and after."""

from typing import Any

from tests.api.test_contacts import contact, organization
from tests.conftest import World, ok, refused


def history(world: World, path: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(world.bo.http.get(f"/api/v2/{path}/history", params=query))["results"]
    return found


def test_a_write_returns_a_change_id_that_all_its_events_carry(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    reply = world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Acme Ltd", "stageKey": "5002"})
    change = reply.headers["x-boxwood-change"]
    newest, older, entries = history(world, f"boxes/{box['key']}")
    assert (newest["change"], older["change"]) == (change, change)
    assert {newest["kind"], older["kind"]} == {"box.moved", "box.renamed"}
    assert change in (newest["key"], older["key"])
    assert entries["change"] != change
    assert entries["object"]["name"] == "Acme"
    assert entries["before"] is None


def test_a_read_or_an_unchanged_write_returns_no_change_id(world: World) -> None:
    box = world.box(world.pipeline())
    same = world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Acme"})
    assert same.status_code == 200
    assert "x-boxwood-change" not in same.headers
    assert "x-boxwood-change" not in world.ada.http.get(f"/api/v1/boxes/{box['key']}").headers


def test_a_batch_is_one_change_without_its_failed_operations(world: World) -> None:
    pipeline = world.pipeline()
    operation = {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes", "body": {"name": "One"}}
    wrong = {**operation, "body": {"name": "Two", "stageKey": "nowhere"}}
    reply = world.ada.http.post("/api/v2/batch", json={"operations": [wrong, operation, operation]})
    statuses = [entry["status"] for entry in ok(reply)["results"]]
    assert statuses == [400, 200, 200]
    keys = [entry["body"]["key"] for entry in reply.json()["results"][1:]]
    assert {history(world, f"boxes/{key}")[0]["change"] for key in keys} == {reply.headers["x-boxwood-change"]}
    for atomic in (False, True):
        nothing = world.ada.http.post("/api/v2/batch", json={"operations": [wrong], "atomic": atomic})
        assert "x-boxwood-change" not in nothing.headers


def test_history_shows_the_values_before_and_after_the_user_and_the_api_key(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")["key"]
    box = world.box(pipeline, fields={field: "a"})
    secret = ok(world.bo.http.put("/api/v1/apikeys", json={"name": "Nightly"}))["apiKey"]
    with world.client(secret) as nightly:
        ok(nightly.post(f"/api/v1/boxes/{box['key']}", json={"fields": {field: "b"}, "notes": "n"}))
    notes, values = sorted(history(world, f"boxes/{box['key']}")[:2], key=lambda entry: entry["kind"], reverse=True)
    assert (notes["before"], notes["after"]) == ({"notes": None}, {"notes": "n"})
    assert (values["before"], values["after"]) == ({"fields": {field: "a"}}, {"fields": {field: "b"}})
    assert values["actor"] == {"key": world.bo.user_key, "displayName": "Bo D"}
    assert (values["via"]["type"], values["via"]["name"]) == ("key", "Nightly")


def test_box_history_includes_everything_on_the_box_and_pages_by_cursor(world: World) -> None:
    box = world.box(world.pipeline())
    for number in range(3):
        ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": f"no. {number}"}))
    page = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/history", params={"limit": 3}))
    rest = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/history", params={"cursor": page["cursor"]}))
    assert [entry["kind"] for entry in page["results"] + rest["results"]] == ["comment.created"] * 3 + ["box.created"]
    assert "cursor" not in rest
    refused(world.ada.http.get(f"/api/v2/boxes/{box['key']}/history", params={"cursor": "x"}), 400, "cursor")
    refused(world.cy.http.get(f"/api/v2/boxes/{box['key']}/history"), 404)


def test_entries_and_pipelines_have_a_history_too(world: World) -> None:
    konrad, firm = contact(world, givenName="Konrad"), organization(world, name="Zuse KG")
    ok(world.ada.http.post(f"/api/v2/contacts/{konrad['key']}", json={"title": "Engineer"}))
    entries = history(world, f"contacts/{konrad['key']}")
    assert [each["kind"] for each in entries] == ["contact.edited", "contact.created"]
    assert (entries[0]["before"], entries[0]["after"]) == ({"title": None}, {"title": "Engineer"})
    assert [each["kind"] for each in history(world, f"organizations/{firm['key']}")] == ["organization.created"]
    pipeline = world.pipeline()
    world.box(pipeline)
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"name": "Sales"}))
    entries = history(world, f"pipelines/{pipeline['key']}")
    assert [each["kind"] for each in entries] == ["pipeline.edited", "pipeline.created"]
    assert entries[0]["before"] == {"name": "Deals"}


def test_a_box_is_shown_as_it_was_at_an_earlier_time(world: World) -> None:
    box = world.box(world.pipeline())
    created_at = world.clock()
    world.clock.advance(days=1)
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Acme Ltd", "stageKey": "5002"}))
    url = f"/api/v1/boxes/{box['key']}"
    then = ok(world.bo.http.get(url, params={"asOf": created_at}))
    assert (then["name"], then["stageKey"]) == ("Acme", "5001")
    now = ok(world.bo.http.get(url, params={"asOf": world.clock()}))
    assert (now["name"], now["stageKey"]) == ("Acme Ltd", "5002")
    for before_it in (0, 1, 1000):
        refused(world.bo.http.get(url, params={"asOf": before_it}), 404)
    refused(world.cy.http.get(url, params={"asOf": created_at}), 404)
