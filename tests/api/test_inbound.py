"""Inbound webhooks, as seen by the programs that call them and by their owners."""

import contextlib
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook as Signer

from boxwood.core import events
from boxwood.core.context import Ctx
from boxwood.core.events import Happened, Listener
from boxwood.core.webhooks.inbound_requests import Content
from tests.conftest import Person, Server, Store, World, ok, refused


def endpoint(person: Person, pipeline: dict[str, Any], **given: Any) -> dict[str, Any]:
    return ok(person.http.post(f"/api/v2/pipelines/{pipeline['key']}/inbound", json={"name": "Orders", **given}))


@pytest.fixture
def caller(world: World) -> Iterator[httpx.Client]:
    with world.client(None) as client:
        yield client


@pytest.fixture
def started() -> Iterator[list[tuple[str, Content]]]:
    """Replaces the start of automations by a function that records its arguments."""
    found: list[tuple[str, Content]] = []

    def start(ctx: Ctx, happened: Happened) -> None:
        if happened.kind == "hook.received":
            found.append((happened.thing.endpoint_key, happened.payload))
            ctx.started_runs.append(f"run-{len(found)}")

    with listening(start):
        yield found


@contextlib.contextmanager
def listening(on_event: Callable[[Ctx, Happened], None]) -> Iterator[None]:
    listener = Listener(on_event, lambda ctx, kind, pipeline: False)
    events.LISTENERS.append(listener)
    try:
        yield
    finally:
        events.LISTENERS.remove(listener)


def requests(world: World, hook: dict[str, Any]) -> list[dict[str, Any]]:
    return ok(world.ada.http.get(f"/api/v2/inbound/{hook['key']}/requests"))["results"]  # type: ignore[no-any-return]


def request_details(world: World, hook: dict[str, Any], key: str) -> dict[str, Any]:
    return ok(world.ada.http.get(f"/api/v2/inbound/{hook['key']}/requests/{key}"))  # type: ignore[no-any-return]


# Accepting requests


def test_a_request_is_stored_before_it_is_answered_and_starts_its_automations(
    world: World, caller: httpx.Client, started: list[tuple[str, Content]]
) -> None:
    hook = endpoint(world.ada, world.pipeline())
    body = {"order": 7, "items": [{"sku": "A\u0000b"}]}
    answer = caller.post(hook["url"] + "?shop=north", json=body, headers={"X-Api-Key": "hush", "X-Plain": "seen"})
    reply = ok(answer)
    assert reply == {"success": True, "id": reply["id"]}
    ((key, content),) = started
    assert key == hook["key"]
    assert (content.method, content.query) == ("POST", {"shop": "north"})
    assert content.body == {"order": 7, "items": [{"sku": "A\ufffdb"}]}
    stored = request_details(world, hook, reply["id"])
    assert (stored["verdict"], stored["runKeys"], stored["source"]) == ("ACCEPTED", ["run-1"], "127.0.0.1")
    assert json.loads(stored["body"]) == body
    assert (stored["headers"]["x-api-key"], stored["headers"]["x-plain"]) == ("(hidden)", "seen")
    assert "hush" not in json.dumps(stored)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT"])
def test_only_the_chosen_method_is_accepted(world: World, caller: httpx.Client, method: str) -> None:
    hook = endpoint(world.ada, world.pipeline(), method=method)
    ok(caller.request(method, hook["url"], params={"a": "1"}))
    other = "PUT" if method != "PUT" else "POST"
    for wrong in (other, "DELETE"):
        reply = caller.request(wrong, hook["url"])
        refused(reply, 405, method)
        assert reply.headers["allow"] == method
    assert [request["verdict"] for request in requests(world, hook)] == ["REFUSED", "REFUSED", "ACCEPTED"]


