"""The event stream: all events, for readers who follow it with a cursor and must not miss an event.

If transactions commit at the same time, an event can appear after an event with a higher number. So events are ordered
by their transaction first, and shown only when no older transaction is in progress. No event can appear before a
cursor.
"""

from __future__ import annotations

import re

import msgspec

from ...db.engine import Db, Row
from ...errors import Invalid
from .. import access
from ..access import About, Role
from ..context import Ctx
from ..event_kinds import EVENT_KINDS, QUIET
from ..events import EVENTS, Event
from ..people import contact_access
from ..people.contact_access import Rights
from ..records import TEAMS, PermissionSet

MOST_READ = 1000
"""Events that one page reads, including those that the actor may not see. This limits the work for a page."""
LISTS = ("contacts", "organizations")
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
    SELECT {EVENTS.of("e")}, e.txid, p.key IS NOT NULL AND p.trashed_at IS NULL, {access.ROLE}, p.permission_sets
    FROM (
        SELECT * FROM events WHERE {{behind}} AND txid < {{oldest}}
        ORDER BY txid, id LIMIT {MOST_READ}
    ) e LEFT JOIN pipelines p ON p.key = e.pipeline_key
    ORDER BY e.txid, e.id
"""


def page(ctx: Ctx, after: Cursor, *, limit: int, pipeline_key: str | None = None) -> EventPage:
    """The next events that the actor may see. The page may be empty although `more` is true."""
    after = confirmed(ctx, after)
    sql = _PAGE.format(behind=ctx.db.dialect.behind, oldest=ctx.db.dialect.oldest_transaction)
    rows = ctx.db.rows(sql, **ctx.who, txid=after.txid, id=after.id)
    may_see = _Visibility(ctx, rows)
    found: list[tuple[Event, Cursor]] = []
    for row in rows:
        after = Cursor(row[_TXID], row[0])
        event = EVENTS.load(row)
        wanted = (event.kind not in QUIET or EVENT_KINDS[event.kind].live) and pipeline_key in (
            None,
            event.pipeline_key,
        )
        if wanted and may_see(event, row):
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


_sets = msgspec.json.Decoder(dict[str, PermissionSet]).decode


class _Visibility:
    """Whether the actor may see the events of a page. Roles, boxes and rights are read for all events at once."""

    def __init__(self, ctx: Ctx, rows: list[Row]) -> None:
        self._ctx = ctx
        self._roles: dict[str, Role] = {}
        for row in rows:
            if row[-2] and row[_PIPELINE] not in self._roles:
                self._roles[row[_PIPELINE]] = access.role(row[-2], _sets(row[-1]))
        self._boxes = self._visible_boxes(rows)
        self._teams = self._team_rights({row[_TEAM] for row in rows if row[_TEAM] and not row[_PIPELINE]})

    def __call__(self, event: Event, row: Row) -> bool:
        if event.pipeline_key is None and event.team_key is None:
            return event.actor_key == self._ctx.actor.key and not self._ctx.within
        if event.pipeline_key is None:
            return self._in_team(event)
        role = self._roles.get(event.pipeline_key)
        if role is None:
            # After a pipeline is deleted, only the user who made the change sees the event.
            return not row[-3] and event.actor_key == self._ctx.actor.key and not self._ctx.within
        if event.box_key is None or role.sees_all_boxes():
            return True
        if event.box_key == event.subject_key:
            return access.allows(self._ctx, role, "BOX", "GET", msgspec.json.decode(event.record, type=About))
        return event.box_key in self._boxes

    def _visible_boxes(self, rows: list[Row]) -> set[str]:
        """The boxes of these events that the actor may see now, for pipelines where the actor sees only some boxes."""
        by_pipeline: dict[str, set[str]] = {}
        for row in rows:
            role = self._roles.get(row[_PIPELINE])
            if role and row[_BOX] and not role.sees_all_boxes():
                by_pipeline.setdefault(row[_PIPELINE], set()).add(row[_BOX])
        found: set[str] = set()
        for key, boxes in by_pipeline.items():
            test, given = access.visible(self._ctx.db.dialect, self._roles[key], self._ctx.actor.key)
            visible = self._ctx.db.rows(
                f"SELECT b.key FROM boxes b WHERE {self._ctx.db.dialect.among('b.key', 'boxes')} AND {test}",
                boxes=self._ctx.db.texts(boxes),
                **given,
            )
            found |= {row[0] for row in visible}
        return found

    def _team_rights(self, keys: set[str]) -> dict[str, dict[str, Rights]]:
        if not keys:
            return {}
        rows = self._ctx.db.rows(
            f"""
            SELECT {TEAMS.of("t")}, m.role FROM teams t {contact_access.MEMBER}
            WHERE {self._ctx.db.dialect.among("t.key", "teams")}
            """,
            teams=self._ctx.db.texts(keys),
            **self._ctx.who,
        )
        return {
            row[0]: {name: contact_access.rights(self._ctx, name, TEAMS.load(row), row[-1]) for name in LISTS}
            for row in rows
        }

    def _in_team(self, event: Event) -> bool:
        rights = self._teams.get(event.team_key or "")
        if rights is None:
            return False
        noun = f"{event.kind.partition('.')[0]}s"
        if noun not in LISTS:
            return True
        creator = msgspec.json.decode(event.record, type=About).creator_key
        return rights[noun].see == contact_access.ALL or (
            rights[noun].see == contact_access.OWN and creator == self._ctx.actor.key
        )


_PIPELINE, _BOX, _TEAM = (EVENTS.names.index(name) for name in ("pipeline_key", "box_key", "team_key"))
