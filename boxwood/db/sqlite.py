"""SQLite: a single writer that commits all waiting requests together, and readers that never wait for it.

A commit costs one fdatasync for any number of requests (`synchronous=FULL`). The writer therefore takes all waiting
requests, up to 256, and runs each in a savepoint: a request that fails undoes only its own changes. Measured at 64
connections: 10,100 durable creates/s, compared to 2,800 with one transaction per request. A request that is alone in
its transaction needs no savepoint.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from itertools import chain
from typing import Any, TypeVar

import apsw

from ..errors import Unavailable
from .commit_hooks import CommitHooks
from .engine import Db, Dialect, Row
from .read_cache import ReadCache, ReaderCache, SharedCache
from .sqlite_dialect import SqliteDialect
from .sqlite_files import Checkpoints, connect, keep_temporary_files_beside, refuse_if_moved

T = TypeVar("T")
log = logging.getLogger("boxwood.db")
MAX_BATCH = 256
# The numbers of rows that one INSERT of many rows has. A long statement is a third faster than single rows, and it runs
# without Python's global lock, so other threads run meanwhile; each statement has to wait for that lock again.
ROWS_AT_ONCE = (1000, 500, 250, 100)
MAX_STATEMENT_LENGTH = 15_000
# apsw keeps only statements up to this length prepared.
# Errors that undo the whole transaction, not only the statement. The other requests in it must run again.
_DISK_ERRORS = (
    *(apsw.FullError, apsw.IOError, apsw.NoMemError, apsw.InterruptError, apsw.BusyError),
    *(apsw.ReadOnlyError, apsw.CantOpenError),
)


class SqliteDb(CommitHooks):
    """Statements on one connection."""

    dialect: Dialect = SqliteDialect()
    for_update = ""

    def __init__(self, connection: apsw.Connection, cache: ReadCache, *, writing: bool = False) -> None:
        super().__init__()
        self._connection = connection
        self.cache = cache
        self.writing = writing

    def rows(self, sql: str, **params: Any) -> list[Row]:
        self.cache.before(sql)
        return list(self._connection.execute(sql, params))

    rows_replanned = rows

    def row(self, sql: str, **params: Any) -> Row | None:
        self.cache.before(sql)
        for found in self._connection.execute(sql, params):
            return found  # type: ignore[no-any-return]
        return None

    def run(self, sql: str, **params: Any) -> int:
        self.cache.before(sql)
        self._connection.execute(sql, params)
        return self._connection.changes()

    def many(self, sql: str, params: Iterable[Mapping[str, Any]]) -> None:
        self.cache.before(sql)
        self._connection.executemany(sql, params)

    def rows_each(self, sql: str, params: Sequence[Mapping[str, Any]]) -> list[Row]:
        return [row for each in params for row in self.rows(sql, **each)]

    def rows_changed(self, table: str, update: str, select: str, params: Sequence[Mapping[str, Any]]) -> list[Row]:
        keys = [key for (key,) in self.rows_each(f"{update} RETURNING key", params)]
        changed = f"SELECT * FROM {table} WHERE {self.dialect.among('key', 'changed_keys')}"
        return self.rows(f"WITH changed AS ({changed}) {select}", changed_keys=self.texts(keys)) if keys else []

    def bulk(self, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES "
        row = f"({','.join('?' * len(names))})"
        self.cache.before(sql)
        at = 0
        for count in ROWS_AT_ONCE:
            while count <= len(rows) - at and count * len(row) < MAX_STATEMENT_LENGTH:
                given = tuple(chain.from_iterable(rows[at : at + count]))
                self._connection.execute(sql + ",".join([row] * count), given)
                at += count
        self._connection.executemany(sql + row, rows[at:])

    def remember(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        return self.cache.remember(key, read)

    def texts(self, values: Iterable[str]) -> str:
        return json.dumps(list(values))

    def attempt(self, fn: Callable[[], T]) -> T:
        left = self._begin_savepoint()
        self._connection.execute("SAVEPOINT attempt")
        try:
            result = fn()
        except _DISK_ERRORS:
            raise
        except BaseException:
            self._connection.execute("ROLLBACK TO attempt")
            self._connection.execute("RELEASE attempt")
            self.cache.forget()
            self._end_savepoint(left, with_new=False)
            raise
        self._connection.execute("RELEASE attempt")
        self._end_savepoint(left, with_new=True)
        return result

    def repeatable_read(self) -> None:
        """Does nothing: SQLite has a single writer."""

    def index_names(self, table: str) -> set[str]:
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table", table=table)
        return {name for (name,) in found}

    def column_names(self, table: str) -> list[str]:
        def read() -> list[str]:
            return [name for (name,) in self.rows("SELECT name FROM pragma_table_info(:table)", table=table)]

        return self.cache.remember(("columns", table), read) if self.writing else read()


class _Request:
    """A function that waits to run, and its caller: a thread, or a future of an event loop."""

    __slots__ = ("done", "fn", "lasting", "loop", "outcome", "waiter")

    def __init__(
        self, fn: Callable[[Db], Any], loop: asyncio.AbstractEventLoop | None = None, *, lasting: bool = True
    ) -> None:
        self.fn = fn
        self.lasting = lasting
        self.loop = loop
        self.waiter: asyncio.Future[Any] | None = loop.create_future() if loop else None
        self.done: Future[Any] | None = None if loop else Future()
        self.outcome: tuple[Any, BaseException | None] = (None, None)

    def run(self, db: SqliteDb, *, alone: bool) -> None:
        """Run in a savepoint, so that an error of the function undoes only its own changes. `alone`: without one,
        because the caller undoes the whole transaction."""
        try:
            self.outcome = (self.fn(db) if alone else db.attempt(lambda: self.fn(db)), None)
        except _DISK_ERRORS:
            raise
        except BaseException as error:
            self.outcome = (None, error)

    def settle(self) -> None:
        result, error = self.outcome
        waiting = self.waiter or self.done
        assert waiting is not None
        if waiting.cancelled():
            return
        if error is None:
            waiting.set_result(result)
        else:
            waiting.set_exception(error)


def _settle(requests: list[_Request]) -> None:
    """Give all callers their results. Each event loop is woken once, because waking it costs as much as a small
    request."""
    loops: dict[asyncio.AbstractEventLoop, list[_Request]] = {}
    for request in requests:
        if request.loop is None:
            request.settle()
        else:
            loops.setdefault(request.loop, []).append(request)
    for loop, theirs in loops.items():
        with contextlib.suppress(RuntimeError):  # the loop was closed, so its callers are gone
            loop.call_soon_threadsafe(_settle_here, theirs)


def _settle_here(requests: list[_Request]) -> None:
    for request in requests:
        request.settle()


class Sqlite:
    """The engine for a SQLite file."""

    dialect: Dialect = SqliteDialect()
    one_process = True

    def __init__(self, path: str, *, readers: int = 3, checkpoints: bool = True) -> None:
        self._path = path
        self._lasting = True
        """Whether the writer's commits currently wait for the disk."""
        self._local = threading.local()
        self._cache = SharedCache()
        self._listeners: dict[str, list[Callable[[list[str]], None]]] = {}
        self._writes: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        writer = connect(self._path)
        keep_temporary_files_beside(writer, self._path)
        self._checkpoints = Checkpoints(writer, connect(self._path)) if checkpoints else None
        self._threads = [threading.Thread(target=self._write_on, args=(writer,), name="db-writer", daemon=True)]
        self._threads += [
            threading.Thread(target=self._read_on, name=f"db-reader-{n}", daemon=True) for n in range(readers)
        ]
        for thread in self._threads:
            thread.start()

    # Reading

    def read(self, fn: Callable[[Db], T]) -> T:
        db = getattr(self._local, "db", None)
        if db is None:
            connection = connect(self._path)
            connection.execute("PRAGMA query_only = ON")
            db = self._local.db = SqliteDb(connection, ReaderCache(self._cache))
        connection = db._connection
        if connection.in_transaction:
            return fn(db)
        connection.execute("BEGIN")
        db.cache.begin(connection)
        try:
            return fn(db)
        finally:
            connection.execute("COMMIT")

    async def read_soon(self, fn: Callable[[Db], T]) -> T:
        request = _Request(fn, asyncio.get_running_loop())
        self._reads.put(request)
        assert request.waiter is not None
        return await request.waiter  # type: ignore[no-any-return]

    def _read_on(self) -> None:
        while (request := self._reads.get()) is not None:
            try:
                request.outcome = (self.read(request.fn), None)
            except BaseException as error:
                request.outcome = (None, error)
            _settle([request])
            del request

    # Writing

    def write(self, fn: Callable[[Db], T]) -> T:
        request = _Request(fn)
        self._writes.put(request)
        assert request.done is not None
        return request.done.result()  # type: ignore[no-any-return]

    async def write_soon(self, fn: Callable[[Db], T], *, lasting: bool = True, few: bool = False) -> T:
        request = _Request(fn, asyncio.get_running_loop(), lasting=lasting)
        self._writes.put(request)
        assert request.waiter is not None
        return await request.waiter  # type: ignore[no-any-return]

    async def write_alone_soon(self, fn: Callable[[Db], T]) -> T:
        return await self.write_soon(fn, lasting=False)

    def _write_on(self, connection: apsw.Connection) -> None:
        db = SqliteDb(connection, ReadCache(), writing=True)
        more = True
        while more:
            batch, more = self._waiting()
            if batch:
                self._commit(db, batch)
            del batch

    def _waiting(self) -> tuple[list[_Request], bool]:
        """The waiting requests, at least one, and whether the writer goes on after them."""
        batch = []
        request = self._writes.get()
        while request is not None:
            batch.append(request)
            if len(batch) == MAX_BATCH or self._writes.empty():
                return batch, True
            request = self._writes.get()
        return batch, False

    def _commit(self, db: SqliteDb, batch: list[_Request]) -> None:
        try:
            self._transact(db, batch)
        except BaseException as error:
            if db._connection.in_transaction:
                db._connection.execute("ROLLBACK")
            db.cache.forget()
            if len(batch) > 1:
                # One request broke the transaction of all. No caller has a result yet, so each runs alone.
                for request in batch:
                    self._commit(db, [request])
                return
            batch[0].outcome = (None, _as_unavailable(error))
        _settle(batch)
        for channel, keys in db.notices.items():
            for callback in self._listeners.get(channel, ()):
                callback(keys)
        if self._checkpoints:
            self._checkpoints.after_commit()

    def _transact(self, db: SqliteDb, batch: list[_Request]) -> None:
        db.laters, db.notices = {}, {}
        # A commit that waits for the disk also writes all earlier commits to the disk.
        lasting = any(request.lasting for request in batch)
        if lasting != self._lasting:
            db._connection.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            self._lasting = lasting
        refuse_if_moved(self._path)
        db._connection.execute("BEGIN IMMEDIATE")
        refuse_if_moved(self._path)  # the transaction may have waited until the move was done
        db.cache.begin(db._connection)
        for request in batch:
            request.run(db, alone=len(batch) == 1)
        if len(batch) == 1 and batch[0].outcome[1] is not None:
            # Without a savepoint SQLite keeps no second copy of what a large request changes.
            db.laters, db.notices = {}, {}
            db._connection.execute("ROLLBACK")
            db.cache.forget()
            return
        while db.laters:
            laters, db.laters = db.laters, {}
            for work, items in laters.items():
                work(db, items)
        db.cache.commit(db._connection)

    def make_indexes(self, make: Mapping[str, str], drop: Iterable[str]) -> None:
        """Each index has its own transaction, so that a write waits for only one of them."""
        for name in drop:
            self.write(lambda db, name=name: db.run(f"DROP INDEX IF EXISTS {name}"))  # type: ignore[misc]
        for name, what in make.items():
            sql = f"CREATE INDEX IF NOT EXISTS {name} ON {what}"
            self.write(lambda db, sql=sql: db.run(sql))  # type: ignore[misc]

    def listen(self, channel: str, callback: Callable[[list[str]], None]) -> None:
        self._listeners.setdefault(channel, []).append(callback)

    def empty_log(self) -> None:
        connection = connect(self._path)
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            connection.close()

    def close(self) -> None:
        """Finish all waiting requests, then stop."""
        self._writes.put(None)
        for _ in self._threads[1:]:
            self._reads.put(None)
        for thread in self._threads:
            thread.join()
        if self._checkpoints:
            self._checkpoints.close()


def _as_unavailable(error: BaseException) -> BaseException:
    """Log an error of the disk, for the operator, and return it as Unavailable. Other errors are returned as they
    are."""
    if not isinstance(error, (apsw.FullError, apsw.IOError, apsw.BusyError, apsw.ReadOnlyError, apsw.CantOpenError)):
        return error
    says = f"the database cannot be written: {error}"
    if isinstance(error, apsw.FullError):
        says = "the disk is full: nothing was saved"
    log.error(says)
    return Unavailable(says)
