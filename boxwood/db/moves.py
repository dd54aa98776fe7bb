"""Moves a whole database from SQLite to PostgreSQL, or back.

All rows are read in one transaction and written in another. Whatever fails, the target is as it was before. While rows
are copied a digest of each table is taken, and compared with that of the rows that the target holds afterwards. No
server writes to the source meanwhile, nor after it: its changes would not be in the new database.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
import msgspec

from ..errors import Unavailable
from . import schema
from .engine import Db
from .read_cache import ReadCache
from .sqlite import SqliteDb
from .sqlite_files import mark_of_move

if TYPE_CHECKING:
    import psycopg

ONLY_SQLITE = {"search_words", "search_near"}
"""Indexes of SQLite that are tables. They are made again from `search_entries`."""
ONLY_POSTGRES = {"alterations"}
"""Counts changes for the caches of PostgreSQL's processes."""
_OURS = {schema.APPLIED, "_yoyo_log", "_yoyo_version", "yoyo_lock"}
_EMPTIED = {"search_waiting"}
"""Entries that are not in SQLite's index yet. PostgreSQL's index has all entries, and a new one of SQLite too."""
_BATCH = 1000
Say = Callable[[str, int], None]
Work = Callable[[Db], None]


class Moved(NamedTuple):
    rows: int
    tables: int


class Column(NamedTuple):
    name: str
    kind: str
    """The type in PostgreSQL."""


def to_postgres(path: str, url: str, *, dry_run: bool, say: Say, check: Work, finish: Work) -> Moved:
    """Copy the SQLite file at `path` into an empty database of PostgreSQL. A dry run does the same and undoes it.
    `check` looks at the source first, and `finish` changes the target last."""
    import psycopg

    from . import postgres_connections
    from .postgres import PostgresDb

    if waiting := schema.waiting(None, path):
        raise Unavailable(f"{path} lacks {len(waiting)} migrations: run `boxwood migrate` first")
    with (
        contextlib.nullcontext() if dry_run else _stopped(path) as last,
        _sqlite(path, writing=not dry_run) as source,
        postgres_connections.connect(url, prepare_threshold=None) as target,
    ):
        postgres_connections.read_json_as_text(target)
        check(SqliteDb(source, ReadCache()))
        schema.bring_up_to_date(target)
        if target.execute("SELECT 1 FROM users LIMIT 1").fetchone():
            raise Unavailable("the database at --to holds data already: give an empty one")
        tables = _tables(source, target)
        with _unbound(target, tables):
            rows = 0
            for table, columns in tables.items():
                target.execute(f"DELETE FROM {table}".encode())
                if table in _EMPTIED:
                    continue
                try:
                    rows += _copy_to_postgres(source, target, table, columns, say)
                except (psycopg.DataError, psycopg.IntegrityError, UnicodeError) as error:
                    raise Unavailable(f"a row of {table} cannot be stored in PostgreSQL: {error}") from error
        _set_sequences(target, tables)
        target.execute("UPDATE alterations SET number = number + 1")
        finish(PostgresDb(target, writing=False))
        if dry_run:
            target.rollback()
        else:
            assert last is not None
            last("to PostgreSQL")  # before the commit: were this process killed between, both could be written
            target.commit()
    return Moved(rows, len(tables))


def to_sqlite(url: str, path: str, *, dry_run: bool, say: Say, check: Work, finish: Work) -> Moved:
    """Copy a database of PostgreSQL into a new SQLite file at `path`. A dry run deletes the file at the end."""
    from . import postgres_connections
    from .postgres import PostgresDb

    if waiting := schema.waiting(url, ""):
        raise Unavailable(f"the database lacks {len(waiting)} migrations: run `boxwood migrate` first")
    if os.path.exists(path) and not os.path.exists(mark_of_move(path)):
        raise Unavailable(f"{path} exists: move it away first")
    new = f"{path}.new"
    _delete(new)
    schema.migrate(None, new)
    try:
        with (
            contextlib.nullcontext() if dry_run else _read_only(url) as last,
            postgres_connections.connect(url, prepare_threshold=None) as source,
            _sqlite(new, writing=True) as target,
        ):
            source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            postgres_connections.read_json_as_text(source)
            check(PostgresDb(source, writing=False))
            tables = _tables(target, source)
            triggers = target.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                target.execute(f"DROP TRIGGER {name}")
            rows = 0
            for table, columns in tables.items():
                target.execute(f"DELETE FROM {table}")
                if table not in _EMPTIED:
                    rows += _copy_to_sqlite(source, target, table, columns, say)
            for _, sql in triggers:
                target.execute(str(sql))
            for index in ONLY_SQLITE:
                target.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
            if broken := target.execute("PRAGMA foreign_key_check").fetchall():
                raise Unavailable(f"{len(broken)} rows refer to missing rows, the first in {broken[0][0]}")
            finish(SqliteDb(target, ReadCache()))
            target.execute("COMMIT")
            if not dry_run:
                assert last is not None
                last()
        if not dry_run:
            _move_away(path)
            os.replace(new, path)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(mark_of_move(path))
    finally:
        _delete(new)
    return Moved(rows, len(tables))


