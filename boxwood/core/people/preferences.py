"""A user's preferences of the UI: starred pipelines, their order, and so on.

They are one JSON object per user. Clients choose its members. Changing it records no event.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...errors import Forbidden, Invalid
from ..context import Ctx

MOST = 64_000
"""The longest JSON text of one user's preferences, in characters."""


def get(ctx: Ctx) -> dict[str, Any]:
    row = ctx.db.row("SELECT held FROM preferences WHERE user_key = :user", user=_user(ctx))
    found: dict[str, Any] = {} if row is None else msgspec.json.decode(row[0])
    return found


def edit(ctx: Ctx, changes: dict[str, Any]) -> dict[str, Any]:
    """Set the given members and return all; None removes a member."""
    sql = "INSERT INTO preferences (user_key, held) VALUES (:user, '{}') ON CONFLICT (user_key) DO NOTHING"
    ctx.db.run(sql, user=_user(ctx))
    row = ctx.db.row(f"SELECT held FROM preferences WHERE user_key = :user{ctx.db.for_update}", user=ctx.actor.key)
    assert row is not None
    before = msgspec.json.decode(row[0])
    held = {name: value for name, value in {**before, **changes}.items() if value is not None}
    text = msgspec.json.encode(held).decode()
    if len(text) > MOST:
        raise Invalid("preferences", f"must not be longer than {MOST:,} characters together")
    ctx.db.run("UPDATE preferences SET held = :held WHERE user_key = :user", held=text, user=ctx.actor.key)
    ctx.show("preferences", ctx.actor.key, before, held)
    return held


def _user(ctx: Ctx) -> str:
    if ctx.within:
        raise Forbidden("A team's API key cannot read or change a user's preferences")
    return ctx.actor.key
