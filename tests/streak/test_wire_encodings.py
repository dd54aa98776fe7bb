"""Every way in which clients send parameters has the same meaning."""

import json
from urllib.parse import quote

import pytest

WAYS = {
    "query": lambda params: {"params": params},
    "form": lambda params: {"data": params},
    "json form": lambda params: {"data": {"json": json.dumps(params)}},
    "json": lambda params: {"json": params},
    "json, unnamed": lambda params: {"content": json.dumps(params).encode()},
    "json called text": lambda params: {
        "content": json.dumps(params).encode(),
        "headers": {"Content-Type": "text/plain"},
    },
    "query and json": lambda params: {
        "params": dict([*params.items()][:1]),
        "json": dict([*params.items()][1:]),
    },
}
NAME = 'Größe & "Ruhm" = 100% + Spaß ✓'

every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())


@every_way
def test_a_v1_put_makes_a_pipeline(world, way):
    answer = world.ada.http.put(
        "/api/v1/pipelines", **way({"name": NAME, "teamKey": world.team_key, "stageNames": "Lead, Won"})
    )
    assert answer.status_code == 200, answer.text
    read = world.ada.http.get(f"/api/v1/pipelines/{answer.json()['key']}").json()
    assert (read["name"], read["teamKey"]) == (NAME, world.team_key)
    assert [read["stages"][key]["name"] for key in read["stageOrder"]] == ["Lead", "Won"]


@every_way
def test_a_v1_put_makes_stages_fields_and_boxes(world, way):
    path = f"/api/v1/pipelines/{world.pipeline()['key']}"
    stage = world.ada.http.put(f"{path}/stages", **way({"name": NAME})).json()
    assert world.ada.http.get(f"{path}/stages/{stage['key']}").json()["name"] == NAME
    field = world.ada.http.put(f"{path}/fields", **way({"name": NAME, "type": "DATE"})).json()
    read = world.ada.http.get(f"{path}/fields/{field['key']}").json()
    assert (read["name"], read["type"]) == (NAME, "DATE")
    box = world.ada.http.put(f"{path}/boxes", **way({"name": NAME, "stageKey": stage["key"], "notes": "n"})).json()
    read = world.ada.http.get(f"/api/v1/boxes/{box['key']}").json()
    assert (read["name"], read["stageKey"], read["notes"]) == (NAME, stage["key"], "n")


@every_way
def test_a_v1_post_edits(world, way):
    pipeline = world.pipeline()
    box = world.box(pipeline)
    path = f"/api/v1/boxes/{box['key']}"
    edited = world.ada.http.post(path, **way({"name": NAME, "notes": "changed"}))
    assert edited.status_code == 200, edited.text
    read = world.ada.http.get(path).json()
    assert (read["name"], read["notes"]) == (NAME, "changed")
    assert edited.json() == read
    path = f"/api/v1/pipelines/{pipeline['key']}"
    assert world.ada.http.post(path, **way({"name": NAME, "description": "d"})).json()["description"] == "d"
    assert world.ada.http.get(path).json()["name"] == NAME


@every_way
def test_posts_make_boxes_on_both_generations(world, way):
    pipeline = world.pipeline()["key"]
    for version in ("v1", "v2"):
        path = f"/api/{version}/pipelines/{pipeline}/boxes"
        created = world.ada.http.post(path, **way({"name": NAME, "notes": version}))
        assert created.status_code == 200, created.text
        read = world.ada.http.get(f"/api/v1/boxes/{created.json()['key']}").json()
        assert (read["name"], read["notes"]) == (NAME, version)


def test_json_wins_over_form_over_query(world):
    path = f"/api/v1/pipelines/{world.pipeline()['key']}/boxes"
    form = {"json": json.dumps({"name": "from json"}), "name": "from the form", "notes": "from the form"}
    created = world.ada.http.put(path, params={"name": "from the query", "notes": "from the query"}, data=form).json()
    assert (created["name"], created["notes"]) == ("from json", "from the form")
    created = world.ada.http.post(path, params={"name": "from the query"}, json={"name": "from json"}).json()
    assert created["name"] == "from json"


@pytest.mark.parametrize("yes", ["true", "True", "TRUE", True])
@pytest.mark.parametrize("name", ["teamWide", "orgWide"])
def test_many_spellings_of_true_are_accepted(world, yes, name):
    shared = world.ada.http.put("/api/v1/pipelines", params={"name": "P", name: str(yes)}).json()
    assert world.bo.http.get(f"/api/v1/pipelines/{shared['key']}").json()["name"] == "P"
    by_json = world.ada.http.put("/api/v1/pipelines", json={"name": "Q", name: yes}).json()
    assert world.bo.http.get(f"/api/v1/pipelines/{by_json['key']}").json()["name"] == "Q"


