"""Users: get, create and edit the people who sign in, act, are assigned and are mentioned."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ...db.engine import Db
from ...errors import Forbidden, Invalid, NotFound
from ...lib import addresses, ids
from .. import access, persons
from ..context import Ctx
from ..records import USERS, User, UserSettings

SEEN = f"""(
    EXISTS (SELECT 1 FROM team_members a JOIN team_members b ON b.team_key = a.team_key
            WHERE a.user_key = :actor AND a.role <> 'ArchiveOnly' AND (:within = '' OR a.team_key = :within)
                AND b.user_key = u.key)
    OR EXISTS (SELECT 1 FROM pipeline_members b JOIN pipelines p ON p.key = b.pipeline_key
               WHERE b.user_key = u.key AND {access.ROLE} IS NOT NULL))
"""
"""The SQL condition for the users `u` of a team or a pipeline that the actor reaches."""


def get(ctx: Ctx, key: str) -> User:
    """Return the actor ("me"), or a user of a team or a pipeline that the actor reaches."""
    if key in ("me", ctx.actor.key):
        return ctx.actor
    row = ctx.db.row(f"SELECT {USERS.columns} FROM users u WHERE u.key = :key AND {SEEN}", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    return USERS.load(row)


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> User:
    """Change a user. Users can change only themselves."""
    user = get(ctx, key)
    if user.key != ctx.actor.key or ctx.within:
        raise Forbidden("Only the user may change this")
    if changes.get("timezone"):
        _check_timezone(changes["timezone"])
    changes = {name: (value or None) if name == "timezone" else value for name, value in changes.items()}
    own = {name: value for name, value in changes.items() if name in User.__struct_fields__}
    settings = {name: value for name, value in changes.items() if name in UserSettings.__struct_fields__}
    edited = msgspec.structs.replace(
        user, **own, settings=msgspec.structs.replace(user.settings, **settings), updated_at=ctx.now
    )
    USERS.update(ctx.db, edited)
    ctx.show("user", user.key, user, edited, user.full_name)
    return edited


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid("timezoneId", f"must be a time zone such as America/Los_Angeles, but is {name!r}") from None


def by_email(db: Db, email: str) -> User | None:
    """Return the user with this address, in any of its spellings; None if there is none."""
    row = db.row(f"SELECT {USERS.columns} FROM users WHERE email = :email", email=addresses.one_form(email))
    return USERS.load(row) if row else None


def create(db: Db, email: str, now: int, *, given_name: str = "", family_name: str = "", invited: bool = False) -> User:
    """Create a user. Without a given name, both names are taken from the e-mail address."""
    email = persons.check_email(email)
    if not given_name:
        given_name, _, rest = email.partition("@")[0].replace("_", ".").partition(".")
        given_name, family_name = given_name.capitalize(), family_name or rest.capitalize()
    user = User(
        key=ids.new("u", now),
        email=email,
        given_name=given_name,
        family_name=family_name,
        timezone=None,
        image=None,
        user_type="HUMAN",
        settings=UserSettings(),
        invited=invited,
        created_at=now,
        updated_at=now,
        seen_at=None,
    )
    USERS.insert(db, user)
    return user


def rename_actor(ctx: Ctx, name: str) -> Ctx:
    """Give the actor this name (the first word is the given name), and return a context with the renamed actor."""
    given, _, family = name.strip().partition(" ")
    user = msgspec.structs.replace(ctx.actor, given_name=given, family_name=family.strip(), updated_at=ctx.now)
    USERS.update(ctx.db, user, "given_name", "family_name", "updated_at")
    return Ctx(ctx.db, ctx.now, user)


def record_seen(db: Db, user_key: str, now: int) -> None:
    """Record that the user signed in now."""
    db.run("UPDATE users SET seen_at = :now WHERE key = :key", key=user_key, now=now)