def _move_away(path: str) -> None:
    """Keep the database that was moved to PostgreSQL earlier. Its log must not be read as that of the new file."""
    stamp = time.strftime("%Y%m%dT%H%M%S")
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.rename(path + ending, f"{path}.before-{stamp}{ending}")


def _delete(path: str) -> None:
    for ending in ("", "-wal", "-shm", "-journal", ".lock"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + ending)


# Stopping writers


@contextlib.contextmanager
def _stopped(path: str) -> Iterator[Callable[[str], None]]:
    """Let no server write to the SQLite file, see `sqlite_files.refuse_if_moved`. The yielded function makes that last;
    without it, writers go on afterwards, also if this process is killed."""
    mark, lasts = mark_of_move(path), False
    with open(mark, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable("another process is moving this database") from None
        file.seek(0)
        if said := file.read():
            raise Unavailable(f"this database was moved already ({said.strip()}). To move it again, delete {mark}")

        def finish(said: str) -> None:
            nonlocal lasts
            file.write(f"{said}, {time.strftime('%Y-%m-%d %H:%M')}\n")
            file.flush()
            os.fsync(file.fileno())
            lasts = True

        try:
            yield finish
        except BaseException:
            lasts = False
            raise
        finally:
            if not lasts:
                os.unlink(mark)


@contextlib.contextmanager
def _read_only(url: str) -> Iterator[Callable[[], None]]:
    """Make the database of PostgreSQL read-only for all new connections, and end those that exist. The yielded function
    makes that last."""
    from . import postgres_connections

    lasts = False

    def finish() -> None:
        nonlocal lasts
        lasts = True

    with postgres_connections.connect(url, autocommit=True, prepare_threshold=None) as connection:
        name = '"' + str(connection.info.dbname).replace('"', '""') + '"'
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        try:
            # A client that is connecting at this moment may not be listed the first time.
            for _ in range(2):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
                time.sleep(0.2)
            yield finish
        finally:
            if not lasts:
                connection.execute("SET default_transaction_read_only = off")
                connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())


@contextlib.contextmanager
def _sqlite(path: str, *, writing: bool) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(path)
    try:
        connection.set_busy_timeout(60_000)
        connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        yield connection
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    finally:
        connection.close()


# Tables


def _tables(sqlite: apsw.Connection, postgres: psycopg.Connection[Any]) -> dict[str, list[Column]]:
    """The tables and columns that both databases have. Raises Unavailable if one of them has others: their rows would
    be lost."""
    names = {
        name
        for name, virtual in sqlite.execute(
            "SELECT name, sql LIKE 'CREATE VIRTUAL%' FROM sqlite_master WHERE type = 'table'"
        )
        if not name.startswith(("sqlite_", *(f"{index}_" for index in ONLY_SQLITE)))
        and not (virtual and name in ONLY_SQLITE)
    } - _OURS
    found = postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
    theirs = {name for (name,) in found} - _OURS - ONLY_POSTGRES
    _compare("table", names, theirs)
    return {name: _columns(sqlite, postgres, name) for name in sorted(names)}


def _columns(sqlite: apsw.Connection, postgres: psycopg.Connection[Any], table: str) -> list[Column]:
    found = postgres.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
        "AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [table],
    ).fetchall()
    names = {row[1] for row in sqlite.execute(f"PRAGMA table_info({table})")}
    _compare(f"column of {table}", names, {name for name, _ in found})
    return [Column(name, kind) for name, kind in found]


def _compare(what: str, ours: set[str], theirs: set[str]) -> None:
    if unknown := sorted(ours ^ theirs):
        raise Unavailable(f"only one of the databases has the {what} {unknown[0]}: rename it away or remove it first")


