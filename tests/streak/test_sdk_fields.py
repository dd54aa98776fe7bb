"""Pipeline fields through the official Python client."""

import pytest
from streak_crm.types import (
    PipelineFieldAiSettingsUpdate,
    PipelineFieldDropdownItemUpdate,
    PipelineFieldDropdownSettingsUpdate,
    PipelineFieldTagItemUpdate,
    PipelineFieldTagSettingsUpdate,
)

from tests.streak.sdk import refused

KINDS = [
    "TEXT_INPUT",
    "DROPDOWN",
    "CHECKBOX",
    "DATE",
    "PERSON",
    "FORMULA",
    "TAG",
    "TEAM_CONTACT",
    "TEAM_ORGANIZATION",
]


@pytest.fixture
def key(ada, world):
    return ada.pipelines.create_pipeline(name="Sales", team_key=world.team_key, stages=["Lead"]).key


def dropdown(*items):
    return PipelineFieldDropdownSettingsUpdate(
        items=[PipelineFieldDropdownItemUpdate(key=key, name=name) for key, name in items]
    )


def tags(*items):
    return PipelineFieldTagSettingsUpdate(tags=[PipelineFieldTagItemUpdate(key=key, tag=tag) for key, tag in items])


def items(field):
    return [(item.key, item.name) for item in field.dropdown_settings.items]


def tagged(field):
    return [(item.key, item.tag) for item in field.tag_settings.tags]


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_of_every_kind_is_created_and_read_back(ada, key, kind):
    created = ada.pipelines.create_field(key, name=f"A {kind}", type=kind)
    assert (created.key, created.name, created.type) == ("1001", f"A {kind}", kind)
    assert (created.ai_settings.prompt, created.ai_settings.source) == ("", "BOX_TIMELINE")
    assert (created.dropdown_settings is not None) == (kind == "DROPDOWN")
    assert (created.tag_settings is not None) == (kind == "TAG")
    assert ada.pipelines.get_field(key, created.key) == created
    assert ada.pipelines.list_fields(key) == [created]


def test_an_unknown_field_type_is_refused(ada, key):
    with refused(400, "type"):
        ada.pipelines.create_field(key, name="Odd", type="HOLOGRAM")
    assert ada.pipelines.list_fields(key) == []


def test_fields_are_listed_in_the_order_they_were_made(ada, key):
    for name in ("Zeta", "Alpha", "Mid"):
        ada.pipelines.create_field(key, name=name, type="TEXT_INPUT")
    listed = [(field.key, field.name) for field in ada.pipelines.list_fields(key)]
    assert listed == [("1001", "Zeta"), ("1002", "Alpha"), ("1003", "Mid")]
    assert [field.name for field in ada.pipelines.get_pipeline(key).fields] == ["Zeta", "Alpha", "Mid"]


def test_a_renamed_field_keeps_its_kind(ada, key):
    created = ada.pipelines.create_field(key, name="Value", type="TEXT_INPUT")
    renamed = ada.pipelines.update_field(key, created.key, name="Worth")
    assert (renamed.name, renamed.type) == ("Worth", "TEXT_INPUT")
    assert ada.pipelines.get_field(key, created.key) == renamed


def test_a_formula_is_the_default_value(ada, key):
    created = ada.pipelines.create_field(key, name="Twice", type="FORMULA", default_value="= 1 + 1")
    assert created.default_value == "= 1 + 1"
    changed = ada.pipelines.update_field(key, created.key, default_value="= 2 + 2")
    assert changed.default_value == "= 2 + 2"
    assert changed.last_default_value_updated_timestamp >= created.last_default_value_updated_timestamp
    assert ada.pipelines.get_field(key, created.key) == changed


