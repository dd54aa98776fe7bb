"""Invalid input is refused with a 4xx that says what is wrong, never with a 500, and changes nothing."""

import json
from typing import Any

import httpx
import pytest

from tests.conftest import World, ok, refused
from tests.things import Things

DEEP = "[" * 100_000 + "]" * 100_000
BODIES: dict[str, tuple[str, bytes]] = {
    "half an object": ("application/json", b'{"name": '),
    "not JSON": ("application/json", b"name=Acme"),
    "a number": ("application/json", b"17"),
    "null": ("application/json", b"null"),
    "invalid UTF-8": ("application/json", b'{"name": "\xff\xfe"}'),
    "a lone surrogate": ("application/json", b'{"name": "\\ud800"}'),
    "NUL in a name": ("application/json", b'{"name": "a\\u0000b"}'),
    "deep lists": ("application/json", b'{"name": "x", "fields": ' + DEEP.encode() + b"}"),
    "deep but short": ("application/json", b'{"name": "x", "fields": ' + b'{"a":' * 70 + b"1" + b"}" * 70 + b"}"),
    "invalid UTF-8 in a form": ("application/x-www-form-urlencoded", b"name=%ff%fe"),
    "bad JSON in a form": ("application/x-www-form-urlencoded", b"json=%7B%22name"),
    "NUL in a form": ("application/x-www-form-urlencoded", b"name=a%00b"),
    "an unsupported type": ("application/xml", b"<box/>"),
    "an image": ("image/png", b"\x89PNG"),
    "a name of 100,000 letters": ("application/json", json.dumps({"name": "x" * 100_000}).encode()),
    "10 MB": ("application/json", b'{"name": "' + b"x" * 10_000_000 + b'"}'),
    "a huge number": ("application/json", b'{"name": "x", "fields": {"1001": 1e400}}'),
    "a huge integer": ("application/json", b'{"name": "x", "fields": {"1001": ' + b"9" * 400 + b"}}"),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_cannot_be_read_is_refused(world: World, what: str) -> None:
    kind, body = BODIES[what]
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT")
    box = world.box(pipeline)
    for verb, path in (
        ("POST", f"/api/v2/pipelines/{pipeline['key']}/boxes"),
        ("PUT", f"/api/v1/pipelines/{pipeline['key']}/boxes"),
        ("POST", f"/api/v1/boxes/{box['key']}"),
    ):
        reply = world.ada.http.request(verb, path, content=body, headers={"Content-Type": kind})
        assert 400 <= reply.status_code < 500, (path, reply.status_code, reply.text[:300])
        assert reply.json()["error"]
    assert ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes")) == [box]


WRONG: list[Any] = [None, True, 17, 1.5, "text", "", [], [None], [[]], {}, {"a": {}}, "\u0000", "x" * 200_000, -1, "٣"]
MEMBERS = {
    "boxes": (
        "name notes stageKey assignedToSharingEntries followerKeys linkedBoxKeys contacts organizations fields "
        "pipelineKey"
    ).split(),
    "pipelines": (
        "name description icon teamKey stageOrder stageColorTheme customPermissionSets defaultPermissionSetName "
        "aclEntries sharingRestrictedToTeam orgWide"
    ).split(),
    "stages": ["name", "color"],
    "fields": [
        "name",
        "type",
        "defaultValue",
        "dropdownSettings",
        "tagSettings",
        "aiSettings",
        "addOnly",
        "enumValues",
    ],
    "values": ["value"],
    "users": ["timezoneId", "firstName", "emailsToSendInvoiceTo", "automaticallySendInvoiceEmails"],
    "teams": ["name", "members", "contactOrgListPermissions", "contactSettings", "emailsToSendInvoiceTo"],
}


@pytest.mark.parametrize(
    ("noun", "member"), [(noun, member) for noun, members in MEMBERS.items() for member in members]
)
def test_no_value_of_any_member_breaks_the_server(world: World, noun: str, member: str) -> None:
    pipeline = world.pipeline()
    field, box = world.field(pipeline, "TAG"), world.box(pipeline)
    path = {
        "boxes": f"/v1/boxes/{box['key']}",
        "pipelines": f"/v2/pipelines/{pipeline['key']}",
        "stages": f"/v2/pipelines/{pipeline['key']}/stages/5001",
        "fields": f"/v1/pipelines/{pipeline['key']}/fields/{field['key']}",
        "values": f"/v1/boxes/{box['key']}/fields/{field['key']}",
        "users": f"/v1/users/{world.ada.user_key}",
        "teams": f"/v2/teams/{world.team_key}",
    }[noun]
    for value in WRONG:
        reply = world.ada.http.post(f"/api{path}", json={member: value})
        assert reply.status_code < 500, (member, value, reply.text[:300])
        if reply.status_code != 200:
            assert reply.json()["error"]
        form = world.ada.http.post(f"/api{path}", data={member: json.dumps(value)})
        assert form.status_code < 500, (member, value, form.text[:300])


PAGING = ["-1", "x", "1.5", "", "٣", "0x10", "1e3", "99999999999999999999", "null", "%00"]


@pytest.mark.parametrize("value", PAGING)
@pytest.mark.parametrize("name", ["limit", "page", "offset"])
def test_paging_parameters_are_clamped_or_refused(world: World, name: str, value: str) -> None:
    pipeline = world.pipeline()
    for path in (
        "/api/v1/newsfeed",
        f"/api/v1/pipelines/{pipeline['key']}/boxes",
        f"/api/v2/pipelines/{pipeline['key']}/boxes",
        "/api/v2/pipelines",
        "/api/v2/users/me/teams",
        "/api/v1/apikeys",
    ):
        reply = world.ada.http.get(f"{path}?{name}={value}")
        assert reply.status_code in (200, 400), (path, reply.text)
        if value in ("-1", "x", "1.5", "null") and (name != "offset" or "boxes" in path):
            assert reply.status_code == 400, path
            assert name in reply.json()["error"]


KEYS = ["nope", "b" * 5000, "%00", "%ff", "..", "%2e%2e", "a%2Fb", "'; DROP TABLE boxes; --", "💥", "-1", "5001"]


@pytest.mark.parametrize("key", KEYS)
def test_an_unknown_key_is_not_found(world: World, key: str) -> None:
    pipeline = world.pipeline()
    for path in (
        f"/v1/boxes/{key}",
        f"/v1/pipelines/{key}",
        f"/v1/users/{key}",
        f"/v2/teams/{key}",
        f"/v1/apikeys/{key}",
    ):
        for verb in ("GET", "POST", "DELETE"):
            reply = world.ada.http.request(verb, f"/api{path}", json={"name": "x"} if verb == "POST" else None)
            assert 400 <= reply.status_code < 500, (verb, path, reply.status_code, reply.text[:200])
    stage = world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/stages/{key}")
    assert stage.status_code in (200, 400, 404), stage.text


def test_malformed_credentials_are_refused_with_a_message(world: World) -> None:
    with world.client(None) as client:
        bare = client.get("/api/v1/users/me")
        assert (bare.status_code, bare.json()) == (401, {"error": "Authentication required"})
        for header in (
            "Basic !!!",
            "Basic",
            "Basic =",
            "Bearer",
            "Bearer x",
            f"Bearer {world.ada.key}x",
            "Digest a",
            "é",
        ):
            reply = client.get("/api/v1/users/me", headers={"Authorization": header.encode()})
            assert reply.status_code == 401, (header, reply.text)
        good = client.get("/api/v1/users/me", headers={"Authorization": f"bearer {world.ada.key}"})
        assert ok(good)["email"] == world.ada.email


def test_an_unsupported_method_on_a_known_path_lists_the_supported_methods(world: World) -> None:
    reply = world.ada.http.patch("/api/v1/boxes/x")
    assert reply.status_code == 405
    assert reply.headers["allow"] == "DELETE, GET, POST"
    assert reply.json()["success"] is False
    unknown = world.ada.http.get("/api/v1/nothing/here")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "Invalid API path specified")


def test_a_body_that_ends_too_early_writes_nothing(world: World) -> None:
    pipeline = world.pipeline()

    def broken():  # type: ignore[no-untyped-def]
        yield b'{"name": "half'
        raise ConnectionError

    with pytest.raises((httpx.HTTPError, ConnectionError)):
        world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", content=broken())
    assert ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes")) == []


def test_a_mail_is_put_into_no_box_without_a_key_of_a_box(world: World) -> None:
    key = Things(world).key("suggestion")
    for body in ({}, {"boxKeys": None}, {"boxKeys": []}):
        refused(world.ada.http.post(f"/api/v2/mail/suggestions/{key}/box", json=body), 400, "boxKeys: is empty")
