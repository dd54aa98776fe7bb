"""Notifications: who gets which, in the notification list, live and by mail."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from boxwood.core import event_kinds, events
from boxwood.core.automations import automations
from boxwood.core.webhooks import subscriptions
from boxwood.jobs import digests, task_due
from boxwood.wire.shapes.events import story
from tests.conftest import Server, Store, World, ok, refused
from tests.mailbox import Mailbox, text


def notifications_of(world: World, who: str = "bo", **query: Any) -> list[tuple[str, str]]:
    found = ok(getattr(world, who).http.get("/api/v2/notifications", params=query))
    return [(notification["reason"], notification["kind"]) for notification in found["results"]]


def unread(world: World, who: str = "bo") -> int:
    count: int = ok(getattr(world, who).http.get("/api/v2/notifications"))["unread"]
    return count


def comment(world: World, box: dict[str, Any], message: str, who: str = "ada", **given: Any) -> dict[str, Any]:
    body = {"message": message, **given}
    answer: dict[str, Any] = ok(getattr(world, who).http.post(f"/api/v2/boxes/{box['key']}/comments", json=body))
    return answer


def follow(world: World, box: dict[str, Any], who: str = "bo", **changes: bool) -> dict[str, bool]:
    url = f"/api/v2/boxes/{box['key']}/following"
    answer: dict[str, bool] = ok(getattr(world, who).http.post(url, json=changes))
    return answer


def test_mentioned_and_assigned_users_are_notified(world: World) -> None:
    box = world.box(world.pipeline(), assignedToSharingEntries=[{"email": world.bo.email}])
    comment_key = comment(world, box, "Look", mentions=[{"userKey": world.bo.user_key}])
    task = {"text": "call", "assignedToSharingEntries": [{"email": world.bo.email}, {"email": world.ada.email}]}
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json=task))
    assert notifications_of(world) == [
        ("assigned", "task.created"),
        ("mention", "comment.created"),
        ("assigned", "box.created"),
    ]
    (_, mention, _) = ok(world.bo.http.get("/api/v2/notifications"))["results"]
    assert (mention["boxKey"], mention["objectKey"], mention["actorKey"]) == (
        box["key"],
        comment_key["key"],
        world.ada.user_key,
    )
    assert mention["story"] == "Ada L commented on Acme: Look in Deals"
    assert notifications_of(world, "ada") == []
    # A repeated mention sends no notification; a new mention in an edit does.
    url = f"/api/v2/comments/{comment_key['key']}"
    ok(world.ada.http.post(url, json={"message": "Look again", "mentions": [{"userKey": world.bo.user_key}]}))
    assert len(notifications_of(world)) == 3


def test_users_are_not_notified_of_their_own_changes(world: World) -> None:
    box = world.box(world.pipeline())
    comment(world, box, "Me", mentions=[{"userKey": world.ada.user_key}])
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5002"}))
    assert notifications_of(world, "ada") == []
    ok(world.bo.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5003"}))
    assert notifications_of(world, "ada") == [("followed", "box.moved")]


def test_a_box_is_followed_unfollowed_and_muted(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__")
    box = world.box(pipeline)
    comment(world, box, "no notification")
    assert follow(world, box, following=True) == {"following": True, "muted": False}
    comment(world, box, "one")
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5002", "notes": "quiet"}))
    assert notifications_of(world) == [("followed", "box.moved"), ("followed", "comment.created")]
    assert follow(world, box, muted=True) == {"following": True, "muted": True}
    comment(world, box, "two")
    comment(world, box, "three", mentions=[{"userKey": world.bo.user_key}])
    assert notifications_of(world)[0] == ("mention", "comment.created")
    assert len(notifications_of(world)) == 3
    assert follow(world, box, following=False, muted=False) == {"following": False, "muted": False}
    comment(world, box, "four")
    assert len(notifications_of(world)) == 3
    refused(world.cy.http.post(f"/api/v2/boxes/{box['key']}/following", json={"following": True}), 404)


def test_only_users_who_can_see_the_box_get_and_read_its_notifications(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, assignedToSharingEntries=[{"email": world.cy.email}])
    assert notifications_of(world, "cy") == []
    comment(world, box, "Look", mentions=[{"userKey": world.bo.user_key}])
    assert unread(world) == 1
    ok(world.ada.http.post(f"/api/v1/pipelines/{pipeline['key']}", json={"sharedWithTeam": False, "teamWide": False}))
    url = f"/api/v1/pipelines/{pipeline['key']}"
    ok(world.ada.http.post(url, json={"defaultPermissionSetName": "__noAccessPermissionSet__"}))
    assert notifications_of(world) == []
    assert unread(world) == 0


def test_owners_are_notified_of_due_tasks_and_failing_webhooks(world: World) -> None:
    box = world.box(world.pipeline())
    due_at = world.clock() + 60_000
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "call", "dueDate": due_at}))
    world.clock.advance(ms=120_000)
    asyncio.run(task_due.remind(world.server.engine, world.clock()))
    assert notifications_of(world, "ada") == [("due", "task.due")]
    hook = {"event": "BOX_CREATE", "targetUrl": "https://example.com/in"}
    key = ok(world.ada.http.post(f"/api/v2/pipelines/{box['pipelineKey']}/webhooks", json=hook))["key"]
    world.as_("ada", lambda ctx: subscriptions.record_event(ctx, "webhook.switched_off", subscriptions.get(ctx, key)))
    assert notifications_of(world, "ada")[0] == ("failed", "webhook.switched_off")
    assert notifications_of(world) == []


def test_the_notification_of_a_switched_off_automation_links_to_it(world: World) -> None:
    rule = {"name": "Greet", "trigger": {"type": "contact.created"}, "steps": [{"type": "stop"}]}
    key = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/automations", json=rule))["key"]
    world.as_("ada", lambda ctx: automations.pause(ctx, automations.get(ctx, key), "it went in circles"))
    notification = ok(world.ada.http.get("/api/v2/notifications"))["results"][0]
    assert (notification["kind"], notification["teamKey"], notification["objectKey"]) == (
        "automation.paused",
        world.team_key,
        key,
    )
    assert notification["story"] == "The automation Greet was switched off: it went in circles"
    assert "pipelineKey" not in notification


def test_every_event_kind_has_a_sentence_even_with_missing_data() -> None:
    for kind in event_kinds.EVENT_KINDS:
        bare = events.Event(1, kind, 0, None, None, None, None, None, msgspec.Raw(b"{}"), None, {})
        assert story(bare, "this box", "this pipeline")


def test_notifications_are_marked_read_singly_up_to_a_given_notification_or_all(world: World) -> None:
    box = world.box(world.pipeline())
    for number in range(4):
        comment(world, box, str(number), mentions=[{"userKey": world.bo.user_key}])
    fourth, third, second, first = (each["key"] for each in ok(world.bo.http.get("/api/v2/notifications"))["results"])

    def mark(**changes: Any) -> int:
        count: int = ok(world.bo.http.post("/api/v2/notifications/read", json=changes))["unread"]
        return count

    assert mark(keys=[fourth]) == 3
    assert mark(until=second) == 1
    assert [each["key"] for each in ok(world.bo.http.get("/api/v2/notifications?unread=true"))["results"]] == [third]
    counts = {
        reason: len(ok(world.bo.http.get(f"/api/v2/notifications?reason={reason}"))["results"])
        for reason in ("mention", "assigned,due", "followed,mention")
    }
    assert counts == {"mention": 4, "assigned,due": 0, "followed,mention": 4}
    assert "only mention, assigned" in refused(world.bo.http.get("/api/v2/notifications?reason=all"), 400, "reason")
    assert mark(keys=[first], read=False) == 2
    assert mark() == 0
    page = ok(world.bo.http.get("/api/v2/notifications", params={"limit": 3}))
    rest = ok(world.bo.http.get("/api/v2/notifications", params={"cursor": page["cursor"]}))
    assert [each["key"] for each in page["results"] + rest["results"]] == [fourth, third, second, first]
    assert unread(world, "ada") == 0
    for body in ({"keys": ["x"]}, {"until": "n1"}):
        refused(world.bo.http.post("/api/v2/notifications/read", json=body), 400)


def test_the_unread_count_is_updated_live(world: World) -> None:
    box = world.box(world.pipeline())
    counts = []
    with world.bo.http.stream("GET", "/api/v2/notifications/stream") as answer:
        for line in answer.iter_lines():
            if not line.startswith("data: "):
                continue
            counts.append(json.loads(line.removeprefix("data: "))["unread"])
            if counts == [0]:
                comment(world, box, "Look", mentions=[{"userKey": world.bo.user_key}])
            elif counts == [0, 1]:
                with world.client(world.bo.key) as other:
                    ok(other.post("/api/v2/notifications/read", json={}))
            else:
                break
    assert counts == [0, 1, 0]


def test_every_kind_that_notifies_is_a_kind() -> None:
    assert set(event_kinds.EVENT_KINDS) >= event_kinds.NOTIFYING_KINDS


@pytest.fixture
def mailing(fresh_store: Store, mailbox: Mailbox) -> Iterator[World]:
    settings = {"smtp_url": mailbox.url, "mail_from": "crm@example.com", "base_url": "https://crm.example"}
    server = Server(fresh_store.config(**settings)).start()
    yield (created := World(server))
    created.close()
    server.stop()


def at(world: World, hour: int) -> int:
    """Return the next time the server's clock shows this hour in UTC."""
    now = datetime.fromtimestamp(world.clock() / 1000, UTC)
    ahead = (hour - now.hour) % 24 or 24
    world.clock.advance(ms=ahead * 3_600_000)
    return world.clock()


