"""The addresses in letters that lead to this server: the picture that counts opens, links, and unsubscribing.

An address names a row by its number, with a signature. The row says which letter it belongs to and where it leads, so
an address leads nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

import msgspec

from ....db.engine import Db
from ....lib.hit_classes import CLICK, OPEN, TRAP
from ... import mail_settings
from ...records import TeamSettings
from .records import LetterRecord

UNSUBSCRIBE = "unsubscribe"
TRACK_PREFIX, UNSUBSCRIBE_PREFIX, PICTURE_END = "/t/", "/u/", ".gif"
TRACKED = (OPEN, CLICK, TRAP)
_END = re.compile(r"</body\s*>", re.I)
_TOKEN = re.compile(r"([0-9a-z]{1,13})-([A-Za-z0-9_-]{22})", re.ASCII)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MOST_ID = 2**63 - 1


class TrackedLink(msgspec.Struct, frozen=True):
    id: int
    letter_key: str
    kind: str
    """OPEN, CLICK, TRAP or UNSUBSCRIBE."""
    position: int
    target: str
    """Where a link leads, or the recipient who unsubscribes."""


def settings_of(db: Db, team_key: str) -> TeamSettings:
    row = db.row("SELECT settings FROM teams WHERE key = :key", key=team_key)
    return msgspec.json.decode(row[0], type=TeamSettings) if row else TeamSettings()


def base_url(db: Db, settings: TeamSettings) -> str:
    """The server's address for recipients; empty if the server does not know it. Then nothing is tracked."""
    return f"https://{settings.tracking_host}" if settings.tracking_host else mail_settings.public_url(db)


def store(db: Db, letter: LetterRecord, kind: str, position: int, target: str) -> str:
    """Store a link of the letter. Returns its token. The same link gets the same token again."""
    row = db.row(
        """
        INSERT INTO tracked_links (letter_key, kind, position, target) VALUES (:letter, :kind, :position, :target)
        ON CONFLICT (letter_key, kind, position) DO UPDATE SET target = excluded.target RETURNING id
        """,
        letter=letter.key,
        kind=kind,
        position=position,
        target=target,
    )
    assert row is not None
    return _token(db, row[0], letter.key, kind)


def find(db: Db, token: str, *kinds: str) -> TrackedLink | None:
    """The link with this token, if it is of one of these kinds."""
    parts = _TOKEN.fullmatch(token)
    if parts is None or (number := int(parts[1], 36)) > _MOST_ID:
        return None
    row = db.row("SELECT id, letter_key, kind, position, target FROM tracked_links WHERE id = :id", id=number)
    if row is None:
        return None
    link = TrackedLink(*row)
    is_signed = hmac.compare_digest(_token(db, link.id, link.letter_key, link.kind), token)
    return link if is_signed and link.kind in kinds else None


def _token(db: Db, number: int, letter_key: str, kind: str) -> str:
    row = db.row("SELECT value FROM secrets WHERE name = 'links'")
    assert row is not None
    signed = f"mail:{kind}:{number}:{letter_key}".encode()
    tag = hmac.digest(bytes.fromhex(row[0]), signed, hashlib.sha256)[:16]
    return f"{_base36(number)}-{base64.urlsafe_b64encode(tag).decode().rstrip('=')}"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def with_end(html: str, added: str) -> str:
    """The page with this at the end of its body."""
    ends = list(_END.finditer(html))
    at = ends[-1].start() if ends else len(html)
    return html[:at] + added + html[at:]
