"""What begins with time: schedules, dates of boxes that are reached, and boxes that nobody touches.

A rule that goes by time has a time at which it is looked at next. Whoever moves that time begins its runs, in the same
transaction. What it looks at is what came between this look and the last, and a run has its cause once.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ..db.engine import Db
from ..errors import NotFound, Problem
from . import automations, fields, pipelines, runs, selections, triggers
from .automations import AUTOMATIONS, Automation
from .context import Ctx

LOOK_EVERY = 60_000
DAY = 86_400_000
MOST_BOXES = 5_000
"""Runs that one moment begins."""
_KEY = re.compile(r"[0-9]{1,9}", re.ASCII)


def due(db: Db, now: int) -> list[str]:
    """The keys of rules to be looked at now."""
    sql = "SELECT key FROM automations WHERE next_at <= :now AND enabled ORDER BY next_at LIMIT 100"
    return [row[0] for row in db.rows(sql, now=now)]


def look(db: Db, now: int, key: str) -> int:
    """Begin what has come since the last look; how many runs that was. Another who looks at once finds it done."""
    sql = f"SELECT {AUTOMATIONS.columns} FROM automations WHERE key = :key AND next_at <= :now AND enabled"
    row = db.row(f"{sql}{db.for_update}", key=key, now=now)
    if row is None:
        return 0
    automation = AUTOMATIONS.load(row)
    trigger = automation.definition.trigger
    if automation.trigger_type == "schedule":
        next_at = triggers.next_time(trigger["cron"], triggers.zone(trigger.get("timeZone")), now)
    else:
        next_at = now + LOOK_EVERY
    db.run(
        "UPDATE automations SET next_at = :next, looked_until = :now WHERE key = :key", next=next_at, now=now, key=key
    )
    owner = runs.user(db, automation.user_key)
    if owner is None:
        return 0
    ctx = Ctx(db, now, owner)
    try:
        return _LOOKS[automation.trigger_type](ctx, automation)
    except NotFound:
        return 0  # its pipeline is in the trash, or out of its owner's reach
    except Problem as problem:
        automations.pause(ctx, automation, f"its trigger cannot be asked any more: {problem}")
        return 0


def _begin(ctx: Ctx, automation: Automation, cause: str, box_key: str | None) -> int:
    trigger = {"type": automation.trigger_type}
    return runs.start(ctx, automation, cause, trigger=trigger, box_key=box_key) is not None


def _schedule(ctx: Ctx, automation: Automation) -> int:
    """A time that passed while nobody looked is made up for, once."""
    at = automation.next_at
    if not automation.definition.trigger.get("eachBox"):
        return _begin(ctx, automation, f"s:{at}", None)
    assert automation.pipeline_key is not None
    chosen = selections.Selection(ctx, automation.pipeline_key, tree=automation.definition.filter)
    count, cursor = 0, ""
    while count < MOST_BOXES:
        page = chosen.page(cursor, 500)
        count += sum(_begin(ctx, automation, f"s:{at}:{box.key}", box.key) for box in page.boxes)
        if page.cursor is None:
            break
        cursor = page.cursor
    return count


def _date(ctx: Ctx, automation: Automation) -> int:
    """Each date of a box once, however often it is looked at."""
    trigger = automation.definition.trigger
    pipeline = pipelines.get(ctx, automation.pipeline_key or "")
    field = fields.get(ctx, pipeline, trigger["field"])
    assert _KEY.fullmatch(field.key)
    # A day and more on each side, as a time of the day may lie before or after the value; which it is is told below.
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
    count = 0
    for key, held in rows:
        at = moment(trigger, int(held))
        if automation.looked_until < at <= ctx.now and count < MOST_BOXES:
            count += _begin(ctx, automation, f"d:{key}:{int(held)}", key)
    return count


_UNIT = {"minutes": 60_000, "hours": 3_600_000, "days": DAY}


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


def _untouched(ctx: Ctx, automation: Automation) -> int:
    """Whoever touches a box begins its time anew."""
    days = automation.definition.trigger["days"] * DAY
    rows = ctx.db.rows(
        """
        SELECT b.key, b.updated_at FROM boxes b
        WHERE b.pipeline_key = :pipeline AND b.updated_at > :after AND b.updated_at <= :until
        ORDER BY b.updated_at, b.key LIMIT :most
        """,
        pipeline=automation.pipeline_key,
        after=automation.looked_until - days if automation.looked_until else 0,
        until=ctx.now - days,
        most=MOST_BOXES,
    )
    return sum(_begin(ctx, automation, f"u:{key}:{touched}", key) for key, touched in rows)


_LOOKS = {"schedule": _schedule, "date.reached": _date, "box.untouched": _untouched}
