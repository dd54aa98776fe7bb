"""API keys: a key gives the rights of its owner, or less if it has limits. Its secret is shown once and stored as a
hash.

A secret is `bw_`, 32 random bytes and a checksum, so that a mistyped secret is refused without a look-up in the
database. It needs no slow hash: 256 random bits cannot be guessed, and SHA-256 costs 0.3 µs a request.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Forbidden, Invalid, NotFound, NotSignedIn
from ...lib import addresses, ids
from ...lib.durations import DAY
from .. import events
from ..context import Ctx
from ..people import teams
from ..records import USERS, Team, User
from . import key_limits, locked_users, makers
from .key_limits import NO_LIMITS, Limits

PREFIX = "bw_"
SHOWN = len(PREFIX) + 6


class ApiKey(msgspec.Struct, frozen=True):
    """An API key of a user (USER), or of a team (TEAM), created by its owner.

    The key of a connected app has `client_key`. With a team, it reaches only what its user reaches in this team.
    """

    key: str
    digest: str
    """The SHA-256 hash of the secret."""
    prefix: str
    """The beginning of the secret, by which its owner recognizes it."""
    name: str | None
    user_key: str
    key_type: str
    team_key: str | None
    created_at: int
    updated_at: int
    used_at: int | None
    proposes: bool = False
    """Whether its writes become proposals, which a user approves or rejects."""
    limits: Limits | None = None
    previous_digest: str | None = None
    """The hash of the secret before the last rotation, which is valid until `previous_until`."""
    previous_until: int | None = None
    client_key: str | None = None
    """The registration of the app, if the key belongs to a connected app."""


API_KEYS = Table("api_keys", ApiKey)


def create(
    db: Db,
    user: User,
    now: int,
    *,
    name: str | None = None,
    team_key: str | None = None,
    proposes: bool = False,
    limits: Limits | None = None,
    client_key: str | None = None,
) -> tuple[ApiKey, str]:
    """Create a key without an event. Return the record and the secret, which is not stored and cannot be read again."""
    secret = _new_secret()
    record = ApiKey(
        key=ids.new("k", now),
        digest=_digest(secret),
        prefix=secret[:SHOWN],
        name=name,
        user_key=user.key,
        key_type="TEAM" if team_key and not client_key else "USER",
        team_key=team_key,
        created_at=now,
        updated_at=now,
        used_at=None,
        proposes=proposes,
        limits=limits,
        client_key=client_key,
    )
    API_KEYS.insert(db, record)
    return record, secret


def renew(db: Db, api_key: ApiKey, now: int, expires_at: int) -> str:
    """Give the key of an app a new secret, which works until `expires_at`, and return it. The old one stops working."""
    secret = _new_secret()
    limits = msgspec.structs.replace(api_key.limits or NO_LIMITS, expires_at=expires_at)
    renewed = msgspec.structs.replace(
        api_key, digest=_digest(secret), prefix=secret[:SHOWN], limits=limits, updated_at=now
    )
    API_KEYS.update(db, renewed, "digest", "prefix", "limits", "updated_at")
    return secret


def _new_secret() -> str:
    body = secrets.token_urlsafe(32)
    return f"{PREFIX}{body}{_checksum(body)}"


def create_own(
    ctx: Ctx,
    *,
    name: str | None = None,
    team_key: str | None = None,
    proposes: bool = False,
    limits: Limits | None = None,
) -> tuple[ApiKey, str]:
    """Create a key of the actor. Return the record and the secret.

    Only an owner of the team may create a team's key, because it may act for every member.
    """
    require_self(ctx)
    require_no_limits(ctx)
    if team_key is not None:
        teams.require_owner(ctx, teams.get(ctx, team_key))
    limits = key_limits.checked(limits or NO_LIMITS, ctx.now)
    record, secret = create(ctx.db, ctx.actor, ctx.now, name=name, team_key=team_key, proposes=proposes, limits=limits)
    record_event(ctx, "key.created", record)
    return record, secret


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> ApiKey:
    """Change the name, `proposes` or members of the limits of a key that the actor governs."""
    require_no_limits(ctx)
    before = get_governed(ctx, key, lock=ctx.db.for_update)
    limits = before.limits or NO_LIMITS
    ours = {name: value for name, value in changes.items() if name in Limits.__struct_fields__}
    rest = {name: value for name, value in changes.items() if name not in ours}
    if "expires_at" in ours and ours["expires_at"] == limits.expires_at:
        del ours["expires_at"]  # sent back as it was read, perhaps after the key expired
    after = msgspec.structs.replace(before, **rest)
    if ours:
        changed = msgspec.structs.replace(limits, **ours)
        after = msgspec.structs.replace(
            after, limits=key_limits.checked(changed, ctx.now if "expires_at" in ours else 0)
        )
    if after == before:
        return before
    after = msgspec.structs.replace(after, updated_at=ctx.now)
    API_KEYS.update(ctx.db, after, "name", "proposes", "limits", "updated_at")
    record_event(ctx, "key.edited", after)
    return after


OVERLAP = DAY
"""Milliseconds that the previous secret stays valid after a rotation, if the user names no other time."""
LONGEST_OVERLAP = 30 * DAY


def rotate(ctx: Ctx, key: str, overlap: int | None) -> tuple[ApiKey, str]:
    """Give a key that the actor governs a new secret, and return both. The previous secret stays valid for `overlap`
    milliseconds; an older one ends at once."""
    require_no_limits(ctx)
    before = get_governed(ctx, key, lock=ctx.db.for_update)
    overlap = OVERLAP if overlap is None else overlap
    if not 0 <= overlap <= LONGEST_OVERLAP:
        raise Invalid("overlap", f"must be 0 to {LONGEST_OVERLAP:,} milliseconds (30 days)")
    secret = _new_secret()
    after = msgspec.structs.replace(
        before,
        digest=_digest(secret),
        prefix=secret[:SHOWN],
        previous_digest=before.digest if overlap else None,
        previous_until=ctx.now + overlap if overlap else None,
        updated_at=ctx.now,
    )
    API_KEYS.update(ctx.db, after, "digest", "prefix", "previous_digest", "previous_until", "updated_at")
    record_event(ctx, "key.rotated", after)
    return after, secret


def get_governed(ctx: Ctx, key: str, lock: str = "") -> ApiKey:
    """Return a key of the actor, or a TEAM key of a team that the actor owns. Raise `NotFound` for every other key."""
    require_self(ctx)
    row = ctx.db.row(
        f"SELECT {API_KEYS.columns} FROM api_keys WHERE key = :key AND {_GOVERNED}{lock}", key=key, user=ctx.actor.key
    )
    if row is None:
        raise NotFound(key)
    return API_KEYS.load(row)


def require_self(ctx: Ctx) -> None:
    """Raise `Forbidden` if a team's key acts: it may not read or change what belongs to the member personally."""
    if ctx.within:
        raise Forbidden("A team's API key may not do this for a member")


