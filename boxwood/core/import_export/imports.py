"""Imports: an uploaded table becomes boxes, slice by slice, in the background.

Each slice commits together with how far the import is. An import that breaks off continues there, and no row is
written twice. All events of an import belong to one change, whose key is the import's key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from ...db.records import Table
from ...errors import Conflict, Invalid, NotFound
from ...lib import ids, tables
from ...lib.names import matching
from .. import access, events, pipelines, stored_files
from ..accounts import makers
from ..context import Ctx
from ..pipelines import names, schema
from ..records import Field, Pipeline, Scopes
from . import column_names, date_columns, presets, row_reader
from .cells import BadCell
from .date_columns import DateColumns
from .people_cells import PeopleReader
from .presets import Preset
from .row_reader import ImportPlan, Reader, RejectedRow

CHANNEL = "imports"
MOST_BYTES = 4_000_000_000
ENDED = ("done", "cancelled", "failed")


class Import(msgspec.Struct, frozen=True):
    key: str
    pipeline_key: str
    creator_key: str
    within: str
    """The only team that the creator could reach, if they used a team's API key; else empty."""
    blob: str
    size: int
    plan: ImportPlan
    dry_run: bool
    """Whether rows are only checked and counted."""
    state: str
    """waiting, running, done, cancelled or failed."""
    rows_done: int
    bytes_done: int
    created: int
    updated: int
    refused: int
    error: str | None
    worker: str | None
    lease_until: int
    created_at: int
    ended_at: int | None
    scopes: Scopes | None = None
    """The scopes of the API key that created the import."""
    maker: str | None = None
    """The API key that created it (see `accounts/makers`)."""

    @property
    def change(self) -> str:
        """The key of the change to which all its events belong."""
        return self.key


IMPORTS = Table("imports", Import)


def reach_pipeline(ctx: Ctx, pipeline_key: str) -> Pipeline:
    """The pipeline, if the actor may import into it."""
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    access.require_some(role, "BOX", "CREATE")
    return pipeline


def known_columns(ctx: Ctx, pipeline_key: str, mapping: Mapping[str, Any]) -> set[str]:
    """The names of columns that mean something in this pipeline, as `tables.plain` writes them."""
    pipeline = reach_pipeline(ctx, pipeline_key)
    field_names = [field.name for field in schema.fields_by_key(ctx, pipeline.key).values()]
    return column_names.OWN_WORDS | {tables.plain(name) for name in (*field_names, *mapping)} - {""}


class PlannedImport(NamedTuple):
    """How a table is read, the fields of the pipeline by key, and what was found about the table's dates.

    `stageless` are columns such as `Status` that go nowhere because their first cells name no stage, `peopleless` those
    of the preset that go nowhere because their first cells name no users. `preset` is the export that the table looks
    like.
    """

    plan: ImportPlan
    fields: Mapping[str, Field]
    dates: DateColumns
    stageless: list[str]
    peopleless: list[str]
    preset: Preset | None


def plan(ctx: Ctx, pipeline_key: str, table: tables.Opened, wanted: Mapping[str, Any]) -> PlannedImport:
    """How the rows of a table become boxes.

    `wanted` holds what the caller chooses: `mapping`, `only_mapped`, `match`, `make` and `dates`. The rest is guessed
    from the table.
    """
    pipeline = reach_pipeline(ctx, pipeline_key)
    by_key = schema.fields_by_key(ctx, pipeline.key)
    form, columns = table.form, table.columns
    mapping = column_names.suggested(columns, by_key, form.kind)
    preset = presets.recognized(columns) if form.kind in row_reader.LISTED else None
    if preset is not None and preset.noun == presets.BOXES:
        mapping = _with_preset(preset, mapping, by_key)
    asked = {
        column: target and _target_key(by_key, target, f"mapping.{column[:100]}")
        for column, target in (wanted.get("mapping") or {}).items()
    }
    for column, target in asked.items():
        if form.kind in row_reader.LISTED and column not in mapping:
            shown = ", ".join(map(repr, columns[:20]))
            raise Invalid(f"mapping.{column[:100]}", f"is not a column of this table: its columns are {shown}")
        for other, goes in mapping.items():
            if target and goes == target and form.kind in row_reader.LISTED and other not in asked:
                mapping[other] = None
        mapping[column] = target
    if wanted.get("only_mapped"):
        mapping = {column: target for column, target in mapping.items() if column in asked}
    dated = [column for column, target in mapping.items() if target and _holds_dates(target, by_key)]
    dates = date_columns.examine(_cells(table, dated) if dated else {}, wanted.get("dates") or "")
    match, make = wanted.get("match"), wanted.get("make") or []
    match = match and _target_key(by_key, match, "match")
    stageless = [] if row_reader.STAGES in make else _without_stages(ctx, pipeline, table, mapping, asked)
    peopleless = _without_people(ctx, pipeline, table, mapping, asked, make) if preset is not None else []
    mapping |= dict.fromkeys([*stageless, *peopleless])
    found = ImportPlan(
        form.kind,
        form.encoding,
        form.delimiter,
        columns,
        mapping,
        match,
        make,
        dates.order,
        form.quotes,
        form.skip,
        form.sheet,
        dates.excel_days,
    )
    return PlannedImport(found, by_key, dates, stageless, peopleless, preset)


