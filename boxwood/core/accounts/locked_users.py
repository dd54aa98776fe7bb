"""Locked users: they cannot sign in with a password, link, provider or key until they are unlocked."""

from __future__ import annotations

from ...db.engine import Db
from ...errors import Forbidden
from ..records import User

# What lets a user in is deleted, except passwords and authenticators: they work again after unlocking.
_ENDED = ("sessions", "api_keys", "sign_in_links")


def lock(db: Db, user: User, now: int) -> None:
    """Lock the user: sign out all browsers and revoke all API keys. Everything else stays, and webhooks go on."""
    db.run(
        "INSERT INTO locked_users (user_key, at) VALUES (:user, :now) ON CONFLICT (user_key) DO NOTHING",
        user=user.key,
        now=now,
    )
    for table in _ENDED:
        db.run(f"DELETE FROM {table} WHERE user_key = :user", user=user.key)


def unlock(db: Db, user: User) -> bool:
    """Unlock the user. Return whether the user was locked."""
    return bool(db.run("DELETE FROM locked_users WHERE user_key = :user", user=user.key))


def is_locked(db: Db, user_key: str) -> bool:
    return db.row("SELECT 1 FROM locked_users WHERE user_key = :user", user=user_key) is not None


def require_unlocked(db: Db, user_key: str) -> None:
    """Raise `Forbidden` if the user is locked."""
    if is_locked(db, user_key):
        raise Forbidden("This user is locked and cannot sign in: ask the operator of this server")
