"""The event stream: all events, for readers who follow it with a cursor and must not miss an event.

If transactions commit at the same time, an event can appear after an event with a higher number. So events are ordered
by their transaction first, and shown only when no older transaction is in progress. No event can appear before a
cursor.
"""

from __future__ import annotations

import re

import msgspec

from ...db.engine import Db
from ...errors import Invalid
from ..context import Ctx
from ..event_kinds import EVENT_KINDS, QUIET
from ..events import EVENTS, Event
from .visibility import Visibility

MOST_READ = 1000
"""Events that one page reads, including those that the actor may not see. This limits the work for a page."""
_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})", re.ASCII)


class Cursor(msgspec.Struct, frozen=True):
    """A place between events. As text it is opaque to callers."""

    txid: int
    id: int

    def __str__(self) -> str:
        return f"{self.txid}.{self.id}"


class EventPage(msgspec.Struct, frozen=True):
    events: list[tuple[Event, Cursor]]
    cursor: Cursor
    more: bool


def read_cursor(text: str, field: str) -> Cursor:
    """The cursor that `text` stands for. Raises Invalid for `field` if it is none."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise Invalid(field, "must be a cursor that this list returned")
    return Cursor(int(found[1]), int(found[2]))


def now(ctx: Ctx) -> Cursor:
    """The place after all events so far."""
    row = ctx.db.row(
        f"""
        SELECT txid, id FROM events WHERE txid < {ctx.db.dialect.oldest_transaction}
        ORDER BY txid DESC, id DESC LIMIT 1
        """
    )
    return Cursor(*row) if row else Cursor(0, 0)


_PAGE = f"""
    SELECT {EVENTS.columns}, txid FROM events WHERE {{behind}} AND txid < {{oldest}} ORDER BY txid, id LIMIT {MOST_READ}
"""


def page(ctx: Ctx, after: Cursor, *, limit: int, pipeline_key: str | None = None) -> EventPage:
    """The next events that the actor may see. The page may be empty although `more` is true."""
    after = confirmed(ctx, after)
    sql = _PAGE.format(behind=ctx.db.dialect.behind, oldest=ctx.db.dialect.oldest_transaction)
    rows = ctx.db.rows(sql, txid=after.txid, id=after.id)
    events = EVENTS.load_all(rows)
    may_see = Visibility(ctx, events)
    found: list[tuple[Event, Cursor]] = []
    for event, row in zip(events, rows, strict=True):
        after = Cursor(row[_TXID], event.id)
        wanted = (event.kind not in QUIET or EVENT_KINDS[event.kind].live) and pipeline_key in (
            None,
            event.pipeline_key,
        )
        if wanted and may_see(event):
            found.append((event, after))
            if len(found) == limit:
                return EventPage(found, after, True)
    return EventPage(found, after, len(rows) == MOST_READ)


_TXID = len(EVENTS.names)


def confirmed(ctx: Ctx, after: Cursor) -> Cursor:
    """The place of the cursor's event. Raises Invalid if there is no such event: then the reader knows events that this
    database does not have, and would miss others without noticing it."""
    if after.id == 0:
        return Cursor(0, 0)
    row = ctx.db.row("SELECT txid FROM events WHERE id = :id", id=after.id)
    if row is not None:
        return Cursor(row[0], after.id)
    newest = ctx.db.row("SELECT COALESCE(MAX(id), 0) FROM events")
    what = (
        "is ahead of the newest event"
        if newest and after.id > newest[0]
        else "names an event that the database does not have: it was set back to an earlier state, such as a backup"
    )
    raise Invalid("after", f"{what}. Read everything again, and continue with the cursor of after=now")


def placed(db: Db, after: Cursor) -> Cursor:
    """The cursor for this database server. After a move to another server, the numbers of transactions start again;
    then a cursor from before the move counts by its event number only."""
    if after.txid == 0:
        return after
    row = db.row(f"SELECT {db.dialect.next_transaction}")
    assert row is not None
    return after if after.txid < row[0] else Cursor(0, after.id)


def renumber(db: Db) -> int:
    """After such a move: put all events from before the move before all later ones. Returns how many there are."""
    return db.run(f"UPDATE events SET txid = 0 WHERE txid >= {db.dialect.next_transaction}")
