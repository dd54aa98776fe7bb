"""Pipelines, their stages and fields as the old clients see them."""

import json

import pytest


def create_pipeline(world, **params):
    return world.ada.http.put("/api/v1/pipelines", params={"name": "Sales"} | params).json()


def test_the_v1_pipeline_has_the_members_that_old_clients_read(world):
    pipeline = create_pipeline(
        world, description="d", stageNames="Lead,Won", fieldNames="Value", fieldTypes="TEXT_INPUT"
    )
    assert pipeline["key"] == pipeline["pipelineKey"]
    assert pipeline["creatorKey"] == world.ada.user_key
    assert pipeline["teamKey"] == world.team_key
    assert (pipeline["name"], pipeline["description"]) == ("Sales", "d")
    assert pipeline["stageOrder"] == ["5001", "5002"]
    assert [(field["key"], field["name"]) for field in pipeline["fields"]] == [("1001", "Value")]
    assert pipeline["owner"]["email"] == world.ada.email
    assert pipeline["owner"]["isOwner"] is True
    (entry,) = [entry for entry in pipeline["aclEntries"] if entry["isOwner"]]
    assert entry["userKey"] == world.ada.user_key
    assert pipeline["boxCount"] == 0
    assert 0 < pipeline["creationTimestamp"] <= pipeline["lastSavedTimestamp"]
    for member in (
        "icon",
        "creationSourceType",
        "customPermissionSets",
        "defaultPermissionSetName",
        "stageColorTheme",
    ):
        assert member in pipeline
    assert world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}").json() == pipeline


def test_a_pipeline_created_with_only_a_name_accepts_boxes(world):
    pipeline = create_pipeline(world)
    assert len(pipeline["stageOrder"]) == 1
    assert world.box(pipeline)["stageKey"] == pipeline["stageOrder"][0]


def test_a_changed_pipeline_keeps_the_rest(world):
    pipeline = create_pipeline(world, stageNames="Lead,Won", description="kept")
    path = f"/api/v1/pipelines/{pipeline['key']}"
    changed = world.ada.http.post(path, json={"name": "Renamed", "stageOrder": ["5002", "5001"]}).json()
    assert (changed["name"], changed["description"]) == ("Renamed", "kept")
    assert changed["stageOrder"] == ["5002", "5001"]
    assert world.ada.http.get(path).json() == changed
    echoed = world.ada.http.post(path, json=changed | {"name": "Echoed"}).json()
    assert echoed["name"] == "Echoed"
    assert (echoed["stages"], echoed["aclEntries"]) == (changed["stages"], changed["aclEntries"])


def test_sharing_by_email_lets_a_stranger_in(world):
    pipeline = create_pipeline(world)
    path = f"/api/v1/pipelines/{pipeline['key']}"
    assert world.cy.http.get(path).status_code == 404
    shared = world.ada.http.post(path, json={"aclEntries": [{"email": world.cy.email}]}).json()
    assert world.cy.email in [entry["email"] for entry in shared["aclEntries"]]
    assert world.cy.http.get(path).json()["name"] == "Sales"
    assert pipeline["key"] in [item["key"] for item in world.cy.http.get("/api/v1/pipelines").json()]
    assert world.cy.http.put(f"{path}/boxes", params={"name": "by Cy"}).json()["creatorKey"] == world.cy.user_key


def test_v1_deletes_a_pipeline_with_all_it_holds(world):
    pipeline = create_pipeline(world)
    box = world.box(pipeline)
    assert world.ada.http.delete(f"/api/v1/pipelines/{pipeline['key']}").json() == {"success": True}
    assert world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}").status_code == 404
    assert world.ada.http.get(f"/api/v1/boxes/{box['key']}").status_code == 404
    assert world.ada.http.get("/api/v1/boxes").json() == []


def test_stages_by_the_old_calls(world):
    pipeline = create_pipeline(world, stageNames="Lead")
    path = f"/api/v1/pipelines/{pipeline['key']}/stages"
    won = world.ada.http.put(path, data={"name": "Won"}).json()
    assert (won["key"], won["name"]) == ("5002", "Won")
    renamed = world.ada.http.post(f"{path}/5002", json={"name": "Closed"}).json()
    assert renamed["name"] == "Closed"
    assert world.ada.http.get(f"{path}/5002").json() == renamed
    assert {key: stage["name"] for key, stage in world.ada.http.get(path).json().items()} == {
        "5001": "Lead",
        "5002": "Closed",
    }
    box = world.box(pipeline, stageKey="5002")
    assert world.ada.http.delete(f"{path}/5002").status_code == 400
    world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5001"})
    assert world.ada.http.delete(f"{path}/5002").json() == {"success": True}
    assert world.ada.http.get(path).json().keys() == {"5001"}


