"""Duplicates: finding them, merging them, and undoing a merge."""

from typing import Any

import pytest

from tests.api.test_contacts import box_of, contact, edit, events, organization, path, read
from tests.conftest import World, ok, refused


def merge(world: World, entry: dict[str, Any], *others: dict[str, Any], **choices: str) -> dict[str, Any]:
    body = {"keys": [other["key"] for other in others], "choices": choices}
    return ok(world.ada.http.post(f"{path(entry)}/merge", json=body))


def unmerge(world: World, entry: dict[str, Any]) -> dict[str, Any]:
    return ok(world.ada.http.post(f"{path(entry)}/unmerge"))


def is_unchanged(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Return whether nothing has changed except the save time."""
    stamps = ("versionTimestamp", "lastSavedTimestamp", "lastSavedUserKey")
    return {name: value for name, value in before.items() if name not in stamps} == {
        name: value for name, value in now.items() if name not in stamps
    }


def test_duplicates_are_listed_with_the_values_they_share(world: World) -> None:
    konrad = contact(world, givenName="Konrad", familyName="Zuse", emailAddresses=["k@zuse.example"])
    second = contact(world, givenName="K.", emailAddresses=["K@zuse.example"], phoneNumbers=["+49 6673 1234"])
    third = contact(world, givenName=" konrad", familyName="ZUSE ", phoneNumbers=["0049-6673-1234"])
    contact(world, givenName="Gisela", emailAddresses=["g@zuse.example"])
    url = f"/api/v2/teams/{world.team_key}/contacts/duplicates"
    found = ok(world.bo.http.get(url))
    assert [
        (entry["reason"], entry["value"], [each["key"] for each in entry["contacts"]]) for entry in found["results"]
    ] == [
        ("email", "k@zuse.example", [konrad["key"], second["key"]]),
        ("name", "konrad zuse", [konrad["key"], third["key"]]),
        ("phone", "66731234", [second["key"], third["key"]]),
    ]
    first = ok(world.bo.http.get(url, params={"limit": 2}))
    rest = ok(world.bo.http.get(url, params={"limit": 2, "cursor": first["cursor"]}))
    assert first["results"] + rest["results"] == found["results"]
    assert "cursor" not in rest
    refused(world.cy.http.get(url), 404)
    for cursor in ("!", "WyJhIl0", "W1wiXQ", "e30"):
        refused(world.ada.http.get(url, params={"cursor": cursor}), 400, "cursor")


def test_duplicate_organizations_are_found_by_domain_and_name(world: World) -> None:
    first = organization(world, name="Zuse KG", domains=["zuse.example"])
    second = organization(world, name="zuse kg", domains=["www.zuse.example"])
    found = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/organizations/duplicates"))["results"]
    assert [(each["reason"], each["value"]) for each in found] == [("domain", "zuse.example"), ("name", "zuse kg")]
    assert [each["key"] for each in found[0]["organizations"]] == [first["key"], second["key"]]


def test_the_merged_contact_has_the_values_of_each_contact(world: World) -> None:
    firm = organization(world, name="Zuse KG")
    friend = contact(world, givenName="Helmut")
    first = contact(world, givenName="Konrad", title="Engineer", emailAddresses=["k@zuse.example"])
    second = contact(
        world,
        givenName="K.",
        familyName="Zuse",
        title="Inventor",
        emailAddresses=["konrad@zuse.example", "k@zuse.example"],
        orgLinks=[{"key": firm["key"]}],
        contactLinks=[{"key": friend["key"]}, {"key": first["key"]}],
    )
    merged = merge(world, first, second, title=second["key"])
    assert (merged["givenName"], merged["familyName"], merged["title"]) == ("Konrad", "Zuse", "Inventor")
    assert merged["emailAddresses"] == ["k@zuse.example", "konrad@zuse.example"]
    assert [link["key"] for link in merged["orgLinks"]] == [firm["key"]]
    assert [link["key"] for link in merged["contactLinks"]] == [friend["key"]]
    assert [link["key"] for link in read(world, firm)["contactLinks"]] == [first["key"]]
    assert [link["key"] for link in read(world, friend)["contactLinks"]] == [first["key"]]
    assert read(world, first) == merged
    refused(world.ada.http.get(path(second)), 404)
    assert events(world, second["key"])[-1] == "contact.deleted"
    assert events(world, first["key"])[-1] == "contact.merged"


def test_references_to_merged_contacts_point_to_the_remaining_contact(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEAM_CONTACT")["key"]
    first, second, third = (contact(world, givenName=name, emailAddresses=[f"{name}@zuse.example"]) for name in "abc")
    only_two = world.box(
        pipeline, contacts=[{"key": second["key"], "isStarred": True}], fields={field: [second["key"]]}
    )
    both = world.box(pipeline, contacts=[{"key": first["key"]}, {"key": third["key"]}, {"key": second["key"]}])
    merge(world, first, second, third)
    now = box_of(world, only_two)
    assert now["contacts"] == [{"key": first["key"], "isStarred": True, "isAutoboxed": False}]
    assert now["fields"] == {field: [first["key"]]}
    assert now["emailAddresses"] == [f"{name}@zuse.example" for name in "bac"]
    assert [link["key"] for link in box_of(world, both)["contacts"]] == [first["key"]]
    found = ok(world.ada.http.get(f"{path(first)}/boxes"))["results"]
    assert {box["key"] for box in found} == {only_two["key"], both["key"]}


def test_undoing_a_merge_restores_everything(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEAM_CONTACT")["key"]
    fields = f"/api/v2/teams/{world.team_key}/contacts/fields"
    knows = ok(world.ada.http.post(fields, json={"name": "Knows", "type": "TEAM_CONTACT"}))["key"]
    firm = organization(world, name="Zuse KG", domains=["zuse.example"])
    first = contact(world, givenName="Konrad", emailAddresses=["k@zuse.example"])
    second = contact(world, givenName="K.", title="Inventor", emailAddresses=["k2@zuse.example"], phoneNumbers=["1"])
    third = contact(world, givenName="Konrad Z", contactLinks=[{"key": second["key"]}, {"key": first["key"]}])
    friend = contact(world, givenName="Helmut")
    edit(world, friend, fields={knows: f"{second['key']},{third['key']}"})
    links = [{"key": second["key"]}, {"key": third["key"]}]
    box = world.box(pipeline, contacts=links, fields={field: [third["key"], second["key"]]})
    body = {"text": "call", "teamContactKey": second["key"]}
    task = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json=body))
    before = [read(world, each) for each in (first, second, third, friend, firm)]
    merge(world, first, second, third)
    assert ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}"))["teamContactKey"] == first["key"]
    assert read(world, friend)["fields"] == {knows: first["key"]}
    world.clock.advance(ms=10)
    undone = unmerge(world, first)
    assert [each["key"] for each in undone["restored"]] == [second["key"], third["key"]]
    now = [read(world, each) for each in (first, second, third, friend, firm)]
    for was, here in zip(before, now, strict=True):
        for member in ("contactLinks", "orgLinks"):
            was[member], here[member] = ({link["key"] for link in each[member]} for each in (was, here))
        assert is_unchanged(was, here)
    boxed = box_of(world, box)
    assert [link["key"] for link in boxed["contacts"]] == [second["key"], third["key"]]
    assert boxed["fields"] == box["fields"]
    assert ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}"))["teamContactKey"] == second["key"]
    assert events(world, second["key"])[-1] == "contact.restored"
    refused(world.ada.http.post(f"{path(first)}/unmerge"), 400, "merged")


def test_changes_after_the_merge_stay_when_it_is_undone(world: World) -> None:
    pipeline = world.pipeline()
    first = contact(world, givenName="Konrad", emailAddresses=["k@zuse.example"])
    second = contact(world, familyName="Zuse", title="Inventor", emailAddresses=["k2@zuse.example"])
    box = world.box(pipeline, contacts=[{"key": second["key"]}])
    other = world.box(pipeline, contacts=[{"key": second["key"]}])
    merge(world, first, second)
    edit(world, first, title="Engineer", emailAddresses=["k@zuse.example", "k2@zuse.example", "k3@zuse.example"])
    friend = contact(world, givenName="Helmut")
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"contacts": []}))
    both = {"contacts": [{"key": friend["key"]}, {"key": first["key"]}]}
    ok(world.ada.http.post(f"/api/v1/boxes/{other['key']}", json=both))
    now = unmerge(world, first)["contact"]
    assert now["title"] == "Engineer"
    assert "familyName" not in now
    assert now["emailAddresses"] == ["k@zuse.example", "k3@zuse.example"]
    assert "contacts" not in box_of(world, box)
    assert [link["key"] for link in box_of(world, other)["contacts"]] == [friend["key"], second["key"]]


def test_merges_are_undone_in_reverse_order(world: World) -> None:
    first, second, third = (organization(world, name=name, domains=[f"{name}.example"]) for name in ("a", "b", "c"))
    merge(world, first, second)
    merge(world, third, first)
    refused(world.ada.http.get(path(first)), 404)
    assert [each["key"] for each in unmerge(world, third)["restored"]] == [first["key"]]
    assert read(world, first)["domains"] == ["a.example", "b.example"]
    assert [each["key"] for each in unmerge(world, first)["restored"]] == [second["key"]]
    assert is_unchanged(first, read(world, first))
    assert is_unchanged(second, read(world, second))


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, "keys"),
        ({"keys": ["SELF"]}, "keys"),
        ({"keys": ["OTHER"], "choices": {"title": "nobody"}}, "choices.title"),
        ({"keys": ["OTHER"], "choices": {"unknown": "OTHER"}}, "choices.unknown"),
        ({"keys": ["OTHER"], "choices": {"contactLinks": "OTHER"}}, "choices.contactLinks"),
        ({"keys": ["OTHER"], "choices": {"title": 1}}, "choices.title"),
        ({"keys": ["x"] * 101 + ["OTHER"] * 5 + [str(number) for number in range(101)]}, "keys"),
    ],
)
def test_an_invalid_merge_changes_nothing(world: World, body: dict, names: str) -> None:
    first, second = contact(world, givenName="A"), contact(world, givenName="B")

    def named(value: Any) -> Any:
        if isinstance(value, str):
            return {"SELF": first["key"], "OTHER": second["key"]}.get(value, value)
        if isinstance(value, list):
            return [named(each) for each in value]
        return {name: named(each) for name, each in value.items()} if isinstance(value, dict) else value

    refused(world.ada.http.post(f"{path(first)}/merge", json=named(body)), 400, names)
    assert (read(world, first), read(world, second)) == (first, second)


def test_only_reachable_entries_can_be_merged(world: World) -> None:
    first = contact(world, givenName="A")
    theirs = ok(world.cy.http.get("/api/v2/users/me/teams"))["results"][0]["key"]
    other = ok(world.cy.http.post(f"/api/v2/teams/{theirs}/contacts", json={"givenName": "B"}))
    refused(world.ada.http.post(f"{path(first)}/merge", json={"keys": [other["key"]]}), 404)
    refused(world.cy.http.post(f"{path(other)}/merge", json={"keys": [first["key"]]}), 404)
    lists = {"contacts": {"defaultPermissionSetName": "__viewAllPermissionSet__"}}
    second = contact(world, givenName="B")
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"contactOrgListPermissions": lists}))
    refused(world.bo.http.post(f"{path(first)}/merge", json={"keys": [second["key"]]}), 403)
    merge(world, first, second)
    refused(world.bo.http.post(f"{path(first)}/unmerge"), 403)


def test_duplicates_are_found_by_names_with_and_without_accents_and_by_numbers_however_written(world: World) -> None:
    first = contact(world, givenName="Zoë", familyName="Müller", phoneNumbers=["+49 (170) 123-4567"])
    second = contact(world, givenName="Zoe\u0308", familyName="Mu\u0308ller")
    third = contact(world, givenName="zoe", familyName="Muller")
    fourth = contact(world, givenName="Z.", phoneNumbers=["0170 1234567"])
    only_first = [contact(world, givenName=name)["key"] for name in ("Zoe", "ZOE", "Zoe-Ann")]
    found = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts/duplicates"))["results"]
    assert [(group["reason"], group["value"], [each["key"] for each in group["contacts"]]) for group in found] == [
        ("name", "zoe", only_first[:2]),
        ("name", "zoe muller", [first["key"], second["key"], third["key"]]),
        ("phone", "1701234567", [first["key"], fourth["key"]]),
    ]
