"""API keys, webhooks and inbound webhooks in the browser."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from tests.conftest import World, ok
from tests.jobs.webhooks import receiver as receiver
from tests.receiver import Receiver
from tests.ui.conftest import LOOKS


def test_a_key_is_created_shown_once_used_and_revoked(world: World, window) -> None:
    page = window(world.ada).goto("/integrations")
    page.get_by_role("button", name="Create new key").first.click()
    page.get_by_label("Name").fill("Website form")
    page.get_by_role("button", name="Create", exact=True).click()
    secret = page.get_by_label("API key", exact=True).inner_text()
    expect(page.get_by_label("curl line", exact=True)).to_contain_text(f"curl -u {secret}: {world.server.url}/api")
    page.get_by_role("tab", name="Python").click()
    expect(page.get_by_label("Python program")).to_contain_text(secret)
    with world.client(secret) as program:
        assert ok(program.get("/api/v1/users/me"))["email"] == world.ada.email
        page.get_by_role("button", name="I have it").click()
        row = page.get_by_role("row", name="Website form")
        expect(row).to_contain_text(secret[:8])
        expect(page.get_by_text(secret)).to_have_count(0)
        row.get_by_role("button", name="Revoke").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(row).to_have_count(0)
        assert program.get("/api/v1/users/me").status_code == 401


def test_a_subscription_is_created_tested_and_inspected(world: World, window, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/integrations")
    page.get_by_role("button", name="New webhook").first.click()
    page.get_by_label("Send it to").fill("not an address")
    page.get_by_label("Send it to").evaluate("input => input.type = 'text'")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("dialog")).to_contain_text("targetUrl")
    page.get_by_label("Send it to").fill(f"{receiver.url}/in")
    condition = page.get_by_role("textbox", name="Only where this holds")
    condition.fill("item.name ==")
    page.get_by_role("button", name="Subscribe").click()
    expect(condition).to_have_attribute("aria-invalid", "true")
    condition.fill('item.name == "Acme"')
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_label("Signing secret", exact=True)).to_contain_text("whsec_")
    page.get_by_role("button", name="I have it").click()
    page.get_by_role("link", name="A box is created").click()
    expect(page.get_by_text('item.name == "Acme"')).to_be_visible()
    world.box(pipeline, name="Globex")
    world.box(pipeline, name="Acme")
    arrived = page.get_by_role("row", name="Delivered")
    expect(arrived).to_have_count(1)
    arrived.get_by_role("button").click()
    expect(page.get_by_label("Request body")).to_contain_text("Acme")
    expect(page.get_by_label("Request headers")).to_contain_text("X-Boxwood-Event: BOX_CREATE")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("region", name="Attempts").get_by_role("row")).to_have_count(3)  # the header and two rows
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    (hook,) = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/webhooks"))["results"]
    assert hook["active"] is False


def test_a_subscription_has_several_events_a_name_envelopes_and_order_per_box(
    world: World, window, receiver: Receiver
) -> None:
    pipeline = world.pipeline()
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/integrations")
    page.get_by_role("button", name="New webhook").first.click()
    page.get_by_role("combobox", name="When").click()
    page.get_by_role("option", name="A box is edited").click()
    page.keyboard.press("Escape")
    page.get_by_label("Send it to").fill(f"{receiver.url}/say-more")
    page.get_by_role("textbox", name="Name", exact=True).fill("To the warehouse")
    page.get_by_role("switch", name="Say what changed").check(force=True)
    page.get_by_role("textbox", name="Events in one request").fill("5")
    page.get_by_role("combobox", name="Order").click()
    page.get_by_role("option", name="In order for each box").click()
    expect(page.get_by_role("textbox", name="Events in one request")).to_have_count(0)
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("button", name="I have it").click()
    page.get_by_role("link", name="To the warehouse").click()
    expect(page.get_by_text("In order for each box")).to_be_visible()
    expect(page.get_by_text("A box is created, A box is edited")).to_be_visible()
    (hook,) = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/webhooks"))["results"]
    assert (hook["events"], hook["payload"]) == (["BOX_CREATE", "BOX_EDIT"], "full")
    assert (hook["ordered"], hook["orderBy"], hook["batchSize"]) == (True, "BOX", 1)
    box = world.box(pipeline, name="Acme")
    (sent,) = receiver.wait_for("/say-more", 1)
    assert (sent.things["event"], sent.things["item"]["key"]) == ("BOX_CREATE", box["key"])


def test_requests_of_an_inbound_webhook_are_shown(world: World, window) -> None:
    pipeline = world.pipeline()
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/integrations")
    page.get_by_role("button", name="New inbound webhook").first.click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Website form")
    page.get_by_role("button", name="Create", exact=True).click()
    address = page.get_by_label("Address", exact=True).inner_text()
    assert httpx.post(address, json={"lead": "Acme"}, verify=False, trust_env=False).status_code == 200
    page.get_by_role("button", name="I have it").click()
    page.get_by_role("link", name="Website form").click()
    page.get_by_role("row", name="Taken").get_by_role("button").click()
    expect(page.get_by_label("Body", exact=True)).to_contain_text('"lead": "Acme"')


def test_an_inbound_webhook_for_meta_is_created_and_its_check_is_shown(world: World, window) -> None:
    pipeline = world.pipeline()
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/integrations")
    page.get_by_role("button", name="New inbound webhook").first.click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Page")
    page.get_by_role("combobox", name="Signature").click()
    page.get_by_role("option", name="Slack").click()
    expect(page.get_by_role("textbox", name="Signing Secret of the Slack app")).to_be_visible()
    page.get_by_role("combobox", name="Signature").click()
    page.get_by_role("option", name="GitHub, Meta").click()
    page.get_by_role("textbox", name="Secret", exact=True).fill("the app secret")
    page.get_by_role("textbox", name="Verify token").fill("correct horse")
    page.get_by_role("button", name="Create", exact=True).click()
    address = page.get_by_label("Address", exact=True).inner_text()
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158", "hub.verify_token": "correct horse"}
    assert httpx.get(address, params=asked, verify=False, trust_env=False).text == "1158"
    page.get_by_role("button", name="I have it").click()
    page.get_by_role("link", name="Page").click()
    expect(page.get_by_role("row", name="Address check")).to_be_visible()


@pytest.mark.slow
def test_the_integrations_look_right(world: World, window, receiver: Receiver) -> None:
    pipeline = world.pipeline(name="Sales")
    path = f"/api/v2/pipelines/{pipeline['key']}"
    for event in ("BOX_CREATE", "BOX_CHANGE_STAGE", "TASK_DUE"):
        ok(world.ada.http.post(f"{path}/webhooks", json={"event": event, "targetUrl": f"{receiver.url}/in"}))
    hook = next(each for each in ok(world.ada.http.get(f"{path}/webhooks"))["results"] if each["event"] == "BOX_CREATE")
    inbound = ok(world.ada.http.post(f"{path}/inbound", json={"name": "Website form"}))
    httpx.post(inbound["url"], json={"lead": "Acme", "size": 12}, verify=False, trust_env=False)
    ok(world.ada.http.put("/api/v1/apikeys", params={"name": "Website form"}))
    world.box(pipeline, name="Acme")
    receiver.wait_for("/in", 1)
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto("/integrations")
        expect(page.get_by_role("row", name="Website form").first).to_be_visible()
        screen.look("integrations")
        page = screen.goto(f"/pipelines/{pipeline['key']}/integrations")
        expect(page.get_by_role("link", name="Website form")).to_be_visible()
        screen.look("pipeline-integrations")
        page = screen.goto(f"/pipelines/{pipeline['key']}/webhooks/{hook['key']}")
        expect(page.get_by_role("row", name="Delivered")).to_be_visible()
        screen.look("webhook")
        page = screen.goto(f"/pipelines/{pipeline['key']}/inbound/{inbound['key']}")
        page.get_by_role("row", name="Taken").get_by_role("button").click()
        expect(page.get_by_label("Body", exact=True)).to_contain_text("Acme")
        screen.look("inbound")


@pytest.mark.one_database
def test_a_user_allows_an_app_and_disconnects_it(world: World, window) -> None:
    back = f"{world.server.url}/healthz"
    with world.client(None) as app:
        client = app.post("/oauth/register", json={"client_name": "Helper", "redirect_uris": [back]}).json()[
            "client_id"
        ]
        verifier = "v" * 64
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {"response_type": "code", "client_id": client, "code_challenge": challenge, "state": "mine"}
        page = window(world.ada).goto(f"/oauth/authorize?{urlencode(query)}")
        expect(page.get_by_role("heading", name="Allow Helper to use Boxwood?")).to_be_visible()
        expect(page.get_by_text(world.ada.email)).to_be_visible()
        expect(page.get_by_role("radio", name="Propose")).to_be_checked()
        page.get_by_role("button", name="Refuse").click()
        page.wait_for_url(f"{back}?error=access_denied&state=mine&iss=*")
        page.goto(f"{world.server.url}/oauth/authorize?{urlencode(query)}")
        page.get_by_role("radio", name="Read").check()
        page.get_by_role("combobox", name="Where").click()
        page.get_by_role("option", name="Only in Ada's team").click()
        page.get_by_role("button", name="Allow", exact=True).click()
        page.wait_for_url(f"{back}?code=*")
        code = parse_qs(urlsplit(page.url).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "client_id": client, "code_verifier": verifier}
        app.headers["Authorization"] = f"Bearer {ok(app.post('/oauth/token', data=form))['access_token']}"
        assert ok(app.get("/api/v1/users/me"))["email"] == world.ada.email
        page.goto(f"{world.server.url}/integrations")
        row = page.get_by_role("row", name="Helper")
        expect(row).to_contain_text("Read")
        expect(row).to_contain_text("Ada's team")
        row.get_by_role("button", name="Disconnect").click()
        page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
        expect(row).to_have_count(0)
        assert app.get("/api/v1/users/me").status_code == 401