@pytest.mark.parametrize(
    ("value", "meant"),
    [(True, True), ("true", True), ("True", True), (False, False), ("false", False), ("FALSE", False)],
)
def test_a_checkbox_accepts_every_spelling(world, value, meant):
    pipeline = world.pipeline()
    field = world.ada.http.put(
        f"/api/v1/pipelines/{pipeline['key']}/fields", params={"name": "Hot", "type": "CHECKBOX"}
    ).json()["key"]
    path = f"/api/v1/boxes/{world.box(pipeline)['key']}/fields/{field}"
    assert world.ada.http.post(path, json={"value": value}).json() == {"key": field, "value": meant}
    assert world.ada.http.get(path).json() == {"key": field, "value": meant}


@pytest.mark.parametrize("number", [int, str])
def test_keys_of_stages_and_fields_may_be_numbers(world, number):
    pipeline = world.pipeline()
    path = f"/api/v1/pipelines/{pipeline['key']}"
    stage = world.ada.http.put(f"{path}/stages", params={"name": "Won"}).json()["key"]
    field = world.ada.http.put(f"{path}/fields", params={"name": "F", "type": "TEXT_INPUT"}).json()["key"]
    for version in ("v1", "v2"):
        body = {"name": "Deal", "stageKey": number(stage), "fields": {number(field): "x"}}
        created = world.ada.http.post(f"/api/{version}/pipelines/{pipeline['key']}/boxes", json=body).json()
        assert (created["stageKey"], created["fields"]) == (stage, {field: "x"})
    first = world.ada.http.get(path).json()["stageOrder"][0]
    moved = world.ada.http.post(f"/api/v1/boxes/{created['key']}", json={"stageKey": number(first)}).json()
    assert moved["stageKey"] == first
    listed = world.ada.http.get(f"{path}/boxes", params={"stageKey": number(stage)}).json()
    assert len(listed) == 1


@pytest.mark.parametrize("spelled", [lambda fields: fields, json.dumps], ids=["object", "text"])
def test_fields_are_an_object_or_the_text_of_one(world, spelled):
    pipeline = world.pipeline()
    path = f"/api/v1/pipelines/{pipeline['key']}/fields"
    text, date = (
        world.ada.http.put(path, params={"name": kind, "type": kind}).json()["key"] for kind in ("TEXT_INPUT", "DATE")
    )
    box = world.box(pipeline)["key"]
    edited = world.ada.http.post(f"/api/v1/boxes/{box}", json={"fields": spelled({text: "a"})}).json()
    assert edited["fields"] == {text: "a"}
    edited = world.ada.http.post(f"/api/v1/boxes/{box}", json={"fields": spelled({date: 1347451200000})}).json()
    assert edited["fields"] == {text: "a", date: 1347451200000}
    body = {"name": "Deal", "fields": spelled({text: "b"})}
    created = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json=body).json()
    assert world.ada.http.get(f"/api/v1/boxes/{created['key']}").json()["fields"] == {text: "b"}


ASSIGNED = {
    "emails": lambda bo: [{"email": bo.email}],
    "emails in capitals": lambda bo: [{"email": bo.email.upper()}],
    "user keys": lambda bo: [{"userKey": bo.user_key}],
    "whole entries": lambda bo: [{"userKey": bo.user_key, "email": bo.email, "displayName": "B", "image": ""}],
    "bare user keys": lambda bo: [bo.user_key],
    "bare emails": lambda bo: [bo.email],
    "text": lambda bo: json.dumps([{"email": bo.email}]),
    "text of user keys": lambda bo: json.dumps([bo.user_key]),
}
every_form = pytest.mark.parametrize("form", ASSIGNED.values(), ids=ASSIGNED.keys())


@every_form
def test_assignees_are_accepted_in_every_form(world, form):
    pipeline = world.pipeline()["key"]
    wanted = {"name": "Deal", "assignedToSharingEntries": form(world.bo)}
    created = [world.ada.http.post(f"/api/{v}/pipelines/{pipeline}/boxes", json=wanted).json() for v in ("v1", "v2")]
    edited = world.box({"key": pipeline})
    created.append(world.ada.http.post(f"/api/v1/boxes/{edited['key']}", json=wanted).json())
    for box in created:
        read = world.ada.http.get(f"/api/v1/boxes/{box['key']}").json()["assignedToSharingEntries"]
        assert [(entry["userKey"], entry["email"]) for entry in read] == [(world.bo.user_key, world.bo.email)]


