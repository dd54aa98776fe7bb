"""What becomes of the HTML of a letter whose sender wants to know of opens and clicks."""

from __future__ import annotations

from ....db.engine import Db
from .records import LetterRecord


def prepared(db: Db, letter: LetterRecord, html: str) -> str:
    """The HTML as it is sent."""
    return html


def without_ours(db: Db, html: str) -> str:
    """The HTML of a mail without our own pictures that count, and with the links that we replaced."""
    return html
