"""Connections to PostgreSQL. They take URLs and connection strings in every form of libpq: several hosts,
`target_session_attrs`, service files and the variables `PG…`."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo
from psycopg.types.string import TextLoader

from ..errors import Unavailable

_SECONDS = 10
"""How long one host may take to accept a connection, unless the URL or its service file says otherwise."""


def connect(url: str, **options: Any) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection. Raises Unavailable if the URL has no form that PostgreSQL knows."""
    return psycopg.connect(**_settings(url), **options)


def connect_directly(url: str, *, autocommit: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection that is not of a pooler. Raises Unavailable if it is: programs such as pg_dump change settings
    of their connection, and a pooler would give it to other clients with these settings."""
    connection = connect(url, autocommit=True)
    if is_pooled(connection):
        connection.close()
        raise Unavailable("backups and restores need a connection without the pooler: give --listen-url")
    connection.autocommit = autocommit
    return connection


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Whether a pooler is between: it gives its clients a process number of its own."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row is None or row[0] != connection.info.backend_pid


def read_json_as_text(connection: psycopg.Connection[Any]) -> None:
    for name in ("json", "jsonb"):
        connection.adapters.register_loader(name, TextLoader)


def environment(url: str) -> dict[str, str]:
    """The variables that make a program of PostgreSQL, such as pg_dump, use this URL. In its arguments a password
    would be visible in the list of processes."""
    names = {known.keyword.decode(): known.envvar.decode() for known in Conninfo.get_defaults() if known.envvar}
    return {names[name]: str(value) for name, value in _settings(url).items() if name in names}


def place(connection: psycopg.Connection[Any]) -> str:
    """The server and the database of a connection, as a connection string without a password."""
    info = connection.info
    address = {"hostaddr": info.hostaddr} if info.hostaddr else {}
    return make_conninfo(host=info.host, port=info.port, dbname=info.dbname, **address)


def _settings(url: str) -> dict[str, Any]:
    try:
        settings = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq's own message repeats the URL, and so its password.
        raise Unavailable(
            "the database URL cannot be read: give postgresql://USER:PASSWORD@HOST/DATABASE, or a connection string of "
            "PostgreSQL such as 'service=boxwood'"
        ) from None
    return settings if "service" in settings else {"connect_timeout": _SECONDS, **settings}
