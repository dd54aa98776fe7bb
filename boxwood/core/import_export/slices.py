"""What the worker of an import asks of the database: to have it alone, to write a slice, to end it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import msgspec

from ...db.engine import Db
from ...errors import Invalid, NotFound, Problem
from ...lib import ids
from .. import access, boxes, pipelines, stored_files
from ..accounts import invitations
from ..boxes import creation
from ..context import Ctx
from ..pipelines import fields, schema, stages
from ..records import USERS, Pipeline
from .imports import CHANNEL, IMPORTS, Import, end, reader_of
from .row_reader import PEOPLE, STAGES, Draft, Piece, Plan, Reader, Refusal

LEASE = 10_000
SLICE = 1000
MOST_KEPT = 10_000
"""Refused rows that are kept with their reasons; more are counted."""
MOST_CELLS = 20_000


class Ready(NamedTuple):
    """A slice's boxes, made while the slice before was written, and the pipeline they were made for."""

    pipeline: Pipeline
    made: creation.PreparedBoxes


class Stale(Exception):
    """The pipeline was changed since the rows were read: they are to be read again."""


def waiting(db: Db, now: int) -> bool:
    sql = "SELECT 1 FROM imports WHERE ended_at IS NULL AND lease_until < :now LIMIT 1"
    return db.row(sql, now=now) is not None


def has_begun(db: Db, since: int) -> bool:
    """Whether one that was asked for since then is under way."""
    sql = "SELECT 1 FROM imports WHERE ended_at IS NULL AND created_at > :since LIMIT 1"
    return db.row(sql, since=since) is not None


def take(db: Db, worker: str, now: int) -> Import | None:
    """One that nobody works on, for this worker."""
    row = db.row(
        f"""
        UPDATE imports SET state = 'running', worker = :worker, lease_until = :until WHERE key = (
            SELECT key FROM imports WHERE ended_at IS NULL AND lease_until < :now
            ORDER BY created_at LIMIT 1{db.dialect.skip_locked}
        ) RETURNING {IMPORTS.columns}
        """,
        worker=worker,
        until=now + LEASE,
        now=now,
    )
    return IMPORTS.load(row) if row else None


def taken(db: Db, one: Import, worker: str, now: int) -> Import:
    """This one, for this worker."""
    changes = {"state": "running", "worker": worker, "lease_until": now + LEASE}
    one = msgspec.structs.replace(one, **changes)
    IMPORTS.update(db, one, *changes)
    return one


def find(db: Db, key: str) -> Import:
    row = db.row(f"SELECT {IMPORTS.columns} FROM imports WHERE key = :key", key=key)
    assert row is not None
    return IMPORTS.load(row)


def free(db: Db) -> None:
    """What a process had that is no more; for a database that only one process serves from."""
    db.run("UPDATE imports SET lease_until = 0 WHERE ended_at IS NULL")


def release(db: Db, one: Import) -> None:
    """Its worker stops: another may go on."""
    db.run("UPDATE imports SET lease_until = 0 WHERE key = :key AND worker = :worker", key=one.key, worker=one.worker)


def acting(db: Db, one: Import, now: int) -> Ctx:
    """As who asked for it."""
    row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=one.creator_key)
    if row is None:
        raise NotFound(one.creator_key)
    return Ctx(db, now, USERS.load(row), one.within, via=f"import:{one.key}", change=one.change)


def reader(ctx: Ctx, one: Import) -> Reader:
    return reader_of(ctx, one.pipeline_key, one.plan)


def make_missing(ctx: Ctx, one: Import, missing: dict[str, dict[str, None]]) -> None:
    """What rows name and there is not: options, stages, people, as far as it was asked for."""
    for kind, names in missing.items():
        if kind == STAGES:
            there = {
                stage.name.casefold() for stage in schema.stages(ctx, [one.pipeline_key])[one.pipeline_key].values()
            }
            for name in _new(names, there):
                stages.create(ctx, one.pipeline_key, {"name": name})
        elif kind == PEOPLE:
            for email in names:
                invitations.find_or_invite(ctx, email)
        else:
            field = schema.fields_by_key(ctx, one.pipeline_key)[kind]
            there = {option.name.casefold() for option in field.options}
            options = [{"name": name} for name in _new(names, there)]
            fields.edit(ctx, one.pipeline_key, kind, {"options": options}, add_only=True)


