"""A box in its panel and on its page: fields, comments, tasks, meetings and files."""

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import World, ok
from tests.ui.conftest import LOOKS
from tests.ui.test_sign_in import PASSWORD, link

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGNgSFuGB41KYycNAB1qkrYcAjBaAAAAAElFTkSuQmCC"
)
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 40>>stream
BT /F1 24 Tf 40 100 Td (An offer) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""
DAY = 86_400_000


def a_pipeline(world: World) -> dict[str, Any]:
    """Create the pipeline Deals with a number, a dropdown and a date field."""
    pipeline = world.pipeline(stages=["Lead", "Talks", "Offer", "Won", "Lost"])
    world.field(pipeline, "TEXT_INPUT", "Value")
    world.field(pipeline, "DROPDOWN", "Source", dropdownSettings={"items": [{"name": "Fair"}, {"name": "Web"}]})
    world.field(pipeline, "DATE", "Close by")
    return ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))


def fields(pipeline: dict[str, Any]) -> dict[str, str]:
    return {field["name"]: field["key"] for field in pipeline["fields"]}


def stage(pipeline: dict[str, Any], name: str) -> str:
    return next(key for key, stage in pipeline["stages"].items() if stage["name"] == name)


def now_of(world: World, box: dict[str, Any]) -> dict[str, Any]:
    return ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))


def in_panel(page: Page, pipeline: dict[str, Any], box: dict[str, Any]) -> Page:
    page.goto(f"/pipelines/{pipeline['key']}?box={box['key']}")
    expect(page.get_by_role("heading", name=box["name"], exact=True)).to_be_visible()
    return page


def upload(world: World, box: dict[str, Any], name: str, content: bytes) -> None:
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/files", files={"file": (name, content)}))


def test_a_field_is_edited_in_place_and_the_edit_is_undone(world: World, window) -> None:
    pipeline = a_pipeline(world)
    value = fields(pipeline)["Value"]
    box = world.box(pipeline, fields={value: 100})
    page = in_panel(window(world.ada).page, pipeline, box)
    page.get_by_role("button", name="Edit Value").click()
    page.get_by_role("textbox", name="Value").fill("250")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Value changed")).to_be_visible()
    assert now_of(world, box)["fields"][value] == 250
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_label("Fields").get_by_text("100")).to_be_visible()
    assert now_of(world, box)["fields"][value] == 100


def test_a_box_is_moved_by_its_stage_steps_which_show_the_time_in_stage(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline)
    world.clock.advance(days=3)
    page = in_panel(window(world.ada).page, pipeline, box)
    steps = page.get_by_role("radiogroup", name="Stage")
    steps.get_by_role("radio", name="Offer").click()
    expect(steps.get_by_role("radio", name="Offer")).to_be_checked()
    expect(steps.get_by_role("radio", name="Lead")).to_contain_text("3 days")
    expect(page.get_by_text("Moved to Offer")).to_be_visible()
    assert now_of(world, box)["stageKey"] == stage(pipeline, "Offer")


def test_a_comment_mentions_a_user_and_gets_a_reply_and_a_reaction(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline)
    page = in_panel(window(world.ada).page, pipeline, box)
    comment_field = page.get_by_role("textbox", name="Comment")
    comment_field.click()
    page.keyboard.type("Ask @bo")
    expect(page.get_by_role("option", name="Bo Diddley")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("about it")
    page.keyboard.press("Control+Enter")
    comment = page.get_by_role("article", name="Comment by Ada Lovelace").first
    expect(comment).to_contain_text("Ask @Bo Diddley about it")
    expect(comment_field).to_have_value("")
    (stored,) = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/comments"))
    assert [each["userKey"] for each in stored["mentions"]] == [world.bo.user_key]
    comment.hover()
    comment.get_by_role("button", name="React").click()
    page.get_by_role("button", name="🎉").click()
    expect(comment.get_by_role("button", name="🎉 1")).to_have_attribute("aria-pressed", "true")
    comment.get_by_role("button", name="Reply").click()
    page.get_by_role("textbox", name="Reply").fill("Done")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("article", name="Comment by Ada Lovelace")).to_have_count(2)
    answers = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/comments"))
    assert [each.get("parent") for each in answers] == [None, stored["key"]]