def test_assignees_are_text_in_a_form_and_in_a_query(world):
    path = f"/api/v1/pipelines/{world.pipeline()['key']}/boxes"
    params = {"name": "Deal", "assignedToSharingEntries": json.dumps([{"email": world.bo.email}])}
    for answer in (world.ada.http.put(path, data=params), world.ada.http.put(path, params=params)):
        assert [entry["email"] for entry in answer.json()["assignedToSharingEntries"]] == [world.bo.email]


def test_an_empty_assignee_list_assigns_no_user_and_a_missing_list_the_creator(world):
    pipeline = world.pipeline()["key"]
    box = world.ada.http.put(f"/api/v1/pipelines/{pipeline}/boxes", params={"name": "Deal"}).json()
    assert [entry["email"] for entry in box["assignedToSharingEntries"]] == [world.ada.email]
    path = f"/api/v1/boxes/{box['key']}"
    assert world.ada.http.post(path, json={"assignedToSharingEntries": []}).json()["assignedToSharingEntries"] == []
    assert world.ada.http.get(path).json()["assignedToSharingEntries"] == []


def test_names_of_stages_and_fields_come_with_commas_or_as_a_list(world):
    for separated in ("name, date, memo", "name,date,memo", json.dumps(["name", "date", "memo"])):
        kinds = json.dumps(["TEXT_INPUT", "DATE", "TAG"]) if separated[0] == "[" else "TEXT_INPUT, DATE, TAG"
        params = {"name": "P", "fieldNames": separated, "fieldTypes": kinds, "stageNames": separated}
        created = world.ada.http.put("/api/v1/pipelines", data=params).json()
        read = world.ada.http.get(f"/api/v1/pipelines/{created['key']}").json()
        assert [read["stages"][key]["name"] for key in read["stageOrder"]] == ["name", "date", "memo"]
        fields = [(field["name"], field["type"]) for field in read["fields"]]
        assert fields == [("name", "TEXT_INPUT"), ("date", "DATE"), ("memo", "TAG")]


def test_unequal_lists_of_names_and_types_are_refused(world):
    params = {"name": "P", "fieldNames": "a,b", "fieldTypes": "DATE"}
    answer = world.ada.http.put("/api/v1/pipelines", data=params)
    assert answer.status_code == 400
    assert "fieldTypes" in answer.json()["error"]
    assert world.ada.http.get("/api/v1/pipelines").json() == []


def test_the_node_clients_form_is_read_byte_for_byte(world):
    box = world.box(world.pipeline())["key"]
    body = "json=" + quote(json.dumps({"name": NAME}), safe="")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    edited = world.ada.http.post(f"/api/v1/boxes/{box}", content=body.encode(), headers=headers)
    assert edited.json()["name"] == NAME


def test_unknown_members_are_ignored(world):
    pipeline = world.pipeline()["key"]
    known = {"name": "Deal"}
    unknown = {"linkedEmailAddresses": ["a@b.example"], "relationships": [], "odd": {"deep": [1]}}
    created = world.ada.http.post(f"/api/v2/pipelines/{pipeline}/boxes", json=known | unknown)
    assert created.json()["name"] == "Deal"
    assert not unknown.keys() & created.json().keys()
    by_query = world.ada.http.put(f"/api/v1/pipelines/{pipeline}/boxes", params=known | {"odd": "x"})
    assert by_query.json()["name"] == "Deal"


def test_a_multipart_form_is_accepted_as_a_form(world):
    """PHP's curl sends a multipart form whenever it gets an array."""
    path = f"/api/v1/pipelines/{world.pipeline()['key']}/boxes"
    fields = {"name": "Über", "notes": "two\r\nlines", "json": '{"stageKey": 5002}'}
    answer = world.ada.http.put(path, files={name: (None, value) for name, value in fields.items()})
    created = answer.json()
    assert (answer.status_code, created["name"], created["notes"]) == (200, "Über", "two\r\nlines")
    assert created["stageKey"] == "5002"


@pytest.mark.parametrize(
    "sent",
    [
        {"files": {"name": ("name.txt", b"a file", "text/plain")}},
        {"files": {"name": (None, b"\xff")}},
        {"files": {f"{number}": (None, "x") for number in range(1300)}},
        {"content": b"nothing", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"x" * 500_001, "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    ],
)
def test_malformed_multipart_bodies_are_refused(world, sent):
    answer = world.ada.http.put(f"/api/v1/pipelines/{world.pipeline()['key']}/boxes", **sent)
    assert (answer.status_code, answer.json()["field"]) == (400, "body"), answer.text


def test_a_byte_order_mark_before_json_is_ignored(world):
    box = world.box(world.pipeline())
    body = b'\xef\xbb\xbf{"name": "Marked"}'
    assert world.ada.http.post(f"/api/v1/boxes/{box['key']}", content=body).json()["name"] == "Marked"
