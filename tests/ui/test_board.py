"""The board: moving cards by mouse, touch and keyboard, counts and sums, and live updates."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import Server, Store, World, ok
from tests.ui.conftest import LOOKS, NARROW, Window
from tests.ui.test_box import a_pipeline, fields, now_of, stage


def on_board(page: Page, pipeline: dict[str, Any], query: str = "") -> Page:
    page.goto(f"/pipelines/{pipeline['key']}/board{query}")
    expect(page.get_by_role("toolbar", name="Board")).to_be_visible()
    return page


def column(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def cards(page: Page, name: str) -> Locator:
    return column(page, name).get_by_role("listitem")


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem", name=name, exact=True)


def many(world: World, pipeline: dict[str, Any], count: int) -> None:
    for first in range(0, count, 500):
        operations = [
            {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes", "body": {"name": f"Box {at:04}"}}
            for at in range(first, min(first + 500, count))
        ]
        ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))


def test_a_card_is_dragged_to_another_column_and_back_by_undo(world: World, window) -> None:
    pipeline = a_pipeline(world)
    value = fields(pipeline)["Value"]
    box = world.box(pipeline, name="Acme", fields={value: 1000})
    world.box(pipeline, name="Globex", fields={value: 250})
    page = on_board(window(world.ada).page, pipeline)
    expect(column(page, "Lead").get_by_role("heading")).to_contain_text("Lead2")
    expect(column(page, "Lead")).to_contain_text("Value 1,250")
    card(page, "Acme").drag_to(column(page, "Offer"))
    expect(cards(page, "Offer")).to_have_text(re.compile("Acme"))
    expect(column(page, "Offer")).to_contain_text("Value 1,000")
    expect(column(page, "Lead")).to_contain_text("Value 250")
    expect(column(page, "Lead").get_by_role("heading")).to_contain_text("Lead1")
    expect(page.get_by_text("Acme moved to Offer").first).to_be_visible()
    assert now_of(world, box)["stageKey"] == stage(pipeline, "Offer")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(cards(page, "Lead")).to_have_count(2)
    assert now_of(world, box)["stageKey"] == stage(pipeline, "Lead")


class Finger:
    """A finger on the screen of a phone."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cdp = page.context.new_cdp_session(page)

    def down(self, target: Locator, x: float = 60, y: float = 12) -> None:
        box = target.bounding_box()
        assert box is not None
        self.x, self.y = box["x"] + x, box["y"] + y
        self._touch("touchStart", self.x, self.y)

    def move(self, x: float, y: float) -> None:
        for at in (0.5, 1.0):
            self._touch("touchMove", self.x + (x - self.x) * at, self.y + (y - self.y) * at)
        self.x, self.y = x, y

    def up(self) -> None:
        self.cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def _touch(self, kind: str, x: float, y: float) -> None:
        self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})


def test_a_card_is_moved_by_touch_and_hold(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline, name="Acme")
    for name in ("Globex", "Initech"):
        world.box(pipeline, name=name)
    page = on_board(window(world.ada, size=NARROW, touch=True).page, pipeline)
    expect(cards(page, "Lead")).to_have_text([re.compile("Acme"), re.compile("Globex"), re.compile("Initech")])
    lifted, finger = page.locator("[data-lifted]"), Finger(page)
    finger.down(card(page, "Acme"))
    expect(lifted).to_have_count(1)
    below = card(page, "Globex").bounding_box()
    assert below is not None
    finger.move(below["x"] + 60, below["y"] + below["height"] - 6)
    expect(card(page, "Globex")).to_have_attribute("data-aim", "bottom")
    finger.up()
    expect(lifted).to_have_count(0)
    expect(cards(page, "Lead")).to_have_text([re.compile("Globex"), re.compile("Acme"), re.compile("Initech")])
    # At the edge of the screen the next column scrolls into view.
    finger.down(card(page, "Acme"))
    expect(lifted).to_have_count(1)
    finger.move(380, 400)
    expect(column(page, "Talks")).to_have_attribute("data-aim", "lane")
    finger.up()
    expect(cards(page, "Talks")).to_have_text(re.compile("Acme"))
    expect(page.get_by_text("Acme moved to Talks").first).to_be_visible()
    assert now_of(world, box)["stageKey"] == stage(pipeline, "Talks")
    assert "box=" not in page.url


