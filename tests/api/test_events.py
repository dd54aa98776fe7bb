"""The event API: events in pages, and live as a stream."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from boxwood.core import boxes
from boxwood.core.accounts import api_keys
from boxwood.core.context import Ctx
from boxwood.core.history import event_stream
from boxwood.core.history.event_stream import Cursor
from boxwood.db.postgres import Postgres
from tests.conftest import Person, World, ok, refused
from tests.jobs.webhooks import eventually


def now(person: Person) -> str:
    return str(ok(person.http.get("/api/v2/events", params={"after": "now"}))["cursor"])


def read_after(person: Person, after: str, **params: Any) -> list[dict[str, Any]]:
    """Read every event after the cursor, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        page = ok(person.http.get("/api/v2/events", params={"after": after, **params}))
        found += page["results"]
        after = page["cursor"]
        if not page["hasNextPage"]:
            return found


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["kind"] for event in events]


def test_events_hold_the_previous_values(world: World) -> None:
    start = now(world.ada)
    pipeline = world.pipeline()
    box = world.box(pipeline, name="Acme")
    changed = ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Acme & Co", "stageKey": "5002"}))
    found = read_after(world.ada, start)
    assert kinds(found) == ["pipeline.created", "box.created", "box.moved", "box.renamed"]
    created, moved, renamed = found[1:]
    assert (created["event"], created["object"], created["boxKey"]) == ("BOX_CREATE", box, box["key"])
    assert (moved["event"], moved["previous"]) == ("BOX_CHANGE_STAGE", {"stageKey": "5001"})
    assert (renamed["object"], renamed["previous"]) == (changed, {"name": "Acme"})
    assert renamed["story"].endswith("renamed Acme to Acme & Co in Deals")
    assert kinds(read_after(world.ada, moved["cursor"])) == ["box.renamed"]
    assert kinds(read_after(world.ada, start, limit=1)) == kinds(found)
    assert read_after(world.ada, start, pipelineKey=pipeline["key"]) == found


def test_a_user_reads_only_events_within_reach(world: World) -> None:
    start = now(world.bo)
    assigned = "__viewAssignedPermissionSet__"
    pipeline = world.pipeline(defaultPermissionSetName=assigned)
    hidden = world.box(pipeline, name="Hidden")
    shown = world.box(pipeline, name="Shown", assignedToSharingEntries=[{"email": world.bo.email}])
    for box in (hidden, shown):
        ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Call"}))
        ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "C"}))
    ok(world.ada.http.put("/api/v1/snippets", data={"snippetName": "Mine"}))
    bos = read_after(world.bo, start)
    assert {event.get("boxKey") for event in bos} == {None, shown["key"]}
    assert "contact.created" in kinds(bos)
    assert "snippet.created" not in kinds(bos)
    assert "snippet.created" in kinds(read_after(world.ada, start))
    assert read_after(world.cy, start) == []
    assert world.cy.http.get("/api/v2/events", params={"pipelineKey": pipeline["key"]}).status_code == 404


def test_drafts_appear_in_no_event_list(world: World) -> None:
    box = world.box(world.pipeline())
    start = now(world.ada)
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Perhaps", "isDraft": True}))
    assert read_after(world.ada, start) == []


@pytest.mark.parametrize("after", ["x", "1", "1.x", "-1.2", "1.2.3", "٣.٣", "9" * 30 + ".1"])
def test_an_invalid_cursor_is_refused(world: World, after: str) -> None:
    refused(world.ada.http.get("/api/v2/events", params={"after": after}), 400, "after")
    refused(world.ada.http.get("/api/v2/events/stream", params={"after": after}), 400, "after")


def test_events_of_a_slow_transaction_are_not_skipped(world: World) -> None:
    """On PostgreSQL an event can be committed after an event with a higher number. A reader waits for it."""
    engine = world.server.engine
    if not isinstance(engine, Postgres):
        pytest.skip("on SQLite transactions run one after another")
    pipeline = world.pipeline()
    start = now(world.ada)
    written, go_on = threading.Event(), threading.Event()

    def slow(ctx: Ctx) -> str:
        key = boxes.create(ctx, pipeline["key"], {"name": "Slow"}).key
        written.set()
        go_on.wait(10)
        return key

    thread = threading.Thread(target=lambda: world.as_("ada", slow))
    thread.start()
    assert written.wait(10)
    world.box(pipeline, name="Quick")
    early = ok(world.ada.http.get("/api/v2/events", params={"after": start}))
    assert early["results"] == []
    go_on.set()
    thread.join()
    eventually(lambda: len(read_after(world.ada, early["cursor"])) == 2)
    assert sorted(event["object"]["name"] for event in read_after(world.ada, start)) == ["Quick", "Slow"]


