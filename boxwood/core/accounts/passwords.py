"""Passwords: the stored hashes, and which passwords are allowed.

`lib/passwords` hashes them. Callers hash before they open a transaction, because hashing is slow.
"""

from __future__ import annotations

from ...db.engine import Db
from ...errors import Invalid
from .. import events, persons
from ..context import Ctx
from ..records import User
from . import api_keys

SHORTEST, LONGEST = 10, 1000


def check(password: str, field: str = "password") -> str:
    """Return the password. Raise `Invalid` if it is easy to guess (NIST SP 800-63B 3.1.1) or too long."""
    if len(password) < SHORTEST:
        raise Invalid(field, f"must have at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise Invalid(field, f"must have at most {LONGEST:,} characters")
    if len(set(password)) < 5:
        raise Invalid(field, "must have at least five different characters")
    return password


def find_hash(db: Db, user_key: str) -> str | None:
    """Return the stored hash of the user's password, if the user has one."""
    row = db.row("SELECT hash FROM passwords WHERE user_key = :user", user=user_key)
    return row[0] if row else None


def find_own_hash(ctx: Ctx) -> str | None:
    """Return the stored hash of the actor's password, if the actor has one."""
    api_keys.require_self(ctx)
    return find_hash(ctx.db, ctx.actor.key)


def store(db: Db, user: User, hash_: str, now: int) -> None:
    """Store the hash of the user's password, without an event."""
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
    """Replace the actor's password."""
    store(ctx.db, ctx.actor, hash_, ctx.now)
    events.record(ctx, "user.password_changed", persons.of(ctx.actor))
