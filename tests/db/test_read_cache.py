"""The read cache never returns outdated data."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import apsw
import httpx
import pytest

from boxwood.core import pipelines
from boxwood.core.accounts import api_keys
from boxwood.core.context import Ctx
from boxwood.core.pipelines import schema, stages
from boxwood.core.webhooks import subscriptions
from boxwood.db.engine import Db, Engine
from boxwood.db.open import open_engine
from boxwood.db.read_cache import keeps_cache, reads_cached_tables
from boxwood.lib.address_rules import Rules
from tests.conftest import Store, World, ok

READ = "SELECT n FROM things WHERE key = 'a'"


@pytest.fixture
def engine(fresh_store: Store) -> Iterator[Engine]:
    opened = open_engine(fresh_store.config().database_url, fresh_store.config().sqlite_path)
    opened.write(lambda db: db.run("CREATE TABLE things (key TEXT PRIMARY KEY, n INTEGER)"))
    opened.write(lambda db: db.run("INSERT INTO things (key, n) VALUES ('a', 1)"))
    yield opened
    opened.close()


def known(db: Db) -> Any:
    return db.remember(("thing", "a"), lambda: db.row(READ))


def to(n: int) -> Callable[[Db], Any]:
    return lambda db: db.run("UPDATE things SET n = :n WHERE key = 'a'", n=n)


def test_a_change_is_seen_by_the_next_request_and_by_its_own(engine: Engine) -> None:
    def change(db: Db) -> Any:
        before = known(db)
        to(2)(db)
        return before, known(db)

    assert engine.write(known) == (1,)
    assert engine.write(change) == ((1,), (2,))
    assert engine.write(known) == (2,)
    engine.write(lambda db: db.row("UPDATE things SET n = 3 WHERE key = 'a' RETURNING n"))
    assert engine.write(known) == (3,)
    engine.write(lambda db: db.many("UPDATE things SET n = :n WHERE key = 'a'", [{"n": 4}]))
    assert engine.write(known) == (4,)


def test_what_was_undone_is_not_remembered(engine: Engine) -> None:
    def fail(db: Db) -> None:
        to(9)(db)
        known(db)
        raise ValueError("no")

    async def together() -> list[Any]:
        works: list[Any] = [known, fail, known, fail, known]
        return await asyncio.gather(*(engine.write_soon(work) for work in works), return_exceptions=True)

    found = asyncio.run(together())
    assert [result for result in found if not isinstance(result, ValueError)] == [(1,)] * 3


def test_what_another_process_changed_is_seen(engine: Engine, fresh_store: Store) -> None:
    other = open_engine(fresh_store.config().database_url, fresh_store.config().sqlite_path)
    try:
        for n in (5, 6, 7):
            other.write(to(n))
            assert engine.write(known) == (n,)
            assert other.write(known) == (n,)
    finally:
        other.close()


def test_a_reader_sees_what_was_committed_before_it_began(engine: Engine, fresh_store: Store) -> None:
    def fail(db: Db) -> None:
        to(9)(db)
        raise ValueError

    other = open_engine(fresh_store.config().database_url, fresh_store.config().sqlite_path)
    try:
        assert engine.read(known) == (1,)
        engine.write(to(2))
        assert engine.read(known) == (2,)
        with pytest.raises(ValueError):
            engine.write(fail)
        assert engine.read(known) == (2,)
        for n in (5, 6, 7):
            other.write(to(n))
            assert engine.read(known) == (n,)
            assert asyncio.run(engine.read_soon(known)) == (n,)
            assert other.read(known) == (n,)
    finally:
        other.close()


def test_a_reader_that_began_before_a_change_spoils_nothing_for_those_after(engine: Engine) -> None:
    """It sees the old state, and other readers do not get what it reads."""
    began, changed = threading.Event(), threading.Event()

    def slowly(db: Db) -> Any:
        db.row(READ)
        began.set()
        assert changed.wait(120)
        return known(db)

    with ThreadPoolExecutor(1) as threads:
        early = threads.submit(engine.read, slowly)
        assert began.wait(120)
        engine.write(to(2))
        before = engine.read(known)
        changed.set()
        seen = early.result()
    assert before == engine.read(known) == (2,)
    assert seen == ((1,) if engine.one_process else (2,))  # on PostgreSQL each statement sees the newest commits


def test_a_change_made_by_hand_is_seen_after_the_next_write(engine: Engine, fresh_store: Store) -> None:
    """For example with another program on SQLite's file. On PostgreSQL a trigger counts such changes."""
    assert engine.read(known) == (1,)
    if fresh_store.name == "sqlite":
        by_hand = apsw.Connection(fresh_store.config().sqlite_path)
        by_hand.execute("UPDATE things SET n = 3 WHERE key = 'a'")
        by_hand.close()
    else:
        engine.write(to(3))
    engine.write(lambda db: db.run("DELETE FROM answers"))
    engine.write(lambda db: db.run("INSERT INTO things (key, n) VALUES ('b', 1)"))
    assert engine.read(known) == (3,)


