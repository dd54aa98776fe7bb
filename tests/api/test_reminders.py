"""Reminders of the old API, which are tasks with a date."""

import pytest

from tests.conftest import World, ok, refused


def test_a_reminder_is_a_task(world: World) -> None:
    box = world.box(world.pipeline())
    path = f"/api/v1/boxes/{box['key']}/reminders"
    created = ok(world.ada.http.put(path, data={"message": "Call", "remindDate": "4000000000000"}))
    task = ok(world.ada.http.get(f"/api/v2/tasks/{created['key']}"))
    assert (task["text"], task["dueDate"]) == ("Call", 4_000_000_000_000)
    assert (created["remindFollowers"], created["status"]) == (False, "SCHEDULED")
    undated = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Some day"}))
    assert ok(world.ada.http.get(path)) == [created]
    assert world.ada.http.get(f"/api/v1/reminders/{undated['key']}").status_code == 404
    assert world.ada.http.delete(f"/api/v1/reminders/{undated['key']}").status_code == 404
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["reminderCount"] == 1


def test_reminders_come_in_pages(world: World) -> None:
    box = world.box(world.pipeline())
    path = f"/api/v1/boxes/{box['key']}/reminders"
    created = [ok(world.ada.http.put(path, params={"message": f"{n}", "remindDate": 4 * 10**12})) for n in range(3)]
    assert ok(world.ada.http.get(path, params={"limit": 2})) == created[:2]
    assert ok(world.ada.http.get(path, params={"limit": 2, "page": 1})) == created[2:]


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ({"message": "Call"}, "remindDate"),
        ({"message": "Call", "remindDate": "0"}, "remindDate"),
        ({"message": "Call", "remindDate": "soon"}, "remindDate"),
        ({"remindDate": "4000000000000"}, "message"),
        ({"message": "", "remindDate": "4000000000000"}, "message"),
    ],
)
def test_an_invalid_reminder_is_refused(world: World, form: dict, names: str) -> None:
    box = world.box(world.pipeline())
    refused(world.ada.http.put(f"/api/v1/boxes/{box['key']}/reminders", data=form), 400, names)
    assert ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/tasks"))["results"] == []
