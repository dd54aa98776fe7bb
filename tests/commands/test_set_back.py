"""A database that is set back: no event number, cursor or webhook id is ever given twice, and consumers notice."""

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from boxwood.core import events
from boxwood.db.open import open_engine
from tests import postgres
from tests.conftest import Clock, Server, Store, World, ok, refused
from tests.jobs.webhooks import Hook, settled
from tests.processes import run, store_options
from tests.receiver import Receiver

pytestmark = pytest.mark.slow  # every test starts servers and commands


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


class Site:
    """A server that can be stopped, set back and started again on its port, with a consumer and a webhook."""

    def __init__(self, store: Store, receiver: Receiver) -> None:
        self.store = store
        self.config = store.config(allow_private_webhooks=True)
        self.server = Server(self.config).start()
        self.port = httpx.URL(self.server.url).port or 0
        self.world = World(self.server)
        self.pipeline = self.world.pipeline()
        self.hook = Hook(self.world.ada, receiver, "BOX_CREATE", self.pipeline)
        self.seen: list[dict[str, Any]] = []
        """What the server gave for each box: its change, event key, cursor, newsfeed key, webhook id and sequence."""

    def create(self, *names: str) -> None:
        http = self.world.ada.http
        for name in names:
            answer = http.post(f"/api/v2/pipelines/{self.pipeline['key']}/boxes", json={"name": name})
            box = ok(answer)["key"]
            (event,) = ok(http.get("/api/v2/events", params={"after": "", "pipelineKey": self.pipeline["key"]}))[
                "results"
            ][-1:]
            (item,) = ok(http.get(f"/api/v1/boxes/{box}/newsfeed"))
            given = {"change": answer.headers["x-boxwood-change"], "event": event["key"], "cursor": event["cursor"]}
            self.seen.append({**given, "news": item["key"]})
        for request, seen in zip(self.hook.wait(len(self.seen)), self.seen, strict=True):
            seen.update(webhook=request.id, sequence=request.headers["x-boxwood-sequence"])

    def now(self) -> str:
        return str(ok(self.world.ada.http.get("/api/v2/events", params={"after": "now"}))["cursor"])

    def read(self, after: str) -> httpx.Response:
        return self.world.ada.http.get("/api/v2/events", params={"after": after})

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server = Server(self.config, Clock(), self.port).start()

    def end(self) -> None:
        self.world.close()
        self.server.stop()


def restored(site: Site, folder: Path) -> Callable[[], None]:
    """`boxwood backup` while the server runs, and `boxwood restore`."""
    run("backup", str(folder / "b.tar"), *store_options(site.store))

    def set_back() -> None:
        run("restore", str(folder / "b.tar"), *store_options(site.store))

    return set_back


def replaced(site: Site, folder: Path) -> Callable[[], None]:
    """A copy of the database that another program made and puts back."""
    url = site.store.url
    if url:
        return replaced_postgres(url)
    path = Path(site.config.sqlite_path)
    with (
        contextlib.closing(sqlite3.connect(path)) as source,
        contextlib.closing(sqlite3.connect(folder / "copy")) as to,
    ):
        source.backup(to)

    def set_back() -> None:
        for ending in ("", "-wal", "-shm"):
            Path(f"{path}{ending}").unlink(missing_ok=True)
        shutil.copyfile(folder / "copy", path)

    return set_back


def replaced_postgres(url: str) -> Callable[[], None]:
    """Save every table, and set all of them and the counter back, as a restore to a point in time does."""
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%yoyo%'"
    with postgres.connect(url) as connection:
        names = [row[0] for row in connection.execute(tables)]
        connection.execute("CREATE SCHEMA saved")
        for name in names:
            connection.execute(f"CREATE TABLE saved.{name} AS TABLE {name}".encode())
        (last,) = connection.execute("SELECT last_value FROM events_id_seq").fetchone() or (0,)

    def set_back() -> None:
        with postgres.connect(url) as connection, connection.transaction():
            connection.execute(f"TRUNCATE {', '.join(names)} CASCADE".encode())
            for name in waiting_for_others_last(connection, names):
                columns = generated_left_out(connection, name)
                connection.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM saved.{name}".encode())
            connection.execute(f"SELECT setval('events_id_seq', {last})".encode())

    return set_back


def waiting_for_others_last(connection: Any, names: list[str]) -> list[str]:
    """The tables in an order in which each comes after those that it refers to."""
    refers = connection.execute(
        "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
    ).fetchall()
    ordered: list[str] = []
    while len(ordered) < len(names):
        ready = [
            name
            for name in names
            if name not in ordered and all(to in ordered or to == name for of, to in refers if of == name)
        ]
        assert ready, "tables refer to each other in a ring"
        ordered += ready
    return ordered


def generated_left_out(connection: Any, name: str) -> str:
    sql = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
    return ", ".join(row[0] for row in connection.execute(f"{sql} AND attgenerated = ''", [name]))