@pytest.mark.parametrize(
    ("content_type", "body", "read"),
    [
        ("application/json", b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        ("application/vnd.github+json; charset=utf-8", b"[1]", [1]),
        ("application/x-www-form-urlencoded", b"a=1&b=x%20y&b=z", {"a": "1", "b": ["x y", "z"]}),
        ("text/plain", b'{"a": 1}', {"a": 1}),
        ("text/plain", b"just words", "just words"),
        ("text/xml", "<a>é</a>".encode(), "<a>é</a>"),
        ("", b"", None),
    ],
)
def test_json_form_and_text_bodies_are_read(
    world: World, caller: httpx.Client, started: list[Any], content_type: str, body: bytes, read: Any
) -> None:
    hook = endpoint(world.ada, world.pipeline())
    headers = {"Content-Type": content_type} if content_type else {}
    ok(caller.post(hook["url"], content=body, headers=headers))
    assert started[0][1].body == read


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a": NaN}', b"[" * 5000, b'{"a": "\xed\xa0\x80"}'])
def test_a_body_that_does_not_match_its_content_type_is_refused(
    world: World, caller: httpx.Client, started: list[Any], body: bytes
) -> None:
    hook = endpoint(world.ada, world.pipeline())
    refused(caller.post(hook["url"], content=body, headers={"Content-Type": "application/json"}), 400, "body")
    assert started == []
    assert [request["verdict"] for request in requests(world, hook)] == ["REFUSED"]


def test_a_body_larger_than_a_mebibyte_is_refused(world: World, caller: httpx.Client, started: list[Any]) -> None:
    hook = endpoint(world.ada, world.pipeline())
    most = json.dumps("x" * (1_048_576 - 2)).encode()
    assert len(most) == 1_048_576
    headers = {"Content-Type": "application/json"}
    stored = request_details(world, hook, ok(caller.post(hook["url"], content=most, headers=headers))["id"])
    assert (len(stored["body"]), stored["size"], stored["truncated"]) == (65_536, 1_048_576, True)
    refused(caller.post(hook["url"], content=most + b" ", headers=headers), 413, "MB")
    in_pieces = (most[at : at + 99_999] for at in range(0, len(most) + 1, 99_999))
    ok(caller.post(hook["url"], content=in_pieces, headers=headers))
    assert len(started) == 2
    assert ok(world.ada.http.post(f"/api/v2/inbound/{hook['key']}/requests/{stored['key']}/run"))["runKeys"]
    assert started[2][1] == started[0][1]


def test_unknown_deleted_and_disabled_endpoints_get_the_same_answer(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world.ada, world.pipeline())
    off = endpoint(world.ada, world.pipeline(), name="Off")
    ok(world.ada.http.post(f"/api/v2/inbound/{off['key']}", json={"active": False}))
    gone = endpoint(world.ada, world.pipeline(), name="Gone")
    ok(world.ada.http.delete(f"/api/v2/inbound/{gone['key']}"))
    changed = hook["url"][:-1] + ("A" if hook["url"][-1] != "A" else "B")
    urls = [off["url"], gone["url"], changed, hook["url"] + "/", "/hooks/", "/hooks/x", "/hooks/%00", "/hooks/é"]
    answers = [caller.post(url, json={}) for url in [*urls, "/hooks/" + "x" * 5000]]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert caller.get(changed).status_code == 404


def test_guessing_tokens_is_limited_and_known_tokens_still_work(fresh_store: Store) -> None:
    server = Server(fresh_store.config()).start()
    world = World(server)
    hook = endpoint(world.ada, world.pipeline())
    with world.client(None) as client:
        statuses = [client.post(f"/hooks/{number}").status_code for number in range(120)]
        assert (statuses[0], statuses[-1]) == (404, 429)
        ok(client.post(hook["url"], json={}))
    world.close()
    server.stop()


# Who may call


def standard(secret: str, body: bytes, at: float) -> dict[str, str]:
    when = datetime.fromtimestamp(at, tz=UTC)
    signature = Signer(secret).sign("msg_1", when, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at)), "webhook-signature": signature}


def github(secret: str, body: bytes, at: float) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def stripe(secret: str, body: bytes, at: float) -> dict[str, str]:
    signed = f"{int(at)}.".encode() + body
    return {"Stripe-Signature": f"t={int(at)},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"}


def shared(secret: str, body: bytes, at: float) -> dict[str, str]:
    return {"X-Webhook-Secret": secret}


SIGNERS: list[tuple[str, Callable[[str, bytes, float], dict[str, str]], bool]] = [
    ("STANDARD", standard, True),
    ("GITHUB", github, False),
    ("STRIPE", stripe, True),
    ("SHARED", shared, False),
]


