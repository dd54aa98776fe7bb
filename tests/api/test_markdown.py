"""A box as Markdown: the size limit holds, and the document shows only what the reader can reach."""

import pytest

from boxwood.lib import tokens
from tests.conftest import World, ok, refused


def document(person, box: dict, **params: object) -> str:
    answer = person.http.get(f"/api/v1/boxes/{box['key']}/md", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/markdown")
    return answer.text


def test_the_document_fills_each_size_limit_and_never_exceeds_it(world: World) -> None:
    box = world.box(world.pipeline(), name="Überprüfung 🎉")
    for number in range(12):
        ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": f"Nr. {number} 日本語 " * 5}))
    whole = document(world.ada, box)
    size, entry = tokens.count(whole), 80
    for cap in range(size, 300, -37):
        text = document(world.ada, box, maxTokens=cap)
        assert cap - entry < tokens.count(text) <= cap
        assert ("left out" in text) == (cap < size)
    assert document(world.ada, box, maxTokens=size) == whole


def test_a_long_timeline_keeps_its_newest_part(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxwood.api.markdown.MOST_ENTRIES", 3)
    monkeypatch.setattr("boxwood.api.markdown.PAGE", 2)
    box = world.box(world.pipeline())
    for number in range(4):
        world.clock.advance(ms=5)
        ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": f"Nr. {number}"}))
    text = document(world.ada, box)
    assert [number for number in range(4) if f"> Nr. {number}" in text] == [1, 2, 3]
    assert text.endswith("*Earlier entries were left out here.*\n")


def test_a_later_request_gets_the_same_document(world: World) -> None:
    box = world.box(world.pipeline())
    before = document(world.ada, box)
    world.clock.advance(days=30)
    assert document(world.ada, box) == before


def test_a_guest_reads_no_contacts_and_no_boxes_out_of_reach(world: World) -> None:
    shared, private = world.pipeline(name="Shared"), world.pipeline(name="Private")
    kim = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "Kim"}))
    hidden = world.box(private, name="Hidden")
    box = world.box(shared, contacts=[{"key": kim["key"]}], linkedBoxKeys=[hidden["key"]])
    entries = [
        {"email": world.ada.email, "permissionSetName": "__adminPermissionSet__"},
        {"email": world.cy.email, "permissionSetName": "__viewAllPermissionSet__"},
    ]
    ok(world.ada.http.post(f"/api/v2/pipelines/{shared['key']}", json={"aclEntries": entries}))
    ours, theirs = document(world.ada, box), document(world.cy, box)
    assert ("Kim" in ours, "Hidden" in ours) == (True, True)
    assert ("Kim" in theirs, "Hidden" in theirs) == (False, False)


@pytest.mark.parametrize("cap", ["0", "-1", "many", "1.5"])
def test_the_size_limit_must_be_a_number(world: World, cap: str) -> None:
    box = world.box(world.pipeline())
    refused(world.ada.http.get(f"/api/v1/boxes/{box['key']}/md", params={"maxTokens": cap}), 400, "maxTokens")