def require_no_limits(ctx: Ctx) -> None:
    """Raise `Forbidden` if a key with limits acts: it may not give itself, or any program, more than it has."""
    if ctx.has_limits:
        raise Forbidden(
            "An API key with limits may not create or change API keys, connected apps and calendar feeds: use a key "
            "without limits, or sign in"
        )


# Every owner of a team governs all TEAM keys of the team, because a TEAM key may act for every member.
_GOVERNED = """
    client_key IS NULL AND (user_key = :user OR EXISTS (
        SELECT 1 FROM team_members o
        WHERE o.team_key = api_keys.team_key AND o.user_key = :user AND o.role = 'Owner'))
"""


def list_governed(ctx: Ctx, *, limit: int | None = None, offset: int = 0) -> list[ApiKey]:
    """Return the actor's keys and all TEAM keys of the teams that the actor owns, the newest first."""
    require_self(ctx)
    rows = ctx.db.rows(
        f"""
        SELECT {API_KEYS.columns} FROM api_keys WHERE {_GOVERNED}
        ORDER BY created_at DESC, key DESC LIMIT :limit OFFSET :offset
        """,
        user=ctx.actor.key,
        limit=limit if limit is not None else 1_000_000,
        offset=offset,
    )
    return API_KEYS.load_all(rows)


