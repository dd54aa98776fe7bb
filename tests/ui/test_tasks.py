"""The agenda and the search page in the browser."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import World, ok
from tests.ui.conftest import LOOKS


def task(world: World, box: dict[str, Any], text: str, days: float | None = None, **given: Any) -> dict[str, Any]:
    """Create a task of Ada that is due at noon UTC, this many days from now."""
    body = {"text": text, **given}
    if days is not None:
        noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=days)
        body["dueDate"] = int(noon.timestamp() * 1000)
    created: dict[str, Any] = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json=body))
    return created


def test_tasks_are_grouped_by_due_date_completed_and_snoozed(world: World, window) -> None:
    box = world.box(world.pipeline(), name="Acme")
    task(world, box, "Send the offer", -2)
    later = task(world, box, "Call back", 20)
    task(world, box, "Some day")
    page = window(world.ada).goto("/tasks")
    overdue = page.get_by_role("region", name="Overdue")
    expect(overdue).to_contain_text("Send the offer")
    expect(overdue).to_contain_text("Acme")
    expect(page.get_by_role("region", name="Later")).to_contain_text("Call back")
    expect(page.get_by_role("region", name="No date")).to_contain_text("Some day")
    page.get_by_role("button", name="Snooze Call back").click()
    page.get_by_role("menuitem", name="tomorrow").click()
    expect(page.get_by_role("region", name="Tomorrow")).to_contain_text("Call back")
    page.get_by_label("Done: Send the offer").click()
    expect(overdue).to_have_count(0)
    page.get_by_role("alert").filter(has_text="Task done").get_by_role("button", name="Undo").click()
    expect(overdue).to_contain_text("Send the offer")
    assert ok(world.ada.http.get(f"/api/v2/tasks/{later['key']}"))["dueDate"] < later["dueDate"]


def test_the_agenda_works_by_keyboard(world: World, window) -> None:
    box = world.box(world.pipeline(), name="Acme")
    for at, text in enumerate(("First", "Second")):
        task(world, box, text, at - 3)
    page = window(world.ada).goto("/tasks")
    expect(page.get_by_label("Done: Second")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_label("Done: Second")).to_have_count(0)
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"box={box['key']}$"))


def test_tasks_of_other_users_are_shown_and_updated_live(world: World, window) -> None:
    box = world.box(world.pipeline(), name="Acme")
    page = window(world.ada).goto(f"/tasks?who={world.bo.user_key}")
    expect(page.get_by_role("heading", name="Nothing to do")).to_be_visible()
    task(world, box, "Bo's turn", 0, assignedTo=[{"userKey": world.bo.user_key}])
    expect(page.get_by_role("region", name="Today")).to_contain_text("Bo's turn")


def test_the_search_finds_everything_and_can_be_filtered(world: World, window) -> None:
    sales, support = world.pipeline(name="Sales"), world.pipeline(name="Support")
    world.box(sales, name="Zephyr Airlines")
    world.box(support, name="Zephyr is late")
    team = f"/api/v2/teams/{world.team_key}"
    ok(world.ada.http.post(f"{team}/contacts", json={"givenName": "Zephyr", "emailAddresses": ["z@zephyr.example"]}))
    page = window(world.ada).goto("/search")
    page.get_by_label("Search everything").fill("zephyr")
    expect(page.get_by_role("region", name="Boxes").get_by_role("link")).to_have_count(2)
    page.get_by_role("button", name="Contacts").click()
    expect(page.get_by_role("region", name="Boxes")).to_have_count(0)
    expect(page.get_by_role("region", name="Contacts")).to_contain_text("z@zephyr.example")
    page.goto(f"/search?q=zephyr&pipeline={support['key']}")
    expect(page.get_by_role("region", name="Boxes").get_by_role("link")).to_have_count(1)
    expect(page.get_by_role("region", name="Boxes")).to_contain_text("Zephyr is late")


@pytest.mark.slow
def test_agenda_and_search_look_right(world: World, window) -> None:
    box = world.box(world.pipeline(name="Sales"), name="Zephyr Airlines")
    for text, days in (("Send the offer", -2), ("Call back", 0), ("Ask for a reference", 4), ("Some day", None)):
        task(world, box, text, days)
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        expect(screen.goto("/tasks").get_by_role("region", name="Overdue")).to_contain_text("Zephyr Airlines")
        screen.look("tasks")
        expect(screen.goto("/search?q=zephyr").get_by_role("region", name="Boxes")).to_contain_text("Sales")
        screen.look("search")
