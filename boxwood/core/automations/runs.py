"""Runs of automations: how they begin, what keeps them from going in circles, and what people do with them.

A run is begun once for each cause: an event, a time, a request, a person's wish. It remembers the chain of runs
whose writes led to it, and one that would go in a circle is refused, with its reason in the log.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Invalid, NotFound
from ...lib import ids
from ...lib.durations import HOUR
from ...lib.requests import storable
from .. import boxes, persons
from ..context import Cause, Ctx
from ..records import USERS, User
from . import automations, template_names
from .automations import Automation

CHANNEL = "automations"
DEEPEST = 8
"""Runs that lead to each other."""
MOST_AN_HOUR = 100
"""Of one rule about one record."""
MOST_REFUSALS = 20
"""Of runs that come too often, within an hour; then the rule is switched off."""
TOO_OFTEN = f"it has run {MOST_AN_HOUR} times within an hour about the same record"
STATES = ("due", "done", "failed", "stopped", "skipped", "refused", "cancelled")


class Run(msgspec.Struct, frozen=True):
    key: str
    automation_key: str
    version: int
    cause: str
    event_id: int | None
    box_key: str | None
    subject_key: str | None
    """The record it is about: the box, or a contact or an organization."""
    given: dict[str, Any]
    """What began it, as steps find it: `trigger`, and `body`, `query` and `headers` of a request."""
    chain: list[tuple[str, str]]
    """The rules and records of the runs that led to it, the first first, and itself last."""
    root_key: str
    state: str
    reason: str | None
    place: int
    """The next step, in the rule's flattened list."""
    due_at: int
    tries: int
    """Of the step that is under way, in this round."""
    attempts: int
    """Of whatever, by which a worker knows whether what it has is still its own."""
    worker: str | None
    waits: bool
    """A wait, or a pause before another attempt, is what it is due for."""
    outputs: dict[str, Any]
    created_at: int
    began_at: int | None
    ended_at: int | None
    user_key: str | None = None
    """Whom it acts for: the automation's owner when it began, whoever owns it by now."""


class StepLog(msgspec.Struct, frozen=True):
    """What a step saw and did."""

    run_key: str
    number: int
    path: str
    type: str
    name: str
    state: str
    attempt: int
    input: dict[str, Any]
    output: dict[str, Any]
    error: str | None
    began_at: int
    ms: int


RUNS = Table("automation_runs", Run)
STEP_LOGS = Table("automation_steps", StepLog)
_INSERT = f"""
    INSERT INTO automation_runs ({RUNS.columns}) VALUES ({", ".join(f":{name}" for name in RUNS.names)})
    ON CONFLICT (automation_key, cause) DO NOTHING
"""


# Beginning


def start(
    ctx: Ctx,
    automation: Automation,
    cause: str,
    *,
    trigger: dict[str, Any],
    box_key: str | None = None,
    subject_key: str | None = None,
    event_id: int | None = None,
    body: Any = None,
    query: Any = None,
    headers: Any = None,
    place: int = 0,
    outputs: dict[str, Any] | None = None,
    version: int | None = None,
) -> Run | None:
    """A run, due at once; None where this cause began one already. `trigger` holds at least `type`.

    An inbound webhook calls this with `cause=f"h:{request key}"`, `trigger={"type": "webhook"}` and what came.
    `ctx.actor` is who caused it; the run itself acts for the automation's owner.
    """
    key = ids.new("n", ctx.now)
    subject_key = subject_key or box_key
    came = ctx.cause
    given = {"trigger": {"at": ctx.now, **trigger}, "actor": template_names.person(persons.of(ctx.actor))}
    came_with = (("body", body), ("query", query), ("headers", headers))
    given |= {name: storable(it) for name, it in came_with if it is not None}
    reason = _refusal(ctx, automation, subject_key, came) if came is not None or subject_key else None
    run = Run(
        key=key,
        automation_key=automation.key,
        version=automation.version if version is None else version,
        cause=cause,
        event_id=event_id,
        box_key=box_key,
        subject_key=subject_key,
        given=given,
        chain=[*(came.chain if came else []), (automation.key, subject_key or "")],
        root_key=came.root_key if came else key,
        state="refused" if reason else "due",
        reason=reason,
        place=place,
        due_at=ctx.now,
        tries=0,
        attempts=0,
        worker=None,
        waits=False,
        outputs=outputs or {},
        created_at=ctx.now,
        began_at=None,
        ended_at=ctx.now if reason else None,
        user_key=automation.user_key,
    )
    if not ctx.db.run(_INSERT, **RUNS.params(run)):
        return None
    ctx.started_runs.append(key)
    if reason == TOO_OFTEN:
        _note_refusal(ctx, automation)
    if not reason:
        ctx.db.notify(CHANNEL)
    return run


