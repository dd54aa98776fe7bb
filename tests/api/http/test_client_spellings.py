"""What clients send in other spellings: forms of PHP, objects without quotes, keys with blanks, colours as text, and
parameters that the record does not use."""

import base64
from typing import Any

import pytest

from tests.conftest import World, ok, refused

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def box(world: World) -> dict[str, Any]:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT")
    world.field(pipeline, "TAG", tagSettings={"tags": [{"name": "hot"}, {"name": "cold"}]})
    return world.box(pipeline)


def edited(world: World, box: dict[str, Any], form: str) -> dict[str, Any]:
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", content=form.encode(), headers=FORM))
    return dict(ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}")))


def test_forms_name_nested_members_with_brackets(world: World, box: dict[str, Any]) -> None:
    hot, cold = (
        tag["key"]
        for tag in world.ada.http.get(f"/api/v2/pipelines/{box['pipelineKey']}").json()["fields"][1]["tagSettings"][
            "tags"
        ]
    )
    after = edited(world, box, f"fields[1001]=x&fields[1002][]={hot}&fields[1002][]={cold}")
    assert after["fields"] == {"1001": "x", "1002": [hot, cold]}
    assert edited(world, box, f"fields%5B1002%5D%5B0%5D={cold}")["fields"]["1002"] == [cold]
    after = edited(world, box, f"assignedToSharingEntries[0][email]={world.bo.user.email}")
    assert [person["userKey"] for person in after["assignedToSharingEntries"]] == [world.bo.user.key]
    followers = f"followerKeys[1]={world.bo.user.key}&followerKeys[0]={world.ada.user.key}"
    assert set(edited(world, box, followers)["followerKeys"]) == {world.ada.user.key, world.bo.user.key}
    parts = {"fields[1001]": (None, "in parts"), "unknown[a]": (None, "ignored")}
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", files=parts))
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"]["1001"] == "in parts"


@pytest.mark.parametrize("form", ["fields=x&fields[1001]=y", "fields[1001]=y&fields=x", "fields[a]=1&fields[a][b]=2"])
def test_a_member_with_and_without_brackets_is_refused(world: World, box: dict[str, Any], form: str) -> None:
    path = f"/api/v1/boxes/{box['key']}"
    refused(world.ada.http.post(path, content=form.encode(), headers=FORM), 400, "both as a value and with brackets")


def test_an_object_without_quotes_is_read_as_on_streaks_help_page(world: World, box: dict[str, Any]) -> None:
    path, stage = f"/api/v1/boxes/{box['key']}", world.pipeline()["stageOrder"][1]
    body = f"{{name:NewlyNamedBox, notes:Additional Notes, stageKey:{stage}}}".encode()
    after = ok(world.ada.http.post(path, content=body, headers=JSON))
    assert (after["name"], after["notes"], after["stageKey"]) == ("NewlyNamedBox", "Additional Notes", stage)


@pytest.mark.parametrize(
    "body", [b'{"name": NewName}', b'{name:"x}', b"{name:x", b"{name:[x]}", b"{:x}", b"{name:x}{", b"{name}"]
)
def test_other_broken_json_is_refused(world: World, box: dict[str, Any], body: bytes) -> None:
    refused(world.ada.http.post(f"/api/v1/boxes/{box['key']}", content=body, headers=JSON), 400, "not valid JSON")


@pytest.mark.parametrize("pattern", ["{}\n", " {} :", "{}\r\n:", "\t{}:x"])
def test_a_key_with_blanks_around_it_is_read(world: World, pattern: str) -> None:
    given = base64.b64encode(pattern.format(world.ada.key).encode()).decode()
    with world.client(None) as client:
        ok(client.get("/api/v1/users/me", headers={"Authorization": f"Basic {given}"}))
        ok(client.get("/api/v1/users/me", headers={"Authorization": f"Bearer  {world.ada.key}"}))


def test_a_stage_takes_its_colour_as_one_text(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v1/pipelines/{pipeline['key']}/stages/{pipeline['stageOrder'][0]}"
    for given, background in (("#00FF00", "#00ff00"), ("0f0", "#00ff00"), ("#102030", "#102030")):
        stage = ok(world.ada.http.post(path, json={"name": "Won", "color": given}))
        assert (stage["name"], stage["color"]["backgroundColor"]) == ("Won", background)
        assert stage["color"]["foregroundColor"].startswith("#")
    assert (
        ok(world.ada.http.post(path, data={"color": '{"backgroundColor": "#aabbcc"}'}))["color"]["backgroundColor"]
        == "#aabbcc"
    )
    refused(world.ada.http.post(path, json={"color": "greenish"}), 400, "color: must be a colour such as #00ff00")


# n8n's node sends descriptions, key names and values of choices with every kind of field.
@pytest.mark.parametrize("kind", ["TEXT_INPUT", "DATE", "PERSON", "CHECKBOX", "FORMULA", "DROPDOWN", "TAG"])
def test_a_field_ignores_what_its_kind_does_not_use(world: World, kind: str) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/fields"
    given = {
        "name": "Size",
        "type": kind,
        "description": "How large",
        "keyName": "size",
        "enumValues": ["S", "M"],
        "displayFormat": {"type": "NUMBER"},
    }
    field = ok(world.ada.http.put(path, json=given))
    assert (field["name"], field["type"]) == ("Size", kind)
    assert ("dropdownSettings" in field, "tagSettings" in field) == (kind == "DROPDOWN", kind == "TAG")
    edited = ok(world.ada.http.post(f"{path}/{field['key']}", data={"name": "Sizes", "enumValues": "S,M,L"}))
    assert edited["name"] == "Sizes"
