"""Pipelines, stages and fields through the official Node client."""

import pytest

from tests.streak.nodejs import refused


@pytest.fixture
def ada(node, world):
    return node.client(world.ada.key)


@pytest.fixture
def cy(node, world):
    return node.client(world.cy.key)


@pytest.fixture
def pipeline(ada):
    return ada.Pipelines.create({"name": "Sales", "stageNames": "Lead, Won", "teamWide": True})


def test_the_api_key_identifies_the_user(ada, world):
    assert ada.Me.get()["email"] == world.ada.email


def test_a_wrong_key_gets_its_own_error(node):
    with refused(401, "invalid api key"):
        node.client("wrong").Me.get()


def test_a_pipeline_is_created_listed_read_changed_and_deleted(ada, pipeline):
    assert pipeline["name"] == "Sales"
    assert [item["key"] for item in ada.Pipelines.getAll()] == [pipeline["key"]]
    assert ada.Pipelines.getOne(pipeline["key"]) == pipeline
    changed = ada.Pipelines.update(pipeline | {"name": "Größe & Ruhm"})
    assert changed["name"] == "Größe & Ruhm"
    assert (changed["stages"], changed["creatorKey"]) == (pipeline["stages"], pipeline["creatorKey"])
    assert ada.Pipelines.getOne(pipeline["key"]) == changed
    box = ada.Boxes.create(pipeline["key"], {"name": "Deal"})
    assert ada.Pipelines.delete(pipeline["key"]) == {"success": True}
    assert ada.Pipelines.getAll() == []
    with refused(404, "Entity not found with key"):
        ada.Boxes.getOne(box["key"])


def test_stages(ada, pipeline):
    key = pipeline["key"]
    assert {at: stage["name"] for at, stage in ada.Pipelines.Stages.getAll(key).items()} == {
        "5001": "Lead",
        "5002": "Won",
    }
    lost = ada.Pipelines.Stages.create(key, {"name": "Lost & gone"})
    assert (lost["key"], lost["name"]) == ("5003", "Lost & gone")
    renamed = ada.Pipelines.Stages.update(key, lost | {"name": "Lost"})
    assert renamed["name"] == "Lost"
    assert ada.Pipelines.Stages.getOne(key, "5003") == renamed
    assert ada.Pipelines.Stages.delete(key, "5003") == {"success": True}
    assert ada.Pipelines.Stages.getAll(key).keys() == {"5001", "5002"}


def test_fields(ada, pipeline):
    key = pipeline["key"]
    field = ada.Pipelines.Fields.create(key, {"name": "Worth", "type": "TEXT_INPUT"})
    assert (field["key"], field["name"], field["type"]) == ("1001", "Worth", "TEXT_INPUT")
    assert ada.Pipelines.Fields.getAll(key) == [field]
    renamed = ada.Pipelines.Fields.update(key, field | {"name": "Value"})
    assert (renamed["name"], renamed["type"]) == ("Value", "TEXT_INPUT")
    assert ada.Pipelines.Fields.getOne(key, "1001") == renamed
    with refused(400, "Can't change the type of a field"):
        ada.Pipelines.Fields.update(key, field | {"type": "DATE"})
    assert ada.Pipelines.Fields.delete(key, "1001") == {"success": True}
    assert ada.Pipelines.Fields.getAll(key) == []


def test_the_boxes_of_a_pipeline_and_of_a_stage(ada, pipeline):
    key = pipeline["key"]
    lead = ada.Boxes.create(key, {"name": "one"})["key"]
    won = ada.Boxes.create(key, {"name": "two", "stageKey": 5002})["key"]
    assert {box["key"] for box in ada.Pipelines.getBoxes(key)} == {lead, won}
    assert [box["key"] for box in ada.Pipelines.getBoxesInStage(key, "5002")] == [won]
    assert [box["key"] for box in ada.Pipelines.getBoxesInStage(key, "5001")] == [lead]


@pytest.mark.parametrize("level", [None, "ALL", "CONDENSED"])
def test_the_newsfeed_is_an_array(ada, pipeline, level):
    box = ada.Boxes.create(pipeline["key"], {"name": "Deal"})["key"]
    feed = ada.Pipelines.getFeed(pipeline["key"], level)
    assert ("NEW_BOX", box) in [(entry["newsfeedEntrySpecific"], entry.get("boxKey")) for entry in feed]


def test_an_unknown_detail_level_is_rejected(ada, pipeline):
    with refused(400):
        ada.Pipelines.getFeed(pipeline["key"], "xxINVALID")


def test_a_pipeline_named_tasks_is_created_through_the_clients_broken_path(ada):
    created = ada.Pipelines.create({"name": "my tasks"})
    assert ada.Pipelines.getOne(created["key"])["name"] == "my tasks"


def test_strangers_get_not_found(cy, pipeline):
    assert cy.Pipelines.getAll() == []
    with refused(404):
        cy.Pipelines.getOne(pipeline["key"])
    with refused(404):
        cy.Pipelines.update(pipeline | {"name": "Mine"})
