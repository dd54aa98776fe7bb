"""Preferences are stored for each user separately."""

from tests.conftest import World, ok, refused

PATH = "/api/v2/preferences"


def test_a_new_user_has_no_preferences(world: World) -> None:
    assert ok(world.ada.http.get(PATH)) == {"preferences": {}}


def test_preference_members_are_replaced_individually(world: World) -> None:
    ok(world.ada.http.post(PATH, json={"preferences": {"starred": ["a"], "order": [1]}}))
    ok(world.ada.http.post(PATH, json={"preferences": {"starred": ["b"]}}))
    assert ok(world.ada.http.post(PATH, json={"preferences": {"order": None}})) == {"preferences": {"starred": ["b"]}}
    assert ok(world.ada.http.get(PATH)) == {"preferences": {"starred": ["b"]}}


def test_preferences_are_visible_only_to_their_user(world: World) -> None:
    ok(world.ada.http.post(PATH, json={"preferences": {"starred": ["a"]}}))
    assert ok(world.bo.http.get(PATH)) == {"preferences": {}}


def test_preferences_must_be_an_object_of_limited_size(world: World) -> None:
    refused(world.ada.http.post(PATH, json={}), 400, "preferences")
    refused(world.ada.http.post(PATH, json={"preferences": "dark"}), 400, "preferences")
    refused(world.ada.http.post(PATH, json={"preferences": {"notes": "x" * 64_000}}), 400, "64,000")
    assert ok(world.ada.http.get(PATH)) == {"preferences": {}}