def test_options_of_dropdowns_and_tags_by_the_old_calls(world):
    pipeline = create_pipeline(world)
    path = f"/api/v1/pipelines/{pipeline['key']}/fields"
    size = world.ada.http.put(path, data={"name": "Size", "type": "DROPDOWN"}).json()["key"]
    topics = world.ada.http.put(path, data={"name": "Topics", "type": "TAG"}).json()["key"]
    world.ada.http.post(f"{path}/{size}", json={"dropdownSettings": {"items": [{"name": "S"}, {"name": "L"}]}})
    world.ada.http.post(f"{path}/{topics}", json={"tagSettings": {"tags": [{"tag": "red"}, {"tag": "blue"}]}})
    fields = {field["key"]: field for field in world.ada.http.get(path).json()}
    small, large = fields[size]["dropdownSettings"]["items"]
    assert (small, large) == ({"key": "9001", "name": "S"}, {"key": "9002", "name": "L"})
    red, blue = fields[topics]["tagSettings"]["tags"]
    assert (red["tag"], blue["tag"]) == ("red", "blue")
    more = {"dropdownSettings": {"items": [{"name": "M"}]}}
    added = world.ada.http.post(f"{path}/{size}", params={"addOnly": "true"}, json=more).json()
    assert [item["name"] for item in added["dropdownSettings"]["items"]] == ["S", "L", "M"]


VALUES = [
    ("TEXT_INPUT", "some text ✓", "some text ✓"),
    ("DATE", 1_347_451_200_000, 1_347_451_200_000),
    ("CHECKBOX", True, True),
    ("CHECKBOX", False, False),
]


@pytest.mark.parametrize(("kind", "written", "read"), VALUES)
@pytest.mark.parametrize("spelled", ["json", "json form"])
def test_a_value_is_read_back_as_written(world, kind, written, read, spelled):
    pipeline = create_pipeline(world)
    path = f"/api/v1/pipelines/{pipeline['key']}/fields"
    field = world.ada.http.put(path, data={"name": "F", "type": kind}).json()["key"]
    box = world.box(pipeline)["key"]
    path = f"/api/v1/boxes/{box}/fields/{field}"
    if spelled == "json":
        answer = world.ada.http.post(path, json={"value": written})
    else:
        text = f'{{"key": "{field}", "value": {json.dumps(written)}}}'
        answer = world.ada.http.post(path, data={"json": text})
    assert answer.json() == {"key": field, "value": read}
    assert world.ada.http.get(path).json() == {"key": field, "value": read}
    assert world.ada.http.get(f"/api/v1/boxes/{box}").json()["fields"] == {field: read}


def test_an_option_is_written_by_its_key(world):
    pipeline = create_pipeline(world)
    path = f"/api/v1/pipelines/{pipeline['key']}/fields"
    size = world.ada.http.put(path, data={"name": "Size", "type": "DROPDOWN"}).json()["key"]
    topics = world.ada.http.put(path, data={"name": "Topics", "type": "TAG"}).json()["key"]
    world.ada.http.post(f"{path}/{size}", json={"dropdownSettings": {"items": [{"name": "S"}, {"name": "L"}]}})
    tags = world.ada.http.post(f"{path}/{topics}", json={"tagSettings": {"tags": [{"tag": "red"}, {"tag": "blue"}]}})
    red, blue = (tag["key"] for tag in tags.json()["tagSettings"]["tags"])
    box = f"/api/v1/boxes/{world.box(pipeline)['key']}"
    edited = world.ada.http.post(box, json={"fields": {size: "9002", topics: [blue, red]}}).json()
    assert edited["fields"] == {size: "9002", topics: [blue, red]}
    for wrong in ({size: "9999"}, {topics: ["9999"]}, {topics: "green"}):
        assert world.ada.http.post(box, json={"fields": wrong, "name": "Never"}).status_code == 400
    assert world.ada.http.get(box).json()["fields"] == edited["fields"]
    world.ada.http.post(f"{path}/{size}", json={"dropdownSettings": {"items": [{"key": "9001", "name": "S"}]}})
    assert world.ada.http.get(box).json()["fields"] == {topics: [blue, red]}
    assert world.ada.http.post(box, json={"fields": {topics: []}}).json()["fields"] == {}


def test_people_are_written_by_email_and_read_with_their_names(world):
    pipeline = create_pipeline(world)
    path = f"/api/v1/pipelines/{pipeline['key']}/fields"
    field = world.ada.http.put(path, data={"name": "Who", "type": "PERSON"}).json()["key"]
    box = f"/api/v1/boxes/{world.box(pipeline)['key']}"
    world.ada.http.post(box, json={"fields": {field: [{"email": world.bo.email}]}})
    (person,) = world.ada.http.get(box).json()["fields"][field]
    assert person["email"] == world.bo.email
    assert person["fullName"]


def test_a_formula_value_cannot_be_written(world):
    pipeline = create_pipeline(world)
    path = f"/api/v1/pipelines/{pipeline['key']}/fields"
    field = world.ada.http.put(path, data={"name": "F", "type": "FORMULA"}).json()["key"]
    box = f"/api/v1/boxes/{world.box(pipeline)['key']}"
    answer = world.ada.http.post(f"{box}/fields/{field}", json={"value": 7})
    assert answer.status_code == 400
    assert field not in world.ada.http.get(box).json()["fields"]
