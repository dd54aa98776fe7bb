"""Tables in and out from the command line, while the server runs or not."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ..core import listeners, pipelines, stored_files
from ..core.context import Ctx
from ..core.import_export import import_queue, imports, row_reader
from ..core.import_export.exports import FORMS, JSON, Export
from ..core.import_export.imports import Import
from ..core.people import users
from ..core.records import USERS
from ..db import schema
from ..db.engine import Db, Engine
from ..db.open import open_engine
from ..errors import NotFound
from ..jobs.backups import Source
from ..jobs.imports import work
from ..lib import tables
from ..lib.blobs import new_id
from ..lib.clock import now_ms

WIDTH = 30


def add_commands(
    commands: Any,
    add_store: Callable[[argparse.ArgumentParser], None],
    source: Callable[[argparse.Namespace], Source],
) -> None:
    taking = commands.add_parser("import", help="make boxes of a CSV or JSON-lines file")
    taking.add_argument("pipeline", help="its key or its name")
    taking.add_argument("file", type=Path)
    taking.add_argument("--mapping", default="{}", help='where columns go: \'{"Company": "name", "Remarks": null}\'')
    taking.add_argument("--match", help="change the box with the same name (or value of this field's key)")
    taking.add_argument("--make", default="", help=f"what may be made: {','.join(row_reader.MAKES)}")
    taking.add_argument("--dates", choices=row_reader.ORDERS, default="", help="how 1/2/2026 is meant")
    taking.add_argument("--dry-run", action="store_true", help="check and count, and write nothing")
    taking.set_defaults(run=lambda options: _import(options, source(options)))
    giving = commands.add_parser("export", help="write a pipeline's boxes to a file")
    giving.add_argument("pipeline", help="its key or its name")
    giving.add_argument("file", type=Path, nargs="?", help="where to; without it they are printed")
    giving.add_argument(
        "--format", choices=[one for one in FORMS if one != JSON], help="told by the file's name, or csv"
    )
    giving.add_argument("--fields", default="", help="the columns, with commas; all unless given")
    giving.set_defaults(run=lambda options: _export(options, source(options)))
    for parser in (taking, giving):
        parser.add_argument("--as", dest="email", help="who does it; the pipeline's maker unless given")
        add_store(parser)


def _opened(source: Source) -> Engine:
    listeners.connect()
    schema.migrate(source.database_url, source.sqlite_path)
    return open_engine(source.database_url, source.sqlite_path)


def _acting(db: Db, named: str, email: str | None) -> tuple[Ctx, str]:
    """Who acts, and the key of the pipeline that is named."""
    sql = "SELECT key, creator_key FROM pipelines WHERE key = :named OR name = :named ORDER BY key"
    found = db.rows(sql, named=named)
    if len(found) > 1:
        sys.exit(
            f"boxwood: several pipelines are named {named!r}: give the key, one of {', '.join(k for k, _ in found)}"
        )
    user = users.by_email(db, email) if email else None
    if email and user is None:
        sys.exit(f"boxwood: nobody here has the address {email}")
    if not found:
        raise NotFound(named)
    if user is None:
        row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=found[0][1])
        assert row is not None
        user = USERS.load(row)
    ctx = Ctx(db, now_ms(), user)
    return ctx, pipelines.get(ctx, found[0][0]).key


# Importing


def _import(options: argparse.Namespace, source: Source) -> None:
    try:
        mapping = msgspec.json.decode(options.mapping, type=dict[str, str | None])
    except msgspec.DecodeError:
        sys.exit("boxwood: --mapping is a JSON object of columns and where they go")
    wanted = {"mapping": mapping, "match": options.match, "make": options.make.split(","), "dates": options.dates}
    wanted["make"] = [word for word in wanted["make"] if word]
    if unknown := [word for word in wanted["make"] if word not in row_reader.MAKES]:
        sys.exit(f"boxwood: --make knows no {unknown[0]!r}; one is of {', '.join(row_reader.MAKES)}")
    engine = _opened(source)
    try:
        ended = asyncio.run(_through(engine, source, options, wanted))
        _tell(engine, options, ended)
    finally:
        engine.close()


async def _through(engine: Engine, source: Source, options: argparse.Namespace, wanted: Mapping[str, Any]) -> Import:
    one = await asyncio.to_thread(_begin, engine, source, options, wanted)
    loop, stop = asyncio.get_running_loop(), threading.Event()
    working = asyncio.create_task(asyncio.to_thread(work, engine, source.store, now_ms, one, stop, loop))
    try:
        while not working.done():
            await asyncio.wait([working], timeout=0.2)
            one = await engine.read_soon(partial(import_queue.find, key=one.key))
            _show(one)
    finally:
        stop.set()
        await asyncio.wait([working])
    return one


def _begin(engine: Engine, source: Source, options: argparse.Namespace, wanted: Mapping[str, Any]) -> Import:
    """Stored, written down, and taken by this process before a server sees it."""
    blob = new_id()
    engine.write(lambda db: stored_files.announce(db, [blob], now_ms()))
    with options.file.open("rb") as file:
        head = file.read(tables.HEAD)
        file.seek(0)
        stored = source.store.write(iter(lambda: file.read(1_000_000), b""), blob)

    def make(db: Db) -> Import:
        ctx, key = _acting(db, options.pipeline, options.email)
        plan, _ = imports.plan(ctx, key, head, wanted)
        made = imports.create(ctx, key, plan, blob, stored.size, dry_run=options.dry_run)
        return import_queue.take_created(db, made, os.urandom(8).hex(), now_ms())

    return engine.write(make)


def _show(one: Import) -> None:
    if not sys.stderr.isatty():
        return
    share = 1.0 if one.state == "done" else min(one.bytes_done / one.size, 1) if one.size else 0
    bar = "█" * int(share * WIDTH)
    print(f"\r{bar:<{WIDTH}} {share:4.0%} {one.rows_done:,} rows", end="", file=sys.stderr, flush=True)


def _tell(engine: Engine, options: argparse.Namespace, one: Import) -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)
    would = "would be " if one.dry_run else ""
    print(f"{one.state}: {one.created:,} {would}created, {one.updated:,} {would}changed, {one.refused:,} refused")

    def refused(db: Db) -> list[row_reader.RejectedRow]:
        return imports.rejected_rows(_acting(db, options.pipeline, options.email)[0], one.key, after=0, limit=20)

    for row in engine.read(refused):
        where = f", {row.column}" if row.column else ""
        print(f"row {row.number}{where}: {row.reason}")
    if one.refused > 20:
        print(f"… and {one.refused - 20:,} more: GET /api/v2/imports/{one.key}/refused")
    if one.error:
        sys.exit(f"boxwood: {one.error}")


# Exporting


def _export(options: argparse.Namespace, source: Source) -> None:
    form = options.format or ("jsonl" if options.file and options.file.suffix == ".jsonl" else "csv")
    engine = _opened(source)
    try:
        if options.file is None:
            _write(engine, options, form, sys.stdout.buffer)
        else:
            with options.file.open("xb") as file:
                _write(engine, options, form, file)
    except FileExistsError:
        sys.exit(f"boxwood: {options.file} is there already")
    finally:
        engine.close()


def _write(engine: Engine, options: argparse.Namespace, form: str, out: BinaryIO) -> None:
    shown = [one.strip() for one in options.fields.split(",") if one.strip()]

    def begin(db: Db) -> Export:
        ctx, key = _acting(db, options.pipeline, options.email)
        return Export(ctx, key, form=form, shown=shown)

    made = engine.read(begin)
    out.write(made.head(b""))
    while not made.done:
        out.write(engine.read(lambda db: made.slice(_acting(db, options.pipeline, options.email)[0])))
    out.write(made.tail())
    out.flush()
