"""Limits, usage and rotation of API keys in the browser, and pages of other origins that use a key."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import World, ok
from tests.ui.conftest import LOOKS, PATIENCE


def test_a_key_is_limited_used_limited_further_and_given_a_new_secret(world: World, window) -> None:
    pipeline = world.pipeline(name="Sales")
    world.box(pipeline)
    page = window(world.ada).goto("/integrations")
    page.get_by_role("button", name="Create new key").first.click()
    page.get_by_label("Name").fill("Dashboard")
    page.get_by_label("do what you choose").check()
    for noun in ("Boxes", "Contacts"):
        page.get_by_role("combobox", name=noun).click()
        page.get_by_role("option", name="Read").click()
    page.get_by_label("Last day").fill("2099-12-31")
    page.get_by_role("combobox", name="Addresses").fill("127.0.0.0/8")
    page.get_by_role("button", name="Create", exact=True).click()
    secret = page.get_by_label("API key", exact=True).inner_text()
    page.get_by_role("button", name="I have it").click()
    expect(page.get_by_role("row", name="Dashboard")).to_contain_text("2 scopes, some addresses")
    (stored,) = [each for each in ok(world.ada.http.get("/api/v1/apikeys")) if each.get("name") == "Dashboard"]
    assert (stored["scopes"], stored["allowedAddresses"]) == (["boxes:read", "contacts:read"], ["127.0.0.0/8"])
    with world.client(secret) as program:
        for _ in range(3):
            ok(program.get("/api/v1/boxes"))
        assert program.get(f"/api/v2/teams/{world.team_key}").status_code == 403
        page.get_by_role("link", name="Dashboard").click()
        usage = page.get_by_role("region", name="Usage")
        expect(usage).to_contain_text("4 requests, 1 failed, 0 over the rate limit")
        expect(usage.get_by_role("row", name="GET /v1/boxes")).to_contain_text("3")
        requests = page.get_by_role("region", name="Last requests")
        expect(requests.get_by_role("row", name=f"/api/v2/teams/{world.team_key}")).to_contain_text("403")
        usage.get_by_role("button", name="Limit the key to this").click()
        expect(page.get_by_text("1 scope, some addresses")).to_be_visible()
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("only read").check()
        page.get_by_label("Rate limit").fill("often")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("dialog")).to_contain_text("not a rate")
        page.get_by_label("Rate limit").fill("600/m")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("read only, some addresses")).to_be_visible()
        page.get_by_role("button", name="New secret").click()
        page.get_by_role("button", name="Create secret").click()
        new = page.get_by_label("API key", exact=True).inner_text()
        for each in (secret, new):
            with world.client(each) as http:
                ok(http.get("/api/v1/boxes"))


def test_a_page_of_another_origin_uses_a_key_that_names_the_origin(world: World, chromium: Browser) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    world.box(world.pipeline())
    served = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{served.server_port}"
    key = ok(world.ada.http.put("/api/v1/apikeys", json={"allowedOrigins": [origin], "scopes": ["boxes:read"]}))
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    try:
        page = context.new_page()
        page.goto(origin)
        ask = """async ([url, secret]) => {
            try {
                const answer = await fetch(url, { cache: "no-store", headers: { Authorization: `Bearer ${secret}` } });
                return [answer.status, (await answer.json())[0]?.name ?? null, answer.headers.get("etag") !== null];
            } catch { return "blocked" }
        }"""
        boxes = f"{world.server.url}/api/v1/boxes"
        assert page.evaluate(ask, [boxes, key["apiKey"]]) == [200, "Acme", True]
        # Another key does not name the origin, and this key not after a change.
        assert page.evaluate(ask, [boxes, world.ada.key]) == "blocked"
        ok(world.ada.http.post(f"/api/v1/apikeys/{key['key']}", json={"allowedOrigins": []}))
        assert page.evaluate(ask, [boxes, key["apiKey"]]) == "blocked"
    finally:
        context.close()
        served.shutdown()
        served.server_close()


@pytest.mark.slow
def test_the_screens_of_api_keys_look_right(world: World, window) -> None:
    pipeline = world.pipeline(name="Sales")
    box = world.box(pipeline)
    limits = {"scopes": ["boxes:write", "contacts:read"], "rateLimit": "600/m"}
    key = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Website form", **limits}))
    with world.client(key["apiKey"]) as http:
        for path in ("/v1/boxes", f"/v1/boxes/{box['key']}", "/v1/boxes/b-unknown", "/v2/tasks"):
            http.get(f"/api{path}")
    agent = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Agent", "proposes": True}))["apiKey"]
    with world.client(agent) as http:
        ok(http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Acme & Sons"}))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto("/integrations")
        expect(page.get_by_role("link", name="Website form").first).to_be_visible()
        screen.look("api-keys")
        page.get_by_role("button", name="Create new key").first.click()
        page.get_by_label("do what you choose").check()
        screen.look("api-key-new")
        page = screen.goto(f"/integrations/keys/{key['key']}")
        expect(page.get_by_role("region", name="Usage")).to_contain_text("4 requests")
        expect(page.locator(".recharts-bar-rectangle").first).to_be_visible()
        screen.look("api-key")
        page = screen.goto("/proposals")
        page.get_by_role("button", name="Edit operation 1").click()
        screen.look("proposal-edit")
