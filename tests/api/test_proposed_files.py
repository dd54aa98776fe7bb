"""Uploads, imports and messages of keys that may only propose: the body waits with the proposal."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from boxwood.core import stored_files
from boxwood.core.undo import proposals
from tests.conftest import World, ok, refused

MAIL = b"From: eva@client.example\nTo: ada@example.org\nSubject: Offer\nMessage-ID: <1@x>\n\nHello"


@pytest.fixture
def agent(world: World) -> Iterator[httpx.Client]:
    key = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Agent", "proposes": True}))
    with world.client(key["apiKey"]) as client:
        yield client


def blobs(world: World) -> set[str]:
    """The bytes that belong to something, which no sweep deletes."""
    return set(world.server.engine.read(stored_files.held))


def waiting(world: World, proposal: dict[str, Any]) -> str:
    assert (proposal["state"], proposal["operations"][0]["number"]) == ("WAITING", 1)
    return f"/api/v2/proposals/{proposal['key']}"


def test_an_upload_waits_and_is_a_file_after_the_approval(world: World, agent: httpx.Client) -> None:
    box = world.box(world.pipeline())["key"]
    path, before = f"/api/v2/boxes/{box}/files", blobs(world)
    tried = ok(agent.post(path, params={"fileName": "offer.txt", "dryRun": "true"}, content=b"Tea"))
    assert "proposal" not in tried
    assert blobs(world) == before
    for sent in ({"params": {"fileName": "offer.txt"}, "content": b"Tea"}, {"files": {"file": ("offer.txt", b"Tea")}}):
        answer = ok(agent.post(path, **sent))  # type: ignore[arg-type]
        own = waiting(world, answer["proposal"])
        (operation,) = answer["proposal"]["operations"]
        assert (operation["file"]["name"], operation["result"]["fileName"]) == ("offer.txt", "offer.txt")
        assert operation["changes"][0]["noun"] == "file"
        assert ok(world.ada.http.get(f"/api/v2/boxes/{box}/files")) == []
        assert len(blobs(world) - before) == 1
        dry = ok(world.ada.http.post(f"{own}/approve?dryRun=true"))
        assert dry["changes"]
        assert ok(world.ada.http.get(f"/api/v2/boxes/{box}/files")) == []
        approved = world.ada.http.post(f"{own}/approve", headers={"Idempotency-Key": own})
        assert ok(approved)["proposal"]["state"] == "APPROVED"
        assert ok(world.ada.http.post(f"{own}/approve", headers={"Idempotency-Key": own})) == ok(approved)
        (file,) = ok(world.ada.http.get(f"/api/v2/boxes/{box}/files"))
        assert world.ada.http.get(f"/api/v1/files/{file['key']}/contents").content == b"Tea"
        assert len(blobs(world) - before) == 1
        ok(world.ada.http.post("/api/v2/undo", json={"change": approved.headers["x-boxwood-change"]}))
        assert ok(world.ada.http.get(f"/api/v2/boxes/{box}/files")) == []
        before = blobs(world)


def test_an_import_shows_what_its_dry_run_found(world: World, agent: httpx.Client) -> None:
    pipeline = world.pipeline()
    path, table = f"/api/v2/pipelines/{pipeline['key']}/import", b"Name,Stage\nAcme,Lead\nBeta,Nowhere\n"
    proposal = ok(agent.post(path, params={"wait": 5, "make": "people"}, content=table))["proposal"]
    result = proposal["operations"][0]["result"]
    assert (result["created"], result["refused"]) == (1, 1)
    assert (proposal["operations"][0]["file"]["size"], proposal["pipelineKey"]) == (len(table), pipeline["key"])
    own = waiting(world, proposal)
    refused(world.ada.http.post(own, json={"operations": [{"number": 1, "body": {"make": ""}}]}), 400, "have a file")
    job = ok(world.ada.http.post(f"{own}/approve"))["results"][0]
    while ok(world.ada.http.get(f"/api/v2/imports/{job['key']}"))["state"] in ("waiting", "running"):
        pass
    assert [box["name"] for box in ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))] == ["Acme"]
    large = b"Name\n" + b"A company with a name\n" * 60_000
    refused(agent.post(path, content=large), 400, "send it in parts")
    refused(agent.post(path, content=b"Nope\n1\n", params={"match": "Nope"}), 400)


def test_messages_and_contacts_can_be_proposed(world: World, agent: httpx.Client) -> None:
    box = world.box(world.pipeline())["key"]
    first = ok(agent.post(f"/api/v2/boxes/{box}/messages", content=MAIL))["proposal"]
    ok(world.ada.http.post(f"{waiting(world, first)}/approve"))
    (thread,) = ok(world.ada.http.get(f"/api/v1/boxes/{box}/threads"))
    assert thread["subject"] == "Offer"
    again = ok(agent.post(f"/api/v2/boxes/{box}/messages", content=MAIL))
    assert "proposal" not in again, "it is there already"
    path = f"/api/v2/teams/{world.team_key}/contacts/import"
    second = ok(agent.post(path, content=b"Email,First name\nkim@client.example,Kim\n"))["proposal"]
    assert second["operations"][0]["result"]["created"] == 1
    assert ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts"))["results"] == []
    ok(world.ada.http.post(f"{waiting(world, second)}/approve"))
    (kim,) = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts"))["results"]
    assert kim["givenName"] == "Kim"


@pytest.mark.parametrize("way", ["rejected", "expired", "failed"])
def test_the_bytes_are_deleted_with_the_decision(world: World, agent: httpx.Client, way: str) -> None:
    box, before = world.box(world.pipeline())["key"], blobs(world)
    path = f"/api/v2/boxes/{box}/files?fileName=a.txt"
    own = waiting(world, ok(agent.post(path, content=b"a"))["proposal"])
    (blob,) = blobs(world) - before
    match way:
        case "rejected":
            ok(world.ada.http.post(f"{own}/reject"))
        case "expired":
            world.clock.advance(ms=proposals.LASTS + 1)
            world.server.engine.write(lambda db: proposals.delete_expired(db, world.clock()))
        case "failed":
            ok(world.ada.http.delete(f"/api/v1/boxes/{box}"))
            refused(world.ada.http.post(f"{own}/approve"), 400, "cannot be approved as it is")
            assert blobs(world) - before == {blob}
            ok(world.ada.http.post(f"{own}/reject"))
    assert blob not in blobs(world)
    left = world.server.engine.read(lambda db: stored_files.left_over(db, world.clock(), limit=1000))
    assert blob in left, "the sweep deletes it"


def test_scopes_rights_and_batches_of_files(world: World, agent: httpx.Client) -> None:
    box = world.box(world.pipeline())["key"]
    path = f"/api/v2/boxes/{box}/files?fileName=a.txt"
    for scopes, status in ((["files:propose"], 200), (["files:read"], 403), (["boxes:propose"], 403)):
        key = ok(world.ada.http.put("/api/v1/apikeys", json={"scopes": scopes}))
        with world.client(key["apiKey"]) as limited:
            assert limited.post(path, content=b"a").status_code == status, scopes
    operation = {"method": "POST", "path": f"/v2/boxes/{box}/files", "body": {}}
    refused(agent.post("/api/v2/batch", json={"operations": [operation]}), 400, "takes a file")
    refused(agent.post("/api/v2/boxes/b-1/files?fileName=a.txt", content=b"a"), 404)
    own = waiting(world, ok(agent.post(path, content=b"a"))["proposal"])
    refused(world.bo.http.post(f"{own}/approve"), 404)
    inside = {"operations": [{"method": "POST", "path": own.removeprefix("/api"), "body": {}}]}
    inside["operations"][0]["path"] += "/approve"  # type: ignore[index, operator]
    assert "request of its own" in str(world.ada.http.post("/api/v2/batch", json=inside).text)
