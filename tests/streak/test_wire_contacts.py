"""Contacts and organizations as known clients send them."""

import json

import pytest


def contact(world, **body):
    return world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts/", json=body).json()


def organization(world, **body):
    return world.ada.http.post(f"/api/v2/teams/{world.team_key}/organizations", json=body).json()


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("noun", ["contacts", "organizations"])
def test_contacts_and_organizations_exist_under_v1_and_v2(world, version, slash, noun):
    body = {"givenName": "Konrad"} if noun == "contacts" else {"name": "Zuse"}
    created = world.ada.http.post(f"/api/{version}/teams/{world.team_key}/{noun}{slash}", json=body).json()
    assert created["teamKey"] == world.team_key
    own = f"/api/{version}/{noun}/{created['key']}"
    assert world.ada.http.get(own).json() == created
    assert world.ada.http.get(f"/api/{version}/teams/{world.team_key}/{noun}").json()["results"] == [created]
    batch = world.ada.http.post(f"/api/{version}/{noun}/batch/get", json=[created["key"], "nothing"]).json()
    assert batch == {created["key"]: created}
    assert world.ada.http.post(own, json={"other": "o"}).json()["other"] == "o"
    assert world.ada.http.delete(own).json()["success"] is True
    assert world.ada.http.get(own).status_code == 404


def test_a_contact_is_created_from_a_json_form_member(world):
    body = {"givenName": "Konrad", "emailAddresses": ["k@zuse.example"]}
    path = f"/api/v2/teams/{world.team_key}/contacts"
    created = world.ada.http.post(path, data={"json": json.dumps(body)}).json()
    assert (created["givenName"], created["emailAddresses"]) == ("Konrad", ["k@zuse.example"])


@pytest.mark.parametrize("flag", ["true", "True"])
def test_a_query_flag_returns_the_existing_entry(world, flag):
    known = contact(world, emailAddresses=["k@zuse.example"])
    path = f"/api/v2/teams/{world.team_key}/contacts"
    found = world.ada.http.post(path, params={"getIfExisting": flag}, json={"emailAddresses": ["K@zuse.example"]})
    assert found.json() == known


def test_an_organization_accepts_the_known_client_spellings(world):
    created = organization(
        world, name="Zuse", employeeCount=120, description="unknown", linkedInHandle="x", logoUrl="y"
    )
    assert created["employeeCount"] == "120"
    assert not {"description", "linkedInHandle", "logoUrl"} & created.keys()
    own = f"/api/v2/organizations/{created['key']}"
    changed = world.ada.http.post(own, json={"domains": "zuse.example", "phoneNumbers": "1", "addresses": "Berlin"})
    assert changed.json()["domains"] == ["zuse.example"]
    assert (changed.json()["phoneNumbers"], changed.json()["addresses"]) == (["1"], ["Berlin"])


def test_links_of_a_box_are_objects_and_replace_each_other(world):
    box = f"/api/v1/boxes/{world.box(world.pipeline())['key']}"
    first, second = (contact(world, givenName=name)["key"] for name in ("one", "two"))
    firm = organization(world, name="Zuse")["key"]

    def linked(**body):
        read = world.ada.http.post(box, json=body).json()
        assert world.ada.http.get(box).json() == read
        return {noun: [link["key"] for link in read.get(noun, [])] for noun in ("contacts", "organizations")}

    assert linked(contacts=[{"key": first, "isStarred": True}]) == {"contacts": [first], "organizations": []}
    starred = world.ada.http.get(box).json()["contacts"][0]
    assert (starred["isStarred"], starred["isAutoboxed"]) == (True, False)
    assert linked(organizations=[{"key": firm}]) == {"contacts": [first], "organizations": [firm]}
    assert linked(contacts=[{"key": second}]) == {"contacts": [second], "organizations": [firm]}
    assert linked(contacts=[], organizations=[]) == {"contacts": [], "organizations": []}
    assert "contacts" not in world.ada.http.get(box).json()


def test_the_path_of_a_contact_through_its_team_stays_unknown(world):
    key = contact(world, givenName="Konrad")["key"]
    answer = world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts/{key}", json={"title": "t"})
    assert answer.status_code == 400
    assert "Invalid API path specified" in answer.json()["error"]


def test_a_page_is_at_most_a_hundred_unless_asked(world):
    for number in range(101):
        contact(world, givenName=f"{number}")
    path = f"/api/v2/teams/{world.team_key}/contacts"
    first = world.ada.http.get(path).json()
    assert len(first["results"]) == 100
    rest = world.ada.http.get(path, params={"cursor": first["cursor"]}).json()
    assert len(rest["results"]) == 1
    assert len(world.ada.http.get(path, params={"limit": 5000}).json()["results"]) == 101
    assert world.ada.http.get(path, params={"cursor": "made up"}).status_code == 400
