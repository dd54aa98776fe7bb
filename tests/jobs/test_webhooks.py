"""What subscriptions get, as a receiver sees it."""

import time
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from boxwood.core import boxes
from boxwood.core.context import Ctx
from boxwood.core.webhooks import subscriptions
from boxwood.errors import Conflict
from boxwood.lib.address_rules import Rules
from tests.conftest import Person, World, ok
from tests.jobs.webhooks import Hook, all_is_well, deliveries, eventually, receiver, settled
from tests.receiver import Answer, Receiver

__all__ = ["all_is_well", "receiver"]


def test_a_change_is_sent_within_a_second(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"])
    took = []
    # A machine that does much else may need longer once, but not each time.
    for count in range(1, 31):
        began = time.monotonic()
        world.box(pipeline)
        took.append(hook.wait(count)[-1].at - began)
        if took[-1] < 1:
            return
    raise AssertionError(took)


def test_a_change_is_sent_as_a_list_of_what_changed(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"], token="a secret word")
    box = world.box(pipeline)
    (sent,) = hook.wait()
    assert sent.things == [box]
    assert sent.headers["content-type"] == "application/json;charset=utf-8"
    assert sent.headers["x-streak-webhook-token"] == "a secret word"
    assert sent.event == "BOX_CREATE"
    Verifier(hook.subscription["secret"]).verify(sent.body, sent.headers)


def test_a_retry_comes_about_five_seconds_later_with_the_same_id_and_bytes(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"])
    statuses = iter([500, 302, 200])
    receiver.answer = lambda request: Answer(next(statuses) if request.path == hook.path else 200)
    box = world.box(pipeline, name="As it was")
    (first,) = hook.wait()
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "As it is"}))
    settled(hook, attempts=1)
    world.clock.advance(ms=3_500)
    hook.quiet_after(1)
    world.clock.advance(ms=2_600)
    second = hook.wait(2)[1]
    settled(hook, attempts=2)
    world.clock.advance(ms=72_000)
    third = hook.wait(3)[2]
    assert first.id == second.id == third.id
    assert first.body == second.body == third.body
    assert first.things[0]["name"] == "As it was"
    assert [request.headers["x-boxwood-attempt"] for request in (first, second, third)] == ["1", "2", "3"]
    (delivery,) = settled(hook, attempts=3)
    assert delivery["state"] == "DELIVERED"
    shown = ok(world.ada.http.get(f"/api/v2/deliveries/{delivery['key']}"))
    assert [attempt["status"] for attempt in shown["attempts"]] == [500, 302, 200]
    assert shown["request"]["url"] == receiver.url + hook.path
    assert shown["request"]["body"].encode() == first.body
    assert shown["request"]["headers"]["X-Boxwood-Event"] == "BOX_CREATE"
    assert world.cy.http.get(f"/api/v2/deliveries/{delivery['key']}").status_code == 404


