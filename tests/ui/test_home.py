"""The home screen and the page of notifications."""

import re

from playwright.sync_api import expect

from tests.conftest import World, ok
from tests.ui.conftest import NARROW
from tests.ui.test_onboarding import mention_ada
from tests.ui.test_tasks import task


def test_the_home_screen_begins_with_what_waits_for_the_user(world: World, window) -> None:
    pipeline = world.pipeline(name="Sales")
    mine = {"assignees": [world.ada.user_key]}
    world.box(pipeline, name="Forgotten deal", **mine)
    world.box(pipeline, name="Old and won", stageKey=pipeline["stageOrder"][1], **mine)
    world.clock.advance(days=20)
    box = world.box(pipeline, name="Acme", **mine)
    task(world, box, "Send the offer", -2)
    task(world, box, "Call in a month", 30)
    mention_ada(world, box, "look at this")
    page = window(world.ada).goto("/")
    due = page.get_by_role("region", name="Due tasks")
    expect(due.get_by_role("listitem")).to_have_count(1)
    expect(due).to_contain_text("Acme")
    due.get_by_label("Done: Send the offer").click()
    expect(due).to_contain_text("No task is due today")
    quiet = page.get_by_role("region", name="Without news for two weeks")
    expect(quiet.get_by_role("listitem")).to_have_count(1)
    expect(quiet).to_contain_text("Forgotten deal")
    for_you = page.get_by_role("region", name="For you")
    for_you.get_by_role("link", name="look at this").click()
    expect(page).to_have_url(re.compile(f"box={box['key']}$"))
    expect(page.get_by_role("heading", name="Acme").first).to_be_visible()
    page.goto("/")
    expect(for_you).to_contain_text("Unread mentions, assignments and failures appear here.")
    expect(page.get_by_role("region", name="Recently opened").get_by_role("link", name="Acme")).to_be_visible()
    # The next user of the browser does not see them.
    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("textbox", name="E-mail")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.includes('recent'))") == []


def test_notifications_have_a_page_with_those_for_the_user_apart(world: World, window) -> None:
    box = world.box(world.pipeline(name="Sales"), name="Acme")
    mention_ada(world, box, "look at this")
    ok(world.bo.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": "no name in it"}))
    screen = window(world.ada, size=NARROW, scheme="dark")
    page = screen.goto("/")
    page.get_by_role("link", name="Notifications, 2 unread").click()
    lines = page.get_by_role("list", name="Notifications of today").get_by_role("listitem")
    expect(lines).to_have_count(2)
    screen.look("notifications-page")
    page.get_by_text("For you", exact=True).click()
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("look at this")
    expect(page).to_have_url(re.compile("which=mention"))
    page.reload()
    expect(lines).to_have_count(1)
    page.get_by_role("button", name="Mark as read: ").click()
    expect(page.get_by_role("link", name="Notifications, 1 unread")).to_be_visible()
