"""A store that cannot take more says so, loses nothing, and goes on when it can."""

import asyncio

import pytest

from boxwood.db.engine import Db
from boxwood.db.sqlite import Sqlite
from boxwood.errors import Unavailable
from tests import postgres
from tests.conftest import Server, Store, World, ok


def test_a_full_disk_refuses_the_write_and_keeps_the_rest(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """SQLite's page limit is the same error to it as a disk without space."""
    engine = Sqlite(str(tmp_path / "small.sqlite3"), readers=1)
    engine.write(lambda db: db.run("CREATE TABLE things (key INTEGER PRIMARY KEY, body TEXT)"))

    def limit(pages: int) -> None:
        # Outside the pool's transactions, as an operator's hand would be: on the writer's own connection.
        engine.write(lambda db: db.rows(f"PRAGMA max_page_count = {pages}"))

    limit(20)
    put = "INSERT INTO things (body) VALUES (:body)"

    async def small_and_large() -> list[object]:
        def write(size: int):  # type: ignore[no-untyped-def]
            return engine.write_soon(lambda db: db.run(put, body="x" * size))

        return await asyncio.gather(write(10), write(10_000_000), write(10), return_exceptions=True)

    results = asyncio.run(small_and_large())
    assert results[0] == results[2] == 1
    assert isinstance(results[1], Unavailable)
    assert "full" in str(results[1])
    limit(1_000_000)
    assert engine.write(lambda db: db.run(put, body="x" * 100_000)) == 1
    assert engine.read(lambda db: db.row("SELECT COUNT(*) FROM things")) == (3,)
    engine.close()


def test_a_restarted_postgresql_is_taken_up_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with postgres.cluster(own=True) as cluster:
        from boxwood.db import schema

        store = Store("postgres", tmp_path, cluster.create_database())
        schema.migrate(store.url, "")
        server = Server(store.config()).start()
        world = World(server)
        box = world.box(world.pipeline())
        cluster.restart()
        assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}")) == box
        assert ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"notes": "after"}))["notes"] == "after"
        world.close()
        server.stop()


@pytest.mark.parametrize("fault", ["read", "write"])
def test_an_unforeseen_error_is_a_500_with_an_id_and_changes_nothing(world: World, fault: str) -> None:
    """The error body is JSON, names no inner thing, and carries the request's id in a header."""
    pipeline = world.pipeline()

    def break_table(db: Db) -> None:
        db.run("ALTER TABLE stages RENAME TO stages_away")

    def mend_table(db: Db) -> None:
        db.run("ALTER TABLE stages_away RENAME TO stages")

    world.server.engine.write(break_table)
    try:
        path = f"/api/v1/pipelines/{pipeline['key']}"
        reply = world.ada.http.get(path) if fault == "read" else world.ada.http.put(f"{path}/boxes?name=x")
        assert reply.status_code == 500
        assert reply.json()["success"] is False
        assert "stages" not in reply.text
        assert reply.headers["x-request-id"]
    finally:
        world.server.engine.write(mend_table)
    assert ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes")) == []
