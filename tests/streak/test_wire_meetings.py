"""Meetings as n8n and the JSON clients send them."""

import json

import pytest

BODY = {
    "meetingType": "CALL_LOG",
    "startTimestamp": 1_700_000_000_000,
    "duration": 60_000,
    "notes": "Größe & Ruhm",
}
WAYS = {
    "json": lambda body: {"json": body},
    "form": lambda body: {"data": body},
    "json form": lambda body: {"data": {"json": json.dumps(body)}},
}


@pytest.fixture
def box(world):
    return world.box(world.pipeline())["key"]


@pytest.mark.parametrize("encoded", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_meeting_is_created_in_every_encoding(world, box, encoded, version):
    path = f"/api/{version}/boxes/{box}/meetings"
    created = world.ada.http.post(path, **encoded(BODY)).json()
    assert {name: created[name] for name in BODY} == BODY
    assert (created["boxKey"], created["taskKeys"], created["isDraft"]) == (box, [], False)
    assert world.ada.http.get(path).json() == {"results": [created], "hasNextPage": False}
    own = f"/api/{version}/meetings/{created['key']}"
    assert world.ada.http.get(own).json() == created
    assert world.ada.http.post(own, **encoded({"notes": "n"})).json()["notes"] == "n"
    assert world.ada.http.delete(own).json()["success"] is True
    assert world.ada.http.get(own).status_code == 404


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"meetingType": "SEANCE"}, "meetingType"),
        ({"meetingType": None}, "meetingType"),
        ({"startTimestamp": None}, "startTimestamp"),
        ({"startTimestamp": "noon"}, "startTimestamp"),
        ({"duration": -5}, "duration"),
        ({"taskKeys": ["nothing"]}, "taskKeys"),
    ],
)
def test_an_invalid_meeting_is_refused(world, box, change, named):
    answer = world.ada.http.post(f"/api/v2/boxes/{box}/meetings", json=BODY | change)
    assert 400 <= answer.status_code < 500
    assert named in answer.json()["error"]
    assert world.ada.http.get(f"/api/v2/boxes/{box}/meetings").json()["results"] == []