@contextlib.contextmanager
def _unbound(target: psycopg.Connection[Any], tables: Iterable[str]) -> Iterator[None]:
    """Fill the tables in any order and without their triggers. At the end all references are checked."""
    bounds = target.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
    ).fetchall()
    for table, name, _ in bounds:
        target.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'.encode())
    for table in tables:
        target.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
    yield
    import psycopg

    try:
        for table, name, definition in bounds:
            target.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'.encode())
    except psycopg.IntegrityError as error:
        raise Unavailable(f"rows refer to missing rows: {error}") from error
    for table in tables:
        target.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())


def _set_sequences(target: psycopg.Connection[Any], tables: Iterable[str]) -> None:
    for table in tables:
        found = target.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attidentity <> ''", [table]
        ).fetchall()
        for (column,) in found:
            target.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), "
                f"GREATEST((SELECT MAX({column}) FROM {table}), 1))".encode()
            )


# Rows


def _copy_to_postgres(
    source: apsw.Connection, target: psycopg.Connection[Any], table: str, columns: Sequence[Column], say: Say
) -> int:
    names = ", ".join(column.name for column in columns)
    flags = [number for number, column in enumerate(columns) if column.kind == "boolean"]
    digest = Digest(columns)
    with target.cursor().copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy:
        for row in source.execute(f"SELECT {names} FROM {table}"):
            values = list(row)
            for number in flags:
                values[number] = None if values[number] is None else bool(values[number])
            digest.add(values)
            copy.write_row(values)
    _compare_rows(table, digest, _postgres_rows(target, table, columns))
    say(table, digest.rows)
    return digest.rows


def _copy_to_sqlite(
    source: psycopg.Connection[Any], target: apsw.Connection, table: str, columns: Sequence[Column], say: Say
) -> int:
    names = ", ".join(column.name for column in columns)
    sql = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
    txid = next((number for number, column in enumerate(columns) if column.name == "txid"), None)
    texts = [number for number, column in enumerate(columns) if column.kind == "jsonb"]
    digest = Digest(columns)
    batch: list[list[Any]] = []
    for row in _postgres_rows(source, table, columns):
        values = list(row)
        if txid is not None:
            values[txid] = 0  # numbers of transactions mean nothing in another database
        digest.add(values)
        for number in texts:
            values[number] = _compact(values[number])
        batch.append(values)
        if len(batch) == _BATCH:
            target.executemany(sql, batch)
            batch.clear()
    target.executemany(sql, batch)
    _compare_rows(table, digest, target.execute(f"SELECT {names} FROM {table}"))
    say(table, digest.rows)
    return digest.rows


def _postgres_rows(
    connection: psycopg.Connection[Any], table: str, columns: Sequence[Column]
) -> Iterator[tuple[Any, ...]]:
    selected = ", ".join(name for name, _ in columns)
    with connection.cursor("move") as cursor:
        cursor.itersize = _BATCH
        yield from cursor.execute(f"SELECT {selected} FROM {table}".encode())


def _compact(text: str | None) -> str | None:
    """JSON as Boxwood writes it into SQLite."""
    return None if text is None else msgspec.json.encode(_decode(text)).decode()


def _number(text: str) -> Any:
    """The same value for 1.0, 1 and 1e0: PostgreSQL writes them in another way than SQLite."""
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() and abs(value) < 10**18 else float(value)


_decode = msgspec.json.Decoder(float_hook=_number).decode
_canonical = msgspec.json.Encoder(order="sorted").encode
_encode = msgspec.json.Encoder().encode


class Digest:
    """A sum of the digests of rows: equal for equal rows in any order, on either database."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._jsons = [number for number, column in enumerate(columns) if column.kind == "jsonb"]
        self._flags = [number for number, column in enumerate(columns) if column.kind == "boolean"]
        self._floats = [number for number, column in enumerate(columns) if column.kind == "double precision"]
        self.rows = 0
        self.sum = 0

    def add(self, row: Sequence[Any]) -> None:
        values = list(row)
        for number in self._jsons:
            if values[number] is not None:
                values[number] = _canonical(_decode(values[number])).decode()
        for number in self._flags:
            if values[number] is not None:
                values[number] = bool(values[number])
        for number in self._floats:
            if values[number] is not None:
                values[number] = float(values[number])
        digest = hashlib.blake2b(_encode(values), digest_size=16).digest()
        self.sum = (self.sum + int.from_bytes(digest, "big")) % 2**128
        self.rows += 1


def _compare_rows(table: str, wanted: Digest, rows: Iterable[Sequence[Any]]) -> None:
    held = Digest(())
    held.__dict__.update(wanted.__dict__, rows=0, sum=0)
    for row in rows:
        held.add(row)
    if (held.rows, held.sum) != (wanted.rows, wanted.sum):
        raise Unavailable(f"{table} is not the same after the move: nothing was moved")
