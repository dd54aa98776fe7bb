"""Proposals: writes of an API key that may only propose. The user for whom the key acts approves or rejects them.

A proposal holds the requests with what their dry runs showed. `api/http/proposing` runs them; this module stores them,
and decides who may see and decide what. A proposal is deleted after a week, decided or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Forbidden, Invalid, NotFound
from ...lib import ids
from ...lib.durations import DAY
from .. import events, pipelines, stored_files
from ..context import Ctx
from ..records import Pipeline

LASTS = 7 * DAY
AT_ONCE = 500
MOST_WAITING = 1000
"""Proposals of a user that wait at the same time."""
WAITING, APPROVED, REJECTED = "waiting", "approved", "rejected"
STATES = (WAITING, APPROVED, REJECTED)


class ProposedFile(msgspec.Struct, frozen=True):
    """The body of an upload, an import or a message, in the file store until the operation is decided."""

    blob: str
    name: str
    size: int
    headers: dict[str, str]
    """The headers of the request that say what the body is, in lower case."""


class Operation(msgspec.Struct, frozen=True):
    """One request of a proposal."""

    number: int
    method: str
    path: str
    body: Any
    """The members of the query and the body together, or the body's list."""
    state: str
    changes: list[Any]
    """What its dry run showed, as the API showed it."""
    effects: dict[str, Any]
    file: ProposedFile | None = None
    """The body, if it is not JSON. Then `body` has the members of the query."""
    result: dict[str, Any] | None = None
    """With a file: what the dry run answered, such as the numbers of an import."""


class Proposal(msgspec.Struct, frozen=True):
    key: str
    user_key: str
    """The user for whom the API key acted, and who decides."""
    within: str
    """The only team within reach of the key, as in `Ctx`."""
    api_key_key: str
    api_key_name: str
    pipeline_key: str | None
    """The pipeline of all its changes, if there is exactly one."""
    team_key: str | None
    operations: list[Operation]
    state: str
    """`waiting` as long as an operation waits. Then `approved` if any operation was approved, else `rejected`."""
    note: str
    change_key: str | None
    """The change of the last approval."""
    created_at: int
    ends_at: int
    """The proposal is deleted at this time."""
    decided_at: int | None


PROPOSALS = Table("proposals", Proposal)


class ProposalSummary(msgspec.Struct, frozen=True):
    """A proposal as events store it: without what it would change, which not every reader of events may see."""

    key: str
    user_key: str
    api_key_key: str
    api_key_name: str
    count: int
    state: str


def create(ctx: Ctx, operations: Sequence[Operation], pipeline_keys: set[str], team_keys: set[str]) -> Proposal:
    """Store a proposal of the key that acts. The sets hold the pipelines and teams in which it would change things."""
    waiting = ctx.db.row(
        "SELECT COUNT(*) FROM proposals WHERE user_key = :user AND state = 'waiting' AND ends_at > :now",
        user=ctx.actor.key,
        now=ctx.now,
    )
    if waiting and waiting[0] >= MOST_WAITING:
        raise Conflict(f"{MOST_WAITING:,} proposals wait already: approve or reject some of them first")
    api_key = ctx.via.partition(":")[2]
    named = ctx.db.row("SELECT name, prefix FROM api_keys WHERE key = :key", key=api_key)
    pipeline = _pipeline(ctx, next(iter(pipeline_keys))) if len(pipeline_keys) == 1 else None
    team_key = pipeline.team_key if pipeline else next(iter(team_keys)) if len(team_keys) == 1 else None
    proposal = Proposal(
        key=ids.new("r", ctx.now),
        user_key=ctx.actor.key,
        within=ctx.within,
        api_key_key=api_key,
        api_key_name=(named[0] or f"{named[1]}…") if named else "",
        pipeline_key=pipeline.key if pipeline else None,
        team_key=team_key,
        operations=list(operations),
        state=WAITING,
        note="",
        change_key=None,
        created_at=ctx.now,
        ends_at=ctx.now + LASTS,
        decided_at=None,
    )
    PROPOSALS.insert(ctx.db, proposal)
    for operation in operations:
        if operation.file is not None:
            stored_files.claim(ctx.db, operation.file.blob, ctx.now)
            ctx.db.run(
                "INSERT INTO proposal_files (blob, proposal_key) VALUES (:blob, :proposal)",
                blob=operation.file.blob,
                proposal=proposal.key,
            )
    record_event(ctx, "proposal.created", proposal)
    return proposal


def _pipeline(ctx: Ctx, key: str) -> Pipeline | None:
    """The pipeline; None if it only exists in the proposal, or is out of reach."""
    try:
        return pipelines.get(ctx, key)
    except NotFound:
        return None


def record_event(ctx: Ctx, kind: str, proposal: Proposal) -> None:
    pipeline = _pipeline(ctx, proposal.pipeline_key) if proposal.pipeline_key else None
    count = len(proposal.operations)
    summary = ProposalSummary(
        proposal.key, proposal.user_key, proposal.api_key_key, proposal.api_key_name, count, proposal.state
    )
    events.record(ctx, kind, summary, team_key=proposal.team_key, pipeline=pipeline, subject=proposal.api_key_name)


_OWN = "user_key = :user AND ends_at > :now"


