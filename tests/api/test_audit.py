"""The audit log of a team: reading, filtering, export, and the hash chain that reveals tampering."""

import asyncio
import csv
import io
import time
from typing import Any

import pytest

from boxwood.core.history import audit_log
from boxwood.db.engine import Db
from boxwood.jobs import audit as job
from tests.conftest import Server, Store, World, ok, refused


def log(world: World, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/audit", params=query))[
        "results"
    ]
    return found


def test_an_owner_reads_who_did_what_to_the_team(world: World) -> None:
    pipeline = world.pipeline()
    world.box(pipeline)
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "Konrad"}))
    ok(world.bo.http.put("/api/v1/apikeys", json={"name": "Nightly"}))
    ok(world.cy.http.put("/api/v1/apikeys", json={"name": "Elsewhere"}))
    ok(world.ada.http.post(f"/api/v1/pipelines/{pipeline['key']}", json={"name": "Sales"}))
    entries = log(world)
    assert [(entry["kind"], entry["actor"]["key"]) for entry in entries[:3]] == [
        ("pipeline.edited", world.ada.user_key),
        ("key.created", world.bo.user_key),
        ("pipeline.created", world.ada.user_key),
    ]
    assert (entries[0]["before"], entries[0]["after"]) == ({"name": "Deals"}, {"name": "Sales"})
    assert "secret" not in str(entries).lower()
    assert [entry["kind"] for entry in log(world, kind="key.")] == ["key.created"]
    assert {entry["kind"] for entry in log(world, kind="key.created,pipeline.created")} == {
        "key.created",
        "pipeline.created",
    }
    assert [entry["kind"] for entry in log(world, actor=world.bo.user_key)] == ["key.created"]
    assert log(world, **{"from": world.clock() + 1000}) == []
    assert log(world, to=1000) == []
    page = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/audit", params={"limit": 1}))
    assert log(world, cursor=page["cursor"])[0]["kind"] == "key.created"
    for person, status in ((world.bo, 403), (world.cy, 404)):
        for url in ("audit", "audit/export"):
            refused(person.http.get(f"/api/v2/teams/{world.team_key}/{url}"), status)


def test_the_audit_log_is_exported_as_json_and_csv(world: World) -> None:
    world.pipeline(name='=HYPERLINK("x"), and "more"')
    url = f"/api/v2/teams/{world.team_key}/audit/export"
    answer = world.ada.http.get(url, params={"format": "csv", "kind": "pipeline."})
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["kind"], row["actorKey"]) == ("pipeline.created", world.ada.user_key)
    assert '=HYPERLINK("x"), and "more"' in row["story"]
    assert [entry["kind"] for entry in ok(world.ada.http.get(url, params={"kind": "pipeline."}))] == [
        "pipeline.created"
    ]
    refused(world.ada.http.get(url, params={"format": "xml"}), 400, "format")


@pytest.fixture
def alone(fresh_store: Store) -> Any:
    server = Server(fresh_store.config()).start()
    world = World(server)
    pipeline = world.pipeline()
    for number in range(5):
        world.box(pipeline, name=str(number))
    yield world
    world.close()
    server.stop()


def chain(world: World) -> int:
    """Chain all events. Returns how many were added. On PostgreSQL, events wait for older transactions to end, also for
    those of other databases, which other tests use."""
    engine, added = world.server.engine, 0
    deadline = time.monotonic() + 60
    while True:
        added += asyncio.run(job.catch_up(engine, world.clock))
        if verdict(world).events == engine.read(lambda db: db.rows("SELECT COUNT(*) FROM events"))[0][0]:
            return added
        assert time.monotonic() < deadline, "some events are not chained"


def verdict(world: World) -> audit_log.Verdict:
    return world.server.engine.read(audit_log.verify)


def test_the_hash_chain_holds_every_event_once_and_verifies(alone: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "BLOCK", 3)
    chain(alone)
    count = alone.server.engine.read(lambda db: db.row("SELECT COUNT(*) FROM events"))
    assert verdict(alone)[:2] == ([], count[0])
    head = verdict(alone).head
    assert chain(alone) == 0
    alone.pipeline()
    assert chain(alone) == 1
    assert verdict(alone).wrong == []
    assert verdict(alone).head != head


FIFTH = "(SELECT id FROM events ORDER BY id LIMIT 1 OFFSET 4)"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (f"UPDATE events SET actor_key = 'u-someone' WHERE id = {FIFTH}", "was changed"),
        ("UPDATE events SET at = at + 1 WHERE id = (SELECT MAX(id) FROM events)", "was changed"),
        (f"DELETE FROM events WHERE id = {FIFTH}", "were removed"),
        ("DELETE FROM audit_chain WHERE number = 1", "missing"),
        ("UPDATE audit_chain SET digest = '00' WHERE number = 1", "changed"),
    ],
)
def test_tampering_with_the_audit_log_is_detected(
    alone: World, monkeypatch: pytest.MonkeyPatch, sql: str, says: str
) -> None:
    monkeypatch.setattr(audit_log, "BLOCK", 3)
    chain(alone)
    alone.pipeline()
    chain(alone)

    def tamper(db: Db) -> None:
        assert db.run(sql) == 1

    alone.server.engine.write(tamper)
    wrong = verdict(alone).wrong
    assert wrong
    assert says in wrong[0]
