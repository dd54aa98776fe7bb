"""Backups: created while the server runs, restored over a damaged data directory."""

import os
import shlex
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from boxwood.core import stored_files
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from boxwood.jobs import backups
from boxwood.lib import archive
from boxwood.lib.blobs import Disk
from tests.conftest import Server, Store, World, ok
from tests.processes import Process, command, run, store_options

pytestmark = pytest.mark.slow  # every test starts the command, and some tests start a server
ROOT = Path(__file__).parent.parent.parent


def a_used_store(store: Store) -> None:
    """A database with boxes, files, tasks, comments and contacts, some of them in the trash."""
    server = Server(store.config()).start()
    world = World(server)
    pipeline = world.pipeline()
    for number in range(3):
        key = world.box(pipeline, name=f"Acme {number}")["key"]
        ok(world.ada.http.post(f"/api/v2/boxes/{key}/tasks", json={"text": "call"}))
        ok(world.ada.http.post(f"/api/v2/boxes/{key}/files?fileName=a", content=os.urandom(300_000)))
    ok(world.ada.http.delete(f"/api/v1/boxes/{key}"))
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "Konrad"}))
    world.close()
    server.stop()


def contents(store: Store) -> dict[str, Any]:
    """Return every row of every table and the bytes of every file. A restore only adds the event that it happened."""
    engine = open_engine(store.url, store.config().sqlite_path, readers=1)
    try:
        rows, stored = engine.read(_rows), engine.read(stored_files.held)
    finally:
        engine.close()
    disk = Disk(store.data / "files")
    held = {blob: b"".join(disk.read(blob)) for blob in stored}
    rows["events"] = [row for row in rows["events"] if "server.started" not in row]
    return {**rows, "bytes": held}


def _rows(db: Db) -> dict[str, Any]:
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    }
    names = [row[0] for row in db.rows(sql[db.dialect.name]) if not row[0].startswith(("_yoyo", "search_", "yoyo"))]
    return {name: sorted(db.rows(f"SELECT * FROM {name}"), key=repr) for name in sorted(names)}


def source(store: Store) -> backups.Source:
    config = store.config()
    return backups.Source(store.url, config.sqlite_path, store.data, Disk(store.data / "files"), True)


@pytest.fixture
def used(fresh_store: Store) -> Store:
    a_used_store(fresh_store)
    return fresh_store


def ruin(store: Store) -> None:
    """Damage the data directory as a failing disk would."""
    shutil.rmtree(store.data / "files", ignore_errors=True)
    if store.url:
        engine = open_engine(store.url, "", readers=1)
        engine.write(lambda db: db.run("DELETE FROM events"))
        engine.write(lambda db: db.run("DROP TABLE comments CASCADE"))
        engine.write(lambda db: db.run("CREATE TABLE left_over (key TEXT)"))
        engine.close()
    else:
        path = Path(store.config().sqlite_path)
        path.write_bytes(path.read_bytes()[:4096] + os.urandom(50_000))


def test_restoring_a_backup_repairs_a_ruined_data_directory(used: Store, tmp_path: Path) -> None:
    before, file = contents(used), tmp_path / "b.tar"
    output = run("backup", str(file), *store_options(used)).stdout
    assert "3 files" in output
    assert file.stat().st_mode & 0o077 == 0
    ruin(used)
    run("restore", str(file), *store_options(used))
    assert contents(used) == before
    (old,) = used.data.glob("replaced-*")
    assert used.url or (old / "boxwood.sqlite3").exists()
    process = Process(used)
    process.stop()


def test_a_backup_restores_into_an_empty_directory(used: Store, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    before, file = contents(used), tmp_path / "b.tar"
    run("backup", str(file), *store_options(used))
    url = request.getfixturevalue("cluster").create_database() if used.url else None
    empty = Store(used.name, tmp_path / "empty", url)
    run("restore", str(file), *store_options(empty))
    assert contents(empty) == before


def test_a_backup_during_writes_holds_one_consistent_state(fresh_store: Store, tmp_path: Path) -> None:
    """In every backup each box has its event and the bytes of its file, even if the server is killed afterwards."""
    server = Server(fresh_store.config()).start()
    world = World(server)
    pipeline = world.pipeline()
    written = threading.Event()
    stop = threading.Event()

    def write_on() -> None:
        with world.client(world.ada.key) as http:
            while not stop.is_set():
                box = ok(http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "x"}))["key"]
                ok(http.post(f"/api/v2/boxes/{box}/files?fileName=a", content=os.urandom(1000)))
                written.set()

    writers = [threading.Thread(target=write_on) for _ in range(4)]
    for writer in writers:
        writer.start()
    assert written.wait(20)
    files = [tmp_path / f"{number}.tar" for number in range(2)]
    for file in files:
        backups.make(source(fresh_store), file, 0)
    stop.set()
    for writer in writers:
        writer.join()
    world.close()
    server.stop()
    counts = []
    for file in files:
        ruin(fresh_store)
        backups.restore(source(fresh_store), file, len(counts) * 1000)
        held = contents(fresh_store)
        created_rows = {row for row in held["events"] if "box.created" in row}
        assert len(created_rows) == len(held["boxes"])
        assert len(held["bytes"]) >= len(held["files"])
        counts.append(len(held["boxes"]))
    assert 0 < counts[0] < counts[1]


