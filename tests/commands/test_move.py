"""`boxwood move`: from SQLite to PostgreSQL and back, with everything that clients hold."""

import contextlib
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from boxwood.db import moves, schema
from tests import postgres
from tests.commands.test_backups import a_used_store
from tests.conftest import Person, Server, Store, World, make_store, ok, refused
from tests.processes import command, run
from tests.receiver import Receiver


@pytest.fixture
def ours(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, str]]:
    """A SQLite database with data, and the URL of an empty database of PostgreSQL."""
    if request.config.getoption("database") == "sqlite":
        pytest.skip("needs PostgreSQL")
    store = make_store("sqlite", tmp_path, request)
    a_used_store(store)
    cluster: postgres.Cluster = request.getfixturevalue("cluster")
    url = cluster.create_database()
    yield store, url
    cluster.drop_database(url)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@contextlib.contextmanager
def served(store: Store, *, deliver: bool = True) -> Iterator[Server]:
    server = Server(store.config(allow_private_webhooks=True, deliver=deliver)).start()
    yield server
    server.stop(grace=1)


def everything(ada: Person, pipeline: str) -> dict[str, Any]:
    """What a client sees: settings, boxes, and every event."""
    boxes = ok(ada.http.get(f"/api/v2/pipelines/{pipeline}/boxes", params={"limit": 100}))["results"]
    events, after = [], "0.0"
    while found := ok(ada.http.get("/api/v2/events", params={"after": after, "limit": 200}))["results"]:
        events += [{name: value for name, value in event.items() if name != "cursor"} for event in found]
        after = found[-1]["cursor"]
    return {
        "boxes": sorted(boxes, key=lambda box: box["key"]),
        "pipeline": ok(ada.http.get(f"/api/v2/pipelines/{pipeline}")),
        "automations": ok(ada.http.get(f"/api/v2/pipelines/{pipeline}/automations")),
        "found": ok(ada.http.get("/api/v1/search", params={"query": "Müller"})),
        "events": events,
    }


@pytest.mark.slow
def test_a_database_moves_to_postgresql_and_back(ours: tuple[Store, str], receiver: Receiver) -> None:
    store, url = ours
    with served(store, deliver=False) as server:
        world = World(server)
        pipeline = world.pipeline()
        field = world.field(pipeline, "CHECKBOX", "Signed")
        for number in range(4):
            values = {field["key"]: number % 2 == 0}
            world.box(pipeline, name=f'Müller {number} "\\ 😀', fields=values, notes="<p>1.0 · 1e2</p>")
        webhook = {"event": "BOX_CREATE", "targetUrl": f"{receiver.url}/hook"}
        ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/webhooks", json=webhook))
        world.box(pipeline, name="Waits for its delivery")
        before = everything(world.ada, pipeline["key"])
        cursor = ok(world.ada.http.get("/api/v2/events", params={"after": "now"}))["cursor"]
        key = world.ada.key
        world.close()
    assert before["found"]
    options = ["--data", str(store.data)]
    tried = run("move", *options, "--to", url, "--dry-run").stdout
    assert "undone" in tried
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    assert "moved and found equal" in run("move", *options, "--to", url).stdout
    again = run("move", *options, "--to", url, check=False)
    assert "was moved already" in again.stderr
    assert "was moved" in run("key", "create", "x@example.com", *options, check=False).stderr

    moved = Store("postgres", store.data, url)
    with served(moved) as server, client(server, key) as http:
        (delivery,) = receiver.wait_for("/hook", 1)
        assert b"Waits for its delivery" in delivery.body
        after = everything(Person(None, key, http), pipeline["key"])  # type: ignore[arg-type]
        assert_same(after, before)
        news = ok(http.get("/api/v2/events", params={"after": cursor}))["results"]
        assert "box.created" not in [event["kind"] for event in news]
        ok(http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "Müller of PostgreSQL"}))
        news = ok(http.get("/api/v2/events", params={"after": cursor}))["results"]
        assert [event["kind"] for event in news].count("box.created") == 1
        assert len(ok(http.get("/api/v1/search", params={"query": "Müller"}))["results"]["boxes"]) == 5
        before = everything(Person(None, key, http), pipeline["key"])  # type: ignore[arg-type]
        cursor = ok(http.get("/api/v2/events", params={"after": "now"}))["cursor"]
    doctor = run("doctor", *options, "--database-url", url, check=False).stdout
    assert "the audit log is intact" in doctor

    assert "moved and found equal" in run("move", *options, "--database-url", url, "--to", "sqlite").stdout
    with served(store) as server, client(server, key) as http:
        after = everything(Person(None, key, http), pipeline["key"])  # type: ignore[arg-type]
        assert_same(after, before)
        news = ok(http.get("/api/v2/events", params={"after": cursor}))["results"]
        assert "box.created" not in [event["kind"] for event in news]
        ok(http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "Müller of SQLite"}))
        assert len(ok(http.get("/api/v1/search", params={"query": "Müller"}))["results"]["boxes"]) == 6
    assert "the audit log is intact" in run("doctor", *options, check=False).stdout
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("UPDATE users SET email = email")


