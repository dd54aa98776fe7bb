"""`boxwood import` and `boxwood export`: tables and whole teams in and out, whether or not the server is running."""

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

from ..core import events, listeners, pipelines, stored_files
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
from ..lib import dates, tables
from ..lib.blobs import new_id
from ..lib.clock import now_ms
from . import team_archives

WIDTH = 30


def add_commands(
    commands: Any,
    add_store: Callable[[argparse.ArgumentParser], None],
    source: Callable[[argparse.Namespace], Source],
) -> None:
    taking = commands.add_parser("import", help="create boxes from a CSV, JSON or spreadsheet file, or a whole team")
    taking.add_argument("pipeline", nargs="?", help="its key or its name; with --team, the file")
    taking.add_argument("file", type=Path, nargs="?")
    taking.add_argument("--team", help="the name of the team to create from an archive")
    taking.add_argument("--mapping", default="{}", help='where columns go: \'{"Company": "name", "Remarks": null}\'')
    taking.add_argument("--match", help="update the box with the same name, or value of the field with this key")
    taking.add_argument("--make", default="", help=f"what may be created if missing: {','.join(row_reader.MAKES)}")
    taking.add_argument("--dates", choices=dates.ORDERS, default="", help="the order in dates")
    taking.add_argument("--encoding", default="", help="of CSV, such as windows-1252; detected if omitted")
    taking.add_argument("--delimiter", default="", help="of CSV: a character, or tab; detected if omitted")
    taking.add_argument("--sheet", default="", help="of a spreadsheet: its name; by default the first sheet")
    taking.add_argument("--dry-run", action="store_true", help="check and count the rows, and write nothing")
    taking.set_defaults(run=lambda options: _import(options, source(options)))
    giving = commands.add_parser("export", help="write a pipeline's boxes, or a whole team, to a file")
    giving.add_argument("pipeline", nargs="?", help="its key or its name; with --team, the file")
    giving.add_argument("file", type=Path, nargs="?", help="the file to write; without it, the boxes are printed")
    giving.add_argument(
        "--format", choices=[form for form in FORMS if form != JSON], help="by default from the file's name, else csv"
    )
    giving.add_argument("--team", help="the key or the name of a team, to write an archive of all of it")
    giving.add_argument("--fields", default="", help="the columns, separated by commas; by default all")
    giving.set_defaults(run=lambda options: _export(options, source(options)))
    for parser in (taking, giving):
        parser.add_argument(
            "--as",
            dest="email",
            help="the acting user's e-mail address; by default the pipeline's creator, or the first user",
        )
        add_store(parser)


def _open(source: Source) -> Engine:
    listeners.connect()
    schema.migrate(source.database_url, source.sqlite_path)
    engine = open_engine(source.database_url, source.sqlite_path)
    engine.write(lambda db: events.skip_ahead(db, now_ms()))
    return engine


def _with_team(
    options: argparse.Namespace, source: Source, work: Callable[[Engine, Source, argparse.Namespace], None]
) -> None:
    engine = _open(source)
    try:
        work(engine, source, options)
    finally:
        engine.close()


def _acting(db: Db, named: str, email: str | None) -> tuple[Ctx, str]:
    """The context of the acting user, and the key of the pipeline with this key or name."""
    sql = "SELECT key, creator_key FROM pipelines WHERE key = :named OR name = :named ORDER BY key"
    found = db.rows(sql, named=named)
    if len(found) > 1:
        sys.exit(
            f"boxwood: several pipelines are named {named!r}: give the key, one of {', '.join(k for k, _ in found)}"
        )
    user = users.by_email(db, email) if email else None
    if email and user is None:
        sys.exit(f"boxwood: there is no user with the address {email}")
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
    if options.team is not None:
        _with_team(options, source, team_archives.bring)
        return
    if options.pipeline is None or options.file is None:
        sys.exit("boxwood: give a pipeline and a file, or --team and a file")
    try:
        mapping = msgspec.json.decode(options.mapping, type=dict[str, str | None])
    except msgspec.DecodeError:
        sys.exit("boxwood: --mapping must be a JSON object of columns and where they go")
    wanted = {"mapping": mapping, "match": options.match, "make": options.make.split(","), "dates": options.dates}
    wanted["make"] = [word for word in wanted["make"] if word]
    if unknown := [word for word in wanted["make"] if word not in row_reader.MAKES]:
        sys.exit(f"boxwood: --make must be some of {', '.join(row_reader.MAKES)}, not {unknown[0]!r}")
    engine = _open(source)
    try:
        ended = asyncio.run(_run_import(engine, source, options, wanted))
        _print_result(engine, options, ended)
    finally:
        engine.close()


