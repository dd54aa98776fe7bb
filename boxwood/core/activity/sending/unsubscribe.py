"""How recipients of mailings and sequences unsubscribe: by a link, or by a button of their mail program (RFC 8058)."""

from __future__ import annotations

import msgspec

from ....db.engine import Db
from . import letter_events, suppressions, tracked_links
from .records import LetterRecord
from .tracked_links import UNSUBSCRIBE_PREFIX

LINK_TEXT = "Unsubscribe"
_STYLE = "margin-top:2em;font-size:12px;color:#666"


def url(db: Db, letter: LetterRecord) -> str:
    """The address at which the recipient unsubscribes. Empty for letters that a user wrote to one person, and as long
    as the server does not know its own address."""
    if letter.mailing_key is None and letter.run_key is None:
        return ""
    base = tracked_links.base_url(db, tracked_links.settings_of(db, letter.team_key))
    people = [person.email for person in letter.people]
    if not base or not people:
        return ""
    token = tracked_links.store(db, letter, tracked_links.UNSUBSCRIBE, 0, people[0])
    return f"{base}{UNSUBSCRIBE_PREFIX}{token}"


def headers(db: Db, letter: LetterRecord) -> dict[str, str]:
    """Headers that are added to the letter. Mail programs offer one click only for addresses with TLS."""
    address = url(db, letter)
    if not address:
        return {}
    found = {"List-Unsubscribe": f"<{address}>"}
    if address.startswith("https://"):
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def with_link(db: Db, letter: LetterRecord, html: str) -> str:
    """The HTML with a link at its end."""
    address = url(db, letter) if html else ""
    return (
        tracked_links.with_end(html, f'<p style="{_STYLE}"><a href="{address}">{LINK_TEXT}</a></p>')
        if address
        else html
    )


def with_line(db: Db, letter: LetterRecord, text: str) -> str:
    """The plain text with the address at its end."""
    address = url(db, letter)
    return f"{text.rstrip()}\n\n{LINK_TEXT}: {address}\n" if address else text


class Unsubscribing(msgspec.Struct, frozen=True):
    """Who unsubscribes from the mail of which team."""

    address: str
    team_name: str
    is_done: bool


def look(db: Db, token: str) -> Unsubscribing | None:
    """What the link with this token does; None if there is no such link."""
    link = tracked_links.find(db, token, tracked_links.UNSUBSCRIBE)
    if link is None:
        return None
    row = db.row(
        """
        SELECT t.name, EXISTS (
            SELECT 1 FROM suppressions p WHERE p.team_key = t.key AND p.address = :address AND p.reason = :reason)
        FROM sent_letters s JOIN teams t ON t.key = s.team_key WHERE s.key = :letter
        """,
        letter=link.letter_key,
        address=link.target.lower(),
        reason=suppressions.UNSUBSCRIBE,
    )
    return Unsubscribing(link.target, row[0], bool(row[1])) if row else None


def act(db: Db, token: str, now: int) -> Unsubscribing | None:
    """Unsubscribe the recipient of the link with this token; None if there is no such link. Again changes nothing."""
    link = tracked_links.find(db, token, tracked_links.UNSUBSCRIBE)
    if link is None:
        return None
    letter = letter_events.load(db, link.letter_key)
    ctx = letter_events.context(db, letter, now)
    suppressions.notice(ctx, letter.team_key, link.target, suppressions.UNSUBSCRIBE, letter.key)
    return look(db, token)
