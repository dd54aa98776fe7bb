"""Exports of what is in boxes: as lists in the JSON export, and as tables of their own."""

import csv
import io
import json
from typing import Any

from boxwood.api import export_parts
from tests.conftest import World, ok, refused
from tests.streak_source import Source


def test_the_json_export_includes_what_is_in_the_boxes(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(export_parts, "PAGE", 1)
    source = Source(world, boxes=2)
    path, params = f"/api/v2/pipelines/{source.pipeline['key']}/export", {"format": "json"}
    world.box(source.other, name="Elsewhere")
    whole = world.ada.http.get(path, params={**params, "include": ",".join(export_parts.PARTS)}).json()
    assert list(whole) == ["pipeline", "boxes", *export_parts.PARTS]
    key = source.box["key"]
    for noun, lists in (("tasks", "v2"), ("comments", "v2"), ("meetings", "v2"), ("threads", "v1")):
        there = ok(world.ada.http.get(f"/api/{lists}/boxes/{key}/{noun}"))
        there = there["results"] if isinstance(there, dict) else there
        assert sorted(whole[noun], key=str) == sorted(there, key=str), noun
    assert [each["key"] for each in whole["contacts"]] == [source.contact["key"], source.friend["key"]]
    assert [each["name"] for each in whole["organizations"]] == ["Acme"]
    assert {each["boxKey"] for each in whole["links"]} == {box["key"] for box in source.boxes}
    stored = next(each for each in whole["files"] if each["key"] == source.file["key"])
    assert world.ada.http.get(stored["contentsUrl"]).content == b"One hundred" * 1000
    assert "tasks" not in world.ada.http.get(path, params=params).json()
    # A member who sees no contacts gets none, and a filter chooses the boxes.
    rights = {"contactOrgListPermissions": {"contacts": {"defaultPermissionSetName": "__noAccessPermissionSet__"}}}
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json=rights))
    tree = {"field": "name", "op": "eq", "value": "Deal 1"}
    asked = {**params, "include": "contacts,tasks", "filter": json.dumps(tree)}
    other = world.bo.http.get(path, params=asked).json()
    assert (len(other["boxes"]), other["contacts"], other["tasks"]) == (1, [], [])
    copied = ok(world.ada.http.post("/api/v2/pipelines/import?wait=20", content=json.dumps(whole).encode()))
    assert (copied["state"], copied["created"]) == ("done", 2), "an import passes over the other lists"
    refused(world.ada.http.get(path, params={**params, "include": "tea"}), 400, "include", "comments")
    refused(world.ada.http.get(path, params={"format": "csv", "include": "tasks"}), 400, "include")


def test_tasks_comments_and_meetings_are_tables_of_their_own(world: World) -> None:
    source = Source(world, boxes=2)
    path = f"/api/v2/pipelines/{source.pipeline['key']}/export"

    def table(of: str) -> list[list[str]]:
        answer = world.ada.http.get(path, params={"of": of})
        assert f"Deals {of}.csv" in answer.headers["content-disposition"]
        return [row[:-2] for row in csv.reader(io.StringIO(answer.text))]

    heading, *rows = table("tasks")
    assert heading == ["Box", "Task", "Due", "Status", "Assignees", "Created", "Created by"]
    shown = {(row[1], row[2], row[3], row[4], row[6]) for row in rows}
    due, ada, bo = "2030-03-17T17:46:40Z", world.ada.email, world.bo.email
    assert shown == {("Call Kim", due, "Not done", ada, ada), ("Send offer", "", "Done", bo, bo)}
    assert [(row[0], row[1], row[3]) for row in table("comments")[1:]] == [
        ("Deal 0", "Hello @Ada", bo),
        ("Deal 0", "Yes?", ada),
    ]
    assert [(row[1], row[2], row[4]) for row in table("meetings")[1:]] == [("Price", "Call", "60")]
    lines = world.ada.http.get(path, params={"of": "comments", "format": "jsonl"}).text.splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["Hello @Ada", "Yes?"]
    refused(world.ada.http.get(path, params={"of": "tea"}), 400, "of")
    refused(world.ada.http.get(path, params={"of": "tasks", "format": "json"}), 400, "include=tasks")
    refused(world.cy.http.get(path, params={"of": "tasks"}), 404)