def test_a_task_is_written_with_a_date_in_words_and_done(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline)
    page = in_panel(window(world.ada).page, pipeline, box)
    page.keyboard.press("t")
    expect(page.get_by_role("textbox", name="Task")).to_be_focused()
    page.keyboard.type("Call them back")
    page.get_by_role("textbox", name="Due").fill("tomorrow")
    page.get_by_role("button", name="Add the task").click()
    task = page.get_by_role("listitem", name="Call them back")
    expect(task).to_contain_text("tomorrow")
    task.get_by_role("checkbox").click()
    expect(task.get_by_role("checkbox")).to_be_checked()
    expect(page.get_by_text("Task done")).to_be_visible()
    (stored,) = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/tasks"))["results"]
    assert stored["status"] == "DONE"


def test_a_call_is_logged_and_the_timeline_is_filtered(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline)
    page = in_panel(window(world.ada).page, pipeline, box)
    page.get_by_role("group", name="What to write").or_(
        page.get_by_role("radiogroup", name="What to write")
    ).get_by_text("Call").click()
    page.get_by_role("textbox", name="Call").fill("They want ten")
    page.get_by_role("textbox", name="Minutes").fill("12")
    page.get_by_role("button", name="Log the call").click()
    expect(page.get_by_role("article", name="Call")).to_contain_text("12 min")
    timeline = page.get_by_role("region", name="Timeline")
    expect(timeline).to_contain_text("created")
    timeline.get_by_text("Calls", exact=True).click()
    expect(timeline).not_to_contain_text("created")
    expect(timeline.get_by_role("article", name="Call")).to_be_visible()
    assert "show=CALL_LOGS" in page.url


def test_files_are_uploaded_dropped_and_previewed(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline)
    screen = window(world.ada)
    page = in_panel(screen.page, pipeline, box)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add a file").click()
    chooser.value.set_files([{"name": "logo.png", "mimeType": "image/png", "buffer": PNG}])
    listed = page.get_by_role("list", name="Files")
    expect(
        listed.get_by_role("button", name="Download").or_(listed.get_by_role("link", name="Download"))
    ).to_have_count(1)
    drop(page, "offer.pdf", PDF, "application/pdf")
    expect(listed.get_by_role("listitem", name="offer.pdf")).to_contain_text("just now")
    listed.get_by_role("button", name="logo.png", exact=True).click()
    picture = page.get_by_role("dialog").get_by_role("img", name="logo.png")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == 10
    page.keyboard.press("Escape")
    listed.get_by_role("button", name="offer.pdf", exact=True).click()
    expect(page.get_by_role("dialog").locator("iframe")).to_have_attribute("src", re.compile("^blob:"))
    screen.picture("box-pdf")


def drop(page: Page, name: str, content: bytes, kind: str) -> None:
    """Drop a file from outside onto the box."""
    page.evaluate(
        """async ([name, content, kind]) => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
            data.items.add(new File([bytes], name, { type: kind }));
            const target = document.querySelector("aside[aria-label=Box] h1");
            const frame = () => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)));
            for (const type of ["dragenter", "dragover", "drop"]) {
                target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
                await frame();
            }
        }""",
        [name, base64.b64encode(content).decode(), kind],
    )


def test_any_field_can_be_restored_from_the_history(world: World, window) -> None:
    pipeline = a_pipeline(world)
    value = fields(pipeline)["Value"]
    box = world.box(pipeline, fields={value: 100})
    ok(world.bo.http.post(f"/api/v1/boxes/{box['key']}", json={"fields": {value: 900}, "name": "Acme Inc"}))
    page = window(world.ada).goto(f"/boxes/{box['key']}?tab=history")
    history = page.get_by_role("region", name="History")
    history.get_by_role("button", name="Set back: Value").click()
    expect(page.get_by_label("Fields").get_by_text("100")).to_be_visible()
    expect(page.get_by_role("heading", name="Acme Inc", exact=True)).to_be_visible()
    expect(page.get_by_text("Value set back")).to_be_visible()
    now = now_of(world, box)
    assert (now["fields"][value], now["name"]) == (100, "Acme Inc")
    renamed = history.get_by_role("article", name="renamed")
    renamed.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_role("heading", name="Acme", exact=True)).to_be_visible()


