"""The pipeline as a table."""

import json
import re
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from tests.conftest import World, ok
from tests.ui.conftest import LOOKS


def filled(world: World) -> dict[str, Any]:
    """Create a pipeline with seven kinds of fields, and four boxes in two stages."""
    pipeline = world.pipeline(name="Deals")
    size = world.field(pipeline, "TEXT_INPUT", "Size")["key"]
    day = world.field(pipeline, "DATE", "Close date")["key"]
    source = world.field(
        pipeline, "DROPDOWN", "Source", dropdownSettings={"items": [{"name": "Website"}, {"name": "Referral"}]}
    )
    tags = world.field(pipeline, "TAG", "Labels", tagSettings={"tags": [{"tag": "Hot"}, {"tag": "Cold"}]})
    flag = world.field(pipeline, "CHECKBOX", "Signed")["key"]
    website, hot = source["dropdownSettings"]["items"][0]["key"], tags["tagSettings"]["tags"][0]["key"]
    for at, name in enumerate(("Acme", "Bolt", "Cargo")):
        fields = {size: (at + 1) * 1000, day: "2026-12-24", source["key"]: website, tags["key"]: [hot], flag: at == 0}
        world.box(pipeline, name=name, fields=fields, assignees=[world.bo.user_key])
    world.box(pipeline, name="Delta", stageKey="5002", fields={size: 250})
    return ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))


def opened(world: World, window: Any, pipeline: dict[str, Any], query: str = "", **how: Any) -> Page:
    page = window(world.ada, **how).goto(f"/pipelines/{pipeline['key']}{query}")
    expect(page.get_by_role("grid")).to_be_visible()
    return page


def field(pipeline: dict[str, Any], name: str) -> str:
    return next(each["key"] for each in pipeline["fields"] if each["name"] == name)


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.locator('[data-column="name"]', has_text=re.compile(f"^{name}$")))


def cell(page: Page, name: str, column: str) -> Locator:
    return row(page, name).locator(f'[data-column="{column}"]')


