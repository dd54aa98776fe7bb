"""Sign-in with an OpenID Connect provider: the user is found by the provider's subject, else by a verified address."""

from __future__ import annotations

from ...db.engine import Db
from ...errors import Forbidden
from .. import events, persons
from ..context import Ctx
from ..people import teams, users
from ..records import USERS
from . import invitations


def sign_in(
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
    """Return a context that acts as the user of this identity.

    The first time, the identity is added to the user with its e-mail address. If there is none and the address is in
    one of `domains`, a user with a team is created. Raise `Forbidden` for others and for addresses not `verified`.
    """
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
        raise Forbidden("The sign-in provider has not verified your e-mail address: verify it there first")
    email = persons.check_email(email)
    user = users.by_email(db, email)
    if user is None:
        if email.rpartition("@")[2] not in domains:
            raise Forbidden(f"No user has the e-mail address {email}: ask a team owner for an invitation")
        given, _, family = name.strip().partition(" ")
        user = users.create(db, email, now, given_name=given[:100], family_name=family.strip()[:100])
        teams.create(db, f"{user.full_name}'s team", user, now)
    ctx = invitations.accept(Ctx(db, now, user))
    db.run(
        "INSERT INTO identities (issuer, subject, user_key, created_at) VALUES (:issuer, :subject, :user, :now)",
        issuer=issuer,
        subject=subject,
        user=user.key,
        now=now,
    )
    events.record(ctx, "user.identity_added", persons.of(ctx.actor), what=issuer)
    return ctx
