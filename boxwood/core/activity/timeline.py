"""The timeline of a box: comments, e-mails, meetings, files and changes in one order (spec 4.8).

Entries are stored in the tables of their nouns. The next entries of each source are read by an index, and then merged.
So a page takes as long for a box with ten entries as for a box with a hundred thousand.
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
from . import attached
from .comments import COMMENTS
from .files import FILES
from .mail import sharing
from .meetings import CALL, MEETINGS, NOTES
from .messages import MESSAGES, Message
from .threads import THREADS

MOST_TEXT = 10_000
"""Characters of a message's text in the timeline. The whole text and the HTML are read with the message."""
_MOVES = ("box.created", "box.moved", "box.moved_pipeline")
_MAIL = ("box.email_received",)  # not shown, because the message itself is an entry
_TASKS = tuple(name for name, kind in EVENT_KINDS.items() if kind.scope == "TASK" and not kind.quiet)
_EDITS = tuple(
    name
    for name, kind in EVENT_KINDS.items()
    if name.startswith("box.") and name not in (*_MOVES, *_MAIL) and not kind.quiet
)


class Source(msgspec.Struct, frozen=True):
    """Where entries come from: the rows of `table` that fit `where`, in the order of the columns `at` and `key`."""

    table: Table[Any]
    at: str
    where: str
    key: str = "key"


def _among(column: str, words: Iterable[str]) -> str:
    return f"{column} IN ('" + "', '".join(words) + "')"


def _events(kinds: Iterable[str]) -> Source:
    return Source(EVENTS, "at", _among("kind", kinds), "id")


# By filter. Entries of the same millisecond follow in this order.
SOURCES: dict[str, tuple[Source, ...]] = {
    "NEWSFEED_BOX_CREATION_MOVE": (_events(_MOVES),),
    "NEWSFEED_BOX_EDIT": (_events(_EDITS),),
    "TASKS": (_events(_TASKS),),
    "COMMENTS": (Source(COMMENTS, "created_at", "1 = 1"),),
    "CALL_LOGS": (Source(MEETINGS, "start_at", f"type = '{CALL}' AND NOT is_draft"),),
    "MEETING_NOTES": (Source(MEETINGS, "start_at", f"type = '{NOTES}' AND NOT is_draft"),),
    "EMAILS": (
        Source(MESSAGES, "sent_at", "1 = 1"),
        Source(THREADS, "created_at", "email_count = 0"),  # threads of which only the Gmail id is known
    ),
    "FILES": (Source(FILES, "created_at", "message_key IS NULL"),),  # other files are shown with their message
    "HANGOUTS_CHAT": (),
}
_SCOPES = {
    "NEWSFEED_BOX_CREATION_MOVE": "boxes",
    "NEWSFEED_BOX_EDIT": "boxes",
    "TASKS": "tasks",
    "COMMENTS": "comments",
    "CALL_LOGS": "meetings",
    "MEETING_NOTES": "meetings",
    "EMAILS": "mail",
    "FILES": "files",
}
"""The noun of scopes that an API key must be allowed to read, by filter."""
_RANKED = [(kind, source) for kind, sources in SOURCES.items() for source in sources]
DEFAULT_FILTERS = frozenset(SOURCES) - {"TASKS"}
"""The filters of a request that names none. As in Streak, tasks are not among them."""


class TimelinePosition(msgspec.Struct, frozen=True):
    """The place after an entry: the entry's time, the rank of its source, and its key there."""

    at: int
    rank: int
    key: str | int


class TimelineEntry(msgspec.Struct, frozen=True):
    kind: str
    """The filter that shows the entry."""
    thing: Any
    """The comment, meeting, message, thread, file or event."""
    place: TimelinePosition


def page(
    ctx: Ctx,
    box_key: str,
    *,
    kinds: Iterable[str],
    newest_first: bool,
    limit: int,
    start: int | None = None,
    after: TimelinePosition | None = None,
) -> list[TimelineEntry]:
    """At most `limit` entries of a box: those after the place `after`, or else those from `start` on (milliseconds
    since the epoch, included)."""
    box = boxes.get(ctx, box_key)
    wanted, found = frozenset(kinds), list[TimelineEntry]()
    for rank, (kind, source) in enumerate(_RANKED):
        if kind in wanted and ctx.sees(_SCOPES[kind]):
            where, params = _from(source, rank, newest_first, start, after)
            test, given = attached.sees(ctx, source.table.name)
            sql = _sql(source, f"{where} AND {test}", newest_first)
            rows = ctx.db.rows(sql, box=box.key, limit=limit, **params, **given)
            found += [
                TimelineEntry(kind, thing, TimelinePosition(row[-2], rank, row[-1]))
                for row, thing in zip(rows, _things(ctx, source, rows), strict=True)
            ]
    # Entries were read in the order of ranks, and within a source in its order. A stable sort keeps both.
    if newest_first:
        found.sort(key=lambda entry: (-entry.place.at, -entry.place.rank))
    else:
        found.sort(key=lambda entry: (entry.place.at, entry.place.rank))
    return found[:limit]


def _things(ctx: Ctx, source: Source, rows: list[Any]) -> list[Any]:
    """The things of these rows, without what the actor may not see of restricted mail."""
    things = [_shortened(source.table.load(row)) for row in rows]
    if source.table is MESSAGES:
        return sharing.reduced_messages(ctx, things)
    return sharing.reduced_threads(ctx, things) if source.table is THREADS else things


def _sql(source: Source, where: str, newest_first: bool) -> str:
    order = "DESC" if newest_first else "ASC"
    return f"""
        SELECT {_columns(source.table)}, {source.at}, {source.key} FROM {source.table.name}
        WHERE box_key = :box AND {source.where} AND {where}
        ORDER BY {source.at} {order}, {source.key} {order} LIMIT :limit
    """


def _from(
    source: Source, rank: int, newest_first: bool, start: int | None, after: TimelinePosition | None
) -> tuple[str, dict[str, Any]]:
    """The SQL condition for the next entries of a source, with its parameters."""
    sign = "<" if newest_first else ">"
    if after is None:
        return ("1 = 1", {}) if start is None else (f"{source.at} {sign}= :start", {"start": start})
    if rank == after.rank:
        return f"({source.at}, {source.key}) {sign} (:at, :key)", {"at": after.at, "key": after.key}
    later = rank < after.rank if newest_first else rank > after.rank
    return f"{source.at} {sign}{'=' if later else ''} :at", {"at": after.at}


def _columns(table: Table[Any]) -> str:
    if table is not MESSAGES:
        return table.columns
    cut = {"text": f"substr(text, 1, {MOST_TEXT + 1}) AS text", "html": "NULL AS html"}
    return ", ".join(cut.get(name, name) for name in table.names)


def _shortened(thing: Any) -> Any:
    if not isinstance(thing, Message) or len(thing.text) <= MOST_TEXT:
        return thing
    return msgspec.structs.replace(thing, text=thing.text[:MOST_TEXT], truncated=True)


def is_valid(place: TimelinePosition) -> bool:
    """Whether a place from a cursor is possible: its source exists and its key has the type of this source's keys."""
    if not (0 <= place.rank < len(_RANKED)) or abs(place.at) > 2**53:
        return False
    if _RANKED[place.rank][1].key == "id":
        return isinstance(place.key, int) and abs(place.key) < 2**63
    return isinstance(place.key, str) and "\x00" not in place.key and len(place.key) < 100
