"""Webhooks as the integrations register them."""

import json

import pytest

TARGET = "https://receiver.example/hook"


def registered(answer):
    """Return the webhook without the secret, which is shown only on creation."""
    assert answer.status_code == 200, answer.text
    hook = answer.json()
    assert hook.pop("secret").startswith("whsec_")
    return hook


@pytest.fixture
def pipeline(world):
    return world.pipeline()["key"]


def registering(pipeline):
    body = {"event": "BOX_CREATE", "targetUrl": TARGET}
    own = f"/api/v2/pipelines/{pipeline}/webhooks"
    return {
        "selector in the query": ("/api/v2/webhooks", {"params": {"pipelineKey": pipeline}, "json": body}),
        "selector in the body": ("/api/v2/webhooks", {"json": body | {"pipelineKey": pipeline}}),
        "under the pipeline": (own, {"json": body}),
        "under the pipeline, json form": (own, {"data": {"json": json.dumps(body)}}),
    }


@pytest.mark.parametrize("way", registering("").keys())
def test_a_webhook_is_registered_in_every_request_form(world, pipeline, way):
    path, request = registering(pipeline)[way]
    hook = registered(world.ada.http.post(path, **request))
    assert (hook["event"], hook["targetUrl"], hook["pipelineKey"]) == ("BOX_CREATE", TARGET, pipeline)
    assert world.ada.http.get(f"/api/v2/webhooks/{hook['key']}").json() == hook
    listed = world.ada.http.get(f"/api/v2/pipelines/{pipeline}/webhooks").json()
    assert listed["results"] == [hook]


def test_a_webhook_of_a_team(world):
    body = {"event": "CONTACT_CREATE", "targetUrl": TARGET}
    hook = registered(world.ada.http.post("/api/v2/webhooks", params={"teamKey": world.team_key}, json=body))
    assert (hook["teamKey"], hook["event"]) == (world.team_key, "CONTACT_CREATE")
    assert world.ada.http.get(f"/api/v2/teams/{world.team_key}/webhooks").json()["results"] == [hook]


def test_a_webhook_is_changed_and_deleted(world, pipeline):
    body = {"event": "BOX_CREATE", "targetUrl": TARGET, "token": "a secret word"}
    hook = registered(world.ada.http.post("/api/v2/webhooks", params={"pipelineKey": pipeline}, json=body))
    assert "a secret word" not in json.dumps(hook)
    own = f"/api/v2/webhooks/{hook['key']}"
    changed = world.ada.http.post(own, json={"event": "BOX_EDIT"}).json()
    assert (changed["event"], changed["targetUrl"]) == ("BOX_EDIT", TARGET)
    assert world.ada.http.get(own).json() == changed
    assert world.ada.http.delete(own).json() == {"success": True}
    assert world.ada.http.get(own).status_code == 404
    assert world.ada.http.get(f"/api/v2/pipelines/{pipeline}/webhooks").json()["results"] == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"event": None}, "event"),
        ({"targetUrl": None}, "targetUrl"),
        ({"targetUrl": "ftp://receiver.example"}, "targetUrl"),
        ({"targetUrl": "https://user:secret@receiver.example"}, "targetUrl"),
        ({"targetUrl": "no address"}, "targetUrl"),
    ],
)
def test_an_invalid_webhook_is_refused(world, pipeline, change, named):
    body = {"event": "BOX_CREATE", "targetUrl": TARGET} | change
    answer = world.ada.http.post("/api/v2/webhooks", params={"pipelineKey": pipeline}, json=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert world.ada.http.get(f"/api/v2/pipelines/{pipeline}/webhooks").json()["results"] == []


def test_a_webhook_needs_a_pipeline_or_a_team(world):
    answer = world.ada.http.post("/api/v2/webhooks", json={"event": "BOX_CREATE", "targetUrl": TARGET})
    assert answer.status_code == 400
    assert "pipelineKey" in answer.json()["error"]


def test_strangers_can_neither_register_nor_find_webhooks(world, pipeline):
    body = {"event": "BOX_CREATE", "targetUrl": TARGET}
    hook = registered(world.ada.http.post("/api/v2/webhooks", params={"pipelineKey": pipeline}, json=body))
    assert world.cy.http.post("/api/v2/webhooks", params={"pipelineKey": pipeline}, json=body).status_code == 404
    assert world.cy.http.get(f"/api/v2/pipelines/{pipeline}/webhooks").status_code == 404
    for verb in ("GET", "POST", "DELETE"):
        assert world.cy.http.request(verb, f"/api/v2/webhooks/{hook['key']}").status_code == 404
    assert world.ada.http.get(f"/api/v2/webhooks/{hook['key']}").json() == hook
