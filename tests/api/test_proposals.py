"""Proposals: what a key that may only propose writes waits until its user decides."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from boxwood.api.routes import ROUTES
from boxwood.core.undo import proposals
from tests.api.test_dry_runs import difference, snapshot
from tests.conftest import World, ok, refused
from tests.things import Things


@pytest.fixture
def agent(world: World) -> Iterator[httpx.Client]:
    """A client with a key of Ada's that may only propose."""
    key = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Agent", "proposes": True}))
    assert key["proposes"] is True
    with world.client(key["apiKey"]) as client:
        yield client


def name_of(world: World, box: dict[str, Any]) -> str:
    return str(ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["name"])


def proposed(agent: httpx.Client, box: dict[str, Any], **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = ok(agent.post(f"/api/v1/boxes/{box['key']}", json=body))["proposal"]
    return found


def test_a_write_waits_until_it_is_approved_as_one_change(world: World, agent: httpx.Client) -> None:
    box = world.box(world.pipeline())
    answer = ok(agent.post(f"/api/v1/boxes/{box['key']}", json={"name": "New", "stageKey": "5002"}))
    assert (answer["name"], answer["proposal"]["state"]) == ("New", "WAITING")
    assert name_of(world, box) == "Acme"
    (found,) = ok(world.ada.http.get("/api/v2/proposals?state=waiting"))["results"]
    assert found == answer["proposal"]
    (operation,) = found["operations"]
    assert {change["kind"]: change["before"] for change in operation["changes"]} == {
        "box.renamed": {"name": "Acme"},
        "box.moved": {"stageKey": "5001"},
    }
    approved = world.ada.http.post(f"/api/v2/proposals/{found['key']}/approve", json={"note": "Good"})
    body = ok(approved)
    assert (body["proposal"]["state"], body["proposal"]["note"], body["results"][0]["name"]) == (
        "APPROVED",
        "Good",
        "New",
    )
    assert name_of(world, box) == "New"
    change = approved.headers["x-boxwood-change"]
    assert body["proposal"]["change"] == change
    entry = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/history"))["results"][0]
    assert (entry["change"], entry["via"]["type"], entry["via"]["key"]) == (change, "proposal", found["key"])
    assert len(ok(world.ada.http.post("/api/v2/undo", json={"change": change}))["undone"]) == 2
    assert name_of(world, box) == "Acme"
    refused(world.ada.http.post(f"/api/v2/proposals/{found['key']}/approve"), 400, "approved already")


def test_every_write_of_the_key_is_a_proposal_or_refused(world: World, agent: httpx.Client) -> None:
    things = Things(world)
    for noun in ("box", "task", "comment", "contact", "webhook", "automation", "apikey", "session"):
        things.key(noun)
    count = len(ok(world.ada.http.get("/api/v2/proposals"))["results"])
    for verb, path, body in (
        ("POST", "/v1/boxes/{box}", {"name": "X"}),
        ("DELETE", "/v2/tasks/{task}", None),
        ("POST", "/v2/contacts/{contact}", {"title": "Boss"}),
        ("DELETE", "/v2/webhooks/{webhook}", None),
        ("POST", "/v2/automations/{automation}/disable", {}),
    ):
        before = snapshot(world)
        answer = agent.request(verb, "/api" + things.fill_path(path), json=body)
        assert ok(answer)["proposal"]["operations"][0]["method"] == verb
        changed = difference(before, snapshot(world)).keys()
        assert changed <= {"proposals", "events", "notifications", "sqlite_sequence"}, (path, changed)
        count += 1
    for route in ROUTES:
        if route.writes and not route.open and route.path.startswith(("/v1/apikeys", "/v2/session", "/v2/proposals")):
            path = "/api" + things.fill_path(route.path.replace("{proposal}", "r-1").replace("{passkey}", "y-1"))
            refused(agent.request(route.verb, path), 403, "may only propose")
    assert len(ok(agent.get("/api/v2/proposals"))["results"]) == count
    dry = ok(agent.post(f"/api/v1/boxes/{things.key('box')}", json={"name": "X", "dryRun": True}))
    assert "proposal" not in dry


def test_operations_of_a_batch_are_decided_one_by_one(world: World, agent: httpx.Client) -> None:
    box = world.box(world.pipeline())
    path = f"/v1/boxes/{box['key']}"
    operations = [
        {"method": "POST", "path": path, "body": {"name": "One"}},
        {"method": "POST", "path": path, "body": {"notes": "Two"}},
        {"method": "POST", "path": f"/v2/boxes/{box['key']}/comments", "body": {"message": "Three"}},
    ]
    found = ok(agent.post("/api/v2/batch", json={"operations": operations}))
    assert [result["status"] for result in found["results"]] == [200] * 3
    own = f"/api/v2/proposals/{found['proposal']['key']}"
    assert ok(world.ada.http.post(f"{own}/reject", json={"operations": [2]}))["state"] == "WAITING"
    body = {"operations": [{"number": 1, "body": {"name": "Edited"}}]}
    edited = ok(world.ada.http.post(own, json=body))["operations"][0]
    assert edited["changes"][0]["after"] == {"name": "Edited"}
    assert ok(world.ada.http.post(f"{own}/approve", json={"operations": [1]}))["proposal"]["state"] == "WAITING"
    assert (name_of(world, box), world.events(box["key"])) == ("Edited", ["box.created", "box.renamed"])
    refused(world.ada.http.post(f"{own}/approve", json={"operations": [2]}), 400, "operations[0]")
    last = ok(world.ada.http.post(f"{own}/approve"))["proposal"]
    assert (last["state"], [each["state"] for each in last["operations"]]) == (
        "APPROVED",
        ["APPROVED", "REJECTED", "APPROVED"],
    )
    assert world.events(box["key"])[-1] == "comment.created"
    refused(agent.post("/api/v2/batch", json={"operations": [*operations, {"method": "POST", "path": "/v1/x"}]}), 400)


def test_what_changed_meanwhile_is_a_conflict(world: World, agent: httpx.Client) -> None:
    box = world.box(world.pipeline())
    own = f"/api/v2/proposals/{proposed(agent, box, name='New')['key']}"
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"notes": "other member"}))
    assert ok(world.ada.http.post(f"{own}/approve?dryRun=true"))["changes"][0]["after"] == {"name": "New"}
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Meanwhile"}))
    refused(world.ada.http.post(f"{own}/approve"), 400, "Acme", "'Meanwhile'", "force")
    assert name_of(world, box) == "Meanwhile"
    ok(world.ada.http.post(f"{own}/approve", json={"force": True}))
    assert name_of(world, box) == "New"
    gone = f"/api/v2/proposals/{proposed(agent, box, name='Newer')['key']}"
    ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    refused(world.ada.http.post(f"{gone}/approve"), 400, "cannot be approved", box["key"])


