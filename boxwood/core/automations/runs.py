"""Runs of automations: starting them, refusing runs that would loop, and retrying, restarting and cancelling them.

Each cause starts at most one run: an event, a time, a request, or a user. A run stores the chain of runs whose changes
led to it. A run that would continue a loop is refused; its log says why.
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
from ..boxes import box_values
from ..context import Cause, Ctx
from ..records import USERS, User
from . import automations, template_names
from .automations import Automation

CHANNEL = "automations"
DEEPEST = 8
"""The longest chain of runs that start each other."""
MOST_AN_HOUR = 100
"""Runs of one automation about one record within an hour."""
MOST_REFUSALS = 20
"""After this many refusals for too many runs within an hour, the automation is switched off."""
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
    """The record that the run is about: a box, a contact or an organization."""
    given: dict[str, Any]
    """What started the run, as steps use it: `trigger`, and of a request `body`, `query` and `headers`."""
    chain: list[tuple[str, str]]
    """The automation and the record of each run that led to this one, the first run first and this run last."""
    root_key: str
    state: str
    reason: str | None
    place: int
    """The index of the next step in the flattened list of steps."""
    due_at: int
    tries: int
    """Attempts of the current step since the run was started or retried."""
    attempts: int
    """Counts attempts and log entries. If it has changed, a worker knows that it does not hold the run any longer."""
    worker: str | None
    waits: bool
    """Whether the run is due for the end of a wait step."""
    outputs: dict[str, Any]
    created_at: int
    began_at: int | None
    ended_at: int | None
    user_key: str | None = None
    """The user whom the run acts for: the automation's owner when the run started."""


class StepLog(msgspec.Struct, frozen=True):
    """The log of a step: its input, its output and its error."""

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


# Starting


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
    """Start a run, due at once. Returns None if this cause has already started one. `trigger` holds at least `type`.

    `ctx.actor` is the user who caused the run. The run itself acts for the automation's owner.
    """
    key = ids.new("n", ctx.now)
    subject_key = subject_key or box_key
    parent = ctx.cause
    given = {"trigger": {"at": ctx.now, **trigger}, "actor": box_values.person(persons.of(ctx.actor))}
    request = (("body", body), ("query", query), ("headers", headers))
    given |= {name: storable(value) for name, value in request if value is not None}
    reason = _refusal(ctx, automation, subject_key, parent) if parent is not None or subject_key else None
    run = Run(
        key=key,
        automation_key=automation.key,
        version=automation.version if version is None else version,
        cause=cause,
        event_id=event_id,
        box_key=box_key,
        subject_key=subject_key,
        given=given,
        chain=[*(parent.chain if parent else []), (automation.key, subject_key or "")],
        root_key=parent.root_key if parent else key,
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
        _pause_after_refusals(ctx, automation)
    if not reason:
        ctx.db.notify(CHANNEL)
    return run


def _refusal(ctx: Ctx, automation: Automation, subject_key: str | None, parent: Cause | None) -> str | None:
    """Why the run must not start; None if it may. `parent` is the run whose change is the cause."""
    if parent is not None:
        if parent.chain[-1][0] == automation.key and not automation.definition.allow_self:
            return "the automation's own change started it, and this automation may not start itself"
        if len(parent.chain) >= DEEPEST:
            return f"it would be the {DEEPEST + 1}th automation in a row, each started by the automation before it"
        if (automation.key, subject_key or "") in parent.chain and not (
            automation.definition.allow_self and parent.chain[-1][0] == automation.key
        ):
            return "it would be a loop: this automation has already run about the same record in this chain"
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


def _pause_after_refusals(ctx: Ctx, automation: Automation) -> None:
    """Switch the automation off if too many of its runs were refused within the hour."""
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
            automations.pause(acting, automation, f"{TOO_OFTEN}, and {MOST_REFUSALS} more runs were refused")
            ctx.listening.clear()


def user(db: Db, key: str) -> User | None:
    """The user with this key, or None. Cached by the database layer."""

    def read() -> User | None:
        row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=key)
        return USERS.load(row) if row else None

    return db.remember(("user", key), read)


