"""Apps that users connect by OAuth: their registrations, and the tokens with which they act.

A connected app is an API key with `client_key`. Its access token is the secret of the key, for an hour; a refresh token
gives the key a new secret. So limits, usage, history and proposals of apps are those of keys. Codes and refresh tokens
work once: if one is sent again, it may be stolen, and the app is disconnected.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Invalid, NotFound
from ...lib import ids
from ...lib.durations import DAY, HOUR, MINUTE
from ...lib.secret_keys import KeyMissing, SecretKeys
from ..context import Ctx
from ..people import teams
from ..records.scopes import ALL_NOUNS, PROPOSE, READ, WRITE
from . import api_keys, makers
from .api_keys import API_KEYS, ApiKey
from .key_limits import Limits

ACCESSES = (READ, PROPOSE, WRITE)
"""What a user can allow an app. Each includes those before it."""
REQUEST_LASTS = 20 * MINUTE
CODE_LASTS = 5 * MINUTE
ACCESS_LASTS = HOUR
REFRESH_LASTS = 60 * DAY
"""An app that is not used for this long is disconnected."""
UNUSED_LASTS = DAY
"""A registration that no user has allowed for this long is deleted."""
CODE, REFRESH = "code", "refresh"
PREFIX = "bwr_"
_PURPOSE = "app request"


class Client(msgspec.Struct, frozen=True):
    """The registration of an app."""

    key: str
    name: str
    uri: str
    redirect_uris: list[str]
    created_at: int


class Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the exchange of a code is checked against."""

    redirect_uri: str = ""
    is_explicit: bool = True
    """Whether the request named the redirect URI, which the exchange must then repeat."""
    challenge: str = ""


class Token(msgspec.Struct, frozen=True):
    """A code or a refresh token of a connected app."""

    digest: str
    kind: str
    api_key_key: str
    detail: Detail
    expires_at: int
    used_at: int | None


class AppRequest(msgspec.Struct, frozen=True):
    """What an app asks for, until the user has answered. It is sealed in the address of the page that asks the user, so
    that a request without a user stores nothing."""

    client_key: str
    redirect_uri: str
    is_explicit: bool
    challenge: str
    state: str | None
    accesses: list[str]
    """What the app asks for; the user can allow one of them."""
    issuer: str
    """The URL of this server, as the app knows it."""
    made_at: int

    def seal(self, keys: SecretKeys) -> str:
        sealed = keys.seal(msgspec.json.encode(self).decode(), _PURPOSE)
        return base64.urlsafe_b64encode(sealed.encode()).decode().rstrip("=")

    def answered(self, **answer: str) -> str:
        """The address to which the browser returns, with the answer (RFC 6749, 4.1.2, and RFC 9207)."""
        state = {} if self.state is None else {"state": self.state}
        url = urlsplit(self.redirect_uri)
        before = parse_qsl(url.query, keep_blank_values=True)
        query = urlencode([*before, *{**answer, **state, "iss": self.issuer}.items()])
        return urlunsplit(url._replace(query=query))


