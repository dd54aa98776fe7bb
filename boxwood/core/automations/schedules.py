"""What begins with time: schedules, dates of boxes that are reached, and boxes that nobody touches.

A rule that goes by time has a time at which it is looked at next. What a look finds is what came between it and the
last, read beside the writers; it is begun a slice at a time, and then the next look is set. Should two look at once, or
one die in the middle, nothing is begun twice, as a run has its cause once.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ...db.engine import Db
from ...errors import NotFound, Problem
from ...lib.durations import DAY, HOUR, MINUTE
from .. import pipelines
from ..context import Ctx
from ..pipelines import schema
from ..views import selections
from . import automations, runs, triggers
from .automations import Automation

LOOK_EVERY = MINUTE
MOST_BOXES = 5_000
"""Runs that one moment begins."""
_KEY = re.compile(r"[0-9]{1,9}", re.ASCII)


def due(db: Db, now: int) -> list[str]:
    """The keys of rules to be looked at now."""
    sql = "SELECT key FROM automations WHERE next_at <= :now AND enabled ORDER BY next_at LIMIT 100"
    return [row[0] for row in db.rows(sql, now=now)]


class Look(NamedTuple):
    """What a look at a rule found: causes and boxes, and when it is looked at next."""

    automation: Automation
    found: list[tuple[str, str | None]]
    next_at: int
    off: str = ""
    """Why it cannot be looked at any more."""


def look(db: Db, now: int, key: str) -> Look | None:
    """What has come since the last look. A read, which may take its time over many boxes."""
    automation = automations.load(db, key)
    if automation is None or not automation.enabled or automation.next_at is None or automation.next_at > now:
        return None
    trigger = automation.definition.trigger
    if automation.trigger_type == "schedule":
        next_at = triggers.next_time(trigger["cron"], triggers.zone(trigger.get("timeZone")), now)
    else:
        next_at = now + LOOK_EVERY
    owner = runs.user(db, automation.user_key)
    if owner is None:
        return Look(automation, [], next_at)
    try:
        return Look(automation, _LOOKS[automation.trigger_type](Ctx(db, now, owner), automation), next_at)
    except NotFound:
        return Look(automation, [], next_at)  # its pipeline is in the trash, or out of its owner's reach
    except Problem as problem:
        return Look(automation, [], next_at, f"its trigger cannot be asked any more: {problem}")


def begin(db: Db, now: int, looked: Look, found: list[tuple[str, str | None]]) -> int:
    """Begin some of what was found; what another has begun meanwhile is not begun again."""
    owner = runs.user(db, looked.automation.user_key)
    assert owner is not None
    ctx, trigger = Ctx(db, now, owner), {"type": looked.automation.trigger_type}
    return sum(
        runs.start(ctx, looked.automation, cause, trigger=trigger, box_key=box_key) is not None
        for cause, box_key in found
    )


def move_on(db: Db, now: int, looked: Look) -> None:
    """All is begun: the next look is later, unless the rule was changed meanwhile."""
    automation = looked.automation
    moved = db.run(
        """
        UPDATE automations SET next_at = :next, looked_until = :now
        WHERE key = :key AND next_at = :seen AND version = :version
        """,
        next=looked.next_at,
        now=now,
        key=automation.key,
        seen=automation.next_at,
        version=automation.version,
    )
    owner = runs.user(db, automation.user_key)
    if looked.off and moved and owner is not None:
        automations.pause(Ctx(db, now, owner), automation, looked.off)


def _schedule(ctx: Ctx, automation: Automation) -> list[tuple[str, str | None]]:
    """A time that passed while nobody looked is made up for, once."""
    at = automation.next_at
    if not automation.definition.trigger.get("eachBox"):
        return [(f"s:{at}", None)]
    assert automation.pipeline_key is not None
    chosen = selections.Selection(ctx, automation.pipeline_key, tree=automation.definition.filter)
    found: list[tuple[str, str | None]] = []
    cursor = ""
    while len(found) < MOST_BOXES:
        page = chosen.page(cursor, 500)
        found += [(f"s:{at}:{box.key}", box.key) for box in page.boxes]
        if page.cursor is None:
            break
        cursor = page.cursor
    return found


def _date(ctx: Ctx, automation: Automation) -> list[tuple[str, str | None]]:
    """Each date of a box once, however often it is looked at."""
    trigger = automation.definition.trigger
    pipeline = pipelines.get(ctx, automation.pipeline_key or "")
    field = schema.field(ctx, pipeline, trigger["field"])
    assert _KEY.fullmatch(field.key)
    # Two days on each side, as a time of the day may lie before or after the value; which it is is told below.
    offset = trigger.get("amount", 0) * _UNIT[trigger.get("unit", "days")]
    value = ctx.db.dialect.field_number("b.fields", field.key)
    rows = ctx.db.rows(
        f"""
        SELECT b.key, {value} FROM boxes b
        WHERE b.pipeline_key = :pipeline AND {value} > :after AND {value} <= :until ORDER BY {value}, b.key
        """,
        pipeline=pipeline.key,
        after=automation.looked_until - offset - 2 * DAY,
        until=ctx.now - offset + 2 * DAY,
    )
    since = automation.looked_until
    found = [(f"d:{key}:{int(held)}", key) for key, held in rows if since < moment(trigger, int(held)) <= ctx.now]
    return found[:MOST_BOXES]


_UNIT = {"minutes": MINUTE, "hours": HOUR, "days": DAY}


def moment(trigger: dict[str, Any], value: int) -> int:
    """When a date that is `value` begins a run. Days and a time of the day are counted in the trigger's zone; the
    day of a date is the one it has in UTC, where dates without a time are kept at midnight."""
    amount, unit = trigger.get("amount", 0), trigger.get("unit", "days")
    if not trigger.get("time"):
        return int(value + amount * _UNIT[unit])
    day = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=value)
    hour, minute = map(int, trigger["time"].split(":"))
    place = triggers.zone(trigger.get("timeZone"))
    if unit == "days":
        day, amount = day + timedelta(days=amount), 0
    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=place)
    return int(at.timestamp() * 1000 + amount * _UNIT[unit])


def _untouched(ctx: Ctx, automation: Automation) -> list[tuple[str, str | None]]:
    """Whoever touches a box begins its time anew."""
    days = automation.definition.trigger["days"] * DAY
    pipeline = pipelines.get(ctx, automation.pipeline_key or "")
    rows = ctx.db.rows(
        """
        SELECT b.key, b.updated_at FROM boxes b
        WHERE b.pipeline_key = :pipeline AND b.updated_at > :after AND b.updated_at <= :until
        ORDER BY b.updated_at, b.key LIMIT :most
        """,
        pipeline=pipeline.key,
        after=automation.looked_until - days if automation.looked_until else 0,
        until=ctx.now - days,
        most=MOST_BOXES,
    )
    return [(f"u:{key}:{touched}", key) for key, touched in rows]


_LOOKS = {"schedule": _schedule, "date.reached": _date, "box.untouched": _untouched}
