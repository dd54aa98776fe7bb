"""What people do all day: find, edit by keyboard, take back, and be stopped before something is lost."""

import json
from urllib.parse import quote

from playwright.sync_api import expect

from tests.conftest import World, ok
from tests.ui.conftest import serious

TEXT = {"type": "TEXT_INPUT"}
AMOUNT = {"name": "Deal size", "type": "TEXT_INPUT", "displayFormat": {"type": "CURRENCY", "currency": "EUR"}}


def a_pipeline(world: World, *fields: dict) -> dict:
    pipeline = world.pipeline(name="Deals")
    for field in fields:
        ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/fields", json=field))
    return ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}"))


def cell(page, row: str, column: str):
    return page.get_by_role("row").filter(has_text=row).locator(f"[data-column='{column}']")


def test_enter_in_the_palette_opens_the_first_hit(world: World, window) -> None:
    pipeline = a_pipeline(world)
    world.box(pipeline, name="Zephyr Airlines")
    page = window(world.ada).goto("/")
    expect(page.get_by_role("link", name="Deals").first).to_be_visible()
    page.keyboard.press("Control+k")
    # At once, while the palette loads and before there are results.
    page.keyboard.type("zephyr")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Zephyr Airlines").first).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("move to")
    page.get_by_role("button", name="Move to Lost").click()
    stages = page.get_by_role("radiogroup", name="Stage").get_by_role("radio")
    expect(stages.last).to_have_attribute("aria-checked", "true")
    # Stages without time in them are not drawn as passed.
    expect(stages.nth(1)).not_to_have_attribute("data-passed", "true")


def test_each_kind_of_text_has_its_own_draft(world: World, window) -> None:
    box = world.box(a_pipeline(world), name="Zephyr Airlines")
    page = window(world.ada).goto(f"/boxes/{box['key']}")
    page.get_by_role("textbox", name="Comment").fill("half written")
    page.get_by_role("textbox", name="Comment").press("Escape")
    page.keyboard.press("t")
    expect(page.get_by_role("textbox", name="Task")).to_have_value("")
    page.keyboard.type("Send the contract")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("half written")


def test_typing_replaces_a_value_and_enter_goes_down(world: World, window) -> None:
    pipeline = a_pipeline(world, {"name": "Source", "type": "TEXT_INPUT"})
    field = pipeline["fields"][-1]["key"]
    boxes = [world.box(pipeline, name=name) for name in ("First", "Second")]
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}?group=&sort=name")
    cell(page, "First", field).click()
    page.keyboard.type("Fair")
    page.keyboard.press("Enter")
    expect(cell(page, "Second", field)).to_have_attribute("data-active", "true")
    page.keyboard.type("cold call")
    page.keyboard.press("Enter")
    expect(cell(page, "First", field)).to_have_text("Fair")
    expect(cell(page, "Second", field)).to_have_text("cold call")
    # Ctrl Z takes back the newest change, and Ctrl Shift Z restores it.
    page.wait_for_function("() => !document.querySelector('[data-editing]')")
    page.keyboard.press("Control+z")
    expect(cell(page, "Second", field)).to_have_text("")
    page.keyboard.press("Control+Shift+z")
    expect(cell(page, "Second", field)).to_have_text("cold call")
    stored = [ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"].get(field) for box in boxes]
    assert stored == ["Fair", "cold call"]


def test_what_cannot_be_read_stays_in_the_editor_with_the_reason(world: World, window) -> None:
    pipeline = a_pipeline(world, AMOUNT, {"name": "Close date", "type": "DATE"})
    amount, day = (field["key"] for field in pipeline["fields"][-2:])
    box = world.box(pipeline, name="First", fields={amount: 100})
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}")
    cell(page, "First", amount).click()
    page.keyboard.type("tbd")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“tbd” isn’t a number")).to_be_visible()
    page.get_by_role("textbox", name="Deal size").fill("€1,250")
    page.keyboard.press("Enter")
    expect(cell(page, "First", amount)).to_have_text("€1,250")
    cell(page, "First", day).click()
    page.keyboard.type("31/02/2027x")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“31/02/2027x” isn’t a date")).to_be_visible()
    # A click elsewhere closes the editor and says that nothing was saved.
    cell(page, "First", amount).click()
    expect(page.get_by_role("alert").filter(has_text="isn’t a date")).to_be_visible()
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"] == {amount: 1250}


def test_an_error_of_a_formula_is_shown_as_in_a_spreadsheet(world: World, window) -> None:
    formula = {"name": "Share", "type": "FORMULA", "defaultValue": "= 1 / 0"}
    pipeline = a_pipeline(world, formula)
    field = pipeline["fields"][-1]["key"]
    world.box(pipeline, name="First")
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}")
    expect(cell(page, "First", field)).to_have_text("#NUM!")


