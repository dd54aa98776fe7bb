"""Test runs: the steps are really done in the database and then rolled back. No request and no e-mail is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import Invalid, NotFound
from ...lib import ids
from ...lib.address_rules import Rules
from .. import access, boxes, events
from ..context import Ctx
from ..events import EVENTS
from . import automations, runs, template_names, triggers
from .run_engine import OutsideStep, RunEngine
from .runs import STEP_LOGS, Run, StepLog
from .steps import FlatStep


class TestRunFinished(Exception):
    """Carries the result of a test run; raising it rolls the test run back."""

    def __init__(self, run: Run, steps: list[StepLog]) -> None:
        super().__init__()
        self.run = run
        self.steps = steps


class TrialRun(RunEngine):
    """A run that logs what a request would send, without sending it, and that does not wait."""

    def _hand_out(self, op: FlatStep) -> OutsideStep | None:
        outside = super()._hand_out(op)
        if outside is not None and outside.op is op:
            self._log(op, "skipped", outside.shown, {}, "test run: nothing was sent")
            self._done(op, {}, self.run.place + 1)
            return self.go()
        return outside

    def _wait(self, op: FlatStep) -> bool:
        waited = super()._wait(op)
        if waited:
            self._done(op, {}, self.run.place + 1)
        return False


def perform(
    ctx: Ctx, key: str, changes: dict[str, Any], rules: Rules, *, box_key: str | None, body: Any = None
) -> tuple[Run, list[StepLog]]:
    """Returns the run and the log of its steps, as if the automation ran now. With `changes`, the automation is tested
    as it would be after them (see `automations.edit`). If the trigger is about a task, a comment or the like, the run
    uses the newest event of the box that fits the trigger."""
    automation = automations.get_for_change(ctx, key, "FLOW_PAUSE_RESUME")
    if box_key:
        try:
            boxes.get(ctx, box_key)
        except NotFound:
            raise Invalid("boxKey", f"there is no box {box_key[:100]!r} that you have access to") from None
    elif automation.pipeline_key and template_names.with_box(changes.get("trigger") or automation.definition.trigger):
        raise Invalid("boxKey", "is missing: give the key of the box to test the automation on")

    def attempt() -> None:
        edit_ctx = replace(ctx)  # a copy: the edit is rolled back, so `ctx` must not keep the key of its change
        automation = automations.edit(edit_ctx, key, changes, rules, 0) if changes else automations.get(ctx, key)
        event_id, subject_key = _latest_event(ctx, automation.trigger_type, box_key, automation.team_key)
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
        trial = TrialRun(ctx.db, ctx.now, run, "")
        if run.state == "due":
            trial.go()
        sql = f"SELECT {STEP_LOGS.columns} FROM automation_steps WHERE run_key = :key ORDER BY number"
        raise TestRunFinished(trial.run, STEP_LOGS.load_all(ctx.db.rows(sql, key=run.key)))

    try:
        ctx.db.attempt(attempt)
    except TestRunFinished as finished:
        return finished.run, finished.steps
    raise AssertionError("unreachable")


def _latest_event(ctx: Ctx, trigger_type: str, box_key: str | None, team_key: str) -> tuple[int | None, str | None]:
    """The number of the newest event that fits the trigger, and the key of its subject."""
    kinds = triggers.TRIGGERS[trigger_type].kinds
    if not kinds:
        return None, None
    where = "box_key = :box" if box_key else "team_key = :team AND box_key IS NULL"
    row = ctx.db.row(
        f"""
        SELECT {EVENTS.of("e")} FROM events e
        WHERE {where} AND {ctx.db.dialect.among("kind", "kinds")} AND {access.sees_event(ctx.db.dialect, "e")}
        ORDER BY id DESC LIMIT 1
        """,
        mail_owner="",
        kinds=ctx.db.texts(kinds),
        **({"box": box_key} if box_key else {"team": team_key}),
    )
    found: events.Event | None = EVENTS.load(row) if row else None
    return (found.id, None if box_key else found.subject_key) if found else (None, None)
