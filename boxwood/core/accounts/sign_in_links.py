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
from ..records import USERS, User, permissions
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
    shown_to: str | None = None
    """The key of the user who was shown the link of an invitation; None if the link was mailed."""


LINKS = Table("sign_in_links", SignInLink)


def make(
    db: Db, user: User, kind: str, now: int, invitation_key: str | None = None, shown_to: str | None = None
) -> str:
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
    LINKS.insert(db, SignInLink(_digest(token), kind, user.key, now, now + LASTS[kind], invitation_key, shown_to))
    return f"/{kind}#{token}"


def find(db: Db, token: str, now: int) -> tuple[SignInLink, User]:
    """Return the link of this token and its user, without using the link up. Raise `Invalid` if it is not valid.

    A link that an inviter was shown is valid only while the inviter administers everything that the user may reach:
    otherwise the inviter could open it and read what others have shared with the user since.
    """
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
    link, user = LINKS.load(row), USERS.load(row[len(LINKS.names) :])
    if link.shown_to and not administers_all(db, link.shown_to, user.key):
        raise Invalid("token", "this link is not valid, because others have shared something since: ask for another")
    return link, user


# Everything that the invited user reaches belongs to teams or pipelines that the actor administers.
_REACHES_NOTHING_OF_OTHERS = f"""
    SELECT 1 FROM users u WHERE u.key = :user AND u.invited
    AND NOT EXISTS (
        SELECT 1 FROM team_members m WHERE m.user_key = u.key AND NOT EXISTS (
            SELECT 1 FROM team_members o
            WHERE o.team_key = m.team_key AND o.user_key = :actor AND o.role = 'Owner'))
    AND NOT EXISTS (
        SELECT 1 FROM pipeline_members m JOIN pipelines p ON p.key = m.pipeline_key
        WHERE m.user_key = u.key
            AND NOT EXISTS (
                SELECT 1 FROM pipeline_members a WHERE a.pipeline_key = p.key AND a.user_key = :actor
                    AND a.permission_set = '{permissions.ADMIN}')
            AND NOT EXISTS (
                SELECT 1 FROM team_members o
                WHERE o.team_key = p.team_key AND o.user_key = :actor AND o.role = 'Owner'))
"""


def administers_all(db: Db, actor_key: str, user_key: str) -> bool:
    """Return whether the actor administers everything that the invited user may reach."""
    return db.row(_REACHES_NOTHING_OF_OTHERS, user=user_key, actor=actor_key) is not None


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
    user = users.by_email(db, email)
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