def get(ctx: Ctx, key: str) -> Proposal:
    """A proposal of the actor's keys. A key that acts within a team sees only what was proposed within the team."""
    return _load(ctx, key, "")


def get_for_change(ctx: Ctx, key: str) -> Proposal:
    """Like `get`, for the user to decide. Raise `Conflict` if the proposal was decided."""
    if ctx.proposes:
        raise Forbidden("This API key may only propose: a user approves, changes or rejects proposals")
    proposal = _load(ctx, key, ctx.db.for_update)
    if proposal.state != WAITING:
        raise Conflict(f"This proposal is {proposal.state} already")
    return proposal


def _load(ctx: Ctx, key: str, lock: str) -> Proposal:
    row = ctx.db.row(
        f"SELECT {PROPOSALS.columns} FROM proposals WHERE key = :key AND {_OWN}{lock}",
        key=key,
        user=ctx.actor.key,
        now=ctx.now,
    )
    proposal = PROPOSALS.load(row) if row else None
    if proposal is None or (ctx.within and proposal.within != ctx.within) or not _is_seen(ctx, proposal):
        raise NotFound(key)
    return proposal


def _is_seen(ctx: Ctx, proposal: Proposal) -> bool:
    """A key with scopes sees only its own proposals: others may hold what it may not read."""
    return ctx.scopes is None or ctx.via == f"key:{proposal.api_key_key}"


def page(ctx: Ctx, *, state: str, limit: int, offset: int) -> list[Proposal]:
    """The proposals of the actor's keys, the newest first; only those in `state`, if it is given."""
    if state and state not in STATES:
        raise Invalid("state", f"must be one of {', '.join(each.upper() for each in STATES)}")
    rows = ctx.db.rows(
        f"""
        SELECT {PROPOSALS.columns} FROM proposals
        WHERE {_OWN} {"AND state = :state" if state else ""} {"AND within = :within" if ctx.within else ""}
            {"AND api_key_key = :api_key" if ctx.scopes is not None else ""}
        ORDER BY created_at DESC, key DESC LIMIT :limit OFFSET :offset
        """,
        user=ctx.actor.key,
        now=ctx.now,
        limit=limit,
        offset=offset,
        **({"state": state} if state else {}),
        **({"within": ctx.within} if ctx.within else {}),
        **({"api_key": ctx.via.partition(":")[2]} if ctx.scopes is not None else {}),
    )
    return PROPOSALS.load_all(rows)


def chosen(proposal: Proposal, numbers: Sequence[int] | None) -> list[Operation]:
    """The waiting operations with these numbers; without numbers, all that wait."""
    waiting = {operation.number: operation for operation in proposal.operations if operation.state == WAITING}
    for at, number in enumerate(numbers or ()):
        if number not in waiting:
            raise Invalid(f"operations[{at}]", f"{number} is not the number of an operation that waits")
    return [waiting[number] for number in dict.fromkeys(numbers)] if numbers else list(waiting.values())


def edit(ctx: Ctx, proposal: Proposal, operations: Sequence[Operation]) -> Proposal:
    """Replace operations of the proposal by those with the same numbers."""
    edited = _with(proposal, operations)
    PROPOSALS.update(ctx.db, edited, "operations")
    ctx.show("proposal", proposal.key, {"operations": proposal.operations}, {"operations": edited.operations})
    return edited


def decide(ctx: Ctx, proposal: Proposal, operations: Sequence[Operation], state: str, note: str) -> Proposal:
    """Store that these operations were approved or rejected, and record the event."""
    decided = [msgspec.structs.replace(operation, state=state) for operation in operations]
    _free(ctx.db, [operation.file.blob for operation in operations if operation.file is not None])
    proposal = _with(proposal, decided)
    states = {operation.state for operation in proposal.operations}
    if WAITING not in states:
        whole = APPROVED if APPROVED in states else REJECTED
        proposal = msgspec.structs.replace(proposal, state=whole, decided_at=ctx.now)
    change = ctx.change if state == APPROVED and ctx.change else proposal.change_key
    proposal = msgspec.structs.replace(proposal, note=note or proposal.note, change_key=change)
    PROPOSALS.update(ctx.db, proposal, "operations", "state", "note", "change_key", "decided_at")
    record_event(ctx, f"proposal.{state}", proposal)
    return proposal


def _free(db: Db, blobs: Sequence[str]) -> None:
    """Let the sweep delete these bytes of proposals."""
    for blob in blobs:
        db.run("DELETE FROM proposal_files WHERE blob = :blob", blob=blob)
        stored_files.free(db, blob)


def _with(proposal: Proposal, operations: Sequence[Operation]) -> Proposal:
    by_number = {operation.number: operation for operation in operations}
    replaced = [by_number.get(operation.number, operation) for operation in proposal.operations]
    return msgspec.structs.replace(proposal, operations=replaced)


def delete_expired(db: Db, now: int) -> int:
    """Delete some of the proposals whose time is over, and return how many."""
    rows = db.rows("SELECT key FROM proposals WHERE ends_at <= :now LIMIT :limit", now=now, limit=AT_ONCE)
    for (key,) in rows:
        _free(db, [blob for (blob,) in db.rows("SELECT blob FROM proposal_files WHERE proposal_key = :key", key=key)])
    db.many("DELETE FROM proposals WHERE key = :key", [{"key": key} for (key,) in rows])
    return len(rows)
