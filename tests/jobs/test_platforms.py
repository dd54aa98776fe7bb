"""What automation platforms do with webhooks, step by step, against a real receiver (spec 6.6).

Each platform subscribes in its own way, reads deliveries as its published code does, and deletes its subscription.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import World, ok
from tests.jobs.webhooks import all_is_well, eventually, receiver
from tests.receiver import Answer, Receiver

__all__ = ["all_is_well", "receiver"]


def scope(world: World, event: str, pipeline: dict[str, Any]) -> dict[str, str]:
    return {"teamKey": world.team_key} if event.startswith(("CONTACT", "ORG")) else {"pipelineKey": pipeline["key"]}


def pipedream(world: World, event: str, url: str, pipeline: dict[str, Any]) -> str:
    """Sends the scope in the query, and stores only the key."""
    body = {"event": event, "targetUrl": url}
    return str(ok(world.ada.http.post("/api/v2/webhooks", params=scope(world, event, pipeline), json=body))["key"])


def n8n(world: World, event: str, url: str, pipeline: dict[str, Any]) -> str:
    """Checks whether it exists (its cast of the list to an array fails, and it continues), then sends a body."""
    where = scope(world, event, pipeline)
    path = "/teams/" + where["teamKey"] if "teamKey" in where else "/pipelines/" + where["pipelineKey"]
    assert not isinstance(ok(world.ada.http.get(f"/api/v2{path}/webhooks")), list)
    assert world.ada.http.get("/api/v2/webhooks/gone").status_code == 404
    return str(ok(world.ada.http.post("/api/v2/webhooks", json={"event": event, "targetUrl": url, **where}))["key"])


def activepieces(world: World, event: str, url: str, pipeline: dict[str, Any]) -> str:
    made = ok(
        world.ada.http.post(
            "/api/v2/webhooks", params=scope(world, event, pipeline), json={"event": event, "targetUrl": url}
        )
    )
    assert (made["event"], made["targetUrl"]) == (event, url)
    return str(made["key"])


def nango(world: World, event: str, url: str, pipeline: dict[str, Any]) -> str:
    """Sends a token, by which it recognizes the sender."""
    body = {"event": event, "targetUrl": url, "token": "nango-token"}
    return str(ok(world.ada.http.post("/api/v2/webhooks", params=scope(world, event, pipeline), json=body))["key"])


def edited(world: World, box: dict[str, Any], **change: Any) -> None:
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json=change))


def moved(world: World, box: dict[str, Any]) -> None:
    other = world.pipeline(name="Projects")
    moves = [{"boxKey": box["key"], "pipelineKey": other["key"]}]
    ok(world.ada.http.post(f"/api/v2/pipelines/{box['pipelineKey']}/boxes/batch", json=moves))


def made(world: World, path: str, **body: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(f"/api/v2{path}", json=body))  # type: ignore[no-any-return]


def contact(world: World) -> dict[str, Any]:
    return made(world, f"/teams/{world.team_key}/contacts", emailAddresses=["lead@example.com"], givenName="Lea")


def done_task(world: World, box: dict[str, Any]) -> None:
    task = made(world, f"/boxes/{box['key']}/tasks", text="Call")
    made(world, f"/tasks/{task['key']}", status="DONE")


Happens = Callable[[World, dict[str, Any]], Any]
# Pipedream's eleven instant sources without the due task, which needs time: what happens, and the members it reads.
SOURCES: list[tuple[str, Happens, tuple[str, ...]]] = [
    ("BOX_CREATE", lambda world, box: world.box({"key": box["pipelineKey"]}), ("key", "name", "creationTimestamp")),
    ("BOX_EDIT", lambda world, box: edited(world, box, notes="new"), ("key", "name", "lastUpdatedTimestamp")),
    ("BOX_CHANGE_STAGE", lambda world, box: edited(world, box, stageKey="5002"), ("key", "stageKey")),
    ("BOX_CHANGE_PIPELINE", lambda world, box: moved(world, box), ("key", "pipelineKey", "lastUpdatedTimestamp")),
    (
        "BOX_NEW_EMAIL_ADDRESS",
        lambda world, box: edited(world, box, contacts=[{"key": contact(world)["key"]}]),
        ("key", "name"),
    ),
    (
        "COMMENT_CREATE",
        lambda world, box: made(world, f"/boxes/{box['key']}/comments", message="Hello"),
        ("key", "message", "timestamp"),
    ),
    (
        "TASK_CREATE",
        lambda world, box: made(world, f"/boxes/{box['key']}/tasks", text="Call"),
        ("key", "text", "creationDate"),
    ),
    ("TASK_COMPLETE", lambda world, box: done_task(world, box), ("key", "text", "lastStatusChangeDate")),
    ("CONTACT_CREATE", lambda world, box: contact(world), ("key", "emailAddresses", "creationDate")),
    (
        "CONTACT_UPDATE",
        lambda world, box: made(world, f"/contacts/{contact(world)['key']}", title="Buyer"),
        ("key", "emailAddresses", "lastSavedTimestamp"),
    ),
]


@pytest.mark.parametrize(("event", "happens", "reads"), SOURCES, ids=[event for event, _, _ in SOURCES])
@pytest.mark.parametrize("platform", [pipedream, n8n, activepieces, nango])
def test_a_platform_gets_the_event_it_subscribed_to_and_deletes_the_subscription(
    world: World, receiver: Receiver, platform: Any, event: str, happens: Happens, reads: tuple[str, ...]
) -> None:
    box = world.box(world.pipeline())
    path = f"/{platform.__name__}/{event}/{world.number}"
    key = platform(world, event, receiver.url + path, {"key": box["pipelineKey"]})
    happens(world, box)
    (sent,) = receiver.wait_for(path, 1)
    assert isinstance(sent.things, list)
    for item in sent.things:
        assert all(item[name] for name in reads), item
    if platform is nango:
        assert sent.headers["x-streak-webhook-token"] == "nango-token"
    assert world.ada.http.delete(f"/api/v2/webhooks/{key}").json()["success"] is True
    assert world.ada.http.get(f"/api/v2/webhooks/{key}").status_code == 404


def test_a_subscription_whose_receiver_replies_gone_is_deleted(world: World, receiver: Receiver) -> None:
    """A removed zap replies 410; n8n finds no subscription and subscribes again."""
    pipeline, path = world.pipeline(), f"/zap/{world.number}"
    key = n8n(world, "BOX_CREATE", receiver.url + path, pipeline)
    receiver.answer = lambda request: Answer(410 if request.path == path else 200)
    world.box(pipeline)
    receiver.wait_for(path, 1)
    eventually(lambda: world.ada.http.get(f"/api/v2/webhooks/{key}").status_code == 404)
    receiver.answer = lambda request: Answer()
    again = n8n(world, "BOX_CREATE", receiver.url + path, pipeline)
    assert again != key
    box = world.box(pipeline)
    assert receiver.wait_for(path, 2)[1].things == [box]
