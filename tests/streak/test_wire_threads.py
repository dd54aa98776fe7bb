"""E-mail threads of a box."""

import pytest

GMAIL = "15d52837dc00ff8e"


@pytest.fixture
def box(world):
    return world.box(world.pipeline())["key"]


def add(world, box, gmail=GMAIL):
    answer = world.ada.http.put(f"/api/v1/boxes/{box}/threads", data={"boxKey": box, "threadGmailId": gmail})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_adding_a_thread_returns_an_array(world, box):
    (thread,) = add(world, box)
    assert (thread["threadGmailId"], thread["boxKey"]) == (GMAIL, box)
    assert isinstance(thread["numberOfEmails"], int)
    assert thread["creatorKey"] == world.ada.user_key
    listed = world.ada.http.get(f"/api/v1/boxes/{box}/threads").json()
    assert [item["key"] for item in listed] == [thread["key"]]
    read = world.ada.http.get(f"/api/v1/threads/{thread['key']}").json()
    for member in ("names", "emailAddresses", "fileKeys", "files"):
        assert isinstance(read[member], list)
    assert read["key"] == thread["key"]


def test_a_thread_is_looked_up_by_its_gmail_id(world, box):
    (thread,) = add(world, box)
    for path in ("/api/v1/threadinfo/", "/api/v1/threadinfo"):
        found = world.ada.http.post(path, params={"hexGmailThreadId": GMAIL})
        assert found.status_code == 200
        assert thread["key"] in found.text
    assert thread["key"] not in world.cy.http.post("/api/v1/threadinfo", params={"hexGmailThreadId": GMAIL}).text


@pytest.mark.parametrize("gmail", ["", "no hex at all", "15d5"])
def test_an_invalid_id_is_refused(world, box, gmail):
    body = {"boxKey": box, "threadGmailId": gmail}
    answer = world.ada.http.put(f"/api/v1/boxes/{box}/threads", data=body)
    assert answer.status_code == 400
    assert "threadGmailId" in answer.json()["error"]
    assert world.ada.http.get(f"/api/v1/boxes/{box}/threads").json() == []


def test_a_removed_thread_is_gone_from_its_box(world, box):
    (thread,) = add(world, box)
    assert world.ada.http.get(f"/api/v1/boxes/{box}").json()["gmailThreadCount"] == 1
    assert world.ada.http.delete(f"/api/v1/threads/{thread['key']}").json() == {"success": True}
    assert world.ada.http.get(f"/api/v1/boxes/{box}/threads").json() == []
    assert world.ada.http.get(f"/api/v1/boxes/{box}").json()["gmailThreadCount"] == 0


def test_strangers_get_not_found(world, box):
    (thread,) = add(world, box)
    assert world.cy.http.get(f"/api/v1/threads/{thread['key']}").status_code == 404
    assert world.cy.http.delete(f"/api/v1/threads/{thread['key']}").status_code == 404
    assert world.cy.http.get(f"/api/v1/boxes/{box}/threads").status_code == 404
    assert len(world.ada.http.get(f"/api/v1/boxes/{box}/threads").json()) == 1
