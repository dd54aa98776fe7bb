"""Boxes as clients read them: required members, members that are left out, and what an edit keeps."""

import pytest

ALWAYS = {
    "assignedToSharingEntries": list,
    "boxKey": str,
    "callLogCount": int,
    "commentCount": int,
    "creationTimestamp": int,
    "creatorKey": str,
    "creatorSharingEntry": dict,
    "emailAddresses": list,
    "emailAddressesAutoExtracted": list,
    "emailAddressesBlacklist": list,
    "fields": dict,
    "fileCount": int,
    "followerCount": int,
    "followerKeys": list,
    "followerSharingEntries": list,
    "freshness": float,
    "gmailThreadCount": int,
    "incompleteTaskAssigneeKeySet": list,
    "incompleteTaskAssigneeSharingEntrySet": list,
    "key": str,
    "lastSavedTimestamp": int,
    "lastStageChangeTimestamp": int,
    "lastUpdatedTimestamp": int,
    "linkedBoxKeys": list,
    "meetingNotesCount": int,
    "name": str,
    "overdueTaskAssigneeKeySet": list,
    "overdueTaskAssigneeSharingEntrySet": list,
    "pipelineKey": str,
    "stageKey": str,
    "taskAssigneeKeySet": list,
    "taskAssigneeSharingEntrySet": list,
    "taskCompleteCount": int,
    "taskIncompleteCount": int,
    "taskOverdueCount": int,
    "taskTotal": int,
    "totalCallLogDuration": int,
    "totalMeetingNotesDuration": int,
    "totalNumberOfEmails": int,
    "totalNumberOfReceivedEmails": int,
    "totalNumberOfSentEmails": int,
    "violations": list,
}


def makers(world, pipeline):
    path = f"pipelines/{pipeline['key']}/boxes"
    return {
        "v1 PUT": lambda name: world.ada.http.put(f"/api/v1/{path}", params={"name": name}),
        "v1 POST": lambda name: world.ada.http.post(f"/api/v1/{path}", json={"name": name}),
        "v2 POST": lambda name: world.ada.http.post(f"/api/v2/{path}", json={"name": name}),
    }


def read(world, box):
    return world.ada.http.get(f"/api/v1/boxes/{box['key']}").json()


def edit(world, box, **changes):
    answer = world.ada.http.post(f"/api/v1/boxes/{box['key']}", json=changes)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_new_box_has_every_required_member(world):
    pipeline = world.pipeline()
    for make in makers(world, pipeline).values():
        created = make("Deal").json()
        assert {name: type(created.get(name)) for name in ALWAYS} == ALWAYS
        assert read(world, created) == created
        assert "success" not in created


def test_a_new_box_has_correct_members(world):
    pipeline = world.ada.http.get(f"/api/v1/pipelines/{world.pipeline()['key']}").json()
    box = world.ada.http.put(f"/api/v1/pipelines/{pipeline['key']}/boxes", params={"name": "Deal"}).json()
    assert box["key"] == box["boxKey"]
    assert (box["pipelineKey"], box["stageKey"]) == (pipeline["key"], pipeline["stageOrder"][0])
    assert box["creatorKey"] == box["creatorSharingEntry"]["userKey"] == world.ada.user_key
    assert box["creatorSharingEntry"]["email"] == world.ada.email
    assert {"displayName", "fullName", "email", "userKey"} <= box["creatorSharingEntry"].keys()
    assert box["freshness"] == 1.0
    (stay,) = box["stageHistoryEntries"]
    assert (stay["stageKey"], stay["lastEntryToStageTs"]) == (
        box["stageKey"],
        box["lastStageChangeTimestamp"],
    )
    for count in (
        "taskTotal",
        "commentCount",
        "fileCount",
        "gmailThreadCount",
        "callLogCount",
        "totalNumberOfEmails",
    ):
        assert box[count] == 0


def test_unset_members_are_left_out(world):
    box = world.box(world.pipeline())
    for name in (
        "contacts",
        "organizations",
        "lastCommentTimestamp",
        "firstEmailTimestamp",
        "lastEmailReceivedTimestamp",
        "soonestTaskDueDate",
        "earliestOverdueTaskDueDate",
        "firstCallLogTimestamp",
        "mostRecentMeetingNotesTimestamp",
    ):
        assert name not in box
    assert None not in box.values()


