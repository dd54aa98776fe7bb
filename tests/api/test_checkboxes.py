"""One list of words means true and false: for fields of boxes and contacts, for imports, filters and rules."""

import json
from typing import Any

import pytest

from tests.conftest import World, ok, refused

TRUE = [True, 1, "1", "1.0", "true", "TRUE", "yes", "x", "on", "T", "checked", "✔", "✔️", "vrai", "verdadero", " ja "]
FALSE = [False, 0, "0", "0.0", "false", "No", "off", "F", "unchecked", "✗", "nein", "faux", "falso"]
CASES = [(value, True) for value in TRUE] + [(value, False) for value in FALSE]


@pytest.mark.parametrize(("value", "flag"), CASES, ids=lambda it: repr(it))
def test_a_checkbox_reads_the_usual_words(world: World, value: Any, flag: bool) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "CHECKBOX", "Paid")["key"]
    box = world.box(pipeline, name="Acme")
    path = f"/api/v1/boxes/{box['key']}/fields/{field}"
    assert ok(world.ada.http.post(path, json={"value": value}))["value"] is flag
    assert ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"fields": {field: value}}))["fields"] == {
        field: flag
    }
    if isinstance(value, str):
        assert ok(world.ada.http.post(path, data={"value": value}))["value"] is flag
    csv = f"Name,Paid\nInitech,{value}\n".encode()
    done = ok(
        world.ada.http.post(
            f"/api/v2/pipelines/{pipeline['key']}/import",
            params={"wait": 20},
            content=csv,
            headers={"Content-Type": "text/csv"},
        )
    )
    assert (done["created"], done["refused"]) == (1, 0)
    boxes = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    world.box(pipeline, name="Unset")
    tree = {"field": field, "op": "eq", "value": value}
    names = {each["name"] for each in ok(world.ada.http.get(boxes, params={"filter": json.dumps(tree)}))["results"]}
    assert names == ({"Acme", "Initech"} if flag else {"Acme", "Initech", "Unset"})


def test_a_checkbox_refuses_other_words_and_says_which(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "CHECKBOX", "Paid")["key"]
    box = world.box(pipeline, name="Acme")
    for value in ("maybe", 2, "10", [True], {"a": 1}):
        refused(world.ada.http.post(f"/api/v1/boxes/{box['key']}/fields/{field}", json={"value": value}), 400, "Paid")


def test_checkboxes_of_contacts_read_the_same_words(world: World) -> None:
    team = f"/api/v2/teams/{world.team_key}/contacts"
    field = ok(world.ada.http.post(f"{team}/fields", json={"name": "VIP", "type": "CHECKBOX"}))["key"]
    for value, flag in ((1, "true"), ("1", "true"), ("✔", "true"), ("yes", "true"), ("0", "false"), (False, "false")):
        created = ok(world.ada.http.post(team, json={"givenName": "Kim", "fields": {field: value}}))
        assert created["fields"] == {field: flag}
