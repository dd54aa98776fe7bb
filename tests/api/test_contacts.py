"""Contacts and organizations through the API."""

from typing import Any

import pytest

from tests.conftest import World, ok, refused


def contact(world: World, **body: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=body))


def organization(world: World, **body: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/organizations", json=body))


def test_a_contact_belongs_to_the_team_alone(world: World) -> None:
    made = contact(world, givenName="Konrad", emailAddresses=["Konrad@Zuse.example"])
    assert ok(world.bo.http.get(f"/api/v2/contacts/{made['key']}")) == made
    refused(world.cy.http.get(f"/api/v2/contacts/{made['key']}"), 404)
    refused(world.cy.http.get(f"/api/v2/teams/{world.team_key}/contacts"), 404)
    assert ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts")) == {"results": [made]}


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"title": "Nobody"}, "Contact"),
        ({"emailAddresses": ["no address"]}, "emailAddresses"),
        ({"givenName": {"a": 1}}, "givenName"),
        ({"givenName": "K", "phoneNumbers": [{"a": 1}]}, "phoneNumbers[0]"),
        ({"givenName": "a\x00b"}, "givenName"),
    ],
)
def test_what_cannot_be_a_contact_is_refused_and_not_kept(world: World, body: dict, names: str) -> None:
    refused(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=body), 400, names)
    assert ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts"))["results"] == []


def test_a_box_and_its_fields_name_contacts_of_the_team(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEAM_CONTACT")["key"]
    key, firm = contact(world, givenName="Konrad")["key"], organization(world, name="Zuse KG")["key"]
    box = world.box(pipeline, contacts=[{"key": key}], organizations=[{"key": firm}], fields={field: [key]})
    assert [one["key"] for one in box["contacts"]] == [key]
    assert [one["key"] for one in box["organizations"]] == [firm]
    assert box["fields"] == {field: [key]}
