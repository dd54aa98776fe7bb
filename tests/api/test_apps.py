"""Connected apps: OAuth 2.1 as the official client does it, and what an app, a thief and a stranger may do."""

import asyncio
import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.auth.oauth2 import AuthorizationCodeResult
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from boxwood.core.accounts import apps
from boxwood.lib.durations import DAY, HOUR, MINUTE
from tests.conftest import Person, World, ok, refused

BACK = "https://app.example/back"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def register(http: httpx.Client, **given: Any) -> str:
    body = {"client_name": "Helper", "redirect_uris": [BACK], **given}
    answer = http.post("/oauth/register", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in answer.json()
    key: str = answer.json()["client_id"]
    return key


def ask(http: httpx.Client, client: str, **given: str) -> str:
    """Send the browser to the server; returns what it asks the user, as the page gets it."""
    query = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": BACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "s 1",
        **given,
    }
    answer = http.get(f"/oauth/authorize?{urlencode(query)}")
    assert answer.status_code == 302, answer.text
    page, _, sealed = answer.headers["location"].partition("#")
    assert page == "/connect", answer.headers["location"]
    return str(sealed)


def allow(person: Person, sealed: str, access: str = "write", **given: Any) -> tuple[dict[str, Any], str]:
    """Allow the app; returns the app and the code."""
    answer = ok(person.http.post("/api/v2/apps", json={"request": sealed, "access": access, **given}))
    returned = parse_qs(urlsplit(answer["redirectUrl"]).query)
    assert returned["state"] == ["s 1"]
    assert answer["redirectUrl"].startswith(BACK)
    return answer["app"], returned["code"][0]


def exchange(http: httpx.Client, client: str, **given: str) -> httpx.Response:
    return http.post("/oauth/token", data={"client_id": client, **given})