def test_rule_messages_are_shown_and_refused_changes_are_reverted(world: World, window) -> None:
    pipeline = a_pipeline(world)
    value = fields(pipeline)["Value"]
    rules = f"/api/v2/pipelines/{pipeline['key']}/validators"
    won = {"field": "stage", "op": "eq", "value": stage(pipeline, "Won")}
    filled = {"field": value, "op": "isNotEmpty"}
    says = "A won deal needs a value"
    ok(world.ada.http.post(rules, json={"name": "Won", "message": says, "condition": won, "assertion": filled}))
    ok(world.ada.http.post(rules, json={"name": "Source", "mode": "WARN", "assertion": filled, "message": "No value"}))
    box = world.box(pipeline)
    page = in_panel(window(world.ada).page, pipeline, box)
    expect(page.get_by_role("alert").filter(has_text="No value")).to_be_visible()
    steps = page.get_by_role("radiogroup", name="Stage")
    steps.get_by_role("radio", name="Won").click()
    expect(page.get_by_text(says)).to_be_visible()
    expect(steps.get_by_role("radio", name="Lead")).to_be_checked()
    assert now_of(world, box)["stageKey"] == stage(pipeline, "Lead")


def test_two_users_of_a_box_see_each_others_changes_and_lose_no_typed_text(world: World, window) -> None:
    pipeline = a_pipeline(world)
    value = fields(pipeline)["Value"]
    box = world.box(pipeline, fields={value: 100})
    ada = in_panel(window(world.ada).page, pipeline, box)
    bo = window(world.bo).goto(f"/boxes/{box['key']}")
    bo.get_by_role("radio", name="Talks").click()
    expect(ada.get_by_role("radio", name="Talks")).to_be_checked()
    ada.get_by_role("button", name="Edit Value").click()
    ada.get_by_role("textbox", name="Value").fill("111")
    bo.get_by_role("button", name="Edit Value").click()
    bo.get_by_role("textbox", name="Value").fill("222")
    bo.keyboard.press("Enter")
    expect(ada.get_by_text("Changed by somebody else meanwhile")).to_be_visible()
    expect(ada.get_by_role("textbox", name="Value")).to_have_value("111")
    ada.keyboard.press("Enter")
    expect(bo.get_by_label("Fields").get_by_text("111")).to_be_visible()
    assert now_of(world, box)["fields"][value] == 111
    bo.get_by_role("textbox", name="Comment").fill("Hello Ada")
    bo.keyboard.press("Control+Enter")
    expect(ada.get_by_role("article", name="Comment by Bo Diddley")).to_contain_text("Hello Ada")


def test_an_ended_session_loses_no_typed_text(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline)
    screen = window()
    screen.goto(link(world, world.ada, "welcome")).get_by_label("A password for next time").fill(PASSWORD)
    screen.page.get_by_role("button", name="Open Boxwood").click()
    expect(screen.page.get_by_role("link", name="Deals").first).to_be_visible()
    page = in_panel(screen.page, pipeline, box)
    page.get_by_role("textbox", name="Comment").fill("Long thoughts")
    world.server.engine.write(lambda db: db.run("DELETE FROM sessions WHERE user_key = :user", user=world.ada.user_key))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog", name="Your session ended")).to_be_visible()
    expect(page.get_by_role("textbox", name="Comment", include_hidden=True)).to_have_value("Long thoughts")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("article", name="Comment by Ada Lovelace")).to_contain_text("Long thoughts")


def test_a_box_by_keyboard_alone(world: World, window) -> None:
    pipeline = a_pipeline(world)
    box = world.box(pipeline)
    page = in_panel(window(world.ada).page, pipeline, box)
    for _ in range(40):
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Edit Value":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("77")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Edit Value")).to_be_focused()
    page.keyboard.press("c")
    page.keyboard.type("By hand")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("article", name="Comment by Ada Lovelace")).to_contain_text("By hand")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Box")).to_be_hidden()
    now = now_of(world, box)
    assert (list(now["fields"].values()), now["commentCount"]) == ([77], 1)


