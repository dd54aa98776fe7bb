"""Webhook subscriptions through the API."""

from typing import Any

import pytest

from tests.conftest import Person, World, ok, refused

TARGET = "https://receiver.example/hook"


def subscribe(person: Person, **given: Any) -> dict[str, Any]:
    return ok(person.http.post("/api/v2/webhooks", json={"event": "BOX_EDIT", "targetUrl": TARGET, **given}))


def test_the_secret_is_shown_once_and_the_token_never(world: World) -> None:
    pipeline = world.pipeline()
    created = subscribe(world.ada, pipelineKey=pipeline["key"], token="hush")
    secret = created.pop("secret")
    assert secret.startswith("whsec_")
    path = f"/api/v2/webhooks/{created['key']}"
    assert ok(world.ada.http.get(path)) == created
    rotated = ok(world.ada.http.post(f"{path}/rotate"))
    assert rotated.pop("secret") not in ("", secret)
    assert rotated["previousSecretUntil"] == rotated["lastSavedTimestamp"] + 86_400_000
    shown = [world.ada.http.get(path).text, world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/webhooks").text]
    assert not any("whsec_" in text or "hush" in text for text in shown)


def test_an_edit_changes_only_the_given_members(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")
    created = subscribe(world.ada, pipelineKey=pipeline["key"], stages=["5002"], fields=[field["key"], "name"])
    created.pop("secret")
    assert (created["stages"], created["fields"], created["ordered"]) == (["5002"], [field["key"], "name"], False)
    path = f"/api/v2/webhooks/{created['key']}"
    assert ok(world.ada.http.post(path, json={"targetUrl": TARGET, "ordered": False})) == created
    changed = ok(world.ada.http.post(path, json={"ordered": True, "stages": []}))
    assert (changed["stages"], changed["fields"], changed["ordered"]) == ([], created["fields"], True)
    off = ok(world.ada.http.post(path, json={"active": False}))
    assert (off["active"], off["offReason"]) == (False, "switched off by hand")
    on = ok(world.ada.http.post(path, json={"active": True}))
    assert (on["active"], on["missedFrom"]) == (True, off["missedFrom"])
    assert on["missedTo"] >= on["missedFrom"]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"event": "BOX_EXPLODE"}, "BOX_CREATE"),
        ({"event": 7}, "event"),
        ({"targetUrl": "http://localhost:99999"}, "targetUrl"),
        ({"targetUrl": "http://127.0.0.1:8080/"}, "this server"),
        ({"token": "two\r\nlines"}, "token"),
        ({"token": "ключ"}, "token"),
        ({"stages": ["5999"]}, "5001"),
        ({"fields": ["1999"]}, "name"),
        ({"ordered": "perhaps"}, "ordered"),
        ({"stages": {"a": 1}}, "stages"),
        ({"condition": "item.name =="}, "condition"),
        ({"condition": "box.name == 'a'"}, "condition"),
        ({"condition": "1"}, "condition"),
    ],
)
def test_invalid_settings_are_refused_and_no_webhook_is_created(
    world: World, given: dict[str, Any], names: str
) -> None:
    pipeline = world.pipeline()
    body = {"event": "BOX_EDIT", "targetUrl": TARGET, "pipelineKey": pipeline["key"], **given}
    refused(world.ada.http.post("/api/v2/webhooks", json=body), 400, names)
    assert ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/webhooks"))["results"] == []


def test_stages_cannot_be_named_for_a_whole_team(world: World) -> None:
    body = {"event": "BOX_EDIT", "targetUrl": TARGET, "teamKey": world.team_key, "stages": ["5001"]}
    refused(world.ada.http.post("/api/v2/webhooks", json=body), 400, "stages")


def test_subscriptions_of_users_with_more_rights_are_not_found(world: World) -> None:
    observer = "__viewAssignedPermissionSet__"
    pipeline = world.pipeline(defaultPermissionSetName=observer)
    adas = subscribe(world.ada, pipelineKey=pipeline["key"])
    bos = subscribe(world.bo, pipelineKey=pipeline["key"])
    own = {"results": [{name: value for name, value in bos.items() if name != "secret"}], "hasNextPage": False}
    path = f"/api/v2/pipelines/{pipeline['key']}/webhooks"
    assert ok(world.bo.http.get(path)) == own
    assert [webhook["key"] for webhook in ok(world.ada.http.get(path))["results"]] == [adas["key"], bos["key"]]
    assert world.bo.http.post(f"/api/v2/webhooks/{adas['key']}", json={"targetUrl": TARGET}).status_code == 404
    assert world.bo.http.delete(f"/api/v2/webhooks/{adas['key']}").status_code == 404
    assert ok(world.ada.http.delete(f"/api/v2/webhooks/{bos['key']}")) == {"success": True}


def test_subscriptions_are_deleted_with_their_pipeline(world: World) -> None:
    pipeline = world.pipeline()
    created = subscribe(world.ada, pipelineKey=pipeline["key"])
    ok(world.ada.http.delete(f"/api/v2/pipelines/{pipeline['key']}"))
    assert world.ada.http.get(f"/api/v2/webhooks/{created['key']}").status_code == 404


def test_a_private_address_is_refused_unless_allowed(world: World) -> None:
    from boxwood.core.webhooks import subscriptions
    from boxwood.errors import Invalid
    from boxwood.lib.address_rules import Rules

    given = {"event": "BOX_EDIT", "target_url": "http://10.0.0.1/", "pipeline_key": world.pipeline()["key"]}
    with pytest.raises(Invalid, match="targetUrl"):
        world.as_("ada", lambda ctx: subscriptions.create(ctx, given, Rules()))


def test_a_subscription_of_a_team_event_belongs_to_the_team_of_the_given_pipeline(world: World) -> None:
    pipeline = world.pipeline()["key"]
    hook = {"event": "CONTACT_CREATE", "targetUrl": "https://receiver.example/hook"}
    for path in ("/api/v2/webhooks", f"/api/v2/pipelines/{pipeline}/webhooks"):
        created = ok(world.ada.http.post(path, params={"pipelineKey": pipeline}, json=hook))
        assert (created["teamKey"], created.get("pipelineKey")) == (world.team_key, None)
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "Kim"}))
    sent = ok(world.ada.http.get(f"/api/v2/webhooks/{created['key']}/deliveries"))["results"]
    assert [webhook["event"] for webhook in sent] == ["CONTACT_CREATE"]