class Issued(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    access: str


CLIENTS = Table("app_clients", Client)
TOKENS = Table("app_tokens", Token)


def register(db: Db, now: int, name: str, uri: str, redirect_uris: list[str]) -> Client:
    """Store the registration of an app. Anybody may register one: only a user's consent gives it access."""
    client = Client(ids.new("q", now), name, uri, redirect_uris, now)
    CLIENTS.insert(db, client)
    return client


def find_client(db: Db, key: str) -> Client | None:
    if not ids.is_key("q", key) or "\x00" in key:
        return None
    row = db.row(f"SELECT {CLIENTS.columns} FROM app_clients WHERE key = :key", key=key)
    return CLIENTS.load(row) if row else None


def open_request(ctx: Ctx, keys: SecretKeys, sealed: str) -> tuple[AppRequest, Client]:
    """What an app asks the actor for. Raise `Invalid` if it asked too long ago, or if the text is no request."""
    api_keys.require_self(ctx)
    try:
        text = base64.urlsafe_b64decode(sealed.encode() + b"==").decode()
        request = msgspec.json.decode(keys.open(text, _PURPOSE), type=AppRequest)
    except (KeyMissing, ValueError):
        raise Invalid("request", "is not a request of an app: begin again in the app") from None
    client = find_client(ctx.db, request.client_key)
    if client is None or request.made_at + REQUEST_LASTS < ctx.now:
        raise Invalid("request", "was made too long ago: begin again in the app")
    return request, client


def connect(ctx: Ctx, request: AppRequest, client: Client, access: str, team_key: str | None) -> tuple[ApiKey, str]:
    """Allow an app to act for the actor, in one team or in all. Return its key, which has no access token yet, and the
    code. An earlier connection of the same app ends."""
    api_keys.require_self(ctx)
    api_keys.require_no_limits(ctx)
    if access not in request.accesses:
        raise Invalid("access", f"must be what the app asks for: {', '.join(request.accesses)}")
    if team_key:
        team_key = teams.get(ctx, team_key).key
    for before in _of_client(ctx, client):
        _end(ctx, before)
    api_key, _ = api_keys.create(
        ctx.db,
        ctx.actor,
        ctx.now,
        name=client.name,
        team_key=team_key or None,
        limits=Limits({ALL_NOUNS: access}, expires_at=ctx.now),
        client_key=client.key,
    )
    api_keys.record_event(ctx, "key.created", api_key)
    detail = Detail(request.redirect_uri, request.is_explicit, request.challenge)
    return api_key, _issue(ctx.db, CODE, api_key, ctx.now + CODE_LASTS, detail)


def find_token(db: Db, kind: str, secret: str, client_key: str, now: int) -> Token | None:
    """The code or refresh token of this app. If it was used before, the app is disconnected."""
    row = db.row(
        f"SELECT {TOKENS.columns} FROM app_tokens WHERE digest = :digest AND kind = :kind AND expires_at > :now",
        digest=_digest(secret),
        kind=kind,
        now=now,
    )
    token = TOKENS.load(row) if row else None
    if token is None:
        return None
    api_key = key_of(db, token)
    if api_key.client_key != client_key:
        return None
    if token.used_at is not None:
        _delete(db, api_key.key)
        return None
    return token


def key_of(db: Db, token: Token) -> ApiKey:
    row = db.row(f"SELECT {API_KEYS.columns} FROM api_keys WHERE key = :key", key=token.api_key_key)
    assert row is not None
    return API_KEYS.load(row)


def access_of(api_key: ApiKey) -> str:
    """What the user has allowed the app: read, propose or write."""
    return (api_key.limits or Limits()).levels[ALL_NOUNS]


def exchange(db: Db, token: Token, now: int) -> Issued | None:
    """Use up a code or a refresh token. Return new tokens, or None if another request has used it meanwhile."""
    used = "UPDATE app_tokens SET used_at = :now WHERE digest = :digest AND used_at IS NULL"
    if not db.run(used, digest=token.digest, now=now):
        return None
    api_key = key_of(db, token)
    refresh = _issue(db, REFRESH, api_key, now + REFRESH_LASTS, Detail())
    return Issued(api_keys.renew(db, api_key, now, now + ACCESS_LASTS), refresh, access_of(api_key))


def disconnect_by_token(db: Db, secret: str, client_key: str) -> None:
    """Disconnect the app that has this access or refresh token. An unknown token changes nothing."""
    if find_client(db, client_key) is None:
        return
    row = db.row(
        """
        SELECT k.key FROM api_keys k WHERE k.client_key = :client AND (k.digest = :digest OR EXISTS (
            SELECT 1 FROM app_tokens t WHERE t.api_key_key = k.key AND t.digest = :digest AND t.kind = 'refresh'))
        """,
        client=client_key,
        digest=_digest(secret),
    )
    if row:
        _delete(db, row[0])


def list_own(ctx: Ctx) -> list[tuple[ApiKey, Client]]:
    """The apps that the actor has connected, the newest first."""
    api_keys.require_self(ctx)
    rows = ctx.db.rows(
        f"""
        SELECT {API_KEYS.of("k")}, {CLIENTS.of("c")} FROM api_keys k JOIN app_clients c ON c.key = k.client_key
        WHERE k.user_key = :user ORDER BY k.created_at DESC, k.key DESC
        """,
        user=ctx.actor.key,
    )
    width = len(API_KEYS.names)
    return [(API_KEYS.load(row[:width]), CLIENTS.load(row[width:])) for row in rows]


def disconnect(ctx: Ctx, key: str) -> None:
    """Disconnect an app of the actor: its tokens stop working."""
    api_keys.require_no_limits(ctx)
    api_key = next((found for found, _ in list_own(ctx) if found.key == key), None)
    if api_key is None:
        raise NotFound(key)
    _end(ctx, api_key)


def delete_expired(db: Db, now: int) -> int:
    """Delete apps whose last code or refresh token has expired, expired tokens, and registrations that no user has
    allowed. Returns how many rows were deleted."""
    is_over = """client_key IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM app_tokens t WHERE t.api_key_key = api_keys.key AND t.used_at IS NULL AND t.expires_at > :now)"""
    makers.note_end(db, is_over, now=now)
    return (
        db.run(f"DELETE FROM api_keys WHERE {is_over}", now=now)
        + db.run("DELETE FROM app_tokens WHERE expires_at <= :now", now=now)
        + db.run(
            """
            DELETE FROM app_clients WHERE created_at < :old AND NOT EXISTS (
                SELECT 1 FROM api_keys k WHERE k.client_key = app_clients.key)
            """,
            old=now - UNUSED_LASTS,
        )
    )


def _of_client(ctx: Ctx, client: Client) -> list[ApiKey]:
    return [api_key for api_key, found in list_own(ctx) if found.key == client.key]


def _end(ctx: Ctx, api_key: ApiKey) -> None:
    _delete(ctx.db, api_key.key)
    api_keys.record_event(ctx, "key.revoked", api_key)


def _delete(db: Db, key: str) -> None:
    makers.note_end(db, "key = :key", key=key)
    db.run("DELETE FROM api_keys WHERE key = :key", key=key)


def _issue(db: Db, kind: str, api_key: ApiKey, expires_at: int, detail: Detail) -> str:
    secret = f"{PREFIX}{secrets.token_urlsafe(32)}"
    TOKENS.insert(db, Token(_digest(secret), kind, api_key.key, detail, expires_at, None))
    return secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
