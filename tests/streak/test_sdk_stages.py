"""Stages through the official Python client."""

import pytest
from streak_crm.types import PipelineStageColor

from tests.streak.sdk import refused


@pytest.fixture
def key(ada, world):
    created = ada.pipelines.create_pipeline(name="Sales", team_key=world.team_key, stages=["Lead", "Talks", "Won"])
    return created.key


def names(client, key):
    return {stage.key: stage.name for stage in client.pipeline_stages.list_stages(key).values()}


def test_stages_are_listed_by_key(ada, key):
    listed = ada.pipeline_stages.list_stages(key)
    assert {at: stage.key for at, stage in listed.items()} == {at: at for at in ("5001", "5002", "5003")}
    assert names(ada, key) == {"5001": "Lead", "5002": "Talks", "5003": "Won"}


def test_a_new_stage_is_last_and_has_the_theme_colours(ada, key):
    created = ada.pipeline_stages.create_stage(key, name="Lost")
    assert (created.key, created.name, created.is_color_from_theme, created.box_count) == ("5004", "Lost", True, 0)
    assert created.color.background_color
    assert ada.pipeline_stages.get_stage(key, "5004") == created
    assert ada.pipelines.get_pipeline(key).stage_order == ["5001", "5002", "5003", "5004"]


def test_a_stage_has_its_own_colours_until_they_are_removed(ada, key):
    pink = PipelineStageColor(foreground_color="#ffffff", background_color="#ff69b4")
    created = ada.pipeline_stages.create_stage(key, name="Lost", color=pink)
    assert (created.color, created.is_color_from_theme) == (pink, False)
    bare = PipelineStageColor(foreground_color="", background_color="")
    plain = ada.pipeline_stages.update_stage(key, created.key, color=bare)
    assert plain.is_color_from_theme is True
    assert plain.color.background_color not in ("", "#ff69b4")
    assert ada.pipeline_stages.get_stage(key, created.key) == plain


def test_a_renamed_stage_keeps_the_rest(ada, key):
    before = ada.pipeline_stages.get_stage(key, "5002")
    after = ada.pipeline_stages.update_stage(key, "5002", name="Negotiation")
    assert after.name == "Negotiation"
    assert after.color == before.color
    assert names(ada, key) == {"5001": "Lead", "5002": "Negotiation", "5003": "Won"}


def test_a_stage_needs_a_name(ada, key):
    with refused(400, "name"):
        ada.pipeline_stages.create_stage(key, name="")
    with refused(400, "name"):
        ada.pipeline_stages.update_stage(key, "5001", name="")
    assert names(ada, key) == {"5001": "Lead", "5002": "Talks", "5003": "Won"}


def test_a_deleted_stage_is_gone_and_its_key_never_comes_back(ada, key):
    assert ada.pipeline_stages.delete_stage(key, "5003").success is True
    with refused(404):
        ada.pipeline_stages.get_stage(key, "5003")
    assert ada.pipeline_stages.create_stage(key, name="Won again").key == "5004"
    assert ada.pipelines.get_pipeline(key).stage_order == ["5001", "5002", "5004"]


def test_a_stage_with_boxes_cannot_be_deleted(ada, key, world):
    box = world.box({"key": key}, name="Deal", stageKey="5002")
    assert ada.pipeline_stages.get_stage(key, "5002").box_count == 1
    with refused(400):
        ada.pipeline_stages.delete_stage(key, "5002")
    assert names(ada, key)["5002"] == "Talks"
    assert world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5001"}).status_code == 200
    assert ada.pipeline_stages.get_stage(key, "5002").box_count == 0
    assert ada.pipeline_stages.delete_stage(key, "5002").success is True


def test_the_last_stage_cannot_be_deleted(ada, key):
    for stage in ("5001", "5002"):
        ada.pipeline_stages.delete_stage(key, stage)
    with refused(400):
        ada.pipeline_stages.delete_stage(key, "5003")
    assert names(ada, key) == {"5003": "Won"}


def test_a_strangers_stages_are_not_found(cy, key):
    with refused(404):
        cy.pipeline_stages.list_stages(key)
    with refused(404):
        cy.pipeline_stages.create_stage(key, name="Mine")
    with refused(404):
        cy.pipeline_stages.delete_stage(key, "5001")