def test_moving_a_box_updates_its_stage_history(world):
    pipeline = world.ada.http.put("/api/v1/pipelines", params={"name": "P", "stageNames": "Lead,Won"}).json()
    lead, won = pipeline["stageOrder"]
    box = world.box(pipeline)
    moved = edit(world, box, stageKey=won)
    assert moved["stageKey"] == won
    assert moved["lastStageChangeTimestamp"] >= box["lastStageChangeTimestamp"]
    assert moved["lastUpdatedTimestamp"] >= box["lastUpdatedTimestamp"]
    stays = {entry["stageKey"]: entry for entry in moved["stageHistoryEntries"]}
    assert stays.keys() == {lead, won}
    assert stays[won]["lastEntryToStageTs"] == moved["lastStageChangeTimestamp"]
    spent = moved["lastStageChangeTimestamp"] - box["lastStageChangeTimestamp"]
    assert stays[lead]["timeInStageMs"] == spent
    assert read(world, box) == moved


def test_sending_a_whole_box_back_changes_only_changed_members(world):
    pipeline = world.pipeline()
    box = world.box(pipeline, name="Before", notes="kept")
    echoed = edit(world, box, **(box | {"name": "After"}))
    assert (echoed["name"], echoed["notes"]) == ("After", "kept")
    touched = {"name", "lastUpdatedTimestamp", "lastSavedTimestamp"}
    assert {name: echoed[name] for name in echoed.keys() - touched} == {
        name: box[name] for name in box.keys() - touched
    }
    computed = {"taskTotal": 7, "creationTimestamp": 1, "creatorKey": world.bo.user_key, "freshness": 0.1}
    after = edit(world, box, **(box | computed))
    assert {name: after[name] for name in computed} == {name: box[name] for name in computed}


@pytest.mark.parametrize("cleared", [None, ""])
def test_a_field_value_is_cleared(world, cleared):
    pipeline = world.pipeline()
    path = f"/api/v1/pipelines/{pipeline['key']}/fields"
    field = world.ada.http.put(path, params={"name": "F", "type": "TEXT_INPUT"}).json()["key"]
    box = world.box(pipeline)
    assert edit(world, box, fields={field: "x"})["fields"] == {field: "x"}
    assert edit(world, box, fields={field: cleared})["fields"] == {}
    values = world.ada.http.get(f"/api/v1/boxes/{box['key']}/fields").json()
    assert values == [{"key": field}]
    assert world.ada.http.get(f"/api/v1/boxes/{box['key']}/fields/{field}").json() == {"key": field}


def test_followers_and_linked_boxes_are_replaced_as_whole_lists(world):
    pipeline = world.pipeline()
    box, other, third = (world.box(pipeline, name=name) for name in ("one", "two", "three"))
    followed = edit(world, box, followerKeys=[world.bo.user_key])
    assert (followed["followerKeys"], followed["followerCount"]) == ([world.bo.user_key], 1)
    assert [entry["email"] for entry in followed["followerSharingEntries"]] == [world.bo.email]
    assert edit(world, box, followerKeys=[])["followerCount"] == 0
    linked = edit(world, box, linkedBoxKeys=[other["key"], third["key"]])
    assert sorted(linked["linkedBoxKeys"]) == sorted([other["key"], third["key"]])
    assert read(world, other)["linkedBoxKeys"] == [box["key"]]
    assert edit(world, box, linkedBoxKeys=[third["key"]])["linkedBoxKeys"] == [third["key"]]
    assert read(world, other)["linkedBoxKeys"] == []


def test_a_box_moves_to_another_pipeline(world):
    here, there = world.pipeline(name="Here"), world.pipeline(name="There")
    box = world.box(here, name="Deal")
    moved = edit(world, box, pipelineKey=there["key"])
    assert (moved["key"], moved["pipelineKey"], moved["name"]) == (box["key"], there["key"], "Deal")
    assert world.ada.http.get(f"/api/v1/pipelines/{here['key']}/boxes").json() == []
    assert [item["key"] for item in world.ada.http.get(f"/api/v1/pipelines/{there['key']}/boxes").json()] == [
        box["key"]
    ]


