"""Uploads are written to the store while they arrive, and are removed from it when they are aborted."""

import base64
import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from boxwood.core import stored_files
from boxwood.errors import Unavailable
from boxwood.jobs import upkeep
from boxwood.lib.blobs import StoreFailed
from tests.conftest import Server, Store, World, ok, refused


@pytest.fixture
def alone(fresh_store: Store) -> Iterator[World]:
    """A server whose file store holds only the files of a single test."""
    running = Server(fresh_store.config(max_file_size=50_000_000)).start()
    new_world = World(running)
    yield new_world
    new_world.close()
    running.stop()


@pytest.fixture
def box(alone: World) -> str:
    key: str = alone.box(alone.pipeline())["key"]
    return key


def incoming(world: World) -> list[Path]:
    return list((world.server.boxwood.config.data / "files/incoming").iterdir())


def whole(world: World) -> list[Path]:
    found = (world.server.boxwood.config.data / "files").rglob("*")
    return [path for path in found if path.is_file() and path.parent.name != "incoming"]


def rows(world: World) -> list[Any]:
    sql = "SELECT id, claimed, doomed FROM blobs"
    return [tuple(map(str, row)) for row in world.server.engine.read(lambda db: db.rows(sql))]


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextlib.contextmanager
def begun(world: World, box: str, key: str, *headers: str) -> Iterator[socket.socket]:
    """A raw upload whose head was sent; the test sends the body and its end."""
    host, port = world.server.url.removeprefix("http://").split(":")
    basic = base64.b64encode(f"{key}:".encode()).decode()
    head = [f"POST /api/v2/boxes/{box}/files?fileName=a.bin HTTP/1.1", f"Host: {host}", f"Authorization: Basic {basic}"]
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall("\r\n".join([*head, *headers, "", ""]).encode())
        yield connection


def answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    with connection.makefile("rb") as reply:
        status = int(reply.readline().split()[1])
        length = 0
        while line := reply.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return status, json.loads(reply.read(length))


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


CHUNKED = "Transfer-Encoding: chunked"


def test_uploaded_bytes_are_written_to_disk_while_the_upload_is_running(alone: World, box: str) -> None:
    with begun(alone, box, alone.ada.key, CHUNKED) as connection:
        for _ in range(20):
            connection.sendall(chunk(bytes(100_000)))
        eventually(lambda: any(path.stat().st_size > 1_000_000 for path in incoming(alone)))
        connection.sendall(chunk(b"end") + b"0\r\n\r\n")
        status, file = answer(connection)
    assert (status, file["size"]) == (200, "2000003")
    assert (len(whole(alone)), incoming(alone)) == (1, [])


def test_an_aborted_upload_leaves_no_data(alone: World, box: str) -> None:
    with begun(alone, box, alone.ada.key, CHUNKED) as connection:
        connection.sendall(chunk(bytes(1_000_000)))
        eventually(lambda: bool(incoming(alone)))
    eventually(lambda: not incoming(alone) and not rows(alone))
    assert whole(alone) == []
    assert alone.events(box) == ["box.created"]


def test_an_upload_to_a_box_deleted_meanwhile_leaves_no_data(alone: World, box: str) -> None:
    with begun(alone, box, alone.ada.key, CHUNKED) as connection:
        connection.sendall(chunk(b"first"))
        eventually(lambda: bool(incoming(alone)))
        ok(alone.ada.http.delete(f"/api/v1/boxes/{box}"))
        connection.sendall(chunk(b"last") + b"0\r\n\r\n")
        status, body = answer(connection)
    assert (status, body["error"]) == (404, "Entity not found with key")
    assert (whole(alone), incoming(alone), rows(alone)) == ([], [], [])


@pytest.mark.parametrize(
    ("who", "length", "status"), [("cy", "1000", 404), ("", "1000", 401), ("ada", "50000001", 413)]
)
def test_a_refused_upload_is_refused_before_its_bytes_are_read(
    alone: World, box: str, who: str, length: str, status: int
) -> None:
    key = getattr(alone, who).key if who else "nobody"
    with begun(alone, box, key, f"Content-Length: {length}") as connection:
        assert answer(connection)[0] == status
    assert (whole(alone), rows(alone)) == ([], [])


def test_an_upload_repeated_under_its_idempotency_key_is_one_file(alone: World, box: str) -> None:
    path, headers = f"/api/v2/boxes/{box}/files?fileName=a", {"Idempotency-Key": "k1"}
    first = alone.ada.http.post(path, content=b"a", headers=headers)
    again = alone.ada.http.post(path, content=b"a", headers=headers)
    assert (ok(again), again.headers["idempotent-replayed"]) == (ok(first), "true")
    refused(alone.ada.http.post(path, content=b"other", headers=headers), 422, "Idempotency-Key")
    assert (len(whole(alone)), len(rows(alone))) == (1, 1)
    assert alone.events(box) == ["box.created", "file.added"]


