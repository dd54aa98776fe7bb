"""Uploads, imports and messages of an API key that may only propose: the body is stored with the proposal.

The handler of such a request reads the body, opens transactions and writes in the last one. Here it runs with a call
that hands out what it would do in its transaction, and waits for the result. So it can run dry when the operation is
proposed, and together with the other operations of the proposal when a user approves it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec

from ...core.context import Ctx
from ...core.undo import proposals
from ...core.undo.proposals import Operation, Proposal, ProposedFile
from ...db.engine import Db
from ...errors import Conflict, Invalid, Problem, TooLarge
from .. import uploads
from ..uploads import Head
from . import dry_run, idempotency, multipart, proposing
from .bodies import Body
from .call import Call
from .dry_run import Done
from .proposing import Work
from .replies import Reply, encode
from .router import Route

T = TypeVar("T")
MOST_BYTES = 100_000_000
KEPT = (b"content-type", b"x-file-name", b"content-disposition")
"""Headers that say what the body is."""
_OF_THE_DECISION = (*KEPT, b"content-length", b"content-encoding", b"idempotency-key", b"prefer", b"if-match")


class _StoredBody(Body):
    """A body in the file store."""

    def __init__(self, call: Call, blob: str) -> None:
        self.call, self.blob = call, blob

    def __iter__(self) -> Iterator[bytes]:
        yield from self.call.api.store.read(self.blob)

    async def whole(self, headers: Mapping[bytes, bytes], most: int) -> bytes:
        found = await self.call.api.aside(lambda: b"".join(self))
        if len(found) > most:
            raise TooLarge("The body", most)
        return found


class _FileCall(Call):
    """The call of an operation with a file. `write` hands out the work, and waits until it is done or given up."""

    __slots__ = ("acting", "asks_for_dry_run", "handed", "operation", "outcome", "outer")

    def __init__(self, outer: Call, route: Route, path: tuple[str, ...], operation: Operation, *, dry: bool) -> None:
        assert operation.file is not None
        headers = {name: value for name, value in outer.headers.items() if name not in _OF_THE_DECISION}
        headers |= {name.encode(): value.encode("latin-1") for name, value in operation.file.headers.items()}
        super().__init__(outer.api, route, path, headers, dict(operation.body), outer.scheme, outer.peer)
        self.outer, self.operation, self.dry = outer, operation, dry
        self.session, self.key, self.old_keys, self.quota = outer.session, outer.key, outer.old_keys, outer.quota
        self.asks_for_dry_run = False
        self.acting: Callable[[Ctx], Ctx] = lambda ctx: ctx
        self.handed: asyncio.Future[Work] = asyncio.get_running_loop().create_future()
        self.outcome: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def look_for_dry_run(self, *given: dict[str, Any]) -> None:
        self.asks_for_dry_run |= dry_run.wanted({}, *given)

    async def read(self, fn: Callable[[Ctx], T]) -> T:
        def work(db: Db) -> T:
            return fn(self.enter(self.acting(self.api.context(db, self.outer))))

        return await self.api.engine.read_soon(work)

    async def write(self, identity: list[Any], fn: Callable[[Ctx], Any]) -> Reply:
        self.handed.set_result(Work(self, fn))
        return await self.outcome


_Begun = tuple[_FileCall, "asyncio.Task[Any]"]


async def propose(call: Call, body: Body) -> Reply:
    """Store the body, run the write dry, and store both as a proposal. The answer is that of the dry run, with the
    proposal."""
    async with uploads.announced(call, 1) as (blob,):
        stored = await call.api.aside(lambda: call.api.store.write(Head(body, MOST_BYTES, 0), blob))
        headers = {name.decode(): call.header(name.decode()) for name in KEPT if name in call.headers}
        query = {name: value for name, value in call.query.items() if name != "wait"}
        operation = msgspec.structs.replace(
            proposing.operation(1, call, call.route),
            body=query,
            file=ProposedFile(blob, _name(call), stored.size, headers),
        )
        inner = _FileCall(call, call.route, call.path, operation, dry=True)
        task = asyncio.create_task(call.route.handler(inner, _StoredBody(call, blob)))
        try:
            work = await _handed(inner, task)
            if isinstance(work, Reply):
                await uploads.take_back(call.api, [blob])
                return work
            if not inner.dry:
                raise Invalid("body", "is too large to be proposed: send it in parts, or ask a user to send it")

            def write(db: Db) -> Reply:
                call.enter(call.api.context(db, call))
                if inner.asks_for_dry_run:
                    return _tried(call, operation, work).reply
                return call.once([query, stored.sha256], lambda: _proposed(call, operation, work))

            reply = await call.api.engine.write_soon(write)
            if inner.asks_for_dry_run:
                await uploads.take_back(call.api, [blob])
            if idempotency.REPLAYED in reply.headers:
                raise idempotency.Replayed(reply)
            return reply
        finally:
            await _give_up([(inner, task)])


def _tried(call: Call, operation: Operation, work: Work) -> proposing.Trial:
    return proposing.try_each(call, call.ctx, [operation], proposing.unanswered, {operation.number: work})[0]


def _proposed(call: Call, operation: Operation, work: Work) -> Reply:
    trial = _tried(call, operation, work)
    members = msgspec.json.decode(trial.reply.body, type=dict[str, Any])
    result = {name: value for name, value in members.items() if name not in ("dryRun", "changes", "effects")}
    assert operation.file is not None
    file = msgspec.structs.replace(operation.file, name=str(result.get("fileName") or operation.file.name))
    operation = msgspec.structs.replace(
        operation, changes=trial.changes, effects=trial.effects, result=result, file=file
    )
    proposal = proposals.create(call.ctx, [operation], trial.pipeline_keys, trial.team_keys)
    return Reply(encode({**members, "proposal": proposing.shown(call.ctx, proposal)}))


def _name(call: Call) -> str:
    """What the file is called in the query or a header. A form names its file inside."""
    given = unquote(call.headers.get(b"x-file-name", b"").decode("utf-8", "replace"))
    found = call.text("fileName") or given or multipart.file_name(call.headers.get(b"content-disposition", b""))
    return found or "body"


class Works:
    """What the operations with files of an approval do, by their number: dry, and in its transaction."""

    def __init__(self) -> None:
        self.dry: dict[int, Work] = {}
        self.wet: dict[int, Work] = {}
        self.are_ready = False
        self.done: Reply | None = None
        """The answer of the approval, once it is committed."""


@contextlib.asynccontextmanager
async def prepared(call: Call) -> AsyncIterator[Works]:
    """Run the handlers of the waiting operations with files up to their transaction. Those whose work was committed go
    on after it; the others delete what they stored."""
    proposal = await call.read(lambda ctx: proposals.get(ctx, call.path[0]))
    begun: list[_Begun] = []
    works = Works()
    try:
        for operation in proposal.operations:
            if operation.file is None or operation.state != proposals.WAITING:
                continue
            for found, dry in ((works.dry, True), (works.wet, False)):
                begun.append(_begin(call, proposal, operation, dry=dry))
                work = await _handed(*begun[-1])
                found[operation.number] = Work(begun[-1][0], _known(work)) if isinstance(work, Reply) else work
        works.are_ready = True
        yield works
        if works.done is not None:
            await _go_on([each for each in begun if not each[0].dry], works.done)
    except Problem as problem:
        if works.are_ready:
            raise
        raise Conflict(f"The proposal cannot be approved as it is: {problem}") from None
    finally:
        await _give_up(begun)


async def _go_on(begun: Sequence[_Begun], reply: Reply) -> None:
    """Let the handlers of the approved operations continue after the commit."""
    shown = msgspec.json.decode(reply.body)["proposal"]["operations"]
    approved = {operation["number"] for operation in shown if operation["state"] == "APPROVED"}
    for inner, task in begun:
        if inner.operation.number in approved and not task.done():
            inner.outcome.set_result(reply)
            await asyncio.wait([task])


def _known(reply: Reply) -> Callable[[Ctx], Any]:
    return lambda ctx: msgspec.Raw(reply.body)


def _begin(call: Call, proposal: Proposal, operation: Operation, *, dry: bool) -> _Begun:
    assert operation.file is not None
    route, path, _ = call.router.find(operation.method, f"/api/{operation.path.lstrip('/')}")
    assert route is not None
    inner = _FileCall(call, route, path, operation, dry=dry)
    inner.acting = lambda ctx: replace(ctx, within=proposal.within, via=f"proposal:{proposal.key}")
    return inner, asyncio.create_task(route.handler(inner, _StoredBody(call, operation.file.blob)))


async def _handed(inner: _FileCall, task: asyncio.Task[Any]) -> Work | Reply:
    """What the handler would do in its transaction, or its answer if it has none."""
    await asyncio.wait([task, inner.handed], return_when=asyncio.FIRST_COMPLETED)
    if inner.handed.done():
        return inner.handed.result()
    reply = task.result()
    assert isinstance(reply, Reply)
    return reply


async def _give_up(begun: Sequence[_Begun]) -> None:
    """End the handlers that still wait, so that they delete the bytes that they stored."""
    for inner, task in begun:
        if not task.done() and not inner.outcome.done():
            inner.outcome.set_exception(Done(Reply(b"{}")))
    await asyncio.gather(*(task for _, task in begun), return_exceptions=True)
