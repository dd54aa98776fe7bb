"""The agenda: the open tasks of a user by due date."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import Person, World, ok, refused

HOUR = 3_600_000
DAY = 24 * HOUR


def a_task(world: World, box: dict[str, Any], text: str, due_at: int | None = None, *people: Person) -> dict[str, Any]:
    given = {"text": text, "dueDate": due_at, "assignedTo": [{"userKey": person.user_key} for person in people]}
    return ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json=given))


def agenda(who: Person, **params: Any) -> list[str]:
    return [task["text"] for task in ok(who.http.get("/api/v2/tasks", params=params))["results"]]


def midnight(now: int, zone: str) -> int:
    """Return the next midnight in this time zone."""
    local = datetime.fromtimestamp(now / 1000, ZoneInfo(zone))
    hours = range(1, 26)
    later = (datetime.fromtimestamp(now / 1000 + hour * 3600, ZoneInfo(zone)) for hour in hours)
    first = next(task for task in later if task.date() != local.date())
    return int(first.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Los_Angeles", "UTC"])
def test_the_day_ends_in_the_time_zone_of_the_user(world: World, zone: str) -> None:
    ok(world.ada.http.post(f"/api/v1/users/{world.ada.user_key}", json={"timezoneId": zone}))
    box = world.box(world.pipeline())
    end = midnight(world.clock(), zone)
    a_task(world, box, "today", end - 1)
    a_task(world, box, "tomorrow", end)
    assert agenda(world.ada) == ["today"]
    assert agenda(world.ada, direction="future") == ["tomorrow"]


def test_tasks_without_a_date_come_last(world: World) -> None:
    box = world.box(world.pipeline())
    a_task(world, box, "some day")
    a_task(world, box, "in a week", world.clock() + 7 * DAY)
    assert agenda(world.ada) == []
    assert agenda(world.ada, direction="asc") == ["in a week", "some day"]


@pytest.mark.parametrize("direction", ["past", "future"])
def test_cursor_pages_neither_skip_nor_repeat_tasks(world: World, direction: str) -> None:
    """Half of the tasks are due at the same moment, so the date alone cannot order them."""
    box = world.box(world.pipeline())
    sign = -1 if direction == "past" else 1
    for number in range(10):
        a_task(world, box, f"{number}", world.clock() + sign * (5 if number % 2 else number + 10) * DAY)
    whole = agenda(world.ada, direction=direction)
    found, cursor = [], ""
    while True:
        params = {"direction": direction, "limit": 3, "sortOrder": cursor}
        page = ok(world.ada.http.get("/api/v2/tasks", params=params))["results"]
        if not page:
            break
        found += [task["text"] for task in page]
        cursor = page[-1]["sortOrder"]
    assert found == whole
    assert sorted(found) == [f"{number}" for number in range(10)]


def test_the_limit_is_for_each_person(world: World) -> None:
    box = world.box(world.pipeline())
    for number in range(3):
        a_task(world, box, f"Ada {number}", world.clock() - (number + 1) * DAY)
        a_task(world, box, f"Bo {number}", world.clock() - (number + 1) * DAY - HOUR, world.bo)
    a_task(world, box, "both", world.clock() - HOUR, world.ada, world.bo)
    keys = [world.ada.user_key, world.bo.user_key]
    assert agenda(world.ada, userKeys=keys, limit=2) == ["both", "Ada 0", "Bo 0"]
    assert agenda(world.ada, userKeys=",".join(keys), limit=1) == ["both"]
    assert agenda(world.ada, userKeys="nobody") == []


def test_the_agenda_has_only_tasks_of_boxes_the_user_can_reach(world: World) -> None:
    """Bo may see boxes that are assigned to him, and also has tasks in boxes that he cannot reach."""
    pipeline = world.pipeline(defaultPermissionSetName="__viewAssignedPermissionSet__")
    hidden, seen = world.box(pipeline), world.box(pipeline, assignedToSharingEntries=[{"email": world.bo.email}])
    a_task(world, hidden, "hidden", world.clock() - DAY, world.bo)
    a_task(world, seen, "seen", world.clock() - DAY, world.bo)
    assert agenda(world.bo) == ["seen"]
    assert agenda(world.ada, userKeys=world.bo.user_key) == ["seen", "hidden"]
    assert agenda(world.cy, userKeys=world.bo.user_key) == []
    assert world.cy.http.get("/api/v2/tasks", params={"pipelineKey": pipeline["key"]}).status_code == 404


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"direction": "sideways"}, "direction"),
        ({"limit": 0}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"sortOrder": "1" * 29}, "sortOrder"),
        ({"sortOrder": "x" * 30}, "sortOrder"),
        ({"userKeys": ["u"] * 101}, "userKeys"),
        ({"userKeys": "a\x00"}, "userKeys"),
    ],
)
def test_invalid_parameters_are_refused(world: World, params: dict, names: str) -> None:
    refused(world.ada.http.get("/api/v2/tasks", params=params), 400, names)