def test_a_swipe_scrolls_and_a_menu_also_moves_a_card(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline, name="Acme")
    page = on_board(window(world.ada, size=NARROW, touch=True).page, pipeline)
    expect(card(page, "Acme")).to_be_visible()
    finger = Finger(page)
    finger.down(card(page, "Acme"))
    finger.move(finger.x, finger.y + 120)
    finger.up()
    card(page, "Acme").get_by_role("button", name="More about Acme").tap()
    expect(page.locator("[data-lifted]")).to_have_count(0)
    page.get_by_role("menuitem", name="Offer").tap()
    expect(page.get_by_text("Acme moved to Offer").first).to_be_visible()
    assert now_of(world, box)["stageKey"] == stage(pipeline, "Offer")
    # A tap opens the box.
    column(page, "Offer").scroll_into_view_if_needed()
    card(page, "Acme").tap()
    expect(page).to_have_url(re.compile(f"box={box['key']}"))


def in_order(*names: str) -> list[re.Pattern[str]]:
    return [re.compile(name) for name in names]


def test_card_positions_and_golden_marks_are_shared(world: World, window) -> None:
    pipeline = a_pipeline(world)
    for name in ("One", "Two", "Three"):
        world.box(pipeline, name=name)
    page, other = on_board(window(world.ada).page, pipeline), on_board(window(world.bo).page, pipeline)
    expect(cards(page, "Lead")).to_have_text(in_order("One", "Two", "Three"))
    expect(cards(other, "Lead")).to_have_text(in_order("One", "Two", "Three"))
    card(page, "Two").drag_to(card(page, "One"), target_position={"x": 60, "y": 4})
    expect(cards(page, "Lead")).to_have_text(in_order("Two", "One", "Three"))
    expect(cards(other, "Lead")).to_have_text(in_order("Two", "One", "Three"))
    card(other, "Three").hover()
    card(other, "Three").get_by_role("button", name="Mark as golden").click()
    expect(cards(other, "Lead")).to_have_text(in_order("Three", "Two", "One"))
    expect(cards(page, "Lead")).to_have_text(in_order("Three", "Two", "One"))
    expect(card(page, "Three").get_by_role("button", name="Take the golden mark off")).to_be_attached()
    card(page, "One").drag_to(column(page, "Talks"))
    expect(cards(other, "Talks")).to_have_text(in_order("One"))
    page.reload()
    expect(cards(page, "Lead")).to_have_text(in_order("Three", "Two"))


