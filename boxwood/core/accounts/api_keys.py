"""API keys: shown once, stored as a digest, good for exactly their owner's rights.

A secret is `bw_`, 32 random bytes and a checksum, so a mistyped one is refused without a look-up. It
needs no slow hash: 256 random bits cannot be guessed, and SHA-256 costs 0.3 µs a request.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Forbidden, Invalid, NotFound, NotSignedIn
from ...lib import ids
from .. import events
from ..context import Ctx
from ..people import teams
from ..records import USERS, User

PREFIX = "bw_"
SHOWN = len(PREFIX) + 6


class ApiKey(msgspec.Struct, frozen=True):
    key: str
    digest: str
    prefix: str
    """The secret's beginning, by which its owner knows it again."""
    name: str | None
    user_key: str
    key_type: str
    team_key: str | None
    created_at: int
    updated_at: int
    used_at: int | None


API_KEYS = Table("api_keys", ApiKey)


def create(db: Db, user: User, now: int, *, name: str | None = None, team_key: str | None = None) -> tuple[ApiKey, str]:
    """The record and the secret, which is nowhere else and cannot be had again."""
    body = secrets.token_urlsafe(32)
    secret = f"{PREFIX}{body}{_checksum(body)}"
    record = ApiKey(
        key=ids.new("k", now),
        digest=_digest(secret),
        prefix=secret[:SHOWN],
        name=name,
        user_key=user.key,
        key_type="TEAM" if team_key else "USER",
        team_key=team_key,
        created_at=now,
        updated_at=now,
        used_at=None,
    )
    API_KEYS.insert(db, record)
    return record, secret


def create_own(ctx: Ctx, *, name: str | None = None, team_key: str | None = None) -> tuple[ApiKey, str]:
    """A key of one's own; a team's key only for its owner, since it may act for every member."""
    require_self(ctx)
    if team_key is not None:
        teams.require_owner(ctx, teams.get(ctx, team_key))
    record, secret = create(ctx.db, ctx.actor, ctx.now, name=name, team_key=team_key)
    _tell(ctx, "key.created", record)
    return record, secret


def require_self(ctx: Ctx) -> None:
    """Who acts for someone else by a team's key may not touch what is that person's own."""
    if ctx.within:
        raise Forbidden("A team's key may not do this for a member")


def all_own(ctx: Ctx, *, limit: int | None = None, offset: int = 0) -> list[ApiKey]:
    require_self(ctx)
    rows = ctx.db.rows(
        f"""
        SELECT {API_KEYS.columns} FROM api_keys WHERE user_key = :user
        ORDER BY created_at DESC, key DESC LIMIT :limit OFFSET :offset
        """,
        user=ctx.actor.key,
        limit=limit if limit is not None else 1_000_000,
        offset=offset,
    )
    return API_KEYS.load_all(rows)


def revoke(ctx: Ctx, key: str) -> None:
    require_self(ctx)
    row = ctx.db.row(
        f"DELETE FROM api_keys WHERE key = :key AND user_key = :user RETURNING {API_KEYS.columns}",
        key=key,
        user=ctx.actor.key,
    )
    if row is None:
        raise NotFound(key)
    _tell(ctx, "key.revoked", API_KEYS.load(row))


class _Told(msgspec.Struct, frozen=True):
    """What the log of events says of a key: nothing of its secret but the beginning."""

    key: str
    user_key: str
    key_type: str
    team_key: str | None
    prefix: str
    name: str | None


def _tell(ctx: Ctx, kind: str, one: ApiKey) -> None:
    """A team's key is the team's business, one's own is not."""
    told = _Told(one.key, one.user_key, one.key_type, one.team_key, one.prefix, one.name)
    events.record(ctx, kind, told, team_key=one.team_key, subject=one.name or f"{one.prefix}…")


def well_formed(secret: str) -> bool:
    """Whether it can be a key at all: most junk is refused here."""
    body = secret[len(PREFIX) : -6]
    return secret.startswith(PREFIX) and len(body) == 43 and secret.isascii() and secret[-6:] == _checksum(body)


def _of_key(column: str) -> str:
    return f"(SELECT k.{column} FROM api_keys k WHERE k.digest = :digest)"


_OWNER = f"""
    SELECT {USERS.of("u")}, {_of_key("key")}, {_of_key("key_type")}, {_of_key("team_key")} FROM users u
    WHERE u.key = {_of_key("user_key")}
"""


def owner(db: Db, secret: str, act_as: str | None = None) -> tuple[User, str, str]:
    """Who acts with this secret, the only team within reach (or ""), and the key's record key.

    A TEAM key acts for the member named in `act_as` (user key or e-mail), else for its maker (ruling 23).
    For another it reaches that team alone: being added to a team gives its owner nothing of one's own.
    """
    found = _owner(db, _digest(secret)) if well_formed(secret) else None
    if found is None:
        raise NotSignedIn(given=True)
    user, key, key_type, team_key = found
    if act_as and key_type != "TEAM":
        raise Invalid("X-Boxwood-Act-As", "only a team's key can act for someone else")
    if not act_as:
        return user, "", key
    member = _member(db, team_key, act_as)
    return member, "" if member.key == user.key else team_key, key


def _owner(db: Db, digest: str) -> tuple[User, str, str, str] | None:
    """Its owner, and the key's key, type and team."""

    def read() -> tuple[User, str, str, str] | None:
        row = db.row(_OWNER, digest=digest)
        return (USERS.load(row), *row[-3:]) if row else None

    return db.remember(("key", digest), read)


def _member(db: Db, team_key: str, named: str) -> User:
    row = db.row(
        f"""
        SELECT {USERS.of("u")} FROM users u JOIN team_members m ON m.user_key = u.key
        WHERE m.team_key = :team AND m.role <> 'ArchiveOnly' AND (u.key = :named OR u.email = :email)
        """,
        team=team_key,
        named=named,
        email=named.strip().lower(),
    )
    if row is None:
        raise Invalid("X-Boxwood-Act-As", f"{named[:100]!r} is no member of this key's team")
    return USERS.load(row)


def note_uses(db: Db, uses: dict[str, int]) -> None:
    """Remember when keys were last used; called now and then with what has been gathered."""
    db.many(
        "UPDATE api_keys SET used_at = :at WHERE key = :key",
        [{"key": key, "at": at} for key, at in sorted(uses.items())],
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()) & 0xFFFFFF:06x}"
