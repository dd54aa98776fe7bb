"""Events of letters that no user causes: a letter was opened, a link in it was clicked, or it came back."""

from __future__ import annotations

from typing import Any

import msgspec

from ....db.engine import Db
from ... import boxes, events
from ...context import Ctx
from ...records import USERS
from .. import messages, threads
from ..messages import Message
from .records import LETTERS, LetterRecord, LetterUpdate


def load(db: Db, key: str, *, lock: bool = False) -> LetterRecord:
    """The letter with this key. Checks no permission."""
    row = db.row(f"SELECT {LETTERS.columns} FROM sent_letters WHERE key = :key{db.for_update if lock else ''}", key=key)
    assert row is not None
    return LETTERS.load(row)


def context(db: Db, letter: LetterRecord, now: int) -> Ctx:
    """The context of the letter's author, for what happens to the letter without a user."""
    row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=letter.creator_key)
    assert row is not None
    return Ctx(db, now, USERS.load(row), within=letter.team_key)


def record(ctx: Ctx, kind: str, letter: LetterRecord, *, email: str = "", reason: str = "", code: str = "") -> None:
    """Record an event of a letter, with its message and its box. Of a letter that is on no box, only the author learns
    that it came back."""
    subject = events.brief(letter.subject) or "(no subject)"
    found = messages.load(ctx, [letter.message_key]) if letter.message_key else []
    locked = boxes.lock(ctx, found[0].box_key) if found else None
    if locked is not None:
        thing: Message | LetterUpdate = msgspec.structs.replace(found[0], text="", html=None)
        place: dict[str, Any] = {"pipeline": locked[1], "box": locked[0], "people": [found[0].creator_key]}
    elif kind == "message.bounced":
        thing, place = _update(letter), {}
    else:
        return
    events.record(ctx, kind, thing, **place, subject=subject, email=email, reason=reason, code=code)


def _update(letter: LetterRecord) -> LetterUpdate:
    return LetterUpdate(
        letter.key,
        letter.creator_key,
        letter.mailbox_key,
        letter.box_key,
        letter.subject,
        [person.email for person in letter.people],
        letter.due_at,
        letter.state,
        letter.error,
    )


def count(ctx: Ctx, letter: LetterRecord) -> None:
    """Count the opens and clicks of the letter's box again."""
    found = messages.load(ctx, [letter.message_key]) if letter.message_key else []
    if found and (locked := boxes.lock(ctx, found[0].box_key)):
        boxes.save_activity(ctx, locked[0], touched=False, **threads.hit_totals(ctx, locked[0]))