def test_the_options_of_a_dropdown(ada, key):
    field = ada.pipelines.create_field(key, name="Size", type="DROPDOWN").key
    created = ada.pipelines.update_field(key, field, dropdown_settings=dropdown((None, "S"), (None, "L")))
    assert items(created) == [("9001", "S"), ("9002", "L")]
    added = ada.pipelines.update_field(key, field, add_only=True, dropdown_settings=dropdown((None, "XL")))
    assert items(added) == [("9001", "S"), ("9002", "L"), ("9003", "XL")]
    stored = ada.pipelines.update_field(key, field, dropdown_settings=dropdown(("9002", "Large"), (None, "M")))
    assert items(stored) == [("9002", "Large"), ("9004", "M")]
    assert ada.pipelines.get_field(key, field) == stored
    emptied = ada.pipelines.update_field(key, field, dropdown_settings=dropdown())
    assert items(emptied) == []


def test_the_tags_of_a_tag_field(ada, key):
    field = ada.pipelines.create_field(key, name="Topics", type="TAG").key
    created = ada.pipelines.update_field(key, field, tag_settings=tags((None, "red"), (None, "blue")))
    (red, blue), names = zip(*tagged(created), strict=True)
    assert names == ("red", "blue")
    assert red != blue
    added = ada.pipelines.update_field(key, field, add_only=True, tag_settings=tags((None, "green")))
    assert [name for _, name in tagged(added)] == ["red", "blue", "green"]
    stored = ada.pipelines.update_field(key, field, tag_settings=tags((blue, "navy")))
    assert tagged(stored) == [(blue, "navy")]
    assert ada.pipelines.get_field(key, field) == stored


def test_two_options_of_one_name_are_refused(ada, key):
    field = ada.pipelines.create_field(key, name="Size", type="DROPDOWN").key
    with refused(400, "dropdownSettings"):
        ada.pipelines.update_field(key, field, dropdown_settings=dropdown((None, "S"), (None, "S")))
    assert items(ada.pipelines.get_field(key, field)) == []


def test_the_ai_settings_of_a_field_can_only_be_sent_back(ada, key):
    field = ada.pipelines.create_field(key, name="Summary", type="TEXT_INPUT").key
    asked = PipelineFieldAiSettingsUpdate(prompt="What do they make?", source="WEB_CRAWLING")
    with refused(400, "aiSettings"):
        ada.pipelines.update_field(key, field, ai_settings=asked)
    as_read = PipelineFieldAiSettingsUpdate(prompt="", source="BOX_TIMELINE")
    changed = ada.pipelines.update_field(key, field, name="About", ai_settings=as_read)
    assert (changed.name, changed.ai_settings.prompt) == ("About", "")


def test_a_deleted_field_is_gone_from_the_pipeline_and_its_boxes(ada, key, world):
    gone = ada.pipelines.create_field(key, name="Gone", type="TEXT_INPUT").key
    stays = ada.pipelines.create_field(key, name="Stays", type="TEXT_INPUT").key
    box = world.box({"key": key}, name="Deal", fields={gone: "x", stays: "y"})
    assert box["fields"] == {gone: "x", stays: "y"}
    assert ada.pipelines.delete_field(key, gone).success is True
    with refused(404):
        ada.pipelines.get_field(key, gone)
    assert [field.key for field in ada.pipelines.list_fields(key)] == [stays]
    assert world.ada.http.get(f"/api/v1/boxes/{box['key']}").json()["fields"] == {stays: "y"}
    assert ada.pipelines.create_field(key, name="New", type="DATE").key == "1003"


def test_a_strangers_fields_are_not_found(ada, cy, key):
    field = ada.pipelines.create_field(key, name="Value", type="TEXT_INPUT").key
    for call in (
        lambda: cy.pipelines.list_fields(key),
        lambda: cy.pipelines.get_field(key, field),
        lambda: cy.pipelines.create_field(key, name="Mine", type="DATE"),
        lambda: cy.pipelines.update_field(key, field, name="Mine"),
        lambda: cy.pipelines.delete_field(key, field),
    ):
        with refused(404):
            call()
    assert [item.name for item in ada.pipelines.list_fields(key)] == ["Value"]
