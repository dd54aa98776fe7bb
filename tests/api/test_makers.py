"""What an API key leaves behind does no more than the key may do now."""

from typing import Any

import pytest

from tests.conftest import World, ok
from tests.things import AUTOMATION

WEBHOOK = {"events": ["BOX_CREATE", "TASK_CREATE"], "targetUrl": "https://hooks.example/x"}


class Left:
    """What a key without limits has saved in a pipeline."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.pipeline = world.pipeline()
        made = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Agent"}))
        self.key = made["key"]
        path = f"/api/v2/pipelines/{self.pipeline['key']}"
        with world.client(made["apiKey"]) as agent:
            self.webhook = ok(agent.post(f"{path}/webhooks", json=WEBHOOK))["key"]
            self.inbound = ok(agent.post(f"{path}/inbound", json={"name": "Orders"}))
            self.feed = ok(agent.post("/api/v2/calendars", json={}))["url"]
            self.automation = ok(agent.post(f"{path}/automations", json=AUTOMATION))["key"]

    def limit(self, **limits: Any) -> None:
        ok(self.world.ada.http.post(f"/api/v1/apikeys/{self.key}", json=limits))

    def delivered(self) -> set[str]:
        """Create a box with a task, and return the events that the webhook gets."""
        seen = {each["key"] for each in self.deliveries()}
        box = self.world.box(self.pipeline)["key"]
        ok(self.world.ada.http.post(f"/api/v2/boxes/{box}/tasks", json={"text": "Call"}))
        return {each["event"] for each in self.deliveries() if each["key"] not in seen}

    def deliveries(self) -> list[dict[str, Any]]:
        found = ok(self.world.ada.http.get(f"/api/v2/webhooks/{self.webhook}/deliveries"))
        return found["results"]  # type: ignore[no-any-return]

    def status(self, url: str, verb: str = "GET") -> int:
        with self.world.client(None) as client:
            return client.request(verb, url, json={} if verb == "POST" else None).status_code


@pytest.fixture
def left(world: World) -> Left:
    return Left(world)


def test_a_webhook_gets_only_events_that_its_key_may_read_now(left: Left, world: World) -> None:
    assert left.delivered() == {"BOX_CREATE", "TASK_CREATE"}
    left.limit(scopes=["boxes:read"])
    assert left.delivered() == {"BOX_CREATE"}
    left.limit(scopes=["webhooks:admin"])
    assert left.delivered() == set()
    left.limit(scopes=["*:read"], pipelineKeys=[world.pipeline()["key"]])
    assert left.delivered() == set()
    left.limit(scopes=["*:read"], pipelineKeys=[])
    assert left.delivered() == {"BOX_CREATE", "TASK_CREATE"}
    ok(world.ada.http.delete(f"/api/v1/apikeys/{left.key}"))
    assert left.delivered() == set()
    other = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Other"}))
    with world.client(other["apiKey"]) as client:
        ok(client.post(f"/api/v2/webhooks/{left.webhook}", json={"name": "Mine"}))
    ok(world.ada.http.delete(f"/api/v1/apikeys/{other['key']}"))
    assert left.delivered() == {"BOX_CREATE", "TASK_CREATE"}, "it had no limits"


@pytest.mark.parametrize("way", ["limited", "proposes", "expired", "revoked"])
def test_addresses_and_automations_of_a_key_end_with_its_rights(left: Left, world: World, way: str) -> None:
    hook = left.inbound["url"]
    assert (left.status(left.feed), left.status(hook, "POST")) == (200, 200)
    match way:
        case "limited":
            left.limit(scopes=["boxes:write"])
        case "proposes":
            left.limit(proposes=True)
        case "expired":
            left.limit(expiresTimestamp=world.clock() + 1000)
            world.clock.advance(ms=2000)
        case "revoked":
            left.limit(rateLimit="5/s", scopes=["*:read"])
            ok(world.ada.http.delete(f"/api/v1/apikeys/{left.key}"))
    assert (left.status(left.feed), left.status(hook, "POST")) == (404, 404)
    runs = f"/api/v2/automations/{left.automation}/runs"
    box = world.box(left.pipeline)["key"]
    ok(world.ada.http.post(runs, json={"boxKey": box}))
    for _ in range(200):
        found = ok(world.ada.http.get(runs))["results"]
        if found and found[0]["state"] not in ("WAITING", "RUNNING"):
            break
    assert not ok(world.ada.http.get(f"/api/v2/boxes/{box}/tasks"))["results"]
    # An inbound webhook that the user saves again works again.
    ok(world.ada.http.post(f"/api/v2/inbound/{left.inbound['key']}", json={"name": "Mine"}))
    assert left.status(hook, "POST") == 200


def test_an_import_fails_when_its_key_may_not_import_any_longer(world: World) -> None:
    pipeline = world.pipeline()
    made = ok(world.ada.http.put("/api/v1/apikeys", json={"scopes": ["boxes:write", "pipelines:write"]}))
    rows = "Name\n" + "Acme\n" * 20_000
    with world.client(made["apiKey"]) as agent:
        job = ok(agent.post(f"/api/v2/pipelines/{pipeline['key']}/import", content=rows, params={"format": "csv"}))
    ok(world.ada.http.delete(f"/api/v1/apikeys/{made['key']}"))
    while (found := ok(world.ada.http.get(f"/api/v2/imports/{job['key']}")))["state"] in ("waiting", "running"):
        pass
    assert found["state"] == "failed", found
    assert "may no longer import" in found["error"]
