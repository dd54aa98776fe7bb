"""Next actions that the server suggests from a task's text."""

from typing import Any

import pytest

from tests.conftest import World, ok, refused


def a_contact(world: World, name: str, **given: Any) -> dict[str, Any]:
    body = {
        "givenName": name,
        "emailAddresses": [f"{name.lower()}@zuse.example"],
        "phoneNumbers": ["+49 30 1"],
        **given,
    }
    return ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=body))


def a_box(world: World, *contacts: dict[str, Any], **starred: Any) -> dict[str, Any]:
    links = [{"key": contact["key"], "isStarred": contact is starred.get("star")} for contact in contacts]
    return world.box(world.pipeline(), contacts=links)


def actions(world: World, box: dict[str, Any], text: str, **given: Any) -> list[tuple[str, str, str]]:
    """Return type, value and contact name of each action, which must be the same wherever the task is read."""
    body = {"text": text, **given}
    task = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json=body))
    assert ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}")) == task
    assert task in ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/tasks"))["results"]
    return [(action["type"], action["value"], action["contact"]["givenName"]) for action in task.get("actions", [])]


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("Send the offer", ["EMAIL"]),
        ("E-mail him", ["EMAIL"]),
        ("Call back", ["CALL"]),
        ("Schedule a meeting", ["SCHEDULE"]),
        ("follow-up", ["FOLLOW_UP"]),
        ("Call, then follow up by mail", ["EMAIL", "CALL", "FOLLOW_UP"]),
        ("Recall the sendings", []),
        ("Think", []),
    ],
)
def test_words_in_the_timeline_suggest_a_next_action(world: World, text: str, types: list[str]) -> None:
    found = actions(world, a_box(world, a_contact(world, "Konrad")), text)
    values = {"CALL": "+49 30 1"}
    assert found == [(kind, values.get(kind, "konrad@zuse.example"), "Konrad") for kind in types]


def test_the_suggested_contact_is_the_named_contact_or_else_the_starred_contact(world: World) -> None:
    konrad, horst, hilde = (a_contact(world, name) for name in ("Konrad", "Horst", "Hilde"))
    box = a_box(world, konrad, horst, star=horst)
    assert actions(world, box, "Call") == [("CALL", "+49 30 1", "Horst")]
    assert actions(world, box, "Call konrad") == [("CALL", "+49 30 1", "Konrad")]
    assert actions(world, box, "Mail konrad@zuse.example") == [("EMAIL", "konrad@zuse.example", "Konrad")]
    assert actions(world, box, "Mail", teamContactKey=hilde["key"]) == [("EMAIL", "hilde@zuse.example", "Hilde")]


def test_no_suggestion_without_a_reachable_contact_or_an_open_task(world: World) -> None:
    silent = a_contact(world, "Horst", emailAddresses=[], phoneNumbers=[])
    assert actions(world, a_box(world), "Call") == []
    assert actions(world, a_box(world, silent), "Call and mail") == []
    box = a_box(world, a_contact(world, "Konrad"))
    assert actions(world, box, "Call", status="DONE") == []


def test_only_a_contact_of_the_team_is_named(world: World) -> None:
    box, konrad = a_box(world), a_contact(world, "Konrad")
    path = f"/api/v2/boxes/{box['key']}/tasks"
    refused(world.ada.http.post(path, json={"text": "Call", "teamContactKey": "nobody"}), 400, "teamContactKey")
    task = ok(world.ada.http.post(path, json={"text": "Call", "teamContactKey": konrad["key"]}))
    assert (task["teamContactKey"], task["actions"][0]["contact"]) == (konrad["key"], konrad)
    ok(world.ada.http.delete(f"/api/v2/contacts/{konrad['key']}"))
    left = ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}"))
    assert "teamContactKey" not in left
    assert "actions" not in left


def test_a_guest_of_the_pipeline_sees_no_contact(world: World) -> None:
    box = a_box(world, a_contact(world, "Konrad"))
    task = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Call"}))
    entries = [
        {"userKey": world.ada.user_key, "permissionSetName": "__adminPermissionSet__"},
        {"email": world.cy.email, "permissionSetName": "__viewAllPermissionSet__"},
    ]
    ok(world.ada.http.post(f"/api/v2/pipelines/{box['pipelineKey']}", json={"aclEntries": entries}))
    assert "actions" in ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}"))
    assert "actions" not in ok(world.cy.http.get(f"/api/v2/tasks/{task['key']}"))