def test_a_write_without_changes_does_not_touch_the_file(engine: Engine, fresh_store: Store) -> None:
    """A server that is idle leaves the disk alone."""
    if fresh_store.name != "sqlite":
        pytest.skip("PostgreSQL counts by triggers")
    engine.write(to(2))
    number = "PRAGMA user_version"
    before = engine.read(lambda db: db.row(number))
    engine.write(lambda db: db.run("DELETE FROM answers WHERE at < 0"))
    assert engine.read(lambda db: db.row(number)) == before
    engine.write(to(3))
    assert engine.read(lambda db: db.row(number)) != before


def test_readers_remember_what_records_do_not_change(world: World) -> None:
    pipeline = world.pipeline()

    def asked(db: Db) -> Any:
        return schema.fields_by_key(Ctx(db, world.clock(), world.ada.user), pipeline["key"])

    first = world.server.engine.read(asked)
    world.box(pipeline)
    assert asyncio.run(world.server.engine.read_soon(asked)) is first
    world.field(pipeline, "TEXT_INPUT")
    assert len(world.server.engine.read(asked)) == len(first) + 1


def test_a_user_who_loses_access_can_read_nothing_from_the_next_request_on(world: World) -> None:
    """A box, a page and a board."""
    pipeline = world.pipeline()
    box = world.box(pipeline)
    path = f"/api/v2/pipelines/{pipeline['key']}"
    paths = (f"/api/v1/boxes/{box['key']}", f"{path}/boxes?sort=name", f"{path}/boxes", path)

    def answered() -> set[int]:
        return {world.bo.http.get(path).status_code for path in paths}

    assert answered() == {200}
    ok(world.ada.http.post(path, json={"shared": False}))
    assert answered() == {404}
    share = [{"email": world.bo.email, "permissionSetName": "__viewAllPermissionSet__"}]
    ok(world.ada.http.post(path, json={"aclEntries": share}))
    assert answered() == {200}
    share = [{"email": world.bo.email, "permissionSetName": "__viewAssignedPermissionSet__"}]
    ok(world.ada.http.post(path, json={"aclEntries": share}))
    assert world.bo.http.get(paths[0]).status_code == 404
    assert world.bo.http.get(paths[1]).json()["results"] == []
    ok(world.ada.http.delete(f"/api/v1/pipelines/{pipeline['key']}"))
    assert {world.ada.http.get(path).status_code for path in paths} == {404}


def test_changing_a_box_keeps_the_cache(world: World) -> None:
    """Changing a box does not empty the cache of its pipeline's fields."""
    pipeline = world.pipeline()
    world.box(pipeline)

    def again(ctx: Any) -> bool:
        first = schema.fields_by_key(ctx, pipeline["key"])
        ctx.db.run("UPDATE boxes SET notes = 'x' WHERE pipeline_key = :key", key=pipeline["key"])
        return first is schema.fields_by_key(ctx, pipeline["key"])

    assert world.as_("ada", again)


def test_a_change_of_a_pipeline_by_another_process_is_seen(world: World, database: Store) -> None:
    """From the next transaction after its commit, and not before."""
    pipeline = world.pipeline()
    other = open_engine(database.config().database_url, database.config().sqlite_path)

    def named(ctx: Any) -> str:
        return pipelines.get(ctx, pipeline["key"]).name

    def rename(db: Db, to: str) -> None:
        ctx = Ctx(db, world.clock(), world.ada.user)
        assert named(ctx) != to
        pipelines.edit(ctx, pipeline["key"], {"name": to})
        assert named(ctx) == to

    def fail(db: Db) -> None:
        rename(db, "Undone")
        raise ValueError

    try:
        for name in ("One", "Two", "Three"):
            other.write(partial(rename, to=name))
            assert world.as_("ada", named) == name
            with pytest.raises(ValueError):
                other.write(fail)
            assert world.as_("ada", named) == name
            assert other.write(lambda db: named(Ctx(db, world.clock(), world.ada.user))) == name
    finally:
        other.close()