@pytest.mark.parametrize(("kind", "sign", "timed"), SIGNERS, ids=[kind for kind, _, _ in SIGNERS])
def test_only_signed_requests_are_accepted(
    world: World, caller: httpx.Client, started: list[Any], kind: str, sign: Any, timed: bool
) -> None:
    given = {"secret": "whsec_stripe-gave-it"} if kind == "STRIPE" else {}
    hook = endpoint(world.ada, world.pipeline(), signature=kind, repeatHeader=None, **given)
    body, now = b'{"id": "evt_1"}', world.clock() / 1000
    good = {"Content-Type": "application/json", **sign(hook["secret"], body, now)}
    ok(caller.post(hook["url"], content=body, headers=good))
    refused(caller.post(hook["url"], content=body), 401, "signature")
    for name in good:
        if name != "Content-Type":
            for bad in (good[name] + "0", "", "v1,\u00ff", "t=1,t=2,v1=00"):
                headers = {**good, name: bad.encode("latin-1")}
                refused(caller.post(hook["url"], content=body, headers=headers), 401, "signature")
    if kind != "SHARED":
        refused(caller.post(hook["url"], content=body + b" ", headers=good), 401, "signature")
    # The clock advances meanwhile, so the timestamp in the future needs some room.
    for late in (-301, 360) if timed else ():
        refused(caller.post(hook["url"], content=body, headers=sign(hook["secret"], body, now + late)), 401)
    assert len(started) == 1
    ((stored,)) = [request for request in requests(world, hook) if request["verdict"] == "ACCEPTED"]
    assert hook["secret"] not in json.dumps(request_details(world, hook, stored["key"]))


def test_a_replaced_secret_stays_valid_for_a_day(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world.ada, world.pipeline(), signature="SHARED", signatureHeader="X-Shop")
    path = f"/api/v2/inbound/{hook['key']}"
    assert "secret" not in ok(world.ada.http.get(path))
    changed = ok(world.ada.http.post(path, json={"secret": "a new long secret"}))
    assert changed["secret"] == "a new long secret"
    for secret in (hook["secret"], "a new long secret"):
        ok(caller.post(hook["url"], headers={"X-Shop": secret}))
    world.clock.advance(days=1)
    assert caller.post(hook["url"], headers={"X-Shop": hook["secret"]}).status_code == 401
    ok(caller.post(hook["url"], headers={"X-Shop": "a new long secret"}))


def test_only_listed_addresses_may_call(world: World, caller: httpx.Client) -> None:
    pipeline = world.pipeline()
    here = endpoint(world.ada, pipeline, addresses=["127.0.0.0/8", "::1"])
    elsewhere = endpoint(world.ada, pipeline, addresses=["192.0.2.7"])
    assert elsewhere["addresses"] == ["192.0.2.7/32"]
    ok(caller.post(here["url"]))
    # No trusted proxy is configured, so the server ignores the X-Forwarded-For header.
    refused(caller.post(elsewhere["url"], headers={"X-Forwarded-For": "192.0.2.7"}), 403, "address")
    assert [request["reason"] for request in requests(world, elsewhere)] == ["address 127.0.0.1 is not allowed"]


# Repeated requests


@pytest.mark.parametrize(
    ("by", "first", "again", "other"),
    [
        ({"repeatHeader": "X-Delivery"}, ({"X-Delivery": "1"}, {}), ({"x-delivery": "1"}, {"a": 1}), ({}, {})),
        ({"repeatPath": "data.items[0].id"}, *(({}, {"data": {"items": [{"id": n}]}}) for n in (7, 7, 8))),
        ({"repeatPath": "$.id"}, ({}, {"id": "x" * 5000}), ({}, {"id": "x" * 5000, "b": 1}), ({}, {"id": "x" * 4999})),
        ({"repeatPath": "{{ type }}-{{ id }}"}, *(({}, {"type": kind, "id": 1}) for kind in "aab")),
    ],
)
def test_a_repeated_request_is_answered_like_the_first_and_starts_no_run(
    world: World, caller: httpx.Client, started: list[Any], by: Any, first: Any, again: Any, other: Any
) -> None:
    hook = endpoint(world.ada, world.pipeline(), **by)
    answer = ok(caller.post(hook["url"], headers=first[0], json=first[1]))
    assert ok(caller.post(hook["url"], headers=again[0], json=again[1])) == {**answer, "duplicate": True}
    assert ok(caller.post(hook["url"], headers=other[0], json=other[1]))["id"] != answer["id"]
    assert len(started) == 2
    assert [each["verdict"] for each in requests(world, hook)] == ["ACCEPTED", "REPEATED", "ACCEPTED"]
    assert requests(world, hook)[1]["repeats"] == answer["id"]
    world.clock.advance(days=8, ms=1)
    assert ok(caller.post(hook["url"], headers=first[0], json=first[1]))["id"] != answer["id"]


