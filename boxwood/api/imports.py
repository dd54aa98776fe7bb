"""Imports over HTTP: the table is in the body, the options are in the query."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Protocol

import msgspec

from ..core import pipelines
from ..core.context import Ctx
from ..core.import_export import column_names, imports, presets, row_reader, slices
from ..core.import_export.imports import Import, PlannedImport
from ..core.import_export.row_reader import ReadRows, RejectedRow
from ..core.people import teams
from ..core.pipelines import fields, schema, stages
from ..core.records import Pipeline
from ..errors import Invalid
from ..lib import blobs, dates, tables
from ..lib.blobs import Stored
from ..lib.tables import Opened, Table, sheets
from ..wire.shapes import imports as shapes
from ..wire.shapes.lists import Results
from . import uploads
from .http import dry_run
from .http.bodies import Body, check_length
from .http.call import MOST_PER_PAGE, Call
from .http.multipart import parts
from .http.replies import Reply, encode

LONGEST_WAIT = 60
MOST_DRY = 1_000_000
"""The most bytes of a table that a dry run imports within its request, which takes about a second."""
PREVIEWED = 20
LOOK_EVERY = 0.05


async def create(call: Call, body: Body) -> Reply:
    """Import a table into a pipeline: CSV, JSON lines, JSON, XLSX, XLS or ODS. The response is a job, which runs in the
    background.

    The table is the body, or the file of a form.

    `mapping` is a JSON object of columns and their targets; a column without a target goes by its name. `match` updates
    existing boxes. `make` lists what the import may create: options, stages, people, contacts. With `wait`, the
    response comes when the job has ended, or after that many seconds.

    A dry run of a table of up to 1 MB imports all rows and undoes them. A larger table is checked by a job, which
    counts its rows and stores the rejected rows.
    """
    wanted = _wanted(call)
    known = await call.read(lambda ctx: imports.known_columns(ctx, call.path[0], wanted["mapping"]))

    def make(ctx: Ctx, table: Opened, blob: str, size: int, *, only_check: bool) -> Import:
        plan = imports.plan(ctx, call.path[0], table, wanted).plan
        return imports.create(ctx, call.path[0], plan, blob, size, dry_run=only_check)

    return await _stored(call, body, wanted, known, [wanted], make)


async def create_pipeline(call: Call, body: Body) -> Reply:
    """Create a pipeline from a JSON export: with its stages, fields, options, formulas and boxes.

    The pipeline is in the team of `teamKey`; without it, in the caller's oldest team. `name` gives it another name.
    `make=people` invites the people that the export names.
    """
    wanted = {**_wanted(call), "format": tables.JSON, "mapping": {}, "match": None, "only_mapped": False, "sheet": ""}
    wanted["make"] = list(dict.fromkeys([*wanted["make"], row_reader.OPTIONS, row_reader.STAGES]))
    team_key, name = call.text("teamKey"), call.text("name")
    await call.read(lambda ctx: teams.get_to_work_in(ctx, team_key) if team_key else teams.oldest(ctx))

    def make(ctx: Ctx, table: Opened, blob: str, size: int, *, only_check: bool) -> Import:
        if only_check:
            raise Invalid(dry_run.NAME, f"cannot be used for an export of more than {MOST_DRY:,} bytes")
        try:
            exported = shapes.exported(tables.pipeline(table))
        except tables.Broken as broken:
            raise refusal(broken) from None
        pipeline = _like(ctx, exported, team_key, name)
        plan = imports.plan(ctx, pipeline.key, table, wanted).plan
        return imports.create(ctx, pipeline.key, plan, blob, size, dry_run=False)

    return await _stored(call, body, wanted, set(), [wanted, team_key, name], make)


def refusal(broken: tables.Broken) -> Invalid:
    """The error of a request, for the parameter that the reason begins with, else for the body."""
    name, _, reason = str(broken).partition(": ")
    return Invalid(name, reason) if name in ("encoding", "delimiter", "sheet") else Invalid("body", str(broken))


def _like(ctx: Ctx, exported: shapes.Exported, team_key: str, name: str) -> Pipeline:
    pipeline = pipelines.create(
        ctx, {**exported.pipeline, "name": name or exported.pipeline["name"], "team_key": team_key}
    )
    if exported.theme:
        pipelines.edit(ctx, pipeline.key, {"stage_theme": exported.theme})
    for stage_key, color, kind in zip(pipeline.stage_order, exported.colors, exported.kinds, strict=True):
        if color or kind:
            stages.edit(ctx, pipeline.key, stage_key, {"color": color, "kind": kind})
    for field_key, options in zip(schema.fields_by_key(ctx, pipeline.key), exported.options, strict=True):
        if options:
            fields.edit(ctx, pipeline.key, field_key, {"options": options})
    return pipelines.get(ctx, pipeline.key)


class Make(Protocol):
    """Creates the job of a stored table. With `only_check`, it is a dry run in the background."""

    def __call__(self, ctx: Ctx, table: Opened, blob: str, size: int, *, only_check: bool) -> Import: ...


async def _stored(
    call: Call, body: Body, wanted: dict[str, Any], known: set[str], identity: list[Any], make: Make
) -> Reply:
    """Store the table, and then create its job in the database; `make` gets what was detected from the table.

    `known` are the names of columns that mean something, `identity` is what a repeated request must have the same.
    """
    check_length(call.headers, imports.MOST_BYTES)
    wait = call.number("wait", 0, most=LONGEST_WAIT)
    pieces = tables.unpacked(pieces_of(call, body))
    held = await call.api.aside(_held, pieces) if call.dry else b""
    is_large = len(held) > MOST_DRY
    call.dry = call.dry and not is_large
    async with uploads.announced(call, 1) as (blob,):
        stored, opened, read = await call.api.aside(_store, call, held, pieces, blob, wanted, known)
        # A form may ask for a dry run in a field after the table.
        is_large = is_large or (call.dry and stored.size > MOST_DRY)
        call.dry = call.dry and not is_large

        def write(ctx: Ctx) -> shapes.ImportOut:
            job = make(ctx, opened, blob, stored.size, only_check=is_large)
            if not call.dry:
                return shapes.imported(job)
            try:
                job = slices.perform(ctx, job, tables.rows(read(), job.plan.form))
            except tables.Broken as broken:
                raise refusal(broken) from None
            return shapes.imported(job, imports.rejected_rows(ctx, job.key, after=0, limit=MOST_PER_PAGE))

        reply = await call.write([*identity, is_large, stored.sha256], write)
    return await _ended(call, reply, wait) if wait else reply


def _held(pieces: Iterator[bytes]) -> bytes:
    """The bytes of the table; of a large one, some more than `MOST_DRY`. It blocks, so call it in a thread."""
    held = bytearray()
    try:
        for piece in pieces:
            held += piece
            if len(held) > MOST_DRY:
                break
    except tables.Broken as broken:
        raise refusal(broken) from None
    return bytes(held)


Read = Callable[[], Iterable[bytes]]


def _store(
    call: Call, held: bytes, pieces: Iterator[bytes], blob: str, wanted: dict[str, Any], known: set[str]
) -> tuple[Stored, Opened, Read]:
    """Store the table, of which `held` was read already, and detect how it is read. It blocks, so call it in a thread.

    The last value returns the bytes of the table again. The table of a dry run is not stored.
    """
    store = call.api.store
    try:
        table = tables.Table(uploads.Head(chain([held] if held else [], pieces), imports.MOST_BYTES, 0))
        read: Read = (lambda: [held]) if call.dry else lambda: store.read(blob)
        stored = blobs.counted(table, blob) if call.dry else store.write(table, blob)
        return stored, _opened(table, read, wanted, known), read
    except tables.Broken as broken:
        raise refusal(broken) from None


def pieces_of(call: Call, body: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of the table: the body, or the first file of a form."""
    if not uploads.is_form(call):
        yield from body
        return
    found = False
    for part in parts(body, call.header("content-type")):
        if part.name in dry_run.SPELLINGS:
            call.look_for_dry_run({part.name: uploads.field_text(part)})
        elif part.file_name is not None and not found:
            found = True
            yield from part.data
    if not found:
        raise Invalid("body", "is a form without a file: send the table as its file, such as curl -F file=@deals.csv")


