"""`boxwood mail reread`: reads the original bytes of stored mail again with today's reader."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ..core import stored_files
from ..core.activity.mail import readings as mail_readings
from ..core.activity.mail import rereading
from ..core.activity.mail.readings import Left, Reading, Stored
from ..db import schema
from ..db.engine import Engine
from ..db.open import open_engine
from ..errors import Problem
from ..lib.blobs import Blobs, StoreFailed, new_id
from ..lib.clock import now_ms
from ..lib.mail import VERSION
from .options import add_store, config_of, open_store, prepare

IN_TRASH = "the trash holds it: restore it or empty the trash, then run the command again"
MEANWHILE = "it changed in the meantime: run the command again"
_KINDS = {
    "subject": "subject",
    **dict.fromkeys((*mail_readings.PEOPLE, "bcc"), "people"),
    **dict.fromkeys(("text", "truncated"), "text"),
    "html": "HTML",
    "sent_at": "date",
    **dict.fromkeys(("message_id", "mail_references", "automatic", "list_id"), "other headers"),
}


def add(commands: Any) -> None:
    mail = commands.add_parser("mail", help="stored mail").add_subparsers(required=True, metavar="COMMAND")
    reread = mail.add_parser("reread", help="read stored mail again, after the reader of mail has improved")
    reread.add_argument("--all", action="store_true", help="also mail that was read by today's reader")
    reread.add_argument("--dry-run", action="store_true", help="only say what would change")
    add_store(reread)
    reread.set_defaults(run=_reread)


def _reread(options: argparse.Namespace) -> None:
    from ..app import open_store as open_files

    config = config_of(options)
    if options.dry_run:
        if schema.waiting(config.database_url, config.sqlite_path):
            raise Problem("the database is of an earlier version: run `boxwood migrate`, or start the server")
        engine = open_engine(config.database_url, config.sqlite_path, readers=1, **config.postgres)
    else:
        prepare(config)
        engine = open_store(config)
    try:
        for line in reread(engine, open_files(config), everything=options.all, dry_run=options.dry_run):
            print(line, flush=True)
    finally:
        engine.close()


def reread(
    engine: Engine,
    files: Blobs,
    *,
    everything: bool = False,
    dry_run: bool = False,
    clock: Callable[[], int] = now_ms,
) -> Iterable[str]:
    """Read mail again, a slice at a time. Yields a line for each mail that stays as it is although it should be read,
    and lines with the numbers at the end. No line says anything of a mail but its key."""
    counted: Counter[str] = Counter()
    after = ""
    while found := engine.read(partial(rereading.next_slice, after=after, everything=everything)):
        after = found[-1].record.key
        trashed = engine.read(partial(rereading.trashed_among, keys=[stored.record.key for stored in found]))
        left = dict.fromkeys(sorted(trashed), IN_TRASH)
        readings = []
        for stored in found:
            if stored.record.key in left:
                continue
            try:
                readings.append(_read(engine, files, stored, dry_run=dry_run, now=clock()))
            except Left as why:
                left[stored.record.key] = str(why)
        if readings and not dry_run:
            changed = engine.write(partial(rereading.save, readings=readings, now=clock()))
            left |= dict.fromkeys(changed, MEANWHILE)
        counted["looked"] += len(found)
        counted["left"] += len(left)
        for reading in readings:
            if reading.record.key not in left:
                counted.update(_changes(reading))
        yield from (f"mail {key} stays as it is: {why}" for key, why in left.items())
    yield from _summary(counted, engine.read(rereading.without_original), dry_run=dry_run)


def _read(engine: Engine, files: Blobs, stored: Stored, *, dry_run: bool, now: int) -> Reading:
    """The reading of a mail, with its added files in the store. Raises Left."""
    reading = mail_readings.read(stored, files.read, new_id)
    if reading.contents and not dry_run:
        engine.write(lambda db: stored_files.announce(db, list(reading.contents), now))
        try:
            for blob, content in reading.contents.items():
                files.write([content], blob)
        except StoreFailed as error:
            raise Left(f"its files cannot be stored: {error}") from None
    return reading.without_contents()


def _changes(reading: Reading) -> Counter[str]:
    """What of a mail changes, each counted once."""
    found = Counter({kind: 1 for member, kind in _KINDS.items() if member in reading.changed})
    found["changed" if reading.changed else "same"] += 1
    found["added"] += len(reading.added)
    found["corrected"] += len(reading.renamed)
    return found


def _summary(counted: Counter[str], without_original: int, *, dry_run: bool) -> list[str]:
    would = "would be" if dry_run else "were"
    kinds = [f"{kind} {counted[kind]:,}" for kind in dict.fromkeys(_KINDS.values()) if counted[kind]]
    lines = [
        f"{counted['looked']:,} mails to read again with reader {VERSION}: {counted['changed']:,} {would} changed, "
        f"{counted['same']:,} {'would stay' if dry_run else 'stayed'} the same, {counted['left']:,} were left",
    ]
    if kinds:
        lines.append(f"changed: {', '.join(kinds)}")
    if counted["added"] or counted["corrected"]:
        more = f"{counted['corrected']:,} {would} given another name or type"
        lines.append(f"files: {counted['added']:,} {would} added, {more}")
    if without_original:
        lines.append(f"{without_original:,} mails have no original bytes, because version 0.1 stored none")
    return lines
