"""What a user likes is kept for that user alone."""

from tests.conftest import World, ok, refused

PATH = "/api/v2/preferences"


def test_nobody_has_preferences_at_first(world: World) -> None:
    assert ok(world.ada.http.get(PATH)) == {"preferences": {}}


def test_members_are_replaced_one_by_one(world: World) -> None:
    ok(world.ada.http.post(PATH, json={"preferences": {"starred": ["a"], "order": [1]}}))
    ok(world.ada.http.post(PATH, json={"preferences": {"starred": ["b"]}}))
    assert ok(world.ada.http.post(PATH, json={"preferences": {"order": None}})) == {"preferences": {"starred": ["b"]}}
    assert ok(world.ada.http.get(PATH)) == {"preferences": {"starred": ["b"]}}


def test_nobody_else_sees_them(world: World) -> None:
    ok(world.ada.http.post(PATH, json={"preferences": {"starred": ["a"]}}))
    assert ok(world.bo.http.get(PATH)) == {"preferences": {}}


def test_they_are_an_object_and_not_too_large(world: World) -> None:
    refused(world.ada.http.post(PATH, json={}), 400, "preferences")
    refused(world.ada.http.post(PATH, json={"preferences": "dark"}), 400, "preferences")
    refused(world.ada.http.post(PATH, json={"preferences": {"notes": "x" * 64_000}}), 400, "64,000")
    assert ok(world.ada.http.get(PATH)) == {"preferences": {}}