def client(server: Server, key: str) -> httpx.Client:
    return httpx.Client(base_url=server.url, auth=(key, ""), timeout=120, trust_env=False)


def assert_same(after: dict[str, Any], before: dict[str, Any]) -> None:
    after, before = drop_starts(after), drop_starts(before)
    assert len(after["events"]) == len(before["events"])
    for part in after:
        assert after[part] == before[part], part


def drop_starts(seen: dict[str, Any]) -> dict[str, Any]:
    return {**seen, "events": [event for event in seen["events"] if event["kind"] != "server.started"]}


@pytest.mark.slow
def test_what_cannot_be_moved_is_refused_and_nothing_is_changed(ours: tuple[Store, str]) -> None:
    store, url = ours
    path = store.config().sqlite_path
    options = ["--data", str(store.data), "--to", url]

    def change(sql: str) -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(sql)

    for breaks, mends, says in [
        ("CREATE TABLE mine (a)", "DROP TABLE mine", "the table mine"),
        ("ALTER TABLE users ADD COLUMN mine", "ALTER TABLE users DROP COLUMN mine", "the column of users mine"),
        (
            "INSERT INTO reactions SELECT 'nobody', u.key, 'x', 1 FROM users u LIMIT 1",
            "DELETE FROM reactions",
            "missing rows",
        ),
        ("UPDATE users SET given_name = 'a' || char(0)", "UPDATE users SET given_name = 'a'", "row of users"),
    ]:
        change(breaks)
        refused_ = run("move", *options, check=False)
        assert refused_.returncode == 1
        assert says in refused_.stderr, refused_.stderr
        change(mends)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    run("user", "create", "ada@example.com", "--data", str(store.data), "--database-url", url)
    assert "holds data already" in run("move", *options, check=False).stderr


def test_writes_get_503_while_the_database_is_moved_and_go_on_after_the_move_was_killed(
    ours: tuple[Store, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, url = ours
    with served(store) as server:
        world = World(server)
        pipeline = world.pipeline()
        path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
        # A lock in the target makes the move wait in its middle.
        schema.migrate(url, "")
        with psycopg.connect(url) as blocker:
            blocker.execute("LOCK TABLE boxes IN ACCESS EXCLUSIVE MODE")
            moving = subprocess.Popen(
                command("move", "--data", str(store.data), "--to", url), stdout=subprocess.PIPE, text=True
            )
            wait_for(lambda: Path(f"{store.config().sqlite_path}.moved").exists())
            answer = world.ada.http.post(path, json={"name": "Too late"})
            assert "is being moved" in refused(answer, 503)
            assert int(answer.headers["retry-after"]) >= 1
            assert ok(world.ada.http.get(path))["results"] == []
            moving.kill()
            moving.wait()
        assert moving.stdout is not None
        moving.stdout.close()
        ok(world.ada.http.post(path, json={"name": "After the kill"}))
        run("move", "--data", str(store.data), "--to", url)
        assert "was moved" in refused(world.ada.http.post(path, json={"name": "Too late"}), 503)
        assert [box["name"] for box in ok(world.ada.http.get(path))["results"]] == ["After the kill"]
        world.close()


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_digests_are_equal_for_equal_rows_only() -> None:
    columns = [moves.Column("a", "jsonb"), moves.Column("b", "boolean"), moves.Column("c", "text")]

    def digest(*rows: tuple[Any, ...]) -> int:
        found = moves.Digest(columns)
        for row in rows:
            found.add(row)
        return found.sum

    first, second = ('{"x": 1.0, "y": [1e2, null]}', 1, "a"), ("3", 0, "b")
    assert digest(first, second) == digest(("3", False, "b"), ('{"y":[100,null],"x":1}', True, "a"))
    for other in [('{"x": 1.5, "y": [1e2, null]}', 1, "a"), ('{"x": 1, "y": [null, 100]}', 1, "a"), (first[0], 0, "a")]:
        assert digest(other, second) != digest(first, second)
    assert digest(first, first, second) != digest(first, second, second)
