"""Undo: who may undo a change, what prevents it, and which events it records."""

from typing import Any

import httpx
import pytest

from boxwood.core.undo import undo as undoing
from tests.api.test_contacts import box_of, contact, path, read
from tests.api.test_merges import is_unchanged
from tests.api.test_trash import a_full_box, everything
from tests.conftest import World, ok, refused


def change_of(response: httpx.Response) -> str:
    ok(response)
    return response.headers["x-boxwood-change"]


def undo(world: World, change: str, who: str = "ada", **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = ok(getattr(world, who).http.post("/api/v2/undo", json={"change": change, **more}))
    return answer


def edit(world: World, box: dict[str, Any], **changes: Any) -> str:
    return change_of(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json=changes))


def test_an_edit_of_many_members_is_undone_together(world: World) -> None:
    pipeline = world.pipeline()
    text, date = world.field(pipeline, "TEXT_INPUT")["key"], world.field(pipeline, "DATE")["key"]
    other = world.box(pipeline, name="Other")
    konrad = contact(world, givenName="Konrad")
    box = world.box(pipeline, fields={text: "a"}, notes="n")
    change = edit(
        world,
        box,
        name="Acme Ltd",
        notes="",
        stageKey="5002",
        fields={text: "b", date: 1000},
        assignedToSharingEntries=[{"email": world.bo.email}],
        followerKeys=[],
        linkedBoxKeys=[other["key"]],
        contacts=[{"key": konrad["key"]}],
    )
    undone = undo(world, change)
    now = box_of(world, box)
    changed = {name for name in now.keys() | box.keys() if now.get(name) != box.get(name)}
    assert {name for name in changed if not name.endswith("Timestamp")} <= {"stageHistoryEntries"}
    assert len(undone["undone"]) >= 7
    assert "box.linked" in world.events(other["key"])
    assert undone["left"] == []
    again = undo(world, undone["change"])
    assert box_of(world, box)["name"] == "Acme Ltd"
    assert again["change"] != undone["change"]


def test_an_undo_records_events_like_any_change(world: World) -> None:
    box = world.box(world.pipeline())
    change = edit(world, box, name="Acme Ltd")
    answer = world.bo.http.post("/api/v2/undo", json={"change": change})
    assert answer.headers["x-boxwood-change"] == ok(answer)["change"]
    entry = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/history"))["results"][0]
    assert (entry["kind"], entry["actor"]["key"], entry["undoes"]) == ("box.renamed", world.bo.user_key, change)
    assert (entry["before"], entry["after"]) == ({"name": "Acme Ltd"}, {"name": "Acme"})


def test_a_later_change_prevents_an_undo_and_is_named(world: World) -> None:
    pipeline = world.pipeline()
    size, colour = (world.field(pipeline, "TEXT_INPUT", name)["key"] for name in ("Size", "Colour"))
    box = world.box(pipeline, fields={size: "S"})
    change = edit(world, box, name="Acme Ltd", fields={size: "M", colour: "red"})
    edit(world, box, fields={size: "L"})
    refused(world.ada.http.post("/api/v2/undo", json={"change": change}), 400, "Size was changed since")
    assert box_of(world, box)["name"] == "Acme Ltd"
    answer = undo(world, change, partial=True)
    assert [item["reason"] for item in answer["left"]] == ["Size was changed since"]
    assert (box_of(world, box)["name"], box_of(world, box)["fields"][size]) == ("Acme", "L")


def test_a_change_that_was_already_reversed_has_nothing_to_undo(world: World) -> None:
    box = world.box(world.pipeline())
    change = edit(world, box, name="Acme Ltd")
    undo(world, change)
    count = len(world.events(box["key"]))
    refused(world.ada.http.post("/api/v2/undo", json={"change": change}), 400, "nothing to undo")
    assert len(world.events(box["key"])) == count


def test_one_event_of_a_change_can_be_undone_alone(world: World) -> None:
    box = world.box(world.pipeline())
    edit(world, box, name="Acme Ltd", notes="n")
    history = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/history"))["results"]
    (renamed,) = [entry["key"] for entry in history if entry["kind"] == "box.renamed"]
    ok(world.ada.http.post("/api/v2/undo", json={"event": renamed}))
    assert (box_of(world, box)["name"], box_of(world, box)["notes"]) == ("Acme", "n")