def test_a_key_that_another_process_revoked_opens_nothing(world: World, database: Store) -> None:
    key, secret = world.as_("ada", partial(api_keys.create_own, name="short"))
    headers = {"Authorization": f"Bearer {secret}"}
    pipeline = world.pipeline()
    ask = partial(httpx.post, f"{world.server.url}/api/v2/pipelines/{pipeline['key']}/boxes", headers=headers)
    look = partial(httpx.get, f"{world.server.url}/api/v2/pipelines/{pipeline['key']}/boxes", headers=headers)
    assert ask(json={"name": "x"}).status_code == look().status_code == 200
    other = open_engine(database.config().database_url, database.config().sqlite_path)
    try:
        other.write(lambda db: api_keys.revoke(Ctx(db, world.clock(), world.ada.user), key.key))
    finally:
        other.close()
    assert ask(json={"name": "x"}).status_code == look().status_code == 401


def test_a_subscription_of_another_process_receives_the_next_box(world: World, database: Store) -> None:
    pipeline = world.pipeline()
    world.box(pipeline)
    given = {"event": "BOX_CREATE", "pipeline_key": pipeline["key"], "target_url": "https://hooks.example.com/"}
    other = open_engine(database.config().database_url, database.config().sqlite_path)
    try:
        hook = other.write(lambda db: subscriptions.create(Ctx(db, world.clock(), world.ada.user), given, Rules()))
    finally:
        other.close()
    box = world.box(pipeline)
    sql = """
        SELECT e.box_key FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.webhook_key = :hook
    """
    assert world.server.engine.read(lambda db: db.rows(sql, hook=hook.key)) == [(box["key"],)]


@pytest.mark.parametrize(
    ("sql", "cached"),
    [
        ("SELECT name FROM pipelines p WHERE key = (SELECT pm.user_key FROM pipeline_members pm)", True),
        ("SELECT 1 FROM users u JOIN boxes b ON TRUE", False),
        ("SELECT 1 FROM users u, boxes b", False),
        ("SELECT 1 FROM pipelines WHERE key IN (SELECT key FROM boxes)", False),
        ("SELECT key FROM pipelines p WHERE key = :key FOR UPDATE OF p", False),
    ],
)
def test_only_what_is_watched_is_remembered(sql: str, cached: bool) -> None:
    assert reads_cached_tables(sql) == cached


@pytest.mark.parametrize(
    ("sql", "keeps"),
    [
        ("WITH w AS (SELECT 1 FROM pipelines FOR UPDATE SKIP LOCKED) SELECT * FROM w", True),
        ("  WITH w AS (SELECT 1) UPDATE deliveries SET rank = 1 WHERE key IN (SELECT key FROM w)", True),
        ("WITH w AS (DELETE FROM stages RETURNING key) UPDATE deliveries SET rank = 1", False),
        ("WITH w AS (SELECT 1) INSERT INTO users (key) SELECT * FROM w", False),
        (
            "WITH w AS (SELECT 1) INSERT INTO boxes (key) SELECT * FROM w ON CONFLICT (key) DO UPDATE SET name = ''",
            False,
        ),
    ],
)
def test_a_statement_with_several_parts_keeps_the_cache_if_every_part_does(sql: str, keeps: bool) -> None:
    assert keeps_cache(sql) == keeps


def test_what_a_pipeline_becomes_holds_for_the_next_box(world: World) -> None:
    pipeline = world.pipeline()
    world.box(pipeline)
    added = world.field(pipeline, "TEXT_INPUT")["key"]
    assert world.box(pipeline, fields={added: "x"})["fields"] == {added: "x"}

    def rename(ctx: Any) -> tuple[str, str]:
        before = schema.stage(ctx, pipelines.get(ctx, pipeline["key"]), "5001").name
        stages.edit(ctx, pipeline["key"], "5001", {"name": "Suspect"})
        return before, schema.stage(ctx, pipelines.get(ctx, pipeline["key"]), "5001").name

    assert world.as_("ada", rename) == ("Lead", "Suspect")
    world.ada.http.delete(f"/api/v2/pipelines/{pipeline['key']}/stages/5003")
    refused = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "x", "stageKey": "5003"})
    assert refused.status_code == 400
    share = [{"email": world.bo.email, "permissionSetName": "__viewAllPermissionSet__"}]
    path = f"/api/v2/pipelines/{pipeline['key']}"
    assert world.bo.http.post(f"{path}/boxes", json={"name": "x"}).status_code == 200
    world.ada.http.post(path, json={"aclEntries": share})
    assert world.bo.http.post(f"{path}/boxes", json={"name": "x"}).status_code == 403
