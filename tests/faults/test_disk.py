"""A disk that is full or read-only: acknowledged changes remain, other changes are refused with a reason,
and the server goes on by itself when the disk can be written again."""

import logging
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import httpx
import psycopg
import pytest

from boxwood.db import schema
from tests.conftest import Server, Store, World, ok, refused
from tests.faults.test_crashes import a_key
from tests.jobs.webhooks import eventually
from tests.processes import Process, command, run, store_options

MEGABYTE = 1_000_000


@dataclass
class Disk:
    """A small one of its own, mounted for the test."""

    path: Path

    def fill(self) -> None:
        with (self.path / "filler").open("wb", buffering=0) as file:
            for size in (MEGABYTE, 4096, 1):
                try:
                    while file.write(b"x" * size) == size:
                        pass
                except OSError:
                    continue

    def make_room(self) -> None:
        (self.path / "filler").unlink()

    def remount(self, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.path)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "boxwood-test", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"only who may mount a disk can fill one: {done.stderr.strip()}")
    yield Disk(path)
    subprocess.run(["umount", "--lazy", str(path)], check=False)


@pytest.fixture
def store(disk: Disk, database: Store, request: pytest.FixtureRequest) -> Store:
    """The data directory is on that disk; PostgreSQL's own is not."""
    data = disk.path / "data"
    data.mkdir(mode=0o700)
    url = request.getfixturevalue("cluster").create_database() if database.name == "postgres" else None
    made = Store(database.name, data, url)
    schema.migrate(url, made.config().sqlite_path)
    return made


class Acknowledged:
    """What the server acknowledged."""

    def __init__(self, server: Process, key: str) -> None:
        self.server = server
        self.http = httpx.Client(base_url=server.url, auth=(key, ""), timeout=120, trust_env=False)
        self.pipeline = ok(self.http.put("/api/v1/pipelines?name=Deals"))["key"]
        self.boxes: dict[str, str] = {}
        self.files: dict[str, bytes] = {}

    def box(self, size: int = 10) -> httpx.Response:
        notes = "x" * size
        answer = self.http.post(f"/api/v2/pipelines/{self.pipeline}/boxes", json={"name": "Acme", "notes": notes})
        if answer.status_code == 200:
            self.boxes[answer.json()["key"]] = notes
        return answer

    def file(self, size: int = 10) -> httpx.Response:
        content = os.urandom(size)
        box = next(iter(self.boxes))
        answer = self.http.post(f"/api/v2/boxes/{box}/files?fileName=a", content=content)
        if answer.status_code == 200:
            self.files[answer.json()["key"]] = content
        return answer

    def are_there(self) -> None:
        """All of them, whole, and nothing else."""
        shown = ok(self.http.get(f"/api/v1/pipelines/{self.pipeline}/boxes"))
        assert {box["key"]: box["notes"] for box in shown} == self.boxes
        feed = ok(self.http.put(f"/api/v1/pipelines/{self.pipeline}/newsfeed/export/full?includeSpecifics=NEW_BOX"))
        assert sorted(event["boxKey"] for event in feed) == sorted(self.boxes)
        for key, content in self.files.items():
            assert self.http.get(f"/api/v1/files/{key}/contents").content == content


@pytest.fixture
def acknowledged(store: Store, tmp_path: Path) -> Iterator[Acknowledged]:
    """Of a server on that disk; its log is elsewhere."""
    server = Process(store, "--log-level", "warning", log=tmp_path / "log")
    made = Acknowledged(server, a_key(store))
    yield made
    made.http.close()
    server.end()


def until_refused(make: Any) -> httpx.Response:
    for _ in range(500):
        answer: httpx.Response = make()
        if answer.status_code != 200:
            return answer
    raise AssertionError("the disk never was full")


