"""Headers by which recipients of mailings and sequences unsubscribe."""

from __future__ import annotations

from ....db.engine import Db
from .records import LetterRecord


def headers(db: Db, letter: LetterRecord) -> dict[str, str]:
    """Headers that are added to the letter."""
    return {}
