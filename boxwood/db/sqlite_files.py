"""The files of SQLite: the database and its write-ahead log (`-wal`).

A thread copies the log into the database while the writer goes on. By default SQLite makes the writer do that inside
a commit, every 1,000 pages. A slice of an import is about 1,000 pages, so each slice waited for the disk three times
and copied the pages that every slice changes again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading

import apsw

from ..errors import Unavailable

PAGES = 4000
"""The log is copied when it has this many new pages (4 KB each)."""
MOST_PAGES = 16_000
"""At this length the writer copies the log itself. The log starts again at its beginning only when all of it is in the
database, which never happens while the writer goes on."""


def connect(path: str) -> apsw.Connection:
    connection = apsw.Connection(path, statementcachesize=512)
    connection.set_busy_timeout(10_000)
    # Without this, SQLite plans a statement again for each value of a compared parameter: 75 µs for a page of boxes
    # filtered by a field.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA cache_size = -32000")
    connection.execute("PRAGMA mmap_size = 2147418112")  # 2 GB, the maximum; reading beyond it costs twice as much
    return connection


def keep_temporary_files_beside(connection: apsw.Connection, path: str) -> None:
    """Put SQLite's temporary files into the folder of the database, for all connections of this process. They hold what
    a large savepoint undoes and the sorting of a large index. SQLite's own choice, /var/tmp or /tmp, may be small, kept
    in memory, or not writable."""
    folder = os.path.dirname(os.path.abspath(path)).replace("'", "''")
    with contextlib.suppress(apsw.SQLError):  # the disk is read-only
        connection.execute(f"PRAGMA temp_store_directory = '{folder}'")


def mark_of_move(path: str) -> str:
    """The file that says that the database is being moved to PostgreSQL, or was. See `db/moves`."""
    return f"{path}.moved"


def refuse_if_moved(path: str) -> None:
    """Raise Unavailable while the database is moved, and after that: a change would not be in the new database."""
    mark = mark_of_move(path)
    if not os.path.exists(mark):
        return
    with contextlib.suppress(FileNotFoundError), open(mark, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable("the database is being moved to PostgreSQL: try again in a moment") from None
        if said := file.read():
            raise Unavailable(
                f"this database was moved ({said.strip()}): start with --database-url. To use it again, delete {mark}"
            )
        os.unlink(mark)  # the move was killed


class Checkpoints:
    """Copies the log into the database in its own thread. After an error (a full disk) the log stays as it is and the
    next copy tries again. Requests see such an error in their own commit."""

    def __init__(self, writer: apsw.Connection, own: apsw.Connection) -> None:
        self._writer, self._own = writer, own
        self._pages = 0
        """The number of pages in the log."""
        self._copied = 0
        """How many of them are already in the database."""
        self._copying = threading.Lock()
        self._woken = threading.Event()
        self._ends = False
        writer.set_wal_hook(self._committed)
        self._thread = threading.Thread(target=self._work, name="db-checkpoints", daemon=True)
        self._thread.start()

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        if pages < self._pages:
            self._copied = 0
        self._pages = pages
        return apsw.SQLITE_OK

    def after_commit(self) -> None:
        """Called in the writer's thread, after the requests of the commit have their results."""
        if self._pages >= MOST_PAGES and self._copied < self._pages:
            self._copy(self._writer)
        elif self._pages - self._copied >= PAGES:
            self._woken.set()

    def _work(self) -> None:
        while not self._ends:
            self._woken.wait()
            self._woken.clear()
            if not self._ends:
                self._copy(self._own)

    def _copy(self, connection: apsw.Connection) -> None:
        with self._copying, contextlib.suppress(apsw.Error):
            pages, copied = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._copied = copied if pages <= self._pages else 0  # the writer began the log again meanwhile

    def close(self) -> None:
        self._ends = True
        self._woken.set()
        self._thread.join()
        self._own.close()