def test_repeated_requests_of_known_senders_are_detected_by_the_ids_they_send(world: World) -> None:
    pipeline = world.pipeline()
    assert endpoint(world.ada, pipeline, signature="STANDARD")["repeatHeader"] == "webhook-id"
    assert endpoint(world.ada, pipeline, signature="GITHUB")["repeatHeader"] == "X-GitHub-Delivery"
    assert endpoint(world.ada, pipeline, signature="STRIPE", secret="whsec_given")["repeatPath"] == "id"


def test_requests_that_fail_the_condition_are_ignored(world: World, caller: httpx.Client, started: list[Any]) -> None:
    hook = endpoint(world.ada, world.pipeline(), condition='body.amount > 10.0 && query.shop == "north"')
    for amount in (50.5, 5.5):
        ok(caller.post(hook["url"] + "?shop=north", json={"amount": amount}))
    ok(caller.post(hook["url"] + "?shop=north", json={}))
    assert [content.body for _, content in started] == [{"amount": 50.5}]
    assert [request["verdict"] for request in requests(world, hook)] == ["LEFT_OUT", "LEFT_OUT", "ACCEPTED"]
    assert "condition" in requests(world, hook)[0]["reason"]


# The request log, and running a request again


def test_the_last_hundred_requests_are_stored_and_refusals_do_not_displace_them(
    world: World, caller: httpx.Client
) -> None:
    hook = endpoint(world.ada, world.pipeline())
    for number in range(103):
        ok(caller.post(hook["url"], json={"number": number}))
    for _ in range(103):
        assert caller.put(hook["url"]).status_code == 405
    found = ok(world.ada.http.get(f"/api/v2/inbound/{hook['key']}/requests", params={"limit": 1000}))["results"]
    assert [request["verdict"] for request in found] == ["REFUSED"] * 100 + ["ACCEPTED"] * 100
    assert json.loads(request_details(world, hook, found[-1]["key"])["body"]) == {"number": 3}


def test_a_request_is_run_again(world: World, caller: httpx.Client, started: list[Any]) -> None:
    hook = endpoint(world.ada, world.pipeline(), repeatHeader="X-Id")
    key = ok(caller.post(hook["url"] + "?q=1", json={"a": 1}, headers={"X-Id": "1"}))["id"]
    path = f"/api/v2/inbound/{hook['key']}/requests"
    assert ok(world.ada.http.post(f"{path}/{key}/run"))["runKeys"] == ["run-1", "run-2"]
    assert started[0] == started[1]
    assert caller.put(hook["url"]).status_code == 405
    wrong = requests(world, hook)[0]["key"]
    refused(world.ada.http.post(f"{path}/{wrong}/run"), 400, "run again")
    assert world.cy.http.post(f"{path}/{key}/run").status_code == 404
    assert world.ada.http.get(f"{path}/missing").status_code == 404
    assert len(started) == 2


def test_a_request_and_its_runs_are_stored_together_or_not_at_all(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world.ada, world.pipeline(), repeatHeader="X-Id")

    def fail(*_: Any) -> None:
        raise RuntimeError("no")

    with listening(fail):
        assert caller.post(hook["url"], headers={"X-Id": "1"}).status_code == 500
    assert requests(world, hook) == []
    assert "duplicate" not in ok(caller.post(hook["url"], headers={"X-Id": "1"}))


