"""One call: read it, find who acts, open the transaction, ask the handler, answer after the commit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.types import Receive, Scope, Send

from ..core import keys, links
from ..core.context import Ctx
from ..core.selections import Wish
from ..db.engine import Db, Engine
from ..errors import Busy, Invalid, NotFound, NotSignedIn, Problem, Stale, Unavailable
from ..lib.blobs import Blobs, Missing, StoreFailed
from ..lib.guesses import Queue
from ..lib.targets import Rules
from ..wire import v1
from ..wire.codec import Shape
from . import bodies, credentials, live, repeats, replies, sending, streams
from .bodies import Body
from .failures import Failures
from .limits import Limits
from .live import Bells, Live
from .replies import Chunks, Download, Reply, encode
from .router import READ, STREAM, WRITE, Route, Router

T = TypeVar("T")
log = logging.getLogger("boxwood.api")
MOST_BODY = 8_000_000
MOST_PER_PAGE = 1000
ALL = 10**9
"""The page of a list that is answered whole unless `limit` is given."""
FILE_THREADS = 64  # each upload holds one for as long as its sender takes
# A message of 40 MB takes five times as much memory while it is read, and a second of the processor.
HEAVY_AT_ONCE = 2


class Stream:
    """A JSON array too long for one answer: `parts` are rendered one by one, each in its own transaction."""

    def __init__(self, parts: Iterator[Any], render: Callable[[Ctx, Any], list[Any]]) -> None:
        self.parts = parts
        self.render = render


Answer = Reply | Stream | Download | Live | Chunks


class Call:
    """What a handler is given: the parameters of the path in order, everything else merged in `given`."""

    __slots__ = tuple("api ctx given headers items path peer query quota route scheme session".split())

    def __init__(
        self,
        api: Api,
        route: Route,
        path: tuple[str, ...],
        headers: dict[bytes, bytes],
        query: dict[str, Any],
        scheme: str,
        peer: str,
    ) -> None:
        self.api = api
        self.route = route
        self.path = path
        self.headers = headers
        self.query = query
        self.given = query
        self.items: list[Any] | None = None
        self.ctx: Ctx = None  # type: ignore[assignment]  # set once the transaction is open
        self.scheme = scheme
        self.peer = peer
        self.session = ""
        """The key of the session it is made in."""
        self.quota: tuple[tuple[bytes, bytes], ...] | None = None
        """The headers that say what the key has left, once this call was counted."""

    def inner(self, route: Route, path: tuple[str, ...], query: dict[str, Any]) -> Call:
        """Another call of the same caller, in the same transaction."""
        call = Call(self.api, route, path, self.headers, query, self.scheme, self.peer)
        call.ctx, call.session = self.ctx, self.session
        return call

    async def read(self, fn: Callable[[Ctx], T]) -> T:
        """In a transaction of its own that changes nothing: for routes that STREAM."""
        return await self.api.engine.read_soon(lambda db: fn(self.api.context(db, self)))

    async def write(self, told: list[Any], fn: Callable[[Ctx], Any]) -> Reply:
        """In a transaction of its own, committed when it returns: for routes that STREAM. `told` is what the
        request said; one that repeats another raises `repeats.Replayed`."""

        def work(db: Db) -> Reply:
            self.ctx = self.api.context(db, self)
            reply = repeats.once(self, told, lambda: Reply(encode(fn(self.ctx))))
            return sending.naming(reply, self.ctx.change)

        reply = await self.api.engine.write_soon(work)
        if repeats._REPLAYED in reply.headers:
            raise repeats.Replayed(reply)
        return reply

    @property
    def edition(self) -> str:
        return self.route.edition

    @property
    def rules(self) -> Rules:
        """Which addresses this server may call."""
        return self.api.rules

    @property
    def wishes(self) -> set[Wish]:
        """Where to leave word of fields that an index would serve."""
        return self.api.wishes

    @property
    def router(self) -> Router:
        return self.api.router

    @property
    def base_url(self) -> str:
        """Where the caller reached us, as far as he or a proxy before us says."""
        proxied = self.header("x-forwarded-proto").strip().lower()
        scheme = proxied if proxied in ("http", "https") else self.scheme
        return f"{scheme}://{self.header('host') or 'localhost'}"

    @property
    def source(self) -> str:
        """The address the caller has."""
        return self.api.limits.source(self.peer, self.header("x-forwarded-for"))

    def knows(self, tag: bytes) -> bool:
        """Whether the caller has what bears this tag already."""
        return b"if-none-match" in self.headers and sending.matches(self.headers[b"if-none-match"], tag)

    def header(self, name: str) -> str:
        return self.headers.get(name.encode(), b"").decode("latin-1")

    def parse(self, shape: Shape) -> dict[str, Any]:
        if self.items is not None:
            raise Invalid("body", "must be a JSON object, not a list")
        return shape.parse(self.given)

    def text(self, name: str, default: str = "") -> str:
        """A query parameter; of one that was repeated the last."""
        value = self.given.get(name, default)
        value = value[-1] if isinstance(value, list) and value else value
        if not isinstance(value, str):
            raise Invalid(name, "must be text")
        if "\x00" in value:
            raise Invalid(name, "may not hold NUL characters")
        return value

    def texts(self, name: str) -> list[str]:
        """A query parameter that may be repeated or hold commas or brackets."""
        value = self.given.get(name, [])
        found: list[str] = []
        for one in value if isinstance(value, list) else [value]:
            found += [part.strip() for part in str(one).strip("[]").split(",") if part.strip()]
        if any("\x00" in one for one in found):
            raise Invalid(name, "may not hold NUL characters")
        return found

    def flag(self, name: str) -> bool:
        return str(self.given.get(name, "")).lower() in ("true", "1")

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """A whole number; too large is clamped, negative or not a number is refused (ruling 16)."""
        value = self.given.get(name)
        if value is None or value == "":
            return default
        try:
            found = int(value) if isinstance(value, int) else int(str(value).strip())
        except ValueError:
            raise Invalid(name, "must be a whole number") from None
        if found < least:
            raise Invalid(name, f"must be {least} or more")
        return min(found, most) if most is not None else min(found, 2**53)

    def page(self, default: int) -> tuple[int, int]:
        """`limit` and the offset that `page` (or `offset`) means."""
        limit = self.number("limit", default, least=1, most=MOST_PER_PAGE)
        offset = self.number("offset", self.number("page", 0, most=10**9) * limit, most=10**12)
        return limit, offset

    def sort_by(self) -> str:
        """As a column of ours; empty for the list's own order."""
        word = self.text("sortBy")
        if word not in _ORDERS:
            raise Invalid("sortBy", "is creationTimestamp or lastUpdatedTimestamp")
        return _ORDERS[word]