def _new(names: Iterable[str], there: set[str]) -> list[str]:
    """Those that are not there yet, each in the spelling it was first met in."""
    found: dict[str, str] = {}
    for name in names:
        if name.casefold() not in there:
            found.setdefault(name.casefold(), name)
    return list(found.values())


def ready(ctx: Ctx, one: Import, drafts: list[Draft]) -> Ready | None:
    """Everything of these rows that can be made before they are written; None where that needs care."""
    pipeline, role = pipelines.reach(ctx, one.pipeline_key)
    if one.dry_run or not _alike(one, pipeline, role) or pipeline.formulas_updated_at is not None:
        return None
    return Ready(pipeline, creation.prepare(ctx, pipeline, [draft.given for draft in drafts]))


def _alike(one: Import, pipeline: Pipeline, role: access.Role) -> bool:
    """Whether all rows are treated alike: each becomes a box, whatever is in it."""
    free = access.grants_any(role, "BOX", "CREATE") and pipeline.validators_updated_at is None
    return one.plan.match is None and free


def settle(
    ctx: Ctx, one: Import, read: Reader, piece: Piece, made: Ready | None = None, *, bytes_done: int, rows_done: int
) -> bool:
    """Write a slice and how far it came; False when the import was cancelled or is someone else's now."""
    mine = ctx.db.row(
        f"SELECT 1 FROM imports WHERE key = :key AND worker = :worker AND state = 'running'{ctx.db.for_update}",
        key=one.key,
        worker=one.worker,
    )
    if mine is None:
        return False
    created = updated = 0
    refused = list(piece.refusals)
    if one.dry_run:
        created, updated = _count(ctx, one, piece.drafts)
    else:
        pipeline, role = pipelines.reach(ctx, one.pipeline_key)
        if pipeline.stage_order != read.pipeline.stage_order or schema.fields_by_key(ctx, pipeline.key) != read.fields:
            raise Stale
        created, updated, more = _write(ctx, one, pipeline, role, piece.drafts, made)
        refused += more
    _keep(ctx, one, refused)
    ctx.db.run(
        """
        UPDATE imports SET rows_done = :rows_done, bytes_done = :bytes_done, created = created + :created,
            updated = updated + :updated, refused = refused + :refused, lease_until = :until
        WHERE key = :key
        """,
        key=one.key,
        rows_done=rows_done,
        bytes_done=bytes_done,
        created=created,
        updated=updated,
        refused=len(refused),
        until=ctx.now + LEASE,
    )
    ctx.db.notify(CHANNEL)
    return True


def _write(
    ctx: Ctx, one: Import, pipeline: Pipeline, role: access.Role, drafts: list[Draft], made: Ready | None
) -> tuple[int, int, list[Refusal]]:
    alike = _alike(one, pipeline, role)
    if alike and made and made.pipeline == pipeline:
        creation.store(ctx, pipeline, role, made.made)
        return len(drafts), 0, []
    if alike:
        creation.create_many(ctx, pipeline, role, [draft.given for draft in drafts])
        return len(drafts), 0, []
    keys = ids.several("b", ctx.now, len(drafts))
    created = updated = 0
    refused: list[Refusal] = []
    there = _there(ctx, one, drafts) if one.plan.match else {}
    for draft, new in zip(drafts, keys, strict=True):
        value = _matched(one.plan, draft)
        old = there.get(value) if value is not None else None
        try:
            key = ctx.db.attempt(partial(_one, ctx, pipeline, role, draft, old, new))
            created, updated = (created, updated + 1) if old else (created + 1, updated)
            there |= {value: key} if value is not None else {}
        except Problem as problem:
            reason = problem.message if isinstance(problem, Invalid) else str(problem)
            refused.append(Refusal(draft.number, "", reason, draft.given))
    return created, updated, refused