def test_retry_after_is_honoured(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"])
    answers = iter([Answer(503, {"Retry-After": "600"}), Answer()])
    receiver.answer = lambda request: next(answers) if request.path == hook.path else Answer()
    world.box(pipeline)
    hook.wait()
    settled(hook, attempts=1)
    world.clock.advance(ms=500_000)
    hook.quiet_after(1)
    world.clock.advance(ms=101_000)
    hook.wait(2)


def test_gone_ends_the_subscription(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"])
    receiver.answer = lambda request: Answer(410 if request.path == hook.path else 200)
    world.box(pipeline)
    hook.wait()
    eventually(lambda: world.ada.http.get(hook.own).status_code == 404)
    world.box(pipeline)
    hook.quiet_after(1)


def test_a_slow_receiver_delays_no_other(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    slow = [Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"]) for _ in range(3)]
    quick = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"])
    paths = {hook.path for hook in slow}
    # Longer than they are waited for, which is 15 seconds.
    receiver.answer = lambda request: Answer(after=600 if request.path in paths else 0)

    def make_at_once(ctx: Ctx) -> None:
        for _ in range(30):
            boxes.create(ctx, pipeline["key"], {"name": "Acme"})

    world.as_("ada", make_at_once)
    quick.wait(30)
    assert all(len(receiver.received(path)) <= 8 for path in paths), "before any of the slow ones was given up"
    for hook in slow:
        ok(world.ada.http.delete(hook.own))


def test_a_change_that_is_rolled_back_is_not_sent(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"])

    def make_and_fail(ctx: Ctx) -> None:
        boxes.create(ctx, pipeline["key"], {"name": "Never"})
        raise Conflict("no")

    with pytest.raises(Conflict):
        world.as_("ada", make_and_fail)
    hook.quiet_after(0)
    assert deliveries(hook) == []


def test_the_new_and_the_previous_secret_both_sign_for_a_day(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipelineKey=pipeline["key"])
    rotated = ok(world.ada.http.post(f"{hook.own}/rotate"))
    world.box(pipeline)
    (sent,) = hook.wait()
    for secret in (hook.subscription["secret"], rotated["secret"]):
        Verifier(secret).verify(sent.body, sent.headers)
    settled(hook, attempts=1)
    world.clock.advance(days=1)
    world.box(pipeline)
    assert len(hook.wait(2)[1].headers["webhook-signature"].split()) == 1


# Which subscriptions get an event


def test_an_edit_of_several_members_is_one_delivery(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")
    box = world.box(pipeline)
    edits = Hook(world.ada, receiver, "BOX_EDIT", pipelineKey=pipeline["key"])
    moves = Hook(world.ada, receiver, "BOX_CHANGE_STAGE", pipelineKey=pipeline["key"])
    change = {"name": "Other", "notes": "n", "fields": {field["key"]: "v"}, "stageKey": "5002"}
    after = ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json=change))
    assert edits.wait()[0].things == [after]
    assert moves.wait()[0].things == [after]
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json=after))
    edits.quiet_after(1)


def test_filters_exclude_other_stages_and_fields(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    watched, other = (world.field(pipeline, "TEXT_INPUT", name)["key"] for name in ("One", "Other"))
    box = world.box(pipeline)
    won = Hook(world.ada, receiver, "BOX_CHANGE_STAGE", pipelineKey=pipeline["key"], stages=["5002"])
    on_watched = Hook(world.ada, receiver, "BOX_EDIT", pipelineKey=pipeline["key"], fields=[watched, "notes"])
    path = f"/api/v1/boxes/{box['key']}"
    for change in (
        {"stageKey": "5003"},
        {"stageKey": "5002"},
        {"fields": {other: "x"}},
        {"name": "Unwatched"},
        {"fields": {watched: "seen"}, "followerKeys": []},
        {"notes": "seen too"},
    ):
        ok(world.ada.http.post(path, json=change))
    assert [sent.things[0]["stageKey"] for sent in won.wait()] == ["5002"]
    assert sorted(sent.things[0].get("notes", "") for sent in on_watched.wait(2)) == ["", "seen too"]


def test_a_move_to_another_pipeline_is_sent_to_both_and_once_to_the_team(world: World, receiver: Receiver) -> None:
    old, new = world.pipeline(), world.pipeline(name="Projects")
    hooks = [
        Hook(world.ada, receiver, "BOX_CHANGE_PIPELINE", **scope)
        for scope in ({"pipelineKey": old["key"]}, {"pipelineKey": new["key"]}, {"teamKey": world.team_key})
    ]
    box = world.box(old)
    moves = [{"boxKey": box["key"], "pipelineKey": new["key"]}]
    (moved,) = ok(world.ada.http.post(f"/api/v2/pipelines/{old['key']}/boxes/batch", json=moves))
    assert [hook.wait()[0].things for hook in hooks] == [[moved]] * 3


def test_a_user_gets_only_events_of_boxes_they_can_see(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__editAssignedPermissionSet__")
    bos = Hook(world.bo, receiver, "BOX_CREATE", pipelineKey=pipeline["key"])
    whole = Hook(world.bo, receiver, "BOX_CREATE", teamKey=world.team_key)
    world.box(pipeline, name="Ada's own")
    shared = world.box(pipeline, name="Bo's too", assignedToSharingEntries=[{"email": world.bo.email}])
    assert bos.wait()[0].things == [shared]
    assert whole.wait()[0].things == [shared]
    settled(bos, attempts=1)
    path = f"/api/v2/pipelines/{pipeline['key']}"
    ok(world.ada.http.post(path, json={"defaultPermissionSetName": "__noAccessPermissionSet__"}))
    world.box(pipeline, assignedToSharingEntries=[{"email": world.bo.email}])
    bos.quiet_after(1)
    assert len(receiver.received(whole.path)) == 1


def test_waiting_deliveries_are_cancelled_when_the_owner_loses_access(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    bos = Hook(world.bo, receiver, "BOX_CREATE", pipelineKey=pipeline["key"])
    receiver.answer = lambda request: Answer(500 if request.path == bos.path else 200)
    world.box(pipeline)
    bos.wait()
    settled(bos, attempts=1)
    path = f"/api/v2/pipelines/{pipeline['key']}"
    ok(world.ada.http.post(path, json={"defaultPermissionSetName": "__noAccessPermissionSet__"}))
    world.clock.advance(ms=7_000)
    bos.quiet_after(1)
    bos.person = world.ada
    assert [delivery["state"] for delivery in deliveries(bos)] == ["CANCELLED"]


def test_waiting_deliveries_are_cancelled_when_their_key_may_not_read_them(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    made = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Agent"}))
    with world.client(made["apiKey"]) as client:
        hook = Hook(Person(world.ada.user, made["apiKey"], client), receiver, "BOX_CREATE", pipelineKey=pipeline["key"])
        receiver.answer = lambda request: Answer(500 if request.path == hook.path else 200)
        world.box(pipeline)
        hook.wait()
        settled(hook, attempts=1)
    ok(world.ada.http.post(f"/api/v1/apikeys/{made['key']}", json={"scopes": ["webhooks:admin", "tasks:read"]}))
    world.clock.advance(ms=7_000)
    hook.quiet_after(1)
    hook.person = world.ada
    assert [delivery["state"] for delivery in deliveries(hook)] == ["CANCELLED"]


def test_more_than_a_hundred_subscriptions_all_get_the_event(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    path = f"/all-{world.number}"
    given = {"event": "BOX_CREATE", "target_url": receiver.url + path, "pipeline_key": pipeline["key"]}
    rules = Rules(allow_private=True)
    world.as_("ada", lambda ctx: [subscriptions.create(ctx, given, rules) for _ in range(130)])
    box = world.box(pipeline)
    sent = receiver.wait_for(path, 130)
    assert len({request.id for request in sent}) == 130
    assert all(request.things == [box] for request in sent)


# The whole of 5.2


def made(world: World, path: str, **body: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(f"/api/v2{path}", json=body))


EVENTS = [
    ("BOX_CREATE", lambda world, box: world.box({"key": box["pipelineKey"]})),
    ("BOX_DELETE", lambda world, box: deleted(world, f"/api/v1/boxes/{box['key']}", box)),
    ("STAGE_CREATE", lambda world, box: made(world, f"/pipelines/{box['pipelineKey']}/stages", name="New")),
    ("COMMENT_CREATE", lambda world, box: made(world, f"/boxes/{box['key']}/comments", message="Hello")),
    ("MEETING_CREATE", lambda world, box: a_meeting(world, box)),
    ("MEETING_UPDATE", lambda world, box: made(world, f"/meetings/{a_meeting(world, box)['key']}", notes="Later")),
    ("TASK_CREATE", lambda world, box: made(world, f"/boxes/{box['key']}/tasks", text="Call")),
    ("TASK_COMPLETE", lambda world, box: made(world, f"/tasks/{a_task(world, box)}", status="DONE")),
    ("TASK_UPDATED", lambda world, box: made(world, f"/tasks/{a_task(world, box)}", text="Write")),
    ("CONTACT_CREATE", lambda world, box: a_contact(world)),
    ("CONTACT_UPDATE", lambda world, box: made(world, f"/contacts/{a_contact(world)['key']}", title="Countess")),
    ("CONTACT_DELETE", lambda world, box: deleted(world, "/api/v2/contacts/{}", a_contact(world))),
    ("ORG_CREATE", lambda world, box: an_organization(world)),
    ("ORG_UPDATE", lambda world, box: made(world, f"/organizations/{an_organization(world)['key']}", industry="I")),
    ("ORG_DELETE", lambda world, box: deleted(world, "/api/v2/organizations/{}", an_organization(world))),
]


def a_task(world: World, box: dict[str, Any]) -> str:
    return str(made(world, f"/boxes/{box['key']}/tasks", text="Call")["key"])


def a_meeting(world: World, box: dict[str, Any]) -> dict[str, Any]:
    keys = [a_task(world, box)]
    return made(world, f"/boxes/{box['key']}/meetings", meetingType="CALL_LOG", startTimestamp=1, taskKeys=keys)


def a_contact(world: World) -> dict[str, Any]:
    return made(world, f"/teams/{world.team_key}/contacts", givenName="Ada", emailAddresses=["a@b.example"])


def an_organization(world: World) -> dict[str, Any]:
    return made(world, f"/teams/{world.team_key}/organizations", name="Engines", domains=["engines.example"])


def deleted(world: World, path: str, thing: dict[str, Any]) -> dict[str, Any]:
    ok(world.ada.http.delete(path.format(thing["key"])))
    return thing


@pytest.mark.parametrize("scope", ["pipeline", "team"])
@pytest.mark.parametrize(("event", "happens"), EVENTS, ids=[event for event, _ in EVENTS])
def test_every_event_brings_the_thing_as_the_api_shows_it(
    world: World, receiver: Receiver, event: str, happens: Any, scope: str
) -> None:
    box = world.box(world.pipeline())
    where = {"pipelineKey": box["pipelineKey"]} if scope == "pipeline" else {"teamKey": world.team_key}
    hook = Hook(world.ada, receiver, event, **where)
    thing = happens(world, box)
    (sent,) = hook.wait()
    assert sent.event == event
    shown = {name: value for name, value in thing.items() if name != "boxCount"}
    assert sent.things == [shown]


def test_a_due_task_is_sent_and_a_draft_is_not(world: World, receiver: Receiver) -> None:
    box = world.box(world.pipeline())
    where = {"pipelineKey": box["pipelineKey"]}
    due, created = Hook(world.ada, receiver, "TASK_DUE", **where), Hook(world.ada, receiver, "TASK_CREATE", **where)
    soon = world.clock() + 60_000
    made(world, f"/boxes/{box['key']}/tasks", text="Draft", isDraft=True, dueDate=soon)
    task = made(world, f"/boxes/{box['key']}/tasks", text="Call", dueDate=soon)
    assert [request.things[0]["key"] for request in created.wait()] == [task["key"]]
    settled(created, attempts=1)
    world.clock.advance(ms=61_000)
    assert [request.things[0]["key"] for request in due.wait()] == [task["key"]]
    created.quiet_after(1)


# Conditions


def test_events_for_which_the_condition_is_true_are_sent(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT", "Size")["key"]
    condition = f'event == "BOX_EDIT" && item.fields["{field}"] == "large" && before.fields["{field}"] != "large"'
    hook = Hook(world.ada, receiver, "BOX_EDIT", pipeline, condition=condition)
    every = Hook(world.ada, receiver, "BOX_EDIT", pipeline)
    assert hook.subscription["condition"] == condition
    box = world.box(pipeline, fields={field: "small"})
    for size in ("medium", "large"):
        ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"fields": {field: size}}))
    every.wait(2)
    assert [request.things[0]["fields"][field] for request in hook.wait()] == ["large"]
    eventually(lambda: [delivery["state"] for delivery in deliveries(hook)] == ["DELIVERED"])
    assert len(receiver.received(hook.path)) == 1


def test_an_event_that_a_condition_cannot_judge_is_not_sent_and_has_a_reason(world: World, receiver: Receiver) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", world.pipeline(), condition="item.nowhere > 1")
    box = world.box(hook.pipeline)
    eventually(lambda: [delivery["state"] for delivery in deliveries(hook)] == ["CANCELLED"])
    (left,) = deliveries(hook)
    assert "condition" in left["lastError"]
    assert receiver.received(hook.path) == []
    assert "failingSince" not in ok(world.ada.http.get(hook.own))
    tested = ok(world.ada.http.post(f"{hook.own}/test"))
    assert hook.wait()[0].id == tested["key"]
    ok(world.ada.http.post(hook.own, json={"condition": None}))
    assert ok(world.ada.http.post(f"/api/v2/deliveries/{left['key']}/resend"))["state"] == "WAITING"
    assert hook.wait(2)[1].things == [box]


def test_an_event_that_the_condition_excludes_does_not_block_an_ordered_endpoint(
    world: World, receiver: Receiver
) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", world.pipeline(), ordered=True, condition='item.name != "no"')
    for name in ("one", "no", "two"):
        world.box(hook.pipeline, name=name)
    assert [request.things[0]["name"] for request in hook.wait(2)] == ["one", "two"]
