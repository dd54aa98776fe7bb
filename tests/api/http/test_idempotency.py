"""Repeated requests (idempotency keys) and conditional updates (ETags)."""

import re
import threading

import httpx
import pytest

from tests.conftest import World, ok, refused


def test_a_repeated_request_gets_the_same_answer_and_runs_only_the_first_time(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    headers = {"Idempotency-Key": "order-17"}
    first = world.ada.http.post(path, json={"name": "Acme"}, headers=headers)
    again = world.ada.http.post(path, json={"name": "Acme"}, headers=headers)
    assert ok(again) == ok(first)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(ok(world.ada.http.get(path))["results"]) == 1
    refused(world.ada.http.post(path, json={"name": "Other"}, headers=headers), 422, "Idempotency-Key")
    # Each user has separate idempotency keys, and a key is valid for a day.
    assert ok(world.bo.http.post(path, json={"name": "Acme"}, headers=headers))["key"] != ok(first)["key"]
    world.clock.advance(days=1.01)
    assert ok(world.ada.http.post(path, json={"name": "Other"}, headers=headers))["name"] == "Other"


def test_a_refusal_is_not_stored_for_its_idempotency_key(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    headers = {"Idempotency-Key": "k"}
    refused(world.ada.http.post(path, json={"name": "A", "stageKey": "5004"}, headers=headers), 400, "stageKey")
    ok(world.ada.http.put(f"/api/v1/pipelines/{pipeline['key']}/stages?name=Fourth"))
    assert ok(world.ada.http.post(path, json={"name": "A", "stageKey": "5004"}, headers=headers))["stageKey"] == "5004"


def test_concurrent_requests_with_the_same_idempotency_key_create_one_box(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    replies: list[httpx.Response] = []

    def post() -> None:
        with world.client(world.ada.key) as client:
            replies.append(client.post(path, json={"name": "Acme"}, headers={"Idempotency-Key": "same"}))

    threads = [threading.Thread(target=post) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status_code for reply in replies} <= {200, 409}
    assert len({reply.json()["key"] for reply in replies if reply.status_code == 200}) == 1
    assert len(ok(world.ada.http.get(path))["results"]) == 1


def test_an_unchanged_entity_is_not_sent_again(world: World) -> None:
    path = f"/api/v1/boxes/{world.box(world.pipeline())['key']}"
    first = world.ada.http.get(path)
    same = world.ada.http.get(path, headers={"If-None-Match": f'W/"x", {first.headers["etag"]}'})
    assert (same.status_code, same.content) == (304, b"")
    ok(world.ada.http.post(path, json={"notes": "new"}))
    assert world.ada.http.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_an_unchanged_list_is_not_sent_again(world: World) -> None:
    pipeline = world.pipeline()
    boxes = [world.box(pipeline, name=f"Acme {n}") for n in range(6)]
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    first = world.ada.http.get(path)
    assert re.fullmatch('"[0-9a-f]{24}"', first.headers["etag"])
    same = world.ada.http.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    ok(world.ada.http.post(f"/api/v1/boxes/{boxes[-1]['key']}", json={"name": "Acme 6"}))
    changed = world.ada.http.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, len(changed.content)) == (200, len(first.content))
    assert changed.headers["etag"] != first.headers["etag"]


def test_an_update_with_an_outdated_etag_is_refused(world: World) -> None:
    path = f"/api/v1/boxes/{world.box(world.pipeline())['key']}"
    tag = world.ada.http.get(path).headers["etag"]
    ok(world.ada.http.post(path, json={"notes": "mine"}, headers={"If-Match": tag}))
    refused(world.bo.http.post(path, json={"notes": "his"}, headers={"If-Match": tag}), 412, "changed")
    refused(world.bo.http.delete(path, headers={"If-Match": tag}), 412)
    assert ok(world.ada.http.get(path))["notes"] == "mine"
    ok(world.bo.http.post(path, json={"notes": "his"}, headers={"If-Match": "*"}))


def test_of_concurrent_updates_with_the_same_etag_only_the_first_succeeds(world: World) -> None:
    path = f"/api/v1/boxes/{world.box(world.pipeline())['key']}"
    tag = world.ada.http.get(path).headers["etag"]
    statuses: list[int] = []

    def change(number: int) -> None:
        with world.client(world.ada.key) as client:
            reply = client.post(path, json={"notes": f"from {number}"}, headers={"If-Match": tag})
            statuses.append(reply.status_code)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 7


@pytest.mark.parametrize("key", ["x" * 256, "\x01"])
def test_an_invalid_idempotency_key_is_refused(world: World, key: str) -> None:
    reply = world.ada.http.put("/api/v1/pipelines?name=x", headers={"Idempotency-Key": key.encode()})
    assert reply.status_code == 400
