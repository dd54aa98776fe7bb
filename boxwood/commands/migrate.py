"""`boxwood migrate`: brings the schema of the database up to date."""

from __future__ import annotations

import argparse
from typing import Any

from ..config import Config
from .options import add_store, prepare, store_settings


def add(commands: Any) -> None:
    migrate = commands.add_parser("migrate", help="bring the database up to date")
    add_store(migrate)
    migrate.set_defaults(run=_migrate)


def _migrate(options: argparse.Namespace) -> None:
    applied = prepare(Config(**store_settings(options)))
    print("\n".join(applied) if applied else "the database is up to date")
