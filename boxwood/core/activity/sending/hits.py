"""Opens of letters and clicks on their links. A hit is stored as it comes, and gets its class some seconds later, when
everything that decides about it has happened.

Nothing of the request is stored but the time, the link, and which of a few kinds of program it named.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ....db.engine import Db
from ....lib.hit_classes import (
    AGAIN,
    AROUND_TRAP,
    CLICK,
    COUNTED,
    MACHINE,
    OPEN,
    SETTLED,
    Hit,
    class_of,
)
from ...context import Ctx
from . import letter_events, letters, tracked_links
from .tracked_links import TRACKED, TrackedLink

MOST_HITS = 5_000
"""Of a letter. Later ones are not stored, so that one link cannot fill the database."""
AT_ONCE = 50


class LetterHit(msgspec.Struct, frozen=True):
    """A hit as users see it."""

    kind: str
    at: int
    hit_class: str
    counted: bool
    target: str


class LetterSignals(msgspec.Struct, frozen=True):
    """What is known of a letter since it was sent."""

    opens: int = 0
    machine_opens: int = 0
    clicks: int = 0


NO_SIGNALS = LetterSignals()


# Arriving


def find(db: Db, token: str) -> TrackedLink | None:
    """The link, or the picture, with this token."""
    return tracked_links.find(db, token, *TRACKED)


def arrive(db: Db, link: TrackedLink, source: str, now: int) -> None:
    """Store a hit, unless the team turned tracking off since."""
    row = db.row(
        """
        SELECT s.team_key, (SELECT COUNT(*) FROM hits h WHERE h.letter_key = s.key)
        FROM sent_letters s WHERE s.key = :letter AND s.handed_at IS NOT NULL
        """,
        letter=link.letter_key,
    )
    if row is None or row[1] >= MOST_HITS or not tracked_links.settings_of(db, row[0]).mail_tracking:
        return
    db.run(
        """
        INSERT INTO hits (link_id, letter_key, kind, at, source, class, counted)
        VALUES (:link, :letter, :kind, :at, :source, NULL, FALSE)
        """,
        link=link.id,
        letter=link.letter_key,
        kind=link.kind,
        at=now,
        source=source,
    )


# Settling


def waiting(db: Db, now: int) -> list[str]:
    """The letters that have hits to settle."""
    rows = db.rows(
        "SELECT DISTINCT letter_key FROM hits WHERE class IS NULL AND at <= :until ORDER BY letter_key LIMIT :limit",
        until=now - SETTLED,
        limit=AT_ONCE,
    )
    return [key for (key,) in rows]


def settle(db: Db, letter_key: str, now: int) -> int:
    """Give the letter's hits their classes, count those of people, and record their events. Returns how many were
    settled."""
    letter = letter_events.load(db, letter_key, lock=True)
    row = db.row(
        "SELECT MIN(at), MAX(at) FROM hits WHERE letter_key = :letter AND class IS NULL AND at <= :until",
        letter=letter_key,
        until=now - SETTLED,
    )
    if row is None or row[0] is None:
        return 0
    rows = db.rows(
        """
        SELECT id, link_id, kind, at, source, class, counted FROM hits
        WHERE letter_key = :letter AND at BETWEEN :since AND :until ORDER BY at, id
        """,
        letter=letter_key,
        since=row[0] - max(AGAIN, AROUND_TRAP),
        until=row[1] + AROUND_TRAP,
    )
    around = [Hit(link, kind, at, source) for _, link, kind, at, source, _, _ in rows]
    last = {(link, found == MACHINE): at for _, link, _, at, _, found, counted in rows if found and counted}
    sent_at = letter.handed_at or letter.sent_at or 0
    counted_kinds: list[str] = []
    settled = 0
    for (number, link, kind, at, _, known, _), hit in zip(rows, around, strict=True):
        if known is not None or at > now - SETTLED:
            continue
        found = class_of(hit, around, sent_at)
        bucket = link, found == MACHINE
        is_new = found in (*COUNTED, MACHINE) and at - last.get(bucket, -AGAIN) >= AGAIN
        if is_new:
            last[bucket] = at
        if is_new and found in COUNTED:
            counted_kinds.append(kind)
        db.run(
            "UPDATE hits SET class = :class, counted = :counted WHERE id = :id",
            id=number,
            counted=is_new,
            **{"class": found},
        )
        settled += 1
    ctx = letter_events.context(db, letter, now)
    if counted_kinds:
        letter_events.count(ctx, letter)
    for kind in counted_kinds:
        letter_events.record(ctx, "message.opened" if kind == OPEN else "message.clicked", letter)
    return settled


# Reading


def signals(db: Db, letter_keys: Iterable[str]) -> dict[str, LetterSignals]:
    """The opens and clicks of these letters."""
    keys = list(letter_keys)
    rows = db.rows(
        f"""
        SELECT letter_key, kind, class, COUNT(*) FROM hits
        WHERE counted AND {db.dialect.among("letter_key", "keys")} GROUP BY letter_key, kind, class
        """,
        keys=db.texts(keys),
    )
    counts: dict[str, dict[str, int]] = {key: {} for key in keys}
    for key, kind, found, number in rows:
        name = "machine_opens" if found == MACHINE else "opens" if kind == OPEN else "clicks" if kind == CLICK else ""
        if name:
            counts[key][name] = counts[key].get(name, 0) + number
    return {key: LetterSignals(**found) if found else NO_SIGNALS for key, found in counts.items()}


def page(ctx: Ctx, letter_key: str, *, limit: int, offset: int) -> list[LetterHit]:
    """The hits of a letter that the actor sees, the newest first."""
    letter = letters.get(ctx, letter_key)
    rows = ctx.db.rows(
        """
        SELECT h.kind, h.at, h.class, h.counted, l.target FROM hits h JOIN tracked_links l ON l.id = h.link_id
        WHERE h.letter_key = :letter AND h.class IS NOT NULL ORDER BY h.at DESC, h.id DESC LIMIT :limit OFFSET :offset
        """,
        letter=letter.key,
        limit=limit,
        offset=offset,
    )
    shown = letter.key in letters.with_text(ctx, [letter])
    return [
        LetterHit(kind, at, found, bool(counted), target if shown else "") for kind, at, found, counted, target in rows
    ]