def test_a_new_reader_gets_no_earlier_events(world: World) -> None:
    """A new reader gets no earlier events, no matter how many there are, also on SQLite."""
    engine = world.server.engine
    if isinstance(engine, Postgres):
        pytest.skip("on SQLite the comparison needs only a single index lookup")
    sql = event_stream._PAGE.format(behind=engine.dialect.behind, oldest=engine.dialect.oldest_transaction)
    asked = {"actor": world.ada.user_key, "within": "", "txid": 0, "id": 1}
    plan = [row[-1] for row in engine.read(lambda db: db.rows(f"EXPLAIN QUERY PLAN {sql}", **asked))]
    assert "SEARCH events USING INDEX events_in_order (txid=? AND id>?)" in plan


def test_cursors_work_after_the_database_was_moved(world: World) -> None:
    """A moved database numbers its transactions from the start again. Old events must not hide new events."""
    engine = world.server.engine
    if not isinstance(engine, Postgres):
        pytest.skip("on SQLite transactions have no numbers")
    pipeline = world.pipeline()
    world.box(pipeline)
    old = now(world.ada)
    far = 2**55

    def move(ctx: Ctx) -> None:
        ctx.db.run("UPDATE events SET txid = :far WHERE pipeline_key = :key", far=far, key=pipeline["key"])
        assert event_stream.renumber(ctx.db) == 2

    world.as_("ada", move)
    box = world.box(pipeline)
    there = read_after(world.ada, str(Cursor(far, int(old.partition(".")[2]))), pipelineKey=pipeline["key"])
    assert [event["object"]["key"] for event in there] == [box["key"]]


def sent_events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the id and the data of each event of a stream."""
    place = ""
    for line in lines:
        if line.startswith("id: "):
            place = line[4:]
        if line.startswith("data: "):
            yield place, json.loads(line[6:])


def test_a_stream_sends_events_immediately_and_resumes_where_it_stopped(world: World) -> None:
    pipeline = world.pipeline()
    with world.ada.http.stream("GET", "/api/v2/events/stream", params={"pipelineKey": pipeline["key"]}) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        stories = sent_events(stream.iter_lines())
        boxes = [world.box(pipeline, name=str(number)) for number in range(3)]
        heard = [next(stories) for _ in range(3)]
    assert [event["object"] for _, event in heard] == boxes
    missed = world.box(pipeline, name="Missed")
    headers = {"Last-Event-ID": heard[1][0]}
    with world.ada.http.stream("GET", "/api/v2/events/stream", headers=headers) as stream:
        stories = sent_events(stream.iter_lines())
        assert [next(stories)[1]["object"] for _ in range(2)] == [boxes[2], missed]


def test_a_revoked_key_ends_its_stream(world: World) -> None:
    key = ok(world.bo.http.put("/api/v1/apikeys"))
    pipeline = a_pipeline_that_bo_knows(world)
    with world.client(key["apiKey"]) as client, client.stream("GET", "/api/v2/events/stream") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith(":")
        ok(world.bo.http.delete(f"/api/v1/apikeys/{key['key']}"))
        world.box(pipeline)
        assert not [line for line in lines if line.startswith("data")]


def test_a_key_revoked_between_request_and_check_ends_its_stream(world: World) -> None:
    """On PostgreSQL a key can be revoked after the server has checked it and before it reads the events."""
    engine = world.server.engine
    if not isinstance(engine, Postgres):
        pytest.skip("on SQLite the check and the read see the same state")
    key = ok(world.bo.http.put("/api/v1/apikeys"))
    a_pipeline_that_bo_knows(world)
    waiting = "SELECT COUNT(*) FROM pg_locks WHERE relation = to_regclass('events') AND NOT granted"

    def revoke_while_it_looks(ctx: Ctx) -> None:
        ctx.db.run("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        eventually(lambda: ctx.db.rows(waiting)[0][0] > 0)
        api_keys.revoke(ctx, key["key"])

    with world.client(key["apiKey"]) as client, client.stream("GET", "/api/v2/events/stream") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith(":")
        world.as_("bo", revoke_while_it_looks)
        assert not [line for line in lines if line.startswith("data")]


def a_pipeline_that_bo_knows(world: World) -> dict[str, Any]:
    """A pipeline that Bo reaches. A stream opened afterwards does not send its creation event."""
    start = now(world.bo)
    pipeline = world.pipeline()
    eventually(lambda: "pipeline.created" in kinds(read_after(world.bo, start)))
    return pipeline


def test_a_batch_cannot_hold_a_stream(world: World) -> None:
    operations = [{"method": "GET", "path": "/v2/events/stream"}, {"method": "GET", "path": "/v2/events?after=now"}]
    answer = ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))
    assert [event["status"] for event in answer["results"]] == [400, 200]


def test_a_stream_needs_a_key(world: World) -> None:
    with httpx.Client(base_url=world.server.url, trust_env=False) as client:
        assert client.get("/api/v2/events/stream").status_code == 401