def _with_preset(
    preset: Preset, mapping: Mapping[str, str | None], by_key: Mapping[str, Field]
) -> dict[str, str | None]:
    """The mapping with the columns of an export that was recognized. Columns that are called like a field go there."""
    sent = {
        column: target
        for column, target in presets.targets(preset, list(mapping)).items()
        if mapping[column] not in by_key
    }
    taken = {target for target in sent.values() if target}
    return {column: sent.get(column, None if target in taken else target) for column, target in mapping.items()}


def _without_people(
    ctx: Ctx,
    pipeline: Pipeline,
    table: tables.Opened,
    mapping: Mapping[str, str | None],
    asked: Mapping[str, Any],
    make: Sequence[str],
) -> list[str]:
    """The columns of owners that the caller did not map, though their first cells name users who are not here."""
    guessed = [column for column, target in mapping.items() if target == column_names.ASSIGNEES and column not in asked]
    reader = PeopleReader(pipeline, row_reader.PEOPLE in make)
    reader.begin(ctx)
    return [column for column, found in _cells(table, guessed).items() if not _are_people(reader, found)]


def _are_people(reader: PeopleReader, found: Sequence[Any]) -> bool:
    try:
        for cell in found:
            for part in reader.parts(cell) if cell else ():
                reader.user(part)
    except BadCell:
        return False
    return True


def _target_key(by_key: Mapping[str, Field], target: str, where: str) -> str:
    """The target of a column with the key of the field in place of its name."""
    if target in column_names.TARGETS:
        return target
    field = names.find_field(by_key, target, where)
    return field.key if field else target


def _without_stages(
    ctx: Ctx, pipeline: Pipeline, table: tables.Opened, mapping: Mapping[str, str | None], asked: Mapping[str, Any]
) -> list[str]:
    """The columns such as `Status` that were sent to the stage by their name, though their first cells name none.

    Other programs use this word for other things too. A column that is called `Stage` is read as stages in any case.
    """
    guessed = [
        column
        for column, target in mapping.items()
        if target == column_names.STAGE and column not in asked and tables.plain(column) == "status"
    ]
    cells, stages = _cells(table, guessed), names.stage_names(ctx, pipeline)
    return [
        column for column in guessed if not any(matching(stages, str(cell or "").strip()) for cell in cells[column])
    ]


def _holds_dates(target: str, by_key: Mapping[str, Field]) -> bool:
    return target == column_names.CREATED or (target in by_key and by_key[target].type == "DATE")


def _cells(table: tables.Opened, wanted: list[str]) -> dict[str, list[Any]]:
    """The cells of these columns in the first rows."""
    found: dict[str, list[Any]] = {column: [] for column in wanted}
    for row in table.first:
        cells = dict(zip(table.columns, row.cells, strict=False)) if isinstance(row.cells, list) else row.cells
        for column in wanted:
            found[column].append(cells.get(column))
    return found


def create(ctx: Ctx, pipeline_key: str, plan: ImportPlan, blob: str, size: int, *, dry_run: bool) -> Import:
    """Create an import of a stored file of `size` bytes. A worker takes it after the commit."""
    pipeline = reach_pipeline(ctx, pipeline_key)
    row_reader.check(plan, schema.fields_by_key(ctx, pipeline.key))
    stored_files.claim(ctx.db, blob, ctx.now)
    job = Import(
        key=ids.new("i", ctx.now),
        pipeline_key=pipeline.key,
        creator_key=ctx.actor.key,
        within=ctx.within,
        blob=blob,
        size=size,
        plan=plan,
        dry_run=dry_run,
        state="waiting",
        rows_done=0,
        bytes_done=0,
        created=0,
        updated=0,
        refused=0,
        error=None,
        worker=None,
        lease_until=0,
        created_at=ctx.now,
        ended_at=None,
        scopes=ctx.scopes,
        maker=makers.maker_of(ctx),
    )
    IMPORTS.insert(ctx.db, job)
    ctx.db.notify(CHANNEL)
    return job