def test_a_viewer_is_offered_no_changes(world: World, window) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__")
    box = world.box(pipeline)
    page = window(world.bo).goto(f"/boxes/{box['key']}")
    expect(page.get_by_role("heading", name="Acme", exact=True)).to_be_visible()
    expect(page.get_by_role("radio", name="Won")).to_be_disabled()
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("created")
    for what in ("Edit name", "Add a file", "Undo"):
        expect(page.get_by_role("button", name=what)).to_have_count(0)
    expect(page.get_by_role("textbox", name="Comment")).to_have_count(0)
    page.goto("/boxes/b-nowhere")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


def a_rich_box(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    pipeline = a_pipeline(world)
    keys = fields(pipeline)
    source = pipeline["fields"][1]["dropdownSettings"]["items"][0]["key"]
    contact = ok(
        world.ada.http.post(
            f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "Grace", "familyName": "Hopper"}
        )
    )
    other = world.box(pipeline, name="Renewal next year")
    box = world.box(
        pipeline,
        name="Northwind Traders, new warehouse",
        notes="They asked for delivery before Easter.\nParking is behind the building.",
        fields={keys["Value"]: 48200.5, keys["Source"]: source, keys["Close by"]: world.clock() + 9 * DAY},
        assignees=[{"userKey": world.ada.user_key}, {"userKey": world.bo.user_key}],
        contacts=[{"key": contact["key"]}],
        linkedBoxKeys=[other["key"]],
    )
    path = f"/api/v2/boxes/{box['key']}"
    world.clock.advance(days=2)
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": stage(pipeline, "Talks")}))
    comment = ok(
        world.ada.http.post(
            f"{path}/comments",
            json={"message": "@Bo Diddley can you ask about the dates?", "searchForAtMentions": True},
        )
    )
    ok(world.bo.http.post(f"{path}/comments", json={"message": "They are fine with April.", "parent": comment["key"]}))
    ok(world.bo.http.post(f"/api/v2/comments/{comment['key']}/react", json={"emoji": "👍"}))
    for text, days in (("Send the offer", 1), ("Book the visit", -1), ("Ask for references", 30)):
        ok(world.ada.http.post(f"{path}/tasks", json={"text": text, "dueDate": world.clock() + days * DAY}))
    meeting = {"meetingType": "CALL_LOG", "startTimestamp": world.clock() - 3_600_000, "duration": 900_000}
    ok(
        world.bo.http.post(
            f"{path}/meetings", json={**meeting, "notes": "Spoke with Grace. <b>Ten</b> pallets a week."}
        )
    )
    upload(world, box, "floor plan.png", PNG)
    upload(world, box, "offer.pdf", PDF)
    ok(world.bo.http.post(f"/api/v1/boxes/{box['key']}", json={"fields": {keys["Value"]: 52000}}))
    ok(
        world.ada.http.post(
            f"/api/v2/pipelines/{pipeline['key']}/validators",
            json={
                "name": "Few tasks",
                "mode": "WARN",
                "message": "A deal in talks has at most two open tasks.",
                "assertion": {"field": "taskIncompleteCount", "op": "lte", "value": 2},
            },
        )
    )
    return pipeline, box


@pytest.mark.slow
def test_the_box_looks_right(world: World, window) -> None:
    pipeline, box = a_rich_box(world)
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto(f"/boxes/{box['key']}")
        expect(page.get_by_role("article", name="Call")).to_be_visible()
        expect(page.get_by_role("listitem", name="offer.pdf")).to_be_visible()
        screen.look("box")
    screen = window(world.ada, scheme="dark")
    page = screen.goto(f"/boxes/{box['key']}?tab=history")
    expect(page.get_by_role("region", name="History").get_by_role("article").first).to_be_visible()
    screen.look("box-history")
    in_panel(page, pipeline, box)
    expect(page.get_by_role("listitem", name="offer.pdf")).to_be_visible()
    screen.look("box-panel")
