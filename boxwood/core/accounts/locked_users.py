"""Users who may not come in any more: no password, link, provider or key lets them, until they are unlocked."""

from __future__ import annotations

from ...db.engine import Db
from ...errors import Forbidden
from ..records import User

# What lets someone in, or keeps him in. Passwords and authenticators stay, for the day the lock is opened.
_ENDED = ("sessions", "api_keys", "sign_in_links")


def lock(db: Db, user: User, now: int) -> None:
    """His browsers are signed out and his keys revoked; what he made stays, and goes on where it is a webhook."""
    db.run(
        "INSERT INTO locked_users (user_key, at) VALUES (:user, :now) ON CONFLICT (user_key) DO NOTHING",
        user=user.key,
        now=now,
    )
    for table in _ENDED:
        db.run(f"DELETE FROM {table} WHERE user_key = :user", user=user.key)


def unlock(db: Db, user: User) -> bool:
    """Whether he was locked."""
    return bool(db.run("DELETE FROM locked_users WHERE user_key = :user", user=user.key))


def is_locked(db: Db, user_key: str) -> bool:
    return db.row("SELECT 1 FROM locked_users WHERE user_key = :user", user=user_key) is not None


def require_unlocked(db: Db, user_key: str) -> None:
    if is_locked(db, user_key):
        raise Forbidden("This user may not sign in: ask whoever runs this server")