def _opened(
    table: Table, whole: Callable[[], Iterable[bytes]] | None, wanted: dict[str, Any], known: set[str]
) -> Opened:
    given = {"kind": wanted["format"], **{name: wanted[name] for name in ("encoding", "delimiter", "sheet")}}
    return tables.open_table(table, whole, known=known, **given)


async def _ended(call: Call, reply: Reply, wait: int) -> Reply:
    key = msgspec.json.decode(reply.body)["key"]
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        job = await call.read(lambda ctx: imports.get(ctx, key))
        if job.state in imports.ENDED or asyncio.get_running_loop().time() > deadline:
            return Reply(encode(shapes.imported(job)))
        await asyncio.sleep(LOOK_EVERY)


def _wanted(call: Call) -> dict[str, Any]:
    """The options in the query."""
    mapping = call.text("mapping")
    try:
        columns = msgspec.json.decode(mapping, type=dict[str, str | None]) if mapping else {}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Invalid("mapping", "must be a JSON object of columns and their targets (or null)") from None
    wanted: dict[str, Any] = {
        "mapping": columns,
        "only_mapped": call.flag("onlyMapped"),
        "make": call.texts("make"),
        "match": call.text("match") or None,
    }
    for name, ours, known in (
        ("format", "format", tables.KINDS),
        ("dates", "dates", dates.ORDERS),
    ):
        wanted[ours] = call.text(name)
        if wanted[ours] and wanted[ours] not in known:
            raise Invalid(name, f"must be one of {', '.join(known)}")
    for name in ("encoding", "delimiter", "sheet"):
        wanted[name] = call.text(name)
    for at, kind in enumerate(wanted["make"]):
        if kind not in row_reader.MAKES:
            raise Invalid(f"make[{at}]", f"must be one of {', '.join(row_reader.MAKES)}")
    return wanted