def revoke(ctx: Ctx, key: str) -> None:
    """Delete a key of the actor, or a TEAM key of a team that the actor owns; `key` is its record key."""
    require_self(ctx)
    if ctx.via != f"key:{key}":
        require_no_limits(ctx)
    makers.note_end(ctx.db, f"key = :key AND {_GOVERNED}", key=key, user=ctx.actor.key)
    row = ctx.db.row(
        f"DELETE FROM api_keys WHERE key = :key AND {_GOVERNED} RETURNING {API_KEYS.columns}",
        key=key,
        user=ctx.actor.key,
    )
    if row is None:
        raise NotFound(key)
    record_event(ctx, "key.revoked", API_KEYS.load(row))


def revoke_team_keys(ctx: Ctx, team: Team, user: User) -> None:
    """Delete the TEAM keys that the user created for the team: the user is no longer an owner of it."""
    of_user = "team_key = :team AND user_key = :user AND key_type = 'TEAM'"
    makers.note_end(ctx.db, of_user, team=team.key, user=user.key)
    rows = ctx.db.rows(
        f"""
        DELETE FROM api_keys WHERE {of_user}
        RETURNING {API_KEYS.columns}
        """,
        team=team.key,
        user=user.key,
    )
    for api_key in sorted(API_KEYS.load_all(rows), key=lambda api_key: api_key.key):
        record_event(ctx, "key.revoked", api_key)


class _ShownApiKey(msgspec.Struct, frozen=True):
    """A key as events store it: of the secret only the beginning."""

    key: str
    user_key: str
    key_type: str
    team_key: str | None
    prefix: str
    name: str | None


def record_event(ctx: Ctx, kind: str, api_key: ApiKey) -> None:
    """Record an event of a key. Only the event of a team's key belongs to the team."""
    shown = _ShownApiKey(
        api_key.key, api_key.user_key, api_key.key_type, api_key.team_key, api_key.prefix, api_key.name
    )
    events.record(ctx, kind, shown, team_key=api_key.team_key, subject=api_key.name or f"{api_key.prefix}…")


def well_formed(secret: str) -> bool:
    """Return whether the text has the form of a secret. It refuses most wrong secrets without the database."""
    body = secret[len(PREFIX) : -6]
    return secret.startswith(PREFIX) and len(body) == 43 and secret.isascii() and secret[-6:] == _checksum(body)


def _of_key(column: str) -> str:
    return f"(SELECT k.{column} FROM api_keys k WHERE k.digest = :digest)"


_OWNER = f"""
    SELECT {USERS.of("u")}, {_of_key("key")}, {_of_key("key_type")}, {_of_key("team_key")}, {_of_key("proposes")},
        {_of_key("limits")}
    FROM users u
    WHERE u.key = {_of_key("user_key")} AND ({_of_key("team_key")} IS NULL OR EXISTS (
        SELECT 1 FROM team_members o
        WHERE o.team_key = {_of_key("team_key")} AND o.user_key = u.key
            AND (o.role = 'Owner' OR {_of_key("client_key")} IS NOT NULL AND o.role <> 'ArchiveOnly')))
"""


def owner(db: Db, secret: str, now: int, act_as: str | None = None) -> tuple[User, str, str, bool, Limits | None]:
    """Return the user who acts with this secret, the key of the only team within reach (or ""), the record key,
    whether the key may only propose, and its limits, which the caller checks.

    A TEAM key works as long as its creator is an owner of the team (ruling 35), and the key of an app with a team as
    long as its user is a member.
    A TEAM key acts for the member named in `act_as` (user key or e-mail), else for its creator (ruling 23). It reaches
    that team only: neither do others of the team who hold it get access to what its creator has outside the team, nor
    does an owner to what a member has there.
    """
    found = _find(db, _digest(secret), now) if well_formed(secret) else None
    if found is None:
        raise NotSignedIn(given=True)
    user, key, key_type, team_key, proposes, limits = found
    if act_as and key_type != "TEAM":
        raise Invalid("X-Boxwood-Act-As", "only a team's API key can act for another user")
    return _member(db, team_key, act_as) if act_as else user, team_key or "", key, proposes, limits


