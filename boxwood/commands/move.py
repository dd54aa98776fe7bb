"""`boxwood move`: moves the database from SQLite to PostgreSQL, or back."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from ..core.history import audit_log
from ..db import moves
from ..db.engine import Db
from ..errors import Unavailable
from .options import add_store, config_of, env

_SQLITE = "sqlite"


def add(commands: Any) -> None:
    move = commands.add_parser("move", help="move the database from SQLite to PostgreSQL, or back")
    add_store(move)
    move.add_argument(
        "--to",
        default=env("MOVE_TO"),
        help="the URL of an empty PostgreSQL database; or `sqlite`, for a file in the data directory",
    )
    move.add_argument("--dry-run", action="store_true", help="copy and compare everything, then undo it")
    move.set_defaults(run=_move)


def _move(options: argparse.Namespace) -> None:
    config = config_of(options)
    if not options.to:
        sys.exit("boxwood: --to is missing: the URL of an empty PostgreSQL database, or `sqlite`")
    if bool(config.database_url) != (options.to == _SQLITE):
        sys.exit(
            "boxwood: give --to postgresql://… to move SQLite, or --database-url and --to sqlite to move PostgreSQL"
        )
    how: dict[str, Any] = {
        "dry_run": options.dry_run,
        "say": _say,
        "check": _check,
        "finish": audit_log.compute_again,
    }
    began = time.monotonic()
    if config.database_url:
        config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        moved = moves.to_sqlite(config.database_url, config.sqlite_path, **how)
    elif not config.data.joinpath("boxwood.sqlite3").exists():
        sys.exit(f"boxwood: {config.sqlite_path} does not exist")
    else:
        moved = moves.to_postgres(config.sqlite_path, options.to, **how)
    took = f"{moved.rows:,} rows of {moved.tables} tables in {time.monotonic() - began:.1f} s"
    if options.dry_run:
        print(f"{took}: copied, found equal, and undone. Nothing was changed")
    else:
        print(f"{took}: moved and found equal. Start Boxwood with the new database; the previous one is read-only")


def _check(db: Db) -> None:
    """The digests of the audit log are computed again in the new database, so they must be right in this one."""
    if wrong := audit_log.verify(db).wrong:
        raise Unavailable(f"the audit log was tampered with: {wrong[0]}. Nothing was moved")


def _say(table: str, rows: int) -> None:
    if rows:
        print(f"{table}: {rows:,}", flush=True)
