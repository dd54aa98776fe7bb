"""Sign in with a link."""

from __future__ import annotations

from ...db.engine import Db
from ...errors import Invalid
from ..context import Ctx
from . import invitations, sign_in_links
from .sign_in_links import SignInLink


def use_link(db: Db, token: str, now: int) -> tuple[Ctx, SignInLink]:
    """Use up the link and return a context that acts as its user, and the link.

    If two requests use the link at the same time, the second fails.
    """
    link, user = sign_in_links.find(db, token, now)
    if not db.run("DELETE FROM sign_in_links WHERE digest = :digest", digest=link.digest):
        raise Invalid("token", "this link was used already: ask for another")
    return invitations.accept(Ctx(db, now, user)), link
