"""The first steps, the notifications and the trash in the browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from boxwood.commands import sample
from boxwood.core.context import Ctx
from tests.conftest import World, ok
from tests.ui.conftest import LOOKS


def load_sample(world: World) -> str:
    """Load the sample data of a first start as Ada's; return the key of the pipeline."""
    now = world.clock()
    key: str = world.server.engine.write(lambda db: sample.load(Ctx(db, now, world.ada.user)))
    return key


def step(page: Any, label: str) -> Any:
    steps = page.get_by_role("region", name="First steps")
    return steps.get_by_role("listitem").filter(has_text=label)


def test_the_first_steps_are_checked_off_and_dismissed(world: World, window) -> None:
    key = load_sample(world)
    page = window(world.ada).goto("/")
    expect(step(page, "Make a pipeline").get_by_label("Not done yet")).to_be_visible()
    expect(step(page, "Add a webhook").get_by_label("Not done yet")).to_be_visible()
    hook = {"targetUrl": "https://receiver.example/hook", "event": "BOX_CREATE"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{key}/webhooks", json=hook))
    mine = world.pipeline(name="Mine")
    path, headers = f"/api/v2/pipelines/{mine['key']}/import?wait=20", {"content-type": "text/csv"}
    ok(world.ada.http.post(path, content=b"name\nAcme\n", headers=headers))
    page.reload()
    for label in ("Make a pipeline", "Call the API", "Add a webhook", "Import a CSV"):
        expect(step(page, label).get_by_label("Done", exact=True)).to_be_visible()
    step(page, "Import a CSV").get_by_role("link").click()
    expect(page).to_have_url(f"{world.server.url}/pipelines/{mine['key']}/import")
    page.go_back()
    page.get_by_role("button", name="Do not show the first steps again").click()
    expect(page.get_by_role("region", name="First steps")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("main").get_by_role("link", name="Mine")).to_be_visible()
    expect(page.get_by_role("region", name="First steps")).to_have_count(0)


def test_a_colleague_is_invited_by_a_link(world: World, window) -> None:
    member = window(world.bo).goto("/")
    expect(step(member, "Invite a colleague").get_by_role("link")).to_have_attribute("href", "/team")
    page = window(world.cy).goto("/")
    step(page, "Invite a colleague").get_by_role("button").click()
    page.get_by_label("E-mail").fill("new@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Invitation link", exact=True)).to_contain_text("/invitation#")
    page.get_by_role("button", name="I have it").click()
    expect(step(page, "Invite a colleague").get_by_label("Done", exact=True)).to_be_visible()


def test_sample_data_is_cleared_and_brought_back(world: World, window) -> None:
    key = load_sample(world)
    page = window(world.ada).goto("/")
    page.get_by_role("button", name="Clear sample data").click()
    expect(page.get_by_role("link", name="Sales (sample)")).to_have_count(0)
    expect(page.get_by_role("button", name="Clear sample data")).to_have_count(0)
    assert world.ada.http.get(f"/api/v2/pipelines/{key}").status_code == 404
    page.get_by_role("alert").filter(has_text="Sample data cleared").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("main").get_by_role("link", name="Sales (sample)")).to_contain_text("12 boxes")
    expect(page.get_by_role("button", name="Clear sample data")).to_be_visible()


@pytest.mark.slow
def test_the_first_steps_look_right(world: World, window) -> None:
    load_sample(world)
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        expect(step(screen.goto("/"), "Invite a colleague")).to_be_visible()
        screen.look("first")


def mention_ada(world: World, box: dict[str, Any], words: str) -> None:
    body = {"message": words, "mentions": [{"userKey": world.ada.user_key}]}
    ok(world.bo.http.post(f"/api/v2/boxes/{box['key']}/comments", json=body))


def test_a_notification_appears_and_is_opened_and_read(world: World, window) -> None:
    box = world.box(world.pipeline(name="Sales"), name="Acme")
    page = window(world.ada).goto("/tasks")
    bell = page.get_by_role("button", name="Notifications")
    expect(bell).to_be_visible()
    expect(page.get_by_label("1 unread", exact=True)).to_have_count(0)
    mention_ada(world, box, "look at this")
    expect(page.get_by_label("1 unread", exact=True)).to_be_visible()
    mention_ada(world, box, "and at that")
    expect(page.get_by_label("2 unread", exact=True)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("n")
    lines = page.get_by_role("list", name="Notifications of today").get_by_role("listitem")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("and at that")
    lines.first.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"box={box['key']}$"))
    expect(page.get_by_label("1 unread", exact=True)).to_be_visible()
    bell.click()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_label("1 unread", exact=True)).to_have_count(0)
    assert ok(world.ada.http.get("/api/v2/notifications"))["unread"] == 0
    lines.first.get_by_role("button").click()
    page.get_by_role("dialog").get_by_text("Unread", exact=True).click()
    expect(lines).to_have_count(1)
    page.keyboard.press("Escape")
    expect(lines).to_have_count(0)
    expect(page.get_by_label("1 unread", exact=True)).to_be_visible()


