"""Opening the database: the only place that chooses one."""

from __future__ import annotations

from .engine import Engine


def open_engine(database_url: str | None, path: str, *, readers: int = 3) -> Engine:
    """PostgreSQL where a URL is given, otherwise the SQLite file at `path`."""
    if database_url:
        from .postgres import Postgres

        return Postgres(database_url)
    from .sqlite import Sqlite

    return Sqlite(path, readers=readers)
