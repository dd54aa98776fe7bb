"""The settings of a pipeline: stages, fields, rules and sharing."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import World, ok
from tests.ui.conftest import LOOKS


def read(world: World, pipeline: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))
    return found


def test_stages_are_added_renamed_reordered_coloured_and_deleted(world: World, window) -> None:
    pipeline = world.pipeline()
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/settings?section=stages")
    page.get_by_label("Name of the new stage").fill("Trial")
    page.get_by_role("button", name="Add").click()
    name = page.get_by_label("Name of the stage Trial")
    expect(name).to_be_visible()
    name.fill("Pilot")
    name.press("Enter")
    expect(page.get_by_label("Name of the stage Pilot")).to_be_visible()
    page.get_by_role("button", name="More about Pilot").click()
    page.get_by_role("menuitem", name="Move up").click()
    names = page.get_by_role("textbox", name="Name of the stage")
    expect(names.nth(2)).to_have_value("Pilot")
    names.nth(0).locator("xpath=ancestor::div[@data-edge or contains(@class,'line')][1]").drag_to(
        names.nth(3).locator("xpath=ancestor::div[contains(@class,'line')][1]"), target_position={"x": 60, "y": 38}
    )
    expect(names.nth(3)).to_have_value("Lead")
    page.get_by_role("button", name="Colour of Pilot").click()
    page.get_by_role("button", name="#1e8e3e").click()
    page.get_by_role("button", name="More about Pilot").click()
    page.get_by_role("menuitem", name="Won", exact=True).click()
    expect(page.get_by_text("Boxes in Pilot count as won")).to_be_visible()
    page.get_by_role("button", name="More about Won").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(names).to_have_count(3)
    now = read(world, pipeline)
    assert now["stages"][now["stageOrder"][0]]["kind"] == "WON"
    stages = [now["stages"][key] for key in now["stageOrder"]]
    assert [each["name"] for each in stages] == ["Pilot", "Lost", "Lead"]
    assert stages[0]["color"] == {"backgroundColor": "#1e8e3e", "foregroundColor": "#ffffff"}


def test_a_stage_with_boxes_cannot_be_deleted_and_the_reason_is_shown(world: World, window) -> None:
    pipeline = world.pipeline()
    world.box(pipeline)
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/settings?section=stages")
    page.get_by_role("button", name="More about Lead").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_text("That was not saved")).to_be_visible()
    expect(page.get_by_label("Name of the stage Lead")).to_be_visible()


def test_fields_are_created_changed_and_deleted(world: World, window) -> None:
    pipeline = world.pipeline()
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/settings?section=fields")
    page.get_by_role("button", name="New column").first.click()
    page.get_by_role("textbox", name="Name").fill("Source")
    page.get_by_label("Kind", exact=True).first.click()
    page.get_by_role("option", name="Dropdown").click()
    page.get_by_label("Option 1", exact=True).fill("Web")
    page.get_by_label("Option 1", exact=True).press("Enter")
    page.get_by_label("Option 2", exact=True).fill("Fair")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("button", name="Edit Source").click()
    page.get_by_label("Option 1", exact=True).fill("Website")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Website, Fair")).to_be_visible()
    (field,) = read(world, pipeline)["fields"]
    assert [each["name"] for each in field["dropdownSettings"]["items"]] == ["Website", "Fair"]
    page.get_by_role("button", name="More about Source").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No columns of its own yet")).to_be_visible()


def test_a_formula_previews_its_result_while_it_is_typed(world: World, window) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Size")
    world.box(pipeline, name="Acme", fields={size["key"]: "21"})
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/settings?section=fields")
    page.get_by_role("button", name="New column").first.click()
    page.get_by_role("textbox", name="Name").fill("Twice")
    page.get_by_label("Kind", exact=True).first.click()
    page.get_by_role("option", name="Formula").click()
    page.get_by_label("Formula").last.fill("$'Sise' * 2")
    expect(page.get_by_role("status").filter(has_text="did you mean 'Size'")).to_be_visible()
    page.get_by_label("Formula").last.fill("$'Size' * 2")
    expect(page.get_by_label("What it comes to")).to_contain_text("42")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("button", name="Edit Twice")).to_be_visible()


def test_numbers_are_shown_in_the_format_of_their_field(world: World, window) -> None:
    pipeline = world.pipeline()
    value = world.field(pipeline, "TEXT_INPUT", "Value")
    box = world.box(pipeline, name="Acme", fields={value["key"]: 1234.5})
    world.box(pipeline, name="Globex", fields={value["key"]: "250"})
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/settings?section=fields")
    page.get_by_role("button", name="Edit Value").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Numbers are shown as").first.click()
    page.get_by_role("option", name="Amount of money").click()
    expect(dialog.get_by_text("1234.5 is shown as €1,234.50")).to_be_visible()
    dialog.get_by_label("Currency").fill("EURO")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("three capitals such as EUR")).to_be_visible()
    dialog.get_by_label("Currency").fill("usd")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    (field,) = read(world, pipeline)["fields"]
    assert field["displayFormat"] == {"type": "CURRENCY", "currency": "USD"}
    page.goto(f"/pipelines/{pipeline['key']}?sort=name")
    cells = page.get_by_role("row").filter(has_text=re.compile("Acme|Globex"))
    expect(cells.filter(has_text="$1,234.50")).to_have_count(1)
    expect(cells.filter(has_text="$250")).to_have_count(1)
    page.goto(f"/pipelines/{pipeline['key']}/board?box={box['key']}")
    expect(page.get_by_role("region", name="Lead", exact=True)).to_contain_text("$1,484.50")
    expect(page.get_by_role("listitem", name="Acme")).to_contain_text("$1,234.50")
    panel = page.get_by_role("complementary", name="Box")
    panel.get_by_role("button", name="Edit Value").click()
    editor = panel.get_by_role("textbox", name="Value")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("1234.5")
    editor.fill("$2,000")
    with page.expect_response(lambda answer: box["key"] in answer.url and answer.request.method == "POST"):
        editor.press("Enter")
    expect(panel.get_by_label("Fields").get_by_text("$2,000")).to_be_visible()
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"] == {value["key"]: 2000}
    page.goto(f"/pipelines/{pipeline['key']}/reports?sum={value['key']}")
    expect(page.get_by_role("region", name="Totals").get_by_role("row", name="Lead")).to_contain_text("$2,250")


def test_a_rule_is_previewed_created_changed_and_deleted(world: World, window) -> None:
    pipeline = world.pipeline()
    value = world.field(pipeline, "TEXT_INPUT", "Value")["key"]
    world.box(pipeline, name="Acme", fields={value: 10})
    world.box(pipeline, name="Globex")
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/settings?section=rules")
    page.get_by_role("button", name="New rule").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox", name="Name", exact=True)).to_be_focused()
    dialog.get_by_role("textbox", name="Name", exact=True).fill("Value")
    must = dialog.get_by_role("region", name="What must hold")
    must.get_by_role("button", name="Add a condition").click()
    choose(page, must, "Column", "Value")
    dialog.get_by_role("button", name="Create").click()
    expect(must.get_by_role("alert")).to_contain_text("is missing")
    choose(page, must, "Test", "is not empty")
    expect(dialog.get_by_role("status")).to_contain_text("1 box breaks it as it is now: Globex")
    dialog.get_by_role("textbox", name="What is said where it is broken").fill("A deal needs a value")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("A deal needs a value")).to_be_visible()
    answer = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "New"})
    assert (answer.status_code, answer.json()["error"]) == (400, "A deal needs a value")
    page.get_by_role("button", name="Edit Value").click()
    expect(dialog.get_by_role("status")).to_contain_text("1 box breaks it")
    dialog.get_by_role("radio", name="The box is marked").click()
    dialog.get_by_role("radio", name="A formula must be true").click()
    dialog.get_by_role("textbox", name="Formula").fill("=$'Value' > 5")
    expect(dialog.get_by_label("What it comes to")).to_contain_text("Globexbreaks it")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Warns")).to_be_visible()
    (rule,) = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/validators"))["results"]
    assert (rule["mode"], rule["formula"], "assertion" in rule) == ("WARN", "=$'Value' > 5", False)
    page.get_by_role("button", name="Delete the rule Value").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No rules yet")).to_be_visible()
    deleted = page.get_by_role("alert").filter(has_text="Deleted the rule Value")
    deleted.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Edit Value")).to_be_visible()


def test_only_admins_change_rules(world: World, window) -> None:
    pipeline = world.pipeline()
    rule = {"name": "Noted", "assertion": {"field": "notes", "op": "isNotEmpty"}, "mode": "WARN"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/validators", json=rule))
    page = window(world.bo).goto(f"/pipelines/{pipeline['key']}/settings?section=rules")
    page.get_by_role("button", name="Edit Noted").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("Written down")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Only an admin")
    expect(dialog.get_by_role("textbox", name="Name", exact=True)).to_have_value("Written down")


def choose(page: Page, within: Locator, name: str, option: str) -> None:
    control = within.get_by_role("textbox", name=name, exact=True).or_(
        within.get_by_role("combobox", name=name, exact=True)
    )
    control.last.click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_pipeline_is_shared_by_role(world: World, window) -> None:
    pipeline = world.pipeline(teamWide=False)
    assert world.bo.http.get(f"/api/v2/pipelines/{pipeline['key']}").status_code == 404
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/settings?section=sharing")
    page.get_by_label("Add people of the team").first.click()
    page.get_by_role("option", name="Bo Diddley").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add", exact=True).click()
    role = page.get_by_label("What Bo Diddley may do").first
    expect(role).to_have_value("Editor")
    role.click()
    page.get_by_role("option", name="Viewer").click()
    expect(role).to_have_value("Viewer")
    assert world.bo.http.get(f"/api/v2/pipelines/{pipeline['key']}").status_code == 200
    assert world.bo.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "X"}).status_code == 403
    page.get_by_role("button", name="Remove").click()
    expect(role).to_have_count(0)
    assert world.bo.http.get(f"/api/v2/pipelines/{pipeline['key']}").status_code == 404


def test_a_pipeline_is_renamed_and_deleted(world: World, window) -> None:
    pipeline = world.pipeline(name="Deals")
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/settings")
    page.get_by_role("textbox", name="Name").fill("Sales")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Sales")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_label("Type Sales to delete it").fill("Sales")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Make your first pipeline")).to_be_visible()
    assert ok(world.ada.http.get("/api/v2/pipelines"))["results"] == []


@pytest.mark.slow
def test_the_settings_look_right(world: World, window) -> None:
    pipeline = world.pipeline(name="Sales")
    world.field(pipeline, "TEXT_INPUT", "Size")
    world.field(pipeline, "DROPDOWN", "Source", dropdownSettings={"items": [{"name": "Web"}, {"name": "Fair"}]})
    world.field(pipeline, "FORMULA", "Twice", defaultValue="$'Size' * 2")
    noted = {"field": "notes", "op": "isNotEmpty"}
    won = {"field": "stage", "op": "in", "value": ["5002"]}
    rules = f"/api/v2/pipelines/{pipeline['key']}/validators"
    ok(world.ada.http.post(rules, json={"name": "Won deals", "condition": won, "assertion": noted}))
    ok(world.ada.http.post(rules, json={"name": "Old ones", "condition": noted, "deny": True, "mode": "WARN"}))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        for section, title in (
            ("general", "General"),
            ("stages", "Stages"),
            ("fields", "Columns"),
            ("rules", "Rules"),
            ("sharing", "Sharing"),
        ):
            page = screen.goto(f"/pipelines/{pipeline['key']}/settings?section={section}")
            expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
            screen.look(f"settings-{section}")
        page.goto(f"/pipelines/{pipeline['key']}/settings?section=rules")
        page.get_by_role("button", name="Edit Won deals").click()
        expect(page.get_by_role("dialog").get_by_role("status")).to_be_visible()
        screen.look("settings-rule")
        page.goto(f"/pipelines/{pipeline['key']}/settings?section=fields")
        page.get_by_role("button", name="Edit Size").click()
        expect(page.get_by_role("dialog").get_by_label("Numbers are shown as").first).to_be_visible()
        screen.look("settings-field")
