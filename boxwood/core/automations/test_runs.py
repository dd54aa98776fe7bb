"""Trying a rule on a box: everything is done for real and then undone, but nothing leaves the house."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import Invalid, NotFound
from ...lib import ids
from ...lib.address_rules import Rules
from .. import boxes, events
from ..context import Ctx
from ..events import EVENTS
from . import automations, runs, template_names, triggers
from .run_engine import Advance, Outside
from .runs import STEP_LOGS, Run, StepLog
from .steps import Op


class Done(Exception):
    """What it came to: raised to undo it."""

    def __init__(self, run: Run, steps: list[StepLog]) -> None:
        super().__init__()
        self.run = run
        self.steps = steps


class Rehearsal(Advance):
    """Steps done outside are only shown, with what they would send; waits are not waited."""

    def _leave(self, op: Op) -> Outside | None:
        outside = super()._leave(op)
        if outside is not None and outside.op is op:
            self._log(op, "skipped", outside.shown, {}, "only tried: nothing was sent")
            self._done(op, {}, self.run.place + 1)
            return self.go()
        return outside

    def _wait(self, op: Op) -> bool:
        waited = super()._wait(op)
        if waited:
            self._done(op, {}, self.run.place + 1)
        return False


def rehearse(
    ctx: Ctx, key: str, changes: dict[str, Any], rules: Rules, *, box_key: str | None, body: Any = None
) -> tuple[Run, list[StepLog]]:
    """What would happen, as the rule stands or as it would be with these changes (see `automations.edit`), as things
    are now. A trigger about a task, a comment and the like takes the last one of the box."""
    automation = automations.change(ctx, key, "FLOW_PAUSE_RESUME")
    if box_key:
        try:
            boxes.get(ctx, box_key)
        except NotFound:
            raise Invalid("boxKey", f"no box {box_key[:100]!r} within your reach") from None
    elif automation.pipeline_key and template_names.with_box(changes.get("trigger") or automation.definition.trigger):
        raise Invalid("boxKey", "is missing: name the box to try it on")

    def attempt() -> None:
        trying = replace(ctx)  # what it is told as is undone too
        automation = automations.edit(trying, key, changes, rules, 0) if changes else automations.get(ctx, key)
        event_id, subject_key = _last(ctx, automation.trigger_type, box_key, automation.team_key)
        run = runs.start(
            ctx,
            automation,
            f"t:{ids.new('n', ctx.now)}",
            trigger={"type": automation.trigger_type},
            box_key=box_key,
            subject_key=subject_key,
            event_id=event_id,
            body=body,
        )
        assert run is not None
        trial = Rehearsal(ctx.db, ctx.now, run, "")
        if run.state == "due":
            trial.go()
        sql = f"SELECT {STEP_LOGS.columns} FROM automation_steps WHERE run_key = :key ORDER BY number"
        raise Done(trial.run, STEP_LOGS.load_all(ctx.db.rows(sql, key=run.key)))

    try:
        ctx.db.attempt(attempt)
    except Done as done:
        return done.run, done.steps
    raise AssertionError("unreachable")


def _last(ctx: Ctx, trigger_type: str, box_key: str | None, team_key: str) -> tuple[int | None, str | None]:
    """The last event that would have begun it, and what that was about."""
    kinds = triggers.TRIGGERS[trigger_type].kinds
    if not kinds:
        return None, None
    where = "box_key = :box" if box_key else "team_key = :team AND box_key IS NULL"
    row = ctx.db.row(
        f"""
        SELECT {EVENTS.columns} FROM events WHERE {where} AND {ctx.db.dialect.among("kind", "kinds")}
        ORDER BY id DESC LIMIT 1
        """,
        kinds=ctx.db.texts(kinds),
        **({"box": box_key} if box_key else {"team": team_key}),
    )
    found: events.Event | None = EVENTS.load(row) if row else None
    return (found.id, None if box_key else found.subject_key) if found else (None, None)
