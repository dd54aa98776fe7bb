"""Calendar feeds: secret addresses at which calendar programs read a user's tasks and meetings.

A feed shows what its user may see at that moment. Its address holds a token of 32 random bytes, of which the digest is
stored. It works until the user deletes the feed or is locked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Invalid, NotFound
from ...lib import ids
from ...lib.durations import DAY
from .. import events, pipelines
from ..accounts import api_keys, locked_users, makers
from ..context import Ctx
from ..records import USERS
from ..views import listing
from .meetings import MEETINGS, Meeting
from .tasks import NOT_DONE, TASKS, Task

MINE, ALL = WHOSE = ("MINE", "ALL")
MOST_FEEDS = 20
MOST_ENTRIES = 2000
"""Of tasks and of meetings each."""
PAST, FUTURE = 90 * DAY, 730 * DAY
"""How far a feed reaches from the present."""


class Calendar(msgspec.Struct, frozen=True):
    """A calendar feed of a user."""

    key: str
    digest: str
    user_key: str
    name: str
    pipeline_key: str | None
    """Only of this pipeline; None for all pipelines of the user."""
    whose: str
    """MINE: tasks assigned to the user, and meetings that the user logged. ALL: of all users."""
    created_at: int
    maker: str | None = None
    """The API key that created it (see `accounts/makers`)."""


class ShownCalendar(msgspec.Struct, frozen=True):
    """A feed as events store it: without the digest of its token."""

    key: str
    name: str
    pipeline_key: str | None
    whose: str


class CalendarEntry(msgspec.Struct, frozen=True):
    """A task or meeting in a feed, with the names of its box and pipeline."""

    thing: Task | Meeting
    box_name: str
    pipeline_name: str


CALENDARS = Table("calendars", Calendar)


def list_own(ctx: Ctx, *, limit: int, offset: int) -> list[Calendar]:
    """The actor's feeds, the oldest first."""
    api_keys.require_self(ctx)
    rows = ctx.db.rows(
        f"""
        SELECT {CALENDARS.columns} FROM calendars WHERE user_key = :user
        ORDER BY created_at, key LIMIT :limit OFFSET :offset
        """,
        user=ctx.actor.key,
        limit=limit,
        offset=offset,
    )
    return CALENDARS.load_all(rows)


def get(ctx: Ctx, key: str) -> Calendar:
    """A feed of the actor. Raises `NotFound`."""
    row = ctx.db.row(
        f"SELECT {CALENDARS.columns} FROM calendars WHERE key = :key AND user_key = :user", key=key, user=ctx.actor.key
    )
    if row is None:
        raise NotFound(key)
    return CALENDARS.load(row)


def create(ctx: Ctx, given: dict[str, Any]) -> tuple[Calendar, str]:
    """Create a feed of the actor. Returns it and its token, which cannot be read later."""
    api_keys.require_self(ctx)
    api_keys.require_no_limits(ctx)
    pipeline_key = given.get("pipeline_key") or None
    if pipeline_key is not None:
        pipelines.reach(ctx, pipeline_key)
    if len(list_own(ctx, limit=MOST_FEEDS, offset=0)) >= MOST_FEEDS:
        raise Invalid("name", f"you have {MOST_FEEDS} calendar feeds already: delete one first")
    token = secrets.token_urlsafe(32)
    calendar = Calendar(
        key=ids.new("z", ctx.now),
        digest=_digest(token),
        user_key=ctx.actor.key,
        name=given.get("name") or "Boxwood",
        pipeline_key=pipeline_key,
        whose=given.get("whose") or MINE,
        created_at=ctx.now,
        maker=makers.maker_of(ctx),
    )
    CALENDARS.insert(ctx.db, calendar)
    _record_event(ctx, "calendar.created", calendar)
    return calendar, token


def delete(ctx: Ctx, key: str) -> None:
    """Delete a feed of the actor: its address answers 404 from now on."""
    api_keys.require_self(ctx)
    calendar = get(ctx, key)
    ctx.db.run("DELETE FROM calendars WHERE key = :key", key=key)
    _record_event(ctx, "calendar.deleted", calendar)


def _record_event(ctx: Ctx, kind: str, calendar: Calendar) -> None:
    shown = ShownCalendar(calendar.key, calendar.name, calendar.pipeline_key, calendar.whose)
    events.record(ctx, kind, shown, subject=calendar.name)


def accept(db: Db, token: str, key: str, now: int) -> Ctx:
    """A context that acts for the user of the feed. Raises `NotFound` for a wrong token, for a locked user, and if the
    API key that created the feed has limits now, because such a key may create none."""
    row = db.row(f"SELECT {CALENDARS.columns} FROM calendars WHERE key = :key", key=key)
    if row is None:
        raise NotFound(key)
    calendar = CALENDARS.load(row)
    user = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=calendar.user_key)
    if user is None or not hmac.compare_digest(_digest(token), calendar.digest):
        raise NotFound(key)
    if locked_users.is_locked(db, calendar.user_key) or makers.is_limited(db, calendar.maker):
        raise NotFound(key)
    return Ctx(db, now, USERS.load(user))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def entries(ctx: Ctx, calendar: Calendar) -> list[CalendarEntry]:
    """The open tasks with a date and the meetings of the feed that its user may see, without drafts."""
    try:
        seen, params = listing.visible(ctx, calendar.pipeline_key)
    except NotFound:  # the user lost access to the pipeline
        return []
    params |= {"since": ctx.now - PAST, "until": ctx.now + FUTURE, "me": ctx.actor.key}
    mine = calendar.whose == MINE
    assigned = """AND EXISTS (SELECT 1 FROM task_assignees a WHERE a.task_key = t.key AND a.user_key = :me)"""
    tasks = _read(
        ctx,
        TASKS,
        f"t.due_at BETWEEN :since AND :until AND t.status = '{NOT_DONE}' {assigned if mine else ''}",
        "t.due_at",
        seen,
        params,
    )
    logged = "AND t.creator_key = :me" if mine else ""
    times = f"t.start_at BETWEEN :since AND :until {logged}"
    return tasks + _read(ctx, MEETINGS, times, "t.start_at", seen, params)


def _read(
    ctx: Ctx, table: Table[Any], where: str, order: str, seen: str, params: dict[str, Any]
) -> list[CalendarEntry]:
    """The last entries by time, in the order of time."""
    sql = f"""
        SELECT {table.of("t")}, b.name, p.name FROM {table.name} t
        JOIN boxes b ON b.key = t.box_key JOIN pipelines p ON p.key = b.pipeline_key
        WHERE {where} AND NOT t.is_draft AND {seen} ORDER BY {order} DESC, t.key DESC LIMIT {MOST_ENTRIES}
    """
    used = {name: value for name, value in params.items() if f":{name}" in sql}
    rows = ctx.db.rows(sql, **used)
    return [CalendarEntry(table.load(row[:-2]), row[-2], row[-1]) for row in reversed(rows)]
