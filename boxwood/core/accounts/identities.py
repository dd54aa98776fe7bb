"""Who a user is at an OpenID Connect provider: found by its own name for him, else by a verified address."""

from __future__ import annotations

from ...db.engine import Db
from ...errors import Forbidden
from .. import events, persons
from ..context import Ctx
from ..people import teams, users
from ..records import USERS
from . import invitations


def arrive(
    db: Db,
    now: int,
    *,
    issuer: str,
    subject: str,
    email: str,
    verified: bool,
    name: str,
    domains: tuple[str, ...] = (),
) -> Ctx:
    """To act as the one the provider vouches for. Who comes the first time has been invited, is a user already, or is
    of one of `domains`: then he is made one, with a team of his own."""
    row = db.row(
        f"""
        SELECT {USERS.of("u")} FROM identities i JOIN users u ON u.key = i.user_key
        WHERE i.issuer = :issuer AND i.subject = :subject
        """,
        issuer=issuer,
        subject=subject,
    )
    if row:
        return Ctx(db, now, USERS.load(row))
    if not verified:
        raise Forbidden("The provider does not say that this e-mail address is yours")
    email = persons.check_email(email)
    user = users.by_email(db, email)
    if user is None:
        if email.rpartition("@")[2] not in domains:
            raise Forbidden(f"{email} is no user here: ask someone for an invitation")
        given, _, family = name.strip().partition(" ")
        user = users.create(db, email, now, given_name=given[:100], family_name=family.strip()[:100])
        teams.create(db, f"{user.full_name}'s team", user, now)
    ctx = invitations.accepted(Ctx(db, now, user))
    db.run(
        "INSERT INTO identities (issuer, subject, user_key, created_at) VALUES (:issuer, :subject, :user, :now)",
        issuer=issuer,
        subject=subject,
        user=user.key,
        now=now,
    )
    events.record(ctx, "user.identity_added", persons.of(ctx.actor), what=issuer)
    return ctx
