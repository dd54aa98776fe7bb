"""Runs one automation run, step by step, to its end, to a wait, or to a step that a worker does outside.

Steps in the database are done here, with their log, in one transaction. A step outside (an HTTP request) is done by a
worker with no transaction open. Meanwhile the run is leased: its due time is the end of the lease. If the worker dies,
the run becomes due again at the same step.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from ...db.engine import Db
from ...errors import Forbidden, NotFound, Problem
from ...lib import templates
from ...lib.cel.engine import CelError, Overrun
from ...lib.durations import DAY, MINUTE
from ...lib.template_filters import TemplateError
from .. import boxes, pipelines
from ..accounts import makers
from ..context import Cause, Ctx
from ..people import contact_access, teams
from ..pipelines import schema
from ..pipelines.filters import Filter
from ..webhooks import delivery_queue
from . import automations, runs
from .automations import Automation
from .definitions import Definition
from .run_values import RunValues, holds
from .runs import RUNS, Run, StepLog
from .step_actions import ACTIONS, StepContext, moment
from .step_kinds import OUTSIDE, UNITS
from .steps import FlatStep, flatten

LEASE = MINUTE
MOST_FAILURES = 50
"""After this many failed runs in a row, the automation is switched off."""
MOST_OPS = 300
"""Steps of one run in one transaction: more than an automation can have."""
OUT_OF_REACH = "the owner of the automation has no access here any longer"
MOST_LOGGED = 20_000
"""Bytes of a step's input or output that the log stores."""


class OutsideStep(msgspec.Struct, frozen=True):
    """A step that a worker does with no transaction open."""

    run: Run
    automation: Automation
    op: FlatStep
    given: dict[str, Any]
    shown: dict[str, Any]
    """The same without secrets, for the log."""
    secret_values: list[str]
    """The secrets, and what filters made of them: hidden where the receiver repeats them."""
    at: int

    @property
    def id(self) -> str:
        """Identifies the step of this run; the same at every attempt."""
        return f"{self.run.key}-{self.run.place}"


class StepOutcome(msgspec.Struct, frozen=True):
    """The result of a step that a worker did. If `again`, the step may be retried, `after` milliseconds later at the
    earliest."""

    outside: OutsideStep
    ms: int
    output: dict[str, Any]
    error: str | None = None
    again: bool = False
    after: int | None = None


@lru_cache(maxsize=512)
def _ops(key: str, version: int, text: bytes) -> list[FlatStep]:
    return flatten(msgspec.json.decode(text))


