"""Many operations in one request: `POST /v2/batch`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import msgspec

from ..errors import Invalid, Problem
from ..wire import v1
from ..wire.codec import Shape
from ..wire.kinds import FLAG, NAME, Kind, records
from ..wire.shapes.people import Out
from .http import dry_run, old_keys, replies
from .http.app import answer
from .http.call import Call, Stream
from .http.live import Live
from .http.replies import Chunks, Download
from .http.router import STREAM, WRITE, Route

MOST = 1000
_BODY = Kind(lambda value: value, {"description": "The body of the operation."})
OPERATION = Shape(
    "Operation",
    required=("method", "path"),
    method=NAME,
    path=NAME,
    body=_BODY,
    described={"path": "The path, such as /v1/boxes/{key}, with its query if it needs one."},
)
BATCH = Shape(
    "Batch",
    required=("operations",),
    atomic=FLAG,
    operations=records(OPERATION),
    described={"atomic": "All operations or none: the first operation that fails undoes the others."},
)


class Result(Out, omit_defaults=False):
    status: int
    body: msgspec.Raw


class Results(Out, omit_defaults=False):
    results: list[Result]
    committed: bool
    """False if `atomic` is true and an operation failed. Then nothing was changed."""


class _Undo(Exception):
    """An operation of an atomic batch failed: the whole batch is undone."""


def run(call: Call) -> Results:
    """Run up to 1,000 operations in order, in one transaction, each with its own status and body.

    An operation that fails does not affect the others, unless `atomic` is true. The response is 200 in both cases:
    check `committed` and each `status`.
    """
    given = call.parse(BATCH)
    operations = given.get("operations") or []
    if not 0 < len(operations) <= MOST:
        raise Invalid("operations", f"must hold 1 to {MOST:,} operations")
    results: list[Result] = []
    if not given.get("atomic"):
        for operation in operations:
            results.append(_attempt(call, operation))
        return Results(results, True)
    try:
        call.ctx.db.attempt(lambda: _all(call, operations, results))
    except _Undo:
        call.ctx.change = ""
        return Results(results, False)
    return Results(results, True)


def _all(call: Call, operations: list[dict[str, Any]], results: list[Result]) -> None:
    for operation in operations:
        results.append(_attempt(call, operation))
        if results[-1].status >= 400:
            raise _Undo


def _attempt(call: Call, operation: dict[str, Any]) -> Result:
    """One operation in a savepoint."""
    says, change = "", call.ctx.change
    path: tuple[str, ...] = ()
    name = ""
    try:
        route, inner = _prepared(call, operation)
        says, path, name = route.says, inner.path, f"{route.verb} {route.path}"
        if route.mode == WRITE and dry_run.wanted({}, inner.query, inner.given):
            return _dry(call, route, inner)
        result = call.ctx.db.attempt(lambda: answer(route, inner))
        if isinstance(result, Stream):
            raise Invalid("path", "this list is too long for a batch: send a limit")
        if isinstance(result, (Download, Live, Chunks)):
            raise Invalid("path", "returns something other than JSON, so it cannot be part of a batch")
        reply = result
    except Problem as problem:
        call.ctx.change = change  # the events of the operation were undone with it
        reply = old_keys.refusal(problem, says, path, call.old_keys)
    if reply.content_type != replies.JSON:
        reply = replies.error(400, "path: returns something other than JSON, so it cannot be part of a batch")
    if call.key and name:
        call.api.usage.note_part(call.key, name, reply.status)
    return Result(reply.status, msgspec.Raw(reply.body))


def _dry(call: Call, route: Route, inner: Call) -> Result:
    """An operation that asks for a dry run itself: only this operation is undone."""
    inner.ctx = replace(call.ctx, started_runs=[], listening={}, people={})

    def attempt() -> None:
        raise dry_run.done(inner.ctx, lambda: answer(route, inner))

    try:
        call.ctx.db.attempt(attempt)
    except dry_run.Done as done:
        return Result(done.reply.status, msgspec.Raw(done.reply.body))
    raise AssertionError("unreachable")


def _prepared(call: Call, operation: dict[str, Any]) -> tuple[Any, Call]:
    path, _, query = operation["path"].partition("?")
    path = unquote(path if path.startswith("/api/") else f"/api/{path.lstrip('/')}")
    route, parameters, verbs = call.router.find(operation["method"].upper(), path)
    if route is None:
        raise Invalid("path", f"takes {', '.join(verbs)}" if verbs else "Invalid API path specified")
    if route.handler is run:
        raise Invalid("path", "a batch cannot contain a batch")
    if "\x00" in path:
        raise Invalid("path", "must not contain NUL characters")
    if route.mode == STREAM:
        raise Invalid("path", "files and messages cannot be sent in a batch: send each in its own request")
    inner = call.inner(route, parameters, v1.read_query(query) if query else {})
    body = operation.get("body")
    if isinstance(body, list):
        inner.items = body
    elif isinstance(body, dict):
        inner.given = {**inner.query, **body}
        inner.enter(call.ctx)
    elif body is not None:
        raise Invalid("body", "must be an object or a list")
    return route, inner