def test_a_proposal_expires(world: World, agent: httpx.Client) -> None:
    box = world.box(world.pipeline())
    found = proposed(agent, box, name="New")
    world.clock.advance(days=7.01)
    refused(world.ada.http.get(f"/api/v2/proposals/{found['key']}"), 404)
    refused(world.ada.http.post(f"/api/v2/proposals/{found['key']}/approve"), 404)
    assert world.server.engine.write(lambda db: proposals.delete_expired(db, world.clock())) > 0
    assert world.server.engine.write(lambda db: proposals.delete_expired(db, world.clock())) == 0


def test_only_the_user_of_the_key_sees_and_decides(world: World, agent: httpx.Client) -> None:
    box = world.box(world.pipeline())
    own = f"/api/v2/proposals/{proposed(agent, box, name='New')['key']}"
    assert ok(agent.get(own))["state"] == "WAITING"
    for other in (world.bo.http, world.cy.http):
        refused(other.get(own), 404)
        refused(other.post(f"{own}/approve"), 404)
        assert ok(other.get("/api/v2/proposals"))["results"] == []
    refused(agent.post(f"{own}/approve"), 403)
    assert ok(world.ada.http.post(f"{own}/reject", json={"note": "No"}))["state"] == "REJECTED"
    assert name_of(world, box) == "Acme"


def test_rights_are_asked_when_a_proposal_is_approved(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    key = ok(world.bo.http.put("/api/v1/apikeys", json={"name": "Agent of Bo", "proposes": True}))["apiKey"]
    with world.client(key) as agent:
        found = proposed(agent, box, name="New")
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"teamWide": False}))
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/members/{world.bo.user_key}/leave", json={}))
    refused(world.bo.http.post(f"/api/v2/proposals/{found['key']}/approve"), 400, "cannot be approved")
    assert name_of(world, box) == "Acme"


def test_a_proposal_notifies_and_is_sent_to_webhooks(world: World, agent: httpx.Client) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    hooks = [
        ok(
            world.ada.http.post(
                f"/api/v2/pipelines/{pipeline['key']}/webhooks",
                json={"event": event, "targetUrl": "http://127.0.0.1:9/hook"},
            )
        )
        for event in ("PROPOSAL_CREATE", "PROPOSAL_APPROVE")
    ]
    found = proposed(agent, box, name="A secret name")
    (notification,) = ok(world.ada.http.get("/api/v2/notifications"))["results"]
    assert (notification["reason"], notification["objectKey"]) == ("assigned", found["key"])
    ok(world.ada.http.post(f"/api/v2/proposals/{found['key']}/approve"))
    for hook in hooks:
        (delivery,) = ok(world.ada.http.get(f"/api/v2/webhooks/{hook['key']}/deliveries"))["results"]
        body = world.ada.http.get(f"/api/v2/deliveries/{delivery['key']}").text
        assert found["key"] in body
        assert "A secret name" not in body, "not every reader of the pipeline's events may see the box"
    audit = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/audit"))["results"]
    assert {"proposal.created", "proposal.approved"} <= {entry["kind"] for entry in audit}
