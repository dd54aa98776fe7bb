"""Tasks through the API."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import World, ok, refused

DAY = 86_400_000


def a_task(world: World, box: dict[str, Any], **given: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Call", **given}))


def the_box(world: World, box: dict[str, Any]) -> dict[str, Any]:
    return ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))


def stories(world: World, box: dict[str, Any]) -> list[tuple[str, str]]:
    feed = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/newsfeed"))
    return [(entry["newsfeedEntrySpecific"], entry["storyTextGlobal"]) for entry in reversed(feed)]


def test_each_change_of_a_task_records_an_event(world: World) -> None:
    box = world.box(world.pipeline())
    task = a_task(world, box, text="Call  Zuse", dueDate=1_800_000_000_000)
    for change in (
        {"dueDate": 1_900_000_000_000},
        {"assignedTo": [{"email": world.bo.email}]},
        {"text": "Write to Zuse"},
        {"status": "DONE"},
        {"status": "NOT_DONE"},
    ):
        ok(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json=change))
    ok(world.ada.http.delete(f"/api/v2/tasks/{task['key']}"))
    assert stories(world, box)[1:] == [
        ("ADD_TASK", "Ada L added the task Call Zuse to Acme in Deals"),
        ("EDIT_TASK_DUE_DATE", "Ada L changed when Call Zuse of Acme is due in Deals"),
        ("EDIT_TASK_ASSIGNED_TO", "Ada L assigned Call Zuse of Acme to Bo Diddley in Deals"),
        ("EDIT_TASK", "Ada L changed the task Write to Zuse of Acme in Deals"),
        ("COMPLETE_TASK", "Ada L completed the task Write to Zuse of Acme in Deals"),
        ("REOPEN_TASK", "Ada L reopened the task Write to Zuse of Acme in Deals"),
        ("DELETE_TASK", "Ada L deleted the task Write to Zuse of Acme in Deals"),
    ]


def test_the_newsfeed_entry_of_a_task_has_its_variables(world: World) -> None:
    box = world.box(world.pipeline())
    task = a_task(world, box, text="Call\nZuse", dueDate=1_510_081_200_000)
    ok(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json={"status": "DONE"}))
    entry = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/newsfeed"))[0]
    variables = entry["specificVariables"]
    assert (variables["TASK_TEXT"], variables["DUE_DATE"], variables["STATUS"]) == (
        "Call\nZuse",
        "1510081200000",
        "Done",
    )
    assert (variables["BOX_NAME"], variables["STORY_AUTHOR_DISPLAY_NAME"]) == ("Acme", "Ada L")


def test_several_edits_in_one_request_make_one_webhook_delivery(world: World) -> None:
    box = world.box(world.pipeline())
    task = a_task(world, box)
    change = {"text": "Write", "dueDate": 1_900_000_000_000, "status": "DONE"}
    ok(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json=change))
    sql = "SELECT kind, detail FROM events WHERE box_key = :box AND subject_key = :task ORDER BY id"
    rows = world.server.engine.read(lambda db: db.rows(sql, box=box["key"], task=task["key"]))
    assert [(kind, '"part"' in detail) for kind, detail in rows] == [
        ("task.created", False),
        ("task.edited", True),
        ("task.rescheduled", False),
        ("task.completed", False),
    ]


def test_saving_an_unchanged_task_records_no_event(world: World) -> None:
    box = world.box(world.pipeline())
    task = a_task(world, box, dueDate=1_900_000_000_000, assignedTo=[{"email": world.bo.email}])
    before = the_box(world, box)
    world.clock.advance(ms=5000)
    assert ok(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json=task)) == task
    assert the_box(world, box) == before
    assert world.events(box["key"]) == ["box.created", "task.created"]


@pytest.mark.parametrize("spelling", ["assignedTo", "assignedToSharingEntries"])
def test_of_two_spellings_sent_the_changed_spelling_counts(world: World, spelling: str) -> None:
    task = a_task(world, world.box(world.pipeline()))
    echo = {**task, spelling: [{"userKey": world.bo.user_key}]}
    changed = ok(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json=echo))
    assert [assignee["userKey"] for assignee in changed["assignedTo"]] == [world.bo.user_key]


def test_a_draft_records_no_event_until_it_is_published(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    draft = a_task(world, box, isDraft=True, dueDate=1_500_000_000_000)
    ok(world.ada.http.post(f"/api/v2/tasks/{draft['key']}", json={"text": "Call Zuse"}))
    assert (draft["isDraft"], draft["reminderStatus"]) == (True, "NONE")
    assert the_box(world, box) == box
    assert [specific for specific, _ in stories(world, box)] == ["NEW_BOX"]
    assert ok(world.ada.http.get("/api/v2/tasks", params={"pipelineKey": pipeline["key"]}))["results"] == []
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/reminders")) == []
    published = ok(world.ada.http.post(f"/api/v2/tasks/{draft['key']}", json={"isDraft": False}))
    assert (published["text"], published["reminderStatus"]) == ("Call Zuse", "SCHEDULED")
    assert (the_box(world, box)["taskTotal"], the_box(world, box)["taskOverdueCount"]) == (1, 1)
    assert [specific for specific, _ in stories(world, box)] == ["NEW_BOX", "ADD_TASK"]
    refused(world.ada.http.post(f"/api/v2/tasks/{draft['key']}", json={"isDraft": True}), 400, "isDraft")


def test_the_reminder_changes_with_the_date_and_the_status(world: World) -> None:
    task = a_task(world, world.box(world.pipeline()))

    def after(**change: Any) -> str:
        changed = ok(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json=change))
        return str(changed["reminderStatus"])

    assert task["reminderStatus"] == "NONE"
    assert after(dueDate=4_000_000_000_000) == "SCHEDULED"
    assert after(status="DONE") == "NOT_REMINDED_BECAUSE_TASK_DONE"
    assert after(status="NOT_DONE") == "SCHEDULED"
    assert after(dueDate=-1) == "NONE"


def test_a_task_updates_the_timestamp_of_its_box_once(world: World) -> None:
    box = world.box(world.pipeline())
    world.clock.advance(ms=1000)
    task = a_task(world, box, dueDate=4_000_000_000_000)
    newer = the_box(world, box)
    assert newer["lastUpdatedTimestamp"] == newer["lastSavedTimestamp"] == task["creationDate"]
    assert newer["lastUpdatedTimestamp"] > box["lastUpdatedTimestamp"]
    assert newer["reminderCount"] == newer["taskTotal"] == 1
    world.clock.advance(ms=1000)
    ok(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json={"text": "Write"}))
    assert the_box(world, box) == newer


def test_counts_are_correct_after_concurrent_changes(world: World) -> None:
    box = world.box(world.pipeline())
    path = f"/api/v2/boxes/{box['key']}/tasks"

    def work(number: int) -> None:
        key = ok(world.bo.http.post(path, json={"text": f"{number}"}))["key"]
        if number % 2:
            ok(world.ada.http.post(f"/api/v2/tasks/{key}", json={"status": "DONE"}))
        if number % 3 == 0:
            ok(world.ada.http.delete(f"/api/v2/tasks/{key}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    left = ok(world.ada.http.get(path))["results"]
    done = [task for task in left if task["status"] == "DONE"]
    read = the_box(world, box)
    assert (len(left), len(done)) == (16, 8)
    assert (read["taskTotal"], read["taskCompleteCount"], read["taskIncompleteCount"]) == (16, 8, 8)
    assert read["taskPercentageComplete"] == 50.0
    assert read["taskAssigneeKeySet"] == [world.bo.user_key]


def test_only_users_who_may_change_the_box_change_its_tasks(world: World) -> None:
    pipeline = world.pipeline()
    theirs, mine = world.box(pipeline), world.box(pipeline, assignedToSharingEntries=[{"email": world.bo.email}])
    entries = [
        {"userKey": world.ada.user_key, "permissionSetName": "__adminPermissionSet__"},
        {"userKey": world.bo.user_key, "permissionSetName": "__editAssignedBoxCreatePermissionSet__"},
    ]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": entries}))
    task = a_task(world, theirs)
    own = f"/api/v2/tasks/{task['key']}"
    assert ok(world.bo.http.get(own)) == task
    refused(world.bo.http.post(f"/api/v2/boxes/{theirs['key']}/tasks", json={"text": "No"}), 403, "change")
    refused(world.bo.http.post(own, json={"text": "No"}), 403, "change")
    refused(world.bo.http.delete(own), 403, "change")
    assert ok(world.bo.http.post(f"/api/v2/boxes/{mine['key']}/tasks", json={"text": "Yes"}))["text"] == "Yes"
    assert ok(world.ada.http.get(own)) == task


def test_tasks_are_deleted_with_their_box(world: World) -> None:
    old, new = world.pipeline(), world.pipeline(name="Projects")
    box = world.box(old)
    task = a_task(world, box, dueDate=1_500_000_000_000)
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"pipelineKey": new["key"]}))
    assert ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}"))["pipelineKey"] == new["key"]
    ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    assert world.ada.http.get(f"/api/v2/tasks/{task['key']}").status_code == 404
    assert ok(world.ada.http.get("/api/v2/tasks"))["results"] == []


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"text": " "}, "text"),
        ({"text": ["a"]}, "text"),
        ({"dueDate": -2}, "dueDate"),
        ({"dueDate": 10**15}, "dueDate"),
        ({"dueDate": "soon"}, "dueDate"),
        ({"status": "HALF"}, "status"),
        ({"assignedTo": [{}]}, "assignedTo[0]"),
        ({"assignedToSharingEntries": [{"email": "nobody"}]}, "assignedTo"),
        ({"isDraft": "perhaps"}, "isDraft"),
        ({"meetingKey": "nothing"}, "meetingKey"),
    ],
)
def test_an_invalid_member_is_named_and_no_change_is_saved(world: World, body: dict, names: str) -> None:
    box = world.box(world.pipeline())
    task = a_task(world, box)
    refused(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json={"text": "Write", **body}), 400, names)
    assert ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}")) == task
    refused(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Write", **body}), 400, names)
    assert ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/tasks"))["results"] == [task]
