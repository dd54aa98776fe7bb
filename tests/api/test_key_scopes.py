"""Scopes of API keys: what a key may do by noun and pipeline, until when, and from where."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from boxwood.api.http.openapi import endless
from boxwood.api.http.route_scopes import PATHS
from boxwood.api.http.router import Route
from boxwood.api.routes import ROUTES
from boxwood.core import event_kinds
from boxwood.core.event_kinds import EVENT_KINDS
from boxwood.core.people import old_keys
from boxwood.core.records.scopes import LEVELS, NOUNS
from tests import examples
from tests.api import test_apps
from tests.api.test_access_matrix import ALL, Actor, ask, owned_things
from tests.conftest import Store, World, ok, refused

MARKS = {noun: f"Zz{noun}" for noun in NOUNS}
"""A word in the things of each noun that stands in nothing else."""
SUBSCRIPTIONS = re.compile("/webhooks|/deliveries")
"""Paths that besides `webhooks` need to read what the subscription sends."""
CONTEXT = {"tasks", "comments", "meetings", "files", "mail", "webhooks", "notifications", "automations", "snippets"}
"""Nouns whose entries name their box and pipeline."""


NAMED = {"pipeline", "box", "contact", "organization", "comment", "team", "user"}
"""The things in paths whose reads are asked for marks."""


@pytest.fixture
def matrix(fresh_store: Store) -> Iterator[World]:
    with examples.running(fresh_store) as server:
        yield (created := examples.StillWorld(server))
        created.close()


def key_of(world: World, *scopes: str, **limits: Any) -> httpx.Client:
    """A client with a new key of Ada that has these scopes."""
    made = ok(world.ada.http.put("/api/v1/apikeys", json={"scopes": list(scopes), **limits}))
    assert made["scopes"] == list(scopes)
    return world.stack.enter_context(world.client(made["apiKey"]))


def marked_things(world: World) -> dict[str, str]:
    """Things of Ada, of each noun one whose text has the mark of the noun. Returns their keys."""
    http, team = world.ada.http, world.team_key
    pipeline = ok(http.put("/api/v1/pipelines", json={"name": MARKS["pipelines"], "teamWide": True}))["key"]
    box = ok(http.put(f"/api/v1/pipelines/{pipeline}/boxes", json={"name": MARKS["boxes"]}))["key"]
    contact = ok(http.post(f"/api/v2/teams/{team}/contacts", json={"givenName": MARKS["contacts"]}))["key"]
    organization = ok(http.post(f"/api/v2/teams/{team}/organizations", json={"name": MARKS["organizations"]}))["key"]
    linked = {"contacts": [{"key": contact}], "organizations": [{"key": organization}]}
    ok(http.post(f"/api/v1/boxes/{box}", json=linked))
    ok(http.post(f"/api/v2/boxes/{box}/tasks", json={"text": MARKS["tasks"], "assignedTo": [world.bo.user_key]}))
    comment = ok(world.bo.http.post(f"/api/v2/boxes/{box}/comments", json={"message": f"{MARKS['comments']} @ada"}))
    gone = ok(http.post(f"/api/v2/boxes/{box}/comments", json={"message": MARKS["comments"]}))
    ok(http.delete(f"/api/v2/comments/{gone['key']}"))
    meeting = {"meetingType": "CALL_LOG", "startTimestamp": world.clock(), "notes": MARKS["meetings"]}
    ok(http.post(f"/api/v2/boxes/{box}/meetings", json=meeting))
    ok(http.post(f"/api/v2/boxes/{box}/files", files={"file": (f"{MARKS['files']}.txt", b"text", "text/plain")}))
    mail = f"Message-ID: <1@a.example>\r\nFrom: kim@a.example\r\nTo: a@b.example\r\nSubject: {MARKS['mail']}\r\n\r\nHi"
    ok(http.post(f"/api/v2/boxes/{box}/messages", json={"raw": mail}))
    ok(http.put("/api/v1/snippets", json={"snippetName": MARKS["snippets"], "snippetText": "Thanks"}))
    hook = {"event": "CONTACT_CREATE", "targetUrl": f"https://{MARKS['webhooks']}.example/"}
    ok(http.post(f"/api/v2/teams/{team}/webhooks", json=hook))
    steps = [{"type": "task.create", "with": {"text": "Call"}}]
    automation = {"name": MARKS["automations"], "trigger": {"type": "box.moved"}, "steps": steps}
    ok(http.post(f"/api/v2/pipelines/{pipeline}/automations", json=automation))
    return {
        "pipeline": pipeline,
        "box": box,
        "contact": contact,
        "organization": organization,
        "comment": comment["key"],
    }


@pytest.mark.slow
@pytest.mark.one_database
def test_every_route_needs_the_scopes_that_it_declares(matrix: World) -> None:
    """A route without an entry in `PATHS` fails here. The refusal of a key names the scope that it lacks."""
    declared = [path for paths in PATHS.values() for path in paths.split()]
    assert len(declared) == len(set(declared))
    paths = {route.path[len("/v1") :] for route in ROUTES}
    assert paths - set(declared) == set(), "declare what a scoped key needs for them in api/http/route_scopes.py"
    assert set(declared) - paths == set(), "no route has these paths"
    assert {event_kinds.noun_of(kind) for kind in EVENT_KINDS} <= set(NOUNS)
    things = owned_things(matrix)
    known = {noun: things.key(noun) for noun in sorted(ALL)}
    whole = key_of(matrix, "*:admin")
    clients: dict[tuple[str, ...], httpx.Client] = {}

    def sent(route: Route, scopes: list[str]) -> httpx.Response:
        if tuple(scopes) not in clients:
            clients[tuple(scopes)] = key_of(matrix, *scopes)
        dry = {"Prefer": "dry-run"} if route.writes and not route.not_dry else {}
        clients[tuple(scopes)].headers.pop("Prefer", None)
        clients[tuple(scopes)].headers.update(dry)
        return ask(matrix, Actor("key", set(), clients[tuple(scopes)]), route, things, known)

    faults, asked = [], 0
    for route in ROUTES:
        if route.open or endless(route):
            continue
        if route.needs is None:
            answer = whole.request(route.verb, "/api" + re.sub(r"{\w+}", "x-1", route.path))
            if answer.status_code != 403 or "an API key without scopes" not in answer.text:
                faults.append(f"{route.verb} {route.path} with *:admin: {answer.text}")
            continue
        for noun, level in route.needs:
            asked += 1
            below = LEVELS[LEVELS.index(level) - 1] if level != "read" else None
            below = "read" if below == "propose" else below
            others = [f"{other}:admin" for other in NOUNS if other != noun] if noun != "*" else ["automations:admin"]
            answer = sent(route, others + ([f"{noun}:{below}"] if below and noun != "*" else []))
            missing = answer.json().get("missingScope") if answer.status_code == 403 else None
            if missing != f"{noun}:{level}":
                faults.append(f"{route.verb} {route.path} without {noun}:{level}: {answer.status_code} {answer.text}")
        if "*" not in dict(route.needs):
            answer = sent(route, [f"{noun}:{level}" for noun, level in route.needs] or ["snippets:read"])
            if answer.status_code == 403 and "scope" in answer.text and not SUBSCRIPTIONS.search(route.path):
                faults.append(f"{route.verb} {route.path} with what it needs: {answer.text}")
    assert asked > 250
    assert not faults, "\n".join(faults)


@pytest.mark.one_database
def test_nothing_tells_of_nouns_that_a_key_may_not_read(matrix: World) -> None:
    keys = marked_things(matrix)
    things = examples.Things(matrix)
    things.created.update(keys)
    faults = []
    for noun in NOUNS:
        http = key_of(matrix, f"{noun}:read")
        hidden = [mark for other, mark in MARKS.items() if other != noun]
        if noun in CONTEXT | {"boxes"}:
            hidden = [mark for mark in hidden if mark not in (MARKS["boxes"], MARKS["pipelines"])]
        seen = ""
        for route in ROUTES:
            if route.verb != "GET" or route.open or endless(route):
                continue
            if not set(re.findall(r"{(\w+)}", route.path)) <= NAMED:
                continue
            query = "?query=zz&detailLevel=ALL" if route.path.endswith(("search", "matches", "newsfeed")) else ""
            answer = http.get("/api" + things.fill_path(route.path) + query)
            seen += answer.text
            faults += [f"{noun}:read: {route.path} tells {mark}" for mark in hidden if mark in answer.text]
        if noun not in ("team", "proposals", "notifications"):
            assert MARKS[noun] in seen, noun
    assert not faults, "\n".join(faults)


def test_a_key_limited_to_pipelines_reaches_no_other_pipeline(world: World) -> None:
    inside, outside = world.pipeline(name="Inside"), world.pipeline(name="Outside")
    mine, other = world.box(inside, name="Zzinside"), world.box(outside, name="Zzoutside")
    team = {"teamKey": world.team_key}
    http = key_of(world, pipelineKeys=[inside["key"]])
    assert [each["key"] for each in ok(http.get("/api/v1/pipelines"))] == [inside["key"]]
    assert [each["key"] for each in ok(http.get("/api/v1/boxes"))] == [mine["key"]]
    assert [each["boxKey"] for each in ok(http.get("/api/v1/search?query=zz"))["results"]["boxes"]] == [mine["key"]]
    for path in ("/api/v1/newsfeed?detailLevel=ALL", "/api/v2/events", "/api/v2/trash", "/api/v2/tasks"):
        answer = http.get(path)
        ok(answer)
        assert "outside" not in answer.text.lower()
        assert other["key"] not in answer.text
    for path in (f"/api/v2/pipelines/{outside['key']}", f"/api/v1/boxes/{other['key']}", "/api/v2/pipelines/Outside"):
        refused(http.get(path), 404)
    refused(http.post(f"/api/v1/boxes/{mine['key']}", json={"pipelineKey": outside["key"]}), 404)
    batch = {"operations": [{"method": "GET", "path": f"/v1/boxes/{key['key']}"} for key in (mine, other)]}
    assert [each["status"] for each in ok(http.post("/api/v2/batch", json=batch))["results"]] == [200, 404]
    refused(http.post("/api/v2/pipelines", json={"name": "New", **team}), 403, "limited to some pipelines")
    hook = {"event": "BOX_CREATE", "targetUrl": "https://hooks.example/", **team}
    refused(http.post("/api/v2/webhooks", json=hook), 404)
    refused(http.get(f"/api/v2/teams/{world.team_key}/audit"), 404)
    change = world.ada.http.post(f"/api/v1/boxes/{other['key']}", json={"name": "X"}).headers["x-boxwood-change"]
    refused(http.post("/api/v2/undo", json={"change": change}), 404)
    refused(world.ada.http.put("/api/v1/apikeys", json={"pipelineKeys": ["p-1"]}), 400, "pipelineKeys")


def test_scopes_hold_inside_batches_imports_undo_and_links(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    http = key_of(world, "boxes:write", "files:read")
    text = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": "Hello"}))
    operations = [
        {"method": "POST", "path": f"/v1/boxes/{box['key']}", "body": {"name": "Renamed"}},
        {"method": "POST", "path": f"/v2/comments/{text['key']}", "body": {"message": "X"}},
        {"method": "PUT", "path": "/v1/apikeys", "body": {}},
    ]
    results = ok(http.post("/api/v2/batch", json={"operations": operations}))["results"]
    assert [each["status"] for each in results] == [200, 403, 403]
    assert results[1]["body"]["missingScope"] == "comments:write"
    answer = http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": "X"})
    refused(answer, 403, "lacks the scope comments:write", "under Integrations")
    assert 'error="insufficient_scope", scope="comments:write"' in answer.headers["www-authenticate"]
    # A box may not create a contact that the key may not create.
    refused(http.post(f"/api/v1/boxes/{box['key']}", json={"contacts": [{"email": "kim@client.example"}]}), 400)
    comment = world.ada.http.post(f"/api/v2/comments/{text['key']}", json={"message": "Changed"})
    refused(http.post("/api/v2/undo", json={"change": comment.headers["x-boxwood-change"]}), 404)
    reader = key_of(world, "*:read", "boxes:write")
    refused(reader.post("/api/v2/undo", json={"change": comment.headers["x-boxwood-change"]}), 403, "comments:write")
    refused(http.post(f"/api/v2/pipelines/{pipeline['key']}/import", content=b"Name\nA\n"), 403, "pipelines:write")
    # A repeated request gets its stored answer although the key may not read the pipeline.
    path, again = f"/api/v2/pipelines/{pipeline['key']}/boxes", {"Idempotency-Key": "once"}
    made = [ok(http.post(path, json={"name": "New"}, headers=again))["key"] for _ in range(2)]
    assert made[0] == made[1]
    # The link to a file dies with the scope.
    files = {"file": ("a.txt", b"text", "text/plain")}
    file = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/files", files=files))
    key = ok(world.ada.http.put("/api/v1/apikeys", json={"scopes": ["files:read"]}))
    with world.client(key["apiKey"]) as linker, world.client(None) as browser:
        link = ok(linker.get(f"/api/v1/files/{file['fileKey']}/link"))["link"]
        assert browser.get(link).status_code == 200
        ok(world.ada.http.post(f"/api/v1/apikeys/{key['key']}", json={"scopes": ["boxes:read"]}))
        refused(browser.get(link), 403, "files:read")
        refused(linker.get(f"/api/v1/files/{file['fileKey']}"), 403, "files:read")


def test_a_webhook_sends_only_what_its_creating_key_may_read(world: World) -> None:
    pipeline = world.pipeline()
    place = f"/api/v2/pipelines/{pipeline['key']}/webhooks"
    hook = {"events": ["COMMENT_CREATE", "BOX_CREATE"], "targetUrl": "https://hooks.example/"}
    http = key_of(world, "webhooks:admin", "boxes:read")
    refused(http.post(place, json=hook), 403, "comments:read")
    own = ok(http.post(place, json={**hook, "events": ["BOX_CREATE"]}))
    theirs = ok(world.ada.http.post(place, json=hook))
    # Another target would get events that the key may not read.
    refused(http.post(f"/api/v2/webhooks/{theirs['key']}", json={"targetUrl": "https://other.example/"}), 403)
    refused(http.get(f"/api/v2/webhooks/{theirs['key']}/deliveries"), 403, "comments:read")
    ok(http.post(f"/api/v2/webhooks/{own['key']}", json={"targetUrl": "https://other.example/"}))
    ok(http.get(f"/api/v2/webhooks/{own['key']}/deliveries"))


def test_a_level_to_propose_makes_proposals_of_the_noun_only(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    http = key_of(world, "boxes:propose", "comments:write")
    proposed = ok(http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Renamed"}))["proposal"]
    ok(http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": "Hello"}))
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["name"] == "Acme"
    operations = [{"method": "POST", "path": f"/v1/boxes/{box['key']}", "body": {"name": "In a batch"}}]
    assert "proposal" in ok(http.post("/api/v2/batch", json={"operations": operations}))
    assert "proposal" not in ok(http.post(f"/api/v1/boxes/{box['key']}?dryRun=true", json={"name": "X"}))
    refused(http.post(f"/api/v2/proposals/{proposed['key']}/approve"), 403)
    ok(world.ada.http.post(f"/api/v2/proposals/{proposed['key']}/approve", json={}))
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["name"] == "Renamed"
    # A key with scopes sees only its own proposals.
    both = key_of(world, "boxes:propose", "proposals:read")
    assert ok(both.get("/api/v2/proposals"))["results"] == []
    refused(both.get(f"/api/v2/proposals/{proposed['key']}"), 404)


def test_a_key_ends_and_works_only_from_its_addresses(world: World) -> None:
    now = world.clock()
    key = ok(world.ada.http.put("/api/v1/apikeys", json={"expiresTimestamp": now + 60_000, "name": "Short"}))
    place = f"/api/v1/apikeys/{key['key']}"
    assert key["expiresTimestamp"] == now + 60_000
    with world.client(key["apiKey"]) as http:
        ok(http.get("/api/v1/users/me"))
        world.clock.advance(ms=60_000)
        assert "has expired" in refused(http.get("/api/v1/users/me"), 401)
        # An expired key can be edited without a new end, and works again with one.
        ok(world.ada.http.post(place, json={"name": "Longer", "expiresTimestamp": now + 60_000}))
        refused(http.get("/api/v1/users/me"), 401)
        ok(world.ada.http.post(place, json={"expiresTimestamp": None}))
        ok(http.get("/api/v1/users/me"))
        for addresses, status in ((["192.0.2.0/24"], 403), (["2001:db8::/32", "127.0.0.0/8"], 200), ([], 200)):
            assert ok(world.ada.http.post(place, json={"allowedAddresses": addresses}))["allowedAddresses"] == addresses
            assert http.get("/api/v1/users/me").status_code == status
    for wrong, name in (
        ({"expiresTimestamp": now - 1}, "expiresTimestamp"),
        ({"allowedAddresses": ["300.1.1.1"]}, "allowedAddresses"),
        ({"scopes": ["boxes"]}, "scopes"),
        ({"scopes": ["things:read"]}, "scopes"),
        ({"scopes": ["boxes:read", "boxes:write"]}, "scopes"),
    ):
        refused(world.ada.http.post(place, json=wrong), 400, name)
        refused(world.ada.http.put("/api/v1/apikeys", json=wrong), 400, name)
    refused(world.bo.http.post(place, json={"name": "X"}), 404)


def test_a_key_with_limits_gives_no_key_more_than_it_has(world: World) -> None:
    other = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Other"}))
    with world.client(None) as browser:
        sealed = test_apps.ask(browser, test_apps.register(browser))
    limits: list[dict[str, Any]] = [
        {"expiresTimestamp": world.clock() + 60_000},
        {"allowedAddresses": ["127.0.0.0/8", "::1"]},
        {"rateLimit": "100/s"},
        {"allowedOrigins": ["https://app.example"]},
        {"proposes": True},
        {"scopes": ["*:admin"]},
        {"pipelineKeys": [world.pipeline()["key"]]},
    ]
    for limit in limits:
        made = ok(world.ada.http.put("/api/v1/apikeys", json=limit))
        with world.client(made["apiKey"]) as http:
            for place in (made["key"], other["key"]):
                path = f"/apikeys/{place}"
                operations = [
                    {"method": "PUT", "path": "/v1/apikeys", "body": {"teamKey": world.team_key}},
                    {"method": "POST", "path": f"/v1{path}", "body": dict.fromkeys(limit)},
                    {"method": "POST", "path": f"/v2{path}/rotate", "body": {}},
                    {"method": "POST", "path": "/v2/calendars", "body": {"name": "Feed"}},
                    {"method": "POST", "path": "/v2/apps", "body": {"request": sealed, "access": "write"}},
                ]
                for each in operations:
                    refused(http.request(each["method"], f"/api{each['path']}", json=each["body"]), 403)
                if "proposes" not in limit:
                    answer = ok(http.post("/api/v2/batch", json={"operations": operations}))["results"]
                    assert [each["status"] for each in answer] == [403] * 5
            refused(http.delete(f"/api/v1/apikeys/{other['key']}"), 403)
    assert len(ok(world.ada.http.get("/api/v1/apikeys"))) == len(limits) + 2


def test_dry_runs_and_proposals_show_a_key_no_webhook_or_automation_that_it_may_not_read(world: World) -> None:
    pipeline = world.pipeline()
    place, box = f"/api/v2/pipelines/{pipeline['key']}", f"/api/v1/boxes/{world.box(pipeline)['key']}"
    hook = ok(world.ada.http.post(f"{place}/webhooks", json={"event": "BOX_EDIT", "targetUrl": "https://a.example/zz"}))
    steps = [{"type": "task.create", "with": {"text": "Call"}}]
    rule = {"name": "Zzrule", "trigger": {"type": "box.edited"}, "steps": steps}
    made = ok(world.ada.http.post(f"{place}/automations", json=rule))
    ok(world.ada.http.post(f"/api/v2/automations/{made['key']}/enable", json={}))

    def effects(shown: dict[str, Any]) -> list[str]:
        return [each["key"] for name in ("webhooks", "automations") for each in shown["effects"][name]]

    all_of_it, notes = [hook["key"], made["key"]], {"notes": "New"}
    for scopes, seen in (
        (["boxes:write"], []),
        (["boxes:write", "webhooks:read"], all_of_it[:1]),
        (["boxes:write", "automations:read", "webhooks:read"], all_of_it),
    ):
        assert effects(ok(key_of(world, *scopes).post(f"{box}?dryRun=true", json=notes))) == seen
        http = key_of(world, *(scope.replace("boxes:write", "boxes:propose") for scope in scopes), "proposals:read")
        answer = ok(http.post(box, json=notes))
        key = f"/api/v2/proposals/{answer['proposal']['key']}"
        listed = ok(http.get("/api/v2/proposals"))["results"][0]
        for shown in (answer, answer["proposal"]["operations"][0], ok(http.get(key))["operations"][0]):
            assert effects(shown) == seen
        assert effects(listed["operations"][0]) == seen
        # The user who decides sees all that would follow.
        assert effects(ok(world.ada.http.get(key))["operations"][0]) == all_of_it


def test_a_key_limited_to_pipelines_learns_nothing_of_what_was_deleted_in_others(world: World) -> None:
    inside, outside = world.pipeline(name="Inside"), world.pipeline(name="Outside")
    http = key_of(world, pipelineKeys=[inside["key"]])
    hook = {"event": "BOX_CREATE", "name": "Zzhook", "targetUrl": "https://zz.example/"}
    for place in (f"/api/v2/pipelines/{outside['key']}", f"/api/v2/teams/{world.team_key}"):
        event = {**hook, "event": "CONTACT_CREATE"} if "teams" in place else hook
        made = ok(world.ada.http.post(f"{place}/webhooks", json=event))
        ok(world.ada.http.delete(f"/api/v2/webhooks/{made['key']}"))
        inbound = ok(world.ada.http.post(f"{place}/inbound", json={"name": "Zzinbound"}))
        ok(world.ada.http.delete(f"/api/v2/inbound/{inbound['key']}"))
        for key in (made["key"], inbound["key"]):
            refused(http.post(f"/api/v2/trash/{key}/restore"), 404)
            refused(http.delete(f"/api/v2/trash/{key}"), 404)
    world.box(outside, name="Zzbox")
    deleted = world.ada.http.delete(f"/api/v1/pipelines/{outside['key']}")
    for path in ("/api/v2/trash", "/api/v2/events?limit=1000", "/api/v1/newsfeed"):
        answer = http.get(path)
        ok(answer)
        assert not re.search("Zzhook|Zzinbound|zz.example|Zzbox|Outside", answer.text), path
    refused(http.post("/api/v2/undo", json={"change": deleted.headers["x-boxwood-change"]}), 404)


def test_an_export_has_only_what_the_key_may_read(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    mail = "Message-ID: <1@a.example>\r\nFrom: kim@a.example\r\nTo: a@b.example\r\nSubject: Zzmail\r\n\r\nHi"
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/messages", json={"raw": mail}))
    place = f"/api/v2/pipelines/{pipeline['key']}/export?format=json"
    parts = [f"include={part}" for part in ("tasks", "comments", "meetings", "files", "threads", "contacts")]
    http = key_of(world, "boxes:read")
    for part in ("mails=true", *parts, "include=organizations"):
        answer = http.get(f"{place}&{part}")
        assert answer.status_code == 403, part
        assert "Zzmail" not in answer.text
        assert world.ada.http.get(f"{place}&{part}").status_code == 200
    assert "Zzmail" in key_of(world, "boxes:read", "mail:read").get(f"{place}&mails=true").text


def test_an_old_key_of_what_is_out_of_reach_is_like_one_that_does_not_exist(world: World) -> None:
    """After an import from Streak, users, teams and contacts also answer to their keys at Streak."""
    made = ok(world.cy.http.get("/api/v1/users/me"))["key"]
    team = ok(world.cy.http.post("/api/v2/teams", json={"name": "Elsewhere", "members": [{"userKey": made}]}))["key"]
    contact = ok(world.cy.http.post(f"/api/v2/teams/{team}/contacts", json={"givenName": "Kim"}))["key"]
    old = {"agxzfm1haWxmb29nYWVyUSER": made, "agxzfm1haWxmb29nYWVyTEAM": team, "agxzfm1haWxmb29nYWVyCONT": contact}
    world.server.engine.write(lambda db: [old_keys.add(db, *each) for each in old.items()])
    assert ok(world.cy.http.get("/api/v1/contacts/agxzfm1haWxmb29nYWVyCONT"))["key"] == contact
    box = world.box(world.pipeline())["key"]
    for known, key in old.items():
        unknown = known[:-4] + "NONE"
        for method, path, body in (
            ("GET", "/v1/users/{}", None),
            ("GET", "/v2/teams/{}", None),
            ("GET", "/v1/contacts/{}", None),
            ("POST", f"/v1/boxes/{box}", {"assignedToSharingEntries": ["{}"]}),
            ("POST", f"/v1/boxes/{box}", {"contacts": [{"key": "{}"}]}),
            ("POST", "/v2/webhooks", {"event": "CONTACT_CREATE", "teamKey": "{}", "targetUrl": "https://a.example/"}),
        ):

            def asked(old_key: str, at: str = path, sent: Any = body, verb: str = method) -> list[tuple[int, str]]:
                given = json.loads(json.dumps(sent).replace("{}", old_key))
                place = at.replace("{}", old_key)
                operations = [{"method": verb, "path": place, "body": given}]
                batch = ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))["results"][0]
                answer = world.ada.http.request(verb, f"/api{place}", json=given)
                texts = ((answer.status_code, answer.text), (batch["status"], json.dumps(batch["body"])))
                return [(status, text.replace(old_key, "KEY")) for status, text in texts]

            found = asked(known)
            assert found == asked(unknown), path
            assert found[0][0] >= 400
            assert key not in str(found)


def test_a_team_key_reaches_its_team_only_also_for_its_creator(world: World) -> None:
    other = ok(world.ada.http.post("/api/v2/teams", json={"name": "Other", "members": [{"email": world.ada.email}]}))[
        "key"
    ]
    elsewhere = world.pipeline(teamKey=other)
    own = world.pipeline()
    key = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Script", "teamKey": world.team_key}))["apiKey"]
    with world.client(key) as http:
        assert [each["key"] for each in ok(http.get("/api/v1/pipelines"))] == [own["key"]]
        assert [each["key"] for each in ok(http.get("/api/v2/users/me/teams"))["results"]] == [world.team_key]
        refused(http.get(f"/api/v1/pipelines/{elsewhere['key']}"), 404)
        assert ok(http.put("/api/v1/pipelines", json={"name": "New"}))["teamKey"] == world.team_key