_ORDERS = {"": "", "creationTimestamp": "created_at", "lastUpdatedTimestamp": "updated_at"}


class Api:
    """The ASGI application under `/api`."""

    def __init__(
        self,
        engine: Engine,
        router: Router,
        clock: Callable[[], int],
        rules: Rules,
        store: Blobs,
        max_file_size: int,
        limits: Limits | None = None,
        most_endpoints: int = 16,
        most_subscriptions: int = 0,
    ) -> None:
        self.engine = engine
        self.limits = limits or Limits(engine)
        self.most_endpoints, self.most_subscriptions = most_endpoints, most_subscriptions
        """Native endpoints and event subscriptions of a team; 0 for no limit."""
        self.router = router
        self.clock = clock
        self.rules = rules
        self.store = store
        self.max_file_size = max_file_size
        self._threads = ThreadPoolExecutor(FILE_THREADS, thread_name_prefix="files")
        self._heavy = asyncio.Semaphore(HEAVY_AT_ONCE)
        self.inline = engine.one_process
        self.uses: dict[str, int] = {}
        """When each API key was last used, until someone writes it down."""
        self.seen: dict[str, int] = {}  # the same for sessions
        self.guesses = Queue()
        self.failures = Failures(engine, clock)
        self.provider = ""  # the name of the one by which people may sign in, too
        self.wishes: set[Wish] = set()
        """Fields that were filtered or sorted by, until someone makes their indexes."""
        self._under_way: set[tuple[str, ...]] = set()
        self.bells = Bells(engine)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route, path, verbs = self.router.find(scope["method"], scope["path"])
        if route is None:
            reply = replies.wrong_verb(verbs) if verbs else replies.UNKNOWN_PATH
            await sending.send(send, reply, scope)
            return
        scope["route"] = f"{route.verb} {route.path}"
        result: Answer
        call: Call | None = None
        try:
            if "\x00" in scope["path"]:
                raise NotFound(scope["path"].replace("\x00", ""))
            call = Call(
                self,
                route,
                path,
                dict(scope["headers"]),
                v1.read_query(scope["query_string"].decode("latin-1")),
                scope["scheme"],
                scope["client"][0] if scope.get("client") else "",
            )
            if route.mode == STREAM:
                result = await self._take(route, call, receive)
            else:
                await self._read_body(scope, receive, call)
                result = await self._run(route, call, scope)
            pieces = await self.aside(result.open) if isinstance(result, Download) else None
        except repeats.Replayed as replayed:
            result = replayed.reply
        except NotSignedIn as problem:
            result = replies.not_signed_in(problem, challenge=not credentials.by_script(scope["headers"]))
        except Problem as problem:
            result = replies.of_problem(problem, route.says, path)
        except Missing as missing:
            log.error("the bytes of a file are missing", extra={"route": scope["route"], "blob": str(missing)})
            result = replies.of_problem(NotFound(path[0]))
        except StoreFailed as failed:
            log.error("the file store failed: %s", failed)
            result = replies.of_problem(Unavailable("files cannot be stored or read now: try again"))
        except Exception:
            log.exception("failed", extra={"route": scope["route"]})
            result = replies.OUR_FAULT
        if call is not None and call.quota:
            send = sending.adding(send, call.quota)
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
        """A body that is taken as it comes, by a handler that opens its own transactions."""
        with self._alone(call):
            reply: Reply = await route.handler(call, Body(receive))
            return reply

    async def _read_body(self, scope: Scope, receive: Receive, call: Call) -> None:
        if scope["method"] in ("GET", "HEAD", "DELETE"):
            return
        body = await bodies.whole(receive, call.headers, MOST_BODY)
        members, call.items = v1.read_body(body, call.headers.get(b"content-type", b"").decode("latin-1"))
        call.given = {**call.query, **members}

    async def _run(self, route: Route, call: Call, scope: Scope) -> Answer:
        if route.mode == READ and self.inline:
            return self.engine.read(lambda db: self._read(db, route, call))
        if route.mode != WRITE:
            return await self.engine.read_soon(lambda db: self._read(db, route, call))
        with self._alone(call):
            return await self.engine.write_soon(lambda db: self._write(db, route, call, scope))

    def _read(self, db: Db, route: Route, call: Call) -> Answer:
        call.ctx = self.context(db, call)
        return answer(route, call)

    def _write(self, db: Db, route: Route, call: Call, scope: Scope) -> Answer:
        match = call.header("if-match")
        if match:
            db.hold_still()
        call.ctx = self.context(db, call)
        if match:
            self._require_match(call, scope, match)
        reply = repeats.once(call, [call.given, call.items], lambda: answer(route, call))
        return sending.naming(reply, call.ctx.change)

    @contextlib.contextmanager
    def _alone(self, call: Call) -> Iterator[None]:
        """No other request under this Idempotency-Key meanwhile."""
        if not (key := call.header("idempotency-key")):
            yield
            return
        mine = (call.header("authorization") or call.header("cookie"), call.header("x-boxwood-act-as"), key)
        if mine in self._under_way:
            raise Busy("A request with this Idempotency-Key is under way: ask again for its answer")
        self._under_way.add(mine)
        try:
            yield
        finally:
            self._under_way.discard(mine)

    def _require_match(self, call: Call, scope: Scope, match: str) -> None:
        """The caller changes what it read: the entity's tag is still the one it knows."""
        route, path, _ = self.router.find("GET", scope["path"])
        if route is None:
            raise Invalid("If-Match", "this path has no entity to compare")
        now = answer(route, call.inner(route, path, {}))
        if not (
            isinstance(now, Reply) and now.status == 200 and sending.matches(match.encode(), sending.tag(now.body))
        ):
            raise Stale("It was changed since you read it: read it again, and If-Match what you get")

    def context(self, db: Db, call: Call) -> Ctx:
        """Who acts, and when."""
        now = self.clock()
        if call.route.open:
            return links.accept(db, call.text("token"), call.path[0], now)
        act_as = call.headers.get(b"x-boxwood-act-as")
        given = call.headers.get(b"authorization")
        if given is None and (cookie := credentials.session(call.headers)):
            return credentials.in_session(db, call, cookie, now)
        try:
            secret = credentials.secret(given)
            user, within, key = keys.owner(db, secret, act_as.decode("latin-1") if act_as else None)
        except NotSignedIn as problem:
            if problem.given:
                self.limits.failed(call.source, now)
            raise
        self.uses[key] = now
        if call.quota is None:
            call.quota = self.limits.spend(key, now)
        return Ctx(db, now, user, within, f"key:{key}", insists=call.flag("overrideValidation"))

    async def aside(self, fn: Callable[..., T], *given: Any) -> T:
        """In a thread for files, where waiting for disk, bucket or sender holds up nobody else."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, fn, *given)

    async def heavy(self, fn: Callable[..., T], *given: Any) -> T:
        """The same for what takes much memory: a few at once."""
        async with self._heavy:
            return await self.aside(fn, *given)

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.limits.close()


def answer(route: Route, call: Call) -> Answer:
    """What the handler answers, as bytes where it is one answer."""
    result = route.handler(call)
    return result if isinstance(result, Answer) else Reply(encode(result))
