"""What others see of a user, and the form of an e-mail address."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import Invalid
from .context import Ctx
from .records import USERS, Person, User

_EMAIL = re.compile(r"[^@\s\x00-\x1f,;<>\"]+@[^@\s\x00-\x1f,;<>\"]+")


def check_email(email: str, field: str = "email") -> str:
    """The address as it is stored: trimmed, in lower case."""
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email) or len(email) > 254:
        raise Invalid(field, f"{email[:100]!r} is not an e-mail address")
    return email


def of(user: User) -> Person:
    return Person(
        key=user.key,
        email=user.email,
        display_name=user.display_name,
        full_name=user.full_name,
        given_name=user.given_name,
        image=user.image,
        user_type=user.user_type,
    )


def by_key(ctx: Ctx, keys: Iterable[str]) -> dict[str, Person]:
    """The persons behind these keys, each read once in a transaction."""
    known = ctx.people
    if ctx.actor.key not in known:
        known[ctx.actor.key] = of(ctx.actor)
    missing = {key for key in keys if key not in known}
    if missing:
        for row in ctx.db.rows(
            f"SELECT {USERS.columns} FROM users WHERE {ctx.db.dialect.among('key', 'keys')}",
            keys=ctx.db.texts(missing),
        ):
            known[row[0]] = of(USERS.load(row))
    return known