async def _run_import(engine: Engine, source: Source, options: argparse.Namespace, wanted: Mapping[str, Any]) -> Import:
    job = await asyncio.to_thread(_begin, engine, source, options, wanted)
    loop, stop = asyncio.get_running_loop(), threading.Event()
    working = asyncio.create_task(asyncio.to_thread(work, engine, source.store, now_ms, job, stop, loop))
    try:
        while not working.done():
            await asyncio.wait([working], timeout=0.2)
            job = await engine.read_soon(partial(import_queue.find, key=job.key))
            _show_progress(job)
    finally:
        stop.set()
        await asyncio.wait([working])
    return job


def _begin(engine: Engine, source: Source, options: argparse.Namespace, wanted: Mapping[str, Any]) -> Import:
    """Store the file, and create the import. This process takes it in the same transaction, before a server can."""
    blob = new_id()
    engine.write(lambda db: stored_files.announce(db, [blob], now_ms()))

    def known_columns(db: Db) -> set[str]:
        ctx, key = _acting(db, options.pipeline, options.email)
        return imports.known_columns(ctx, key, wanted["mapping"])

    known = engine.read(known_columns)
    try:
        with options.file.open("rb") as file:
            table = tables.Table(tables.unpacked(iter(lambda: file.read(1_000_000), b"")))
            stored = source.store.write(table, blob)
        delimiter = "\t" if options.delimiter == "tab" else options.delimiter
        opened = tables.open_table(
            table,
            lambda: source.store.read(blob),
            encoding=options.encoding,
            delimiter=delimiter,
            sheet=options.sheet,
            known=known,
        )
    except tables.Broken as broken:
        sys.exit(f"boxwood: {options.file} {broken}")

    def create(db: Db) -> Import:
        ctx, key = _acting(db, options.pipeline, options.email)
        plan = imports.plan(ctx, key, opened, wanted).plan
        job = imports.create(ctx, key, plan, blob, stored.size, dry_run=options.dry_run)
        return import_queue.take_created(db, job, os.urandom(8).hex(), now_ms())

    return engine.write(create)


def _show_progress(job: Import) -> None:
    if not sys.stderr.isatty():
        return
    share = 1.0 if job.state == "done" else min(job.bytes_done / job.size, 1) if job.size else 0
    bar = "█" * int(share * WIDTH)
    print(f"\r{bar:<{WIDTH}} {share:4.0%} {job.rows_done:,} rows", end="", file=sys.stderr, flush=True)


def _print_result(engine: Engine, options: argparse.Namespace, job: Import) -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)
    would = "would be " if job.dry_run else ""
    print(f"{job.state}: {job.created:,} {would}created, {job.updated:,} {would}changed, {job.refused:,} rejected")

    def rejected(db: Db) -> list[row_reader.RejectedRow]:
        return imports.rejected_rows(_acting(db, options.pipeline, options.email)[0], job.key, after=0, limit=20)

    for row in engine.read(rejected):
        where = f", {row.column}" if row.column else ""
        print(f"row {row.number}{where}: {row.reason}")
    if job.refused > 20:
        print(f"… and {job.refused - 20:,} more: GET /api/v2/imports/{job.key}/refused")
    if job.error:
        sys.exit(f"boxwood: {job.error}")


# Exporting


def _export(options: argparse.Namespace, source: Source) -> None:
    if options.team is not None:
        _with_team(options, source, team_archives.export)
        return
    if options.pipeline is None:
        sys.exit("boxwood: give a pipeline, or --team and a file")
    form = options.format or ("jsonl" if options.file and options.file.suffix == ".jsonl" else "csv")
    engine = _open(source)
    try:
        if options.file is None:
            _write(engine, options, form, sys.stdout.buffer)
        else:
            with options.file.open("xb") as file:
                _write(engine, options, form, file)
    except FileExistsError:
        sys.exit(f"boxwood: {options.file} already exists")
    finally:
        engine.close()


def _write(engine: Engine, options: argparse.Namespace, form: str, out: BinaryIO) -> None:
    shown = [name.strip() for name in options.fields.split(",") if name.strip()]

    def begin(db: Db) -> Export:
        ctx, key = _acting(db, options.pipeline, options.email)
        return Export(ctx, key, form=form, shown=shown)

    export = engine.read(begin)
    out.write(export.head(b""))
    while not export.done:
        out.write(engine.read(lambda db: export.slice(_acting(db, options.pipeline, options.email)[0])))
    out.write(export.tail())
    out.flush()