def boxes(world: World, pipeline: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes"))["results"]
    return {box["name"]: box for box in found}


def names(page: Page) -> list[str]:
    return [
        text.strip() for text in page.locator('[role="row"] [data-column="name"] [class*="value"]').all_inner_texts()
    ]


def edit(page: Page, target: Locator) -> None:
    """Press a cell until its control appears: the first press only makes the cell active."""
    target.click()
    target.click()


def test_boxes_are_grouped_by_stage_with_counts_and_sums(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    lead = page.get_by_role("row").filter(has=page.get_by_role("button", name="Lead 3"))
    expect(lead).to_contain_text("Σ 6,000")
    expect(page.get_by_role("button", name="Won 1")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="4 boxes")).to_be_visible()
    expect(lead).not_to_contain_text("left out")
    page.get_by_role("button", name="Lead 3").click()
    expect(row(page, "Acme")).to_have_count(0)
    expect(row(page, "Delta")).to_have_count(1)
    page.reload()
    expect(row(page, "Delta")).to_have_count(1)
    expect(row(page, "Acme")).to_have_count(0)
    page.get_by_role("button", name="Lead 3").click()
    edit(page, cell(page, "Acme", field(pipeline, "Size")))
    page.keyboard.type("about 1000")
    page.keyboard.press("Enter")
    expect(lead).to_contain_text("Σ 5,000 (1 left out)")


def test_cells_are_edited_in_place_and_undone(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    size, source, labels = (field(pipeline, name) for name in ("Size", "Source", "Labels"))
    edit(page, cell(page, "Acme", size))
    page.keyboard.type("4200")
    page.keyboard.press("Enter")
    expect(cell(page, "Acme", size)).to_have_text("4,200")
    expect(page.get_by_text("Σ 9,200")).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    expect(cell(page, "Acme", size)).to_have_text("1,000")
    edit(page, cell(page, "Bolt", source))
    page.keyboard.type("ref")
    page.keyboard.press("Enter")
    expect(cell(page, "Bolt", source)).to_have_text("Referral")
    edit(page, cell(page, "Bolt", labels))
    page.get_by_role("option", name="Cold").click()
    page.keyboard.press("Control+Enter")
    expect(cell(page, "Bolt", labels)).to_have_text("HotCold")
    cell(page, "Bolt", field(pipeline, "Signed")).click()
    page.keyboard.press("Enter")
    expect(cell(page, "Bolt", field(pipeline, "Signed")).get_by_role("checkbox")).to_be_checked()
    edit(page, cell(page, "Cargo", field(pipeline, "Close date")))
    page.keyboard.type("2027-01-15")
    page.keyboard.press("Enter")
    expect(cell(page, "Cargo", field(pipeline, "Close date"))).to_contain_text("15 Jan 2027")
    edit(page, cell(page, "Bolt", field(pipeline, "Close date")))
    page.get_by_role("button", name="15 December 2026").click()
    expect(cell(page, "Bolt", field(pipeline, "Close date"))).to_have_text("15 Dec")
    edit(page, cell(page, "Cargo", "assignee"))
    page.get_by_role("option", name="Ada Lovelace").click()
    page.keyboard.press("Control+Enter")
    expect(cell(page, "Cargo", "assignee").get_by_role("img", name="Ada Lovelace")).to_be_visible()
    expect(page.get_by_text("Changed Assigned to")).to_be_visible()
    edit(page, cell(page, "Cargo", "stage"))
    page.get_by_role("option", name="Lost").click()
    expect(page.get_by_role("button", name="Lost 1")).to_be_visible()
    expect(page.get_by_text("Moved to Lost")).to_be_visible()
    saved = boxes(world, pipeline)
    assert saved["Acme"]["fields"][size] == 1000
    assert saved["Bolt"]["fields"][field(pipeline, "Signed")] is True
    assert len(saved["Bolt"]["fields"][labels]) == 2
    assert saved["Cargo"]["stageKey"] == "5003"
    assert {each["userKey"] for each in saved["Cargo"]["assignedToSharingEntries"]} == {
        world.ada.user_key,
        world.bo.user_key,
    }


def test_a_change_refused_by_the_server_is_reverted_and_explained(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    edit(page, cell(page, "Acme", "name"))
    page.keyboard.type("x" * 1200)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="1,000 characters")).to_be_visible()
    expect(row(page, "Acme")).to_have_count(1)


def test_the_table_works_by_keyboard(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    expect(row(page, "Acme")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_text("2 boxes selected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("2 boxes selected")).to_be_hidden()
    page.keyboard.press("e")
    page.keyboard.type("Bolt & Sons")
    page.keyboard.press("Enter")
    expect(row(page, "Bolt & Sons")).to_have_count(1)
    for _ in range(2):  # Enter went down
        page.keyboard.press("ArrowUp")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    expect(cell(page, "Acme", field(pipeline, "Size"))).to_have_text("")
    expect(page.get_by_text("Cleared Size of 1 box")).to_be_visible()
    assert field(pipeline, "Size") not in boxes(world, pipeline)["Acme"]["fields"]


def test_many_boxes_are_changed_and_undone_together(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    row(page, "Acme").get_by_role("checkbox", name="Select Acme").click()
    row(page, "Cargo").get_by_role("checkbox", name="Select Cargo").click(modifiers=["Shift"])
    expect(page.get_by_text("3 boxes selected")).to_be_visible()
    page.get_by_role("toolbar").get_by_role("button", name="Stage").click()
    page.get_by_role("button", name="Won").last.click()
    expect(page.get_by_role("button", name="Won 4")).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("button", name="Lead 3")).to_be_visible()
    page.get_by_role("toolbar").get_by_role("button", name="Set a field").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Field", exact=True).first.click()
    page.get_by_role("option", name="Size").click()
    dialog.get_by_role("button", name="Choose a value").click()
    page.keyboard.type("77")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Σ 231")).to_be_visible()
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Lead 0")).to_be_visible()
    assert set(boxes(world, pipeline)) == {"Delta"}
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("button", name="Lead 3")).to_be_visible()
    assert set(boxes(world, pipeline)) == {"Acme", "Bolt", "Cargo", "Delta"}


def test_a_box_is_added_at_the_end_of_a_group(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    page.get_by_role("button", name="Add a box").nth(1).click()
    page.get_by_label("Name of the new box").fill("Echo")
    page.keyboard.press("Enter")
    expect(row(page, "Echo")).to_have_count(1)
    assert boxes(world, pipeline)["Echo"]["stageKey"] == "5002"


AT_ONCE = """([option, input]) => {
    option.click();
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, "2000");
    input.dispatchEvent(new Event("input", { bubbles: true }));
}"""
"""Chooses an option and types a value before the page can draw anything, as on a slow machine."""


def test_a_value_that_is_typed_before_its_test_is_drawn_is_kept(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_role("combobox", name="Column").click()
    page.get_by_role("option", name="Size").click()
    for name, op in (("≥", "gte"), ("<", "lt")):
        page.get_by_role("textbox", name="Value").fill("1")
        page.get_by_role("combobox", name="Test").click()
        option = page.get_by_role("option", name=name, exact=True)
        page.evaluate(AT_ONCE, [option.element_handle(), page.get_by_role("textbox", name="Value").element_handle()])
        expect(page).to_have_url(re.compile(f"{op}.*2000"))
        expect(page.get_by_role("combobox", name="Test")).to_have_value(name)
        expect(page.get_by_role("textbox", name="Value")).to_have_value("2000")


def test_rows_are_sorted_filtered_and_grouped_and_the_url_shows_it(world: World, window: Any) -> None:
    pipeline = filled(world)
    size = field(pipeline, "Size")
    page = opened(world, window, pipeline)
    page.get_by_role("columnheader", name="Size").get_by_role("button", name="Size", exact=True).click()
    page.get_by_role("columnheader", name="Size").get_by_role("button", name="Size", exact=True).click()
    expect(page).to_have_url(re.compile(f"sort=-{size}"))
    expect(page.locator('[role="row"] [data-column="name"] [class*="value"]').first).to_have_text("Cargo")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_role("combobox", name="Column").click()
    page.get_by_role("option", name="Size").click()
    page.get_by_role("combobox", name="Test").click()
    page.get_by_role("option", name="≥").click()
    page.get_by_role("textbox", name="Value").fill("2000")
    expect(page.get_by_text("2 boxes", exact=True)).to_be_visible()
    assert json.loads(page.evaluate("new URLSearchParams(location.search).get('filter')")) == {
        "and": [{"field": size, "op": "gte", "value": "2000"}]
    }
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Group", exact=False).first.click()
    page.get_by_role("menuitem", name="Assigned to").click()
    expect(page.get_by_role("button", name="Bo Diddley")).to_be_visible()
    page.reload()
    expect(page.get_by_text("2 boxes", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Bo Diddley")).to_be_visible()


def test_hidden_widened_moved_and_frozen_columns_are_saved(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    heads = page.get_by_role("columnheader")
    expect(heads.filter(has_text="Labels")).to_have_count(1)
    page.get_by_role("button", name="Labels: column menu").click()
    page.get_by_role("menuitem", name="Hide").click()
    expect(heads.filter(has_text="Labels")).to_have_count(0)
    page.get_by_role("button", name="Size: column menu").click()
    page.get_by_role("menuitem", name="Freeze at the left").click()
    expect(heads.nth(2)).to_have_text("Size")
    edge, before = page.locator('[data-resizer="Size"]').bounding_box(), heads.nth(2).bounding_box()
    assert edge is not None
    assert before is not None
    width = f"{before['width'] + 80:.0f}px"
    page.mouse.move(edge["x"] + 4, edge["y"] + 10)
    page.mouse.down()
    page.mouse.move(edge["x"] + 84, edge["y"] + 10, steps=4)
    page.mouse.up()
    expect(heads.nth(2)).to_have_css("width", width)
    heads.filter(has_text="Source").drag_to(
        page.locator('[role="columnheader"][data-column="stage"]'), target_position={"x": 5, "y": 10}
    )
    expect(heads.nth(3)).to_have_text("Source")
    page.reload()
    expect(heads.nth(2)).to_have_text("Size")
    expect(heads.nth(2)).to_have_css("width", width)
    expect(heads.nth(3)).to_have_text("Source")
    expect(heads.filter(has_text="Labels")).to_have_count(0)


def test_a_view_saves_the_table_settings_and_others_use_it(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline, f"?sort=-{field(pipeline, 'Size')}&group=")
    expect(page.locator('[role="row"] [data-column="name"] [class*="value"]').first).to_have_text("Cargo")
    page.get_by_role("button", name="Save as view").click()
    page.get_by_role("textbox", name="Name").fill("Big first")
    page.get_by_role("switch", name="Shared with everyone").click()
    expect(page.get_by_role("switch", name="Shared with everyone")).to_be_checked()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile("view=v-"))
    expect(page.get_by_role("button", name="Big first")).to_be_visible()
    other = window(world.bo).goto(f"/pipelines/{pipeline['key']}")
    other.get_by_role("button", name="All boxes").click()
    other.get_by_role("menuitem", name="Big first").click()
    expect(other.locator('[role="row"] [data-column="name"] [class*="value"]').first).to_have_text("Cargo")


def test_pasted_spreadsheet_rows_become_boxes(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    cell(page, "Delta", "name").click()
    text = 'Name\tSize\tSource\nFoxtrot\t1,500\tReferral\n"Golf, Inc."\t9\tunknown\n'
    paste(page, text)
    dialog = page.get_by_role("dialog", name="Paste 2 rows")
    expect(dialog).to_contain_text("cannot be such values (1): Source: unknown")
    dialog.get_by_role("button", name="Add 2 boxes").click()
    expect(row(page, "Golf, Inc.")).to_have_count(1)
    created = boxes(world, pipeline)
    assert created["Foxtrot"]["fields"][field(pipeline, "Size")] == 1500
    assert created["Foxtrot"]["stageKey"] == "5002"
    assert field(pipeline, "Source") not in created["Golf, Inc."]["fields"]


def paste(page: Page, text: str) -> None:
    page.get_by_role("grid").evaluate(
        """(grid, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            grid.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        text,
    )


def copied(page: Page) -> str:
    """Copy, and return the text on the clipboard."""
    text: str = page.get_by_role("grid").evaluate(
        """(grid) => {
            const data = new DataTransfer();
            grid.dispatchEvent(new ClipboardEvent("copy", {clipboardData: data, bubbles: true, cancelable: true}));
            return data.getData("text/plain");
        }"""
    )
    return text


def with_people(world: World) -> tuple[dict[str, Any], str, str]:
    """Create a pipeline with a contact field and an organization field; return it with both keys."""
    pipeline = world.pipeline(name="Deals")
    buyer = world.field(pipeline, "TEAM_CONTACT", "Buyer")["key"]
    firm = world.field(pipeline, "TEAM_ORGANIZATION", "Firm")["key"]
    http, team = world.ada.http, world.team_key
    ann = ok(
        http.post(
            f"/api/v2/teams/{team}/contacts",
            json={"givenName": "Ann", "familyName": "Lee", "emailAddresses": ["ann@lee.example"]},
        )
    )
    acme = ok(
        http.post(f"/api/v2/teams/{team}/organizations", json={"name": "Acme, Inc.", "domains": ["acme.example"]})
    )
    world.box(pipeline, name="One", fields={buyer: [ann["key"]], firm: [acme["key"]]})
    world.box(pipeline, name="Two")
    return ok(http.get(f"/api/v2/pipelines/{pipeline['key']}")), ann["key"], acme["key"]


def test_contacts_and_organizations_are_copied_and_pasted_by_name(world: World, window: Any) -> None:
    pipeline, ann, acme = with_people(world)
    buyer, firm = field(pipeline, "Buyer"), field(pipeline, "Firm")
    page = opened(world, window, pipeline)
    expect(cell(page, "One", buyer)).to_have_text("Ann Lee")
    expect(cell(page, "One", firm)).to_have_text("Acme, Inc.")
    cell(page, "One", firm).click(position={"x": 140, "y": 10})
    assert copied(page) == "Acme, Inc."
    cell(page, "Two", firm).click()
    paste(page, "Acme, Inc.")
    expect(cell(page, "Two", firm)).to_have_text("Acme, Inc.")
    cell(page, "Two", buyer).click()
    paste(page, "no such person")
    expect(page.get_by_role("alert").filter(has_text="Buyer: “no such person” is no such value")).to_be_visible()
    paste(page, "ANN@lee.example")
    expect(cell(page, "Two", buyer)).to_have_text("Ann Lee")
    expect(page.get_by_role("alert").filter(has_text="Changed Buyer")).to_be_visible()
    assert boxes(world, pipeline)["Two"]["fields"] == {buyer: [ann], firm: [acme]}
    row(page, "One").get_by_role("checkbox", name="Select One").click()
    expect(page.get_by_text("1 box selected")).to_be_visible()
    assert "\tAnn Lee\tAcme, Inc." in copied(page)
    paste(page, "Name\tBuyer\tFirm\nThree\tann lee\tacme.example\nFour\tBob\t\n")
    dialog = page.get_by_role("dialog", name="Paste 2 rows")
    expect(dialog).to_contain_text("cannot be such values (1): Buyer: Bob")
    dialog.get_by_role("button", name="Add 2 boxes").click()
    expect(row(page, "Four")).to_have_count(1)
    assert boxes(world, pipeline)["Three"]["fields"] == {buyer: [ann], firm: [acme]}


def test_a_missing_contact_or_organization_is_created_in_the_cell(world: World, window: Any) -> None:
    pipeline, ann, _ = with_people(world)
    buyer, firm = field(pipeline, "Buyer"), field(pipeline, "Firm")
    page = opened(world, window, pipeline)
    expect(cell(page, "One", buyer)).to_have_text("Ann Lee")
    cell(page, "One", buyer).click(position={"x": 140, "y": 10})
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Buyer")).to_be_focused()
    page.keyboard.type("Bob Ray <bob@ray.example>")
    expect(page.get_by_role("option", name="New contact “Bob Ray <bob@ray.example>”")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Made Bob Ray")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(cell(page, "One", buyer)).to_have_text("Ann Lee, Bob Ray")
    cell(page, "Two", firm).click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Firm")).to_be_focused()
    page.keyboard.type("acme")
    expect(page.get_by_role("option", name="Acme, Inc.")).to_be_visible()
    page.keyboard.type(" north")
    page.get_by_role("option", name="New organization “acme north”").click()
    expect(page.get_by_role("alert").filter(has_text="Made acme north")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(cell(page, "Two", firm)).to_have_text("acme north")
    expect(page.get_by_role("alert").filter(has_text="Changed Firm")).to_be_visible()
    created = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts"))["results"]
    bob = next(each for each in created if each["key"] != ann)
    assert (bob["givenName"], bob["familyName"], bob["emailAddresses"]) == ("Bob", "Ray", ["bob@ray.example"])
    assert boxes(world, pipeline)["One"]["fields"][buyer] == [ann, bob["key"]]


def test_changes_of_other_users_appear_without_reload(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    key = boxes(world, pipeline)["Acme"]["key"]
    ok(world.bo.http.post(f"/api/v1/boxes/{key}", json={"name": "Acme Corp", "stageKey": "5002"}))
    expect(row(page, "Acme Corp")).to_have_count(1)
    expect(page.get_by_role("button", name="Won 2")).to_be_visible()
    ok(world.bo.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "Hotel"}))
    expect(row(page, "Hotel")).to_have_count(1)


def test_the_table_looks_right(world: World, window: Any) -> None:
    pipeline = filled(world)
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto(f"/pipelines/{pipeline['key']}")
        expect(row(page, "Acme")).to_have_count(1)
        screen.look("table")


def test_boxes_that_break_a_rule_are_found(world: World, window: Any) -> None:
    pipeline = filled(world)
    must = {"field": field(pipeline, "Source"), "op": "isNotEmpty"}
    rule = {"name": "Source", "message": "Where is it from?", "mode": "WARN", "assertion": must}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/validators", json=rule))
    world.box(pipeline, name="Echo")
    broken = quote(json.dumps({"field": "violations", "op": "isNotEmpty"}))
    page = opened(world, window, pipeline, f"?columns=name,violations&filter={broken}")
    expect(cell(page, "Echo", "violations")).to_have_text("Where is it from?")
    expect(row(page, "Acme")).to_have_count(0)
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("textbox", name="Test").or_(page.get_by_role("combobox", name="Test")).last).to_have_value(
        "are some"
    )


def test_a_comment_started_on_a_row_is_written_in_its_box(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    expect(row(page, "Acme")).to_be_visible()
    cell(page, "Bolt", "name").click()
    page.keyboard.press("c")
    panel = page.get_by_role("complementary", name="Box")
    expect(panel.get_by_role("heading", name="Bolt", exact=True)).to_be_visible()
    expect(panel.get_by_role("textbox", name="Comment")).to_be_focused()
    page.keyboard.type("Called them")
    page.keyboard.press("Control+Enter")
    expect(panel.get_by_role("article", name="Comment by Ada Lovelace")).to_contain_text("Called them")
    panel.get_by_role("button", name="Close the box").click()
    expect(panel).to_have_count(0)
    cell(page, "Cargo", "name").click()
    page.keyboard.press("t")
    expect(panel.get_by_role("heading", name="Cargo", exact=True)).to_be_visible()
    expect(panel.get_by_role("textbox", name="Task", exact=True)).to_be_focused()
    assert "write=" not in page.url


def test_a_table_file_dropped_on_a_pipeline_is_imported(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    expect(row(page, "Acme")).to_be_visible()
    drop(page, "note.exe", "MZ")
    expect(page.get_by_text("A table that is dropped here is imported")).to_be_visible()
    drop(page, "deals.csv", "Name,Size\nEcho,40\n")
    expect(page.get_by_role("heading", name="Import", exact=True)).to_be_visible()
    expect(page.get_by_role("table", name="What becomes of the first rows")).to_contain_text("Echo")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    assert boxes(world, pipeline)["Echo"]["fields"] == {field(pipeline, "Size"): 40}


def drop(page: Page, name: str, content: str) -> None:
    """Drop a file from outside onto the table."""
    page.evaluate(
        """([name, content]) => {
            const data = new DataTransfer();
            data.items.add(new File([content], name));
            const target = document.querySelector("[role=grid]");
            for (const type of ["dragenter", "dragover", "drop"])
                target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [name, content],
    )