def _find(db: Db, digest: str, now: int) -> _Owner | None:
    """Return what `_owner` returns, also for the secret before the last rotation as long as it is valid."""
    if found := _owner(db, digest):
        return found

    def read() -> tuple[str, int] | None:
        sql = "SELECT digest, previous_until FROM api_keys WHERE previous_digest = :digest"
        row = db.row(sql, digest=digest)
        return (row[0], row[1]) if row else None

    rotated = db.remember(("rotated key", digest), read)
    return _owner(db, rotated[0]) if rotated and now < rotated[1] else None


def _owner(db: Db, digest: str) -> _Owner | None:
    """Return the key's owner, record key, type and team, whether it may only propose, and its limits."""

    def read() -> _Owner | None:
        row = db.row(_OWNER, digest=digest)
        if row is None:
            return None
        return USERS.load(row), *row[-5:-2], bool(row[-2]), None if row[-1] is None else _limits(row[-1])

    return db.remember(("key", digest), read)


_Owner = tuple[User, str, str, str, bool, Limits | None]
_limits = msgspec.json.Decoder(Limits).decode


def _member(db: Db, team_key: str, named: str) -> User:
    row = db.row(
        f"{_ACTED_FOR} AND (u.key = :named OR u.email = :email)",
        team=team_key,
        named=named,
        email=addresses.one_form(named),
    )
    if row is None or locked_users.is_locked(db, row[0]):
        raise Invalid("X-Boxwood-Act-As", f"{named[:100]!r} is not an active member of this key's team")
    return USERS.load(row)


_ACTED_FOR = f"""
    SELECT {USERS.of("u")} FROM users u JOIN team_members m ON m.user_key = u.key
    WHERE m.team_key = :team AND m.role <> 'ArchiveOnly'
"""


def still_acts(db: Db, key: str, user_key: str, now: int) -> ApiKey | None:
    """Return the key with this record key if it exists, has not expired and may still act for this user."""
    row = db.row(f"SELECT {API_KEYS.columns} FROM api_keys WHERE key = :key", key=key)
    if row is None:
        return None
    api_key = API_KEYS.load(row)
    if api_key.limits and api_key.limits.expires_at is not None and api_key.limits.expires_at <= now:
        return None
    if api_key.team_key is None or api_key.client_key is not None:
        if api_key.user_key != user_key:
            return None
        return api_key if api_key.team_key is None or _is_member(db, api_key.team_key, user_key) else None
    owner = db.row(
        "SELECT 1 FROM team_members WHERE team_key = :team AND user_key = :user AND role = 'Owner'",
        team=api_key.team_key,
        user=api_key.user_key,
    )
    return api_key if owner is not None and _is_member(db, api_key.team_key, user_key) else None


def _is_member(db: Db, team_key: str, user_key: str) -> bool:
    return db.row(f"{_ACTED_FOR} AND u.key = :user", team=team_key, user=user_key) is not None


def origins(db: Db) -> frozenset[str]:
    """Return all origins that any key allows."""

    def read() -> frozenset[str]:
        rows = db.rows("SELECT limits FROM api_keys WHERE limits IS NOT NULL")
        return frozenset(origin for (limits,) in rows for origin in _limits(limits).origins)

    return db.remember(("origins of keys",), read)


def note_uses(db: Db, uses: dict[str, int]) -> None:
    """Store when keys were last used, by record key. The server collects the uses and calls this now and then."""
    db.many(
        "UPDATE api_keys SET used_at = :at WHERE key = :key",
        [{"key": key, "at": at} for key, at in sorted(uses.items())],
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()) & 0xFFFFFF:06x}"
