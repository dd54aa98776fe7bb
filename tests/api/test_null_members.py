"""`null` means "not given" for every member of every record, except for the values that docs/api/README.md lists.

The tests build themselves from the route table: every path that can be read and edited.
"""

from typing import Any

import pytest

from boxwood.api.http.router import WRITE, Route
from boxwood.api.routes import ROUTES
from tests.conftest import World, ok
from tests.things import Things

READABLE = {route.path for route in ROUTES if route.verb == "GET"}
EDITS = [
    route
    for route in ROUTES
    if route.verb == "POST"
    and route.mode == WRITE
    and route.takes
    and not route.takes.required
    and route.path.endswith("}")
    and route.path in READABLE
]
# What null clears, as docs/api/README.md lists it.
CLEARED = {
    "/v1/apikeys/{apikey}": {"name", "expiresTimestamp", "rateLimit"},
    "/v1/boxes/{box}": {"notes"},
    "/v1/boxes/{box}/fields/{field}": {"value"},
    "/v2/tasks/{task}": {"dueAt", "dueDate"},
    "/v2/meetings/{meeting}": {"notes", "duration", "durationMs"},
    "/v1/pipelines/{pipeline}": {"description"},
    "/v2/pipelines/{pipeline}": {"description"},
    "/v1/pipelines/{pipeline}/fields/{field}": {"defaultValue", "displayFormat"},
    "/v2/pipelines/{pipeline}/views/{view}": {"filter", "group"},
    "/v2/pipelines/{pipeline}/validators/{validator}": {"message", "condition", "assertion", "formula"},
    "/v1/snippets/{snippet}": {"pipelineKey"},
    "/v2/webhooks/{webhook}": {"condition"},
    "/v2/inbound/{inbound}": {"condition", "repeatHeader", "repeatPath", "verifyToken"},
    "/v2/mailboxes/{mailbox}": {"since", "smtp"},
    "/v2/drafts/{draft}": {"boxKey", "contactKey", "threadKey"},
    "/v2/automations/{automation}": {"description", "filter", "condition"},
    "/v2/sequences/{sequence}": {"mailboxKey"},
}
# Values for the members that the thing of each noun does not have when it is created.
FULL: dict[str, dict[str, Any]] = {
    "/v1/boxes/{box}": {
        "notes": "Met at the fair",
        "assignedToSharingEntries": [{"userKey": "{user}"}, {"userKey": "{colleague}"}],
        "followerKeys": ["{user}", "{colleague}"],
        "contacts": [{"key": "{contact}", "isStarred": True}],
        "organizations": [{"key": "{organization}"}],
        "fields": {"{field}": "12"},
    },
    "/v1/boxes/{box}/fields/{field}": {"value": "12"},
    "/v2/tasks/{task}": {
        "assignedTo": ["{colleague}"],
        "meetingKey": "{meeting}",
        "teamContactKey": "{contact}",
        "status": "DONE",
    },
    "/v2/meetings/{meeting}": {"duration": 60_000, "taskKeys": ["{task}"]},
    "/v1/pipelines/{pipeline}": {"description": "All deals", "aclEntries": [{"email": "{email}"}]},
    "/v2/pipelines/{pipeline}": {"description": "All deals", "stageOrder": ["5003", "5002", "5001"]},
    "/v1/pipelines/{pipeline}/fields/{field}": {
        "displayFormat": {"type": "CURRENCY", "currency": "EUR", "decimals": 2},
    },
    "/v1/pipelines/{pipeline}/stages/{stage}": {
        "color": {"foregroundColor": "rgb(1,2,3)", "backgroundColor": "rgb(4,5,6)"}
    },
    "/v2/pipelines/{pipeline}/views/{view}": {
        "filter": {"field": "name", "op": "isNotEmpty"},
        "group": "stage",
        "columns": [{"key": "name", "width": 200}],
        "shared": True,
    },
    "/v2/pipelines/{pipeline}/validators/{validator}": {
        "message": "Write notes",
        "condition": {"field": "name", "op": "isNotEmpty"},
    },
    "/v2/contacts/{contact}": {
        "title": "Buyer",
        "phoneNumbers": ["+49 170 1234567"],
        "addresses": ["Main Street 1"],
        "domains": ["client.example"],
        "orgLinks": [{"key": "{organization}"}],
        "other": "Likes tea",
        "twitterHandle": "kim",
    },
    "/v2/organizations/{organization}": {"industry": "Tea", "employeeCount": "51-200", "phoneNumbers": ["+49 30 1"]},
    "/v1/snippets/{snippet}": {"subject": "Thanks", "snippetKeyShortcut": "ty", "pipelineKey": "{pipeline}"},
    "/v2/webhooks/{webhook}": {"condition": "item.name == 'Acme'", "stages": ["5001"], "ordered": True},
    "/v2/inbound/{inbound}": {"condition": "method == 'POST'", "repeatHeader": "X-Id", "addresses": ["192.0.2.1"]},
    "/v2/automations/{automation}": {
        "description": "Sends contracts",
        "condition": "box.name != ''",
        "filter": {"field": "name", "op": "isNotEmpty"},
        "secrets": {"TOKEN": "s3cr3t-12"},
    },
    "/v2/drafts/{draft}": {"contactKey": "{contact}", "threadKey": "{thread}", "cc": ["bo@client.example"]},
    "/v1/users/{user}": {"timezoneId": "Europe/Berlin"},
    "/v2/mailings/{mailing}": {"text": "Dear {{contact.givenName|all}}", "track": {"opens": True}},
}
CHANGES_BY_ITSELF = ("Timestamp", "version", "lastSaved")


