"""A slice of an import, from rows of a table to boxes. The job calls these functions in order:

1. `prepare` reads the rows and makes boxes from them. It writes nothing, and runs while the previous slice is written.
2. `create_missing` creates the options, stages and users that the rows name, if there are any; then 1 again.
3. `write` writes the boxes, the rejected rows and how far the import is, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from ...errors import Invalid, Problem
from ...lib import ids
from ...lib.tables import Row
from .. import access, boxes, pipelines
from ..accounts import invitations
from ..boxes import PreparedBoxes, creation, matches
from ..context import Ctx
from ..pipelines import fields, schema, stages
from ..records import Pipeline
from . import import_queue, imports, linked_cells
from .column_names import LINKED
from .import_queue import LEASE
from .imports import CHANNEL, Import, reader_for
from .row_reader import PEOPLE, STAGES, Draft, ImportPlan, Reader, RejectedRow

ROWS = 1000
MOST_REJECTED = 10_000
"""Rejected rows that are stored with their reasons; the others are only counted."""
MOST_CELLS = 20_000
"""Letters of a rejected row's cells that are stored."""


class PreparedSlice(NamedTuple):
    """Rows of the table, and the values and boxes that they become."""

    rows: list[Row]
    bytes_done: int
    """Bytes of the table up to the last of these rows."""
    reader: Reader
    """Knows the pipeline as it was when the rows were read."""
    drafts: list[Draft]
    rejected: list[RejectedRow]
    missing: dict[str, dict[str, None]]
    """What must be created before these rows can be written, as in `ReadRows`."""
    pipeline: Pipeline | None = None
    boxes: PreparedBoxes | None = None
    """The boxes for `pipeline`. None if they can only be prepared when they are written."""


class Stale(Exception):
    """The pipeline has changed since the rows were read: the slice must be prepared again."""


def perform(ctx: Ctx, job: Import, rows: Iterable[Row]) -> Import:
    """Do a whole import that this transaction has created, for a dry run. Returns the import at its end."""
    job = import_queue.take_created(ctx.db, job, "dry run", ctx.now)
    left = iter(rows)
    while some := list(islice(left, ROWS)):
        prepared = prepare(ctx, job, some, 0)
        if prepared.missing:
            create_missing(ctx, job, prepared)
            prepared = prepare(ctx, job, some, 0)
        write(ctx, job, prepared)
    change = ctx.change
    imports.end(ctx, job, "done", None)
    ctx.change = change
    return import_queue.find(ctx.db, job.key)


# 1. Prepare


def prepare(ctx: Ctx, job: Import, rows: list[Row], bytes_done: int, reader: Reader | None = None) -> PreparedSlice:
    """Read rows for the pipeline as `reader` knows it, else as it is now, and make boxes from them if possible."""
    reader = reader or reader_for(ctx, job.pipeline_key, job.plan)
    drafts, rejected, missing = reader.read(ctx, rows)
    prepared = PreparedSlice(rows, bytes_done, reader, drafts, rejected, {} if job.dry_run else missing)
    if job.dry_run or missing:
        return prepared
    pipeline, role = pipelines.reach(ctx, job.pipeline_key)
    if pipeline.formulas_updated_at is not None or not _are_all_created(job, pipeline, role):
        return prepared
    new = creation.prepare(ctx, pipeline, [draft.given for draft in drafts])
    return prepared._replace(pipeline=pipeline, boxes=new)


def _are_all_created(job: Import, pipeline: Pipeline, role: access.Role) -> bool:
    """Whether each row becomes a new box, whatever its cells hold: no row can match a box or be rejected any more."""
    is_free = access.grants_any(role, "BOX", "CREATE") and pipeline.validators_updated_at is None
    return job.plan.match is None and is_free


# 2. Create what is missing


def create_missing(ctx: Ctx, job: Import, prepared: PreparedSlice) -> None:
    """Create the options, stages, users, contacts and organizations that the rows name and that do not exist yet."""
    for kind, names in prepared.missing.items():
        if kind == STAGES:
            known = schema.stages(ctx, [job.pipeline_key])[job.pipeline_key].values()
            for name in _new(names, {stage.name.casefold() for stage in known}):
                stages.create(ctx, job.pipeline_key, {"name": name})
        elif kind == PEOPLE:
            for email in names:
                invitations.find_or_invite(ctx, email)
        elif kind in LINKED:
            pipeline, _ = pipelines.reach(ctx, job.pipeline_key)
            for name in names:
                linked_cells.create(ctx, pipeline, linked_cells.NOUNS[kind], name)
        else:
            field = schema.fields_by_key(ctx, job.pipeline_key)[kind]
            options = [{"name": name} for name in _new(names, {option.name.casefold() for option in field.options})]
            fields.edit(ctx, job.pipeline_key, kind, {"options": options}, add_only=True)


def _new(names: Iterable[str], known: set[str]) -> list[str]:
    """The names that are not known yet, each once, in the spelling of its first row."""
    found: dict[str, str] = {}
    for name in names:
        if name.casefold() not in known:
            found.setdefault(name.casefold(), name)
    return list(found.values())


# 3. Write