def test_boxes_are_moved_in_a_batch(world):
    here, there = world.pipeline(name="Here"), world.pipeline(name="There")
    boxes = [world.box(here, name=name)["key"] for name in ("one", "two", "three")]
    wanted = [{"key": key, "boxKey": key, "pipelineKey": there["key"]} for key in boxes[:2]]
    answer = world.ada.http.post(f"/api/v2/pipelines/{here['key']}/boxes/batch", json=wanted)
    assert answer.status_code == 200, answer.text
    left = world.ada.http.get(f"/api/v1/pipelines/{here['key']}/boxes").json()
    arrived = world.ada.http.get(f"/api/v1/pipelines/{there['key']}/boxes").json()
    assert [box["key"] for box in left] == boxes[2:]
    assert sorted(box["key"] for box in arrived) == sorted(boxes[:2])


@pytest.mark.parametrize(
    "spelled",
    [lambda keys: keys, lambda keys: {"RAW_BODY": keys}, lambda keys: {"boxKeys": keys}],
    ids=["array", "RAW_BODY", "boxKeys"],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_boxes_are_read_in_a_batch(world, spelled, slash):
    pipeline = world.pipeline()
    boxes = [world.box(pipeline, name=name) for name in ("one", "two", "three")]
    path = f"/api/v1/pipelines/{pipeline['key']}/boxes/batch{slash}"
    answer = world.ada.http.post(path, json=spelled([boxes[2]["key"], "nothing", boxes[0]["key"]]))
    assert sorted(box["key"] for box in answer.json()) == sorted([boxes[0]["key"], boxes[2]["key"]])
    assert boxes[0] in answer.json()


def test_a_batch_honours_reach(world):
    pipeline = world.pipeline()
    box = world.box(pipeline)
    theirs = world.cy.http.put("/api/v1/pipelines", params={"name": "Cy's"}).json()
    batch = world.cy.http.post(f"/api/v1/pipelines/{theirs['key']}/boxes/batch", json=[box["key"]])
    assert batch.json() == []
    steal = [{"key": box["key"], "boxKey": box["key"], "pipelineKey": theirs["key"]}]
    world.cy.http.post(f"/api/v2/pipelines/{theirs['key']}/boxes/batch", json=steal)
    assert read(world, box)["pipelineKey"] == pipeline["key"]
    give = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes/batch", json=steal)
    assert give.status_code == 404
    assert read(world, box)["pipelineKey"] == pipeline["key"]


def test_a_deleted_box_is_gone(world):
    pipeline = world.pipeline()
    box = world.box(pipeline)
    assert world.ada.http.delete(f"/api/v1/boxes/{box['key']}").json() == {"success": True}
    assert world.ada.http.get(f"/api/v1/boxes/{box['key']}").status_code == 404
    assert world.ada.http.delete(f"/api/v1/boxes/{box['key']}").status_code == 404
    assert world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes").json() == []


def test_sending_a_box_back_is_accepted_though_it_names_an_unreachable_user(world):
    """The box names an invited stranger, who is in no team and no pipeline of Ada's."""
    box = world.box(world.pipeline(), assignedToSharingEntries=[{"email": "stranger@elsewhere.example"}])
    path = f"/api/v1/boxes/{box['key']}"
    whole = world.ada.http.get(path).json()
    for person in (world.ada, world.bo):
        answer = person.http.post(path, json=whole)
        assert (answer.status_code, answer.json()) == (200, whole)
    other = world.box({"key": box["pipelineKey"]})
    entries = {"assignedToSharingEntries": whole["assignedToSharingEntries"]}
    answer = world.bo.http.post(f"/api/v1/boxes/{other['key']}", json=entries)
    assert (answer.status_code, answer.json()["field"]) == (400, "assignedToSharingEntries")


def test_a_key_in_the_body_that_is_not_found_is_named(world):
    box = world.box(world.pipeline())
    answer = world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"pipelineKey": "nowhere"})
    assert answer.status_code == 404
    assert answer.json() == {"success": False, "details": "nowhere", "error": "Entity not found with key"}


def test_a_list_is_refused_as_an_edit(world):
    box = world.box(world.pipeline())
    answer = world.ada.http.post(f"/api/v1/boxes/{box['key']}", json=[{"name": "Lost"}])
    assert (answer.status_code, answer.json()["field"]) == (400, "body")
