"""Passwords: who has one, and which may be one. Hashing is `lib/passwords`, by whoever has no transaction open."""

from __future__ import annotations

from ...db.engine import Db
from ...errors import Invalid
from .. import events, persons
from ..context import Ctx
from ..records import User
from . import api_keys

SHORTEST, LONGEST = 10, 1000


def check(password: str, field: str = "password") -> str:
    """A password that can be guessed within a few tries is none (NIST SP 800-63B 3.1.1)."""
    if len(password) < SHORTEST:
        raise Invalid(field, f"needs {SHORTEST} characters or more")
    if len(password) > LONGEST:
        raise Invalid(field, f"is longer than {LONGEST:,} characters")
    if len(set(password)) < 5:
        raise Invalid(field, "needs five different characters or more")
    return password


def of(db: Db, user_key: str) -> str | None:
    """The hash that is kept, where there is one."""
    row = db.row("SELECT hash FROM passwords WHERE user_key = :user", user=user_key)
    return row[0] if row else None


def of_actor(ctx: Ctx) -> str | None:
    api_keys.require_self(ctx)
    return of(ctx.db, ctx.actor.key)


def keep(db: Db, user: User, hash_: str, now: int) -> None:
    db.run(
        """
        INSERT INTO passwords (user_key, hash, changed_at) VALUES (:user, :hash, :now)
        ON CONFLICT (user_key) DO UPDATE SET hash = :hash, changed_at = :now
        """,
        user=user.key,
        hash=hash_,
        now=now,
    )


def change(ctx: Ctx, hash_: str) -> None:
    """The actor's password is another from now on."""
    keep(ctx.db, ctx.actor, hash_, ctx.now)
    events.record(ctx, "user.password_changed", persons.of(ctx.actor))
