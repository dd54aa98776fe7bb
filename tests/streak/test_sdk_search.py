"""Search through the official Python client."""

import time

import pytest

from tests.streak.sdk import refused


@pytest.fixture
def pipeline(world):
    return world.pipeline(name="Sales")


def soon(call, wanted):
    """Repeat the search until it finds what was written: the index is updated a moment later."""
    deadline = time.monotonic() + 60
    while (found := call()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == wanted


def box_keys(client, **asked):
    return sorted(box.box_key for box in client.search(**asked).results.boxes)


def test_boxes_are_found_by_their_content(ada, pipeline, world):
    field = world.ada.http.put(
        f"/api/v1/pipelines/{pipeline['key']}/fields", params={"name": "Machine", "type": "TEXT_INPUT"}
    ).json()["key"]
    named = world.box(pipeline, name="Plankalkül deal")["key"]
    noted = world.box(pipeline, name="Two", notes="speaks plankalkül")["key"]
    filled = world.box(pipeline, name="Three", fields={field: "a Plankalkül machine"})["key"]
    world.box(pipeline, name="Four")
    soon(lambda: box_keys(ada, query="plankalkül"), sorted([named, noted, filled]))


def test_a_search_hit_names_its_pipeline_and_stage(ada, pipeline, world):
    created = world.box(pipeline, name="Plankalkül", assignedToSharingEntries=[{"email": world.bo.email}])
    soon(lambda: box_keys(ada, query="plankalkül"), [created["key"]])
    answer = ada.search(query="plankalkül")
    (box,) = answer.results.boxes
    assert (box.name, box.stage_key, box.pipeline_key) == ("Plankalkül", created["stageKey"], pipeline["key"])
    assert box.assigned_to_keys == [world.bo.user_key]
    assert box.last_updated_timestamp == created["lastUpdatedTimestamp"]
    assert (answer.query, answer.page) == ("plankalkül", 0)


def test_a_name_finds_boxes_of_exactly_that_name(ada, pipeline, world):
    exact = world.box(pipeline, name="Zuse")["key"]
    world.box(pipeline, name="Zuse KG")
    soon(lambda: box_keys(ada, name="Zuse"), [exact])
    answer = ada.search(name="Zuse")
    assert (answer.results.contacts, answer.results.orgs, answer.query) == ([], [], None)


def test_either_query_or_name_is_required(ada):
    with refused(400):
        ada.search()
    with refused(400):
        ada.search(query="a", name="b")


def test_search_sees_changes_and_deletions_of_boxes(ada, pipeline, world):
    box = world.box(pipeline, name="Plankalkül")["key"]
    soon(lambda: box_keys(ada, query="plankalkül"), [box])
    world.ada.http.post(f"/api/v1/boxes/{box}", json={"name": "Superplan"})
    soon(lambda: box_keys(ada, query="plankalkül"), [])
    soon(lambda: box_keys(ada, query="superplan"), [box])
    world.ada.http.delete(f"/api/v1/boxes/{box}")
    soon(lambda: box_keys(ada, query="superplan"), [])


def test_a_search_is_narrowed_to_pipelines_stages_and_teams(ada, pipeline, world):
    other, third = world.pipeline(name="Other"), world.pipeline(name="Third")
    here, there, away = (world.box(where, name="Zuse")["key"] for where in (pipeline, other, third))
    stage = world.ada.http.put(f"/api/v1/pipelines/{pipeline['key']}/stages", params={"name": "Won"}).json()["key"]
    won = world.box(pipeline, name="Zuse", stageKey=stage)["key"]
    soon(lambda: box_keys(ada, query="zuse"), sorted([here, there, away, won]))
    two = [pipeline["key"], other["key"]]
    assert box_keys(ada, query="zuse", pipeline_key=two) == sorted([here, there, won])
    assert box_keys(ada, query="zuse", pipeline_key=[pipeline["key"]], stage_key=[stage]) == [won]
    assert box_keys(ada, query="zuse", team_key=[world.team_key]) == sorted([here, there, away, won])
    assert box_keys(ada, name="Zuse", pipeline_key=[third["key"]]) == [away]


def test_unreachable_boxes_are_not_found(ada, bo, cy, pipeline, world):
    box = world.box(pipeline, name="Plankalkül")["key"]
    soon(lambda: box_keys(ada, query="plankalkül"), [box])
    assert box_keys(bo, query="plankalkül") == [box]
    assert box_keys(cy, query="plankalkül") == []
    assert box_keys(cy, name="Plankalkül") == []


def test_a_later_page_is_empty_when_all_is_on_the_first(ada, pipeline, world):
    box = world.box(pipeline, name="Plankalkül")["key"]
    soon(lambda: box_keys(ada, query="plankalkül", page=0), [box])
    answer = ada.search(query="plankalkül", page=1)
    assert (answer.page, answer.results.boxes) == (1, [])


@pytest.mark.parametrize("query", ['"', "a AND", "(", "*", "plan:kalkül", "NEAR(", "-", "'; DROP TABLE boxes"])
def test_any_text_is_a_query(ada, query):
    assert ada.search(query=query).query == query


def test_contacts_and_organizations_are_found(ada, cy, world):
    contact = ada.contacts.create_contact(
        world.team_key,
        given_name="Konrad",
        family_name="Zuse",
        title="Engineer",
        email_addresses=["k@relay.example"],
    )
    firm = ada.organizations.create_organization(world.team_key, name="Relay works", domains=["relay.example"])

    def found(client, query):
        results = client.search(query=query).results
        return [item.key for item in results.contacts], [organization.key for organization in results.orgs]

    soon(lambda: found(ada, "zuse"), ([contact.key], []))
    soon(lambda: found(ada, "works"), ([], [firm.key]))
    (seen,) = ada.search(query="zuse").results.contacts
    assert (seen.given_name, seen.family_name, seen.title) == ("Konrad", "Zuse", "Engineer")
    assert seen.email_addresses == ["k@relay.example"]
    (seen,) = ada.search(query="works").results.orgs
    assert (seen.name, seen.domains) == ("Relay works", ["relay.example"])
    assert found(cy, "zuse") == ([], [])