def test_files_cannot_be_uploaded_or_downloaded_in_a_batch(alone: World, box: str) -> None:
    file = ok(alone.ada.http.post(f"/api/v2/boxes/{box}/files?fileName=a", content=b"a"))
    operations = [
        {"method": "POST", "path": f"/v2/boxes/{box}/files", "body": {"fileName": "b"}},
        {"method": "GET", "path": f"/v1/files/{file['key']}/contents"},
        {"method": "GET", "path": f"/v1/files/{file['key']}"},
    ]
    results = ok(alone.ada.http.post("/api/v2/batch", json={"operations": operations}))["results"]
    assert [result["status"] for result in results] == [400, 400, 200]
    assert results[2]["body"] == file


class Full:
    """A full file store: writing fails, everything else works as in the given store."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.read, self.delete, self.sweep = store.read, store.delete, store.sweep

    def write(self, chunks: Any, blob: str | None = None) -> Any:
        raise StoreFailed("no space left on device")


def test_a_failing_file_store_is_reported_and_works_again_later(
    alone: World, box: str, caplog: pytest.LogCaptureFixture
) -> None:
    api, path = alone.server.boxwood.api, f"/api/v2/boxes/{box}/files?fileName=a"
    works, api.store = api.store, Full(api.store)  # type: ignore[assignment]
    refused(alone.ada.http.post(path, content=b"a"), 503, "try again")
    assert "no space left" in caplog.text
    assert "no space left" not in alone.ada.http.post(path, content=b"a").text
    api.store = works
    assert rows(alone) == []
    assert ok(alone.ada.http.post(path, content=b"a"))["size"] == "1"


def test_a_file_whose_bytes_are_lost_is_not_found(alone: World, box: str, caplog: pytest.LogCaptureFixture) -> None:
    file = ok(alone.ada.http.post(f"/api/v2/boxes/{box}/files?fileName=a", content=b"a"))
    whole(alone)[0].unlink()
    assert alone.ada.http.get(f"/api/v1/files/{file['key']}/contents").status_code == 404
    assert "the bytes of a file are missing" in caplog.text


# The cleanup of unclaimed bytes


def swept(world: World) -> int:
    return upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock())


def test_the_bytes_of_a_deleted_file_are_removed_when_it_leaves_the_trash(alone: World, box: str) -> None:
    path = f"/api/v2/boxes/{box}/files?fileName=a"
    gone, remaining = ok(alone.ada.http.post(path, content=b"gone")), ok(alone.ada.http.post(path, content=b"kept"))
    assert swept(alone) == 0
    ok(alone.ada.http.delete(f"/api/v2/files/{gone['key']}"))
    assert swept(alone) == 0
    alone.clock.advance(days=31)
    assert swept(alone) == 1
    assert alone.ada.http.get(f"/api/v1/files/{remaining['key']}/contents").content == b"kept"
    assert (len(whole(alone)), len(rows(alone)), swept(alone)) == (1, 1, 0)


def test_the_files_of_a_deleted_pipeline_are_removed_when_it_leaves_the_trash(alone: World, box: str) -> None:
    for name in "ab":
        ok(alone.ada.http.post(f"/api/v2/boxes/{box}/files?fileName={name}", content=b"x"))
    pipeline = ok(alone.ada.http.get(f"/api/v1/boxes/{box}"))["pipelineKey"]
    ok(alone.ada.http.delete(f"/api/v1/pipelines/{pipeline}"))
    alone.clock.advance(days=29)
    assert swept(alone) == 0
    alone.clock.advance(days=2)
    assert swept(alone) == 2
    assert (whole(alone), rows(alone)) == ([], [])


def test_bytes_left_by_a_crash_are_removed_after_a_day_and_cannot_be_claimed_then(alone: World) -> None:
    """Simulates a process that stored bytes and ended before it recorded the file."""
    engine, store, now = alone.server.engine, alone.server.boxwood.store, alone.clock()
    blob = store.write([b"orphan"]).id
    engine.write(lambda db: stored_files.announce(db, [blob], now))
    alone.clock.advance(days=0.99)
    assert (swept(alone), len(whole(alone))) == (0, 1)
    alone.clock.advance(days=0.02)
    assert engine.write(lambda db: stored_files.doom(db, [blob], alone.clock())) == [blob]
    with pytest.raises(Unavailable):
        engine.write(lambda db: stored_files.claim(db, blob, alone.clock()))
    assert (swept(alone), whole(alone), rows(alone)) == (1, [], [])


def test_a_slow_upload_that_finishes_before_the_cleanup_keeps_its_bytes(alone: World, box: str) -> None:
    """The upload is two days old when it is claimed, just before the cleanup runs."""
    engine, store = alone.server.engine, alone.server.boxwood.store
    stored = store.write([b"slow"])
    engine.write(lambda db: stored_files.announce(db, [stored.id], alone.clock()))
    alone.clock.advance(days=2)
    engine.write(lambda db: stored_files.claim(db, stored.id, alone.clock()))
    assert engine.write(lambda db: stored_files.doom(db, [stored.id], alone.clock())) == []
    assert len(whole(alone)) == 1
