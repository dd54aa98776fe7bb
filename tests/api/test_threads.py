"""E-mail threads by Gmail id, through the API."""

from typing import Any

import pytest

from tests.conftest import World, ok, refused

GMAIL = "15d52837dc00ff8e"


@pytest.fixture
def box(world: World) -> str:
    key: str = world.box(world.pipeline())["key"]
    return key


def add(world: World, box: str, gmail: str = GMAIL) -> Any:
    return ok(world.ada.http.put(f"/api/v1/boxes/{box}/threads", data={"boxKey": box, "threadGmailId": gmail}))[0]


def test_adding_a_thread_again_changes_nothing_and_records_no_event(world: World, box: str) -> None:
    created = add(world, box)
    assert add(world, box, GMAIL.upper()) == created
    assert (created["subject"], created["numberOfEmails"], created["lastEmailTimestamp"]) == (
        "",
        0,
        created["creationTimestamp"],
    )
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box}/threads")) == [created]
    assert world.events(box) == ["box.created", "thread.added"]


def test_a_thread_is_found_only_in_reachable_boxes(world: World, box: str) -> None:
    here, there = add(world, box), add(world, world.box(world.pipeline())["key"])
    private = world.pipeline(defaultPermissionSetName="__noAccessPermissionSet__")
    hidden = add(world, world.box(private)["key"])
    path = "/api/v1/threadinfo/"
    found = ok(world.ada.http.post(path, params={"hexGmailThreadId": GMAIL}))
    assert {here["key"], there["key"], hidden["key"]} <= {thread["key"] for thread in found}
    for_bo = {thread["key"] for thread in ok(world.bo.http.post(path, params={"hexGmailThreadId": GMAIL}))}
    assert {here["key"], there["key"]} <= for_bo
    assert hidden["key"] not in for_bo
    refused(world.ada.http.post(path), 400, "hexGmailThreadId")
    refused(world.ada.http.post(path, params={"hexGmailThreadId": "x"}), 400, "hexGmailThreadId")


def test_threads_come_in_pages(world: World, box: str) -> None:
    keys = [add(world, box, f"{GMAIL[:-1]}{number}")["key"] for number in range(3)]
    path = f"/api/v1/boxes/{box}/threads"
    pages = [ok(world.ada.http.get(path, params={"limit": 2, "page": page})) for page in range(3)]
    assert [[thread["key"] for thread in page] for page in pages] == [keys[:2], keys[2:], []]


def test_a_thread_goes_with_its_box_to_another_pipeline(world: World) -> None:
    old, new = world.pipeline(), world.pipeline()
    box = world.box(old)["key"]
    thread = add(world, box)
    moves = [{"boxKey": box, "pipelineKey": new["key"]}]
    ok(world.ada.http.post(f"/api/v2/pipelines/{old['key']}/boxes/batch", json=moves))
    assert ok(world.ada.http.get(f"/api/v1/threads/{thread['key']}"))["pipelineKey"] == new["key"]


def test_a_viewer_cannot_add_or_remove_threads(world: World) -> None:
    box = world.box(world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__"))["key"]
    thread = add(world, box)
    refused(world.bo.http.put(f"/api/v1/boxes/{box}/threads", data={"threadGmailId": GMAIL}), 403, "Viewer")
    refused(world.bo.http.delete(f"/api/v1/threads/{thread['key']}"), 403, "Viewer")
    assert ok(world.bo.http.get(f"/api/v1/boxes/{box}/threads")) == [thread]


def test_a_thread_needs_its_id(world: World, box: str) -> None:
    refused(world.ada.http.put(f"/api/v1/boxes/{box}/threads"), 400, "Insufficient params for Thread")
    refused(world.ada.http.put(f"/api/v1/boxes/{box}/threads", json={"threadGmailId": [1]}), 400, "threadGmailId")
    assert world.events(box) == ["box.created"]
