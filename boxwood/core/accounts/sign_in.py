"""Signing in by a link."""

from __future__ import annotations

from ...db.engine import Db
from ...errors import Invalid
from ..context import Ctx
from . import invitations, sign_in_links
from .sign_in_links import SignInLink


def spend(db: Db, token: str, now: int) -> tuple[Ctx, SignInLink]:
    """To act as its owner, this once. Of two who open it at a time, one has it."""
    link, user = sign_in_links.look(db, token, now)
    if not db.run("DELETE FROM sign_in_links WHERE digest = :digest", digest=link.digest):
        raise Invalid("token", "this link was used already")
    return invitations.accepted(Ctx(db, now, user)), link