def write(ctx: Ctx, job: Import, prepared: PreparedSlice) -> bool:
    """Write a slice, and how far the import is. Raises `Stale` if the pipeline is another than the rows were read for.

    Returns False if the import was cancelled, or if another worker has it.
    """
    is_held = ctx.db.row(
        f"SELECT 1 FROM imports WHERE key = :key AND worker = :worker AND state = 'running'{ctx.db.for_update}",
        key=job.key,
        worker=job.worker,
    )
    if is_held is None:
        return False
    rejected = list(prepared.rejected)
    if job.dry_run:
        created, updated = _count(ctx, job, prepared.drafts)
    else:
        created, updated, more = _write_boxes(ctx, job, prepared)
        rejected += more
    _store_rejected(ctx, job, rejected)
    ctx.db.run(
        """
        UPDATE imports SET rows_done = :rows_done, bytes_done = :bytes_done, created = created + :created,
            updated = updated + :updated, refused = refused + :rejected, lease_until = :until
        WHERE key = :key
        """,
        key=job.key,
        rows_done=prepared.rows[-1].number,
        bytes_done=prepared.bytes_done,
        created=created,
        updated=updated,
        rejected=len(rejected),
        until=ctx.now + LEASE,
    )
    ctx.db.notify(CHANNEL)
    return True


def _write_boxes(ctx: Ctx, job: Import, prepared: PreparedSlice) -> tuple[int, int, list[RejectedRow]]:
    """How many boxes were created and updated, and the rows that were rejected."""
    pipeline, role = pipelines.reach(ctx, job.pipeline_key)
    read_for = prepared.reader
    is_same = pipeline.stage_order == read_for.pipeline.stage_order
    if not is_same or schema.fields_by_key(ctx, pipeline.key) != read_for.fields:
        raise Stale
    drafts = prepared.drafts
    if not _are_all_created(job, pipeline, role):
        return _write_each(ctx, job, pipeline, role, drafts)
    if prepared.boxes is not None and prepared.pipeline == pipeline:
        creation.store(ctx, pipeline, role, prepared.boxes)
    else:
        boxes.create_many(ctx, pipeline, role, [draft.given for draft in drafts])
    return len(drafts), 0, []


def _write_each(
    ctx: Ctx, job: Import, pipeline: Pipeline, role: access.Role, drafts: list[Draft]
) -> tuple[int, int, list[RejectedRow]]:
    """Write each row in a savepoint of its own: a row that is rejected leaves the others as they are."""
    known = _matching(ctx, job, drafts) if job.plan.match else {}
    new_keys = ids.several("b", ctx.now, len(drafts))
    created = updated = 0
    rejected: list[RejectedRow] = []
    for draft, new_key in zip(drafts, new_keys, strict=True):
        value = _match_value(job.plan, draft)
        box_key = known.get(value) if value is not None else None
        try:
            key = ctx.db.attempt(partial(_write_row, ctx, pipeline, role, draft, box_key, new_key))
            created, updated = (created, updated + 1) if box_key else (created + 1, updated)
            known |= {value: key} if value is not None else {}
        except Problem as problem:
            reason = problem.message if isinstance(problem, Invalid) else str(problem)
            rejected.append(RejectedRow(draft.number, "", reason, draft.given))
    return created, updated, rejected


def _write_row(ctx: Ctx, pipeline: Pipeline, role: access.Role, draft: Draft, box_key: str | None, new_key: str) -> str:
    """Edit the box with `box_key`, or create one with `new_key`. Returns the key of the box."""
    if box_key:
        return boxes.edit(ctx, box_key, _changes(draft)).key
    if "name" not in draft.given:
        raise Invalid("name", "is missing, and there is no box to change")
    return boxes.create_many(ctx, pipeline, role, [draft.given], [new_key])[0].key


def _changes(draft: Draft) -> dict[str, Any]:
    """What the row has, as `boxes.edit` takes it. The creation time of a box that exists does not change."""
    given = {name: value for name, value in draft.given.items() if name not in ("created", "stage")}
    for name in LINKED:
        if name in given:
            given[name] = [{"key": key} for key in given[name]]
    if "stage" in draft.given:
        given["stage_key"] = draft.given["stage"]
    if "assignees" in given:
        given["assignees"] = [{"user_key": key} for key in given["assignees"]]
    if "followers" in given:
        given["follower_keys"] = given.pop("followers")
    return given


def _match_value(plan: ImportPlan, draft: Draft) -> str | None:
    """The value by which the row's box is found, as text."""
    if plan.match is None:
        return None
    value = draft.given.get("name") if plan.match == "name" else draft.given.get("fields", {}).get(plan.match)
    return None if value is None else matches.folded(value)


def _matching(ctx: Ctx, job: Import, drafts: list[Draft]) -> dict[str, str]:
    """The keys of the boxes that these rows match, by the value; if several boxes match, the oldest."""
    pipeline, role = pipelines.reach(ctx, job.pipeline_key, change=True)
    values = {value for draft in drafts if (value := _match_value(job.plan, draft)) is not None}
    return matches.find(ctx, pipeline, role, job.plan.match or matches.NAME, values)


def _count(ctx: Ctx, job: Import, drafts: list[Draft]) -> tuple[int, int]:
    """How many boxes a dry run would create and update."""
    if job.plan.match is None:
        return len(drafts), 0
    known: set[str | None] = {*_matching(ctx, job, drafts)}
    created = updated = 0
    for draft in drafts:
        value = _match_value(job.plan, draft)
        created, updated = (created, updated + 1) if value in known else (created + 1, updated)
        known.add(value)
    return created, updated


def _store_rejected(ctx: Ctx, job: Import, rejected: list[RejectedRow]) -> None:
    if not rejected:
        return
    stored = ctx.db.row("SELECT refused FROM imports WHERE key = :key", key=job.key)
    room = MOST_REJECTED - (stored[0] if stored else 0)
    rows = []
    for row in sorted(rejected)[: max(room, 0)]:
        cells = msgspec.json.encode(row.cells).decode().replace("\\u0000", "")
        cells = cells if len(cells) <= MOST_CELLS else "[]"
        rows.append((job.key, row.number, row.column.replace("\x00", ""), row.reason, cells))
    if rows:
        ctx.db.bulk("import_refusals", ("import_key", "number", "column_name", "reason", "cells"), rows)
