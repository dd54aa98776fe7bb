"""Tasks as the different clients send them, and the older reminders."""

import json

import pytest


@pytest.fixture
def pipeline(world):
    return world.pipeline()["key"]


@pytest.fixture
def box(world, pipeline):
    return world.box({"key": pipeline})["key"]


def emails(task):
    return [entry["email"] for entry in task["assignedToSharingEntries"]]


def test_assignees_have_both_spellings(world, box):
    task = world.ada.http.post(f"/api/v2/boxes/{box}/tasks", json={"text": "Call"}).json()
    assert task["creatorKey"] == task["creator"]["userKey"] == task["creatorSharingEntry"]["userKey"]
    assert [user["userKey"] for user in task["assignedTo"]] == [world.ada.user_key]
    assert emails(task) == [world.ada.email]
    assert (task["isDraft"], task["status"], task["reminderStatus"]) == (False, "NOT_DONE", "NONE")
    assert len(task["sortOrder"]) == 30
    assert "dueDate" not in task


ENCODINGS = {
    "json": lambda body: {"json": body},
    "json form": lambda body: {"data": {"json": json.dumps(body)}},
    "form": lambda body: {"data": {name: json.dumps(v) if isinstance(v, list) else str(v) for name, v in body.items()}},
}


@pytest.mark.parametrize("encoded", ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize("name", ["assignedTo", "assignedToSharingEntries"])
def test_a_task_is_created_in_every_encoding_and_spelling(world, box, encoded, name):
    body = {
        "key": box,
        "text": "Größe & Ruhm",
        "dueDate": 1_800_000_000_000,
        name: [{"email": world.bo.email}],
    }
    answer = world.ada.http.post(f"/api/v2/boxes/{box}/tasks", **encoded(body))
    assert answer.status_code == 200, answer.text
    task = world.ada.http.get(f"/api/v2/tasks/{answer.json()['key']}").json()
    assert (task["text"], task["dueDate"], emails(task)) == (
        "Größe & Ruhm",
        1_800_000_000_000,
        [world.bo.email],
    )
    assert task["key"] != box


PATHS = ["/api/v2/{}", "/api/v2{}", "/api/v1/{}", "/api/v1/api/v2/{}"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("verb", ["POST", "PUT"])
def test_a_task_is_found_under_every_known_path(world, box, path, verb):
    created = world.ada.http.request(verb, path.format(f"boxes/{box}/tasks"), data={"text": "Call"}).json()
    own = path.format(f"tasks/{created['key']}")
    assert world.ada.http.get(own).json() == created
    assert world.ada.http.get(path.format(f"boxes/{box}/tasks")).json()["results"] == [created]
    assert world.ada.http.post(own, json={"text": "Write"}).json()["text"] == "Write"
    assert world.ada.http.delete(own).json()["success"] is True
    assert world.ada.http.get(own).status_code == 404


def test_an_empty_list_unassigns_and_a_missing_one_keeps(world, box):
    path = f"/api/v2/boxes/{box}/tasks"
    task = world.ada.http.post(path, json={"text": "Call"}).json()["key"]
    assert emails(world.ada.http.post(f"/api/v2/tasks/{task}", json={"text": "Write"}).json()) == [world.ada.email]
    cleared = world.ada.http.post(f"/api/v2/tasks/{task}", json={"assignedToSharingEntries": []}).json()
    assert (cleared["assignedTo"], cleared["assignedToSharingEntries"]) == ([], [])


@pytest.mark.parametrize("none", [-1, 0, "", "-1", None])
def test_a_missing_due_date_is_accepted_in_many_spellings(world, box, none):
    path = f"/api/v2/boxes/{box}/tasks"
    assert "dueDate" not in world.ada.http.post(path, json={"text": "a", "dueDate": none}).json()
    dated = world.ada.http.post(path, json={"text": "b", "dueDate": 1_800_000_000_000}).json()
    assert "dueDate" not in world.ada.http.post(f"/api/v2/tasks/{dated['key']}", json={"dueDate": none}).json()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "a", "dueDate": "tomorrow"}, "dueDate"),
        ({"text": "a", "assignedTo": [{"email": 7}]}, "assignedTo"),
        ({"text": "a", "meetingKey": "nothing"}, "meetingKey"),
    ],
)
def test_an_invalid_task_is_refused(world, box, body, named):
    answer = world.ada.http.post(f"/api/v2/boxes/{box}/tasks", json=body)
    assert 400 <= answer.status_code < 500
    assert named in answer.json()["error"]
    assert world.ada.http.get(f"/api/v2/boxes/{box}/tasks").json()["results"] == []


def test_reminders_are_created_read_changed_and_deleted(world, box):
    path = f"/api/v1/boxes/{box}/reminders"
    form = {"message": "Call", "remindDate": "1800000000000", "remindFollowers": "True"}
    created = world.ada.http.put(path, data=form).json()
    assert (created["message"], created["remindDate"], created["remindFollowers"]) == ("Call", 1_800_000_000_000, True)
    assert created["key"] == created["reminderKey"]
    assert created["creatorKey"] == world.ada.user_key
    own = f"/api/v1/reminders/{created['key']}"
    assert world.ada.http.get(own).json() == created
    assert world.ada.http.get(path).json() == [created]
    assert world.ada.http.post(own, json={"message": "Write"}).json()["message"] == "Write"
    assert world.ada.http.get(own).json()["remindDate"] == 1_800_000_000_000
    assert world.ada.http.delete(own).json() == {"success": True}
    assert world.ada.http.get(path).json() == []
    assert world.cy.http.get(path).status_code == 404
