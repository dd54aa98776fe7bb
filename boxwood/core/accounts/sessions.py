"""Sessions: a browser that signed in acts with its user's rights until it signs out or the session expires.

A session's secret is 32 random bytes in a cookie, stored as a hash. The session expires 14 days after its last use, or
90 days after it started, whichever comes first.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import NotFound, NotSignedIn
from ...lib import ids
from ...lib.durations import DAY
from .. import events, persons
from ..context import Ctx
from ..people import users
from ..records import USERS, User
from . import api_keys, locked_users

IDLE = 14 * DAY
LONGEST = 90 * DAY
LONGEST_NAME = 300


class Session(msgspec.Struct, frozen=True):
    """A browser that is signed in."""

    key: str
    digest: str
    user_key: str
    browser: str
    """The User-Agent header of the browser."""
    address: str
    created_at: int
    used_at: int
    ends_at: int

    @property
    def over_at(self) -> int:
        """When the session expires if it is not used again."""
        return min(self.ends_at, self.used_at + IDLE)


SESSIONS = Table("sessions", Session)


def start(ctx: Ctx, browser: str, address: str, how: str) -> tuple[Session, str]:
    """Sign the actor in. Return the session and its secret, which is not stored. `how` is text such as "a password"."""
    locked_users.require_unlocked(ctx.db, ctx.actor.key)
    secret = secrets.token_urlsafe(32)
    session = Session(
        key=ids.new("i", ctx.now),
        digest=_digest(secret),
        user_key=ctx.actor.key,
        browser=browser[:LONGEST_NAME],
        address=address,
        created_at=ctx.now,
        used_at=ctx.now,
        ends_at=ctx.now + LONGEST,
    )
    SESSIONS.insert(ctx.db, session)
    users.record_seen(ctx.db, ctx.actor.key, ctx.now)
    events.record(
        ctx, "user.signed_in", persons.of(ctx.actor), what=how, browser=session.browser, address=session.address
    )
    return session, secret


_OWNER = f"""
    SELECT {USERS.of("u")}, s.key FROM sessions s JOIN users u ON u.key = s.user_key
    WHERE s.digest = :digest AND s.ends_at > :now AND s.used_at > :idle
"""


def owner(db: Db, secret: str, now: int) -> tuple[User, str]:
    """Return the user who acts in the session with this secret, and the session's key. Raise `NotSignedIn` if it has
    expired or does not exist."""
    row = db.row(_OWNER, digest=_digest(secret), now=now, idle=now - IDLE)
    if row is None:
        raise NotSignedIn(given=False)
    return USERS.load(row), row[-1]


def still_acts(db: Db, key: str, user_key: str, now: int) -> bool:
    """Return whether the session with this key is of this user and has not expired."""
    sql = "SELECT 1 FROM sessions WHERE key = :key AND user_key = :user AND ends_at > :now AND used_at > :idle"
    return db.row(sql, key=key, user=user_key, now=now, idle=now - IDLE) is not None


def csrf_token(secret: str) -> str:
    """Return a token that only Boxwood's own pages know. It is an HMAC of the secret, so it does not reveal it."""
    return hmac.digest(secret.encode(), b"boxwood csrf", hashlib.sha256).hex()


def get(ctx: Ctx, key: str) -> Session:
    """Return one of the actor's sessions that has not expired."""
    found = [session for session in all_own(ctx) if session.key == key]
    if not found:
        raise NotFound(key)
    return found[0]


def all_own(ctx: Ctx) -> list[Session]:
    """Return the actor's sessions that have not expired, the last used first."""
    api_keys.require_self(ctx)
    rows = ctx.db.rows(
        f"""
        SELECT {SESSIONS.columns} FROM sessions WHERE user_key = :user AND ends_at > :now AND used_at > :idle
        ORDER BY used_at DESC, key DESC
        """,
        user=ctx.actor.key,
        now=ctx.now,
        idle=ctx.now - IDLE,
    )
    return SESSIONS.load_all(rows)


def end(ctx: Ctx, key: str) -> None:
    """Sign the browser of this session out."""
    api_keys.require_self(ctx)
    if not ctx.db.run("DELETE FROM sessions WHERE key = :key AND user_key = :user", key=key, user=ctx.actor.key):
        raise NotFound(key)
    events.record(ctx, "user.signed_out", persons.of(ctx.actor))


def end_others(ctx: Ctx, but: str = "") -> int:
    """Sign out all browsers of the actor except the session `but`. Return how many."""
    api_keys.require_self(ctx)
    return ctx.db.run("DELETE FROM sessions WHERE user_key = :user AND key <> :key", user=ctx.actor.key, key=but)


def note_uses(db: Db, uses: dict[str, int]) -> None:
    """Store when sessions were last used, by session key. The server collects the uses and calls this now and then."""
    db.many(
        "UPDATE sessions SET used_at = :at WHERE key = :key",
        [{"key": key, "at": at} for key, at in sorted(uses.items())],
    )


def delete_expired(db: Db, now: int) -> None:
    """Delete expired sessions and sign-in links."""
    db.run("DELETE FROM sessions WHERE ends_at <= :now OR used_at <= :idle", now=now, idle=now - IDLE)
    db.run("DELETE FROM sign_in_links WHERE ends_at <= :now", now=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