@pytest.mark.parametrize("way", [restored, replaced])
def test_no_number_is_given_twice_after_the_database_was_set_back(
    fresh_store: Store, tmp_path: Path, receiver: Receiver, way: Callable[[Site, Path], Callable[[], None]]
) -> None:
    site = Site(fresh_store, receiver)
    try:
        site.create("before1", "before2")
        settled(site.hook, 2)  # what the copy holds as unsettled is delivered again
        at_backup = site.now()
        set_back = way(site, tmp_path)
        site.create("lost1", "lost2", "lost3", "lost4")
        lost = [seen["cursor"] for seen in site.seen[2:]]
        newest = site.now()
        site.stop()
        set_back()
        site.start()
        for cursor in {*lost, newest}:
            words = refused(site.read(cursor), 400, "after", "set back", "Read everything again")
            http = site.world.ada.http
            for asked in ({"headers": {"Last-Event-ID": cursor}}, {"params": {"after": cursor}}):
                assert refused(http.get("/api/v2/events/stream", **asked), 400) == words
        site.create("after1", "after2", "after3", "after4", "after5")
        for name in ("change", "event", "cursor", "news", "webhook", "sequence"):
            values = [seen[name] for seen in site.seen]
            assert len(set(values)) == len(values) == 11, (name, values)
        assert [int(seen["sequence"]) for seen in site.seen] == sorted(int(seen["sequence"]) for seen in site.seen)
        for cursor in lost:
            refused(site.read(cursor), 400, "after")
        found = [event["object"]["name"] for event in ok(site.read(at_backup))["results"]]
        assert found == ["after1", "after2", "after3", "after4", "after5"]
        assert [event["cursor"] for event in ok(site.read(at_backup))["results"]] == [
            seen["cursor"] for seen in site.seen[6:]
        ]
    finally:
        site.end()


def test_no_number_is_given_twice_when_postgres_is_set_back_under_a_running_server(
    fresh_store: Store, receiver: Receiver
) -> None:
    """A restore to a point in time ends the connections. The server opens new ones and goes on."""
    if not fresh_store.url:
        pytest.skip("a SQLite file cannot be replaced under a running server")
    site = Site(fresh_store, receiver)
    try:
        site.create("before")
        settled(site.hook, 1)
        set_back = replaced_postgres(fresh_store.url)
        site.create("lost1", "lost2")
        lost = [seen["cursor"] for seen in site.seen[1:]]
        set_back()
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        with postgres.connect(fresh_store.url) as connection:
            connection.execute(f"{ended} AND pid <> pg_backend_pid() AND backend_type = 'client backend'".encode())
        site.create("after1", "after2", "after3")
        for name in ("change", "event", "cursor", "news", "webhook", "sequence"):
            values = [seen[name] for seen in site.seen]
            assert len(set(values)) == len(values) == 6, (name, values)
        for cursor in lost:
            refused(site.read(cursor), 400, "after", "set back")
    finally:
        site.end()


def test_a_cursor_ahead_of_the_newest_event_is_refused(world: World) -> None:
    world.box(world.pipeline())
    cursor = str(ok(world.ada.http.get("/api/v2/events", params={"after": "now"}))["cursor"])
    txid, _, number = cursor.partition(".")
    for ahead in (f"{txid}.{int(number) + 1_000_000}", "0.99999999999999999", f"{2**59}.{2**59}"):
        for path in ("events", "events/stream"):
            refused(world.ada.http.get(f"/api/v2/{path}", params={"after": ahead}), 400, "after", "ahead of the newest")
    headers = {"Last-Event-ID": f"{txid}.{int(number) + 1_000_000}"}
    refused(world.ada.http.get("/api/v2/events/stream", headers=headers), 400, "ahead of the newest")
    assert ok(world.ada.http.get("/api/v2/events", params={"after": cursor}))["results"] == []


def test_numbers_continue_after_all_that_were_given_whatever_the_clock_says(fresh_store: Store) -> None:
    engine = open_engine(fresh_store.url, fresh_store.config().sqlite_path, readers=1)
    sql = "INSERT INTO events (kind, at, record, detail) VALUES ('user.signed_in', 0, '{}', '{}') RETURNING id"

    def newest() -> int:
        row = engine.write(lambda db: db.row(sql))
        assert row is not None
        return int(row[0])

    try:
        given = [newest()]
        start = time.time_ns() // 1_000_000 + 5_000_000
        for now, known in (
            (start, 0),  # by the clock
            (start - 1_000_000, 0),  # a clock that was set back, or more events than milliseconds
            (0, 0),
            (0, 90_000_000_000),  # the database that was replaced had given more
            (2**61, 0),  # a clock that is far ahead leaves delivery keys their 12 digits
        ):
            engine.write(lambda db, now=now, known=known: events.skip_ahead(db, now, known))  # type: ignore[misc]
            given.append(newest())
            assert given[-1] > max(given[-2], known)
        assert given[1] == start - events.NUMBERS_SINCE + 1
        assert given[-1] < 10**12
    finally:
        engine.close()
