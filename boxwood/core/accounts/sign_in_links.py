"""Links that sign a person in once: for the first owner, for an invitation, and for a forgotten password.

The token comes after `#` in the URL. Browsers do not send that part to servers, so it is in no log. It is stored as a
hash.
"""

from __future__ import annotations

import hashlib
import secrets

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Invalid
from ...lib.durations import DAY, HOUR, MINUTE
from ...lib.lines import on_one_line
from .. import events, mail_settings, outgoing_mail, persons
from ..context import Ctx
from ..people import users
from ..records import USERS, User
from . import locked_users, passwords

LASTS = {"welcome": 7 * DAY, "invitation": 14 * DAY, "reset": HOUR}


class SignInLink(msgspec.Struct, frozen=True):
    """A link that signs a user in once."""

    digest: str
    kind: str
    """`welcome`, `invitation` or `reset`."""
    user_key: str
    created_at: int
    ends_at: int
    invitation_key: str | None = None


LINKS = Table("sign_in_links", SignInLink)


def make(db: Db, user: User, kind: str, now: int, invitation_key: str | None = None) -> str:
    """Create a link and return its path, such as `/welcome#…`. The user's earlier links of this kind (and for the same
    invitation) are deleted."""
    db.run(
        """
        DELETE FROM sign_in_links
        WHERE user_key = :user AND kind = :kind AND COALESCE(invitation_key, '') = :invitation
        """,
        user=user.key,
        kind=kind,
        invitation=invitation_key or "",
    )
    token = secrets.token_urlsafe(32)
    LINKS.insert(db, SignInLink(_digest(token), kind, user.key, now, now + LASTS[kind], invitation_key))
    return f"/{kind}#{token}"


def find(db: Db, token: str, now: int) -> tuple[SignInLink, User]:
    """Return the link of this token and its user, without using the link up. Raise `Invalid` if it is not valid."""
    row = db.row(
        f"""
        SELECT {LINKS.of("l")}, {USERS.of("u")} FROM sign_in_links l JOIN users u ON u.key = l.user_key
        WHERE l.digest = :digest AND l.ends_at > :now
        """,
        digest=_digest(token),
        now=now,
    )
    if row is None:
        raise Invalid("token", "this link was used already or has expired: ask for another")
    return LINKS.load(row), USERS.load(row[len(LINKS.names) :])


def needs_password(db: Db, link: SignInLink) -> bool:
    """Return whether the person must choose a password to use this link."""
    return link.kind == "reset" or passwords.find_hash(db, link.user_key) is None


def mail_reset(db: Db, email: str, now: int) -> None:
    """Mail a link for a forgotten password to the user with this address.

    No mail is sent if no user has the address, the user is locked, or a link was sent within the last minute. The
    caller does not learn which. Raise `Conflict` if mail is not set up.
    """
    settings = mail_settings.find(db)
    if not settings.smtp_url:
        raise Conflict("This server cannot send mail: ask its operator for a link (`boxwood user link`)")
    user = users.by_email(db, email.strip().lower())
    since = now - MINUTE
    recent = "SELECT 1 FROM sign_in_links WHERE user_key = :user AND kind = 'reset' AND created_at > :since"
    if user is None or locked_users.is_locked(db, user.key) or db.row(recent, user=user.key, since=since):
        return
    ctx = Ctx(db, now, user)
    link = settings.base_url + make(db, user, "reset", now)
    text = (
        f"Hello {on_one_line(user.full_name)},\n\n"
        f"someone, probably you, asked to reset your password in Boxwood. Open this link to choose a new "
        f"password:\n\n{link}\n\nThe link works once, within one hour. If you did not ask for it, ignore this"
        " mail: your password does not change.\n"
    )
    outgoing_mail.post(ctx, [user.email], "Reset your password", text, about="reset", ends_at=now + LASTS["reset"])
    events.record(ctx, "user.reset_asked", persons.of(user))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
