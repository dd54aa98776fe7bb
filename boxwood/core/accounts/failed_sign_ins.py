"""Failed sign-ins, for the audit log of the user's teams. The password that was typed is never stored."""

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
    """A sign-in that failed."""

    key: str | None
    """The user's key, if a user has this e-mail address."""
    email: str
    why: str
    browser: str
    address: str
    unsaid: int
    """How many earlier attempts with the same address were not recorded one by one."""


def record(db: Db, attempt: SignInAttempt, now: int) -> None:
    """Record the attempt in every team of the user.

    If no user has the address, it is recorded in the server's team, if there is only one team.
    """
    user = users.by_email(db, attempt.email)
    if user:
        attempt = msgspec.structs.replace(attempt, key=user.key)
    else:
        attempt = msgspec.structs.replace(attempt, email=_readable(attempt.email))
    for team_key, actor in _teams(db, user):
        more = f" (and {attempt.unsaid} times more before)" if attempt.unsaid else ""
        events.record(
            Ctx(db, now, actor), KIND, attempt, team_key=team_key, subject=attempt.email, what=attempt.why + more
        )


def _readable(email: str) -> str:
    """Return the address. If it is none, hide the text: it may be a password typed into the wrong field."""
    try:
        return persons.check_email(email)
    except Invalid:
        return "(no e-mail address)"


def _teams(db: Db, user: User | None) -> list[tuple[str, User]]:
    """Return the keys of the teams, each with a user who stands as the event's actor."""
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