def start_manually(ctx: Ctx, key: str, *, box_key: str | None, body: Any) -> Run:
    """Start a run for a user, whatever the automation's trigger is. The user needs access to the box."""
    automation = automations.get_for_change(ctx, key, "FLOW_PAUSE_RESUME")
    if box_key:
        _check_box(ctx, automation, box_key)
    elif automation.pipeline_key and template_names.with_box(automation.definition.trigger):
        raise Invalid("boxKey", "is missing: give the key of the box to run the automation on")
    run = start(
        ctx, automation, f"m:{ids.new('n', ctx.now)}", trigger={"type": "manual"}, box_key=box_key or None, body=body
    )
    assert run is not None
    return run


def _check_box(ctx: Ctx, automation: Automation, box_key: str) -> None:
    try:
        box = boxes.get(ctx, box_key)
    except NotFound:
        raise Invalid("boxKey", f"there is no box {box_key[:100]!r} that you have access to") from None
    if automation.pipeline_key not in (None, box.pipeline_key):
        raise Invalid("boxKey", "must be a box of the automation's pipeline")


# Reading


def get(ctx: Ctx, automation_key: str, key: str) -> tuple[Run, list[StepLog]]:
    """A run with the log of its steps, in the order in which they were done."""
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
    """The runs of an automation, the newest first; only those in `states` and about `box_key`, if these are given."""
    automation = automations.get(ctx, automation_key)
    if not set(states) <= set(STATES):
        raise Invalid("state", f"must be one of {', '.join(state.upper() for state in STATES)}")
    in_states = f"AND {ctx.db.dialect.among('state', 'states')}" if states else ""
    about_box = "AND box_key = :box" if box_key else ""
    rows = ctx.db.rows(
        f"""
        SELECT {RUNS.columns} FROM automation_runs WHERE automation_key = :automation {in_states} {about_box}
        ORDER BY key DESC LIMIT :limit OFFSET :offset
        """,
        automation=automation.key,
        limit=limit,
        offset=offset,
        **({"states": ctx.db.texts(states)} if states else {}),
        **({"box": box_key} if box_key else {}),
    )
    return RUNS.load_all(rows)


def latest(ctx: Ctx, keys: list[str]) -> dict[str, Run]:
    """The newest run of each of these automations, by the automation's key. Access is not checked: the caller has
    already read the automations."""
    rows = ctx.db.rows(
        f"""
        SELECT {RUNS.of("r")} FROM automations a JOIN automation_runs r ON r.key = (
            SELECT n.key FROM automation_runs n WHERE n.automation_key = a.key ORDER BY n.key DESC LIMIT 1
        ) WHERE {ctx.db.dialect.among("a.key", "keys")}
        """,
        keys=ctx.db.texts(keys),
    )
    return {run.automation_key: run for run in RUNS.load_all(rows)}


# What users do with runs


def retry(ctx: Ctx, automation_key: str, key: str) -> Run:
    """Continue a run at the step that failed, with the version of the automation that the run started with. A wait
    that was cancelled lasts until its original end."""
    automation = automations.get_for_change(ctx, automation_key, "FLOW_PAUSE_RESUME")
    run = _load(ctx, automation, key, ctx.db.for_update)
    if run.state not in ("failed", "cancelled", "stopped"):
        raise Conflict("Only a run that failed, was stopped or was cancelled can be retried")
    due_at = run.due_at if run.waits else ctx.now
    due = msgspec.structs.replace(run, state="due", reason=None, due_at=due_at, tries=0, worker=None, ended_at=None)
    RUNS.update(ctx.db, due, "state", "reason", "due_at", "tries", "worker", "ended_at")
    ctx.show("run", run.key, {"state": run.state}, {"state": due.state}, automation.name)
    ctx.started_runs.append(run.key)
    ctx.db.notify(CHANNEL)
    return due


def restart(ctx: Ctx, automation_key: str, key: str) -> Run:
    """Start a new run with the cause of an earlier one and with the automation's current version."""
    automation = automations.get_for_change(ctx, automation_key, "FLOW_PAUSE_RESUME")
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
    """End a run now: a wait is broken off, and a step in progress is the last."""
    automation = automations.get_for_change(ctx, automation_key, "FLOW_PAUSE_RESUME")
    run = _load(ctx, automation, key, ctx.db.for_update)
    if run.state != "due":
        raise Conflict("This run has already ended")
    ended = msgspec.structs.replace(run, state="cancelled", reason="cancelled by hand", ended_at=ctx.now)
    RUNS.update(ctx.db, ended, "state", "reason", "ended_at")
    ctx.show("run", run.key, {"state": run.state}, {"state": ended.state}, automation.name)
    return ended