def _refusal(ctx: Ctx, automation: Automation, subject_key: str | None, came: Cause | None) -> str | None:
    """Why it may not begin, if it may not."""
    if came is not None:
        if came.chain[-1][0] == automation.key and not automation.definition.allow_self:
            return "it was begun by what it wrote itself, which it is not allowed to be"
        if len(came.chain) >= DEEPEST:
            return f"it would be the {DEEPEST + 1}th automation in a row, each begun by the one before"
        if (automation.key, subject_key or "") in came.chain and not (
            automation.definition.allow_self and came.chain[-1][0] == automation.key
        ):
            return "it has been here before: the automations before it began with a run of it about the same record"
    if subject_key is not None:
        row = ctx.db.row(
            """
            SELECT COUNT(*) FROM automation_runs
            WHERE automation_key = :key AND subject_key = :subject AND created_at > :since AND state <> 'refused'
            """,
            key=automation.key,
            subject=subject_key,
            since=ctx.now - HOUR,
        )
        if row and row[0] >= MOST_AN_HOUR:
            return TOO_OFTEN
    return None


def _note_refusal(ctx: Ctx, automation: Automation) -> None:
    row = ctx.db.row(
        """
        SELECT COUNT(*) FROM automation_runs
        WHERE automation_key = :key AND state = 'refused' AND ended_at > :since AND reason = :reason
        """,
        key=automation.key,
        reason=TOO_OFTEN,
        since=ctx.now - HOUR,
    )
    if row and row[0] >= MOST_REFUSALS:
        owner = user(ctx.db, automation.user_key)
        if owner is not None:
            acting = Ctx(ctx.db, ctx.now, owner, via=f"automation:{automation.key}")
            automations.pause(acting, automation, f"{TOO_OFTEN}, and was to run {MOST_REFUSALS} times more")
            ctx.listening.clear()


def user(db: Db, key: str) -> User | None:
    def read() -> User | None:
        row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=key)
        return USERS.load(row) if row else None

    return db.remember(("user", key), read)


def start_by_hand(ctx: Ctx, key: str, *, box_key: str | None, body: Any) -> Run:
    """What a person asks for, whatever its trigger; the box is one that the person reaches."""
    automation = automations.change(ctx, key, "FLOW_PAUSE_RESUME")
    if box_key:
        _check_box(ctx, automation, box_key)
    elif automation.pipeline_key and template_names.with_box(automation.definition.trigger):
        raise Invalid("boxKey", "is missing: name the box to run it on")
    run = start(
        ctx, automation, f"m:{ids.new('n', ctx.now)}", trigger={"type": "manual"}, box_key=box_key or None, body=body
    )
    assert run is not None
    return run


def _check_box(ctx: Ctx, automation: Automation, box_key: str) -> None:
    try:
        box = boxes.get(ctx, box_key)
    except NotFound:
        raise Invalid("boxKey", f"no box {box_key[:100]!r} within your reach") from None
    if automation.pipeline_key not in (None, box.pipeline_key):
        raise Invalid("boxKey", "is of another pipeline than the automation")


# Looking


def get(ctx: Ctx, automation_key: str, key: str) -> tuple[Run, list[StepLog]]:
    """With the log of its steps, in the order they were done."""
    automation = automations.get(ctx, automation_key)
    run = _load(ctx, automation, key)
    sql = f"SELECT {STEP_LOGS.columns} FROM automation_steps WHERE run_key = :key ORDER BY number"
    return run, STEP_LOGS.load_all(ctx.db.rows(sql, key=run.key))


