"""Sequences: mails, waits, tasks and conditions that follow each other for one recipient. They belong to a pipeline.

A run has the steps and settings that its sequence had when it started: a change of a sequence counts for later runs.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ....errors import Insufficient, Invalid, NotFound
from ....lib import ids
from ... import access, events, pipelines, trash
from ...context import Ctx
from ...records import Pipeline
from ..mail.records import PERSONAL
from . import senders, sequence_steps
from .sequence_records import SEQUENCES, Sequence, SequenceSettings

MOST = 200
"""Sequences of a pipeline."""
EDITED = ("name", "mailbox_key", "steps", "settings")


def get(ctx: Ctx, key: str) -> Sequence:
    return reach(ctx, key)[0]


def reach(ctx: Ctx, key: str, *, change: bool = False) -> tuple[Sequence, Pipeline]:
    """The sequence and its pipeline. With `change`, the actor must be allowed to change the pipeline."""
    lock = ctx.db.for_update if change else ""
    row = ctx.db.row(f"SELECT {SEQUENCES.columns} FROM sequences WHERE key = :key{lock}", key=key)
    if row is None:
        raise NotFound(key)
    sequence = SEQUENCES.load(row)
    try:
        pipeline, role = pipelines.reach(ctx, sequence.pipeline_key)
    except NotFound:
        raise NotFound(key) from None
    if change:
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    return sequence, pipeline


def shown(ctx: Ctx, sequence: Sequence) -> Sequence:
    """The sequence, without the key of a mailbox that the actor may not send from."""
    if sequence.mailbox_key is None or senders.may_use(ctx, sequence.mailbox_key):
        return sequence
    return msgspec.structs.replace(sequence, mailbox_key=None)


def page(ctx: Ctx, pipeline_key: str, *, limit: int, offset: int) -> list[Sequence]:
    """The sequences of a pipeline, or of all pipelines that the actor sees; the oldest first."""
    if pipeline_key:
        pipelines.get(ctx, pipeline_key)
    rows = ctx.db.rows(
        f"""
        SELECT {SEQUENCES.of("q")} FROM sequences q
        WHERE q.pipeline_key IN (SELECT p.key FROM pipelines p WHERE {access.ROLE} IS NOT NULL)
            AND (:pipeline = '' OR q.pipeline_key = :pipeline)
        ORDER BY q.created_at, q.key LIMIT :limit OFFSET :offset
        """,
        **ctx.who,
        pipeline=pipeline_key,
        limit=limit,
        offset=offset,
    )
    return SEQUENCES.load_all(rows)


def create(ctx: Ctx, given: dict[str, Any]) -> Sequence:
    if not given.get("name"):
        raise Insufficient("Sequence", "name")
    if not given.get("pipeline_key"):
        raise Invalid("pipelineKey", "is missing: a sequence belongs to a pipeline")
    pipeline, role = pipelines.reach(ctx, given["pipeline_key"])
    access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    count = ctx.db.row("SELECT COUNT(*) FROM sequences WHERE pipeline_key = :key", key=pipeline.key)
    if count and count[0] >= MOST:
        raise Invalid("pipelineKey", f"has {MOST} sequences already: delete some first")
    if not given.get("steps"):
        raise Invalid("steps", "are missing")
    blank = Sequence(
        key=ids.new("q", ctx.now),
        team_key=pipeline.team_key,
        pipeline_key=pipeline.key,
        creator_key=ctx.actor.key,
        name=given["name"],
        mailbox_key=None,
        steps=[],
        settings=SequenceSettings(),
        version=1,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    sequence = msgspec.structs.replace(_changed(ctx, pipeline, blank, given), version=1)
    SEQUENCES.insert(ctx.db, sequence)
    events.record(ctx, "sequence.created", sequence, pipeline=pipeline, subject=sequence.name)
    return sequence


def edit(ctx: Ctx, key: str, given: dict[str, Any]) -> Sequence:
    """Change a sequence. Runs that were started before are not changed."""
    before, pipeline = reach(ctx, key, change=True)
    sequence = _changed(ctx, pipeline, before, given)
    if sequence == before:
        return before
    sequence = msgspec.structs.replace(sequence, updated_at=ctx.now)
    SEQUENCES.update(ctx.db, sequence, *EDITED, "version", "updated_at")
    was = {name: getattr(before, name) for name in EDITED if getattr(before, name) != getattr(sequence, name)}
    events.record(ctx, "sequence.edited", sequence, pipeline=pipeline, before=was, subject=sequence.name)
    return sequence


def _changed(ctx: Ctx, pipeline: Pipeline, sequence: Sequence, given: dict[str, Any]) -> Sequence:
    changes: dict[str, Any] = {"name": given["name"]} if given.get("name") else {}
    if "mailbox_key" in given:
        changes["mailbox_key"] = _mailbox(ctx, pipeline, given["mailbox_key"]) if given["mailbox_key"] else None
    if given.get("steps") is not None:
        changes["steps"] = sequence_steps.check(ctx, pipeline, given["steps"])
    if given.get("settings") is not None:
        changes["settings"] = sequence_steps.settings(sequence.settings, given["settings"])
    after = msgspec.structs.replace(sequence, **changes)
    differs = (after.steps, after.settings) != (sequence.steps, sequence.settings)
    return msgspec.structs.replace(after, version=sequence.version + 1) if differs else after


def _mailbox(ctx: Ctx, pipeline: Pipeline, key: str) -> str:
    mailbox = senders.get(ctx, key)
    if mailbox.kind == PERSONAL or mailbox.team_key != pipeline.team_key:
        raise Invalid("mailboxKey", f"{mailbox.address} is no mailbox of the pipeline's team")
    return mailbox.key


def delete(ctx: Ctx, key: str) -> None:
    """Delete a sequence and its runs. Letters of runs that wait are not sent. The trash stores the sequence without its
    runs."""
    sequence, pipeline = reach(ctx, key, change=True)
    trash.store(ctx, "sequence", key, sequence.name, pipeline=pipeline)
    ctx.db.run(
        "DELETE FROM sent_letters WHERE state = 'scheduled' AND run_key IN ("
        "SELECT key FROM sequence_runs WHERE sequence_key = :key)",
        key=key,
    )
    ctx.db.run("DELETE FROM sequences WHERE key = :key", key=key)
    events.record(ctx, "sequence.deleted", sequence, pipeline=pipeline, subject=sequence.name)


def restore(ctx: Ctx, rows: list[dict[str, Any]]) -> None:
    """Put a deleted sequence back. Its runs ended."""
    trash.put_back(ctx.db, "sequences", rows)
    sequence, pipeline = reach(ctx, rows[0]["key"], change=True)
    events.record(ctx, "sequence.restored", sequence, pipeline=pipeline, subject=sequence.name)