def by_code(http: httpx.Client, client: str, code: str, **given: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return exchange(http, client, **{**form, **given})


def by_refresh(http: httpx.Client, client: str, token: str) -> httpx.Response:
    return exchange(http, client, grant_type="refresh_token", refresh_token=token)


def connected(world: World, access: str = "write", **given: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Connect an app of Ada: its client id, the app and its tokens."""
    with world.client(None) as http:
        client = register(http)
        app, code = allow(world.ada, ask(http, client), access, **given)
        return client, app, ok(by_code(http, client, code))


def test_the_official_client_connects_by_itself_and_uses_its_tokens(world: World) -> None:
    box = world.box(world.pipeline(name="Deals"))
    url = world.server.url

    class Storage(TokenStorage):
        tokens: OAuthToken | None = None
        client: OAuthClientInformationFull | None = None

        async def get_tokens(self) -> OAuthToken | None:
            return self.tokens

        async def set_tokens(self, tokens: OAuthToken) -> None:
            self.tokens = tokens

        async def get_client_info(self) -> OAuthClientInformationFull | None:
            return self.client

        async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
            self.client = client_info

    returned: dict[str, str] = {}

    async def open_browser(address: str) -> None:
        with world.client(None) as browser:
            sealed = browser.get(address).headers["location"].partition("#")[2]
        asked = ok(world.ada.http.post("/api/v2/apps/request", json={"request": sealed}))
        assert (asked["name"], asked["redirectHost"]) == ("Test", "127.0.0.1:5555")
        assert asked["accesses"] == ["read", "propose", "write"]
        answer = ok(world.ada.http.post("/api/v2/apps", json={"request": sealed, "access": "write"}))
        returned.update({k: v[0] for k, v in parse_qs(urlsplit(answer["redirectUrl"]).query).items()})

    async def come_back() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(code=returned["code"], state=returned.get("state"), iss=returned.get("iss"))

    async def work() -> None:
        metadata = OAuthClientMetadata(client_name="Test", redirect_uris=[AnyUrl("http://127.0.0.1:5555/back")])
        storage = Storage()
        auth = OAuthClientProvider(f"{url}/mcp", metadata, storage, open_browser, come_back)
        async with (
            httpx2.AsyncClient(auth=auth, timeout=60, verify=False) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
        ):
            moved = await client.call_tool("move_box", {"box": box["key"], "stage": "Won"})
            assert not moved.is_error
            world.clock.advance(ms=2 * HOUR)
            auth.context.token_expiry_time = 1  # as two hours later
            assert not (await client.call_tool("read", {"key": box["key"]})).is_error
        assert storage.tokens is not None

    asyncio.run(work())
    (app,) = ok(world.ada.http.get("/api/v2/apps"))["results"]
    assert (app["name"], app["access"]) == ("Test", "write")
    history = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/history"))["results"]
    assert history[0]["via"]["name"] == "Test"
    ok(world.ada.http.delete(f"/api/v2/apps/{app['key']}"))
    assert ok(world.ada.http.get("/api/v2/apps"))["results"] == []


def test_an_app_does_what_its_user_has_allowed_and_no_more(world: World) -> None:
    box = world.box(world.pipeline(name="Deals"))
    path = f"/api/v1/boxes/{box['key']}"
    private = {"name": "Own", "members": [{"email": world.ada.email}]}
    own = ok(world.ada.http.post("/api/v2/teams", json=private))
    secret = world.pipeline(name="Secret", teamKey=own["key"])
    for access in ("read", "propose", "write"):
        _, app, tokens = connected(world, access, teamKey=world.team_key)
        assert tokens["scope"].split()[-1] == access
        assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
        with world.client(None) as http:
            http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
            assert ok(http.get(path))["name"] == "Acme"
            refused(http.get(f"/api/v2/pipelines/{secret['key']}"), 404)
            answer = http.post(path, json={"notes": access})
            if access == "read":
                refused(answer, 403, "boxes")
            else:
                assert ("proposal" in ok(answer)) is (access == "propose")
            for whole in ("/api/v1/apikeys", "/api/v2/apps", "/api/v2/sessions"):
                refused(http.get(whole), 403)
        assert [each["key"] for each in ok(world.ada.http.get("/api/v1/apikeys"))].count(app["key"]) == 0
        refused(world.bo.http.delete(f"/api/v2/apps/{app['key']}"), 404)
    assert ok(world.ada.http.get(path))["notes"] == "write"
    # A key that ends could otherwise allow an app that acts longer than the key.
    ending = ok(world.ada.http.put("/api/v1/apikeys", json={"expiresTimestamp": world.clock() + HOUR}))
    with world.client(ending["apiKey"]) as limited, world.client(None) as http:
        asked = {"request": ask(http, register(http)), "access": "read"}
        refused(limited.post("/api/v2/apps", json=asked), 403, "limits")
        refused(limited.delete(f"/api/v2/apps/{app['key']}"), 403, "limits")
    # Bo's app reaches the team as long as he is a member.
    with world.client(None) as http:
        client = register(http)
        _, code = allow(world.bo, ask(http, client), "read", teamKey=world.team_key)
        http.headers["Authorization"] = f"Bearer {ok(by_code(http, client, code))['access_token']}"
        ok(http.get(path))
        ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/members/{world.bo.user_key}/leave", json={}))
        assert http.get(path).status_code == 401


def test_tokens_end_and_a_token_that_is_used_twice_ends_the_app(world: World) -> None:
    with world.client(None) as http:

        def works(token: str) -> bool:
            answer = http.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code in (200, 401)
            return answer.status_code == 200

        client, _, first = connected(world)
        world.clock.advance(ms=HOUR - MINUTE)
        assert works(first["access_token"])
        world.clock.advance(ms=2 * MINUTE)
        assert not works(first["access_token"])
        second = ok(by_refresh(http, client, first["refresh_token"]))
        assert works(second["access_token"])
        assert not works(first["access_token"])
        assert by_refresh(http, register(http), second["refresh_token"]).json()["error"] == "invalid_grant"
        assert works(second["access_token"])
        assert by_refresh(http, client, first["refresh_token"]).json()["error"] == "invalid_grant"
        assert not works(second["access_token"])
        assert by_refresh(http, client, second["refresh_token"]).json()["error"] == "invalid_grant"

        client = register(http)
        _, code = allow(world.ada, ask(http, client))
        tokens = ok(by_code(http, client, code))
        assert by_code(http, client, code).json()["error"] == "invalid_grant"
        assert not works(tokens["access_token"])

        _, code = allow(world.ada, ask(http, client))
        world.clock.advance(ms=6 * MINUTE)
        assert by_code(http, client, code).json()["error"] == "invalid_grant"

        for name in ("access_token", "refresh_token"):
            client, app, tokens = connected(world)
            for wrong in (
                {"client_id": register(http), "token": tokens[name]},
                {"client_id": client, "token": "bwr_x"},
            ):
                assert http.post("/oauth/revoke", data=wrong).status_code == 200
            assert works(tokens["access_token"])
            assert http.post("/oauth/revoke", data={"client_id": client, "token": tokens[name]}).status_code == 200
            assert not works(tokens["access_token"])
            assert app["key"] not in str(ok(world.ada.http.get("/api/v2/apps")))
        assert http.post("/oauth/revoke", data={"token": "x"}).status_code == 400

        client, app, tokens = connected(world)
        again, code = allow(world.ada, ask(http, client))
        assert not works(tokens["access_token"])
        sweep = world.server.engine.write
        sweep(lambda db: apps.delete_expired(db, world.clock()))
        ok(by_code(http, client, code))
        sweep(lambda db: apps.delete_expired(db, world.clock() + 61 * DAY))
        assert again["key"] not in str(ok(world.ada.http.get("/api/v2/apps")))
        rows = sweep(lambda db: db.rows("SELECT key FROM app_clients WHERE key = :key", key=client))
        assert rows == []


def test_what_apps_register_and_ask_for_is_checked(world: World) -> None:
    with world.client(None) as http:
        base = world.server.url
        metadata = ok(http.get("/.well-known/oauth-authorization-server"))
        assert metadata["issuer"] == base
        assert metadata["code_challenge_methods_supported"] == ["S256"]
        for path in ("/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"):
            assert ok(http.get(path))["authorization_servers"] == [base]
        challenge = http.post("/mcp", json={}).headers["www-authenticate"]
        assert f'resource_metadata="{base}/.well-known/oauth-protected-resource/mcp"' in challenge
        page = http.options(
            "/oauth/token", headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
        )
        assert page.headers["access-control-allow-origin"] == "*"

        for uris in ([], ["javascript:alert(1)"], ["http://app.example/back"], [f"{BACK}#x"], ["data:text/html,x"]):
            answer = http.post("/oauth/register", json={"client_name": "X", "redirect_uris": uris})
            assert answer.status_code == 400, uris
        assert http.post("/oauth/register", content=b"{").status_code == 400
        assert http.post("/oauth/register", content=b" " * 70_000).status_code == 413
        assert http.put("/oauth/register").status_code == 405

        client = register(http, redirect_uris=[BACK, "http://127.0.0.1/back", "cursor://app/back"])
        wrong: list[tuple[dict[str, str], int, str]] = [
            ({"client_id": "unknown"}, 400, "invalid_request"),
            ({"redirect_uri": "https://evil.example/"}, 400, "invalid_request"),
            ({"redirect_uri": "https://app.example/back/../x"}, 400, "invalid_request"),
            ({"response_type": "token"}, 302, "unsupported_response_type"),
            ({"code_challenge": ""}, 302, ""),
            ({"code_challenge_method": "plain"}, 302, "invalid_request"),
            ({"resource": "https://other.example/mcp"}, 302, "invalid_target"),
        ]
        query = {"response_type": "code", "client_id": client, "redirect_uri": BACK, "code_challenge": CHALLENGE}
        for change, status, error in wrong:
            answer = http.get(f"/oauth/authorize?{urlencode({**query, **change})}")
            said = answer.text if status == 400 else answer.headers["location"]
            assert (answer.status_code, error in said) == (status, True), (change, said)
            assert "evil.example/" not in answer.headers.get("location", "")
        for change in (
            {"client_id": "q\0"},
            {"code_challenge": "\0" * 43},
            {"state": "\0"},
            {"redirect_uri": f"{BACK}\0"},
        ):
            answer = http.get(f"/oauth/authorize?{urlencode({**query, **change})}")
            assert answer.status_code in (302, 400), change
            assert "server_error" not in answer.text + answer.headers.get("location", ""), change
        odd = register(http, client_name="\0 A\tname\u202e\n", client_uri="https://app.example/\0")
        assert ok(world.ada.http.post("/api/v2/apps/request", json={"request": ask(http, odd)}))["name"] == "A name"
        assert http.post("/oauth/revoke", data={"client_id": "q\0", "token": "\0"}).status_code == 200
        assert http.post("/oauth/token", data={"client_id": "q\0", "grant_type": "\0"}).status_code == 401
        assert by_code(http, client, "\0").status_code == 400
        for sealed in ("", "x", "é", "\0", "A" * 100):
            refused(world.ada.http.post("/api/v2/apps/request", json={"request": sealed}), 400, "request")
        refused(world.ada.http.post("/api/v2/apps", json={}), 400, "request")
        refused(world.ada.http.post("/api/v2/apps", json={"request": ask(http, odd)}), 400, "access")
        del query["code_challenge"]
        assert "error=invalid_request" in http.get(f"/oauth/authorize?{urlencode(query)}").headers["location"]

        local = "http://127.0.0.1:49152/back"
        sealed = ask(http, client, redirect_uri=local, scope="openid read", resource=f"{base}/mcp")
        asked = ok(world.ada.http.post("/api/v2/apps/request", json={"request": sealed}))
        assert (asked["accesses"], asked["redirectHost"]) == (["read"], "127.0.0.1:49152")
        assert asked["refusalUrl"].startswith(f"{local}?error=access_denied&state=s+1&iss=")
        post = world.ada.http.post
        refused(post("/api/v2/apps", json={"request": sealed, "access": "write"}), 400, "access")
        refused(post("/api/v2/apps", json={"request": sealed[:-4] + "AAAA", "access": "read"}), 400, "request")
        refused(post("/api/v2/apps", json={"request": sealed, "access": "read", "teamKey": "t-nothing"}), 404)
        assert http.post("/api/v2/apps", json={"request": sealed, "access": "read"}).status_code == 401
        world.clock.advance(ms=21 * MINUTE)
        refused(post("/api/v2/apps", json={"request": sealed, "access": "read"}), 400, "too long ago")

        _, code = allow(world.ada, ask(http, client))
        for given in ({"code_verifier": "w" * 64}, {"redirect_uri": local}, {"client_id": register(http)}):
            assert by_code(http, given.get("client_id", client), code, **given).status_code == 400
        tokens = ok(by_code(http, client, code))
        stored = world.server.engine.read(lambda db: str(db.rows("SELECT * FROM app_tokens")))
        stored += world.server.engine.read(lambda db: str(db.rows("SELECT * FROM api_keys")))
        assert not [secret for secret in (code, tokens["access_token"], tokens["refresh_token"]) if secret in stored]


@pytest.mark.one_database
def test_an_address_registers_a_limited_number_of_apps(world: World) -> None:
    with world.client(None) as http:
        for _ in range(60):
            register(http)
        assert http.post("/oauth/register", json={"redirect_uris": [BACK]}).status_code == 429
