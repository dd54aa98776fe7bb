"""A second factor beside the password: an authenticator app's codes, and recovery codes for the day it is lost."""

from __future__ import annotations

import hashlib
import secrets

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Invalid, NotSignedIn
from ...lib import totp
from ...lib.durations import MINUTE
from .. import events, persons
from ..context import Ctx
from . import api_keys

ISSUER = "Boxwood"
RECOVERY_CODES = 10
# Three of a million codes are right at any time: after so many wrong ones in a row none counts for a while.
MOST_WRONG, PAUSE = 10, 15 * MINUTE
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


class Authenticator(msgspec.Struct, frozen=True):
    user_key: str
    secret: str
    confirmed_at: int | None
    """It counts from then on: once a code of it was given."""
    last_step: int
    """The half minute of the code used last: no code is good twice."""
    wrong: int
    wrong_at: int
    created_at: int


AUTHENTICATORS = Table("authenticators", Authenticator)


class State(msgspec.Struct, frozen=True):
    since: int | None
    recovery_codes_left: int


def state(ctx: Ctx) -> State:
    api_keys.require_self(ctx)
    one = _find(ctx.db, ctx.actor.key)
    row = ctx.db.row("SELECT COUNT(*) FROM recovery_codes WHERE user_key = :user", user=ctx.actor.key)
    return State(one.confirmed_at if one else None, row[0] if row else 0)


def begin(ctx: Ctx) -> tuple[str, str]:
    """A secret for the app and its URI; it counts once `confirm` was given a code."""
    api_keys.require_self(ctx)
    if needed(ctx.db, ctx.actor.key):
        raise Conflict("There is an authenticator already: remove it first")
    secret = totp.new_secret()
    ctx.db.run("DELETE FROM authenticators WHERE user_key = :user", user=ctx.actor.key)
    AUTHENTICATORS.insert(ctx.db, Authenticator(ctx.actor.key, secret, None, 0, 0, 0, ctx.now))
    return secret, totp.uri(secret, ctx.actor.email, ISSUER)


def confirm(ctx: Ctx, code: str) -> list[str]:
    """From now on signing in takes a code; the recovery codes, shown this once."""
    api_keys.require_self(ctx)
    one = _find(ctx.db, ctx.actor.key)
    if one is None or one.confirmed_at is not None:
        raise Conflict("There is no authenticator to confirm")
    step = totp.step_of(one.secret, _plain(code), ctx.now)
    if step is None:
        raise Invalid("code", "is not what the authenticator shows now; is its clock right?")
    one = msgspec.structs.replace(one, confirmed_at=ctx.now, last_step=step)
    AUTHENTICATORS.update(ctx.db, one, "confirmed_at", "last_step", by="user_key")
    events.record(ctx, "user.totp_added", persons.of(ctx.actor))
    return _new_codes(ctx)


def renew_codes(ctx: Ctx) -> list[str]:
    """Other recovery codes; the old ones are worth nothing any more."""
    api_keys.require_self(ctx)
    if not needed(ctx.db, ctx.actor.key):
        raise Conflict("There is no authenticator")
    events.record(ctx, "user.recovery_codes_renewed", persons.of(ctx.actor))
    return _new_codes(ctx)


def remove(ctx: Ctx) -> None:
    """The password alone is enough again."""
    api_keys.require_self(ctx)
    if not drop(ctx.db, ctx.actor.key):
        raise Conflict("There is no authenticator")
    events.record(ctx, "user.totp_removed", persons.of(ctx.actor))


def drop(db: Db, user_key: str) -> bool:
    """Whether there was one."""
    db.run("DELETE FROM recovery_codes WHERE user_key = :user", user=user_key)
    return bool(db.run("DELETE FROM authenticators WHERE user_key = :user", user=user_key))


def needed(db: Db, user_key: str) -> bool:
    """Whether signing in takes a code."""
    one = _find(db, user_key)
    return one is not None and one.confirmed_at is not None


def require_given(db: Db, user_key: str, code: str) -> None:
    if not code and needed(db, user_key):
        raise NotSignedIn(given=True, says="code: the authenticator's code is needed too", field="code")


def accept(db: Db, user_key: str, code: str, now: int) -> bool:
    """Whether the code is right where one is needed; it is used up, or counted as wrong. To be kept in either case."""
    one = _find(db, user_key, db.for_update)
    if one is None or one.confirmed_at is None:
        return True
    code = _plain(code)
    once = "DELETE FROM recovery_codes WHERE user_key = :user AND digest = :digest"
    if db.run(once, user=user_key, digest=_digest(code)):
        return True
    step = totp.step_of(one.secret, code, now)
    paused = one.wrong >= MOST_WRONG and now < one.wrong_at + PAUSE
    right = step is not None and step > one.last_step and not paused
    if right:
        one = msgspec.structs.replace(one, last_step=step or 0, wrong=0)
    elif not paused:
        one = msgspec.structs.replace(one, wrong=one.wrong % MOST_WRONG + 1, wrong_at=now)
    AUTHENTICATORS.update(db, one, "last_step", "wrong", "wrong_at", by="user_key")
    return right


def _find(db: Db, user_key: str, lock: str = "") -> Authenticator | None:
    row = db.row(f"SELECT {AUTHENTICATORS.columns} FROM authenticators WHERE user_key = :user{lock}", user=user_key)
    return AUTHENTICATORS.load(row) if row else None


def _new_codes(ctx: Ctx) -> list[str]:
    ctx.db.run("DELETE FROM recovery_codes WHERE user_key = :user", user=ctx.actor.key)
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    ctx.db.many(
        "INSERT INTO recovery_codes (user_key, digest) VALUES (:user, :digest)",
        [{"user": ctx.actor.key, "digest": _digest(code)} for code in codes],
    )
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _plain(code: str) -> str:
    """As it is kept: people copy spaces and hyphens along."""
    return "".join(code.split()).replace("-", "").lower()


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
