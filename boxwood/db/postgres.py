"""PostgreSQL: each running request has a thread, and each thread its own connection."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.types.string import TextLoader

from ..errors import Unavailable
from .commit_hooks import CommitHooks
from .engine import Db, Dialect, Row
from .postgres_connections import connect
from .postgres_dialect import PostgresDialect, with_psycopg_names
from .read_cache import SharedCache, keeps_cache, reads_cached_tables

T = TypeVar("T")
log = logging.getLogger("boxwood.db")
THREADS = 16
TRIES = 5
NOTIFY_PAUSE = 0.005
# A connection can break because the database is set back to a point in time. Then the numbers of events must not be
# given again, see core/events.skip_ahead. 1,767,225,600 is 1 January 2026.
_COUNT_BY_TIME = """
    DO $$
    DECLARE by_time BIGINT := (EXTRACT(EPOCH FROM clock_timestamp()) - 1767225600) * 1000;
    BEGIN
        IF to_regclass('events_id_seq') IS NOT NULL AND current_setting('transaction_read_only') = 'off' THEN
            PERFORM setval('events_id_seq', by_time) FROM events_id_seq
            WHERE last_value < by_time AND by_time < 900000000000;
        END IF;
    END $$
"""
_NUMBER = "SELECT number FROM alterations"


class PostgresDb(CommitHooks):
    dialect: Dialect = PostgresDialect()

    def __init__(
        self,
        connection: psycopg.Connection[Row],
        *,
        writing: bool,
        cache: SharedCache | None = None,
        opening: str = "BEGIN",
    ) -> None:
        super().__init__()
        self._opening = opening
        self._connection = connection
        self._cache = cache
        self._known: dict[tuple[str, ...], Any] | None = None
        self._columns: dict[str, list[str]] = {}
        """The columns of tables that this transaction asked for."""
        self._read_uncached = False
        """Whether the current read for the cache used a table that is not in `CACHED_TABLES`."""
        self.begins = writing
        """Whether BEGIN is still to be sent, together with the next statement."""
        self.writing = writing
        self.for_update = " FOR UPDATE" if writing else ""

    def rows(self, sql: str, **params: Any) -> list[Row]:
        return self._execute(sql, params).fetchall()

    def rows_replanned(self, sql: str, **params: Any) -> list[Row]:
        return self._execute(sql, params, prepare=False).fetchall()

    def row(self, sql: str, **params: Any) -> Row | None:
        return self._execute(sql, params).fetchone()

    def run(self, sql: str, **params: Any) -> int:
        return self._execute(sql, params).rowcount

    def many(self, sql: str, params: Iterable[Mapping[str, Any]]) -> None:
        rows = list(params)
        if rows:  # psycopg opens a pipeline also for no rows: 0.7 ms for each box that an undo deletes
            self._before(sql)
            self._connection.cursor().executemany(with_psycopg_names(sql), rows)

    def rows_each(self, sql: str, params: Sequence[Mapping[str, Any]]) -> list[Row]:
        if len(params) < 2:
            return self.rows(sql, **params[0]) if params else []
        self._before(sql)
        cursor = self._connection.cursor()
        cursor.executemany(with_psycopg_names(sql), params, returning=True)
        found = cursor.fetchall()
        while cursor.nextset():
            found += cursor.fetchall()
        return found

    def rows_changed(self, table: str, update: str, select: str, params: Sequence[Mapping[str, Any]]) -> list[Row]:
        return self.rows_each(f"WITH changed AS ({update} RETURNING {table}.*) {select}", params)

    def bulk(self, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        if len(rows) == 1:  # one round trip instead of two
            columns, values = ", ".join(names), ", ".join(f":{name}" for name in names)
            self._execute(f"INSERT INTO {table} ({columns}) VALUES ({values})", dict(zip(names, rows[0], strict=True)))
            return
        self._before(f"INSERT INTO {table}")
        with self._connection.cursor().copy(f"COPY {table} ({', '.join(names)}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)

    def _execute(self, sql: str, params: Mapping[str, Any], *, prepare: bool | None = None) -> psycopg.Cursor[Row]:
        begins, self.begins = self.begins and not params, self.begins and bool(params)
        self._before(sql)
        return (
            self._opened(sql) if begins else self._connection.execute(with_psycopg_names(sql), params, prepare=prepare)
        )

    def _opened(self, sql: str) -> psycopg.Cursor[Row]:
        """Run a statement without parameters, with BEGIN in the same round trip."""
        cursor = self._connection.execute(f"{self._opening}; {sql}".encode(), prepare=False)
        while cursor.nextset():
            pass
        return cursor

    def _begin(self) -> None:
        if self.begins:
            self.begins = False
            self._connection.execute(self._opening.encode(), prepare=False)

    def _before(self, sql: str) -> None:
        self._begin()
        if self._cache is None:
            return
        if not reads_cached_tables(sql):
            self._read_uncached = True
        if not keeps_cache(sql):
            # Other transactions do not see this change yet, so this one stops using the shared cache.
            self._cache = self._known = None

    def remember(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        if self._cache is None:
            return read()
        if self._known is None:
            self._known = self._cache.at(self._number())
        known = self._known
        if key in known:
            return known[key]  # type: ignore[no-any-return]
        before, self._read_uncached = self._read_uncached, False
        found = read()
        if not self._read_uncached and self._cache is not None:
            known[key] = found
        self._read_uncached |= before
        return found

    def _number(self) -> int:
        """The number of the current state of `CACHED_TABLES`."""
        begins, self.begins = self.begins, False
        row = (self._opened(_NUMBER) if begins else self._connection.execute(_NUMBER)).fetchone()
        return int(row[0]) if row else 0

    def texts(self, values: Iterable[str]) -> list[str]:
        return list(values)

    def attempt(self, fn: Callable[[], T]) -> T:
        left = self._begin_savepoint()
        self._begin()
        self._connection.execute("SAVEPOINT attempt")
        try:
            result = fn()
        except BaseException:
            if not self._connection.closed:
                self._connection.execute("ROLLBACK TO attempt")
                self._connection.execute("RELEASE attempt")
            self._end_savepoint(left, with_new=False)
            raise
        self._connection.execute("RELEASE attempt")
        self._end_savepoint(left, with_new=True)
        return result

    def repeatable_read(self) -> None:
        self._cache = self._known = None
        self._begin()
        self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    def index_names(self, table: str) -> set[str]:
        found = self.rows(
            """
            SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = to_regclass(:table) AND i.indisvalid
            """,
            table=table,
        )
        return {name for (name,) in found}

    def column_names(self, table: str) -> list[str]:
        if table not in self._columns:
            self._columns[table] = self._read_column_names(table)
        return self._columns[table]

    def _read_column_names(self, table: str) -> list[str]:
        found = self.rows(
            """
            SELECT attname FROM pg_attribute
            WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
            ORDER BY attnum
            """,
            table=table,
        )
        return [name for (name,) in found]


class Postgres:
    """The engine for PostgreSQL. Each thread opens its own connections."""

    dialect: Dialect = PostgresDialect()
    one_process = False

    def __init__(self, url: str) -> None:
        self._url = url
        self._local = threading.local()
        self._cache = SharedCache()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="db")
        self._open: list[psycopg.Connection[Row]] = []
        self._listeners: dict[str, list[Callable[[list[str]], None]]] = {}
        self._name = os.urandom(8).hex()
        """Sent with each NOTIFY, so that this process can ignore its own."""
        self._notices: set[str] = set()
        self._notices_change = threading.Condition()
        self._threads: dict[str, threading.Thread] = {}
        self._starting = threading.Lock()
        self._closing = threading.Event()

    def connect(self, *, few: bool = False) -> psycopg.Connection[Row]:
        """Open a connection. With `few`, it never scans a whole table: PostgreSQL prefers a scan while it has no
        statistics about a new table, and keeps that plan as long as the statement is prepared."""
        connection = connect(self._url, autocommit=True, prepare_threshold=2)
        try:
            # Requests are short and many, so a request uses a single core and no just-in-time compilation.
            connection.execute("SET max_parallel_workers_per_gather = 0")
            connection.execute("SET jit = off")
            if few:
                connection.execute("SET synchronous_commit = off")
                for plan in ("seqscan", "hashjoin", "mergejoin"):
                    connection.execute(f"SET enable_{plan} = off".encode())
            connection.execute(_COUNT_BY_TIME)
        except BaseException:
            connection.close()
            raise
        for name in ("json", "jsonb"):
            connection.adapters.register_loader(name, TextLoader)
        self._open.append(connection)
        return connection

    def _connection(self, *, few: bool = False) -> psycopg.Connection[Row]:
        """This thread's connection, with or without `few`. Opens it at the first use and after it broke."""
        held: dict[str, psycopg.Connection[Row]] = self._local.__dict__
        connection = held.get(str(few))
        if connection is None or connection.closed:
            if connection in self._open:
                self._open.remove(connection)
            connection = held[str(few)] = self.connect(few=few)
        return connection

    # Reading

    def read(self, fn: Callable[[Db], T]) -> T:
        return self._retry(lambda: fn(PostgresDb(self._connection(), writing=False, cache=self._cache)))

    async def read_soon(self, fn: Callable[[Db], T]) -> T:
        return await asyncio.wrap_future(self._pool.submit(self.read, fn))

    # Writing

    def write(self, fn: Callable[[Db], T]) -> T:
        return self._retry(lambda: self._transact(fn))

    async def write_soon(self, fn: Callable[[Db], T], *, lasting: bool = True, few: bool = False) -> T:
        def write() -> T:
            return self._retry(lambda: self._transact(fn, lasting=lasting, few=few), few=few)

        return await asyncio.wrap_future(self._pool.submit(write))

    async def write_alone_soon(self, fn: Callable[[Db], T]) -> T:
        def write() -> T:
            return self._retry(lambda: fn(PostgresDb(self._connection(few=True), writing=False)), few=True)

        return await asyncio.wrap_future(self._pool.submit(write))

    def _transact(self, fn: Callable[[Db], T], *, lasting: bool = True, few: bool = False) -> T:
        connection = self._connection(few=few)
        other = f"; SET LOCAL synchronous_commit = {'on' if lasting else 'off'}" if lasting == few else ""
        db = PostgresDb(connection, writing=True, cache=self._cache, opening=f"BEGIN{other}")
        try:
            result = fn(db)
            while db.laters:
                laters, db.laters = db.laters, {}
                for work, items in laters.items():
                    work(db, items)
        except BaseException:
            if not db.begins and not connection.closed:
                connection.execute("ROLLBACK")
            raise
        if not db.begins:
            _commit(connection)
        if db.notices:
            self._announce(db.notices)
        return result

    def _retry(self, attempt: Callable[[], T], *, few: bool = False) -> T:
        """Run `attempt` up to `TRIES` times, as long as the database reports that it undid everything. An attempt whose
        COMMIT was sent is never repeated."""
        for left in reversed(range(TRIES)):
            try:
                return attempt()
            except (pg.SerializationFailure, pg.DeadlockDetected, pg.UniqueViolation, pg.ForeignKeyViolation):
                # The last two: another transaction created the same key, or deleted a needed row, at the same moment.
                if not left:
                    raise Unavailable("too many requests changed this at the same time: try again") from None
            except (psycopg.OperationalError, psycopg.InterfaceError, pg.ReadOnlySqlTransaction) as error:
                if isinstance(error, _CommitUnknown):
                    raise Unavailable(
                        "the connection to the database broke during the commit: check whether the change was saved "
                        "before you repeat it"
                    ) from None
                if isinstance(error, (pg.DiskFull, pg.ReadOnlySqlTransaction)):
                    says = f"the database cannot be written: {error}"
                    log.error(says)
                    raise Unavailable(says) from None
                if not left or not _is_disconnected(error, self._local.__dict__.get(str(few))):
                    raise Unavailable("the database cannot be reached: try again") from None
        raise AssertionError("unreachable")

    def make_indexes(self, make: Mapping[str, str], drop: Iterable[str]) -> None:
        """Create them concurrently with writes, outside a transaction. Only one process at a time does so: an index
        that another process is still creating looks like a failed index."""
        with connect(self._url, autocommit=True) as connection:
            held = connection.execute("SELECT pg_try_advisory_lock(hashtext('boxwood indexes'))").fetchone()
            if not held or not held[0]:
                return
            names = connection.execute(
                "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid"
            ).fetchall()
            failed = [name for (name,) in names if name in make]
            for name in [*failed, *drop]:
                connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}".encode())
            for name, what in make.items():
                connection.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {what}".encode())
            if make:
                connection.execute("ANALYZE boxes")

    # Waking

    def listen(self, channel: str, callback: Callable[[list[str]], None]) -> None:
        self._listeners.setdefault(channel, []).append(callback)
        self._start("db-listener", self._listen_on)

    def _start(self, name: str, target: Callable[[], None]) -> None:
        with self._starting:
            if name not in self._threads:
                self._threads[name] = threading.Thread(target=target, name=name, daemon=True)
                self._threads[name].start()

    def _announce(self, notices: dict[str, list[str]]) -> None:
        """Call the listeners of this process at once, and notify other processes a moment later, once for several
        commits. A NOTIFY inside the transactions would make their commits wait for each other."""
        self._call_listeners(notices)
        with self._notices_change:
            self._notices |= notices.keys()
            self._notices_change.notify()
        if "db-herald" not in self._threads:
            self._start("db-herald", self._notify_on)

    def _call_listeners(self, notices: Mapping[str, list[str]]) -> None:
        for channel, keys in notices.items():
            for callback in self._listeners.get(channel, ()):
                callback(keys)

    def _notify_on(self) -> None:
        while not self._closing.is_set():
            try:
                with connect(self._url, autocommit=True) as connection:
                    while not self._closing.is_set():
                        for channel in self._next_notices():
                            connection.execute("SELECT pg_notify(%s, %s)", (f"boxwood_{channel}", self._name))
                        self._closing.wait(NOTIFY_PAUSE)
            except psycopg.Error:
                self._closing.wait(1)

    def _next_notices(self) -> set[str]:
        with self._notices_change:
            self._notices_change.wait_for(lambda: self._notices or self._closing.is_set())
            notices, self._notices = self._notices, set()
            return notices

    def _listen_on(self) -> None:
        while not self._closing.is_set():
            try:
                with connect(self._url, autocommit=True) as connection:
                    listening: set[str] = set()
                    while not self._closing.is_set():
                        for channel in set(self._listeners) - listening:
                            connection.execute(f"LISTEN boxwood_{channel}")
                            listening.add(channel)
                        for notice in connection.notifies(timeout=0.5):
                            if notice.payload != self._name:
                                self._call_listeners({notice.channel.removeprefix("boxwood_"): []})
            except psycopg.Error:
                self._closing.wait(1)

    def empty_log(self) -> None:
        pass

    def close(self) -> None:
        self._closing.set()
        with self._notices_change:
            self._notices_change.notify()
        self._pool.shutdown(wait=True)
        for thread in self._threads.values():
            thread.join()
        for connection in self._open:
            connection.close()


class _CommitUnknown(psycopg.OperationalError):
    """The connection broke during COMMIT. It is unknown whether the transaction was committed."""


def _commit(connection: psycopg.Connection[Row]) -> None:
    try:
        connection.execute("COMMIT")
    except psycopg.OperationalError as error:
        if connection.closed:
            raise _CommitUnknown(str(error)) from error
        raise


def _is_disconnected(error: Exception, connection: psycopg.Connection[Row] | None) -> bool:
    """Whether the connection broke, for example because the server restarted. A new connection may work."""
    return connection is not None and connection.closed
