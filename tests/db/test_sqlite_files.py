"""SQLite's write-ahead log is copied into the database while writers go on, and does not grow for ever."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from boxwood.db import sqlite_files
from boxwood.db.engine import Db
from boxwood.db.sqlite import Sqlite
from tests.jobs.webhooks import eventually

PAGE = 4096
SLICE = 100


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Sqlite]:
    engine = Sqlite(str(tmp_path / "things.sqlite3"), readers=1)
    engine.write(lambda db: db.run("CREATE TABLE things (key INTEGER PRIMARY KEY, body BLOB)"))
    yield engine
    engine.close()


def put(engine: Sqlite) -> None:
    rows = [(bytes(PAGE),)] * SLICE
    engine.write(lambda db: db.bulk("things", ("body",), rows))


def size(engine: Sqlite, ending: str = "") -> int:
    return os.stat(engine._path + ending).st_size


def test_the_log_goes_into_the_database_though_nobody_writes_any_more(engine: Sqlite) -> None:
    while size(engine, "-wal") < (sqlite_files.PAGES + SLICE) * PAGE:
        put(engine)
    eventually(lambda: size(engine) > 0.9 * sqlite_files.PAGES * PAGE)


def test_the_log_begins_again_while_a_writer_goes_on(engine: Sqlite) -> None:
    """The test writes three times the maximum length of the log."""
    for _ in range(3 * sqlite_files.MOST_PAGES // SLICE):
        put(engine)
    assert size(engine, "-wal") < 1.1 * sqlite_files.MOST_PAGES * PAGE
    assert engine.read(lambda db: db.row("SELECT COUNT(*) FROM things")) == (3 * sqlite_files.MOST_PAGES,)


def test_the_log_begins_again_when_a_long_read_has_ended(engine: Sqlite) -> None:
    reader = apsw.Connection(engine._path)
    reader.execute("BEGIN")
    assert list(reader.execute("SELECT COUNT(*) FROM things")) == [(0,)]
    while size(engine, "-wal") < 1.1 * sqlite_files.MOST_PAGES * PAGE:
        put(engine)
    assert list(reader.execute("SELECT COUNT(*) FROM things")) == [(0,)]
    reader.execute("COMMIT")
    reader.close()
    grown = size(engine, "-wal")
    for _ in range(sqlite_files.MOST_PAGES // SLICE // 2):
        put(engine)
    assert size(engine, "-wal") <= grown + 3 * SLICE * PAGE


def test_a_large_change_in_a_savepoint_is_saved_or_undone(engine: Sqlite) -> None:
    """40 MB, in a savepoint of the request and one inside it, as when several requests are in one transaction."""
    engine.write(lambda db: db.bulk("things", ("body",), [(bytes(PAGE),)] * 10_000))

    def change(db: Db, last: int) -> None:
        db.attempt(lambda: db.attempt(lambda: db.run("UPDATE things SET body = zeroblob(:size)", size=PAGE - last)))
        if last == 2:
            raise ValueError

    def both(db: Db) -> None:
        db.attempt(lambda: change(db, 1))
        with contextlib.suppress(ValueError):
            db.attempt(lambda: change(db, 2))

    engine.write(both)
    sizes = engine.read(lambda db: db.row("SELECT COUNT(*), MIN(LENGTH(body)), MAX(LENGTH(body)) FROM things"))
    assert sizes == (10_000, PAGE - 1, PAGE - 1)


def test_temporary_files_are_in_the_folder_of_the_database(tmp_path: Path) -> None:
    engine = Sqlite(str(tmp_path / "it's.sqlite3"), readers=1)
    assert engine.read(lambda db: db.row("PRAGMA temp_store_directory")) == (str(tmp_path),)
    engine.close()


TEMPORARY = """
import os, sys
from boxwood.db.sqlite import Sqlite

def change(db):
    db.run("UPDATE things SET body = 'y'")
    for name in os.listdir("/proc/self/fd"):
        if os.path.islink(f"/proc/self/fd/{name}") and "deleted" in os.readlink(f"/proc/self/fd/{name}"):
            print("a temporary file")
    raise ValueError

engine = Sqlite(sys.argv[1], readers=1)
engine.write(lambda db: db.run("CREATE TABLE things (key INTEGER PRIMARY KEY, body TEXT)"))
engine.write(lambda db: db.bulk("things", ("body",), [("x" * 500,)] * 10_000))
try:
    engine.write(change)
except ValueError:
    print(*engine.read(lambda db: db.row("SELECT COUNT(*), MAX(body) = MIN(body), MIN(body) < 'y' FROM things")))
engine.close()
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at the open files of a process, on Linux")
def test_a_slice_is_undone_without_a_temporary_file(tmp_path: Path) -> None:
    """5 MB of pages. In a savepoint SQLite would write them to a temporary file that has already been deleted."""
    command = [sys.executable, "-c", TEMPORARY, str(tmp_path / "things.sqlite3")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["10000", "1", "1"]
