"""`boxwood restore`: replaces the database and files by those of a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..jobs import backups
from ..jobs.backups import Source
from ..lib.clock import now_ms
from .backup import describe
from .options import add_store, source_of


def add(commands: Any) -> None:
    restore = commands.add_parser("restore", help="replace all data by a backup; stop the server first")
    restore.add_argument("file", type=Path)
    restore.set_defaults(run=lambda options: _restore(source_of(options), options.file))
    add_store(restore)


def _restore(source: Source, given: Path) -> None:
    manifest = backups.restore(source, given.absolute(), now_ms())
    describe(given, manifest)
