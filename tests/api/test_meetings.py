"""Meetings and call logs through the API."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import World, ok, refused

START = 1_700_000_000_000


def a_meeting(world: World, box: dict[str, Any], **given: Any) -> dict[str, Any]:
    body = {"meetingType": "CALL_LOG", "startTimestamp": START, **given}
    return ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/meetings", json=body))


def a_task(world: World, box: dict[str, Any], **given: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Call", **given}))


def the_box(world: World, box: dict[str, Any]) -> dict[str, Any]:
    return ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))


def feed(world: World, box: dict[str, Any]) -> list[dict[str, Any]]:
    return list(reversed(ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/newsfeed"))))


def test_each_change_of_a_meeting_records_an_event(world: World) -> None:
    box = world.box(world.pipeline())
    call = a_meeting(world, box, notes="<p>Well</p>")
    ok(world.ada.http.post(f"/api/v2/meetings/{call['key']}", json={"meetingType": "MEETING_NOTES"}))
    ok(world.ada.http.delete(f"/api/v2/meetings/{call['key']}"))
    _, added, edited, deleted = feed(world, box)
    assert (added["newsfeedEntrySpecific"], added["storyTextBox"]) == ("ADD_MEETING", "Ada L logged a call on this box")
    variables = added["specificVariables"]
    assert (variables["MEETING_TYPE"], variables["MEETING_START_TIMESTAMP"]) == ("CALL_LOG", str(START))
    assert variables["MEETING_NOTES"] == "<p>Well</p>"
    assert edited["storyTextPipeline"] == "Ada L changed a meeting of Acme"
    assert deleted["storyTextGlobal"] == "Ada L deleted a meeting of Acme in Deals"


def test_saving_an_unchanged_meeting_records_no_event(world: World) -> None:
    box = world.box(world.pipeline())
    task = a_task(world, box)
    meeting = a_meeting(world, box, taskKeys=[task["key"]], duration=60_000)
    events = world.events(box["key"])
    world.clock.advance(ms=1000)
    assert ok(world.ada.http.post(f"/api/v2/meetings/{meeting['key']}", json=meeting)) == meeting
    assert world.events(box["key"]) == events


def test_a_meeting_and_its_tasks_link_to_each_other(world: World) -> None:
    box = world.box(world.pipeline())
    first, second = a_task(world, box), a_task(world, box)
    meeting = a_meeting(world, box, taskKeys=[second["key"], first["key"]])
    own = f"/api/v2/meetings/{meeting['key']}"
    assert meeting["taskKeys"] == [first["key"], second["key"]]
    assert ok(world.ada.http.get(f"/api/v2/tasks/{first['key']}"))["meetingKey"] == meeting["key"]
    ok(world.ada.http.post(f"/api/v2/tasks/{first['key']}", json={"meetingKey": ""}))
    assert ok(world.ada.http.get(own))["taskKeys"] == [second["key"]]
    other = a_meeting(world, box, taskKeys=second["key"])
    assert ok(world.ada.http.get(own))["taskKeys"] == []
    ok(world.ada.http.delete(f"/api/v2/meetings/{other['key']}"))
    left = ok(world.ada.http.get(f"/api/v2/tasks/{second['key']}"))
    assert "meetingKey" not in left
    assert world.events(box["key"])[-2:] == ["task.edited", "meeting.deleted"]


def test_meetings_and_tasks_of_different_boxes_cannot_be_linked(world: World) -> None:
    pipeline = world.pipeline()
    here, there = world.box(pipeline), world.box(pipeline)
    task, meeting = a_task(world, there), a_meeting(world, there)
    body = {"meetingType": "CALL_LOG", "startTimestamp": START, "taskKeys": [task["key"]]}
    refused(world.ada.http.post(f"/api/v2/boxes/{here['key']}/meetings", json=body), 400, "taskKeys")
    body = {"text": "Call", "meetingKey": meeting["key"]}
    refused(world.ada.http.post(f"/api/v2/boxes/{here['key']}/tasks", json=body), 400, "meetingKey")
    assert the_box(world, here) == here


def test_a_draft_records_no_event_until_it_is_published(world: World) -> None:
    box = world.box(world.pipeline())
    draft = a_meeting(world, box, isDraft=True, duration=5000)
    own = f"/api/v2/meetings/{draft['key']}"
    ok(world.ada.http.post(own, json={"notes": "Went well"}))
    assert the_box(world, box) == box
    assert len(feed(world, box)) == 1
    ok(world.ada.http.post(own, json={"isDraft": False}))
    assert (the_box(world, box)["callLogCount"], the_box(world, box)["totalCallLogDuration"]) == (1, 5000)
    assert [entry["newsfeedEntrySpecific"] for entry in feed(world, box)] == ["NEW_BOX", "ADD_MEETING"]
    refused(world.ada.http.post(own, json={"isDraft": True}), 400, "isDraft")


def test_the_latest_meeting_is_the_last_touchpoint(world: World) -> None:
    box = world.box(world.pipeline())
    a_meeting(world, box, startTimestamp=START)
    later = a_meeting(world, box, startTimestamp=START + 1000, meetingType="MEETING_NOTES")
    read = the_box(world, box)
    assert (read["lastTouchpointTimestamp"], read["lastTouchpointType"]) == (START + 1000, "MEETING_NOTES")
    ok(world.ada.http.delete(f"/api/v2/meetings/{later['key']}"))
    read = the_box(world, box)
    assert (read["lastTouchpointTimestamp"], read["lastTouchpointType"]) == (START, "CALL_LOG")
    assert "firstMeetingNotesTimestamp" not in read


def test_counts_are_correct_after_concurrent_changes(world: World) -> None:
    box = world.box(world.pipeline())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: a_meeting(world, box, startTimestamp=START + number, duration=number), range(20)))
    read = the_box(world, box)
    assert (read["callLogCount"], read["totalCallLogDuration"]) == (20, 190)
    assert (read["firstCallLogTimestamp"], read["mostRecentCallLogTimestamp"]) == (START, START + 19)


def test_only_users_who_may_change_the_box_change_its_meetings(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__")
    box = world.box(pipeline)
    meeting = a_meeting(world, box)
    own = f"/api/v2/meetings/{meeting['key']}"
    assert ok(world.bo.http.get(own)) == meeting
    body = {"meetingType": "CALL_LOG", "startTimestamp": START}
    refused(world.bo.http.post(f"/api/v2/boxes/{box['key']}/meetings", json=body), 403, "change")
    refused(world.bo.http.post(own, json={"notes": "No"}), 403, "change")
    refused(world.bo.http.delete(own), 403, "change")
    assert ok(world.ada.http.get(own)) == meeting


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"startTimestamp": -1}, "startTimestamp"),
        ({"startTimestamp": 10**15}, "startTimestamp"),
        ({"duration": 10**14}, "duration"),
        ({"duration": "an hour"}, "duration"),
        ({"notes": {"a": 1}}, "notes"),
        ({"isDraft": 7}, "isDraft"),
        ({"taskKeys": {"a": 1}}, "taskKeys"),
    ],
)
def test_an_invalid_member_is_named_and_no_change_is_saved(world: World, change: dict, names: str) -> None:
    box = world.box(world.pipeline())
    meeting = a_meeting(world, box)
    refused(world.ada.http.post(f"/api/v2/meetings/{meeting['key']}", json={"notes": "n", **change}), 400, names)
    body = {"meetingType": "CALL_LOG", "startTimestamp": START, **change}
    refused(world.ada.http.post(f"/api/v2/boxes/{box['key']}/meetings", json=body), 400, names)
    assert ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/meetings"))["results"] == [meeting]