def test_unsupported_methods_create_no_counters(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world.ada, world.pipeline())
    for method in ("DELETE", "PROPFIND", "OPTIONS"):
        assert caller.request(method, hook["url"]).status_code == 405
    shown = caller.get("/metrics").text
    assert not re.search(r'"(DELETE|PROPFIND|OPTIONS) /hooks', shown)
    assert 'route="* /hooks/{token}"' in shown
    assert hook["token"] not in shown


def test_tokens_are_in_no_log(world: World, caller: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    hook = endpoint(world.ada, world.pipeline())
    with caplog.at_level("INFO", "boxwood.requests"):
        ok(caller.post(hook["url"]))
        deadline = time.monotonic() + 120
        while not (paths := [record.path for record in caplog.records if record.name == "boxwood.requests"]):  # type: ignore[attr-defined]
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert paths[-1] == "/hooks/…"
    stored = [str(row) for row in world.server.engine.read(lambda db: db.rows("SELECT * FROM inbound_tokens"))]
    assert not any(hook["token"] in row for row in stored)


# Creating and changing inbound webhooks


def test_a_rotated_token_keeps_working_for_a_while(world: World, caller: httpx.Client) -> None:
    hook = endpoint(world.ada, world.pipeline())
    path = f"/api/v2/inbound/{hook['key']}"
    second = ok(world.ada.http.post(f"{path}/rotate"))
    third = ok(world.ada.http.post(f"{path}/rotate", json={"overlap": 60_000}))
    assert len(ok(world.ada.http.get(path))["tokens"]) == 3
    assert "url" not in ok(world.ada.http.get(path))
    for webhook in (hook, second, third):
        ok(caller.post(webhook["url"]))
    world.clock.advance(ms=60_001)
    assert [caller.post(webhook["url"]).status_code for webhook in (hook, second, third)] == [404, 404, 200]
    (left,) = ok(world.ada.http.get(path))["tokens"]
    assert third["token"].startswith(left["prefix"])
    ok(world.ada.http.delete(f"{path}/tokens/{left['key']}"))
    assert caller.post(third["url"]).status_code == 404
    assert world.ada.http.delete(f"{path}/tokens/{left['key']}").status_code == 404
    refused(world.ada.http.post(f"{path}/rotate", json={"overlap": -1}), 400, "overlap")
    fourth = ok(world.ada.http.post(f"{path}/rotate", json={"overlap": 0}))
    ok(caller.post(fourth["url"]))


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"method": "DELETE"}, "method"),
        ({"signature": "MD5"}, "signature"),
        ({"signature": "STRIPE"}, "secret"),
        ({"signature": "STANDARD", "secret": "whsec_short"}, "secret"),
        ({"signature": "SHARED", "secret": "short"}, "secret"),
        ({"signature": "SHARED", "secret": "ключ-ключ-ключ"}, "secret"),
        ({"secret": "of no use here"}, "secret"),
        ({"signature": "SHARED", "signatureHeader": "a b"}, "signatureHeader"),
        ({"addresses": ["10.0.0.0/33"]}, "addresses"),
        ({"addresses": ["10.0.0.1"] * 201}, "addresses"),
        ({"repeatHeader": "a\nb"}, "repeatHeader"),
        ({"repeatPath": "a..b"}, "repeatPath"),
        ({"repeatPath": "id", "repeatHeader": "X-Id"}, "repeatPath"),
        ({"condition": "body.a ="}, "condition"),
        ({"condition": "box.name == 'a'"}, "condition"),
        ({"condition": "'text'"}, "condition"),
    ],
)
def test_invalid_settings_are_refused_and_no_webhook_is_created(
    world: World, given: dict[str, Any], names: str
) -> None:
    path = f"/api/v2/pipelines/{world.pipeline()['key']}/inbound"
    refused(world.ada.http.post(path, json=given), 400, names)
    assert ok(world.ada.http.get(path))["results"] == []


