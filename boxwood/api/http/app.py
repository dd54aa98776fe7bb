"""The ASGI application under `/api`. It reads the request, finds the user, opens the transaction, calls the handler,
and responds after the commit."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from starlette.types import Receive, Scope, Send

from ...core.accounts import api_keys
from ...core.context import Ctx
from ...db.engine import Db
from ...errors import Busy, Invalid, NotFound, NotSignedIn, Problem, Stale, Unavailable
from ...lib.blobs import Missing, StoreFailed
from ...wire import v1
from . import (
    bodies,
    compression,
    cors,
    credentials,
    dry_run,
    headers,
    idempotency,
    live,
    old_keys,
    proposed_files,
    proposing,
    replies,
    route_scopes,
    sending,
    streams,
)
from .bodies import Body
from .call import Call, Stream
from .live import Live
from .replies import Chunks, Download, Reply, encode
from .router import READ, STREAM, WRITE, Route
from .services import Services

log = logging.getLogger("boxwood.api")
MOST_BODY = 8_000_000
Answer = Reply | Stream | Download | Live | Chunks


class Api(Services):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._under_way: set[tuple[str, ...]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route, path, verbs = self.router.find(scope["method"], scope["path"])
        if route is None and scope["method"] == "OPTIONS" and (asked := cors.asked(scope["headers"])):
            origins = await self.engine.read_soon(api_keys.origins)
            if (preflight := cors.preflight(asked, origins)) is not None:
                await sending.send(send, preflight, scope)
                return
        if route is None:
            reply = replies.wrong_verb(verbs) if verbs else replies.UNKNOWN_PATH
            await sending.send(send, reply, scope)
            return
        scope["route"] = f"{route.verb} {route.path}"
        scope["shows_secret"] = route.shows_secret
        result: Answer
        call: Call | None = None
        try:
            if "\x00" in scope["path"]:
                raise NotFound(scope["path"].replace("\x00", ""))
            call = Call(
                self,
                route,
                path,
                headers.read(scope["headers"]),
                v1.read_query(scope["query_string"].decode("latin-1")),
                scope["scheme"],
                scope["client"][0] if scope.get("client") else "",
            )
            if route.mode == STREAM:
                call.look_for_dry_run(call.query)
                result = await self._take(route, call, receive)
            else:
                await self._read_body(scope, receive, call)
                if b"prefer" in call.headers or not dry_run.SPELLINGS.isdisjoint((*call.given, *call.query)):
                    call.look_for_dry_run(call.query, call.given)
                result = await self._run(route, call, scope)
            pieces = await self.aside(result.open) if isinstance(result, Download) else None
        except idempotency.Replayed as replayed:
            result = replayed.reply
        except dry_run.Done as done:
            result = done.reply
        except NotSignedIn as problem:
            result = replies.not_signed_in(problem, challenge=not credentials.by_script(scope["headers"]))
        except Problem as problem:
            result = old_keys.refusal(problem, route.says, path, call.old_keys if call else {})
        except Missing as missing:
            log.error("the bytes of a file are missing", extra={"route": scope["route"], "blob": str(missing)})
            result = replies.of_problem(NotFound(path[0]))
        except StoreFailed as failed:
            log.error("the file store failed: %s", failed)
            result = replies.of_problem(Unavailable("Files cannot be stored or read now: try again later"))
        except Exception:
            log.exception("failed", extra={"route": scope["route"]})
            result = replies.OUR_FAULT
        if call is not None and call.key:
            scope["api_key"] = (call.key, call.peer, call.headers.get(b"x-forwarded-for", b""))
            if call.quota:
                send = sending.adding(send, call.quota)
            if call.origin:
                send = sending.adding(send, cors.headers(call.origin))
        if isinstance(result, Stream):
            assert call is not None
            await streams.of_parts(call, result.parts, result.render, send)
        elif isinstance(result, Chunks):
            assert call is not None
            await streams.of_chunks(call, result, scope, send)
        elif isinstance(result, Download):
            assert pieces is not None
            await streams.of_bytes(self.aside, scope, receive, send, result, pieces)
        elif isinstance(result, Live):
            assert call is not None
            await live.serve(self, call, result, receive, send)
        else:
            await sending.send(send, result, scope)

    async def _take(self, route: Route, call: Call, receive: Receive) -> Reply:
        """Call a handler that reads the body as a stream and opens its own transactions."""
        await self._check_key_before(call)
        with self._alone(call):
            body = Body(compression.decompressed(bodies.patient(receive, self.patience), call.headers))
            if proposing.takes_file(route) and not call.dry and await call.read(lambda ctx: ctx.proposes):
                return await proposed_files.propose(call, body)
            reply: Reply = await route.handler(call, body)
            return reply

    async def _read_body(self, scope: Scope, receive: Receive, call: Call) -> None:
        deletes = scope["method"] == "DELETE"
        if scope["method"] in ("GET", "HEAD") or (deletes and not bodies.is_sent(call.headers)):
            return
        bodies.check_length(call.headers, MOST_BODY)
        await self._check_key_before(call)
        receive = compression.decompressed(bodies.patient(receive, self.patience), call.headers)
        body = await bodies.whole(receive, call.headers, MOST_BODY)
        if deletes and not any(name.encode() in body for name in dry_run.SPELLINGS):
            return  # nothing else in the body of a DELETE has a meaning
        members, call.items = v1.read_body(body, call.headers.get(b"content-type", b"").decode("latin-1"))
        call.given = {**call.query, **members}

    async def _check_key_before(self, call: Call) -> None:
        """Refuse a wrong key before a large body is read. The transaction of the call checks it again."""
        if not (call.route.open or bodies.is_small(call.headers)):
            await call.read(lambda ctx: None)

    async def _run(self, route: Route, call: Call, scope: Scope) -> Answer:
        if route.mode == READ and self.inline:
            return self.engine.read(lambda db: self._read(db, route, call))
        if route.mode != WRITE:
            return await self.engine.read_soon(lambda db: self._read(db, route, call))
        with self._alone(call):
            if route.reads_files:
                async with proposed_files.prepared(call) as call.works:
                    reply = await self.engine.write_soon(lambda db: self._write(db, route, call, scope))
                    assert isinstance(reply, Reply)
                    call.works.done = reply if idempotency.REPLAYED not in reply.headers else None
                return reply
            return await self.engine.write_soon(lambda db: self._write(db, route, call, scope))

    def _read(self, db: Db, route: Route, call: Call) -> Answer:
        call.enter(self.context(db, call))
        return answer(route, call)

    def _write(self, db: Db, route: Route, call: Call, scope: Scope) -> Answer:
        match = call.header("if-match")
        if match:
            db.repeatable_read()
        call.enter(self.context(db, call))
        if match:
            self._require_match(call, scope, match)
        if call.dry:
            raise dry_run.done(call.ctx, lambda: answer(route, call))
        if call.ctx.proposes:
            return call.once([call.given, call.items], lambda: proposing.propose(call, route, answer))
        reply = call.once([call.given, call.items], lambda: answer(route, call))
        return sending.naming(reply, call.ctx.change)

    @contextlib.contextmanager
    def _alone(self, call: Call) -> Iterator[None]:
        """Refuse other requests with the same Idempotency-Key until this request ends."""
        if call.dry or not (key := call.header("idempotency-key")):
            yield
            return
        mine = (call.header("authorization") or call.header("cookie"), call.header("x-boxwood-act-as"), key)
        if mine in self._under_way:
            raise Busy("A request with this Idempotency-Key is in progress: send it again later for its response")
        self._under_way.add(mine)
        try:
            yield
        finally:
            self._under_way.discard(mine)

    def _require_match(self, call: Call, scope: Scope, match: str) -> None:
        """Check that the ETag in If-Match is still the ETag of the entity."""
        route, path, _ = self.router.find("GET", scope["path"])
        if route is None:
            raise Invalid("If-Match", "cannot be used: this path has no entity to compare")
        named = {"names": call.query["names"]} if "names" in call.query else {}
        now = answer(route, call.inner(route, path, named))
        if not (
            isinstance(now, Reply) and now.status == 200 and sending.matches(match.encode(), sending.tag(now.body))
        ):
            raise Stale("It was changed since you read it: read it again, and send its new ETag in If-Match")

    def context(self, db: Db, call: Call) -> Ctx:
        """The context of the call: the user who acts, and the time."""
        now = self.clock()
        if call.route.open:
            assert call.route.accepts is not None
            found: Ctx = call.route.accepts(db, call.text("token"), call.path[0], now)
            return found
        act_as = call.headers.get(b"x-boxwood-act-as")
        given = call.headers.get(b"authorization")
        if given is None and (cookie := credentials.session(call)):
            call.credential = cookie
            return credentials.in_session(db, call, cookie, now)
        try:
            secret = call.credential = credentials.secret(given)
            user, within, key, proposes, limits = api_keys.owner(
                db, secret, now, act_as.decode("latin-1") if act_as else None
            )
        except NotSignedIn as problem:
            if problem.given:
                self.limits.failed(call.source, now)
            raise
        call.key = key
        if limits is not None:
            limits.require(call.source, now)
            if limits.origins and b"origin" in call.headers:
                call.origin = cors.allowed(call.headers[b"origin"], limits.origins, self.cors_origins)
        self.uses[key] = now
        if call.quota is None:
            call.quota = self.limits.spend(key, now, limits.rate if limits is not None else "")
        ctx = Ctx(db, now, user, within, f"key:{key}", insists=call.flag("overrideValidation"))
        if limits is not None:
            ctx.scopes, ctx.has_limits = limits.scopes, True
            proposes = route_scopes.only_proposes(ctx, call.route) or proposes
        if proposes:
            proposing.require_proposable(call.route)
            ctx.proposes = True
        return ctx


def answer(route: Route, call: Call) -> Answer:
    """The result of the handler. A result that is not streamed is encoded as JSON."""
    result = route.handler(call)
    return result if isinstance(result, Answer) else Reply(encode(result))
