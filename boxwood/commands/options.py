"""The options that several commands share, which may also come from the environment, and opening the database."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..config import Config, only_in_environment
from ..core import events, listeners
from ..db import schema
from ..db.engine import Db, Engine
from ..db.open import open_engine
from ..jobs.backups import Source
from ..lib import options as readers
from ..lib.clock import now_ms


def env(name: str, default: Any = None) -> Any:
    """The option's environment variable, such as BOXWOOD_PORT for `--port`."""
    return os.environ.get(f"BOXWOOD_{name}", default)


def env_flag(name: str) -> bool:
    return str(env(name, "")).lower() in ("1", "true", "yes", "on")


def add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path(env("DATA", "data")), help="data directory (./data)")
    parser.add_argument("--database-url", default=env("DATABASE_URL"), help="postgresql://… instead of SQLite")
    parser.add_argument(
        "--pooled",
        action=argparse.BooleanOptionalAction,
        default=env_flag("POOLED") if env("POOLED") else None,
        help="whether a pooler such as pgbouncer in transaction mode is between (found out)",
    )
    parser.add_argument(
        "--listen-url", default=env("LISTEN_URL"), help="the URL of the same database without the pooler (none)"
    )


def add_address(parser: argparse.ArgumentParser) -> None:
    """The options of the server's address. Webhooks must not call that address, so workers need it too."""
    parser.add_argument("--host", default=env("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(env("PORT", "8080")))
    parser.add_argument("--allow-private-webhooks", action="store_true", default=env_flag("ALLOW_PRIVATE_WEBHOOKS"))
    parser.add_argument(
        "--mail-servers",
        type=readers.servers,
        default=env("MAIL_SERVERS", ""),
        help="your own mail servers with private addresses, such as mail.internal:143,mail.internal:587",
    )
    parser.add_argument(
        "--mail-listen",
        type=readers.mail_listener,
        default=env("MAIL_LISTEN", ""),
        help="where your mail server delivers mail of dropboxes and mailboxes, such as lmtp://127.0.0.1:2424 (nowhere)",
    )
    parser.add_argument(
        "--mail-senders",
        type=readers.networks,
        default=env("MAIL_SENDERS", ""),
        help="addresses or networks of the mail servers that may deliver, separated by commas (this machine)",
    )
    parser.add_argument("--tls-cert", default=env("TLS_CERT"))
    parser.add_argument("--tls-key", default=env("TLS_KEY"))
    parser.add_argument("--log-level", default=env("LOG_LEVEL", "info"), choices=("debug", "info", "warning", "error"))


def add_connections(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--connections",
        type=int,
        default=int(env("CONNECTIONS", "20")),
        help="connections of each process to PostgreSQL, at most; 3 more are for its own use (20)",
    )


def store_settings(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that `add_store` added, as those of `Config`."""
    names = ("database_url", "pooled", "listen_url")
    return {"data": options.data.absolute(), **{name: getattr(options, name) for name in names}}


def config_of(options: argparse.Namespace) -> Config:
    """The settings of a command that opens the database but is not a server."""
    return Config(**store_settings(options), **only_in_environment(os.environ))


def source_of(options: argparse.Namespace) -> Source:
    """The database and files that a backup, import or export reads and writes."""
    from ..app import backup_source, open_store

    config = config_of(options)
    return backup_source(config, open_store(config))


def prepare(config: Config) -> list[str]:
    """Create the data directory, readable by its owner only, and migrate the schema. Returns the applied migrations."""
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return schema.migrate(config.database_url, config.sqlite_path)


def open_store(config: Config) -> Engine:
    """Open the database to change it, with numbers of events that were never given."""
    listeners.connect()
    engine = open_engine(config.database_url, config.sqlite_path, readers=1, **config.postgres)
    engine.write(lambda db: events.skip_ahead(db, now_ms()))
    return engine


def in_store(options: argparse.Namespace, work: Callable[[Db], Any]) -> Any:
    """Run `work` in a transaction of the database that the options name. Returns its result."""
    config = Config(**store_settings(options))
    prepare(config)
    engine = open_store(config)
    try:
        return engine.write(work)
    finally:
        engine.close()
