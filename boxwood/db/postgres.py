"""PostgreSQL: each running request has a thread, and each thread its own connection.

A pooler of connections, such as pgbouncer, may give each transaction another connection. Behind one, the settings of a
connection are set in each transaction, no statement is prepared, and other processes are noticed by polling, or over a
URL without the pooler.
"""

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

from ..errors import Unavailable
from .commit_hooks import CommitHooks
from .engine import Db, Dialect, Row
from .postgres_connections import connect, is_pooled, read_json_as_text
from .postgres_dialect import PostgresDialect, with_psycopg_names
from .read_cache import SharedCache, keeps_cache, reads_cached_tables

T = TypeVar("T")
log = logging.getLogger("boxwood.db")
CONNECTIONS = 20
"""The connections of a process for its requests and jobs, unless the operator says otherwise."""
MORE_CONNECTIONS = 3
"""Beside them: one to listen, one to notify, and one that creates indexes."""
TRIES = 5
NOTIFY_PAUSE = 0.005
POLL_EVERY = 0.5
"""Seconds between looks for changes of other processes, if the connection cannot listen."""
# Requests are short and many, so a request uses a single core and no just-in-time compilation.
_SETTINGS = ("max_parallel_workers_per_gather = 0", "jit = off")
_FEW = tuple(f"enable_{plan} = off" for plan in ("seqscan", "hashjoin", "mergejoin"))
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
        opened: Callable[[psycopg.Connection[Row], Row], None] | None = None,
    ) -> None:
        super().__init__()
        self._opening = opening
        self._on_open = opened
        """Called with the row that `opening` returned."""
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
        if self._on_open:
            self.begins = True
            self._begin()
            return self._connection.execute(sql.encode(), prepare=False)
        cursor = self._connection.execute(f"{self._opening}; {sql}".encode(), prepare=False)
        while cursor.nextset():
            pass
        return cursor

    def _begin(self) -> None:
        if self.begins:
            self.begins = False
            cursor = self._connection.execute(self._opening.encode(), prepare=False)
            if self._on_open:
                while cursor.nextset():
                    pass
                row = cursor.fetchone()
                assert row is not None
                self._on_open(self._connection, row)

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
        if self.begins:
            self._opening = self._opening.replace("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ", 1)
            self._begin()
        else:
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
    """The engine for PostgreSQL. Each thread opens its own connections, at most `connections` together.

    `pooled` says whether a pooler is between; None finds out. `listen_url` leads past the pooler.
    """

    dialect: Dialect = PostgresDialect()
    one_process = False

    def __init__(
        self, url: str, *, connections: int = CONNECTIONS, pooled: bool | None = None, listen_url: str | None = None
    ) -> None:
        self._url = url
        self._listen_url = listen_url
        self._pooled = pooled
        self._started = ""
        """When the server behind the pooler was started."""
        self._local = threading.local()
        self._cache = SharedCache()
        few = max(1, connections // 5)
        self._pool = ThreadPoolExecutor(connections - few, thread_name_prefix="db", initializer=self._mark)
        self._few = ThreadPoolExecutor(few, thread_name_prefix="db-few")
        """Threads for the work on a few rows, whose connections have other settings."""
        self._open: list[psycopg.Connection[Row]] = []
        self._listeners: dict[str, list[Callable[[list[str]], None]]] = {}
        self._name = os.urandom(8).hex()
        """Sent with each NOTIFY, so that this process can ignore its own."""
        self._notices: set[str] = set()
        self._notices_change = threading.Condition()
        self._threads: dict[str, threading.Thread] = {}
        self._starting = threading.Lock()
        self._closing = threading.Event()

    @property
    def pooled(self) -> bool:
        """Whether a pooler is between this process and the server."""
        if self._pooled is None:
            with connect(self._url, autocommit=True, prepare_threshold=None) as connection:
                self._pooled = is_pooled(connection)
        return self._pooled

    def connect(self, *, few: bool = False) -> psycopg.Connection[Row]:
        """Open a connection. With `few`, it never scans a whole table: PostgreSQL prefers a scan while it has no
        statistics about a new table, and keeps that plan as long as the statement is prepared."""
        connection = connect(self._url, autocommit=True, prepare_threshold=None)
        try:
            if self._pooled is None:
                self._pooled = is_pooled(connection)
            if not self._pooled:
                connection.prepare_threshold = 2
                for setting in (*_SETTINGS, *(("synchronous_commit = off", *_FEW) if few else ())):
                    connection.execute(f"SET {setting}".encode())
                connection.execute(_COUNT_BY_TIME)
        except BaseException:
            connection.close()
            raise
        read_json_as_text(connection)
        self._open.append(connection)
        return connection

    def _connection(self, *, few: bool = False) -> psycopg.Connection[Row]:
        """This thread's connection. Opens it at the first use and after it broke. A thread asks with `few` always or
        never."""
        held: dict[str, psycopg.Connection[Row]] = self._local.__dict__
        connection = held.get("connection")
        if connection is None or connection.closed:
            if connection in self._open:
                self._open.remove(connection)
            connection = held["connection"] = self.connect(few=few)
        return connection

    def _mark(self) -> None:
        self._local.is_ours = True

    def _here(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread of the pool, unless the calling thread is one: only those have connections."""
        if getattr(self._local, "is_ours", False):
            return work()
        return self._pool.submit(work).result()

    # Reading

    def read(self, fn: Callable[[Db], T]) -> T:
        return self._here(lambda: self._read(fn))

    async def read_soon(self, fn: Callable[[Db], T]) -> T:
        return await asyncio.wrap_future(self._pool.submit(self._read, fn))

    def _read(self, fn: Callable[[Db], T]) -> T:
        return self._retry(lambda: fn(PostgresDb(self._connection(), writing=False, cache=self._cache)))

    # Writing

    def write(self, fn: Callable[[Db], T]) -> T:
        return self._here(lambda: self._retry(lambda: self._transact(fn)))

    async def write_soon(self, fn: Callable[[Db], T], *, lasting: bool = True, few: bool = False) -> T:
        def write() -> T:
            return self._retry(lambda: self._transact(fn, lasting=lasting, few=few))

        return await asyncio.wrap_future((self._few if few else self._pool).submit(write))

    async def write_alone_soon(self, fn: Callable[[Db], T]) -> T:
        def write() -> T:
            connection = self._connection(few=True)
            if self.pooled:
                return self._transact(fn, lasting=False, few=True)
            return fn(PostgresDb(connection, writing=False))

        return await asyncio.wrap_future(self._few.submit(lambda: self._retry(write)))

    def _transact(self, fn: Callable[[Db], T], *, lasting: bool = True, few: bool = False) -> T:
        connection = self._connection(few=few)
        opened = None
        if self.pooled:
            settings = [*_SETTINGS, *(_FEW if few else ()), *(() if lasting else ("synchronous_commit = off",))]
            sets = "".join(f"SET LOCAL {setting}; " for setting in settings)
            opening, opened = f"BEGIN; {sets}SELECT pg_postmaster_start_time()::text", self._on_open
        else:
            other = f"; SET LOCAL synchronous_commit = {'on' if lasting else 'off'}" if lasting == few else ""
            opening = f"BEGIN{other}"
        db = PostgresDb(connection, writing=True, cache=self._cache, opening=opening, opened=opened)
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

    def _on_open(self, connection: psycopg.Connection[Row], row: Row) -> None:
        """Behind a pooler no connection breaks when the server is started again or another takes its place."""
        if row[0] != self._started:
            connection.execute(_COUNT_BY_TIME)
            self._started = row[0]

    def _retry(self, attempt: Callable[[], T]) -> T:
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
                if not left or not _is_disconnected(error, self._local.__dict__.get("connection")):
                    raise Unavailable("the database cannot be reached: try again") from None
        raise AssertionError("unreachable")

    def make_indexes(self, make: Mapping[str, str], drop: Iterable[str]) -> None:
        """Create them concurrently with writes, outside a transaction. Only one process at a time does so: an index
        that another process is still creating looks like a failed index."""
        turn = connect(self._url, prepare_threshold=None)
        connection = connect(self._url, autocommit=True, prepare_threshold=None)
        try:
            # The lock belongs to a transaction that stays open: behind a pooler, only that keeps its connection.
            held = turn.execute("SELECT pg_try_advisory_xact_lock(hashtext('boxwood indexes'))").fetchone()
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
        finally:
            connection.close()
            turn.close()

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
                with connect(self._url, autocommit=True, prepare_threshold=None) as connection:
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
                if self.pooled and not self._listen_url:
                    self._poll()
                    continue
                with connect(self._listen_url or self._url, autocommit=True) as connection:
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

    def _poll(self) -> None:
        """Call all listeners, as if another process had notified them."""
        self._closing.wait(POLL_EVERY)
        self._call_listeners({channel: [] for channel in list(self._listeners)})

    def empty_log(self) -> None:
        pass

    def close(self) -> None:
        self._closing.set()
        with self._notices_change:
            self._notices_change.notify()
        self._pool.shutdown(wait=True)
        self._few.shutdown(wait=True)
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
