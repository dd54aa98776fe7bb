"""Display formats of numbers are stored with their field and change nothing else about it."""

import json
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


PERCENTS = [("12%", 12), ("1,5 %", 1.5), ("(5%)", -5), ("12", "12"), (12, 12), ("about 12%", "about 12%")]


def test_a_percent_sign_in_a_percent_field_adds_nothing(world: World) -> None:
    pipeline = world.pipeline()
    key = world.field(pipeline, "TEXT_INPUT", "Share", displayFormat={"type": "PERCENT"})["key"]
    plain = world.field(pipeline, "TEXT_INPUT", "Plain")["key"]
    box = world.box(pipeline, fields={plain: "12%"})
    assert box["fields"] == {plain: "12%"}
    for written, stored in PERCENTS:
        ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}/fields/{key}", json={"value": written}))
        assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"][key] == stored
        for kind, table in (
            ("text/csv", f'Name,Share\nx,"{written}"\n'),
            ("application/json", json.dumps([{"Name": "x", "Share": written}])),
        ):
            done = world.ada.http.post(
                f"/api/v2/pipelines/{pipeline['key']}/import",
                params={"wait": 20, "match": "name"},
                content=table,
                headers={"Content-Type": kind},
            )
            assert ok(done)["refused"] == 0
            found = names_and_values(world, pipeline, key)
            assert str(found["x"]) == str(stored)
    path = f"/api/v1/boxes/{box['key']}/fields/{key}"
    for value in (12, "12%"):
        ok(world.ada.http.post(path, json={"value": value}))
        for op, given in (("eq", "12%"), ("eq", 12), ("between", ["11%", "13 %"]), ("in", ["12,0%"])):
            assert box["name"] in names_and_values(world, pipeline, key, op, given)
        assert box["name"] not in names_and_values(world, pipeline, key, "gt", "12%")


def names_and_values(world: World, pipeline: dict[str, Any], key: str, op: str = "", value: Any = "") -> dict[str, Any]:
    params = {"filter": json.dumps({"field": key, "op": op, "value": value})} if op else {}
    found = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes", params=params))["results"]
    return {box["name"]: box["fields"].get(key) for box in found}


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
