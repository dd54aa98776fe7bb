"""Comments as clients of v1 and v2 send them."""

import json

import pytest


@pytest.fixture
def box(world):
    return world.box(world.pipeline())["key"]


WAYS = {
    "v1 PUT query": ("PUT", "v1", lambda body: {"params": body}),
    "v1 PUT form": ("PUT", "v1", lambda body: {"data": body}),
    "v1 POST form": ("POST", "v1", lambda body: {"data": body}),
    "v1 POST json": ("POST", "v1", lambda body: {"json": body}),
    "v2 POST json": ("POST", "v2", lambda body: {"json": body}),
    "v2 POST json form": ("POST", "v2", lambda body: {"data": {"json": json.dumps(body)}}),
}


@pytest.mark.parametrize(("verb", "version", "encoded"), WAYS.values(), ids=WAYS.keys())
def test_a_comment_is_created_in_every_way(world, box, verb, version, encoded):
    path = f"/api/{version}/boxes/{box}/comments"
    created = world.ada.http.request(verb, path, **encoded({"message": "Größe & Ruhm ✓"})).json()
    assert (created["message"], created["boxKey"]) == ("Größe & Ruhm ✓", box)
    assert created["key"] == created["commentKey"]
    assert created["reactionSummary"] == []
    assert world.ada.http.get(f"/api/v1/boxes/{box}/comments").json() == [created]
    envelope = world.ada.http.get(f"/api/v2/boxes/{box}/comments").json()
    assert envelope == {"results": [created], "hasNextPage": False}


def test_a_comment_is_reached_under_both_generations(world, box):
    created = world.ada.http.post(f"/api/v2/boxes/{box}/comments", json={"message": "m"}).json()
    for version in ("v1", "v2"):
        assert world.ada.http.get(f"/api/{version}/comments/{created['key']}").json() == created
    assert world.ada.http.post(f"/api/v1/comments/{created['key']}", json={"message": "n"}).json()["message"] == "n"
    assert world.ada.http.delete(f"/api/v1/comments/{created['key']}").json()["success"] is True


def test_a_comment_has_the_key_of_its_newsfeed_entry(world, box):
    created = world.ada.http.post(f"/api/v2/boxes/{box}/comments", json={"message": "m"}).json()
    feed = world.ada.http.get(f"/api/v1/boxes/{box}/newsfeed").json()
    assert created["newsfeedEntryKey"] in {entry["newsfeedItemKey"] for entry in feed}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "message"),
        ({"message": "  "}, "message"),
        ({"message": 7}, "message"),
        ({"message": "m", "parent": "nothing"}, "parent"),
        ({"message": "m", "mentions": [{"userKey": "nobody", "offset": 0, "length": 1}]}, "mentions"),
    ],
)
def test_an_invalid_comment_is_refused(world, box, body, named):
    answer = world.ada.http.post(f"/api/v2/boxes/{box}/comments", json=body)
    assert 400 <= answer.status_code < 500
    assert named in answer.json()["error"]
    assert world.ada.http.get(f"/api/v1/boxes/{box}/comments").json() == []
