"""Tasks and reminders through the official Node client, whose paths lack a slash."""

import pytest

from tests.streak.nodejs import refused


@pytest.fixture
def ada(node, world):
    return node.client(world.ada.key)


@pytest.fixture
def box(world):
    return world.box(world.pipeline())["key"]


def test_a_task_is_created_listed_read_changed_and_deleted(ada, box, world):
    created = ada.Tasks.create(box, {"text": "Call & write", "dueDate": 1_800_000_000_000, "key": box})
    assert (created["text"], created["dueDate"], created["boxKey"]) == ("Call & write", 1_800_000_000_000, box)
    assert created["key"] != box
    assert created["creatorKey"] == world.ada.user_key
    assert ada.Tasks.getOne(created["key"]) == created
    assert ada.Tasks.getForBox(box)["results"] == [created]
    assert ada.Boxes.getTasks(box)["results"] == [created]
    done = ada.Tasks.update(created["key"], created | {"status": "DONE"})
    assert (done["status"], done["text"], done["dueDate"]) == ("DONE", created["text"], created["dueDate"])
    assert ada.Tasks.getOne(created["key"]) == done
    assert ada.Tasks.delete(created["key"])["success"] is True
    assert ada.Tasks.getForBox(box)["results"] == []
    with refused(404):
        ada.Tasks.getOne(created["key"])


def test_assignees_are_given_by_email(ada, box, world):
    created = ada.Tasks.create(box, {"text": "Call", "assignedToSharingEntries": [{"email": world.bo.email}]})
    assert [entry["email"] for entry in created["assignedToSharingEntries"]] == [world.bo.email]
    assert [user["userKey"] for user in created["assignedTo"]] == [world.bo.user_key]


def test_reminders_are_the_tasks_that_have_a_date(ada, box, world):
    assert ada.Boxes.getReminders(box) == []
    reminder = {"message": "Call", "remindDate": "1800000000000", "remindFollowers": "false"}
    world.ada.http.put(f"/api/v1/boxes/{box}/reminders", data=reminder)
    (read,) = ada.Boxes.getReminders(box)
    assert (read["message"], read["remindDate"]) == ("Call", 1_800_000_000_000)
    assert read["key"] == read["reminderKey"]
