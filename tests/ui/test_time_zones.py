"""Dates in browsers of other time zones: a day is the same day everywhere, and a task is due until its end."""

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import World, ok

ZONES = ["America/New_York", "Pacific/Auckland", "Asia/Kathmandu"]
FOURTH = 1_741_046_400_000
"""4 March 2025 as a day."""
DAY = 86_400_000

SAVED = "([path, key, value]) => fetch(path).then((reply) => reply.json()).then((box) => box.fields[key] === value)"


def names(page: Page) -> Any:
    return page.locator('[role="row"] [data-column="name"] [class*="value"]')


@pytest.mark.parametrize("zone", ZONES)
def test_days_are_shown_typed_and_filtered_as_they_are(world: World, window: Any, zone: str) -> None:
    ok(world.ada.http.post(f"/api/v1/users/{world.ada.user_key}", json={"timezoneId": zone}))
    pipeline = world.pipeline()
    key = world.field(pipeline, "DATE", "Close")["key"]
    late = int(datetime(2025, 3, 4, 23, 30, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    boxes = {
        name: world.box(pipeline, name=name, fields={key: value})
        for name, value in (
            ("Third", "2025-03-03"),
            ("Fourth", "3/4/2025"),
            ("Late", late),
            ("Sixth", FOURTH + 2 * DAY),
        )
    }
    page = window(world.ada, zone=zone).goto(f"/pipelines/{pipeline['key']}?columns=name,{key}&sort={key}")
    expect(page.locator(f'[data-column="{key}"] time')).to_have_text(
        ["3 Mar 2025", "4 Mar 2025", "4 Mar 2025", "6 Mar 2025"]
    )
    for typed, stored in ((None, FOURTH), ("8 Mar 2025", FOURTH + 4 * DAY), ("3/4/2025", FOURTH)):
        cell = page.get_by_role("row").filter(has_text="Fourth").locator(f'[data-column="{key}"]')
        cell.click()
        cell.click()
        if typed:
            page.get_by_role("textbox", name="Close").fill(typed)
        page.keyboard.press("Enter")
        expect(cell).to_have_text("8 Mar 2025" if stored > FOURTH else "4 Mar 2025")
        saved = f"/api/v1/boxes/{boxes['Fourth']['key']}"
        page.wait_for_function(SAVED, arg=[saved, key, stored])
    for op, found in (("eq", ["Fourth", "Late"]), ("lt", ["Third"]), ("gt", ["Sixth"])):
        tree = json.dumps({"field": key, "op": op, "value": "2025-03-04"})
        page.goto(f"/pipelines/{pipeline['key']}?columns=name,{key}&sort={key}&group=&filter={tree}")
        expect(names(page)).to_have_text(found)


@pytest.mark.parametrize("zone", ZONES)
def test_a_task_of_today_is_not_overdue_in_the_users_time_zone(world: World, window: Any, zone: str) -> None:
    ok(world.ada.http.post(f"/api/v1/users/{world.ada.user_key}", json={"timezoneId": zone}))
    pipeline = world.pipeline()
    box = world.box(pipeline, name="Acme")
    page = window(world.ada, zone=zone).goto(f"/boxes/{box['key']}")
    today = datetime.now(ZoneInfo(zone)).date()
    for word, late in (("today", False), ("yesterday", True)):
        if word == "today":
            expect(page.get_by_role("heading", name="Acme", exact=True)).to_be_visible()
            page.keyboard.press("t")
        page.get_by_role("textbox", name="Task").fill(f"Call {word}")
        page.get_by_role("textbox", name="Due").fill(word)
        page.get_by_role("button", name="Add the task").click()
        task = page.get_by_role("listitem", name=f"Call {word}")
        expect(task).to_contain_text(word)
        expect(task.locator("[data-late]")).to_have_count(1 if late else 0)
    stored = {
        task["text"]: task["dueDate"] for task in ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/tasks"))["results"]
    }
    days = {name: datetime.fromtimestamp(at / 1000, ZoneInfo("UTC")) for name, at in stored.items()}
    assert {name: (at.date(), at.hour) for name, at in days.items()} == {
        "Call today": (today, 0),
        "Call yesterday": (today - timedelta(days=1), 0),
    }
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["taskOverdueCount"] == 1
    page.goto("/tasks")
    for group, text in (("Overdue", "Call yesterday"), ("Today", "Call today")):
        expect(page.get_by_role("region", name=group)).to_contain_text(text)
