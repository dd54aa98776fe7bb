"""One call: read it, find who acts, open the transaction, ask the handler, answer after the commit."""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from starlette.types import Receive, Scope, Send

from ..core import answers, keys
from ..core.context import Ctx
from ..db.engine import Db, Engine
from ..errors import Busy, Invalid, NotFound, NotSignedIn, Problem, Stale
from ..lib.targets import Rules
from ..wire import v1
from ..wire.codec import Shape
from . import replies
from .replies import JSON, Reply, encode
from .router import READ, WRITE, Route, Router

log = logging.getLogger("boxwood.api")
MOST_BODY = 8_000_000
MOST_PER_PAGE = 1000
ALL = 10**9
"""The page of a list that is answered whole unless `limit` is given."""


class Stream:
    """A JSON array too long for one answer: `parts` are rendered one by one, each in its own transaction."""

    def __init__(self, parts: Iterator[Any], render: Callable[[Ctx, Any], list[Any]]) -> None:
        self.parts = parts
        self.render = render


class Call:
    """What a handler is given: the parameters of the path in order, everything else merged in `given`."""

    __slots__ = ("base_url", "ctx", "edition", "given", "headers", "items", "path", "query", "router", "rules")

    def __init__(self, route: Route, path: tuple[str, ...], headers: dict[bytes, bytes], query: dict[str, Any]) -> None:
        self.edition = route.edition
        self.path = path
        self.headers = headers
        self.query = query
        self.given = query
        self.items: list[Any] | None = None
        self.ctx: Ctx = None  # type: ignore[assignment]  # set once the transaction is open
        self.base_url = ""
        self.rules = Rules()
        """Which addresses this server may call."""
        self.router: Router = None  # type: ignore[assignment]  # as `ctx`

    def header(self, name: str) -> str:
        return self.headers.get(name.encode(), b"").decode("latin-1")

    def parse(self, shape: Shape) -> dict[str, Any]:
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

    def __init__(self, engine: Engine, router: Router, clock: Callable[[], int], rules: Rules) -> None:
        self.engine = engine
        self.router = router
        self.clock = clock
        self.rules = rules
        self.inline = engine.one_process
        self.uses: dict[str, int] = {}
        """When each API key was last used, until someone writes it down."""
        self._under_way: set[tuple[str, ...]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route, path, verbs = self.router.find(scope["method"], scope["path"])
        if route is None:
            reply = replies.wrong_verb(verbs) if verbs else replies.UNKNOWN_PATH
            await _send(send, reply, scope)
            return
        scope["route"] = f"{route.verb} {route.path}"
        try:
            if "\x00" in scope["path"]:
                raise NotFound(scope["path"].replace("\x00", ""))
            call = Call(route, path, dict(scope["headers"]), _query(scope))
            call.rules, call.router = self.rules, self.router
            await self._read_body(scope, receive, call)
            result = await self._run(route, call, scope)
        except Problem as problem:
            result = replies.of_problem(problem, route.says)
        except _TooLarge:
            result = replies.too_large(MOST_BODY)
        except Exception:
            log.exception("failed", extra={"route": scope["route"]})
            result = replies.OUR_FAULT
        if isinstance(result, Stream):
            await self._stream(scope, send, call, result)
        else:
            await _send(send, result, scope)

    async def _read_body(self, scope: Scope, receive: Receive, call: Call) -> None:
        if scope["method"] in ("GET", "HEAD", "DELETE"):
            return
        body = await _body(call.headers, receive)
        members, call.items = v1.read_body(body, call.headers.get(b"content-type", b"").decode("latin-1"))
        call.given = {**call.query, **members}

    async def _run(self, route: Route, call: Call, scope: Scope) -> Reply | Stream:
        key = call.header("idempotency-key") if route.mode == WRITE else ""
        under_way = (call.header("authorization"), call.header("x-boxwood-act-as"), key)
        if key and under_way in self._under_way:
            raise Busy("A request with this Idempotency-Key is under way: ask again for its answer")

        def work(db: Db) -> Reply | Stream:
            if (match := call.header("if-match")) and route.mode == WRITE:
                db.hold_still()
            call.ctx = self._context(db, call)
            if match and route.mode == WRITE:
                self._require_match(call, scope, match)
            return _once(call, key, scope, lambda: answer(route, call)) if key else answer(route, call)

        if route.mode == READ and self.inline:
            return self.engine.read(work)
        if route.mode != WRITE:
            return await self.engine.read_soon(work)
        if not key:
            return await self.engine.write_soon(work)
        self._under_way.add(under_way)
        try:
            return await self.engine.write_soon(work)
        finally:
            self._under_way.discard(under_way)

    def _require_match(self, call: Call, scope: Scope, match: str) -> None:
        """The caller changes what it read: the entity's tag is still the one it knows."""
        route, path, _ = self.router.find("GET", scope["path"])
        if route is None:
            raise Invalid("If-Match", "this path has no entity to compare")
        reading = Call(route, path, call.headers, {})
        reading.ctx, reading.rules, reading.router = call.ctx, call.rules, call.router
        now = answer(route, reading)
        if not (isinstance(now, Reply) and now.status == 200 and _matches(match.encode(), _tag(now.body))):
            raise Stale("It was changed since you read it: read it again, and If-Match what you get")

    def _context(self, db: Db, call: Call) -> Ctx:
        secret = _secret(call.headers.get(b"authorization"))
        now = self.clock()
        act_as = call.headers.get(b"x-boxwood-act-as")
        user, within, key = keys.owner(db, secret, act_as.decode("latin-1") if act_as else None)
        self.uses[key] = now
        return Ctx(db, now, user, within)

    async def _stream(self, scope: Scope, send: Send, call: Call, stream: Stream) -> None:
        """Chunks of a JSON array. A fault in the middle cuts the connection, so that nobody takes it for whole."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", JSON)]})
        await send({"type": "http.response.body", "body": b"[", "more_body": True})
        first = True
        for part in stream.parts:

            def work(db: Db, part: Any = part) -> bytes:
                ctx = Ctx(db, call.ctx.now, call.ctx.actor, call.ctx.within)
                array: bytes = encode(stream.render(ctx, part))
                return array[1:-1]

            chunk = await self.engine.read_soon(work)
            if chunk:
                await send(
                    {
                        "type": "http.response.body",
                        "body": chunk if first else b"," + chunk,
                        "more_body": True,
                    }
                )
                first = False
        await send({"type": "http.response.body", "body": b"]"})


class _TooLarge(Exception):
    pass


def answer(route: Route, call: Call) -> Reply | Stream:
    """What the handler answers, as bytes where it is one answer."""
    result = route.handler(call)
    return result if isinstance(result, (Reply, Stream)) else Reply(encode(result))


def _once(call: Call, key: str, scope: Scope, work: Callable[[], Reply | Stream]) -> Reply | Stream:
    """The answer given before under this key, or a new one, kept with its effect."""
    told = [scope["method"], scope["path"], call.given, call.items]
    digest = hashlib.blake2b(encode(told), digest_size=16).hexdigest()
    before = answers.find(call.ctx, key, digest)
    if before is not None:
        return Reply(before.body.encode(), before.status, headers=((b"idempotent-replayed", b"true"),))
    result = work()
    if isinstance(result, Reply) and result.content_type == JSON:
        answers.keep(call.ctx, key, digest, result.status, result.body.decode())
    return result


def _query(scope: Scope) -> dict[str, Any]:
    text = scope["query_string"]
    return v1.read_query(text.decode("latin-1")) if text else {}


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > MOST_BODY:
        raise _TooLarge
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("body", "ended too early")
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            raise _TooLarge
        if not message.get("more_body"):
            return body


def _secret(header: bytes | None) -> str:
    """The key from Basic (with or without a colon, padding or password) or Bearer (spec 1.2)."""
    if not header:
        raise NotSignedIn(given=False)
    scheme, _, rest = header.decode("latin-1").partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return rest
    if scheme.lower() != "basic":
        raise NotSignedIn(given=False)
    text = rest.rstrip("=")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise NotSignedIn(given=True) from None
    return decoded.decode("latin-1").partition(":")[0]


async def _send(send: Send, reply: Reply, scope: Scope) -> None:
    headers = [(b"content-type", reply.content_type), *reply.headers]
    body = reply.body
    status = reply.status
    if status == 200 and scope["method"] in ("GET", "HEAD"):
        tag = _tag(body)
        headers.append((b"etag", tag))
        if any(name == b"if-none-match" and _matches(value, tag) for name, value in scope["headers"]):
            status, body = 304, b""
    if status != 304:
        headers.append((b"content-length", b"%d" % len(body)))
    if scope["method"] == "HEAD":
        body = b""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _tag(body: bytes) -> bytes:
    """An entity's tag: of what is answered, so that it changes with it and with nothing else."""
    return b'"%s"' % hashlib.blake2b(body, digest_size=9).hexdigest().encode()


def _matches(header: bytes, tag: bytes) -> bool:
    return header.strip() == b"*" or tag in [one.strip().removeprefix(b"W/") for one in header.split(b",")]


def now_ms() -> int:
    return time.time_ns() // 1_000_000