@pytest.mark.slow
def test_a_full_disk_refuses_keeps_and_goes_on_by_itself(disk: Disk, store: Store, acknowledged: Acknowledged) -> None:
    server = acknowledged.server
    ok(acknowledged.box())
    ok(acknowledged.file(100_000))
    disk.fill()
    refused(until_refused(lambda: acknowledged.file(50_000)), 503)
    if store.url is None:
        refused(until_refused(lambda: acknowledged.box(30_000)), 503, "the disk is full")
        assert "the disk is full" in server.log.read_text()
    else:
        ok(acknowledged.box(30_000))  # its own disk has room
        assert "the file store failed" in server.log.read_text()
    acknowledged.are_there()
    found = run("doctor", *store_options(store), check=False)
    assert found.returncode == 1
    assert "free some space" in found.stdout, found.stdout
    disk.make_room()
    ok(acknowledged.box(30_000))
    ok(acknowledged.file(50_000))
    acknowledged.are_there()
    server.kill()
    server.start()
    acknowledged.are_there()
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


@pytest.mark.slow
def test_on_a_read_only_disk_it_does_not_start_and_says_why(
    disk: Disk, store: Store, acknowledged: Acknowledged
) -> None:
    server = acknowledged.server
    for _ in range(5):
        ok(acknowledged.box())
        ok(acknowledged.file())
    server.kill()
    disk.remount("ro")
    options = store_options(store)
    key_create = ("key", "create", "bo@example.com", *options)
    for arguments in (("serve", "--port", "0", *options), *([] if store.url else [key_create])):
        done = subprocess.run(command(*arguments), capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 1, done.stderr
        assert "Read-only file system" in done.stderr
        assert "Traceback" not in done.stderr, done.stderr
    found = run("doctor", *options, check=False)
    assert found.returncode == 1
    assert f"{store.data} cannot be written: Read-only file system" in found.stdout, found.stdout
    assert "Traceback" not in found.stderr, found.stderr
    disk.remount("rw")
    server.start()
    acknowledged.are_there()
    ok(acknowledged.box())
    acknowledged.are_there()
    assert server.stop() == 0


class ReadOnly:
    """A database that takes nothing more while the server runs: the same error as a disk that became read-only."""

    def __init__(self, server: Server, url: str | None) -> None:
        self.server, self.url = server, url

    def set(self, on: bool) -> None:
        if self.url is None:
            self._set_sqlite(on)
            return
        with psycopg.connect(self.url, autocommit=True, options="-c default_transaction_read_only=off") as connection:
            name = connection.info.dbname
            setting = "SET default_transaction_read_only = on" if on else "RESET default_transaction_read_only"
            connection.execute(f"ALTER DATABASE {name} {setting}".encode())
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    def _set_sqlite(self, on: bool) -> None:
        """On the writer's own connection: while it is read-only no transaction begins in which to end that."""
        if on:
            self.server.engine.write(self._take)
            return
        eventually(self._give_back)

    def _take(self, db: Any) -> None:
        self.writer: apsw.Connection = db._connection
        self.writer.execute("PRAGMA query_only = ON")

    def _give_back(self) -> bool:
        try:
            self.writer.execute("PRAGMA query_only = OFF")
        except apsw.ThreadingViolationError:
            return False  # some job is just trying to write
        return True


def test_a_database_that_becomes_read_only_refuses_says_so_and_goes_on(
    fresh_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(fresh_store.config()).start()
    world = World(server)
    pipeline = world.pipeline()
    box = world.box(pipeline)
    disk = ReadOnly(server, fresh_store.url)
    own, boxes = f"/api/v1/boxes/{box['key']}", f"/api/v2/pipelines/{pipeline['key']}/boxes"
    before = ok(world.ada.http.get(own))
    disk.set(True)
    with caplog.at_level(logging.ERROR, logger="boxwood.db"):
        refused(world.ada.http.post(boxes, json={"name": "New"}), 503, "cannot be written")
        refused(world.ada.http.post(own, json={"name": "Other"}), 503, "cannot be written")
        assert world.ada.http.get("/readyz").status_code == 503
    assert "the database cannot be written" in caplog.text
    assert ok(world.ada.http.get(own)) == before
    assert [found["key"] for found in ok(world.ada.http.get(boxes))["results"]] == [box["key"]]
    assert world.ada.http.get("/healthz").status_code == 200
    disk.set(False)
    assert ok(world.ada.http.post(own, json={"name": "Other"}))["name"] == "Other"
    assert world.ada.http.get("/readyz").status_code == 200
    assert world.events(box["key"]) == ["box.created", "box.renamed"]
    world.close()
    server.stop()
