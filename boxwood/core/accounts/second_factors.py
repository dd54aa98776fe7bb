"""Two-factor authentication: codes of an authenticator app, and recovery codes if the app is not at hand."""

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
# Three of a million codes are right at any time. So after this many wrong codes in a row, no code is accepted during
# the pause.
MOST_WRONG, PAUSE = 10, 15 * MINUTE
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


class Authenticator(msgspec.Struct, frozen=True):
    """A user's authenticator app."""

    user_key: str
    secret: str
    confirmed_at: int | None
    """When the user first gave a code of it. Before that, signing in needs no code."""
    last_step: int
    """The half minute (Unix time / 30 s) of the code used last: no code works twice."""
    wrong: int
    """How many wrong codes were given in a row."""
    wrong_at: int
    created_at: int


AUTHENTICATORS = Table("authenticators", Authenticator)


class State(msgspec.Struct, frozen=True):
    """Whether two-factor authentication is on."""

    since: int | None
    """When it was turned on; None if it is off."""
    recovery_codes_left: int


def state(ctx: Ctx) -> State:
    """Return the state of the actor's two-factor authentication."""
    api_keys.require_self(ctx)
    authenticator = _find(ctx.db, ctx.actor.key)
    row = ctx.db.row("SELECT COUNT(*) FROM recovery_codes WHERE user_key = :user", user=ctx.actor.key)
    return State(authenticator.confirmed_at if authenticator else None, row[0] if row else 0)


def begin(ctx: Ctx) -> tuple[str, str]:
    """Return a new secret for the app and its URI. `confirm` with a code turns two-factor authentication on."""
    api_keys.require_self(ctx)
    if needed(ctx.db, ctx.actor.key):
        raise Conflict("You have an authenticator already: remove it first")
    secret = totp.new_secret()
    ctx.db.run("DELETE FROM authenticators WHERE user_key = :user", user=ctx.actor.key)
    AUTHENTICATORS.insert(ctx.db, Authenticator(ctx.actor.key, secret, None, 0, 0, 0, ctx.now))
    return secret, totp.uri(secret, ctx.actor.email, ISSUER)


def confirm(ctx: Ctx, code: str) -> list[str]:
    """Turn two-factor authentication on. Return the recovery codes, which cannot be read again."""
    api_keys.require_self(ctx)
    authenticator = _find(ctx.db, ctx.actor.key)
    if authenticator is None or authenticator.confirmed_at is not None:
        raise Conflict("There is no authenticator to confirm")
    step = totp.step_of(authenticator.secret, _plain(code), ctx.now)
    if step is None:
        raise Invalid("code", "is not the code that the authenticator shows now: check the clock of your device")
    authenticator = msgspec.structs.replace(authenticator, confirmed_at=ctx.now, last_step=step)
    AUTHENTICATORS.update(ctx.db, authenticator, "confirmed_at", "last_step", by="user_key")
    events.record(ctx, "user.totp_added", persons.of(ctx.actor))
    return _new_codes(ctx)


def renew_codes(ctx: Ctx) -> list[str]:
    """Return new recovery codes. The old codes are no longer valid."""
    api_keys.require_self(ctx)
    if not needed(ctx.db, ctx.actor.key):
        raise Conflict("There is no authenticator: add one first")
    events.record(ctx, "user.recovery_codes_renewed", persons.of(ctx.actor))
    return _new_codes(ctx)


def remove(ctx: Ctx) -> None:
    """Turn two-factor authentication off."""
    api_keys.require_self(ctx)
    if not delete(ctx.db, ctx.actor.key):
        raise Conflict("There is no authenticator")
    events.record(ctx, "user.totp_removed", persons.of(ctx.actor))


def delete(db: Db, user_key: str) -> bool:
    """Delete the user's authenticator and recovery codes. Return whether there was an authenticator."""
    db.run("DELETE FROM recovery_codes WHERE user_key = :user", user=user_key)
    return bool(db.run("DELETE FROM authenticators WHERE user_key = :user", user=user_key))


def needed(db: Db, user_key: str) -> bool:
    """Return whether the user needs a code to sign in."""
    authenticator = _find(db, user_key)
    return authenticator is not None and authenticator.confirmed_at is not None


def require_given(db: Db, user_key: str, code: str) -> None:
    """Raise `NotSignedIn` if the user needs a code and none was given."""
    if not code and needed(db, user_key):
        raise NotSignedIn(given=True, says="code: the authenticator's code is needed too", field="code")


def use_code(db: Db, user_key: str, code: str, now: int) -> bool:
    """Return whether the code is right, or the user needs none.

    A right code is used up, a wrong code is counted. So the caller must commit the transaction in both cases.
    """
    authenticator = _find(db, user_key, db.for_update)
    if authenticator is None or authenticator.confirmed_at is None:
        return True
    code = _plain(code)
    use_recovery_code = "DELETE FROM recovery_codes WHERE user_key = :user AND digest = :digest"
    if db.run(use_recovery_code, user=user_key, digest=_digest(code)):
        return True
    step = totp.step_of(authenticator.secret, code, now)
    paused = authenticator.wrong >= MOST_WRONG and now < authenticator.wrong_at + PAUSE
    right = step is not None and step > authenticator.last_step and not paused
    if right:
        authenticator = msgspec.structs.replace(authenticator, last_step=step or 0, wrong=0)
    elif not paused:
        wrong = authenticator.wrong % MOST_WRONG + 1
        authenticator = msgspec.structs.replace(authenticator, wrong=wrong, wrong_at=now)
    AUTHENTICATORS.update(db, authenticator, "last_step", "wrong", "wrong_at", by="user_key")
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
    """Return the code without the spaces and hyphens that people copy with it."""
    return "".join(code.split()).replace("-", "").lower()


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