def _one(ctx: Ctx, pipeline: Pipeline, role: access.Role, draft: Draft, old: str | None, new: str) -> str:
    if old:
        return boxes.edit(ctx, old, _changes(draft)).key
    if "name" not in draft.given:
        raise Invalid("name", "is missing, and there is no box to change")
    return creation.create_many(ctx, pipeline, role, [draft.given], [new])[0].key


def _changes(draft: Draft) -> dict[str, Any]:
    """What a box that is there already is given: what the row has, but for when it was made."""
    given = {name: value for name, value in draft.given.items() if name not in ("created", "stage")}
    if "stage" in draft.given:
        given["stage_key"] = draft.given["stage"]
    if "assignees" in given:
        given["assignees"] = [{"user_key": key} for key in given["assignees"]]
    if "followers" in given:
        given["follower_keys"] = given.pop("followers")
    return given


def _matched(made: Plan, draft: Draft) -> str | None:
    """What the row is found again by, as text."""
    if made.match is None:
        return None
    value = draft.given.get("name") if made.match == "name" else draft.given.get("fields", {}).get(made.match)
    return None if value is None else _as_text(value)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _there(ctx: Ctx, one: Import, drafts: list[Draft]) -> dict[str, str]:
    """The boxes that these rows mean, by what they are matched by; of several the oldest."""
    pipeline, role = pipelines.reach(ctx, one.pipeline_key, change=True)
    match = one.plan.match
    column = "b.name" if match == "name" else f"CAST({ctx.db.dialect.field_value('b.fields', match or '')} AS TEXT)"
    wanted = {value for draft in drafts if (value := _matched(one.plan, draft)) is not None}
    seen, params = access.visible(ctx.db.dialect, role, ctx.actor.key)
    rows = ctx.db.rows(
        f"""
        SELECT {column}, b.key FROM boxes b
        WHERE b.pipeline_key = :pipeline AND {seen} AND {ctx.db.dialect.among(column, "wanted")}
        ORDER BY b.created_at DESC, b.key DESC
        """,
        pipeline=pipeline.key,
        wanted=ctx.db.texts(wanted),
        **params,
    )
    return dict(rows)


def _count(ctx: Ctx, one: Import, drafts: list[Draft]) -> tuple[int, int]:
    """How many would be created and updated."""
    if one.plan.match is None:
        return len(drafts), 0
    there: set[str | None] = {*_there(ctx, one, drafts)}
    created = updated = 0
    for draft in drafts:
        value = _matched(one.plan, draft)
        created, updated = (created, updated + 1) if value in there else (created + 1, updated)
        there.add(value)
    return created, updated


def _keep(ctx: Ctx, one: Import, refused: list[Refusal]) -> None:
    if not refused:
        return
    held = ctx.db.row("SELECT refused FROM imports WHERE key = :key", key=one.key)
    room = MOST_KEPT - (held[0] if held else 0)
    rows = []
    for refusal in sorted(refused)[: max(room, 0)]:
        cells = msgspec.json.encode(refusal.cells).decode().replace("\\u0000", "")
        kept = cells if len(cells) <= MOST_CELLS else "[]"
        rows.append((one.key, refusal.number, refusal.column.replace("\x00", ""), refusal.reason, kept))
    if rows:
        ctx.db.bulk("import_refusals", ("import_key", "number", "column_name", "reason", "cells"), rows)


def finish(ctx: Ctx, one: Import, error: str | None = None) -> None:
    """It came to its end, or cannot go on."""
    end(ctx, one, "failed" if error else "done", error)


def fail(db: Db, one: Import, error: str, now: int) -> None:
    """The same for one whose maker cannot act any more."""
    db.run(
        "UPDATE imports SET state = 'failed', error = :error, ended_at = :now, lease_until = 0 WHERE key = :key",
        key=one.key,
        error=error,
        now=now,
    )
    stored_files.free(db, one.blob)
    db.notify(CHANNEL)