def test_an_edit_changes_only_the_given_members(world: World) -> None:
    hook = endpoint(world.ada, world.pipeline(), repeatPath="id", condition="body.a == 1")
    path = f"/api/v2/inbound/{hook['key']}"
    shown = ok(world.ada.http.get(path))
    assert ok(world.ada.http.post(path, json={"name": "Orders", "addresses": []})) == shown
    changed = ok(world.ada.http.post(path, json={"method": "PUT", "repeatPath": None, "condition": ""}))
    assert changed["method"] == "PUT"
    assert not {"repeatPath", "condition", "secret", "url", "token"} & changed.keys()
    signed = ok(world.ada.http.post(path, json={"signature": "STANDARD"}))
    assert signed["secret"].startswith("whsec_")
    assert "previousSecretUntil" not in signed


def test_who_may_create_and_who_finds_inbound_webhooks(world: World, caller: httpx.Client) -> None:
    viewers = world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__")
    path = f"/api/v2/pipelines/{viewers['key']}/inbound"
    refused(world.bo.http.post(path, json={}), 403, "change")
    adas = endpoint(world.ada, viewers)
    assert ok(world.bo.http.get(path))["results"] == []
    assert world.bo.http.get(f"/api/v2/inbound/{adas['key']}").status_code == 404
    assert world.cy.http.get(path).status_code == 404
    assert world.cy.http.post(path, json={}).status_code == 404
    shared_one = world.pipeline()
    bos = endpoint(world.bo, shared_one)
    both = ok(world.ada.http.get(f"/api/v2/pipelines/{shared_one['key']}/inbound"))["results"]
    assert [webhook["key"] for webhook in both] == [bos["key"]]
    ok(world.ada.http.delete(f"/api/v2/pipelines/{shared_one['key']}"))
    assert caller.post(bos["url"]).status_code == 404
    listed = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/endpoints"))["results"]
    assert [webhook["key"] for webhook in listed] == [adas["key"]]


def test_a_team_has_its_own_inbound_webhooks(world: World, caller: httpx.Client) -> None:
    path = f"/api/v2/teams/{world.team_key}/inbound"
    created = ok(world.ada.http.post(path, json={"name": "Contacts"}))
    assert created["teamKey"] == world.team_key
    ok(caller.post(created["url"], json={"email": "a@b.example"}))
    assert [webhook["key"] for webhook in ok(world.ada.http.get(path))["results"]] == [created["key"]]
    assert ok(world.bo.http.get(path))["results"] == []
    assert world.cy.http.get(path).status_code == 404


# The limit per team


def test_the_seventeenth_inbound_webhook_is_refused_and_the_existing_ones_are_listed(world: World) -> None:
    pipeline, other = world.pipeline(), world.pipeline(name="Projects")
    created = [endpoint(world.ada, pipeline if n % 2 else other, name=f"No {n}") for n in range(15)]
    created.append(ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/inbound", json={"name": "No 15"})))
    path = f"/api/v2/pipelines/{pipeline['key']}/inbound"
    refused(world.ada.http.post(path, json={}), 400, "16 native endpoints", f"/api/v2/teams/{world.team_key}/endpoints")
    listed = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/endpoints"))
    assert (listed["allowance"], listed["used"]) == (16, 16)
    assert [(webhook["kind"], webhook["key"], webhook["name"]) for webhook in listed["results"]] == [
        ("INBOUND_WEBHOOK", webhook["key"], webhook["name"]) for webhook in created
    ]
    assert world.cy.http.get(f"/api/v2/teams/{world.team_key}/endpoints").status_code == 404
    ok(world.ada.http.delete(f"/api/v2/inbound/{created[0]['key']}"))
    ok(world.ada.http.post(path, json={}))


def test_subscriptions_have_their_own_limit_when_it_is_set(fresh_store: Store) -> None:
    server = Server(fresh_store.config(native_endpoints=0, subscriptions=2, allow_private_webhooks=True)).start()
    world = World(server)
    pipeline = world.pipeline()
    for _ in range(17):
        endpoint(world.ada, pipeline)
    body = {"event": "BOX_EDIT", "targetUrl": "https://receiver.example/", "pipelineKey": pipeline["key"]}
    ok(world.ada.http.post("/api/v2/webhooks", json=body))
    ok(world.ada.http.post("/api/v2/webhooks", json={**body, "pipelineKey": None, "teamKey": world.team_key}))
    refused(world.ada.http.post("/api/v2/webhooks", json=body), 400, "2 event subscriptions")
    assert ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/endpoints"))["allowance"] == 0
    world.close()
    server.stop()
