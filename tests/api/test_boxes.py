"""Boxes through the API."""

import pytest

from tests.conftest import World, ok, refused


def test_a_new_box_is_in_the_first_stage_and_assigned_to_its_creator(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    assert box["stageKey"] == "5001"
    assert [entry["userKey"] for entry in box["assignedToSharingEntries"]] == [world.ada.user_key]
    assert ok(world.bo.http.get(f"/api/v1/boxes/{box['key']}")) == box
    assert world.events(box["key"]) == ["box.created"]


def test_saving_unchanged_values_records_no_event(world: World) -> None:
    box = world.box(world.pipeline(), notes="call back")
    world.clock.advance(ms=5000)
    assert ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json=box)) == box
    assert world.events(box["key"]) == ["box.created"]


def test_moving_adds_the_elapsed_time_to_the_previous_stage(world: World) -> None:
    box = world.box(world.pipeline())
    world.clock.advance(ms=60_000)
    moved = ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": 5002}))
    assert moved["stageKey"] == "5002"
    spent = {stay["stageKey"]: stay["timeInStageMs"] for stay in moved["stageHistoryEntries"]}
    assert spent["5001"] == moved["lastStageChangeTimestamp"] - box["creationTimestamp"] >= 60_000
    assert spent["5002"] == 0
    assert world.events(box["key"]) == ["box.created", "box.moved"]


def test_a_stranger_finds_no_box(world: World) -> None:
    box = world.box(world.pipeline())
    reply = world.cy.http.get(f"/api/v1/boxes/{box['key']}")
    assert reply.status_code == 404
    assert reply.json() == {"success": False, "details": box["key"], "error": "Entity not found with key"}
    edit = world.cy.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Mine"})
    assert (edit.status_code, edit.json()["error"]) == (404, "existing entity does not exist")
    assert world.cy.http.delete(f"/api/v1/boxes/{box['key']}").status_code == 404
    assert world.events(box["key"]) == ["box.created"]


VALUES = [
    ("TEXT_INPUT", "a value", "a value"),
    ("TEXT_INPUT", 42, 42),
    ("DATE", 1347451200000, 1347451200000),
    ("DATE", "1/31/2000", 949276800000),
    ("CHECKBOX", True, True),
    ("CHECKBOX", "True", True),
    ("CHECKBOX", "false", False),
    ("PERSON", [{"email": "x@y.example"}], [{"email": "x@y.example", "fullName": ""}]),
]


@pytest.mark.parametrize(("kind", "given", "read"), VALUES)
def test_a_value_is_read_back_as_it_is_stored(world: World, kind: str, given: object, read: object) -> None:
    pipeline = world.pipeline()
    field, box = world.field(pipeline, kind), world.box(pipeline)
    path = f"/api/v1/boxes/{box['key']}/fields/{field['key']}"
    assert ok(world.ada.http.get(path)) == {"key": field["key"]}
    assert ok(world.ada.http.post(path, json={"value": given})) == {"key": field["key"], "value": read}
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"] == {field["key"]: read}
    assert ok(world.ada.http.post(path, json={"value": None})) == {"key": field["key"]}
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"] == {}


def test_option_values_are_keys_and_are_cleared_when_the_option_is_deleted(world: World) -> None:
    pipeline = world.pipeline()
    field, box = world.field(pipeline, "TAG"), world.box(pipeline)
    path = f"/api/v1/pipelines/{pipeline['key']}/fields/{field['key']}"
    created = ok(world.ada.http.post(path, json={"tagSettings": {"tags": [{"tag": "hot"}, {"tag": "cold"}]}}))
    hot, cold = (tag["key"] for tag in created["tagSettings"]["tags"])
    assert (hot, cold) == ("9001", "9002")
    refused(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"fields": {field["key"]: ["warm"]}}), 400, "9001")
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"fields": {field["key"]: [hot, cold]}}))
    ok(world.ada.http.post(path, json={"tagSettings": {"tags": [{"key": cold, "tag": "cold"}]}}))
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"] == {field["key"]: [cold]}


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"stageKey": "5999"}, "stageKey"),
        ({"name": ""}, "name"),
        ({"name": {"a": 1}}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"fields": {"1999": 1}}, "fields.1999"),
        ({"fields": [1]}, "fields"),
        ({"linkedBoxKeys": ["nope"]}, "linkedBoxKeys"),
        ({"assignedToSharingEntries": [{"email": "not an address"}]}, "assignedToSharingEntries"),
        ({"assignedToSharingEntries": ["unobody"]}, "assignedToSharingEntries"),
        ({"contacts": [{"isStarred": True}]}, "contacts[0].key"),
    ],
)
def test_an_invalid_member_is_named_and_no_change_is_saved(world: World, body: dict, names: str) -> None:
    box = world.box(world.pipeline())
    refused(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json=body), 400, names)
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}")) == box


def test_box_links_work_both_ways_and_end_when_the_box_is_deleted(world: World) -> None:
    pipeline = world.pipeline()
    box, other = world.box(pipeline), world.box(pipeline)
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"linkedBoxKeys": [other["key"]]}))
    assert ok(world.ada.http.get(f"/api/v1/boxes/{other['key']}"))["linkedBoxKeys"] == [box["key"]]
    ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    assert ok(world.ada.http.get(f"/api/v1/boxes/{other['key']}"))["linkedBoxKeys"] == []