def test_a_batch_is_undone_as_a_whole(world: World) -> None:
    pipeline = world.pipeline()
    existing = world.box(pipeline, name="Kept")
    operation = {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes"}
    operations = [{**operation, "body": {"name": str(number)}} for number in range(20)]
    operations.append({"method": "POST", "path": f"/v1/boxes/{existing['key']}", "body": {"stageKey": "5003"}})
    change = change_of(world.ada.http.post("/api/v2/batch", json={"operations": operations}))
    undo(world, change)
    left = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))
    assert [(item["key"], item["stageKey"]) for item in left] == [(existing["key"], "5001")]


def test_a_created_box_that_others_changed_is_not_deleted_by_undo(world: World) -> None:
    pipeline = world.pipeline()
    operation = {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes"}
    operations = [{**operation, "body": {"name": name}} for name in ("One", "Two")]
    answer = world.ada.http.post("/api/v2/batch", json={"operations": operations})
    first, second = (each["body"]["key"] for each in ok(answer)["results"])
    ok(world.bo.http.post(f"/api/v2/boxes/{first}/comments", json={"message": "mine now"}))
    change = answer.headers["x-boxwood-change"]
    refused(world.ada.http.post("/api/v2/undo", json={"change": change}), 400, "One: it was changed since")
    undone = undo(world, change, partial=True)
    assert [each["kind"] for each in undone["left"]] == ["box.created"]
    assert [each["key"] for each in ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))] == [first]
    assert second in str(ok(world.ada.http.get("/api/v2/trash")))


def test_undoing_a_deletion_restores_everything_it_deleted(world: World) -> None:
    box, _ = a_full_box(world)
    before = everything(world, box["key"])
    change = change_of(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    undo(world, change)
    assert everything(world, box["key"]) == before


def test_deleting_changing_and_merging_contacts_is_undone(world: World) -> None:
    konrad = contact(world, givenName="Konrad", emailAddresses=["k@zuse.example"])
    second = contact(world, givenName="K.", title="Inventor")
    box = world.box(world.pipeline(), contacts=[{"key": second["key"]}])
    changes = {"title": "Engineer", "emailAddresses": ["konrad@zuse.example"], "familyName": "Zuse"}
    change = change_of(world.ada.http.post(path(konrad), json=changes))
    undo(world, change)
    assert is_unchanged(konrad, read(world, konrad))
    change = change_of(world.ada.http.delete(path(second)))
    undo(world, change)
    assert [link["key"] for link in box_of(world, box)["contacts"]] == [second["key"]]
    change = change_of(world.ada.http.post(f"{path(konrad)}/merge", json={"keys": [second["key"]]}))
    undo(world, change)
    assert is_unchanged(konrad, read(world, konrad))
    assert is_unchanged(second, read(world, second))
    assert [link["key"] for link in box_of(world, box)["contacts"]] == [second["key"]]


@pytest.mark.parametrize("noun", ["tasks", "comments", "meetings"])
def test_creating_changing_and_deleting_parts_is_undone(world: World, noun: str) -> None:
    box = world.box(world.pipeline())
    url = f"/api/v2/boxes/{box['key']}/{noun}"
    given = {
        "tasks": ({"text": "call"}, {"text": "write", "status": "DONE", "assignedTo": []}),
        "comments": ({"message": "Hello"}, {"message": "Hi"}),
        "meetings": ({"meetingType": "CALL_LOG", "startTimestamp": 1}, {"notes": "Long", "startTimestamp": 2}),
    }[noun]
    created = world.ada.http.post(url, json=given[0])
    own = f"/api/v2/{noun}/{ok(created)['key']}"
    before = ok(world.ada.http.get(own))
    changed = change_of(world.ada.http.post(own, json=given[1]))
    undo(world, changed)
    now = ok(world.ada.http.get(own))
    assert {name for name, entry in now.items() if before[name] != entry} <= {
        "lastSavedTimestamp",
        "lastStatusChangeDate",
    }
    undo(world, change_of(world.ada.http.delete(own)))
    assert ok(world.ada.http.get(own))["key"] == now["key"]
    deleted = world.bo.http.post("/api/v2/undo", json={"event": created.headers["x-boxwood-change"]})
    if noun == "comments":
        refused(deleted, 400, "Only the author")
    else:
        ok(deleted)
        refused(world.ada.http.get(own), 404)


def test_a_move_to_another_pipeline_is_undone_with_the_values_left_behind(world: World) -> None:
    here, there = world.pipeline(), world.pipeline(name="Elsewhere")
    field = world.field(here, "TEXT_INPUT", "Only here")["key"]
    box = world.box(here, fields={field: "a"}, stageKey="5002")
    moved = world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"pipelineKey": there["key"]})
    assert ok(moved)["fields"] == {}
    undo(world, moved.headers["x-boxwood-change"])
    now = box_of(world, box)
    assert (now["pipelineKey"], now["stageKey"], now["fields"]) == (here["key"], "5002", {field: "a"})


