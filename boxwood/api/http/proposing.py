"""Writes of an API key that may only propose: each is run dry, and stored as a proposal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from ...core import stored_files
from ...core.context import Ctx
from ...core.undo import dry_runs, proposals
from ...core.undo.proposals import Operation, Proposal
from ...errors import Conflict, Forbidden, Invalid, Problem
from ...wire.shapes import dry_runs as shapes
from ...wire.shapes import proposals as proposal_shapes
from . import dry_run
from .call import Call
from .replies import Reply, encode
from .router import WRITE, Route

PERSONAL = tuple(
    "/v1/apikeys /v2/apikeys /v2/apps /v2/session /v2/proposals /v2/settings /v2/mailboxes /v2/calendars "
    "/v2/streakimports".split()
)
"""The beginnings of paths that only a user changes: how they sign in, their keys, mailboxes and
calendar feeds, imports from Streak, and decisions about proposals."""
MOST = 100
"""Operations of a batch that becomes a proposal."""
Answer = Callable[[Route, Call], Any]


class Work(NamedTuple):
    """What an operation with a file does in the transaction, after its handler has read the file."""

    call: Call
    do: Callable[[Ctx], Any]


class Trial(NamedTuple):
    """What the dry run of an operation has shown."""

    reply: Reply
    changes: list[Any]
    effects: dict[str, Any]
    pipeline_keys: set[str]
    team_keys: set[str]


class _Tried(Exception):
    """Ends the trial of operations, which undoes all that they did."""


def require_proposable(route: Route) -> None:
    """Raise `Forbidden` if a key that may only propose may not use this route."""
    if route.writes and ((route.mode != WRITE and not takes_file(route)) or route.path.startswith(PERSONAL)):
        raise Forbidden("This API key may only propose, and this operation cannot be proposed")


def takes_file(route: Route) -> bool:
    """Whether the body of a proposed write of this route is stored as a file."""
    return route.writes and bool(route.bodies) and not route.path.startswith(PERSONAL)


def propose(call: Call, route: Route, answer: Answer) -> Reply:
    """Run the write dry and store it as a proposal. The answer is that of the dry run, with the proposal."""
    is_batch = route.path == "/v2/batch"
    given = _of_batch(call) if is_batch else [operation(1, call, route)]
    tried = try_each(call, call.ctx, given, answer)
    operations = [
        msgspec.structs.replace(operation, changes=trial.changes, effects=trial.effects)
        for operation, trial in zip(given, tried, strict=True)
    ]
    pipelines = set[str]().union(*(trial.pipeline_keys for trial in tried))
    teams = set[str]().union(*(trial.team_keys for trial in tried))
    proposal = shown(call.ctx, proposals.create(call.ctx, operations, pipelines, teams))
    if is_batch:
        results = [{"status": trial.reply.status, "body": msgspec.Raw(trial.reply.body)} for trial in tried]
        return Reply(encode({"results": results, "committed": False, "proposal": proposal}))
    members = msgspec.json.decode(tried[0].reply.body, type=dict[str, msgspec.Raw])
    return Reply(encode({**members, "proposal": proposal}))


def shown(ctx: Ctx, proposal: Proposal) -> proposal_shapes.ProposalOut:
    """The proposal, for an API key with scopes without the changes and effects that it may not read. They are stored
    whole, for the user who decides."""
    if ctx.scopes is not None:
        operations = [_seen(ctx, operation) for operation in proposal.operations]
        proposal = msgspec.structs.replace(proposal, operations=operations)
    return proposal_shapes.proposal(proposal)


def _seen(ctx: Ctx, operation: Operation) -> Operation:
    def is_seen(change: dict[str, Any]) -> bool:
        kind, pipeline = change.get("kind"), change.get("pipelineKey")
        return (not kind or ctx.sees_kind(kind)) and (not pipeline or ctx.reaches(pipeline))

    hidden = {noun for noun in ("automations", "webhooks") if not ctx.sees(noun)}
    effects = {
        name: [] if name in hidden else [each for each in found if is_seen(each)]
        for name, found in operation.effects.items()
    }
    return msgspec.structs.replace(operation, changes=[*filter(is_seen, operation.changes)], effects=effects)


def operation(number: int, call: Call, route: Route) -> Operation:
    parameters = iter(call.path)
    path = "/".join(next(parameters) if part.startswith("{") else part for part in route.path.split("/"))
    body = call.items if call.items is not None else call.given
    return Operation(number, route.verb, path, body, proposals.WAITING, [], {})


def _of_batch(call: Call) -> list[Operation]:
    operations = call.given.get("operations")
    if not isinstance(operations, list) or not 0 < len(operations) <= MOST:
        raise Invalid("operations", f"must hold 1 to {MOST} operations to be proposed")
    found = []
    for at, given in enumerate(operations):
        method, path = (given.get("method"), given.get("path")) if isinstance(given, dict) else (None, None)
        if not isinstance(method, str) or not isinstance(path, str):
            raise Invalid(f"operations[{at}]", "needs method and path")
        found.append(Operation(at + 1, method.upper(), path, given.get("body"), proposals.WAITING, [], {}))
    return found


def prepared(call: Call, ctx: Ctx, operation: Operation) -> tuple[Route, Call]:
    """The route of an operation, and the call that performs it."""
    path, _, query = operation.path.partition("?")
    path = path if path.startswith("/api/") else f"/api/{path.lstrip('/')}"
    route, parameters, _ = call.router.find(operation.method, path)
    where = f"operation {operation.number}"
    if route is None or query:
        raise Invalid("path", f"{where}: {operation.path[:100]!r} is no path, or has a query: send it as the body")
    if not route.writes or route.path == "/v2/batch":
        raise Invalid("path", f"{where}: only writes can be proposed, and no batch within a batch")
    require_proposable(route)
    if operation.file is None and takes_file(route):
        raise Invalid("path", f"{where}: takes a file: propose it in a request of its own")
    body = operation.body
    inner = Call(call.api, route, parameters, call.headers, {}, call.scheme, call.peer)
    inner.session = call.session
    inner.old_keys = call.old_keys
    if isinstance(body, list):
        inner.items = body
    elif isinstance(body, dict):
        inner.given = dict(body)
    elif body is not None:
        raise Invalid("body", f"{where}: must be an object or a list")
    inner.enter(ctx)
    return route, inner


def try_each(
    call: Call, ctx: Ctx, operations: Sequence[Operation], answer: Answer, works: Mapping[int, Work] | None = None
) -> list[Trial]:
    """Run the operations dry, one after the other, and undo them together. Raises what the first failure raises.
    `works` are those of the operations with files, by number."""
    found: list[Trial] = []
    scopes = ctx.scopes and ctx.scopes.without_proposals()
    trial_ctx = replace(ctx, started_runs=[], listening={}, people={}, proposes=False, scopes=scopes)

    def attempt() -> None:
        for operation in operations:
            route, inner = prepared(call, trial_ctx, operation)
            found.append(_tried(trial_ctx, route, inner, _answer_of(trial_ctx, operation, answer, works)))
        raise _Tried

    try:
        ctx.db.attempt(attempt)
    except _Tried:
        return found
    raise AssertionError("unreachable")


def _tried(ctx: Ctx, route: Route, inner: Call, answer: Answer) -> Trial:

    ctx.started_runs.clear()
    number = dry_runs.begin(ctx)
    reply = answer(route, inner)
    assert isinstance(reply, Reply)
    outcome = dry_runs.outcome(ctx, number)
    result = shapes.dry_run(outcome)
    if ctx.scopes is not None:
        outcome = dry_runs.outcome(replace(ctx, scopes=ctx.scopes.without_nouns()), number)
    plain = msgspec.json.decode(encode(shapes.dry_run(outcome)))
    return Trial(
        dry_run.shown(reply, result),
        plain["changes"],
        plain["effects"],
        {event.pipeline_key for event in outcome.events if event.pipeline_key},
        {event.team_key for event in outcome.events if event.team_key},
    )


def _answer_of(ctx: Ctx, operation: Operation, answer: Answer, works: Mapping[int, Work] | None) -> Answer:
    """What answers the operation: its work, if it has a file."""
    if operation.file is None:
        return answer
    work = (works or {}).get(operation.number)
    if work is None:
        raise Conflict(f"Operation {operation.number} has a file: approve it in a request of its own")

    def do(route: Route, call: Call) -> Reply:
        stored_files.announce(ctx.db, work.call.unstored, ctx.now)
        return Reply(encode(work.do(ctx)))

    return do


def unanswered(route: Route, call: Call) -> Reply:
    """The answer of operations without a file, where there are none."""
    raise AssertionError(route.path)


def conflicts(
    call: Call, ctx: Ctx, operations: Sequence[Operation], answer: Answer, works: Mapping[int, Work] | None = None
) -> list[str]:
    """What was changed since the proposal was made, in sentences. Raise `Conflict` if an operation cannot be done."""
    try:
        tried = try_each(call, ctx, operations, answer, works)
    except Problem as problem:
        raise Conflict(f"The proposal cannot be approved as it is: {problem}") from None
    found = []
    for operation, trial in zip(operations, tried, strict=True):
        now = {_identity(change): change for change in trial.changes}
        for change in operation.changes:
            if change["before"] is not None:
                found += _differences(operation, change, now.get(_identity(change)))
    return found


def _identity(change: dict[str, Any]) -> tuple[Any, ...]:
    return change["kind"], change.get("objectKey"), *sorted(change["before"] or ())


def _differences(operation: Operation, then: dict[str, Any], now: dict[str, Any] | None) -> list[str]:
    name = f"operation {operation.number}: {then['name'] or then['noun']}"
    if now is None:
        return [f"{name}: {', '.join(then['before'])} was changed since"]
    return [
        f"{name}: {member} was changed since from {old!r} to {now['before'].get(member)!r}"
        for member, old in then["before"].items()
        if now["before"].get(member) != old
    ]


def perform(
    call: Call, operations: Sequence[Operation], answer: Answer, works: Mapping[int, Work] | None = None
) -> list[Reply]:
    """Do the operations in the transaction of the call, as the user who approves them."""
    replies = []
    for operation in operations:
        route, inner = prepared(call, call.ctx, operation)
        reply = _answer_of(call.ctx, operation, answer, works)(route, inner)
        assert isinstance(reply, Reply)
        replies.append(reply)
    return replies