def get(ctx: Ctx, key: str) -> Import:
    """The import with this key. Its creator may see it, and everyone who may edit the pipeline."""
    row = ctx.db.row(f"SELECT {IMPORTS.columns} FROM imports WHERE key = :key", key=key)
    if row is None:
        raise NotFound(key)
    job = IMPORTS.load(row)
    try:
        pipeline, role = pipelines.reach(ctx, job.pipeline_key)
    except NotFound:
        raise NotFound(key) from None
    if job.creator_key != ctx.actor.key and not access.allows(ctx, role, "PIPELINE", "UPDATE", pipeline):
        raise NotFound(key)
    return job


def page(ctx: Ctx, pipeline_key: str, *, limit: int, offset: int) -> list[Import]:
    """The imports of a pipeline that the actor may see, the newest first."""
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    sees_all = access.allows(ctx, role, "PIPELINE", "UPDATE", pipeline)
    rows = ctx.db.rows(
        f"""
        SELECT {IMPORTS.columns} FROM imports WHERE pipeline_key = :pipeline AND (creator_key = :actor OR :every = 1)
        ORDER BY created_at DESC, key DESC LIMIT :limit OFFSET :offset
        """,
        pipeline=pipeline.key,
        actor=ctx.actor.key,
        every=int(sees_all),
        limit=limit,
        offset=offset,
    )
    return IMPORTS.load_all(rows)


def cancel(ctx: Ctx, key: str) -> Import:
    """Stop an import. The boxes that it created stay, and can be undone as one change."""
    job = get(ctx, key)
    if job.state in ENDED:
        raise Conflict(f"This import is {job.state} already")
    end(ctx, job, "cancelled", None)
    ctx.show("import", key, {"state": job.state}, {"state": "cancelled"})
    return get(ctx, key)


def rejected_rows(ctx: Ctx, key: str, *, after: int, limit: int) -> list[RejectedRow]:
    """Up to `limit` rejected rows after the row with the number `after`, with the reasons."""
    rows = ctx.db.rows(
        """
        SELECT number, column_name, reason, cells FROM import_refusals
        WHERE import_key = :key AND number > :after ORDER BY number LIMIT :limit
        """,
        key=get(ctx, key).key,
        after=after,
        limit=limit,
    )
    return [RejectedRow(number, column, reason, msgspec.json.decode(cells)) for number, column, reason, cells in rows]


def reader_for(ctx: Ctx, pipeline_key: str, plan: ImportPlan) -> Reader:
    """A reader of rows for the pipeline as it is now. Raises `Invalid` if the plan does not suit the pipeline."""
    pipeline = pipelines.get(ctx, pipeline_key)
    by_key = schema.fields_by_key(ctx, pipeline.key)
    row_reader.check(plan, by_key)
    return Reader(ctx, plan, pipeline, by_key, schema.stages(ctx, [pipeline.key])[pipeline.key])


def end(ctx: Ctx, job: Import, state: str, error: str | None) -> None:
    """End an import that has not ended: store its final state, free its table, and record the event."""
    row = ctx.db.row(
        f"""
        UPDATE imports SET state = :state, error = :error, ended_at = :now, lease_until = 0
        WHERE key = :key AND ended_at IS NULL RETURNING {IMPORTS.columns}
        """,
        key=job.key,
        state=state,
        error=error,
        now=ctx.now,
    )
    if row is None:
        return
    ended = IMPORTS.load(row)
    stored_files.free(ctx.db, ended.blob)
    ctx.db.notify(CHANNEL)
    if ended.dry_run or not ended.created + ended.updated:
        return
    what = f"{ended.created:,} new and {ended.updated:,} changed boxes" if ended.updated else f"{ended.created:,} boxes"
    ctx.change = ended.change
    pipeline = pipelines.get(ctx, ended.pipeline_key)
    events.record(ctx, "pipeline.imported", pipeline, pipeline=pipeline, what=what, import_key=ended.key)
