"""`boxwood backup`: copies database and files to one file, while the server runs."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from ..jobs import backups
from ..jobs.backups import Source
from ..lib import options as readers
from ..lib.archive import Manifest
from ..lib.clock import now_ms
from .options import add_store, source_of


def add(commands: Any) -> None:
    backup = commands.add_parser("backup", help="copy database and files to one file, while the server runs")
    backup.add_argument("file", type=Path, nargs="?", help="the file to write; it must not exist yet")
    backup.add_argument("--every", type=readers.span, default=0, help="repeatedly, such as 6h; needs --to")
    backup.add_argument("--to", type=Path, help="the directory for backups made with --every")
    backup.add_argument("--keep", type=int, default=28, help="how many of them (28)")
    backup.set_defaults(run=lambda options: _backup(options, source_of(options)))
    add_store(backup)


def _backup(options: argparse.Namespace, source: Source) -> None:
    if bool(options.file) == bool(options.every) or bool(options.every) != bool(options.to) or options.keep < 1:
        sys.exit("boxwood: give either FILE, or --every SPAN with --to DIR; --keep must be 1 or more")
    if options.file:
        _backup_once(source, options.file)
    else:
        _backup_often(source, options.to, options.every, options.keep)


def _backup_once(source: Source, to: Path) -> None:
    if to.exists():
        sys.exit(f"boxwood: {to} already exists: give the name of a new file")
    describe(to, backups.make(source, to.absolute(), now_ms()))


def _backup_often(source: Source, folder: Path, every: int, keep: int) -> None:
    """Write backups until the process is stopped; the first at once if the newest is old enough."""
    while True:
        if file := backups.make_due(source, folder.absolute(), every, keep, now_ms()):
            print(file, flush=True)
        time.sleep(backups.LOOK_EVERY)


def describe(file: Path, manifest: Manifest) -> None:
    """Print a backup's time of creation, version, number of files, and size."""
    about, size = backups.about(manifest), sum(part.size for part in manifest.parts.values())
    created = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(about.created_at / 1000))
    files = len(manifest.parts) - 1
    print(f"{file}: created {created} UTC by Boxwood {about.version}, {files} files, {size:,} bytes")
