"""With which rights a mailing or a run of a sequence goes on: those that its user and its API key have now."""

from __future__ import annotations

from ....db.engine import Db
from ...accounts import locked_users, makers
from ...context import Ctx
from ...records import USERS

MAY_NOT = "the user, or the API key that started it, may not send mail any longer"


def context(db: Db, now: int, user_key: str, within: str, maker: str | None, via: str) -> Ctx:
    """The context of the user, within the team if it was started through a key of the team, and with the scopes that
    the API key has now through which it was started."""
    row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=user_key)
    assert row is not None
    scopes, _ = makers.rights_now(db, maker, now)
    return Ctx(db, now, USERS.load(row), within=within, via=via, scopes=scopes)


def may_send(ctx: Ctx, maker: str | None) -> bool:
    """Whether the user is not locked, and the API key may write mail without asking."""
    _, proposes = makers.rights_now(ctx.db, maker, ctx.now)
    return not proposes and ctx.writes("mail") and not locked_users.is_locked(ctx.db, ctx.actor.key)
