"""A call: the request that a handler gets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from ...core import mail_settings, stored_files
from ...core.context import Ctx
from ...core.people.old_keys import exist as old_keys_exist
from ...core.views.selections import Wish
from ...db.engine import Db
from ...errors import Forbidden, Invalid
from ...lib import client_address
from ...lib.address_rules import Rules
from ...lib.host_names import name_of
from ...wire.codec import Shape
from . import dry_run, idempotency, names, old_keys, route_scopes, sending
from .replies import Reply, encode
from .router import Route, Router
from .services import Services

T = TypeVar("T")
MOST_PER_PAGE = 1000
ALL = 10**9
"""The page size of lists that are complete unless the request has `limit`."""


def cursor_mark(*of: str) -> str:
    """What a cursor ends with, so that a list knows its own whole cursors."""
    return hashlib.blake2b("\n".join(of).encode("utf-8", "replace"), digest_size=6).hexdigest()


class Stream:
    """A JSON array that is sent in parts. Each part is rendered in its own transaction."""

    def __init__(self, parts: Iterator[Any], render: Callable[[Ctx, Any], list[Any]]) -> None:
        self.parts = parts
        self.render = render


class Call:
    """A request: the parameters of the path in order, and all other members merged in `given`."""

    __slots__ = tuple(
        (
            "api credential ctx dry given headers items key old_keys origin path peer query quota route scheme session"
            " unstored works"
        ).split()
    )

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
        self.dry = False
        """Whether this is a dry run: it changes nothing, and its answer shows what would have changed."""
        self.unstored: list[str] = []
        """The ids of the bytes that a dry run did not store."""
        self.works: Any = None
        """What the operations with files do that this call approves (see `proposed_files`)."""
        self.credential = ""
        """The secret of the API key or of the session that the request has."""
        self.session = ""
        """The key of the session, if the request has one."""
        self.key = ""
        """The record key of the API key, if the request has one."""
        self.old_keys: dict[str, str] = {}
        """The old keys in the request and its inner calls, each with the present key that replaced it."""
        self.origin = b""
        """The origin of the page that sent the request, if the API key allows it."""
        self.quota: tuple[tuple[bytes, bytes], ...] | None = None
        """The rate-limit headers of the API key, after this call was counted."""

    def inner(self, route: Route, path: tuple[str, ...], query: dict[str, Any], ctx: Ctx | None = None) -> Call:
        """Another call of the same user, in the same transaction."""
        call = Call(self.api, route, path, self.headers, query, self.scheme, self.peer)
        call.session = self.session
        call.key = self.key
        call.old_keys = self.old_keys
        call.enter(ctx or self.ctx)
        return call

    def enter(self, ctx: Ctx) -> Ctx:
        """Set the context, check the scopes of the API key, and replace old keys, and names of pipelines, teams and
        users, by keys."""
        self.ctx = ctx
        if ctx.scopes is not None:
            route_scopes.require(ctx, self.route)
        if old_keys_exist(ctx.db):
            found = old_keys.replaced(ctx.db, self.path, self.given, self.items)
            self.path, self.given, self.items, present = found
            self.old_keys.update(present)
        self.path = names.in_path(ctx, self.route.path, self.path)
        self.given = names.in_members(ctx, self.given)
        return ctx

    def look_for_dry_run(self, *given: dict[str, Any]) -> None:
        """Make this call a dry run if its headers or these members ask for it. Raise `Invalid` if it cannot be one."""
        if self.dry or not self.route.writes or not dry_run.wanted(self.headers, *given):
            return
        if self.route.not_dry:
            raise Invalid(dry_run.NAME, f"cannot be used here: {self.route.not_dry}")
        self.dry = True

    async def read(self, fn: Callable[[Ctx], T]) -> T:
        """Run `fn` in its own read transaction. For STREAM routes."""
        return await self.api.engine.read_soon(lambda db: fn(self.enter(self.api.context(db, self))))

    async def write(self, identity: list[Any], fn: Callable[[Ctx], Any]) -> Reply:
        """Run `fn` in its own transaction and commit it. For STREAM routes. `identity` identifies the content of the
        request; a repeated request raises `idempotency.Replayed`, and a dry run `dry_run.Done`."""

        def work(db: Db) -> Reply:
            self.enter(self.api.context(db, self))
            if self.dry:
                stored_files.announce(db, self.unstored, self.ctx.now)
                raise dry_run.done(self.ctx, lambda: Reply(encode(fn(self.ctx))))
            if self.ctx.proposes:
                raise Forbidden("This API key may only propose, and this operation cannot be proposed")
            reply = self.once(identity, lambda: Reply(encode(fn(self.ctx))))
            return sending.naming(reply, self.ctx.change)

        reply = await self.api.engine.write_soon(work)
        if idempotency.REPLAYED in reply.headers:
            raise idempotency.Replayed(reply)
        return reply

    def once(self, sent: list[Any], work: Callable[[], T], part: str = "") -> T | Reply:
        """The result of `work`, or the stored response if the request is a repetition (see `idempotency.once`). `sent`
        is what a repetition must have in common with this request, besides the path. `part` names a part of the request
        that is stored by itself."""
        request = [self.route.verb, self.route.path, self.path, *sent]
        key = self.header("idempotency-key")
        key = f"{key}{part}" if key else ""
        return idempotency.once(self.ctx, key, self.credential, request, work, self._require_reach)

    def _require_reach(self) -> None:
        """Raise what a GET of the longest part of the path raises that ends in a parameter."""
        parameters = iter(self.path)
        template = self.route.path.split("/")
        segments = [next(parameters, "") if segment.startswith("{") else segment for segment in template]
        for end in range(len(template), 0, -1):
            if template[end - 1].startswith("{"):
                route, path, _ = self.router.find("GET", "/api" + "/".join(segments[:end]))
                if route is not None and route.verb == "GET":
                    route.handler(self.inner(route, path, {}, self._without_nouns()))
                    return

    def _without_nouns(self) -> Ctx:
        """The context without the scopes by noun: a key may write what it may not read."""
        scopes = self.ctx.scopes
        return replace(self.ctx, scopes=scopes and scopes.without_nouns())

    @property
    def edition(self) -> str:
        return self.route.edition

    @property
    def rules(self) -> Rules:
        """The addresses that this server may call."""
        return self.api.rules

    @property
    def wishes(self) -> set[Wish]:
        """Fields for which an index would help: handlers add them here."""
        return self.api.wishes

    @property
    def router(self) -> Router:
        return self.api.router

    @property
    def base_url(self) -> str:
        """The beginning of links to this server: its public URL if the operator or an owner set it, otherwise the URL
        by which the client reached the server."""
        public = self.api.base_url or mail_settings.public_url(self.ctx.db)
        return public or f"{'https' if self.by_tls else 'http'}://{self.host or 'localhost'}"

    @property
    def host(self) -> str:
        """The host that the client named, also to a trusted proxy."""
        return (self.behind_proxy and self._last("x-forwarded-host")) or self.header("host")

    @property
    def behind_proxy(self) -> bool:
        return client_address.is_trusted(self.peer, self.api.limits.proxies)

    @property
    def by_tls(self) -> bool:
        """Whether the client reached the server, or the proxy before it, by TLS."""
        if self.scheme == "https" or (self.behind_proxy and self._last("x-forwarded-proto").lower() == "https"):
            return True
        public = urlsplit(self.api.base_url)
        return public.scheme == "https" and public.hostname == name_of(self.host)

    def _last(self, name: str) -> str:
        return self.header(name).rpartition(",")[2].strip()

    @property
    def source(self) -> str:
        """The IP address of the client."""
        return self.api.limits.source(self.peer, self.header("x-forwarded-for"))

    def knows(self, tag: bytes) -> bool:
        """Whether the client has the content with this ETag already (If-None-Match)."""
        return b"if-none-match" in self.headers and sending.matches(self.headers[b"if-none-match"], tag)

    def header(self, name: str) -> str:
        return self.headers.get(name.encode(), b"").decode("latin-1")

    def parse(self, shape: Shape) -> dict[str, Any]:
        if self.items is not None:
            raise Invalid("body", "must be a JSON object, not a list")
        return shape.parse(self.given)

    def text(self, name: str, default: str = "") -> str:
        """A query parameter as text. If it is repeated, the last value counts."""
        value = self.given.get(name, default)
        value = value[-1] if isinstance(value, list) and value else value
        if not isinstance(value, str):
            raise Invalid(name, "must be text")
        if "\x00" in value:
            raise Invalid(name, "must not contain NUL characters")
        return value

    def texts(self, name: str) -> list[str]:
        """A query parameter as a list. It may be repeated, or contain commas or brackets."""
        value = self.given.get(name, [])
        found: list[str] = []
        for text in value if isinstance(value, list) else [value]:
            found += [part.strip() for part in str(text).strip("[]").split(",") if part.strip()]
        if any("\x00" in text for text in found):
            raise Invalid(name, "must not contain NUL characters")
        return found

    def sums(self) -> list[str] | None:
        """The columns to sum. `sum` is another spelling of `sums`. None if the request has neither."""
        name = next((name for name in ("sums", "sum") if name in self.given), None)
        return self.texts(name) if name else None

    def cursor(self, name: str = "cursor") -> str:
        """The place in this list where the page begins, from a cursor that `next_cursor` made; empty for the start."""
        if "page" not in self.route.query and self.number("page", 0) > 0:
            raise Invalid("page", "must be 0: this list has no page numbers, send the cursor of the previous page")
        if not (sealed := self.text(name)):
            return ""
        place, _, mark = sealed.rpartition(".")
        if mark != self._mark(place):
            raise Invalid(name, f"{sealed[:50]!r} is not a cursor of this list: send the cursor of its previous page")
        return place

    def next_cursor(self, place: str | None) -> str | msgspec.UnsetType:
        """The cursor of a place in this list. It is of no use in another list, and not if it is cut short."""
        return f"{place}.{self._mark(place)}" if place else msgspec.UNSET

    def _mark(self, place: str) -> str:
        return cursor_mark(self.route.path, *self.path, place)

    def flag(self, name: str, default: bool = False) -> bool:
        return str(self.given.get(name, default)).lower() in ("true", "1")

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """A whole number. Too large values become `most`; smaller values than `least` are refused (ruling 16)."""
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

    def moment(self, name: str, default: int) -> int:
        """A time in milliseconds since 1970. A number of seconds is refused, so that it is not taken for 1970."""
        found = self.number(name, default)
        if 10**9 <= found < 10**10:
            raise Invalid(name, f"{found} looks like seconds: send milliseconds, such as {found}000")
        return found

    def page(self, default: int) -> tuple[int, int]:
        """The limit and the offset, from `limit` and `page` or `offset`."""
        limit = self.number("limit", default, least=1, most=MOST_PER_PAGE)
        offset = self.number("offset", self.number("page", 0, most=10**9) * limit, most=10**12)
        return limit, offset

    def sort_by(self) -> str:
        """The SQL column of `sortBy`; empty for the default order of the list."""
        word = self.text("sortBy")
        if word not in _ORDERS:
            raise Invalid("sortBy", "must be creationTimestamp or lastUpdatedTimestamp")
        return _ORDERS[word]


_ORDERS = {"": "", "creationTimestamp": "created_at", "lastUpdatedTimestamp": "updated_at"}
