"""Services check the address of an inbound webhook before they use it. Each gets the answer that it documents."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import World, ok, refused

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture
def caller(world: World) -> Iterator[httpx.Client]:
    with world.client(None) as client:
        yield client


def endpoint(world: World, **given: Any) -> dict[str, Any]:
    path = f"/api/v2/pipelines/{world.pipeline()['key']}/inbound"
    return ok(world.ada.http.post(path, json={"name": "Events", **given}))  # type: ignore[no-any-return]


def logged(world: World, hook: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    found = ok(world.ada.http.get(f"/api/v2/inbound/{hook['key']}/requests"))["results"]
    return [(each["verdict"], each.get("reason", ""), each["runKeys"]) for each in found]


def v0(body: bytes, seconds: int, secret: str = SECRET) -> str:
    return "v0=" + hmac.digest(secret.encode(), f"v0:{seconds}:".encode() + body, "sha256").hex()


def slack(body: bytes, secret: str = SECRET, seconds: int | None = None) -> dict[str, str]:
    seconds = int(time.time()) if seconds is None else seconds
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": str(seconds),
        "X-Slack-Signature": v0(body, seconds, secret),
    }


def zoom(body: bytes, secret: str = SECRET) -> dict[str, str]:
    seconds = int(time.time())
    return {
        "Content-Type": "application/json",
        "x-zm-request-timestamp": str(seconds),
        "x-zm-signature": v0(body, seconds, secret),
    }


@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
def test_head_is_answered_with_200_as_trello_asks(world: World, caller: httpx.Client, method: str) -> None:
    hook = endpoint(world, method=method, signature="STANDARD")
    answer = caller.head(hook["url"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert logged(world, hook) == [("HANDSHAKE", "HEAD", [])]
    assert caller.head(hook["url"] + "x").status_code == 404


def test_meta_gets_its_challenge_for_the_verify_token_alone(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world, signature="GITHUB", secret="app-secret", verifyToken="correct horse")
    assert hook["hasVerifyToken"] is True
    assert "correct horse" not in json.dumps(hook)
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "correct horse"}
    answer = caller.get(hook["url"], params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    refused(caller.get(hook["url"], params={**asked, "hub.verify_token": "wrong"}), 403, "The verify token is wrong")
    refused(caller.get(hook["url"], params={**asked, "hub.verify_token": ["a", "b"]}), 403, "The verify token is wrong")
    body = b'{"object":"page"}'
    signature = "sha256=" + hmac.digest(b"app-secret", body, "sha256").hex()
    headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
    assert "id" in ok(caller.post(hook["url"], content=body, headers=headers))
    assert [verdict for verdict, *_ in logged(world, hook)] == ["ACCEPTED", "REFUSED", "REFUSED", "HANDSHAKE"]
    (key,) = [
        each["key"]
        for each in ok(world.ada.http.get(f"/api/v2/inbound/{hook['key']}/requests"))["results"]
        if each["verdict"] == "HANDSHAKE"
    ]
    stored = ok(world.ada.http.get(f"/api/v2/inbound/{hook['key']}/requests/{key}"))
    assert stored["query"]["hub.verify_token"] == "(hidden)"
    changed = ok(world.ada.http.post(f"/api/v2/inbound/{hook['key']}", json={"verifyToken": None}))
    assert "hasVerifyToken" not in changed
    refused(caller.get(hook["url"], params=asked), 403, "No verifyToken is set")
    refused(world.ada.http.post(f"/api/v2/inbound/{hook['key']}", json={"verifyToken": "short"}), 400, "verifyToken")


def test_dropbox_gets_its_challenge_as_text_and_signs_its_events(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world, signature="DROPBOX", secret=SECRET)
    answer = caller.get(hook["url"], params={"challenge": "<b>x</b>&é"})
    assert (answer.status_code, answer.text) == (200, "<b>x</b>&é")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    body = b'{"list_folder":{"accounts":["dbid:1"]}}'
    signature = hmac.digest(SECRET.encode(), body, "sha256").hex()
    headers = {"Content-Type": "application/json", "X-Dropbox-Signature": signature}
    assert "id" in ok(caller.post(hook["url"], content=body, headers=headers))
    refused(caller.post(hook["url"], content=body + b" ", headers=headers), 401)
    refused(caller.post(hook["url"], content=body), 401)
    refused(caller.get(hook["url"], params={"challenge": "x" * 5000}), 403, "at most 4096")


def test_okta_gets_its_challenge_as_verification(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world, signature="SHARED", signatureHeader="Authorization", secret=SECRET)
    headers = {"Authorization": SECRET, "X-Okta-Verification-Challenge": "my_okta_challenge"}
    assert ok(caller.get(hook["url"], headers=headers)) == {"verification": "my_okta_challenge"}
    assert "id" in ok(caller.post(hook["url"], json={"eventType": "x"}, headers={"Authorization": SECRET}))


def test_slack_gets_its_challenge_and_signs_its_events(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world, signature="SLACK", secret=SECRET)
    body = json.dumps({"token": "t", "challenge": "3eZbrw1aB1", "type": "url_verification"}).encode()
    assert ok(caller.post(hook["url"], content=body, headers=slack(body))) == {"challenge": "3eZbrw1aB1"}
    refused(caller.post(hook["url"], content=body, headers=slack(body, "another secret")), 401)
    refused(caller.post(hook["url"], content=body, headers=slack(body, seconds=int(time.time()) - 400)), 401)
    assert [(verdict, runs) for verdict, _, runs in logged(world, hook)] == [
        ("REFUSED", []),
        ("REFUSED", []),
        ("HANDSHAKE", []),
    ]
    event = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": {"type": "message"}}).encode()
    first = ok(caller.post(hook["url"], content=event, headers=slack(event)))
    again = ok(caller.post(hook["url"], content=event, headers=slack(event)))
    assert again == {"success": True, "id": first["id"], "duplicate": True}


def test_zoom_gets_its_token_encrypted_and_no_signature_of_an_event(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world, signature="ZOOM", secret=SECRET)

    def ask(token: Any) -> httpx.Response:
        body = json.dumps({"event": "endpoint.url_validation", "payload": {"plainToken": token}}).encode()
        return caller.post(hook["url"], content=body, headers=zoom(body))

    encrypted = hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    assert ok(ask("qgg8vlvZRS6UYooatFL8Aw")) == {
        "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
        "encryptedToken": encrypted,
    }
    for token in (f'v0:{int(time.time())}:{{"event":"meeting.started"}}', "", None, 7, "x" * 201):
        refused(ask(token), 403, "PlainToken must be")
    event = b'{"event":"meeting.started","payload":{}}'
    assert "id" in ok(caller.post(hook["url"], content=event, headers=zoom(event)))
    refused(caller.post(hook["url"], content=event, headers=zoom(event, "another secret")), 401)


def test_microsoft_graph_gets_its_validation_token_as_text(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world, condition='body.value[0].clientState == "ours"')
    token = "Validation: Testing client application reachability for subscription Request-Id: 1+2/é"
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    answer = caller.post(hook["url"], params={"validationToken": token}, headers=headers)
    assert (answer.status_code, answer.text) == (200, token)
    assert answer.headers["content-type"].startswith("text/plain")
    assert logged(world, hook) == [("HANDSHAKE", "Microsoft Graph", [])]
    ok(caller.post(hook["url"], json={"value": [{"clientState": "ours"}]}))
    ok(caller.post(hook["url"], params={"validationToken": token}, json={"value": [{"clientState": "no"}]}))
    assert [verdict for verdict, *_ in logged(world, hook)] == ["LEFT_OUT", "ACCEPTED", "HANDSHAKE"]


def test_a_get_to_a_webhook_for_get_is_an_ordinary_request(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world, method="GET")
    assert "id" in ok(caller.get(hook["url"], params={"challenge": "x", "hub.challenge": "y"}))
    assert [verdict for verdict, *_ in logged(world, hook)] == ["ACCEPTED"]


def test_a_handshake_from_an_address_that_is_not_allowed_is_refused(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world, addresses=["192.0.2.7"])
    assert caller.head(hook["url"]).status_code == 403
    refused(caller.get(hook["url"], params={"challenge": "x"}), 403, "address")
    refused(caller.post(hook["url"], params={"validationToken": "x"}), 403, "address")


@pytest.mark.parametrize("signature", ["STRIPE", "SLACK", "ZOOM", "DROPBOX"])
def test_a_secret_that_the_sender_issues_must_be_given(world: World, signature: str) -> None:
    path = f"/api/v2/pipelines/{world.pipeline()['key']}/inbound"
    refused(world.ada.http.post(path, json={"signature": signature}), 400, "secret: is missing: copy it from")
