"""Snippets, whose text is an object when read and a string when written."""

import pytest

PATH = "/api/v1/snippets"


def test_snippet_members_differ_between_writing_and_reading(world):
    form = {
        "snippetName": "Thanks",
        "snippetText": "<p>Thank you</p>",
        "subject": "Re",
        "snippetKeyShortcut": "ty",
    }
    created = world.ada.http.put(PATH, data=form).json()
    assert (created["snippetName"], created["snippetText"]) == ("Thanks", "<p>Thank you</p>")
    assert created["snippetKeyShortcut"] == "ty"
    assert "snippetKey" not in created
    read = world.ada.http.get(f"{PATH}/{created['key']}").json()
    assert read["snippetText"] == {"value": "<p>Thank you</p>"}
    assert read["key"] == read["snippetKey"] == created["key"]
    assert read["userKey"] == world.ada.user_key
    assert read["partOfPipeline"] is False
    assert world.ada.http.get(PATH).json() == [read]
    changed = world.ada.http.post(f"{PATH}/{created['key']}", json={"snippetText": "Danke"}).json()
    assert (changed["snippetName"], changed["snippetText"]) == ("Thanks", "Danke")
    assert "snippetKey" not in changed
    assert world.ada.http.get(f"{PATH}/{created['key']}").json()["snippetText"] == {"value": "Danke"}


def test_users_of_the_pipeline_read_its_shared_snippets(world):
    own = world.ada.http.put(PATH, data={"snippetName": "Mine"}).json()
    shared = {"snippetName": "Ours", "pipelineKey": world.pipeline()["key"]}
    created = world.ada.http.put(PATH + "/", params=shared).json()
    assert created["pipelineKey"] == shared["pipelineKey"]
    assert [snippet["key"] for snippet in world.bo.http.get(PATH).json()] == [created["key"]]
    assert world.bo.http.get(PATH).json()[0]["partOfPipeline"] is True
    assert world.bo.http.get(f"{PATH}/{own['key']}").status_code == 404
    assert world.cy.http.get(PATH).json() == []
    assert {snippet["key"] for snippet in world.ada.http.get(PATH).json()} == {own["key"], created["key"]}


def test_a_deleted_snippet_is_gone(world):
    created = world.ada.http.put(PATH, data={"snippetName": "Thanks"}).json()
    assert world.cy.http.delete(f"{PATH}/{created['key']}").status_code == 404
    assert world.ada.http.delete(f"{PATH}/{created['key']}").json() == {"success": True}
    assert world.ada.http.get(f"{PATH}/{created['key']}").status_code == 404
    assert world.ada.http.get(PATH).json() == []


@pytest.mark.parametrize("form", [{}, {"snippetName": ""}])
def test_a_snippet_needs_a_name(world, form):
    answer = world.ada.http.put(PATH, data=form)
    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert world.ada.http.get(PATH).json() == []