def test_changes_of_a_pipeline_its_sharing_stages_and_fields_are_undone(world: World) -> None:
    pipeline = world.pipeline()
    url = f"/api/v1/pipelines/{pipeline['key']}"
    field = world.field(pipeline, "DROPDOWN", "Size", dropdownSettings={"items": [{"name": "S"}]})["key"]
    before = ok(world.ada.http.get(url))
    shared = [{"email": world.ada.email}, {"email": world.cy.email, "permissionSetName": "__viewAllPermissionSet__"}]
    changes = [
        world.ada.http.post(url, json={"name": "Sales", "stageOrder": ["5003", "5001", "5002"]}),
        world.ada.http.post(url, json={"aclEntries": shared}),
        world.ada.http.post(f"{url}/stages/5001", json={"name": "First"}),
        world.ada.http.post(f"{url}/fields/{field}", json={"name": "Weight"}),
        world.ada.http.put(f"{url}/stages", json={"name": "New"}),
        world.ada.http.delete(f"{url}/stages/5002"),
        world.ada.http.delete(f"{url}/fields/{field}"),
    ]
    for change in reversed([change_of(item) for item in changes]):
        undo(world, change)
    now = ok(world.ada.http.get(url))
    stamps = ("lastSavedTimestamp", "lastUpdatedTimestamp")
    differing = {name for name in now if now[name] != before.get(name) and name not in stamps}
    assert differing <= {"stages", "fields"}
    assert [stage["name"] for stage in now["stages"].values()] == [item["name"] for item in before["stages"].values()]
    assert now["stageOrder"] == before["stageOrder"]
    assert [item["name"] for item in now["fields"]] == ["Size"]
    refused(world.cy.http.get(url), 404)


def test_a_user_cannot_undo_what_they_may_not_change(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__")
    box = world.box(pipeline)
    change = edit(world, box, name="Acme Ltd")
    refused(world.bo.http.post("/api/v2/undo", json={"change": change}), 400, "Viewer")
    refused(world.cy.http.post("/api/v2/undo", json={"change": change}), 404)
    assert box_of(world, box)["name"] == "Acme Ltd"
    for wrong in ("n000000000000", "x", "n999999999999999999"):
        refused(world.ada.http.post("/api/v2/undo", json={"change": wrong}), 404)
        refused(world.ada.http.post("/api/v2/undo", json={"event": wrong}), 404)
    for body in ({}, {"change": change, "event": change}):
        refused(world.ada.http.post("/api/v2/undo", json=body), 400, "change")


def test_an_import_is_undone_as_one_change_in_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoing, "AT_ONCE", 10)
    pipeline = world.pipeline()
    own = world.box(pipeline, name="Row 3", notes="mine")
    rows = "\n".join(f"Row {number};note {number}" for number in range(25))
    asked = {"wait": 20, "match": "name"}
    url = f"/api/v2/pipelines/{pipeline['key']}/import"
    content = f"Name;Notes\n{rows}\n".encode()
    job = ok(world.ada.http.post(url, params=asked, content=content, headers={"content-type": "text/csv"}))
    assert (job["state"], job["created"], job["updated"]) == ("done", 24, 1)
    more, steps = True, 0
    while more:
        answer = undo(world, job["change"])
        more, steps = answer["hasMore"], steps + 1
    assert steps == 3
    (left,) = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))
    assert (left["key"], left["notes"]) == (own["key"], "mine")
    assert (
        len(ok(world.ada.http.get("/api/v2/trash", params={"noun": "box", "teamKey": world.team_key}))["results"]) == 24
    )


def test_undoing_an_import_with_changed_boxes_is_refused_before_any_change(world: World) -> None:
    pipeline = world.pipeline()
    url = f"/api/v2/pipelines/{pipeline['key']}/import"
    content = b"Name\n" + b"".join(b"Row %d\n" % number for number in range(25))
    asked = {"params": {"wait": 20}, "content": content, "headers": {"content-type": "text/csv"}}
    job = ok(world.ada.http.post(url, **asked))
    first = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))[0]
    edit(world, first, notes="mine")
    refused(world.ada.http.post("/api/v2/undo", json={"change": job["change"]}), 400, "Row 0: it was changed since")
    assert len(ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))) == 25
