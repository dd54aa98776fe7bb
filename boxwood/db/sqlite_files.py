"""How SQLite uses its files: the database, its log of writes (`-wal`), and none for what a savepoint needs.

The log goes into the database beside the writer. SQLite's own way is that the writer does it inside a commit, every
1,000 pages: a slice of an import is as many, so it waited for the disk three times, and the pages that every slice
changes went into the database each time.
"""

from __future__ import annotations

import contextlib
import threading

import apsw

PAGES = 4000
"""So many pages more in the log (4 KB each) are worth the way."""
MOST_PAGES = 16_000
"""A log is written from its beginning again once all of it is in the database, which it never is while the writer goes
on: at this length the writer waits for the rest."""


def _keep_savepoints_in_memory() -> None:
    """What a savepoint needs to undo itself goes into memory up to so many bytes, not into a temporary file: SQLite's
    own 64 KB are less than any slice of an import changes. SQLite takes this only while nothing is open."""
    if not apsw.connections():
        apsw.shutdown()
        apsw.config(apsw.SQLITE_CONFIG_STMTJRNL_SPILL, 16_000_000)
        apsw.initialize()


_keep_savepoints_in_memory()


def connect(path: str) -> apsw.Connection:
    connection = apsw.Connection(path, statementcachesize=512)
    connection.set_busy_timeout(10_000)
    # Or a statement that compares with a parameter is planned anew for each value: 75 µs for a page by a field.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA cache_size = -32000")
    connection.execute("PRAGMA mmap_size = 2147418112")  # 2 GB, the most: what is beyond is read at twice the cost
    return connection


class Checkpoints:
    """Copies in a thread of its own. What goes wrong (a full disk) leaves the log as it is: the next one tries again,
    and whoever writes is told of what is wrong by his own commit."""

    def __init__(self, writer: apsw.Connection, own: apsw.Connection) -> None:
        self._writer, self._own = writer, own
        self._pages = 0
        """In the log."""
        self._copied = 0
        """Of them in the database."""
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
        """In the writer's thread, when those who waited for the commit were told."""
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