async def preview(call: Call, body: Body) -> Reply:
    """Preview an import: how Boxwood reads the table.

    Send the beginning of the table, of which Boxwood reads the first 256 KB, or all of a spreadsheet.
    """
    wanted = _wanted(call)
    known = await call.read(lambda ctx: imports.known_columns(ctx, call.path[0], wanted["mapping"]))
    whole = await body.whole(call.headers, tables.MOST_SHEET)
    table = await call.api.aside(_beginning, call, whole, wanted, known)

    def look(ctx: Ctx) -> shapes.PreviewOut:
        planned = imports.plan(ctx, call.path[0], table, wanted)
        plan, by_key, found_dates = planned.plan, planned.fields, planned.dates
        rows = table.first[:PREVIEWED]
        samples: dict[str, list[str]] = {}
        for row in rows:
            if row.fault:
                continue
            cells = dict(zip(plan.columns, row.cells, strict=False)) if isinstance(row.cells, list) else row.cells
            for name, cell in cells.items():
                if cell is not None:
                    samples.setdefault(name, []).append(cell if isinstance(cell, str) else encode(cell).decode())
        piece = ReadRows([], [], {})
        if not wanted["match"] and column_names.NAME in plan.mapping.values():
            row_reader.check(plan, by_key)
            piece = imports.reader_for(ctx, call.path[0], plan).read(ctx, rows)
        faulty = [RejectedRow(row.number, "", row.fault, row.cells) for row in table.first[PREVIEWED:] if row.fault]
        return shapes.PreviewOut(
            format=plan.kind,
            encoding=plan.encoding,
            delimiter=plan.delimiter,
            dates=plan.dates,
            dates_ambiguous=found_dates.ambiguous,
            dates_notes=found_dates.notes,
            excel_days=plan.excel_days,
            columns=shapes.columns(plan, {name: found[:5] for name, found in samples.items()}),
            rows=[draft.given for draft in piece.drafts],
            refused=[shapes.refused(row) for row in [*piece.rejected, *faulty[:PREVIEWED]]],
            missing={kind: list(names) for kind, names in piece.missing.items()},
            warnings=_warnings(planned),
            preset=msgspec.UNSET if planned.preset is None else shapes.preset(planned.preset),
            sheet=plan.sheet,
            sheets=table.sheets,
        )

    return Reply(encode(await call.read(look)))


def _beginning(call: Call, whole: bytes, wanted: dict[str, Any], known: set[str]) -> Opened:
    """Detect how a table is read from its beginning, or from all of a spreadsheet."""
    try:
        pieces = b"".join(tables.unpacked(pieces_of(call, [whole])))
        is_sheet = sheets.kind_of(pieces) != ""
        table = tables.Table([pieces if is_sheet else pieces[: tables.HEAD]])
        for _ in table:
            pass
        is_whole = is_sheet or len(pieces) < tables.HEAD
        return _opened(table, (lambda: [pieces]) if is_whole else None, wanted, known)
    except tables.Broken as broken:
        raise refusal(broken) from None


def _warnings(planned: PlannedImport) -> list[str]:
    """What a user should know before the import."""
    found = []
    plan, stageless = planned.plan, planned.stageless
    if planned.preset is not None and planned.preset.noun != presets.BOXES:
        found.append(
            f"These rows are {planned.preset.noun}. Import them on the page {planned.preset.noun.capitalize()} of the "
            "team; here each row becomes a box."
        )
    if plan.skip:
        found.append(f"The table has {plan.skip} rows before its heading. They are skipped.")
    if plan.quotes == "escaped":
        found.append("Quotes inside cells are written with a backslash.")
    for column in stageless:
        found.append(
            f"The column {column!r} goes nowhere, because its first cells name no stage of this pipeline: map it to a "
            "field, or map it to stage and allow the import to create stages."
        )
    for column in planned.peopleless:
        found.append(
            f"The column {column!r} goes nowhere, because its first cells name users who are not here: invite them, or "
            "map it to a field."
        )
    explained = {*stageless, *planned.peopleless}
    if planned.preset is not None:
        explained |= presets.targets(planned.preset, plan.columns).keys()
    unmapped = [column for column, target in plan.mapping.items() if target is None and column not in explained]
    if unmapped:
        found.append(f"Columns that go nowhere: {', '.join(unmapped[:20])}.")
    return found


def list_page(call: Call) -> Results[shapes.ImportOut]:
    """The imports of a pipeline, newest first."""
    limit, offset = call.page(20)
    found = imports.page(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([shapes.imported(job) for job in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.ImportOut:
    """An import: its progress and its result."""
    return shapes.imported(imports.get(call.ctx, call.path[0]))


def cancel(call: Call) -> shapes.ImportOut:
    """Cancel an import. The boxes that it created so far stay."""
    return shapes.imported(imports.cancel(call.ctx, call.path[0]))


def refused(call: Call) -> Results[shapes.RefusedRow]:
    """The rejected rows of an import, with the column and the reason. `after` is the last row you have."""
    limit = call.number("limit", 100, least=1, most=MOST_PER_PAGE)
    found = imports.rejected_rows(call.ctx, call.path[0], after=call.number("after", 0), limit=limit + 1)
    return Results([shapes.refused(row) for row in found[:limit]], len(found) > limit)