def test_a_damaged_backup_is_refused_and_changes_nothing(used: Store, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    backups.make(source(used), file, 0)
    whole, before = file.read_bytes(), contents(used)
    middle = len(whole) // 2
    damaged = {
        "damaged": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "is incomplete|is not whole": whole[: len(whole) * 2 // 3],
        "is not a backup": b"hello" * 1000,
    }
    for says, content in damaged.items():
        file.write_bytes(content)
        done = run("restore", str(file), *store_options(used), check=False)
        assert done.returncode == 1
        assert any(part in done.stderr for part in says.split("|")), done.stderr
        assert "Traceback" not in done.stderr
    assert contents(used) == before
    assert not list(used.data.glob("replaced-*"))


def test_a_full_disk_stops_backup_and_restore_without_data_loss(used: Store, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    backups.make(source(used), file, 0)
    before = contents(used)

    def limited(*arguments: str) -> subprocess.CompletedProcess[str]:
        """Simulate a disk that takes no file larger than 200 KB."""
        shell = f"ulimit -f 200; exec {shlex.join(command(*arguments))}"
        return subprocess.run(["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)

    options = store_options(used)
    for arguments in (("backup", str(tmp_path / "more.tar"), *options), ("restore", str(file), *options)):
        done = limited(*arguments)
        assert done.returncode == 1
        assert "boxwood:" in done.stderr
        assert "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "more.tar").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".backup", "more"))] == []
    assert not list(used.data.glob(".restore-*"))
    assert contents(used) == before


def test_a_restore_is_refused_while_the_server_runs(used: Store, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    backups.make(source(used), file, 0)
    process = Process(used)
    done = run("restore", str(file), *store_options(used), check=False)
    process.stop()
    assert done.returncode == 1
    assert "stop it before" in done.stderr
    run("restore", str(file), *store_options(used))


def test_a_backup_of_the_other_database_is_refused(used: Store, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    other = "sqlite" if used.url else "postgres"
    archive.write(file, [], {"format": 1, "version": "0", "database": other, "madeAt": 0})
    assert other in run("restore", str(file), *store_options(used), check=False).stderr
    archive.write(file, [], {"format": 2, "version": "9", "database": used.name, "madeAt": 0})
    assert "later version" in run("restore", str(file), *store_options(used), check=False).stderr


def test_due_backups_are_created_once_and_the_oldest_are_deleted(used: Store, tmp_path: Path) -> None:
    hour = 3_600_000
    start = 1_790_000_000_000
    created = []
    for number in range(4):
        now = start + number * 6 * hour
        created.append(backups.make_due(source(used), tmp_path / "kept", 6 * hour, 3, now))
        assert backups.make_due(source(used), tmp_path / "kept", 6 * hour, 3, now + hour) is None
    assert backups.existing(tmp_path / "kept") == created[1:]
    assert backups.newest_at(tmp_path / "kept") == start + 18 * hour


def test_the_server_creates_scheduled_backups(fresh_store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    process = Process(fresh_store, "--backup-every", "6h", "--backup-to", str(folder))
    waiting = threading.Event()
    for _ in range(200):
        if backups.existing(folder):
            break
        waiting.wait(0.05)
    process.stop()
    (files,) = backups.existing(folder)
    assert backups.read_manifest(files).about["database"] == fresh_store.name


def test_a_database_of_a_later_version_is_refused_with_a_message(fresh_store: Store) -> None:
    sql = "INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('x', '9999-from-the-future')"
    engine = open_engine(fresh_store.url, fresh_store.config().sqlite_path, readers=1)
    engine.write(lambda db: db.run(sql))
    engine.close()
    done = run("migrate", *store_options(fresh_store), check=False)
    assert done.returncode == 1
    assert "later version of Boxwood (9999-from-the-future" in done.stderr
    assert "Traceback" not in done.stderr
