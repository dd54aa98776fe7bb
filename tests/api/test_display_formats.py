"""Display formats of numbers are stored with their field and change nothing else about it."""

from typing import Any

import pytest

from tests.conftest import World, ok, refused

EUROS = {"type": "CURRENCY", "currency": "EUR", "decimals": 2}


def test_a_display_format_is_stored_and_changes_no_value(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT", "Value", displayFormat=EUROS)
    assert field["displayFormat"] == EUROS
    path = f"/api/v1/pipelines/{pipeline['key']}/fields/{field['key']}"
    assert ok(world.bo.http.get(path)) == field
    box = world.box(pipeline, fields={field["key"]: 12.5})
    changed = ok(world.ada.http.post(path, json={"displayFormat": {"type": "PERCENT"}}))
    assert changed["displayFormat"] == {"type": "PERCENT"}
    assert ok(world.ada.http.post(path, json=changed)) == changed, "unchanged values are ignored"
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"] == {field["key"]: 12.5}
    assert "displayFormat" not in ok(world.ada.http.post(path, json={"displayFormat": None}))
    assert world.field(pipeline, "FORMULA", "Sum", displayFormat={"type": "NUMBER", "decimals": 0})["displayFormat"]


def test_a_display_format_change_can_be_undone(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT", "Value", displayFormat=EUROS)
    path = f"/api/v1/pipelines/{pipeline['key']}/fields/{field['key']}"
    answer = world.ada.http.post(path, json={"displayFormat": {"type": "PERCENT"}})
    ok(world.ada.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}))
    assert ok(world.ada.http.get(path))["displayFormat"] == EUROS


def test_seeing_and_changing_formats_are_separate_rights(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT", "Value")
    grants = [("PIPELINE", "GET"), ("BOX", "GET"), ("FIELD", "FORMAT")]
    permissions = [{"entityType": noun, "action": action, "conditionalCheck": "NONE"} for noun, action in grants]
    change = {"customPermissionSets": {"Shower": {"permissions": permissions}}, "defaultPermissionSetName": "Shower"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json=change))
    path = f"/api/v1/pipelines/{pipeline['key']}/fields/{field['key']}"
    ok(world.bo.http.post(path, json={"displayFormat": EUROS}))
    refused(world.bo.http.post(path, json={"displayFormat": None, "name": "Worth"}), 403, "field")


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("TEXT_INPUT", {"type": "ROMAN"}, "displayFormat.type"),
        ("TEXT_INPUT", {"decimals": 2}, "displayFormat.type"),
        ("TEXT_INPUT", {"type": "CURRENCY"}, "displayFormat.currency"),
        ("TEXT_INPUT", {"type": "CURRENCY", "currency": "euro"}, "displayFormat.currency"),
        ("TEXT_INPUT", {"type": "NUMBER", "currency": "EUR"}, "displayFormat.currency"),
        ("TEXT_INPUT", {"type": "NUMBER", "decimals": 11}, "displayFormat.decimals"),
        ("TEXT_INPUT", {"type": "NUMBER", "decimals": -1}, "displayFormat.decimals"),
        ("TEXT_INPUT", "NUMBER", "displayFormat"),
    ],
)
def test_an_invalid_display_format_is_named(world: World, kind: str, given: Any, field: str) -> None:
    pipeline = world.pipeline()
    body = {"name": "F", "type": kind, "displayFormat": given}
    answer = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/fields", json=body)
    refused(answer, 400)
    assert answer.json()["field"] == field