def test_a_box_keeps_values_of_same_named_fields_in_another_pipeline(world: World) -> None:
    old, new = world.pipeline(), world.pipeline(name="Projects", stages=["Open", "Won"])
    shared, removed = world.field(old, "TEXT_INPUT", "Price"), world.field(old, "TEXT_INPUT", "Only here")
    world.field(new, "CHECKBOX", "Price")
    there = world.field(new, "TEXT_INPUT", "Price")
    box = world.box(old, stageKey="5002", fields={shared["key"]: 7, removed["key"]: "x"})
    moves = [{"key": box["key"], "boxKey": box["key"], "pipelineKey": new["key"]}]
    moved = ok(world.ada.http.post(f"/api/v2/pipelines/{old['key']}/boxes/batch", json=moves))[0]
    assert (moved["pipelineKey"], moved["stageKey"]) == (new["key"], "5002")
    assert moved["fields"] == {there["key"]: 7}


def test_list_pages_follow_the_requested_order(world: World) -> None:
    pipeline = world.pipeline()
    created = []
    for number in range(5):
        world.clock.advance(ms=10)
        created.append(world.box(pipeline, name=f"Box {number}")["key"])
    path = f"/pipelines/{pipeline['key']}/boxes"
    assert [box["key"] for box in ok(world.ada.http.get(f"/api/v1{path}"))] == created
    newest = ok(world.ada.http.get(f"/api/v1{path}", params={"sortBy": "creationTimestamp", "limit": 2, "page": 1}))
    assert [box["key"] for box in newest] == [created[2], created[1]]
    page = ok(world.ada.http.get(f"/api/v2{path}", params={"limit": 2, "page": 2}))
    assert ([box["key"] for box in page["results"]], page["hasNextPage"]) == ([created[4]], False)
    refused(world.ada.http.get(f"/api/v1{path}", params={"limit": "-1"}), 400, "limit")
    refused(world.ada.http.get(f"/api/v2{path}", params={"page": "x"}), 400, "page")
    assert len(ok(world.ada.http.get(f"/api/v2{path}", params={"limit": 10**9}))["results"]) == 5


def test_a_box_in_a_list_equals_the_box_read_alone(world: World) -> None:
    """Lists use another encoder than single boxes. Compares both for a box with everything and for an empty box."""
    pipeline = world.pipeline()
    text = world.field(pipeline, "TEXT_INPUT")["key"]
    person = world.field(pipeline, "PERSON", "Who")["key"]
    contact = {"emailAddresses": [f"x{world.number}@y.example"]}
    entry = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=contact))
    rule = {"name": "Small", "mode": "WARN", "assertion": {"field": text, "op": "lt", "value": 5}}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/validators", json=rule))
    other = world.box(pipeline, name="Plain")
    full = world.box(
        pipeline,
        name='Ünï "quoted" mail@z.example',
        notes="lines\nof notes",
        fields={text: 7, person: [{"email": world.bo.email}]},
        assignedToSharingEntries=[{"email": world.bo.email}, {"email": world.ada.email}],
        linkedBoxKeys=[other["key"]],
        contacts=[{"key": entry["key"], "isStarred": True}],
    )
    ok(world.ada.http.post(f"/api/v1/boxes/{full['key']}", json={"stageKey": "5002"}))
    due = {
        "text": "Call",
        "dueDate": world.clock() + 86_400_000,
        "assignedToSharingEntries": [{"email": world.bo.email}],
    }
    ok(world.ada.http.post(f"/api/v2/boxes/{full['key']}/tasks", json=due))
    ok(world.ada.http.post(f"/api/v2/boxes/{full['key']}/comments", json={"message": "Hello"}))
    keys = (other["key"], full["key"])
    singles = [ok(world.ada.http.get(f"/api/v1/boxes/{key}", params={"fields": "name"})) for key in keys]
    assert [item.pop("columns") for item in singles] == [{"name": "Plain"}, {"name": 'Ünï "quoted" mail@z.example'}]
    assert [ok(world.ada.http.get(f"/api/v1/boxes/{key}")) for key in keys] == singles
    assert singles[1]["violations"]
    assert singles[1]["contacts"]
    assert (singles[1]["taskTotal"], len(singles[1]["emailAddresses"])) == (1, 2)
    path = f"/api/v2/pipelines/{pipeline['key']}"
    assert ok(world.ada.http.get(f"{path}/boxes"))["results"] == singles
    assert ok(world.ada.http.get(f"{path}/boxes", params={"sort": "creationTimestamp"}))["results"] == singles
    assert ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes")) == singles
    board = ok(world.ada.http.get(f"{path}/board"))["columns"]
    assert [box for column in board for box in column["results"]] == singles
    asked = ok(world.ada.http.get(f"/api/v1/boxes/{full['key']}", params={"fields": "daysInStage"}))
    assert ok(world.ada.http.get(f"{path}/boxes", params={"fields": "daysInStage"}))["results"][1] == asked