class RunEngine:
    """One run that is continued in this transaction."""

    def __init__(self, db: Db, now: int, run: Run, worker: str) -> None:
        automation = automations.load(db, run.automation_key)
        assert automation is not None
        owner = runs.user(db, run.user_key or automation.user_key)
        assert owner is not None
        self.ctx = Ctx(
            db,
            now,
            owner,
            via=f"automation:{automation.key}",
            cause=Cause(run.key, run.root_key, run.chain),
        )
        # If the automation has a new owner, this run still acts for the old one, who must not use the new owner's
        # secrets.
        other_owner = owner.key != automation.user_key
        self.automation = msgspec.structs.replace(automation, secrets={}) if other_owner else automation
        self.run = run
        self.worker = worker
        self.definition: Definition = (
            automation.definition
            if run.version == automation.version
            else automations.version(db, automation.key, run.version)
        )
        self.ops = _ops(automation.key, run.version, msgspec.json.encode(self.definition.steps))

    def go(self) -> OutsideStep | None:
        """Do steps until the run ends or waits (then None), or until a step for a worker (then that step)."""
        if not self._reaches_place():
            self._end("skipped" if self.run.began_at is None else "stopped", OUT_OF_REACH)
            return None
        if self.run.began_at is None:
            self.run = msgspec.structs.replace(self.run, began_at=self.ctx.now)
            reason = self._skip_reason()
            if reason:
                self._end("skipped", reason)
                return None
        for _ in range(MOST_OPS):
            if self.run.place >= len(self.ops):
                self._end("done")
                return None
            op = self.ops[self.run.place]
            if op.type in OUTSIDE:
                return self._hand_out(op)
            if op.type == "wait" and not self.run.waits:
                if self._wait(op):
                    return None
            elif op.type == "stop":
                self._stop(op)
            else:
                self._do(op)
            if self.run.state != "due":
                return None
        raise RuntimeError("a run has no end")

    # Whether to start at all

    def _skip_reason(self) -> str | None:
        """Why the run is skipped: its filter, its condition, or what its owner has no access to. None if it starts."""
        names = RunValues(self.ctx, self.automation, self.run)
        if self.run.box_key is not None and not self._reaches_box(self.run.box_key):
            return "the box was deleted, or the owner has no access to it"
        noun = {"contact": "contacts", "organization": "organizations"}.get(names.subject)
        if noun and self.run.event_id is not None and not self._reaches_entry(noun):
            return f"the {names.subject} was deleted, or the owner may not see the team's {noun}"
        try:
            if not self._passes(self.definition.filter, names, "filter"):
                return "the box does not match the filter"
            if self.definition.condition and not holds(names, self.definition.condition):
                return "the condition is not true"
        except CelError as error:
            self._pause_if_slow(error)
            return f"the condition cannot be evaluated: {error}"
        except Problem as problem:
            return f"the filter cannot be applied: {problem}"
        return None

    def _pause_if_slow(self, error: Exception) -> None:
        """Switch the automation off if a condition took too long: it would delay all other runs again and again."""
        if isinstance(error, Overrun):
            automations.pause(self.ctx, self.automation, f"a condition was stopped: {error}")

    def _reaches_place(self) -> bool:
        """Whether the owner still has access to the pipeline or works in the team, and the API key through which the
        automation was saved may do all that its user may do. Asked again after every wait."""
        if not makers.may_all(self.ctx.db, self.automation.maker, self.ctx.now):
            return False
        try:
            if self.automation.pipeline_key is not None:
                pipelines.get(self.ctx, self.automation.pipeline_key)
            else:
                teams.get_to_work_in(self.ctx, self.automation.team_key)
        except (NotFound, Forbidden):
            return False
        return True

    def _reaches_box(self, key: str) -> bool:
        try:
            boxes.get(self.ctx, key)
        except NotFound:
            return False
        return True

    def _reaches_entry(self, name: str) -> bool:
        key = self.run.subject_key or ""
        return key in contact_access.known(self.ctx, name, self.automation.team_key, [key])

    def _passes(self, tree: Any, names: RunValues, where: str) -> bool:
        if not tree:
            return True
        if self.run.box_key is None:
            return False
        box = boxes.get(self.ctx, self.run.box_key)
        pipeline = pipelines.get(self.ctx, box.pipeline_key)
        box_filter = Filter(self.ctx, pipeline, schema.fields_by_key(self.ctx, pipeline.key), tree, where)
        sql = f"SELECT 1 FROM boxes b WHERE b.key = :box_key AND {box_filter.sql}"
        return self.ctx.db.row(sql, **{"now": self.ctx.now, **box_filter.params}, box_key=box.key) is not None

    # Steps

    def _do(self, op: FlatStep) -> None:
        """Do a step in the database, a branch, or the end of a wait."""
        if not op.type:
            self._move_to(op.to)
            return
        names = RunValues(self.ctx, self.automation, self.run)
        shown: dict[str, Any] = op.given
        try:
            if op.type == "branch":
                taken = self._passes(op.given.get("filter"), names, "filter") and (
                    not op.given.get("condition") or holds(names, op.given["condition"])
                )
                output: dict[str, Any] = {"taken": "then" if taken else "else"}
                to = self.run.place + 1 if taken else op.to
            else:
                to = self.run.place + 1
                output = {}
                if op.type != "wait":
                    shown = templates.render(op.given, names)
                    if "html" in op.given:
                        shown["html"] = templates.parse(op.given["html"]).html(names)
                    step = StepContext(self.ctx, self.automation, self.run, self.run.place)
                    output = self.ctx.db.attempt(lambda: ACTIONS[op.type](step, shown))
        except (Problem, TemplateError, CelError) as error:
            self._pause_if_slow(error)
            self._fail(op, shown, str(error))
            return
        self._log(op, "done", shown, output)
        self._done(op, output, to)

    def _done(self, op: FlatStep, output: dict[str, Any], to: int) -> None:
        self._set(outputs={**self.run.outputs, op.id: output}, waits=False, tries=0)
        self._move_to(to)

    def _fail(self, op: FlatStep, shown: dict[str, Any], error: str, **more: Any) -> None:
        self._log(op, "failed", shown, more.get("output", {}), error, more.get("ms", 0), more.get("at"))
        if op.goes_on:
            self._done(op, {**more.get("output", {}), "error": error}, self.run.place + 1)
        else:
            self._end("failed", f"step {op.path} ({op.name or op.type}): {error}")

    def _move_to(self, place: int) -> None:
        self._set(place=place, due_at=self.ctx.now, worker=None)

    def _wait(self, op: FlatStep) -> bool:
        """Begin a wait. False if there is nothing to wait for: the time is in the past, or the step failed."""
        shown: dict[str, Any] = op.given
        try:
            if "until" in op.given:
                shown = templates.render(op.given, RunValues(self.ctx, self.automation, self.run))
                until = moment(shown["until"], "until")
            else:
                until = self.ctx.now + op.given["amount"] * UNITS[op.given.get("unit", "minutes")]
        except (Problem, TemplateError) as error:
            self._fail(op, shown, str(error))
            return False
        until = min(until, self.ctx.now + 2 * 366 * DAY)
        self._log(op, "waiting", shown, {"until": until})
        if until <= self.ctx.now:
            self._done(op, {"until": until}, self.run.place + 1)
            return False
        self._set(waits=True, due_at=until, worker=None)
        self._save()
        return True

    def _stop(self, op: FlatStep) -> None:
        try:
            reason = str(templates.render(op.given.get("reason", ""), RunValues(self.ctx, self.automation, self.run)))
        except TemplateError as error:
            reason = str(error)
        self._log(op, "done", {"reason": reason} if reason else {}, {})
        self._end("stopped", reason or "stopped by a step")

    def _hand_out(self, op: FlatStep) -> OutsideStep | None:
        """Fill the templates of a step for a worker, lease the run to the worker, and return the step."""
        names = RunValues(self.ctx, self.automation, self.run)
        try:
            params = {name: value for name, value in op.given.items() if name != "text"}
            given, shown = templates.render(params, names), templates.render(params, names.hidden())
            secret_values = templates.rendered(op.given, names, "secrets") | {*self.automation.secrets.values()}
            if "text" in op.given:
                given["text"] = _body(op, given, names)
                shown["text"] = _body(op, shown, names.hidden())
        except TemplateError as error:
            self._fail(op, {}, str(error))
            return None if self.run.state != "due" else self.go()
        self._set(
            due_at=self.ctx.now + LEASE,
            worker=self.worker,
            waits=False,
            tries=self.run.tries + 1,
            attempts=self.run.attempts + 1,
        )
        self._save()
        return OutsideStep(self.run, self.automation, op, given, shown, sorted(secret_values), self.ctx.now)

    def settle(self, outcome: StepOutcome) -> OutsideStep | None:
        """Store the result of a step that a worker did, and continue. A step that may be retried is due again later."""
        outside, op = outcome.outside, outcome.outside.op
        more = {"output": outcome.output, "ms": outcome.ms, "at": outside.at}
        if outcome.error is None:
            self._log(op, "done", outside.shown, outcome.output, None, outcome.ms, outside.at)
            self._done(op, outcome.output, self.run.place + 1)
        elif outcome.again and self.run.tries < min(op.given.get("attempts", 11), len(delivery_queue.RETRIES) + 1):
            self._log(op, "failed", outside.shown, outcome.output, outcome.error, outcome.ms, outside.at)
            due_at = self.ctx.now + delivery_queue.delay(self.run.tries, outcome.after)
            self._set(due_at=due_at, worker=None)
            self._save()
            return None
        else:
            self._fail(op, outside.shown, outcome.error, **more)
        if self.run.state == "due":
            return self.go()
        return None

    # Storing

    def _set(self, **changes: Any) -> None:
        self.run = msgspec.structs.replace(self.run, **changes)

    def _save(self) -> None:
        RUNS.update(
            self.ctx.db,
            self.run,
            *("state", "reason", "place", "due_at", "tries", "attempts", "worker", "waits", "outputs"),
            *("began_at", "ended_at"),
        )

    def _end(self, state: str, reason: str | None = None) -> None:
        self._set(state=state, reason=reason, ended_at=self.ctx.now, worker=None, waits=False)
        self._save()
        failures = self.automation.failures
        if state == "failed":
            self.ctx.db.run("UPDATE automations SET failures = failures + 1 WHERE key = :key", key=self.automation.key)
            if failures + 1 >= MOST_FAILURES:
                automations.pause(self.ctx, self.automation, f"{MOST_FAILURES} runs in a row failed")
        elif failures and state in ("done", "stopped"):
            self.ctx.db.run("UPDATE automations SET failures = 0 WHERE key = :key", key=self.automation.key)

    def _log(
        self,
        op: FlatStep,
        state: str,
        given: dict[str, Any],
        output: dict[str, Any],
        error: str | None = None,
        ms: int = 0,
        at: int | None = None,
    ) -> None:
        self._set(attempts=self.run.attempts + 1)
        runs.STEP_LOGS.insert(
            self.ctx.db,
            StepLog(
                run_key=self.run.key,
                number=self.run.attempts,
                path=op.path,
                type=op.type,
                name=op.name or op.id,
                state=state,
                attempt=max(self.run.tries, 1),
                input=_short(given),
                output=_short(output),
                error=error,
                began_at=self.ctx.now if at is None else at,
                ms=ms,
            ),
        )


def _short(values: dict[str, Any]) -> dict[str, Any]:
    text = msgspec.json.encode(values)
    if len(text) <= MOST_LOGGED:
        return values
    return {"cut": text[:MOST_LOGGED].decode(errors="ignore")}


def _body(op: FlatStep, given: dict[str, Any], names: RunValues) -> str:
    """The text of a request's body. If the content type is JSON, values are escaped; otherwise they are inserted
    unchanged."""
    template = templates.parse(op.given["text"])
    kinds = [str(value) for name, value in given.get("headers", {}).items() if name.lower() == "content-type"]
    return template.json(names) if any("json" in kind.lower() for kind in kinds) else template.text(names)
