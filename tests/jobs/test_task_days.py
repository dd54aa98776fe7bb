"""A task that is due on a day is due from its begin and overdue after its end, in the time zone of its user."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from boxwood.jobs import task_due
from tests.conftest import Person, World, ok

ZONES = ["America/New_York", "Pacific/Auckland", "Asia/Kathmandu"]


def set_zone(who: Person, zone: str) -> None:
    ok(who.http.post(f"/api/v1/users/{who.user_key}", json={"timezoneId": zone}))


def bounds(now: int, zone: str, days: int = 0) -> tuple[str, int, int]:
    """The date of the day in so many days, and when it begins and ends there."""
    local = datetime.fromtimestamp(now / 1000, ZoneInfo(zone)).date() + timedelta(days=days)
    begin, end = (
        datetime(each.year, each.month, each.day, tzinfo=ZoneInfo(zone)) for each in (local, local + timedelta(days=1))
    )
    return local.isoformat(), int(begin.timestamp() * 1000), int(end.timestamp() * 1000)


def a_task(world: World, box: dict[str, Any], due: str, *people: Person) -> dict[str, Any]:
    given = {"text": "Call", "dueDate": due, "assignedTo": [{"userKey": each.user_key} for each in people]}
    return ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json=given))


def state(world: World, box: dict[str, Any], task: dict[str, Any], at: int) -> tuple[str, int, int]:
    """What the task and its box say after the server looked for due tasks at that time."""
    asyncio.run(task_due.remind(world.server.engine, at))
    read = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
    kinds = [entry["newsfeedEntrySpecific"] for entry in ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/newsfeed"))]
    status = ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}"))["reminderStatus"]
    return status, read["taskOverdueCount"], kinds.count("TASK_DUE")


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_is_due_when_it_begins_and_overdue_when_it_has_ended(world: World, zone: str) -> None:
    set_zone(world.ada, zone)
    box = world.box(world.pipeline())
    day, begin, end = bounds(world.clock(), zone, days=2)
    task = a_task(world, box, day)
    assert state(world, box, task, begin - 1) == ("SCHEDULED", 0, 0)
    assert state(world, box, task, begin) == ("REMINDED", 0, 1)
    assert state(world, box, task, end - 2) == ("REMINDED", 0, 1)
    assert state(world, box, task, end) == ("REMINDED", 1, 1)
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["earliestOverdueTaskDueDate"] == task["dueDate"]


@pytest.mark.parametrize("zone", ZONES)
def test_the_agenda_of_today_has_the_tasks_of_this_day(world: World, zone: str) -> None:
    set_zone(world.ada, zone)
    box = world.box(world.pipeline())
    keys = [a_task(world, box, bounds(world.clock(), zone, days)[0])["key"] for days in (-1, 0, 1)]
    read = {
        direction: [task["key"] for task in ok(world.ada.http.get("/api/v2/tasks", params=params))["results"]]
        for direction, params in (("past", {}), ("future", {"direction": "future"}))
    }
    assert read == {"past": [keys[1], keys[0]], "future": [keys[2]]}
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["taskOverdueCount"] == 1


def test_the_day_is_that_of_the_first_assignee_and_moves_with_the_time_zone(world: World) -> None:
    set_zone(world.ada, "Pacific/Auckland")
    set_zone(world.bo, "America/New_York")
    box = world.box(world.pipeline())
    day, _, end = bounds(world.clock(), "America/New_York", days=3)
    task = a_task(world, box, day, world.bo, world.ada)
    assert state(world, box, task, end - 2)[1] == 0
    set_zone(world.bo, "Asia/Kathmandu")
    assert state(world, box, task, end - 2)[1] == 1
    ok(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json={"assignedTo": []}))
    assert ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}"))["sortOrder"][:15] < f"{end:015d}"


def test_a_task_of_today_is_reported_at_once_and_a_completed_one_is_not_overdue(world: World) -> None:
    set_zone(world.ada, "Pacific/Auckland")
    box = world.box(world.pipeline())
    day, _, end = bounds(world.clock(), "Pacific/Auckland")
    task = a_task(world, box, day)
    assert state(world, box, task, world.clock()) == ("REMINDED", 0, 1)
    ok(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json={"status": "DONE"}))
    assert state(world, box, task, end) == ("REMINDED", 0, 1)
    ok(world.ada.http.delete(f"/api/v2/tasks/{task['key']}"))
    ok(world.ada.http.post(f"/api/v2/trash/{task['key']}/restore"))
    assert state(world, box, task, end) == ("REMINDED", 0, 1)
