"""Users given by name in place of a key (ruling 36), among those that the actor may see."""

from __future__ import annotations

from ...errors import Invalid, NotFound
from ...lib import ids
from ...lib.names import folded
from ..context import Ctx
from ..records import USERS, Pipeline, User
from . import users


def find(ctx: Ctx, wanted: str, where: str, pipeline: Pipeline | None = None) -> User:
    """Return the user with this key, address or name. Raise `Invalid` for `where` if there is none, or several.

    With a pipeline, a name means its members and those of its team; otherwise, all users that the actor may see.
    """
    try:
        return get(ctx, wanted, where, pipeline)
    except NotFound:
        raise Invalid(where, f"no user {wanted[:100]!r} within your reach") from None


def get(ctx: Ctx, wanted: str, where: str, pipeline: Pipeline | None = None) -> User:
    """The same, but raise `NotFound` if there is none."""
    by_email = users.by_email(ctx.db, wanted) if "@" in wanted else None
    try:
        return users.get(ctx, by_email.key if by_email else wanted)
    except NotFound:
        found = [] if by_email or ids.is_key("u", wanted) else named(_people(ctx, pipeline), wanted)
    if not found:
        raise NotFound(wanted)
    if len(found) > 1:
        shown = ", ".join(sorted(f"{user.full_name} ({user.email})" for user in found)[:10])
        raise Invalid(where, f"{len(found)} users are called {wanted[:100]!r}: give the e-mail address, one of {shown}")
    return found[0]


def named(people: list[User], wanted: str) -> list[User]:
    """Return the users with this name: the whole name in either order, else the first name."""
    return by_name(people).get(folded(wanted), [])


def by_name(people: list[User]) -> dict[str, list[User]]:
    """Return the users by each of their names, as `folded` writes it."""
    whole: dict[str, list[User]] = {}
    first: dict[str, list[User]] = {}
    for user in people:
        names = {user.full_name, user.display_name}
        if user.given_name and user.family_name:
            names |= {f"{user.family_name}, {user.given_name}", f"{user.family_name} {user.given_name}"}
        for name in {folded(name) for name in names if name}:
            whole.setdefault(name, []).append(user)
        if user.given_name:
            first.setdefault(folded(user.given_name), []).append(user)
    return {**first, **whole}


def of_pipeline(ctx: Ctx, pipeline: Pipeline) -> list[User]:
    """Return the members of the pipeline, and the members of its team if the actor belongs to the team."""
    rows = ctx.db.rows(
        f"""
        SELECT {USERS.columns} FROM users u WHERE
            EXISTS (SELECT 1 FROM pipeline_members m WHERE m.pipeline_key = :pipeline AND m.user_key = u.key)
            OR EXISTS (SELECT 1 FROM team_members a JOIN team_members b ON b.team_key = a.team_key
                       WHERE a.team_key = :team AND a.user_key = :actor AND b.user_key = u.key)
        """,
        pipeline=pipeline.key,
        team=pipeline.team_key,
        actor=ctx.actor.key,
    )
    return USERS.load_all(rows)


def _people(ctx: Ctx, pipeline: Pipeline | None) -> list[User]:
    if pipeline is not None:
        return of_pipeline(ctx, pipeline)
    rows = ctx.db.rows(f"SELECT {USERS.columns} FROM users u WHERE u.key = :actor OR {users.SEEN}", **ctx.who)
    return USERS.load_all(rows)