def test_a_bulk_edit_clears_nothing_unless_it_is_asked_to(world: World, window) -> None:
    pipeline = a_pipeline(world, AMOUNT)
    field = pipeline["fields"][-1]["key"]
    for name in ("First", "Second"):
        world.box(pipeline, name=name, fields={field: 100})
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}")
    page.get_by_role("checkbox", name="Select First").click()
    page.get_by_role("toolbar", name="Selected boxes").get_by_role("button", name="Set a field").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    # Keys act on the dialog, not on the table behind it.
    dialog.get_by_role("button", name="Cancel").focus()
    for key in "jxs":
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(dialog).to_contain_text("1 box")
    dialog.get_by_role("combobox", name="Field").or_(dialog.get_by_label("Field", exact=True)).first.click()
    page.get_by_role("option", name="Deal size").click()
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_role("checkbox", name="Clear Deal size").check()
    dialog.get_by_role("button", name="Save").click()
    expect(cell(page, "First", field)).to_have_text("")
    expect(cell(page, "Second", field)).to_have_text("€100")
    # The focus is on the table again: Esc ends the selection.
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("grid")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar", name="Selected boxes")).to_have_count(0)


def test_a_new_box_has_a_button_in_every_grouping(world: World, window) -> None:
    pipeline = a_pipeline(world)
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}?group=")
    page.get_by_role("button", name="New box").click()
    page.keyboard.type("Zephyr Airlines")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row").filter(has_text="Zephyr Airlines")).to_be_visible()


def test_the_highlighted_option_of_a_picker_can_be_read(world: World, window) -> None:
    pipeline = a_pipeline(
        world, {"name": "Topics", "type": "TAG", "tagSettings": {"tags": [{"tag": "Alpha"}, {"tag": "Beta"}]}}
    )
    field = pipeline["fields"][-1]["key"]
    box = world.box(pipeline, name="First")
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}")
    cell(page, "First", field).click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("option", name="Alpha")).to_be_visible()
    page.keyboard.press("ArrowDown")
    assert serious(page) == []
    page.get_by_role("option", name="Beta").click()
    # Esc keeps the ticks that are seen to be set.
    page.keyboard.press("Escape")
    expect(cell(page, "First", field)).to_have_text("Beta")
    assert len(ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"][field]) == 1


def test_the_first_steps_tick_only_what_was_done(world: World, window) -> None:
    page = window(world.ada).goto("/")
    step = page.get_by_role("region", name="First steps").get_by_role("listitem").filter(has_text="Call the API")
    expect(step).to_be_visible()
    expect(step).not_to_have_attribute("data-done", "true")


def test_comments_and_notes_show_links_and_markdown(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline, name="First", notes="See https://example.com/offer\n\n- one\n- two")
    message = "**Call back** <img src=x onerror=alert(1)> [here](javascript:alert(1))\nline two"
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": message}))
    page = window(world.ada).goto(f"/boxes/{box['key']}")
    link = page.get_by_role("link", name="https://example.com/offer")
    expect(link).to_have_attribute("href", "https://example.com/offer")
    expect(link).to_have_attribute("rel", "noreferrer noopener nofollow")
    expect(page.locator("li").get_by_text("two", exact=True)).to_be_visible()
    comment = page.get_by_role("article", name="Comment by Ada Lovelace")
    expect(comment.locator("strong", has_text="Call back")).to_be_visible()
    # HTML is text, and a link that is no address of the web leads nowhere.
    expect(comment).to_contain_text("<img src=x onerror=alert(1)>")
    expect(comment.locator("p img, p a[href]")).to_have_count(0)


def test_an_open_box_leads_to_the_one_before_and_after_it(world: World, window) -> None:
    pipeline = a_pipeline(world)
    for name in ("First", "Second", "Third"):
        world.box(pipeline, name=name)
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}?group=&sort=name")
    page.get_by_role("button", name="Open First").click()
    expect(page.get_by_role("heading", name="First").first).to_be_visible()
    page.get_by_role("button", name="Next box").click()
    expect(page.get_by_role("heading", name="Second").first).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="Third").first).to_be_visible()
    expect(page.get_by_role("button", name="Next box")).to_be_disabled()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name="Second").first).to_be_visible()


