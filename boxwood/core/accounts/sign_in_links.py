"""Links that sign a person in once: the first owner's, an invitation's, and one for a forgotten password.

Their token stands behind `#`, which browsers send to nobody, so it is in no log; it is stored as a digest.
"""

from __future__ import annotations

import hashlib
import secrets

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Invalid
from ...lib.durations import DAY, HOUR, MINUTE
from .. import events, mail_settings, outgoing_mail, persons
from ..context import Ctx
from ..people import users
from ..records import USERS, User
from . import locked_users, passwords

LASTS = {"welcome": 7 * DAY, "invitation": 14 * DAY, "reset": HOUR}


class SignInLink(msgspec.Struct, frozen=True):
    digest: str
    kind: str
    user_key: str
    created_at: int
    ends_at: int
    invitation_key: str | None = None


LINKS = Table("sign_in_links", SignInLink)


def make(db: Db, user: User, kind: str, now: int, invitation_key: str | None = None) -> str:
    """The path to open, such as `/welcome#…`. Earlier links of this kind (to the same invitation) are worth nothing
    any more."""
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


def look(db: Db, token: str, now: int) -> tuple[SignInLink, User]:
    """Whose link it is; nothing is used up."""
    row = db.row(
        f"""
        SELECT {LINKS.of("l")}, {USERS.of("u")} FROM sign_in_links l JOIN users u ON u.key = l.user_key
        WHERE l.digest = :digest AND l.ends_at > :now
        """,
        digest=_digest(token),
        now=now,
    )
    if row is None:
        raise Invalid("token", "this link was used already, or its time is over: ask for another")
    return LINKS.load(row), USERS.load(row[len(LINKS.names) :])


def needs_password(db: Db, link: SignInLink) -> bool:
    """Whether it can be used only together with a new password."""
    return link.kind == "reset" or passwords.of(db, link.user_key) is None


def mail_reset(db: Db, email: str, now: int) -> None:
    """A link for a forgotten password, to whoever has the address; to nobody where it is nobody's. A second one within
    a minute is not sent."""
    settings = mail_settings.find(db)
    if not settings.smtp_url:
        raise Conflict("No mail can be sent from here: ask for a link (`boxwood user link`)")
    user = users.by_email(db, email.strip().lower())
    since = now - MINUTE
    recent = "SELECT 1 FROM sign_in_links WHERE user_key = :user AND kind = 'reset' AND created_at > :since"
    if user is None or locked_users.is_locked(db, user.key) or db.row(recent, user=user.key, since=since):
        return
    ctx = Ctx(db, now, user)
    link = settings.base_url + make(db, user, "reset", now)
    text = (
        f"Hello {user.full_name},\n\nsomeone, probably you, asked for another password in Boxwood. Open this link to "
        f"choose one:\n\n{link}\n\nIt is good for an hour and for one use. If it was not you, leave it alone: your "
        "password stays as it is.\n"
    )
    outgoing_mail.post(ctx, [user.email], "Another password", text, about="reset", ends_at=now + LASTS["reset"])
    events.record(ctx, "user.reset_asked", persons.of(user))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
