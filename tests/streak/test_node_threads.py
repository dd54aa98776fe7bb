"""E-mail threads through the official Node client."""

import pytest

from tests.streak.nodejs import refused


@pytest.fixture
def ada(node, world):
    return node.client(world.ada.key)


@pytest.fixture
def box(world):
    return world.box(world.pipeline())["key"]


def test_threads_are_listed_and_read(ada, box, world):
    assert ada.Threads.getForBox(box) == []
    added = {"boxKey": box, "threadGmailId": "15d52837dc00ff8e"}
    assert world.ada.http.put(f"/api/v1/boxes/{box}/threads", data=added).status_code == 200
    (thread,) = ada.Boxes.getThreads(box)
    assert ada.Threads.getForBox(box) == [thread]
    assert (thread["boxKey"], thread["threadGmailId"]) == (box, "15d52837dc00ff8e")
    assert {"names", "emailAddresses", "fileKeys", "files", "creatorKey", "pipelineKey"} <= thread.keys()
    assert ada.Threads.getOne(thread["key"]) == thread
    assert ada.Boxes.getOne(box)["gmailThreadCount"] == 1


def test_strangers_find_no_thread(ada, box, node, world):
    world.ada.http.put(f"/api/v1/boxes/{box}/threads", data={"boxKey": box, "threadGmailId": "15d52837dc00ff8e"})
    (thread,) = ada.Threads.getForBox(box)
    with refused(404):
        node.client(world.cy.key).Threads.getOne(thread["key"])
