"""A call: what a handler is given of one request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ...core.context import Ctx
from ...core.views.selections import Wish
from ...db.engine import Db
from ...errors import Invalid
from ...lib.address_rules import Rules
from ...wire.codec import Shape
from . import idempotency, sending
from .replies import Reply, encode
from .router import Route, Router
from .services import Services

T = TypeVar("T")
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

    __slots__ = tuple("api ctx given headers items path peer query quota route scheme session".split())

    def __init__(
        self,
        api: Services,
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
            reply = idempotency.once(self.ctx, *self.identity(told), lambda: Reply(encode(fn(self.ctx))))
            return sending.naming(reply, self.ctx.change)

        reply = await self.api.engine.write_soon(work)
        if idempotency.REPLAYED in reply.headers:
            raise idempotency.Replayed(reply)
        return reply

    def identity(self, sent: list[Any]) -> tuple[str, list[Any]]:
        """The request's Idempotency-Key, or nothing, and what a repetition of it must have in common with it."""
        return self.header("idempotency-key"), [self.route.verb, self.route.path, self.path, *sent]

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
        for text in value if isinstance(value, list) else [value]:
            found += [part.strip() for part in str(text).strip("[]").split(",") if part.strip()]
        if any("\x00" in text for text in found):
            raise Invalid(name, "may not hold NUL characters")
        return found

    def sums(self) -> list[str] | None:
        """The columns to sum. `sum` is another spelling of `sums`. None if the request has neither."""
        name = next((name for name in ("sums", "sum") if name in self.given), None)
        return self.texts(name) if name else None

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