def test_a_viewer_sees_golden_marks_and_cannot_set_them(world: World, window) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__")
    golden = world.box(pipeline, name="Two")
    world.box(pipeline, name="One")
    ok(world.ada.http.post(f"/api/v2/boxes/{golden['key']}/place", json={"golden": True}))
    page = on_board(window(world.bo).page, pipeline)
    expect(cards(page, "Lead")).to_have_text(in_order("Two", "One"))
    expect(card(page, "Two").get_by_label("Golden", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Mark as golden")).to_have_count(0)
    page.keyboard.press("b")
    expect(card(page, "Two")).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("Shift+ArrowDown")
    expect(cards(page, "Lead")).to_have_text(in_order("Two", "One"))


def test_cards_cannot_be_positioned_in_a_chosen_sort_order(world: World, window) -> None:
    pipeline = a_pipeline(world)
    for name in ("One", "Two"):
        world.box(pipeline, name=name)
    page = on_board(window(world.ada).page, pipeline, "?sort=-name")
    expect(cards(page, "Lead")).to_have_text(in_order("Two", "One"))
    page.keyboard.press("b")
    expect(card(page, "Two")).to_be_focused()
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_text("an order that was chosen")).to_be_visible()
    expect(cards(page, "Lead")).to_have_text(in_order("Two", "One"))


def test_a_board_is_filtered_and_saved_as_a_view(world: World, window) -> None:
    pipeline = a_pipeline(world)
    value = fields(pipeline)["Value"]
    for name, amount in (("Small", 100), ("Big", 5000), ("Huge", 90_000)):
        world.box(pipeline, name=name, fields={value: amount})
    page = on_board(window(world.ada).page, pipeline)
    expect(cards(page, "Lead")).to_have_count(3)
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("button", name="Add a condition").click()
    choose_here(page, "Column", "Value")
    choose_here(page, "Test", ">")
    page.get_by_role("textbox", name="Value", exact=True).fill("1000")
    expect(cards(page, "Lead")).to_have_count(2)
    expect(page.get_by_role("toolbar", name="Board").get_by_role("status")).to_have_text("2 boxes")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save as view").click()
    dialog = page.get_by_role("dialog", name="Save as a new view")
    dialog.get_by_role("textbox", name="Name").fill("Big ones")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Big ones")).to_be_visible()
    expect(page).to_have_url(re.compile(r"board\?view=[^&]+$"))
    expect(cards(page, "Lead")).to_have_count(2)
    page.reload()
    expect(cards(page, "Lead")).to_have_count(2)
    tabs = page.get_by_role("navigation", name="Views of the pipeline")
    tabs.get_by_role("link", name="Table").click()
    expect(page.get_by_role("status").filter(has_text="2 boxes")).to_be_visible()
    expect(page.get_by_role("button", name="Big ones")).to_be_visible()
    tabs.get_by_role("link", name="Board").click()
    expect(cards(page, "Lead")).to_have_count(2)
    page.get_by_role("button", name="Big ones").click()
    page.get_by_role("menuitem", name="All boxes").click()
    expect(cards(page, "Lead")).to_have_count(3)
    (view,) = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/views"))["results"]
    assert view["filter"] == {"and": [{"field": value, "op": "gt", "value": "1000"}]}


def choose_here(page: Page, name: str, option: str) -> None:
    """Choose an option in the last line of the open filter."""
    page.get_by_role("textbox", name=name, exact=True).or_(
        page.get_by_role("combobox", name=name, exact=True)
    ).last.click()
    page.get_by_role("option", name=option, exact=True).click()


def test_the_board_by_keyboard_alone(world: World, window) -> None:
    pipeline = a_pipeline(world)
    first = world.box(pipeline, name="First")
    world.box(pipeline, name="Second")
    page = on_board(window(world.ada).page, pipeline)
    expect(cards(page, "Lead")).to_have_count(2)
    page.keyboard.press("b")
    expect(card(page, "First")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(card(page, "Second")).to_be_focused()
    page.keyboard.press("Shift+ArrowUp")
    expect(cards(page, "Lead")).to_have_text([re.compile("Second"), re.compile("First")])
    page.keyboard.press("j")
    expect(card(page, "First")).to_be_focused()
    page.keyboard.press("Shift+ArrowRight")
    expect(cards(page, "Talks")).to_have_text(re.compile("First"))
    expect(card(page, "First")).to_be_focused()
    expect(page.get_by_text("First moved to Talks").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Box").get_by_role("heading", name="First")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Box")).to_be_hidden()
    page.keyboard.press("a")
    page.keyboard.type("Third")
    page.keyboard.press("Enter")
    expect(card(page, "Third")).to_be_visible()
    assert now_of(world, first)["stageKey"] == stage(pipeline, "Talks")


def test_a_card_is_moved_by_its_menu_also_on_touch_screens(world: World, window) -> None:
    pipeline = a_pipeline(world)
    world.box(pipeline, name="Acme")
    page = on_board(window(world.ada, size=(390, 844)).page, pipeline)
    card(page, "Acme").hover()
    card(page, "Acme").get_by_role("button", name="More about Acme").click()
    page.get_by_role("menuitem", name="Won").click()
    expect(cards(page, "Won")).to_have_text(re.compile("Acme"))


def test_a_board_by_a_dropdown_field(world: World, window) -> None:
    pipeline = a_pipeline(world)
    source = fields(pipeline)["Source"]
    box = world.box(pipeline, name="Acme")
    page = on_board(window(world.ada).page, pipeline)
    page.get_by_role("combobox", name="Columns by").or_(page.get_by_role("textbox", name="Columns by")).click()
    page.get_by_role("option", name="By Source").click()
    expect(cards(page, "No value")).to_have_text(re.compile("Acme"))
    card(page, "Acme").drag_to(column(page, "Fair"))
    expect(cards(page, "Fair")).to_have_text(re.compile("Acme"))
    expect(page.get_by_text("Acme moved to Fair").first).to_be_visible()
    assert f"by={source}" in page.url
    (option,) = [each["key"] for each in pipeline["fields"][1]["dropdownSettings"]["items"] if each["name"] == "Fair"]
    assert now_of(world, box)["fields"][source] == option


def test_a_column_of_a_thousand_cards_draws_only_visible_cards(world: World, window) -> None:
    pipeline = world.pipeline()
    many(world, pipeline, 1000)
    page = on_board(window(world.ada).page, pipeline, "?sort=name")
    expect(column(page, "Lead").get_by_role("heading")).to_contain_text("1,000")
    expect(card(page, "Box 0000")).to_be_visible()
    assert cards(page, "Lead").count() < 40
    page.get_by_role("list", name="Cards in Lead").evaluate("list => { window.list = list }")
    page.wait_for_function(
        """() => {
            window.list.scrollTo(0, window.list.scrollHeight);
            return document.querySelector("[data-card][aria-label='Box 0999']") !== null;
        }"""
    )
    expect(card(page, "Box 0999")).to_be_visible()
    assert cards(page, "Lead").count() < 40


def test_changes_of_other_users_appear_on_the_board(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline, name="Acme")
    ada, bo = on_board(window(world.ada).page, pipeline), on_board(window(world.bo).page, pipeline)
    expect(card(ada, "Acme")).to_be_visible()
    card(bo, "Acme").drag_to(column(bo, "Won"))
    expect(cards(ada, "Won")).to_have_text(re.compile("Acme"))
    expect(column(ada, "Lead").get_by_role("heading")).to_contain_text("Lead0")
    column(bo, "Talks").get_by_role("button", name="Add a box").click()
    bo.keyboard.type("Globex")
    bo.keyboard.press("Enter")
    expect(cards(ada, "Talks")).to_have_text(re.compile("Globex"))
    ok(world.bo.http.delete(f"/api/v1/boxes/{box['key']}"))
    expect(card(ada, "Acme")).to_have_count(0)


def test_a_move_refused_by_a_rule_is_reverted(world: World, window) -> None:
    pipeline = a_pipeline(world)
    won = {"field": "stage", "op": "eq", "value": stage(pipeline, "Won")}
    rule = {"name": "Won", "message": "Not yet", "condition": won, "deny": True}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/validators", json=rule))
    world.box(pipeline, name="Acme")
    page = on_board(window(world.ada).page, pipeline)
    card(page, "Acme").drag_to(column(page, "Won"))
    expect(page.get_by_text("Not yet")).to_be_visible()
    expect(cards(page, "Lead")).to_have_text(re.compile("Acme"))
    expect(cards(page, "Won")).to_have_count(0)


def test_cards_show_the_chosen_fields_and_are_marked_stale(world: World, window) -> None:
    pipeline = a_pipeline(world)
    value = fields(pipeline)["Value"]
    world.box(pipeline, name="Acme", fields={value: 4711})
    world.server.engine.write(
        lambda db: db.run(
            "UPDATE boxes SET stage_changed_at = stage_changed_at - :ms WHERE pipeline_key = :key",
            ms=20 * 86_400_000,
            key=pipeline["key"],
        )
    )
    page = on_board(window(world.ada).page, pipeline)
    expect(card(page, "Acme")).to_contain_text("4,711")
    expect(card(page, "Acme").get_by_text("20 days")).to_have_attribute("title", re.compile("Stale"))
    page.get_by_role("button", name="Cards", exact=True).click()
    page.get_by_role("menuitemcheckbox", name="Value").click()
    expect(card(page, "Acme")).not_to_contain_text("4,711")
    with page.expect_response(lambda answer: answer.url.endswith("/preferences") and answer.request.method == "POST"):
        page.get_by_role("menuitemradio", name="30 days").click()
    page.reload()
    expect(card(page, "Acme").get_by_text("20 days")).to_have_attribute("title", re.compile("In this stage"))
    expect(card(page, "Acme")).not_to_contain_text("4,711")


@pytest.mark.slow
def test_the_board_looks_right(world: World, window) -> None:
    pipeline = a_pipeline(world)
    keys = fields(pipeline)
    options = [each["key"] for each in pipeline["fields"][1]["dropdownSettings"]["items"]]
    names = "Northwind Traders|Acme, second order|Globex|Initech|Umbrella|Soylent|Stark Industries|Hooli|Wayne|Wonka"
    stages = ["Lead", "Lead", "Lead", "Lead", "Talks", "Talks", "Talks", "Offer", "Offer", "Won"]
    for at, (name, where) in enumerate(zip(names.split("|"), stages, strict=True)):
        box = world.box(
            pipeline,
            name=name,
            stageKey=stage(pipeline, where),
            fields={
                keys["Value"]: 1000 * (at + 3) + 250,
                keys["Source"]: options[at % 2],
                keys["Close by"]: world.clock() + at * 86_400_000,
            },
            assignees=[{"userKey": each.user_key} for each in ([world.ada], [world.bo], [world.ada, world.bo])[at % 3]],
        )
        if at % 3 == 0:
            ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Call"}))
            ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": "Hello"}))
    world.server.engine.write(
        lambda db: db.run(
            "UPDATE boxes SET stage_changed_at = stage_changed_at - :ms WHERE pipeline_key = :key AND name > 'O'",
            ms=16 * 86_400_000,
            key=pipeline["key"],
        )
    )
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = on_board(screen.page, pipeline)
        expect(card(page, "Initech")).to_be_visible()
        screen.look("board")
        source = {"field": keys["Source"], "op": "in", "value": options[:1]}
        named = {"or": [{"field": "assignee", "op": "any", "value": ["me"]}, {"field": keys["Value"], "op": "gt"}]}
        on_board(page, pipeline, f"?filter={quote(json.dumps({'and': [source, named]}))}")
        page.get_by_role("button", name="Filter").click()
        expect(page.get_by_role("button", name="Add a group").first).to_be_visible()
        screen.look("board-filter")


@pytest.mark.slow
def test_the_board_waits_for_a_restarting_server(fresh_store: Store, chromium: Browser) -> None:
    server = Server(fresh_store.config(allow_private_webhooks=True)).start()
    world = World(server)
    port = int(server.url.rpartition(":")[2])
    pipeline = a_pipeline(world)
    box = world.box(pipeline, name="Acme")
    screen = Window(chromium, world).sign_in(world.ada)
    page = on_board(screen.page, pipeline, f"?box={box['key']}")
    page.get_by_role("textbox", name="Comment").fill("Written while it is away")
    server.stop(grace=1)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("What you see may be old")).to_be_visible()
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("Written while it is away")
    again = Server(fresh_store.config(allow_private_webhooks=True), port=port).start()
    expect(page.get_by_text("What you see may be old")).to_be_hidden()
    page.get_by_role("textbox", name="Comment").press("Control+Enter")
    expect(page.get_by_role("article", name="Comment by Ada Lovelace")).to_contain_text("Written while it is away")
    card(page, "Acme").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(cards(page, "Talks")).to_have_text(re.compile("Acme"))
    expect(page.get_by_text("Acme moved to Talks").first).to_be_visible()
    screen.close()
    world.close()
    again.stop(grace=1)
