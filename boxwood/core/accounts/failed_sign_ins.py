"""Sign-ins that failed, for the audit log of the teams they concern. What was typed as a password is nowhere in it."""

from __future__ import annotations

import msgspec

from ...db.engine import Db
from ...errors import Invalid
from .. import events, persons
from ..context import Ctx
from ..people import users
from ..records import USERS, User

KIND = "user.sign_in_failed"


class SignInAttempt(msgspec.Struct, frozen=True):
    key: str | None
    """The user's, where there is one with this address."""
    email: str
    why: str
    browser: str
    address: str
    unsaid: int
    """So many before it, of the same address, have no entry of their own."""


def record(db: Db, attempt: SignInAttempt, now: int) -> None:
    """In every team of the user; of an address that is nobody's, where there is one team alone on this server."""
    user = users.by_email(db, attempt.email)
    if user:
        attempt = msgspec.structs.replace(attempt, key=user.key)
    else:
        attempt = msgspec.structs.replace(attempt, email=_readable(attempt.email))
    for team_key, actor in _concerned(db, user):
        more = f" (and {attempt.unsaid} times more before)" if attempt.unsaid else ""
        events.record(
            Ctx(db, now, actor), KIND, attempt, team_key=team_key, subject=attempt.email, what=attempt.why + more
        )


def _readable(email: str) -> str:
    """What is no address may be a password in the wrong place."""
    try:
        return persons.check_email(email)
    except Invalid:
        return "(no e-mail address)"


def _concerned(db: Db, user: User | None) -> list[tuple[str, User]]:
    """The teams; and beside each one who can stand for it."""
    if user:
        rows = db.rows("SELECT team_key FROM team_members WHERE user_key = :user ORDER BY team_key", user=user.key)
        return [(row[0], user) for row in rows]
    rows = db.rows(
        f"""
        SELECT m.team_key, {USERS.of("u")} FROM team_members m JOIN users u ON u.key = m.user_key
        WHERE m.role = 'Owner' AND (SELECT COUNT(*) FROM teams) = 1 ORDER BY u.key LIMIT 1
        """
    )
    return [(row[0], USERS.load(row[1:])) for row in rows]
