"""The promises of the engine about transactions, on both databases."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from boxwood.db.engine import Db, Engine
from boxwood.db.open import open_engine
from boxwood.db.sqlite import ROWS_AT_ONCE
from tests.conftest import Store


@pytest.fixture
def engine(fresh_store: Store) -> Iterator[Engine]:
    config = fresh_store.config()
    opened = open_engine(config.database_url, config.sqlite_path)
    opened.write(lambda db: db.run("CREATE TABLE things (key TEXT PRIMARY KEY, n INTEGER)"))
    yield opened
    opened.close()


def put(key: str) -> Any:
    return lambda db: db.run("INSERT INTO things (key, n) VALUES (:key, 1)", key=key)


def stored_keys(engine: Engine) -> list[str]:
    return [row[0] for row in engine.read(lambda db: db.rows("SELECT key FROM things ORDER BY key"))]


def test_a_committed_row_is_read(engine: Engine) -> None:
    assert engine.write(put("a")) == 1
    assert stored_keys(engine) == ["a"]


def test_many_rows_are_inserted_in_their_order(engine: Engine) -> None:
    """The rows need two statements of the largest size, one of each smaller size, and single rows for the rest."""
    rows = [(f"{number:06d}", number % 7) for number in range(ROWS_AT_ONCE[0] + sum(ROWS_AT_ONCE) + 7)]
    engine.write(lambda db: db.bulk("things", ("key", "n"), rows))
    assert engine.read(lambda db: db.rows("SELECT key, n FROM things ORDER BY key")) == rows
    engine.write(lambda db: db.bulk("things", ("key", "n"), []))
    assert len(stored_keys(engine)) == len(rows)


def test_a_request_that_fails_undoes_only_itself(engine: Engine) -> None:
    """Several requests share a commit, and one of them raises after it wrote."""

    def fail(db: Db) -> None:
        put("lost")(db)
        raise ValueError("no")

    async def together() -> list[Any]:
        works = [put("a"), fail, put("b"), put("a"), put("c")]
        return await asyncio.gather(*(engine.write_soon(work) for work in works), return_exceptions=True)

    results = asyncio.run(together())
    assert isinstance(results[1], ValueError)
    assert (results[2], results[4]) == (1, 1)
    # Exactly one of the two requests with the same key fails.
    assert [isinstance(results[at], Exception) for at in (0, 3)].count(True) == 1
    assert stored_keys(engine) == ["a", "b", "c"]


def test_later_work_runs_once_before_the_commit(engine: Engine) -> None:
    seen: list[list[str]] = []

    def index(db: Db, items: list[str]) -> None:
        seen.append(items)
        for item in items:
            db.run("UPDATE things SET n = 2 WHERE key = :key", key=item)

    def write(db: Db) -> None:
        put("a")(db)
        db.later(index, "a")
        db.later(index, "a")

    engine.write(write)
    assert seen == [["a", "a"]]
    assert engine.read(lambda db: db.row("SELECT n FROM things")) == (2,)


def test_later_work_that_fails_undoes_the_request(engine: Engine) -> None:
    def break_(db: Db, items: list[str]) -> None:
        raise RuntimeError("the index is broken")

    def write(db: Db) -> None:
        put("a")(db)
        db.later(break_, "a")

    with pytest.raises(RuntimeError):
        engine.write(write)
    engine.write(put("b"))
    assert stored_keys(engine) == ["b"]


def test_a_listener_is_called_after_the_commit_and_not_after_a_rollback(engine: Engine) -> None:
    received: list[list[str]] = []
    was_called = threading.Event()

    def callback(_: list[str]) -> None:
        received.append(stored_keys(engine))
        was_called.set()

    engine.listen("things", callback)

    def fail(db: Db) -> None:
        db.notify("things")
        raise ValueError

    with pytest.raises(ValueError):
        engine.write(fail)

    def write(db: Db) -> None:
        put("a")(db)
        db.notify("things")

    for _ in range(500):  # on PostgreSQL the listener may still be connecting
        engine.write(lambda db: db.run("DELETE FROM things"))
        engine.write(write)
        if was_called.wait(0.2):
            break
    assert received
    assert all(keys == ["a"] for keys in received)


def test_readers_see_one_moment_and_never_wait_for_the_writer(engine: Engine) -> None:
    engine.write(put("a"))
    entered, go_on = threading.Event(), threading.Event()

    def slow(db: Db) -> None:
        put("b")(db)
        entered.set()
        go_on.wait(120)

    writer = threading.Thread(target=engine.write, args=(slow,))
    writer.start()
    entered.wait(120)
    assert stored_keys(engine) == ["a"]
    go_on.set()
    writer.join()
    assert stored_keys(engine) == ["a", "b"]


def test_a_thousand_writes_at_once_all_count(engine: Engine) -> None:
    engine.write(put("a"))

    async def many() -> None:
        more = "UPDATE things SET n = n + 1 WHERE key = 'a'"
        await asyncio.gather(*(engine.write_soon(lambda db: db.run(more)) for _ in range(1000)))

    asyncio.run(many())
    assert engine.read(lambda db: db.row("SELECT n FROM things")) == (1001,)


def test_a_write_that_is_not_lasting_is_visible_at_once_and_the_next_commit_lasts(engine: Engine) -> None:
    how = "PRAGMA synchronous" if engine.one_process else "SHOW synchronous_commit"
    put = "INSERT INTO things (key, n) VALUES (:key, 1)"

    async def passing(key: str) -> Any:
        def work(db: Db) -> Any:
            db.run(put, key=key)
            return db.row(how)

        return await engine.write_soon(work, lasting=False)

    assert asyncio.run(passing("first")) == ((1,) if engine.one_process else ("off",))
    assert engine.read(lambda db: db.rows("SELECT key FROM things")) == [("first",)]
    if engine.one_process:
        assert engine.write(lambda db: db.row(how)) == (2,)
    engine.write(lambda db: db.run(put, key="two"))
    assert len(engine.read(lambda db: db.rows("SELECT key FROM things"))) == 2


def test_a_listener_gets_the_keys_of_committed_notifications(engine: Engine) -> None:
    received: list[list[str]] = []
    engine.listen("things", received.append)

    def fail(db: Db) -> None:
        db.notify("things", ["lost"])
        raise ValueError

    def write(db: Db) -> None:
        db.notify("things", ["a"])
        with pytest.raises(ValueError):
            db.attempt(lambda: fail(db))
        db.attempt(lambda: db.notify("things", ["b", "c"]))

    with pytest.raises(ValueError):
        engine.write(fail)
    engine.write(write)
    engine.write(lambda db: None)
    assert [keys for keys in received if keys] == [["a", "b", "c"]]


def test_what_an_update_changed_is_read_with_it(engine: Engine) -> None:
    update = "UPDATE things SET n = n + :by WHERE key = :key"
    select = "SELECT c.key, c.n, t.key FROM changed c LEFT JOIN things t ON t.key = c.key"

    def change(db: Db, *params: dict[str, Any]) -> list[Any]:
        return sorted(db.rows_changed("things", update, select, params))

    for key in "abc":
        engine.write(put(key))
    params = [{"key": "a", "by": 1}, {"key": "b", "by": 2}, {"key": "missing", "by": 1}]
    assert engine.write(lambda db: change(db, *params)) == [("a", 2, "a"), ("b", 3, "b")]
    assert engine.write(lambda db: change(db, params[2])) == []
    assert engine.write(lambda db: change(db)) == []
    assert asyncio.run(engine.write_alone_soon(lambda db: change(db, params[0]))) == [("a", 3, "a")]
    assert engine.read(lambda db: db.rows("SELECT key, n FROM things ORDER BY key")) == [("a", 3), ("b", 3), ("c", 1)]


def test_a_transaction_that_begins_with_a_statement_without_parameters_is_one(engine: Engine) -> None:
    def fail(db: Db) -> None:
        assert db.row("SELECT COUNT(*) FROM things") == (0,)
        put("lost")(db)
        raise ValueError

    with pytest.raises(ValueError):
        engine.write(fail)
    with pytest.raises(Exception, match="nowhere"):
        engine.write(lambda db: db.row("SELECT 1 FROM nowhere"))
    assert stored_keys(engine) == []
    engine.write(put("a"))
    assert stored_keys(engine) == ["a"]
