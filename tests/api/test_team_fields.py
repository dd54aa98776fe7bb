"""Custom fields of contacts and organizations."""

from typing import Any

import pytest

from tests.api.test_contacts import contact, edit, organization, read
from tests.conftest import World, ok, refused


def fields(world: World, name: str = "contacts") -> str:
    return f"/api/v2/teams/{world.team_key}/{name}/fields"


def field(world: World, kind: str, name: str = "Field", **given: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(fields(world), json={"name": name, "type": kind, **given}))


@pytest.mark.parametrize("name", ["contacts", "organizations"])
def test_a_field_is_created_read_renamed_and_deleted(world: World, name: str) -> None:
    url = fields(world, name)
    created = ok(world.bo.http.post(url, json={"name": "Tier", "type": "DROPDOWN", "enumValues": ["Gold", "Tin"]}))
    assert (created["key"], created["name"], created["type"]) == ("1001", "Tier", "DROPDOWN")
    assert created["dropdownSettings"] == {"items": [{"key": "9001", "name": "Gold"}, {"key": "9002", "name": "Tin"}]}
    put = ok(world.ada.http.put(url, data={"name": "Note", "type": "TEXT_INPUT"}))
    assert ok(world.ada.http.get(url)) == [created, put]
    renamed = ok(world.ada.http.post(f"{url}/1001", json={"name": "Rank"}))
    assert renamed["dropdownSettings"] == created["dropdownSettings"]
    assert ok(world.ada.http.get(f"{url}/1001")) == renamed
    team = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}"))
    settings = "contactSettings" if name == "contacts" else "organizationSettings"
    assert team[settings]["fields"] == {"1001": renamed, "1002": put}
    refused(world.bo.http.delete(f"{url}/1001"), 403)
    ok(world.ada.http.delete(f"{url}/1001"))
    refused(world.ada.http.get(f"{url}/1001"), 404)
    refused(world.cy.http.get(url), 404)


VALUES = [
    ("TEXT_INPUT", "gold", "gold"),
    ("TEXT_INPUT", 42, "42"),
    ("CHECKBOX", True, "true"),
    ("CHECKBOX", "False", "false"),
    ("DATE", 1347451200000, "1347451200000"),
    ("DATE", "1/31/2000", "949276800000"),
    ("PERSON", "ada@example.com", "ada@example.com"),
    ("DROPDOWN", "9001", "9001"),
    ("TAG", ["9002", "9001"], "9002,9001"),
    ("TAG", "9001, 9001", "9001"),
]


@pytest.mark.parametrize(("kind", "given", "stored"), VALUES)
def test_a_value_is_a_text_and_empty_clears_it(world: World, kind: str, given: object, stored: str) -> None:
    options = {"enumValues": ["Gold", "Tin"]} if kind in ("DROPDOWN", "TAG") else {}
    key = field(world, kind, **options)["key"]
    created = contact(world, givenName="Konrad", fields={key: given, "1999": "x"})
    assert created["fields"] == {key: stored}
    assert edit(world, created, fields={key: None})["fields"] == {key: stored}
    assert edit(world, created, fields={key: ""})["fields"] == {}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("CHECKBOX", "maybe"),
        ("DATE", "soon"),
        ("DROPDOWN", "9999"),
        ("TAG", "9001,9999"),
        ("TEAM_CONTACT", "nobody"),
        ("TEAM_ORGANIZATION", "nothing"),
        ("TEXT_INPUT", {"a": 1}),
    ],
)
def test_an_invalid_value_is_refused(world: World, kind: str, value: object) -> None:
    options = {"enumValues": ["Gold"]} if kind in ("DROPDOWN", "TAG") else {}
    key = field(world, kind, **options)["key"]
    created = contact(world, givenName="Konrad")
    body = {"title": "T", "fields": {key: value}}
    refused(world.ada.http.post(f"/api/v2/contacts/{created['key']}", json=body), 400, f"fields.{key}")
    assert read(world, created) == created


def test_values_are_deleted_with_their_field_or_option(world: World) -> None:
    tags = field(world, "TAG", enumValues=["hot", "cold"])["key"]
    note = field(world, "TEXT_INPUT")["key"]
    created = contact(world, givenName="Konrad", fields={tags: ["9001", "9002"], note: "x"})
    other = contact(world, givenName="Gisela", fields={tags: ["9001"]})
    left = {"tagSettings": {"tags": [{"key": "9002", "tag": "cool"}]}}
    ok(world.ada.http.post(f"{fields(world)}/{tags}", json=left))
    assert read(world, created)["fields"] == {tags: "9002", note: "x"}
    assert read(world, other)["fields"] == {}
    more = ok(world.ada.http.post(f"{fields(world)}/{tags}", params={"addOnly": "true"}, json={"enumValues": ["warm"]}))
    assert more["tagSettings"]["tags"] == [{"key": "9002", "tag": "cool"}, {"key": "9003", "tag": "warm"}]
    ok(world.ada.http.delete(f"{fields(world)}/{tags}"))
    assert read(world, created)["fields"] == {note: "x"}


def test_the_team_replaces_them_all_at_once(world: World) -> None:
    note, gone = field(world, "TEXT_INPUT", "Note")["key"], field(world, "TEXT_INPUT", "Gone")["key"]
    created = contact(world, givenName="Konrad", fields={note: "x", gone: "y"})
    team = f"/api/v2/teams/{world.team_key}"
    settings = {"fields": {note: {"name": "Remark", "type": "TEXT_INPUT"}, "1007": {"name": "Age", "type": "DATE"}}}
    after = ok(world.ada.http.post(team, json={"contactSettings": settings}))
    assert {key: item["name"] for key, item in after["contactSettings"]["fields"].items()} == {
        note: "Remark",
        "1007": "Age",
    }
    assert read(world, created)["fields"] == {note: "x"}
    echo = ok(world.ada.http.post(team, json={"contactSettings": after["contactSettings"]}))
    assert echo == after
    refused(world.bo.http.post(team, json={"contactSettings": {"fields": {}}}), 403)
    assert field(world, "TEXT_INPUT", "Next")["key"] == "1008"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"type": "TEXT_INPUT"}, "Field"),
        ({"name": "x"}, "Field"),
        ({"name": "x", "type": "NONE"}, "type"),
        ({"name": "x", "type": "DATE", "key": "a b"}, "key"),
        ({"name": "x", "type": "DATE", "key": "1001"}, "key"),
        ({"name": "x", "type": "DATE", "enumValues": ["a"]}, "options"),
        ({"name": "x", "type": "TAG", "enumValues": ["a", "a"]}, "tagSettings"),
    ],
)
def test_an_invalid_field_is_refused(world: World, body: dict, names: str) -> None:
    stored = field(world, "TEXT_INPUT")
    refused(world.ada.http.post(fields(world), json=body), 400, names)
    assert ok(world.ada.http.get(fields(world))) == [stored]
    refused(world.ada.http.post(f"{fields(world)}/{stored['key']}", json={"type": "DATE"}), 400, "type")


def test_keys_in_a_value_must_belong_to_the_team(world: World) -> None:
    key = field(world, "TEAM_ORGANIZATION")["key"]
    firm = organization(world, name="Zuse")
    created = contact(world, givenName="Konrad", fields={key: firm["key"]})
    ok(world.ada.http.delete(f"/api/v2/organizations/{firm['key']}"))
    assert read(world, created)["fields"] == {}