def _load(ctx: Ctx, automation: Automation, key: str, lock: str = "") -> Run:
    row = ctx.db.row(
        f"SELECT {RUNS.columns} FROM automation_runs WHERE key = :key AND automation_key = :automation{lock}",
        key=key,
        automation=automation.key,
    )
    if row is None:
        raise NotFound(key)
    return RUNS.load(row)


def page(ctx: Ctx, automation_key: str, *, states: list[str], box_key: str, limit: int, offset: int) -> list[Run]:
    """The newest first."""
    automation = automations.get(ctx, automation_key)
    for one in states:
        if one not in STATES:
            raise Invalid("state", f"is one of {', '.join(state.upper() for state in STATES)}")
    among = f"AND {ctx.db.dialect.among('state', 'states')}" if states else ""
    of_box = "AND box_key = :box" if box_key else ""
    rows = ctx.db.rows(
        f"""
        SELECT {RUNS.columns} FROM automation_runs WHERE automation_key = :automation {among} {of_box}
        ORDER BY key DESC LIMIT :limit OFFSET :offset
        """,
        automation=automation.key,
        limit=limit,
        offset=offset,
        **({"states": ctx.db.texts(states)} if states else {}),
        **({"box": box_key} if box_key else {}),
    )
    return RUNS.load_all(rows)


def last(ctx: Ctx, keys: list[str]) -> dict[str, Run]:
    """The newest run of each of these automations, for one who has been given them."""
    rows = ctx.db.rows(
        f"""
        SELECT {RUNS.of("r")} FROM automations a JOIN automation_runs r ON r.key = (
            SELECT n.key FROM automation_runs n WHERE n.automation_key = a.key ORDER BY n.key DESC LIMIT 1
        ) WHERE {ctx.db.dialect.among("a.key", "keys")}
        """,
        keys=ctx.db.texts(keys),
    )
    return {run.automation_key: run for run in RUNS.load_all(rows)}


# What people do with them


def retry(ctx: Ctx, automation_key: str, key: str) -> Run:
    """Go on from the step that failed, by the version the run began with; a wait that was cancelled is waited out."""
    automation = automations.change(ctx, automation_key, "FLOW_PAUSE_RESUME")
    run = _load(ctx, automation, key, ctx.db.for_update)
    if run.state not in ("failed", "cancelled", "stopped"):
        raise Conflict("Only a run that failed, was stopped or cancelled can be gone on with")
    due_at = run.due_at if run.waits else ctx.now
    run = msgspec.structs.replace(run, state="due", reason=None, due_at=due_at, tries=0, worker=None, ended_at=None)
    RUNS.update(ctx.db, run, "state", "reason", "due_at", "tries", "worker", "ended_at")
    ctx.db.notify(CHANNEL)
    return run


def again(ctx: Ctx, automation_key: str, key: str) -> Run:
    """From its first step, with what began it, by what the automation does now."""
    automation = automations.change(ctx, automation_key, "FLOW_PAUSE_RESUME")
    old = _load(ctx, automation, key)
    run = start(
        ctx,
        automation,
        f"r:{ids.new('n', ctx.now)}",
        trigger=old.given["trigger"],
        box_key=old.box_key,
        subject_key=old.subject_key,
        event_id=old.event_id,
        body=old.given.get("body"),
        query=old.given.get("query"),
        headers=old.given.get("headers"),
    )
    assert run is not None
    return run


def cancel(ctx: Ctx, automation_key: str, key: str) -> Run:
    """End it where it is: a wait is not waited out, a step under way is the last."""
    automation = automations.change(ctx, automation_key, "FLOW_PAUSE_RESUME")
    run = _load(ctx, automation, key, ctx.db.for_update)
    if run.state != "due":
        raise Conflict("This run has ended")
    run = msgspec.structs.replace(run, state="cancelled", reason="cancelled by hand", ended_at=ctx.now)
    RUNS.update(ctx.db, run, "state", "reason", "ended_at")
    return run
