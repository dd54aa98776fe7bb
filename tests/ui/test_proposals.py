"""Proposals of API keys in the browser."""

from playwright.sync_api import expect

from tests.conftest import World, ok


def test_proposals_are_approved_and_rejected(world: World, window) -> None:
    box = world.box(world.pipeline())
    path = f"/api/v1/boxes/{box['key']}"
    key = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Agent", "proposes": True}))["apiKey"]
    with world.client(key) as agent:
        ok(agent.post(path, json={"notes": "Rejected"}))
        ok(agent.post(path, json={"name": "New name"}))
    page = window(world.ada).goto("/proposals")
    newest = page.get_by_role("region", name="Proposal of Agent").nth(0)
    expect(newest).to_contain_text("name: Acme → New name")
    ok(world.ada.http.post(path, json={"name": "Meanwhile"}))
    newest.get_by_role("button", name="Approve").click()
    expect(newest.get_by_role("alert")).to_contain_text("Meanwhile")
    newest.get_by_role("button", name="Approve anyway").click()
    expect(newest).to_contain_text("Approved")
    other = page.get_by_role("region", name="Proposal of Agent").nth(1)
    other.get_by_label("Note").fill("Not now")
    other.get_by_role("button", name="Reject").click()
    expect(other).to_contain_text("Rejected")
    expect(other).to_contain_text("Note: Not now")
    found = ok(world.ada.http.get(path))
    assert (found["name"], found.get("notes", "")) == ("New name", "")


def test_an_operation_is_edited_before_it_is_approved(world: World, window) -> None:
    box = world.box(world.pipeline())
    path = f"/api/v1/boxes/{box['key']}"
    key = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Agent", "proposes": True}))["apiKey"]
    with world.client(key) as agent:
        ok(agent.post(path, json={"name": "Proposed"}))
    page = window(world.ada).goto("/proposals")
    proposal = page.get_by_role("region", name="Proposal of Agent")
    proposal.get_by_role("button", name="Edit operation 1").click()
    body = proposal.get_by_label(f"POST /v1/boxes/{box['key']}")
    expect(body).to_have_value('{\n  "name": "Proposed"\n}')
    body.fill('{"name": ')
    proposal.get_by_role("button", name="Save").click()
    expect(proposal.get_by_role("alert")).to_contain_text("no JSON")
    body.fill('{"name": "Edited"}')
    proposal.get_by_role("button", name="Save").click()
    expect(proposal).to_contain_text("name: Acme → Edited")
    proposal.get_by_role("button", name="Approve").click()
    expect(proposal).to_contain_text("Approved")
    assert ok(world.ada.http.get(path))["name"] == "Edited"