def dispatch(page, kind: str, text: str = "") -> str:
    """Copy or paste on the table, as the keys do; return the text on the clipboard."""
    return page.get_by_role("grid").evaluate(
        """(grid, [kind, text]) => {
            const data = new DataTransfer();
            if (text) data.setData("text/plain", text);
            grid.dispatchEvent(new ClipboardEvent(kind, {clipboardData: data, bubbles: true, cancelable: true}));
            return data.getData("text/plain");
        }""",
        [kind, text],
    )


def test_a_rectangle_of_cells_is_copied_pasted_filled_and_cleared(world: World, window) -> None:
    source = {"name": "Source", "type": "DROPDOWN", "dropdownSettings": {"items": [{"name": "Web"}, {"name": "Fair"}]}}
    pipeline = a_pipeline(world, AMOUNT, source, {"name": "Close date", "type": "DATE"}, {"name": "Note"} | TEXT)
    amount, source_key, day, note = (field["key"] for field in pipeline["fields"][-4:])
    web, fair = (item["key"] for item in pipeline["fields"][-3]["dropdownSettings"]["items"])
    first = {amount: 100, source_key: web, note: 'with "quotes"\nand a line'}
    keys = [world.box(pipeline, name=name, fields=first if name == "A1" else {})["key"] for name in ("A1", "B2", "C3")]

    def stored() -> list[dict]:
        return [ok(world.ada.http.get(f"/api/v1/boxes/{key}"))["fields"] for key in keys]

    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}?group=&sort=name")
    picked, said = page.locator("[data-picked]"), page.get_by_role("alert")
    cell(page, "A1", amount).click()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(picked).to_have_count(4)
    expect(page.get_by_role("status").filter(has_text="4 cells")).to_be_visible()
    assert dispatch(page, "copy") == "100\tWeb\n\t"
    # Fill down takes the first row of the rectangle.
    page.keyboard.press("Control+d")
    expect(cell(page, "B2", source_key)).to_have_text("Web")
    expect(page.get_by_role("status").filter(has_text="4 cells · Sum 200")).to_be_visible()
    expect(said.filter(has_text="Filled 2 columns of 1 box")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(cell(page, "B2", source_key)).to_have_text("")
    expect(said.filter(has_text="Undone: Filled 2 columns of 1 box")).to_be_visible()
    assert stored()[1] == {}
    # What is pasted over cells keeps its columns, in the notations of spreadsheets, and says what it could not read.
    cell(page, "B2", amount).click()
    dispatch(page, "paste", "9.999,50\tfair\t31.12.2026\t\nmany\tWeb\t\tplain\n1\t2\t3\t4")
    expect(cell(page, "C3", note)).to_have_text("plain")
    expect(said.filter(has_text="Not pasted: Deal size: “many”; 1 row")).to_be_visible()
    assert stored()[1:] == [
        {amount: 9999.5, source_key: fair, day: 1798675200000},
        {source_key: web, note: "plain"},
    ]
    # One value fills the selected cells; a drag of the mouse selects them.
    cell(page, "A1", note).hover()
    page.mouse.down()
    cell(page, "C3", note).hover()
    page.mouse.up()
    expect(picked).to_have_count(3)
    assert dispatch(page, "copy") == '"with ""quotes""\nand a line"\n\nplain'
    dispatch(page, "paste", "same")
    expect(cell(page, "C3", note)).to_have_text("same")
    page.keyboard.press("Delete")
    expect(cell(page, "C3", note)).to_have_text("")
    expect(said.filter(has_text="Cleared Note of 3 boxes")).to_be_visible()
    assert [fields.get(note) for fields in stored()] == [None, None, None]
    page.keyboard.press("Control+z")
    expect(cell(page, "C3", note)).to_have_text("same")
    # The handle of the active cell is dragged down.
    cell(page, "A1", day).click()
    page.keyboard.type("2027-01-15")
    page.keyboard.press("Enter")
    expect(cell(page, "B2", day)).to_have_attribute("data-active", "true")
    cell(page, "A1", day).click()
    cell(page, "A1", day).locator("[data-fill]").hover()
    page.mouse.down()
    cell(page, "C3", day).hover()
    page.mouse.up()
    expect(cell(page, "C3", day)).to_have_text("15 Jan 2027")
    expect(said.filter(has_text="Filled Close date of 2 boxes")).to_be_visible()
    assert len({fields[day] for fields in stored()}) == 1
    assert serious(page) == []


def test_pasted_columns_keep_their_places(world: World, window) -> None:
    pipeline = a_pipeline(world, AMOUNT, {"name": "Close date", "type": "DATE"})
    amount, day = (field["key"] for field in pipeline["fields"][-2:])
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}?group=")
    page.get_by_role("button", name="New box").click()
    page.keyboard.press("Escape")
    dispatch(page, "paste", "Zephyr\tWON\tAda\t9.999,50\t31.12.2026\nBolt\tWon\tZoe\t1\t")
    dialog = page.get_by_role("dialog", name="Paste 2 rows")
    expect(dialog).to_contain_text("Assigned to: Zoe")
    dialog.get_by_role("button", name="Add 2 boxes").click()
    expect(page.get_by_role("row").filter(has_text="Zephyr")).to_be_visible()
    found = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes"))["results"]
    zephyr = next(box for box in found if box["name"] == "Zephyr")
    assert zephyr["fields"] == {amount: 9999.5, day: 1798675200000}
    assert zephyr["stageKey"] == pipeline["stageOrder"][1]
    assert [person["email"] for person in zephyr["assignedToSharingEntries"]] == [world.ada.email]


