"""Opening the database. Only this file chooses between SQLite and PostgreSQL."""

from __future__ import annotations

from .engine import Engine


def open_engine(database_url: str | None, path: str, *, readers: int = 3) -> Engine:
    """Open PostgreSQL if a URL is given, otherwise the SQLite file at `path` with this many reader threads."""
    if database_url:
        from .postgres import Postgres

        return Postgres(database_url)
    from .sqlite import Sqlite

    return Sqlite(path, readers=readers)
