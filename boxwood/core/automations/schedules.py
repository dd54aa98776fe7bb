"""Triggers that depend on time: schedules, dates of boxes that are reached, and boxes that were not changed for days.

An automation with such a trigger has a time of its next check (`next_at`). A check reads what came due since the last
check, without blocking writers. Its runs are started a slice at a time; then the time of the next check is set. If two
workers check at once, or one dies halfway, no run starts twice, because each cause starts at most one run.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, NamedTuple

from ...db.engine import Db
from ...errors import NotFound, Problem
from ...lib import dates
from ...lib.durations import DAY, HOUR, MINUTE
from .. import access, pipelines
from ..context import Ctx
from ..pipelines import schema
from ..views import selections
from . import automations, runs, triggers
from .automations import Automation

CHECK_EVERY = MINUTE
MOST_BOXES = 5_000
"""Runs that one check starts."""
_KEY = re.compile(r"[0-9]{1,9}", re.ASCII)


def due(db: Db, now: int) -> list[str]:
    """The keys of automations whose check is due."""
    sql = "SELECT key FROM automations WHERE next_at <= :now AND enabled ORDER BY next_at LIMIT 100"
    return [row[0] for row in db.rows(sql, now=now)]


class ScheduleCheck(NamedTuple):
    """The result of a check: the runs to start (cause and box of each), and the time of the next check."""

    automation: Automation
    found: list[tuple[str, str | None]]
    next_at: int
    off: str = ""
    """Why the trigger cannot be checked any longer; empty if it can."""


def check(db: Db, now: int, key: str) -> ScheduleCheck | None:
    """What came due since the last check; None if no check is due. A read, which may take long over many boxes."""
    automation = automations.load(db, key)
    if automation is None or not automation.enabled or automation.next_at is None or automation.next_at > now:
        return None
    trigger = automation.definition.trigger
    if automation.trigger_type == "schedule":
        next_at = triggers.next_time(trigger["cron"], triggers.zone(trigger.get("timeZone")), now)
    else:
        next_at = now + CHECK_EVERY
    owner = runs.user(db, automation.user_key)
    if owner is None:
        return ScheduleCheck(automation, [], next_at)
    try:
        return ScheduleCheck(automation, _CHECKS[automation.trigger_type](Ctx(db, now, owner), automation), next_at)
    except NotFound:
        return ScheduleCheck(automation, [], next_at)  # the pipeline is in the trash, or its owner has no access
    except Problem as problem:
        return ScheduleCheck(automation, [], next_at, f"the trigger cannot be checked any longer: {problem}")


def start_runs(db: Db, now: int, checked: ScheduleCheck, found: list[tuple[str, str | None]]) -> int:
    """Start these runs of a check; returns how many. A run that another worker has already started is skipped."""
    owner = runs.user(db, checked.automation.user_key)
    assert owner is not None
    ctx, trigger = Ctx(db, now, owner), {"type": checked.automation.trigger_type}
    return sum(
        runs.start(ctx, checked.automation, cause, trigger=trigger, box_key=box_key) is not None
        for cause, box_key in found
    )


def set_next_check(db: Db, now: int, checked: ScheduleCheck) -> None:
    """After all runs of a check are started: set the time of the next check, unless the automation has changed."""
    automation = checked.automation
    moved = db.run(
        """
        UPDATE automations SET next_at = :next, looked_until = :now
        WHERE key = :key AND next_at = :seen AND version = :version
        """,
        next=checked.next_at,
        now=now,
        key=automation.key,
        seen=automation.next_at,
        version=automation.version,
    )
    owner = runs.user(db, automation.user_key)
    if checked.off and moved and owner is not None:
        automations.pause(Ctx(db, now, owner), automation, checked.off)


def _schedule(ctx: Ctx, automation: Automation) -> list[tuple[str, str | None]]:
    """The time of a schedule. Of several times that passed while the server was down, only one starts runs."""
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
    """Boxes whose date was reached since the last check. Each value of a date starts one run."""
    trigger = automation.definition.trigger
    pipeline = pipelines.get(ctx, automation.pipeline_key or "")
    field = schema.field(ctx, pipeline, trigger["field"])
    assert _KEY.fullmatch(field.key)
    # Read two days more on each side, because a time of day may lie before or after the value. `moment` decides below.
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
    found = [(f"d:{key}:{int(value)}", key) for key, value in rows if since < moment(trigger, int(value)) <= ctx.now]
    return found[:MOST_BOXES]


_UNIT = {"minutes": MINUTE, "hours": HOUR, "days": DAY}


def moment(trigger: dict[str, Any], value: int) -> int:
    """When a date with this value starts a run; both are milliseconds since the epoch. Days and the time of day are
    counted in the trigger's time zone. A day begins there at midnight; a moment is in the day that it has there."""
    amount, unit = trigger.get("amount", 0), trigger.get("unit", "days")
    at = dates.to_datetime(value, triggers.zone(trigger.get("timeZone")))
    if trigger.get("time"):
        hour, minute = map(int, trigger["time"].split(":"))
        at = at.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    try:
        if unit == "days":
            at, amount = at + timedelta(days=amount), 0
        return round(at.timestamp() * 1000) + int(amount * _UNIT[unit])
    except OverflowError:  # before the year 1 or after 9999: never
        return dates.LAST + 1


def _untouched(ctx: Ctx, automation: Automation) -> list[tuple[str, str | None]]:
    """Boxes that were not changed for the given days. Each change of a box starts the count again."""
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
    return [(f"u:{key}:{updated_at}", key) for key, updated_at in rows]


def _unanswered(ctx: Ctx, automation: Automation) -> list[tuple[str, str | None]]:
    """Boxes with a conversation whose last message has waited for an answer for the given time. Each such message
    starts one run. Mail that programs sent, restricted conversations and mail of a backfill do not count."""
    trigger = automation.definition.trigger
    waited = trigger["amount"] * _UNIT[trigger.get("unit", "days")]
    pipeline = pipelines.get(ctx, automation.pipeline_key or "")
    rows = ctx.db.rows(
        f"""
        SELECT m.box_key, m.key FROM messages m JOIN mails l ON l.key = m.mail_key
        WHERE m.pipeline_key = :pipeline AND m.sent_at > :after AND m.sent_at <= :until
            AND m.sent = :sent AND NOT l.automatic AND NOT m.is_old AND {access.sees_mail("m.thread_key")}
            AND NOT EXISTS (
                SELECT 1 FROM messages n WHERE n.thread_key = m.thread_key AND (n.sent_at, n.key) > (m.sent_at, m.key))
        ORDER BY m.sent_at, m.key LIMIT :most
        """,
        pipeline=pipeline.key,
        after=automation.looked_until - waited,
        until=ctx.now - waited,
        sent=trigger.get("waiting") == "you",
        mail_owner="",
        most=MOST_BOXES,
    )
    return [(f"w:{message_key}", box_key) for box_key, message_key in rows]


_CHECKS = {
    "schedule": _schedule,
    "date.reached": _date,
    "box.untouched": _untouched,
    "thread.unanswered": _unanswered,
}