# Elements of the table whose text does not fit.
CUT = """() => [...document.querySelectorAll("[role=columnheader] .cut, [data-column] [class*=value]")]
    .filter((each) => each.scrollWidth > each.clientWidth)
    .map((each) => each.textContent)"""


def test_a_field_is_added_changed_and_filtered_from_its_column_head(world: World, window) -> None:
    pipeline = a_pipeline(world, {"name": "Decision maker's budget"} | TEXT, AMOUNT)
    budget, amount = (field["key"] for field in pipeline["fields"][-2:])
    for name, size in (("Zephyr Telecom, support contract", 1_250_000), ("Bolt", 5)):
        world.box(pipeline, name=name, fields={amount: size, budget: "to be agreed on"})
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}?group=&sort=name")
    expect(cell(page, "Zephyr", amount)).to_have_text("€1,250,000")
    # Columns are as wide as their names and values.
    assert page.evaluate(CUT) == []
    page.get_by_role("button", name="New field").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Region")
    dialog.get_by_role("button", name="Create").click()
    head = page.get_by_role("columnheader")
    expect(head.filter(has_text="Region")).to_be_visible()
    page.get_by_role("button", name="Region: column menu").click()
    page.get_by_role("menuitem", name="Edit field").click()
    expect(dialog.get_by_label("Name")).to_have_value("Region")
    dialog.get_by_label("Name").fill("Territory")
    dialog.get_by_role("button", name="Save").click()
    expect(head.filter(has_text="Territory")).to_be_visible()
    page.get_by_role("button", name="Deal size: column menu").click()
    page.get_by_role("menuitem", name="Filter by this column").click()
    expect(page.get_by_role("combobox", name="Column")).to_have_value("Deal size")
    assert serious(page) == []


def test_lanes_have_one_width_and_those_that_the_filter_leaves_out_are_not_drawn(world: World, window) -> None:
    pipeline = a_pipeline(world, AMOUNT)
    amount = pipeline["fields"][-1]["key"]
    lead, won, _ = pipeline["stageOrder"]
    world.box(pipeline, name="First", fields={amount: 123_456_789.5})
    world.box(pipeline, name="Second", stageKey=won)
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/board")
    lanes = page.locator("[data-lane]")
    expect(lanes).to_have_count(3)
    assert len({each["width"] for each in lanes.evaluate_all("all => all.map((e) => e.getBoundingClientRect())")}) == 1
    only = json.dumps({"and": [{"field": "stage", "op": "in", "value": [lead]}]})
    page.goto(f"/pipelines/{pipeline['key']}/board?filter={quote(only)}")
    expect(lanes).to_have_count(1)
    page.get_by_role("button", name="More about First").click()
    page.get_by_role("menuitem", name="Won (hidden by the filter)").click()
    expect(page.get_by_role("alert").filter(has_text="First moved to Won, which the filter hides")).to_be_visible()
    page.get_by_role("button", name="2 columns are hidden by the filter").click()
    expect(lanes).to_have_count(3)
    expect(page.locator(f"[data-lane='{won}']").get_by_role("listitem", name="First")).to_be_visible()
    # A stage is won or lost whatever it is called.
    page.get_by_role("button", name="Settings of Lead").click()
    page.get_by_role("menuitem", name="Won", exact=True).click()
    expect(page.locator(f"[data-lane='{lead}']").get_by_role("img", name="Won")).to_be_visible()
    assert ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}"))["stages"][lead]["kind"] == "WON"
    page.get_by_role("alert").filter(has_text="Boxes in Lead count as won").get_by_role("button", name="Undo").click()
    expect(page.locator(f"[data-lane='{lead}']").get_by_role("img", name="Won")).to_have_count(0)
    assert serious(page) == []
