"""What an operator does about users and their keys on the command line, each in a transaction that is open."""

from __future__ import annotations

import time

from ..core import persons
from ..core.accounts import api_keys, invitations, locked_users, passwords, second_factors, sign_in_links
from ..core.context import Ctx
from ..core.people import teams, users
from ..core.records import User
from ..db.engine import Db
from ..errors import Invalid
from ..lib.clock import now_ms


def make_key(db: Db, email: str, name: str | None) -> tuple[User, str]:
    """A key's owner and its secret; the user is made if need be, and so is a team of his own where he has none."""
    now = now_ms()
    email = persons.check_email(email)
    user = users.by_email(db, email) or users.create(db, email, now)
    locked_users.require_unlocked(db, user.key)
    user = invitations.accepted(Ctx(db, now, user)).actor
    if not db.row("SELECT 1 FROM teams WHERE creator_key = :user LIMIT 1", user=user.key):
        teams.make(db, f"{user.full_name}'s team", user, now)
    return user, api_keys.create(db, user, now, name=name)[1]


def list_keys(db: Db, email: str) -> list[str]:
    """A line for each."""
    rows = db.rows(
        """
        SELECT k.key, k.prefix, u.email, k.name, k.used_at FROM api_keys k JOIN users u ON u.key = k.user_key
        WHERE :email = '' OR u.email = :email ORDER BY u.email, k.created_at
        """,
        email=email.lower(),
    )
    return [
        "\t".join(
            [
                key,
                f"{prefix}…",
                owner,
                name or "-",
                time.strftime("used %Y-%m-%d %H:%M", time.gmtime(used_at / 1000)) if used_at else "never used",
            ]
        )
        for key, prefix, owner, name, used_at in rows
    ]


def revoke_key(db: Db, key: str) -> int:
    """By the record's key or the secret's beginning; how many there were."""
    return db.run("DELETE FROM api_keys WHERE key = :key OR prefix = :key", key=key.rstrip("…"))


def create(db: Db, email: str, name: str) -> User:
    email = persons.check_email(email)
    if users.by_email(db, email):
        raise Invalid("", f"{email} is a user already")
    given, _, family = name.partition(" ")
    user = users.create(db, email, now_ms(), given_name=given, family_name=family)
    teams.make(db, f"{user.full_name}'s team", user, now_ms())
    return user


def list_all(db: Db) -> list[str]:
    """A line for each."""
    rows = db.rows("SELECT key, email, given_name, family_name FROM users ORDER BY email")
    return ["\t".join([key, email, f"{given} {family}".strip()]) for key, email, given, family in rows]


def lock(db: Db, email: str) -> None:
    """Nothing lets this user in any more."""
    locked_users.lock(db, _known(db, email), now_ms())


def unlock(db: Db, email: str) -> None:
    if not locked_users.unlock(db, _known(db, email)):
        raise Invalid("", f"{email} is not locked")


def link(db: Db, email: str, *, without_code: bool = False) -> str:
    """The path of a link by which this user signs in once: a new password has to be chosen with it. `without_code`
    removes an authenticator that was lost."""
    user = _known(db, email)
    locked_users.require_unlocked(db, user.key)
    if without_code:
        second_factors.drop(db, user.key)
    return sign_in_links.make(db, user, "welcome" if passwords.of(db, user.key) is None else "reset", now_ms())


def _known(db: Db, email: str) -> User:
    email = persons.check_email(email)
    user = users.by_email(db, email)
    if user is None:
        raise Invalid("", f"there is no user {email}; `boxwood user create` makes one")
    return user
