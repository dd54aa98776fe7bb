"""Boxes, their field values and search through the official Node client."""

import pytest

from tests.streak.nodejs import refused


@pytest.fixture
def ada(node, world):
    return node.client(world.ada.key)


@pytest.fixture
def pipeline(ada):
    return ada.Pipelines.create({"name": "Sales", "stageNames": "Lead,Won"})["key"]


@pytest.fixture
def box(ada, pipeline):
    return ada.Boxes.create(pipeline, {"name": "Deal", "notes": "50 % & more"})


def test_a_box_is_created_listed_and_read(ada, pipeline, box):
    assert (box["name"], box["notes"], box["pipelineKey"]) == ("Deal", "50 % & more", pipeline)
    assert ada.Boxes.getOne(box["key"]) == box
    assert ada.Boxes.getForPipeline(pipeline) == [box]
    assert ada.Boxes.getAll() == [box]


def test_a_box_is_changed_by_sending_the_whole_box_back(ada, box):
    changed = ada.Boxes.update(box | {"name": "Größe", "stageKey": "5002"})
    assert (changed["name"], changed["notes"], changed["stageKey"]) == ("Größe", "50 % & more", "5002")
    assert changed["assignedToSharingEntries"] == box["assignedToSharingEntries"]
    assert ada.Boxes.getOne(box["key"]) == changed
    moved = changed["lastStageChangeTimestamp"] - box["lastStageChangeTimestamp"]
    stays = {stay["stageKey"]: stay["timeInStageMs"] for stay in changed["stageHistoryEntries"]}
    assert stays["5001"] == moved


def test_a_box_is_deleted(ada, pipeline, box):
    assert ada.Boxes.delete(box["key"]) == {"success": True}
    with refused(404, "Entity not found with key"):
        ada.Boxes.getOne(box["key"])
    with refused(404, "existing entity does not exist"):
        ada.Boxes.update(box)
    assert ada.Boxes.getForPipeline(pipeline) == []


def test_field_values(ada, pipeline, box):
    text = ada.Pipelines.Fields.create(pipeline, {"name": "T", "type": "TEXT_INPUT"})["key"]
    date = ada.Pipelines.Fields.create(pipeline, {"name": "D", "type": "DATE"})["key"]
    assert ada.Boxes.getFields(box["key"]) == [{"key": text}, {"key": date}]
    written = ada.Boxes.Fields.update(box["key"], {"key": text, "value": "a=b&c"})
    assert written == {"key": text, "value": "a=b&c"}
    ada.Boxes.Fields.update(box["key"], {"key": date, "value": 1347451200000})
    assert ada.Boxes.Fields.getOne(box["key"], date) == {"key": date, "value": 1347451200000}
    assert ada.Boxes.Fields.getForBox(box["key"]) == [written, {"key": date, "value": 1347451200000}]
    assert ada.Boxes.getOne(box["key"])["fields"] == {text: "a=b&c", date: 1347451200000}


@pytest.mark.parametrize("level", [None, "ALL", "CONDENSED"])
def test_the_newsfeed_of_a_box(ada, box, level):
    ada.Boxes.update({"key": box["key"], "stageKey": "5002"})
    feed = ada.Boxes.getFeed(box["key"], level)
    assert [entry["newsfeedEntrySpecific"] for entry in feed] == ["EDIT_STAGE", "NEW_BOX"]


def test_an_unknown_detail_level_is_rejected(ada, box):
    with refused(400):
        ada.Boxes.getFeed(box["key"], "xxINVALID")
