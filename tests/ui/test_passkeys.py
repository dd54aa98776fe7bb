"""Signing in by a passkey, with a real browser and a virtual authenticator."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from boxwood.core import mail_settings
from boxwood.core.accounts import sign_in_links
from tests.conftest import Server, Store, World, ok, refused

PASSWORD = "seven green owls"
# As a page does it: converts the server's JSON for the browser call, and the result back to JSON.
SCRIPT = """
async ([verb, options]) => {
    const json = options.publicKey;
    const publicKey = verb === "create"
        ? PublicKeyCredential.parseCreationOptionsFromJSON(json)
        : PublicKeyCredential.parseRequestOptionsFromJSON(json);
    const credential = await navigator.credentials[verb]({publicKey});
    return credential.toJSON();
}
"""


@pytest.fixture
def passkey_world(fresh_store: Store) -> Iterator[World]:
    """A world whose server has a host name, which passkeys require."""
    server = Server(fresh_store.config()).start()
    url = server.url.replace("127.0.0.1", "localhost")
    server.engine.write(lambda db: mail_settings.adopt(db, server.boxwood.keys, "", "", url, known=True))
    yield (created := World(server))
    created.close()
    server.stop()


@pytest.fixture
def page(passkey_world: World, chromium: Browser) -> Iterator[Page]:
    """A page of the server in a browser with a virtual authenticator that is always unlocked."""
    context = chromium.new_context()
    found = context.new_page()
    device = context.new_cdp_session(found)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    options |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    found.goto(passkey_world.server.url.replace("127.0.0.1", "localhost") + "/healthz")
    yield found
    context.close()


def ask(page: Page, verb: str, options: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(SCRIPT, [verb, options])
    return found


def test_a_passkey_is_added_signs_in_and_is_removed(passkey_world: World, page: Page) -> None:
    path = passkey_world.server.engine.write(
        lambda db: sign_in_links.make(db, passkey_world.ada.user, "welcome", passkey_world.clock())
    )
    with passkey_world.client(None) as browser, passkey_world.client(None) as other:
        body = {"token": path.partition("#")[2], "password": PASSWORD}
        browser.headers["X-CSRF-Token"] = ok(browser.post("/api/v2/session/link", json=body))["csrfToken"]
        assert ok(browser.get("/api/v2/session/ways"))["passkeys"]
        keys = "/api/v2/session/passkeys"
        refused(browser.post(f"{keys}/options", json={"password": "not the password"}), 400, "password")
        options = ok(browser.post(f"{keys}/options", json={"password": PASSWORD}))
        assert options["publicKey"]["rp"]["id"] == "localhost"
        credential = ask(page, "create", options)
        added = ok(browser.post(keys, json={"credential": credential, "name": "Laptop"}))
        refused(browser.post(keys, json={"credential": credential}), 400, "credential")  # its challenge has been used
        assert [passkey["name"] for passkey in ok(browser.get(keys))["results"]] == ["Laptop"]

        options = ok(other.post("/api/v2/session/passkey/options", json={}))
        used = ask(page, "get", options)
        answer = ok(other.post("/api/v2/session/passkey", json={"credential": used}))
        assert answer["user"]["email"] == passkey_world.ada.email
        assert ok(other.get("/api/v1/users/me"))["email"] == passkey_world.ada.email
        refused(other.post("/api/v2/session/passkey", json={"credential": used}), 401, "passkey")

        page.goto(f"{passkey_world.server.url.replace('127.0.0.1', 'localhost')}/")
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("button", name=passkey_world.ada.user.full_name)).to_be_visible()

        # An answer to another challenge, and an answer that was changed on its way.
        changed = ask(page, "get", ok(other.post("/api/v2/session/passkey/options", json={})))
        changed["response"]["signature"] = used["response"]["signature"]
        refused(other.post("/api/v2/session/passkey", json={"credential": changed}), 401, "passkey")
        late = ask(page, "get", ok(other.post("/api/v2/session/passkey/options", json={})))
        passkey_world.clock.advance(ms=11 * 60_000)
        refused(other.post("/api/v2/session/passkey", json={"credential": late}), 401, "passkey")
        for junk in ({"id": "x"}, {"id": 1, "response": {"clientDataJSON": "%%%"}}, {"response": []}):
            refused(other.post("/api/v2/session/passkey", json={"credential": junk}), 401, "passkey")
            refused(browser.post(keys, json={"credential": junk}), 400, "credential")

        assert passkey_world.bo.http.delete(f"{keys}/{added['key']}").status_code == 404
        ok(browser.delete(f"{keys}/{added['key']}"))
        gone = ask(page, "get", ok(other.post("/api/v2/session/passkey/options", json={})))
        refused(other.post("/api/v2/session/passkey", json={"credential": gone}), 401, "passkey")
    sql = "SELECT kind FROM events WHERE kind LIKE 'user.passkey%' ORDER BY id"
    assert [row[0] for row in passkey_world.server.engine.read(lambda db: db.rows(sql))] == [
        "user.passkey_added",
        "user.passkey_removed",
    ]


def test_without_a_public_address_there_are_no_passkeys(world: World) -> None:
    with world.client(None) as browser:
        refused(browser.post("/api/v2/session/passkey/options", json={}), 400, "BOXWOOD_URL")
