"""Copies a whole database to one file while others write, and restores it from such a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import Unavailable
from .engine import Db
from .schema import PREVIOUS

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
NAMES = {"sqlite": "database.sqlite3", "postgres": "database.dump"}
_PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt", "/usr/local/pgsql")


def kind(database_url: str | None) -> str:
    return "postgres" if database_url else "sqlite"


def save(database_url: str | None, path: str, to: Path, ask: Callable[[Db], T]) -> T:
    """Write a copy to `to`. Returns the result of `ask`, which reads exactly the state that was copied."""
    return _save_postgres(database_url, to, ask) if database_url else _save_sqlite(path, to, ask)


def _save_sqlite(path: str, to: Path, ask: Callable[[Db], T]) -> T:
    """Use SQLite's backup API in one step: in WAL mode it does not block the writer and does not see later commits."""
    import apsw

    from .read_cache import ReadCache
    from .sqlite import SqliteDb

    if not os.path.exists(path):
        raise Unavailable(f"there is no database at {path}: nothing to back up")
    try:
        source = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
        copy = apsw.Connection(str(to))
        try:
            source.set_busy_timeout(10_000)
            with copy.backup("main", source, "main") as backup:
                while not backup.done:
                    backup.step(-1)
            copy.execute("PRAGMA journal_mode = DELETE")
            return ask(SqliteDb(copy, ReadCache()))
        finally:
            copy.close()
            source.close()
    except apsw.Error as error:
        raise Unavailable(f"the database cannot be copied: {error}") from error


def _save_postgres(url: str, to: Path, ask: Callable[[Db], T]) -> T:
    """Use pg_dump, with the same snapshot of the database that `ask` reads."""
    import psycopg

    from . import postgres_connections
    from .postgres import PostgresDb

    with postgres_connections.connect_directly(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        options = [f"--snapshot={row[0]}", "--format=custom", "--no-owner", "--no-acl", f"--file={to}"]
        _program("pg_dump", options, url, connection)
        return ask(PostgresDb(connection, writing=False))


def load(database_url: str | None, path: str, source: Path, finish: Callable[[], None]) -> None:
    """Replace the database by the copy. A SQLite file is moved into place; the caller must save the previous one.

    On PostgreSQL, `finish` changes the new database before the previous one is dropped; if it raises, the previous one
    comes back.
    """
    if database_url:
        _load_postgres(database_url, source, finish)
    else:
        for ending in ("-wal", "-shm"):
            Path(f"{path}{ending}").unlink(missing_ok=True)
        source.replace(path)


def newest_event(database_url: str | None, path: str) -> int:
    """The highest number of an event in the current database. 0 if the database cannot be read."""
    sql = "SELECT COALESCE(MAX(id), 0) FROM events"
    try:
        return int(change(database_url, path, lambda db: (db.row(sql) or [0])[0]))
    except Unavailable:
        return 0


def change(database_url: str | None, path: str, work: Callable[[Db], T]) -> T:
    """Run `work` in a transaction of a database that no server uses. Raises Unavailable."""
    try:
        return _change_postgres(database_url, work) if database_url else _change_sqlite(path, work)
    except Exception as error:
        raise Unavailable(f"the database cannot be used: {error}") from error


def _change_sqlite(path: str, work: Callable[[Db], T]) -> T:
    import apsw

    from .read_cache import ReadCache
    from .sqlite import SqliteDb

    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.execute("BEGIN IMMEDIATE")
        result = work(SqliteDb(connection, ReadCache(), writing=True))
        connection.execute("COMMIT")
        return result
    finally:
        connection.close()


def _change_postgres(url: str, work: Callable[[Db], T]) -> T:
    from . import postgres_connections
    from .postgres import PostgresDb

    with postgres_connections.connect_directly(url) as connection:
        return work(PostgresDb(connection, writing=False))


def check(database_url: str | None, source: Path) -> None:
    """Raise Unavailable if the copy is visibly damaged."""
    if database_url:
        with open(source, "rb") as file:
            if file.read(5) != b"PGDMP":
                raise Unavailable("the backup's database is not a dump of PostgreSQL")
        return
    import apsw

    try:
        connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            result = next(iter(connection.execute("PRAGMA quick_check(1)")))[0]
        finally:
            connection.close()
    except apsw.Error as error:
        raise Unavailable(f"the backup's database cannot be opened: {error}") from error
    if result != "ok":
        raise Unavailable(f"the backup's database is damaged: {result}")


def in_use(database_url: str | None) -> bool:
    """Whether another client is connected to PostgreSQL. False for SQLite, where the data directory has a lock."""
    if not database_url:
        return False
    import psycopg

    from . import postgres_connections

    sql = (  # PostgreSQL's own workers, such as autovacuum, do not count
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    try:
        with postgres_connections.connect_directly(database_url) as connection:
            row = connection.execute(sql).fetchone()
            return bool(row and row[0])
    except psycopg.OperationalError as error:
        raise Unavailable(f"PostgreSQL does not answer: {str(error).strip()}") from error


def _load_postgres(url: str, source: Path, finish: Callable[[], None]) -> None:
    """Load the copy in one transaction, into an empty schema. The previous schema is moved away first and dropped at
    the end: the copy does not list the tables that a newer version created.

    pg_restore sends the statements to the database itself: psql would also run the commands for the shell that a
    crafted copy may hold.
    """
    from . import postgres_connections

    with postgres_connections.connect_directly(url, autocommit=True) as connection:
        _bring_back(connection)  # an earlier restore that was killed
        with connection.transaction():
            connection.execute(f"ALTER SCHEMA public RENAME TO {PREVIOUS}")
            connection.execute("CREATE SCHEMA public")
        try:
            options = ["--no-owner", "--no-acl", "--single-transaction", "--exit-on-error"]
            _program("pg_restore", [*options, str(source)], url, connection)
            finish()
        except BaseException:
            _bring_back(connection)
            raise
        connection.execute(f"DROP SCHEMA {PREVIOUS} CASCADE")


def _bring_back(connection: psycopg.Connection[Any]) -> None:
    """Put the previous tables back, if they are still there."""
    if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [PREVIOUS]).fetchone():
        with connection.transaction():
            connection.execute("DROP SCHEMA IF EXISTS public CASCADE")
            connection.execute(f"ALTER SCHEMA {PREVIOUS} RENAME TO public")


def _program(name: str, arguments: list[str], url: str, connection: psycopg.Connection[Any]) -> None:
    """Run a program of PostgreSQL on the server that `connection` reached: the URL may name several."""
    from . import postgres_connections

    found = find(name, connection.info.server_version // 10_000)
    done = subprocess.run(
        [found, f"--dbname={postgres_connections.place(connection)}", *arguments],
        env={**os.environ, **postgres_connections.environment(url)},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"{name} failed: {done.stderr.decode(errors='replace').strip()[-1000:]}")


def find(name: str, version: int) -> str:
    """The path of a program of PostgreSQL: the one on PATH, or one in the usual folders. Raises Unavailable if none
    has at least the server's major version."""
    found = [Path(place) for place in [shutil.which(name)] if place]
    for place in _PLACES:
        found += Path(place).parent.glob(f"{Path(place).name}*/**/bin/{name}")
    for path in found:
        output = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False).stdout
        digits = "".join(character if character.isdigit() else " " for character in output).split()
        if digits and int(digits[0]) >= version:
            return str(path)
    raise Unavailable(f"{name} of PostgreSQL {version} or later is needed and was not found: install postgresql-client")
