"""Persons: what other users see of a user. Also the check of e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import Invalid
from ..lib import addresses
from .context import Ctx
from .records import USERS, Person, User

_EMAIL = re.compile(r"[^@\s\x00-\x1f,;<>\"]+@[^@\s\x00-\x1f,;<>\".]+(?:\.[^@\s\x00-\x1f,;<>\".]+)*")


def check_email(email: str, field: str = "email") -> str:
    """Return the address as it is stored (`addresses.one_form`). Raise `Invalid` for `field` if it is no address."""
    address = addresses.one_form(email)
    if not _EMAIL.fullmatch(address) or len(address) > 254:
        raise Invalid(field, f"{email.strip()[:100]!r} is not an e-mail address")
    return address


def of(user: User) -> Person:
    """Return what other users see of this user."""
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
    """Return the persons of these user keys. Each is read once in a transaction; the result may hold more persons."""
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