def test_unread_notifications_are_sent_in_one_morning_mail(mailing: World, mailbox: Mailbox) -> None:
    world = mailing
    engine = world.server.engine
    at(world, 12)
    box = world.box(world.pipeline())
    for number in range(3):
        comment(world, box, f"no. {number}", mentions=[{"userKey": world.bo.user_key}])
    seen = ok(world.bo.http.get("/api/v2/notifications"))["results"][0]["key"]
    ok(world.bo.http.post("/api/v2/notifications/read", json={"keys": [seen]}))
    assert asyncio.run(digests.send(engine, world.clock())) == 0
    at(world, 9)
    assert asyncio.run(digests.send(engine, world.clock())) == 1
    (letter,) = mailbox.wait()
    assert letter["To"] == world.bo.email
    assert letter["Subject"] == "2 things you have not seen yet"
    assert "commented on Acme: no. 0" in text(letter)
    assert "no. 2" not in text(letter)
    assert "https://crm.example" in text(letter)
    at(world, 9)
    assert asyncio.run(digests.send(engine, world.clock())) == 0
    # Due tasks are in the digest, unless the user leaves them out.
    me = f"/api/v1/users/{world.bo.user_key}"
    for wanted, sent in ((False, 0), (True, 1)):
        ok(world.bo.http.post(me, json={"wantsTaskDigestEmail": wanted}))
        task = {
            "text": f"Call {wanted}",
            "dueDate": world.clock() - 1000,
            "assignedTo": [{"userKey": world.bo.user_key}],
        }
        ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json=task))
        asyncio.run(task_due.remind(engine, world.clock()))
        tray = ok(world.bo.http.get("/api/v2/notifications?unread=true"))["results"]
        ok(
            world.bo.http.post(
                "/api/v2/notifications/read", json={"keys": [each["key"] for each in tray if each["reason"] != "due"]}
            )
        )
        at(world, 9)
        assert asyncio.run(digests.send(engine, world.clock())) == sent
    assert "Call True" in text(mailbox.wait(2)[1])
    assert ok(world.bo.http.post("/api/v2/notifications/settings", json={"digest": "never"})) == {"digest": "never"}
    comment(world, box, "later", mentions=[{"userKey": world.bo.user_key}])
    at(world, 9)
    assert asyncio.run(digests.send(engine, world.clock())) == 0
    refused(world.bo.http.post("/api/v2/notifications/settings", json={"digest": "hourly"}), 400, "digest")
    assert ok(world.ada.http.get("/api/v2/notifications/settings")) == {"digest": "daily"}
