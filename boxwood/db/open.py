"""Opening the database. Only this file chooses between SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from .engine import Engine


def open_engine(
    database_url: str | None, path: str, *, readers: int = 3, checkpoints: bool = True, **postgres: Any
) -> Engine:
    """Open PostgreSQL if a URL is given, otherwise the SQLite file at `path` with this many reader threads. `postgres`
    are options of `Postgres`. Without `checkpoints`, another program copies SQLite's log into the database."""
    if database_url:
        from .postgres import Postgres

        return Postgres(database_url, **postgres)
    from .sqlite import Sqlite

    return Sqlite(path, readers=readers, checkpoints=checkpoints)
