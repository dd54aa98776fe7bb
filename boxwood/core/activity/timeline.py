"""The timeline of a box: what people said, wrote, filed and did about it, in one order (spec 4.8).

Entries lie in the tables of their nouns. Each source is asked for the next few by an index of its own, and the
answers are merged: a page costs the same in a box with ten entries and in one with a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ...db.records import Table
from .. import boxes
from ..context import Ctx
from ..event_kinds import EVENT_KINDS
from ..events import EVENTS
from .comments import COMMENTS
from .files import FILES
from .meetings import CALL, MEETINGS, NOTES
from .messages import MESSAGES, Message
from .threads import THREADS

MOST_TEXT = 10_000
"""Of a message: the rest of its text, and its HTML, are read with the message itself."""
_MOVES = ("box.created", "box.moved", "box.moved_pipeline")
_MAIL = ("box.email_received",)  # the message is an entry itself
_TASKS = tuple(name for name, kind in EVENT_KINDS.items() if kind.scope == "TASK" and not kind.quiet)
_EDITS = tuple(
    name
    for name, kind in EVENT_KINDS.items()
    if name.startswith("box.") and name not in (*_MOVES, *_MAIL) and not kind.quiet
)


class Source(msgspec.Struct, frozen=True):
    """Where entries of one kind come from: rows of `table`, in the order of `at`, then of `key`."""

    table: Table[Any]
    at: str
    where: str
    key: str = "key"


def _among(column: str, words: Iterable[str]) -> str:
    return f"{column} IN ('" + "', '".join(words) + "')"


def _news(kinds: Iterable[str]) -> Source:
    return Source(EVENTS, "at", _among("kind", kinds), "id")


# By filter, in the order in which entries of one millisecond follow each other.
SOURCES: dict[str, tuple[Source, ...]] = {
    "NEWSFEED_BOX_CREATION_MOVE": (_news(_MOVES),),
    "NEWSFEED_BOX_EDIT": (_news(_EDITS),),
    "TASKS": (_news(_TASKS),),
    "COMMENTS": (Source(COMMENTS, "created_at", "1 = 1"),),
    "CALL_LOGS": (Source(MEETINGS, "start_at", f"type = '{CALL}' AND NOT is_draft"),),
    "MEETING_NOTES": (Source(MEETINGS, "start_at", f"type = '{NOTES}' AND NOT is_draft"),),
    "EMAILS": (
        Source(MESSAGES, "sent_at", "1 = 1"),
        Source(THREADS, "created_at", "email_count = 0"),  # known by its Gmail id alone
    ),
    "FILES": (Source(FILES, "created_at", "message_key IS NULL"),),  # others are shown with their message
    "HANGOUTS_CHAT": (),
}
_RANKED = [(kind, source) for kind, sources in SOURCES.items() for source in sources]
UNASKED = frozenset(SOURCES) - {"TASKS"}
"""What is shown where no filter says: as Streak has it, tasks have a place of their own."""


class TimelinePosition(msgspec.Struct, frozen=True):
    """Between two entries: `at` of the one before, the rank of its source, and its key there."""

    at: int
    rank: int
    key: str | int


class TimelineEntry(msgspec.Struct, frozen=True):
    kind: str
    """The filter that shows it."""
    thing: Any
    """A comment, meeting, message, thread or file, or the event."""
    place: TimelinePosition


def page(
    ctx: Ctx,
    box_key: str,
    *,
    kinds: Iterable[str],
    newest_first: bool,
    limit: int,
    start: int | None = None,
    behind: TimelinePosition | None = None,
) -> list[TimelineEntry]:
    """The entries behind a place, else from `start` on (milliseconds, itself included), in the order asked for."""
    box = boxes.get(ctx, box_key)
    wanted, found = frozenset(kinds), list[TimelineEntry]()
    for rank, (kind, source) in enumerate(_RANKED):
        if kind in wanted:
            where, params = _from(source, rank, newest_first, start, behind)
            found += [
                TimelineEntry(kind, _shortened(source.table.load(row)), TimelinePosition(row[-2], rank, row[-1]))
                for row in ctx.db.rows(_sql(source, where, newest_first), box=box.key, limit=limit, **params)
            ]
    # Sources came in the order of their ranks, and each in its own, which a stable sort keeps.
    if newest_first:
        found.sort(key=lambda entry: (-entry.place.at, -entry.place.rank))
    else:
        found.sort(key=lambda entry: (entry.place.at, entry.place.rank))
    return found[:limit]


def _sql(source: Source, where: str, newest_first: bool) -> str:
    order = "DESC" if newest_first else "ASC"
    return f"""
        SELECT {_columns(source.table)}, {source.at}, {source.key} FROM {source.table.name}
        WHERE box_key = :box AND {source.where} AND {where}
        ORDER BY {source.at} {order}, {source.key} {order} LIMIT :limit
    """


def _from(
    source: Source, rank: int, newest_first: bool, start: int | None, behind: TimelinePosition | None
) -> tuple[str, dict[str, Any]]:
    """The test for what comes next of a source, with its parameters."""
    sign = "<" if newest_first else ">"
    if behind is None:
        return ("1 = 1", {}) if start is None else (f"{source.at} {sign}= :start", {"start": start})
    if rank == behind.rank:
        return f"({source.at}, {source.key}) {sign} (:at, :key)", {"at": behind.at, "key": behind.key}
    later = rank < behind.rank if newest_first else rank > behind.rank
    return f"{source.at} {sign}{'=' if later else ''} :at", {"at": behind.at}


def _columns(table: Table[Any]) -> str:
    if table is not MESSAGES:
        return table.columns
    cut = {"text": f"substr(text, 1, {MOST_TEXT + 1}) AS text", "html": "NULL AS html"}
    return ", ".join(cut.get(name, name) for name in table.names)


def _shortened(thing: Any) -> Any:
    if not isinstance(thing, Message) or len(thing.text) <= MOST_TEXT:
        return thing
    return msgspec.structs.replace(thing, text=thing.text[:MOST_TEXT], truncated=True)


def fits(place: TimelinePosition) -> bool:
    """Whether it is a place at all: one that was made up names no source, or a key of another kind."""
    if not (0 <= place.rank < len(_RANKED)) or abs(place.at) > 2**53:
        return False
    if _RANKED[place.rank][1].key == "id":
        return isinstance(place.key, int) and abs(place.key) < 2**63
    return isinstance(place.key, str) and "\x00" not in place.key and len(place.key) < 100
