"""Envelopes, several events in a subscription, order per box, and batches, as a receiver sees them."""

import json
import threading
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from tests.conftest import World, ok, refused
from tests.jobs.webhooks import Hook, all_is_well, deliveries, eventually, receiver, settled
from tests.receiver import Answer, Received, Receiver

__all__ = ["all_is_well", "receiver"]
Json = dict[str, Any]


def edit(world: World, box: Json, **members: Any) -> Json:
    edited: Json = ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json=members))
    return edited


def test_an_envelope_says_who_changed_what_through_what(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Size")["key"]
    box = world.box(pipeline, notes="old", fields={size: 1})
    hook = Hook(world.ada, receiver, "BOX_EDIT", pipelineKey=pipeline["key"], payload="full")
    edited = edit(world, box, name="Apex", notes="new", fields={size: 2})
    (sent,) = hook.wait()
    Verifier(hook.subscription["secret"]).verify(sent.body, sent.headers)
    envelope = json.loads(sent.body)
    assert envelope["item"] == edited
    assert envelope["event"] == "BOX_EDIT"
    assert {change["member"]: (change["before"], change["after"]) for change in envelope["changes"]} == {
        "name": ("Acme", "Apex"),
        "notes": ("old", "new"),
        f"fields.{size}": (1, 2),
    }
    assert envelope["actor"] == {"key": world.ada.user_key, "name": "Ada L"}
    assert envelope["via"]["type"] == "key"
    assert (envelope["pipeline"], envelope["box"]) == (
        {"key": pipeline["key"], "name": "Deals"},
        {"key": box["key"], "name": "Apex"},
    )
    assert envelope["timestamp"] == edited["lastUpdatedTimestamp"]
    history = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/history"))["results"]
    assert envelope["id"] in [change["key"] for change in history]
    assert {envelope["change"]} == {change["change"] for change in history[:3]}
    assert envelope["sequence"] == int(sent.headers["x-boxwood-sequence"])
    assert envelope["teamKey"] == world.team_key


def test_envelopes_of_other_nouns_say_what_changed(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    task = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Call"}))
    events = ["BOX_CHANGE_STAGE", "TASK_UPDATED", "BOX_CREATE"]
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"], payload="full", events=events)
    ok(world.ada.http.post(f"/api/v2/tasks/{task['key']}", json={"text": "Write", "dueDate": 1_900_000_000_000}))
    edit(world, box, stageKey="Won")
    world.box(pipeline)
    sent = {request.event: json.loads(request.body) for request in hook.wait(3)}
    assert {change["member"]: change["before"] for change in sent["TASK_UPDATED"]["changes"]} == {
        "text": "Call",
        "dueAt": None,
    }
    assert sent["TASK_UPDATED"]["box"]["key"] == box["key"]
    assert sent["BOX_CHANGE_STAGE"]["changes"] == [{"member": "stageKey", "before": "5001", "after": "5002"}]
    assert sent["BOX_CREATE"]["changes"] == []


def test_a_condition_sees_all_previous_values_of_an_edit(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, notes="old")
    condition = 'before.name == "Acme" && before.notes == "old"'
    hook = Hook(world.ada, receiver, "BOX_EDIT", pipelineKey=pipeline["key"], condition=condition)
    edited = edit(world, box, name="Apex", notes="new")
    assert hook.wait()[0].things == [edited]


def test_a_subscription_gets_several_events(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    events = ["BOX_CREATE", "BOX_DELETE", "COMMENT_CREATE"]
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"], events=events, name="To the warehouse")
    assert (hook.subscription["event"], hook.subscription["events"]) == ("BOX_CREATE", events)
    assert hook.subscription["name"] == "To the warehouse"
    box = world.box(pipeline)
    edit(world, box, name="Not subscribed to")
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": "hello"}))
    ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    sent = hook.wait(3)
    assert sorted(request.event for request in sent) == sorted(events)
    hook.quiet_after(3)
    path = f"/api/v2/webhooks/{hook.subscription['key']}"
    again = ok(world.ada.http.post(f"{path}/replay", json={"from": 0}))
    assert again["count"] == 3
    assert {request.id for request in hook.wait(6)} == {request.id for request in sent}


def test_events_of_a_team_and_of_its_pipelines_share_a_subscription(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    events = ["CONTACT_CREATE", "BOX_CREATE"]
    hook = Hook(world.ada, receiver, "CONTACT_CREATE", teamKey=world.team_key, events=events)
    box = world.box(pipeline)
    contact = {"emailAddresses": [f"x@w{world.number}.example"]}
    made = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=contact))
    assert sorted(request.things[0]["key"] for request in hook.wait(2)) == sorted([box["key"], made["key"]])
    counted = ok(
        world.ada.http.post(f"/api/v2/webhooks/{hook.subscription['key']}/replay", json={"from": 0, "dryRun": True})
    )
    assert counted["count"] >= 2


def test_events_are_changed_through_either_member(world: World) -> None:
    pipeline = world.pipeline()
    given = {"pipelineKey": pipeline["key"], "targetUrl": "https://example.com/", "events": ["BOX_CREATE", "BOX_EDIT"]}
    hook = ok(world.ada.http.post("/api/v2/webhooks", json=given))
    path = f"/api/v2/webhooks/{hook['key']}"
    shown = ok(world.ada.http.get(path))
    assert (shown["event"], shown["events"], "name" in shown) == ("BOX_CREATE", ["BOX_CREATE", "BOX_EDIT"], False)
    assert ok(world.ada.http.post(path, json=shown)) == shown
    single = ok(world.ada.http.post(path, json={**shown, "event": "BOX_DELETE"}))
    assert single["events"] == ["BOX_DELETE"]
    several = ok(world.ada.http.post(path, json={**single, "events": ["STAGE_CREATE", "BOX_CREATED", "STAGE_CREATE"]}))
    assert (several["event"], several["events"]) == ("STAGE_CREATE", ["STAGE_CREATE", "BOX_CREATE"])
    undone = ok(world.ada.http.post("/api/v2/undo", json={"change": _last_change(world, path, name="Second thoughts")}))
    assert undone["left"] == []
    assert "name" not in ok(world.ada.http.get(path))
    change = _last_change(world, path, events=["BOX_EDIT"])
    ok(world.ada.http.post("/api/v2/undo", json={"change": change}))
    assert ok(world.ada.http.get(path))["events"] == ["STAGE_CREATE", "BOX_CREATE"]


def _last_change(world: World, path: str, **members: Any) -> str:
    response = world.ada.http.post(path, json=members)
    ok(response)
    return response.headers["x-boxwood-change"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"events": ["BOX_CREATE", "BOX_EXPLODE"]}, "event"),
        ({"payload": "xml"}, "payload"),
        ({"orderBy": "TASK"}, "orderBy"),
        ({"batchSize": 0}, "batchSize"),
        ({"batchSize": 101}, "batchSize"),
        ({"ordered": True, "orderBy": "BOX", "batchSize": 2}, "batchSize"),
        ({"name": 5}, "name"),
    ],
)
def test_a_wrong_member_is_refused_and_named(world: World, given: Json, named: str) -> None:
    pipeline = world.pipeline()
    body = {"event": "BOX_CREATE", "targetUrl": "https://example.com/", **given}
    refused(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/webhooks", json=body), 400, named)


def test_each_box_keeps_its_order_beside_the_others(world: World, receiver: Receiver) -> None:
    """The first box's delivery hangs: its later ones wait, and those of the second box arrive."""
    pipeline = world.pipeline()
    slow, quick = world.box(pipeline, name="slow"), world.box(pipeline, name="quick")
    hook = Hook(world.ada, receiver, "BOX_EDIT", pipelineKey=pipeline["key"], ordered=True, orderBy="BOX")
    assert (hook.subscription["ordered"], hook.subscription["orderBy"]) == (True, "BOX")
    release = threading.Event()

    def answer(request: Received) -> Answer:
        is_slow = request.path == hook.path and request.things[0]["key"] == slow["key"]
        return Answer(after=release) if is_slow else Answer()

    receiver.answer = answer
    for count in range(3):
        edit(world, slow, notes=f"{count}")
        edit(world, quick, notes=f"{count}")
    arrived = hook.wait(4)
    assert [request.things[0]["notes"] for request in arrived if request.things[0]["key"] == quick["key"]] == [
        *("0", "1", "2"),
    ]
    assert len([request for request in arrived if request.things[0]["key"] == slow["key"]]) == 1
    release.set()
    slow_ones = [request for request in hook.wait(6) if request.things[0]["key"] == slow["key"]]
    assert [request.things[0]["notes"] for request in slow_ones] == ["0", "1", "2"]


def test_a_box_waits_for_its_failed_delivery_and_no_other_box_does(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    failing, other = world.box(pipeline, name="failing"), world.box(pipeline, name="other")
    hook = Hook(world.ada, receiver, "BOX_EDIT", pipelineKey=pipeline["key"], ordered=True, orderBy="BOX")
    statuses = iter([500])

    def answer(request: Received) -> Answer:
        is_failing = request.path == hook.path and request.things[0]["key"] == failing["key"]
        return Answer(next(statuses, 200) if is_failing else 200)

    receiver.answer = answer
    edit(world, failing, notes="0")
    hook.wait(1)
    settled(hook, attempts=1)
    edit(world, failing, notes="1")
    edit(world, other, notes="0")
    assert hook.wait(2)[1].things[0]["key"] == other["key"]
    hook.quiet_after(2)
    world.clock.advance(ms=7_000)
    sent = hook.wait(4)
    assert [request.things[0]["notes"] for request in sent if request.things[0]["key"] == failing["key"]] == [
        *("0", "0", "1"),
    ]


def test_waiting_deliveries_keep_their_boxes_order_when_it_is_chosen(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    hook = Hook(world.ada, receiver, "BOX_EDIT", pipelineKey=pipeline["key"])
    statuses = iter([500])
    receiver.answer = lambda request: Answer(next(statuses, 200) if request.path == hook.path else 200)
    edit(world, box, notes="0")
    hook.wait(1)
    settled(hook, attempts=1)
    ok(world.ada.http.post(f"/api/v2/webhooks/{hook.subscription['key']}", json={"ordered": True, "orderBy": "BOX"}))
    edit(world, box, notes="1")
    hook.quiet_after(1)
    world.clock.advance(ms=7_000)
    assert [request.things[0]["notes"] for request in hook.wait(3)] == ["0", "0", "1"]


@pytest.mark.parametrize("payload", ["list", "full"])
def test_events_within_a_second_arrive_in_one_request(world: World, receiver: Receiver, payload: str) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"], batchSize=3, payload=payload)
    operations = [
        {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes", "body": {"name": f"{count}"}}
        for count in range(7)
    ]
    ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))
    sent = hook.wait(3)
    names = [[(thing["item"] if payload == "full" else thing)["name"] for thing in request.things] for request in sent]
    assert sorted(names) == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    for request in sent:
        Verifier(hook.subscription["secret"]).verify(request.body, request.headers)
    eventually(lambda: [each["state"] for each in deliveries(hook)] == ["DELIVERED"] * 7)
    assert {each["batch"] for each in deliveries(hook)} == {request.id for request in sent}
    hook.quiet_after(3)


def test_a_failed_batch_is_repeated_with_the_same_id_and_bytes(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"], batchSize=10)
    statuses = iter([500])
    receiver.answer = lambda request: Answer(next(statuses, 200) if request.path == hook.path else 200)
    operations = [
        {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes", "body": {"name": f"{count}"}}
        for count in range(3)
    ]
    ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))
    (first,) = hook.wait(1)
    settled(hook, attempts=3)
    world.box(pipeline, name="later")
    world.clock.advance(ms=7_500)
    sent = hook.wait(3)
    again = next(request for request in sent[1:] if len(request.things) == 3)
    assert (again.id, again.body) == (first.id, first.body)
    assert [request.things[0]["name"] for request in sent if len(request.things) == 1] == ["later"]
    eventually(lambda: "failingSince" not in ok(world.ada.http.get(hook.own)))


def test_a_condition_leaves_events_out_of_a_batch(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    condition = 'item.name != "no"'
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"], batchSize=10, condition=condition)
    operations = [
        {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes", "body": {"name": name}}
        for name in ("no", "yes", "no", "also")
    ]
    ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))
    (sent,) = hook.wait(1)
    assert [thing["name"] for thing in sent.things] == ["yes", "also"]


def test_batches_of_an_ordered_subscription_follow_each_other(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"], batchSize=4, ordered=True)
    release = threading.Event()
    first = iter([True])
    receiver.answer = lambda request: (
        Answer(after=release) if request.path == hook.path and next(first, False) else Answer()
    )
    for count in range(6):
        world.box(pipeline, name=f"{count}")
    hook.wait(1)
    hook.quiet_after(1)
    release.set()
    eventually(lambda: [each["state"] for each in deliveries(hook)] == ["DELIVERED"] * 6)
    names = [[thing["name"] for thing in request.things] for request in receiver.received(hook.path)]
    assert [name for each in names for name in each] == [f"{count}" for count in range(6)]
    assert max(len(each) for each in names) > 1


def test_a_trashed_subscription_comes_back_with_all_its_events(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    events = ["BOX_CREATE", "BOX_EDIT"]
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"], events=events, payload="full")
    key = hook.subscription["key"]
    ok(world.ada.http.delete(f"/api/v2/webhooks/{key}"))
    ok(world.ada.http.post(f"/api/v2/trash/{key}/restore"))
    assert ok(world.ada.http.get(f"/api/v2/webhooks/{key}"))["events"] == events
    edit(world, world.box(pipeline), name="Apex")
    assert sorted(request.event for request in hook.wait(2)) == events
