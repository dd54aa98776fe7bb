"""PostgreSQL behind pgbouncer, in session and in transaction mode."""

import asyncio
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest

from boxwood.core import events, listeners
from boxwood.db import schema
from boxwood.db.engine import Db
from boxwood.db.postgres import Postgres
from tests import pooler, postgres
from tests.conftest import Server, Store, World, ok
from tests.processes import Process, run, store_options

pytestmark = pytest.mark.skipif(pooler.PROGRAM is None, reason="pgbouncer is not installed")


@pytest.fixture(params=["session", "transaction"])
def pooled(request: pytest.FixtureRequest, cluster: postgres.Cluster, tmp_path: Path) -> Iterator[tuple[Store, str]]:
    """An empty database through a pooler, and its URL without it."""
    if request.config.getoption("database") == "sqlite":
        pytest.skip("only PostgreSQL has poolers")
    direct = cluster.create_database()
    with pooler.pooler(direct, request.param) as url:
        yield Store("postgres", tmp_path, url), direct
    cluster.drop_database(direct)


def test_processes_behind_a_pooler_migrate_serve_and_notice_each_other(pooled: tuple[Store, str]) -> None:
    store, direct = pooled
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda: applied.append(schema.migrate(store.url, ""))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, applied)) == [False, False, True]
    first, second = Server(store.config()).start(), Server(store.config(listen_url=direct)).start()
    world = World(first)
    pipeline = world.pipeline()
    with httpx.Client(base_url=second.url, auth=(world.ada.key, ""), timeout=60, trust_env=False) as other:
        with other.stream("GET", "/api/v2/events/stream") as stream:
            lines = stream.iter_lines()
            names = [f"Box {number}" for number in range(60)]
            threads = [threading.Thread(target=partial(_create, world, pipeline, names[n::6])) for n in range(6)]
            for thread in threads:
                thread.start()
            heard = 0
            while heard < len(names):
                heard += next(lines).startswith("event: box.created")
            for thread in threads:
                thread.join()
        found = ok(other.get(f"/api/v2/pipelines/{pipeline['key']}/boxes", params={"limit": 100}))["results"]
        assert sorted(box["name"] for box in found) == sorted(names)
        # The first process listens over the pooler: it looks for changes of others.
        with world.ada.http.stream("GET", "/api/v2/events/stream") as stream:
            lines = stream.iter_lines()
            ok(other.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "of the second"}))
            while not next(lines).startswith("event: box.created"):
                pass
    world.close()
    first.stop(grace=1)
    second.stop(grace=1)


def _create(world: World, pipeline: dict[str, str], names: list[str]) -> None:
    for name in names:
        with world.client(world.ada.key) as client:
            ok(client.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": name}))


def test_settings_of_a_transaction_stay_in_it(pooled: tuple[Store, str]) -> None:
    store, _ = pooled
    schema.migrate(store.url, "")
    engine = Postgres(store.url or "", connections=10)
    shown = "SELECT current_setting('jit'), current_setting('enable_seqscan'), current_setting('synchronous_commit')"

    async def look() -> list[tuple[str, ...] | None]:
        return [
            await engine.write_soon(lambda db: db.row(shown)),
            await engine.write_soon(lambda db: db.row(shown), lasting=False, few=True),
            await engine.write_alone_soon(lambda db: db.row(shown)),
            await engine.read_soon(lambda db: db.row(shown)),
        ]

    assert engine.pooled
    # "on" or what the tests' server has, see tests/postgres.py
    plain, few, alone, read = asyncio.run(look())
    assert plain is not None
    assert few == alone == ("off", "off", "off")
    assert (plain[0], plain[1]) == ("off", "on")
    assert read is not None
    assert (read[0], read[1]) == ("on", "on")

    def repeatable(db: Db) -> str:
        db.repeatable_read()
        return str((db.row("SHOW transaction_isolation") or [""])[0])

    assert engine.write(repeatable) == "repeatable read"
    engine.make_indexes({"boxes_by_color": "boxes (name)"}, [])
    assert "boxes_by_color" in engine.read(lambda db: db.index_names("boxes"))
    engine.close()


@pytest.mark.slow
def test_commands_behind_a_pooler(pooled: tuple[Store, str], tmp_path: Path) -> None:
    store, direct = pooled
    options = store_options(store)
    server = Process(store)
    assert run("key", "create", "ada@example.com", *options).stdout.startswith("bw_")
    assert "a pooler is in front of PostgreSQL" in run("doctor", *options, check=False).stdout
    refused = run("backup", str(tmp_path / "x.tar"), *options, check=False)
    assert "--listen-url" in refused.stderr
    run("backup", str(tmp_path / "x.tar"), *options, "--listen-url", direct)
    assert server.stop() == 0


def test_numbers_of_events_are_not_given_again_when_the_server_behind_a_pooler_is_set_back(tmp_path: Path) -> None:
    listeners.connect()
    with postgres.cluster(own=True) as server, pooler.pooler(direct := server.create_database(), "transaction") as url:
        schema.migrate(url, "")
        engine = Postgres(url, connections=5)
        now = time.time_ns() // 1_000_000
        engine.write(lambda db: events.skip_ahead(db, now))
        before = _next_number(engine)
        server.stop()
        server.start()
        with psycopg.connect(direct, autocommit=True) as connection:
            connection.execute("SELECT setval('events_id_seq', 5)")
        assert _next_number(engine) > before > 1_000_000
        engine.close()


def _next_number(engine: Postgres) -> int:
    row = engine.write(lambda db: db.row("SELECT nextval('events_id_seq')"))
    return int(row[0]) if row else 0