def test_a_box_is_muted(world: World, window) -> None:
    box = world.box(world.pipeline(name="Sales"), name="Acme")
    page = window(world.ada).goto(f"/boxes/{box['key']}")
    page.get_by_role("button", name="Mute", exact=True).click()
    expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    assert ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/following")) == {"following": True, "muted": True}


def test_the_frequency_of_notification_mails_is_chosen(world: World, window) -> None:
    page = window(world.ada).goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("button", name="Notifications").click()
    page.get_by_role("link", name="How often they come by mail").click()
    digest = page.get_by_role("region", name="Digest")
    expect(digest.get_by_role("radio", name="Daily")).to_be_checked()
    expect(digest).to_contain_text("This server sends no mail yet")
    digest.get_by_text("Weekly", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Saved")).to_be_visible()
    expect(digest.get_by_role("status")).to_contain_text("on Monday")
    assert ok(world.ada.http.get("/api/v2/notifications/settings")) == {"digest": "weekly"}
    page.reload()
    expect(digest.get_by_role("radio", name="Weekly")).to_be_checked()


@pytest.mark.slow
def test_the_notifications_look_right(world: World, window) -> None:
    box = world.box(world.pipeline(name="Sales"), name="Acme")
    for words in ("could you call them before Friday?", "the offer is out"):
        mention_ada(world, box, words)
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        screen.goto("/")
        expect(screen.page.get_by_role("heading", name="Home", level=1)).to_be_visible()
        screen.page.keyboard.press("g")
        screen.page.keyboard.press("n")
        expect(screen.page.get_by_role("list", name="Notifications of today")).to_contain_text("the offer is out")
        screen.look("notifications")


def test_the_trash_is_filtered_and_things_are_restored(world: World, window) -> None:
    pipeline = world.pipeline(name="Sales")
    box, other = world.box(pipeline, name="Acme"), world.pipeline(name="Old things")
    ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    ok(world.ada.http.delete(f"/api/v1/pipelines/{other['key']}"))
    page = window(world.ada).goto("/trash")
    deleted = page.get_by_role("list", name="Deleted").get_by_role("listitem")
    expect(deleted).to_have_count(2)
    expect(deleted.filter(has_text="Acme")).to_contain_text("by Ada Lovelace")
    page.goto("/trash?noun=box")
    expect(deleted).to_have_count(1)
    page.get_by_role("button", name="Restore Acme").click()
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["name"] == "Acme"
    page.get_by_role("alert").filter(has_text="Acme is back").get_by_role("button", name="Undo").click()
    expect(deleted).to_contain_text("Acme")


def test_deleting_permanently_asks_for_confirmation(world: World, window) -> None:
    pipeline = world.pipeline(name="Sales")
    for name in ("Acme", "Bolt"):
        ok(world.ada.http.delete(f"/api/v1/boxes/{world.box(pipeline, name=name)['key']}"))
    page = window(world.ada).goto("/trash")
    deleted = page.get_by_role("list", name="Deleted").get_by_role("listitem")
    expect(deleted).to_have_count(2)
    page.get_by_role("button", name="Delete Acme for good").click()
    dialog = page.get_by_role("dialog", name="Delete “Acme” for good?")
    expect(dialog).to_contain_text("comments, tasks, meetings, files and history go with it")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(deleted).to_have_count(2)
    page.get_by_role("button", name="Delete Acme for good").click()
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("Acme is deleted for good")).to_be_visible()
    expect(deleted).to_have_count(1)
    assert [each["name"] for each in ok(world.ada.http.get("/api/v2/trash"))["results"]] == ["Bolt"]


@pytest.mark.slow
def test_the_trash_looks_right(world: World, window) -> None:
    pipeline = world.pipeline(name="Sales")
    for name in ("Acme", "Zephyr Airlines"):
        ok(world.ada.http.delete(f"/api/v1/boxes/{world.box(pipeline, name=name)['key']}"))
    ok(world.ada.http.delete(f"/api/v1/pipelines/{world.pipeline(name='Old things')['key']}"))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        expect(screen.goto("/trash").get_by_role("list", name="Deleted")).to_contain_text("Old things")
        screen.look("trash")
        screen.page.get_by_role("button", name="Delete Acme for good").click()
        expect(screen.page.get_by_role("button", name="Keep it")).to_be_focused()
        screen.look("trash-for-good")