@pytest.fixture(params=EDITS, ids=lambda route: route.path)
def edit(request: pytest.FixtureRequest, things: Things) -> tuple[Route, str, dict[str, Any]]:
    """Return a route that edits a thing, its path with keys, and the thing with a value in most members."""
    route = request.param
    if route.path in FULL:
        ok(things.ask("POST", route.path, {"json": FULL[route.path]}))
    path = "/api" + things.fill_path(route.path)
    return route, path, ok(things.world.ada.http.get(path))


@pytest.fixture
def things(world: World) -> Things:
    return Things(world)


def test_null_leaves_a_member_as_it_is_or_clears_what_the_docs_list(
    world: World, edit: tuple[Route, str, dict[str, Any]]
) -> None:
    route, path, before = edit
    assert route.takes
    cleared = CLEARED.get(route.path, set())
    assert cleared == {wire for wire, (_, kind) in route.takes.members.items() if kind.clears}
    kept = [wire for wire in route.takes.members if wire not in cleared]
    for wire in kept:
        ok(world.ada.http.post(path, json={wire: None}))
        assert stable(ok(world.ada.http.get(path))) == stable(before), wire
    if not kept:
        return
    ok(world.ada.http.post(path, json=dict.fromkeys(kept)))
    ok(world.ada.http.post(path, data={wire: "null" for wire in kept if is_list(route, wire)}))
    assert stable(ok(world.ada.http.get(path))) == stable(before)


def test_an_object_as_it_was_read_can_be_sent_back_with_null_for_what_it_lacks(
    world: World, edit: tuple[Route, str, dict[str, Any]]
) -> None:
    route, path, before = edit
    assert route.takes
    whole = {**dict.fromkeys(route.takes.members), **before}
    ok(world.ada.http.post(path, json={name: whole[name] for name in whole if name not in shown_twice(route, before)}))
    assert stable(ok(world.ada.http.get(path))) == stable(before)


def test_null_clears_the_values_that_the_docs_list(world: World, edit: tuple[Route, str, dict[str, Any]]) -> None:
    route, path, before = edit
    assert route.takes
    has_rule = "assertion" in before or "formula" in before
    clearing = {wire for wire in CLEARED.get(route.path, set()) if wire in before}
    for wire in clearing - ({"assertion", "formula"} if has_rule else set()):
        ok(world.ada.http.post(path, json={wire: None}))
        assert not ok(world.ada.http.get(path)).get(wire), wire


def test_null_keeps_lists_in_v2_batches_upserts_and_in_the_query_beside_json(world: World) -> None:
    things = Things(world)
    ok(things.ask("POST", "/v1/boxes/{box}", {"json": FULL["/v1/boxes/{box}"]}))
    path = "/v1/boxes/" + things.key("box")
    before = ok(world.ada.http.get("/api" + path))
    nulls = {"assignedToSharingEntries": None, "followerKeys": None, "contacts": None, "fields": None, "name": None}
    operation = {"method": "POST", "path": path, "body": nulls}
    ok(world.ada.http.post("/api/v2/batch", json={"operations": [operation]}))
    ok(world.ada.http.post("/api" + path, params={"json": "null", "followerKeys": "null"}, json={"contacts": None}))
    upsert = f"/api/v2/pipelines/{things.key('pipeline')}/boxes/upsert"
    found = ok(world.ada.http.post(upsert, params={"match": "name"}, json={**nulls, "name": before["name"]}))
    assert found["box"]["key"] == before["key"]
    assert stable(ok(world.ada.http.get("/api" + path))) == stable(before)


def stable(thing: Any) -> Any:
    """Return the thing without the times that each write sets, and a mailbox without the result of its reading."""
    if not isinstance(thing, dict):
        return thing
    by_itself = (*CHANGES_BY_ITSELF, "state", "error") if "imap" in thing else CHANGES_BY_ITSELF
    return {name: stable(value) for name, value in thing.items() if not any(word in name for word in by_itself)}


def is_list(route: Route, wire: str) -> bool:
    assert route.takes
    return route.takes.members[wire][1].schema.get("type") in ("array", "object")


def shown_twice(route: Route, before: dict[str, Any]) -> set[str]:
    """Return the other spellings of members that the thing has: a client that read them does not know these."""
    assert route.takes
    shown = {member for wire, (member, _) in route.takes.members.items() if wire in before}
    return {wire for wire, (member, _) in route.takes.members.items() if wire not in before and member in shown}
