"""What the writer remembers between requests is always what is there now."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from boxwood.core import fields, keys, pipelines, stages, webhooks
from boxwood.core.context import Ctx
from boxwood.db.engine import Db, Engine, open_engine
from boxwood.db.memory import is_watched, leaves_it
from boxwood.lib.targets import Rules
from tests.conftest import Store, World

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
    assert [one for one in found if not isinstance(one, ValueError)] == [(1,)] * 3


def test_what_another_process_changed_is_seen(engine: Engine, fresh_store: Store) -> None:
    other = open_engine(fresh_store.config().database_url, fresh_store.config().sqlite_path)
    try:
        for n in (5, 6, 7):
            other.write(to(n))
            assert engine.write(known) == (n,)
            assert other.write(known) == (n,)
    finally:
        other.close()


def test_a_record_is_no_reason_to_read_again(world: World) -> None:
    """A second box asks nothing of the pipeline that the first asked."""
    pipeline = world.pipeline()
    world.box(pipeline)

    def again(ctx: Any) -> bool:
        first = fields.by_key(ctx, pipeline["key"])
        ctx.db.run("UPDATE boxes SET notes = 'x' WHERE pipeline_key = :key", key=pipeline["key"])
        return first is fields.by_key(ctx, pipeline["key"])

    assert world.as_("ada", again)


def test_what_another_process_makes_of_a_pipeline_is_seen(world: World, database: Store) -> None:
    """By the next transaction after its commit, and by none before."""
    pipeline = world.pipeline()
    other = open_engine(database.config().database_url, database.config().sqlite_path)

    def named(ctx: Any) -> str:
        return pipelines.get(ctx, pipeline["key"]).name

    def rename(db: Db, to: str) -> None:
        ctx = Ctx(db, world.clock(), world.ada.user)
        assert named(ctx) != to
        pipelines.edit(ctx, pipeline["key"], {"name": to})
        assert named(ctx) == to

    def lose(db: Db) -> None:
        rename(db, "Lost")
        raise ValueError

    try:
        for name in ("One", "Two", "Three"):
            other.write(partial(rename, to=name))
            assert world.as_("ada", named) == name
            with pytest.raises(ValueError):
                other.write(lose)
            assert world.as_("ada", named) == name
            assert other.write(lambda db: named(Ctx(db, world.clock(), world.ada.user))) == name
    finally:
        other.close()


def test_a_key_that_another_process_revoked_opens_nothing(world: World, database: Store) -> None:
    made, secret = world.as_("ada", partial(keys.create_own, name="short"))
    headers = {"Authorization": f"Bearer {secret}"}
    pipeline = world.pipeline()
    ask = partial(httpx.post, f"{world.server.url}/api/v2/pipelines/{pipeline['key']}/boxes", headers=headers)
    assert ask(json={"name": "x"}).status_code == 200
    other = open_engine(database.config().database_url, database.config().sqlite_path)
    try:
        other.write(lambda db: keys.revoke(Ctx(db, world.clock(), world.ada.user), made.key))
    finally:
        other.close()
    assert ask(json={"name": "x"}).status_code == 401


def test_who_subscribes_in_another_process_hears_of_the_next_box(world: World, database: Store) -> None:
    pipeline = world.pipeline()
    world.box(pipeline)
    given = {"event": "BOX_CREATE", "pipeline_key": pipeline["key"], "target_url": "https://hooks.example.com/"}
    other = open_engine(database.config().database_url, database.config().sqlite_path)
    try:
        hook = other.write(lambda db: webhooks.create(Ctx(db, world.clock(), world.ada.user), given, Rules()))
    finally:
        other.close()
    box = world.box(pipeline)
    sql = """
        SELECT e.box_key FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.webhook_key = :hook
    """
    assert world.server.engine.read(lambda db: db.rows(sql, hook=hook.key)) == [(box["key"],)]


@pytest.mark.parametrize(
    ("sql", "watched"),
    [
        ("SELECT name FROM pipelines p WHERE key = (SELECT pm.user_key FROM pipeline_members pm)", True),
        ("SELECT 1 FROM users u JOIN boxes b ON TRUE", False),
        ("SELECT 1 FROM users u, boxes b", False),
        ("SELECT 1 FROM pipelines WHERE key IN (SELECT key FROM boxes)", False),
        ("SELECT key FROM pipelines p WHERE key = :key FOR UPDATE OF p", False),
    ],
)
def test_only_what_is_watched_is_remembered(sql: str, watched: bool) -> None:
    assert is_watched(sql) == watched


@pytest.mark.parametrize(
    ("sql", "leaves"),
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
def test_a_statement_with_several_parts_leaves_what_is_remembered_where_all_do(sql: str, leaves: bool) -> None:
    assert leaves_it(sql) == leaves


def test_what_a_pipeline_becomes_holds_for_the_next_box(world: World) -> None:
    pipeline = world.pipeline()
    world.box(pipeline)
    added = world.field(pipeline, "TEXT_INPUT")["key"]
    assert world.box(pipeline, fields={added: "x"})["fields"] == {added: "x"}

    def rename(ctx: Any) -> tuple[str, str]:
        before = stages.get(ctx, pipelines.get(ctx, pipeline["key"]), "5001").name
        stages.edit(ctx, pipeline["key"], "5001", {"name": "Suspect"})
        return before, stages.get(ctx, pipelines.get(ctx, pipeline["key"]), "5001").name

    assert world.as_("ada", rename) == ("Lead", "Suspect")
    world.ada.http.delete(f"/api/v2/pipelines/{pipeline['key']}/stages/5003")
    refused = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "x", "stageKey": "5003"})
    assert refused.status_code == 400
    share = [{"email": world.bo.email, "permissionSetName": "__viewAllPermissionSet__"}]
    path = f"/api/v2/pipelines/{pipeline['key']}"
    assert world.bo.http.post(f"{path}/boxes", json={"name": "x"}).status_code == 200
    world.ada.http.post(path, json={"aclEntries": share})
    assert world.bo.http.post(f"{path}/boxes", json={"name": "x"}).status_code == 403
