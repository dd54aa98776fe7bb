"""Automations and their runs on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.automations.automations import Automation
from ...core.automations.runs import Run, StepLog
from ...core.automations.step_kinds import STEPS, StepKind
from ...core.automations.steps import CONDITION_NAMES
from ...core.automations.triggers import TRIGGERS, Param, Trigger
from ...core.events import key_of
from ...lib.template_filters import FILTERS
from ..codec import Shape
from ..kinds import ANYTHING, FLAG, KEY, LIST, NAME, OBJECT, TEXT, Kind, NotGiven, clearable
from .base import Out, given


class LastRun(Out, omit_defaults=False):
    key: str
    state: str
    creation_timestamp: int
    reason: str | msgspec.UnsetType = msgspec.UNSET


class AutomationOut(Out, omit_defaults=False):
    """`secrets` contains only names. `signingSecret` is only in the responses to create and rotate. `lastRun` is only
    in responses to GET."""

    key: str
    team_key: str
    owner_key: str
    name: str
    enabled: bool
    version: int
    trigger: dict[str, Any]
    steps: list[dict[str, Any]]
    allow_self: bool
    secrets: list[str]
    creation_timestamp: int
    last_saved_timestamp: int
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    filter: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    condition: str | msgspec.UnsetType = msgspec.UNSET
    off_reason: str | msgspec.UnsetType = msgspec.UNSET
    next_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    last_run: LastRun | msgspec.UnsetType = msgspec.UNSET
    signing_secret: str | msgspec.UnsetType = msgspec.UNSET


def automation(automation: Automation, *, secret: bool = False, last: Run | None = None) -> AutomationOut:
    return AutomationOut(
        key=automation.key,
        team_key=automation.team_key,
        owner_key=automation.user_key,
        name=automation.name,
        enabled=automation.enabled,
        version=automation.version,
        trigger=automation.definition.trigger,
        steps=automation.definition.steps,
        allow_self=automation.definition.allow_self,
        secrets=sorted(automation.secrets),
        creation_timestamp=automation.created_at,
        last_saved_timestamp=automation.updated_at,
        pipeline_key=given(automation.pipeline_key),
        description=given(automation.description),
        filter=given(automation.definition.filter),
        condition=given(automation.definition.condition),
        off_reason=given(automation.off_reason),
        next_timestamp=given(
            automation.next_at if automation.trigger_type == "schedule" and automation.enabled else None
        ),
        last_run=LastRun(last.key, _SHOWN[last.state], last.created_at, given(last.reason)) if last else msgspec.UNSET,
        signing_secret=automation.signing_secret if secret else msgspec.UNSET,
    )


def _read_secrets(value: Any) -> dict[str, Any]:
    """Secrets by name. The list of names, as a client read it, changes nothing."""
    if isinstance(value, list):
        raise NotGiven
    secrets: dict[str, Any] = OBJECT.read(value)
    return secrets


STEP_LIST = Kind(LIST.read, {"type": "array", "items": {"type": "object", "additionalProperties": True}})
_MEMBERS = {
    "name": NAME,
    "description": clearable(TEXT),
    "trigger": OBJECT,
    "filter": clearable(OBJECT),
    "condition": clearable(TEXT),
    "steps": STEP_LIST,
    "allow_self": FLAG,
    "secrets": Kind(_read_secrets, OBJECT.schema),
    "enabled": FLAG,
}
_DESCRIBED = {
    "trigger": "`type`, and the parameters of this type: see the catalogue.",
    "filter": "A filter tree, as in saved views: only boxes that match it.",
    "condition": "A CEL expression over the `names` in the catalogue: runs only if it is true.",
    "steps": "Each `{id, type, name, with, onError}`; a branch also has steps in `then` and `else`.",
    "allow_self": "Whether changes by the automation may start it again.",
    "secrets": "Values by name, for `{{ secrets.NAME }}` in requests; null removes a secret. Never returned.",
    "enabled": "Default: true.",
}
AUTOMATION_CREATE = Shape(
    "AutomationCreate",
    {**_MEMBERS, "pipeline_key": KEY, "team_key": KEY},
    required=("name", "trigger", "steps"),
    described=_DESCRIBED,
)
AUTOMATION_EDIT = Shape("AutomationEdit", _MEMBERS, described=_DESCRIBED)
_BODY = {"body": "The value of `body` in the steps."}
AUTOMATION_RUN = Shape("AutomationRun", {"box_key": KEY, "body": ANYTHING}, described=_BODY)


_TRIED = {name: kind for name, kind in _MEMBERS.items() if name not in ("name", "description", "enabled")}
AUTOMATION_TEST = Shape(
    "AutomationTest", {**_TRIED, "box_key": KEY, "body": ANYTHING}, described={**_DESCRIBED, **_BODY}
)


class StepLogOut(Out, omit_defaults=False):
    """`path` is the position of the step in the automation: `1.then.0`. `duration` is in milliseconds."""

    number: int
    path: str
    type: str
    name: str
    state: str
    attempt: int
    input: dict[str, Any]
    output: dict[str, Any]
    timestamp: int
    duration: int
    error: str | msgspec.UnsetType = msgspec.UNSET


class RunOut(Out, omit_defaults=False):
    """`state` is RUNNING until the run ends: DONE, FAILED, STOPPED (by a step), SKIPPED (by the filter or condition),
    REFUSED (it would loop) or CANCELLED. `waitingUntil` is when the run continues after a wait or for a retry. `chain`
    contains the keys of the automations whose runs led to this run; the last is its own."""

    key: str
    automation_key: str
    version: int
    state: str
    trigger: dict[str, Any]
    chain: list[str]
    creation_timestamp: int
    box_key: str | msgspec.UnsetType = msgspec.UNSET
    subject_key: str | msgspec.UnsetType = msgspec.UNSET
    actor: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    begin_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    end_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    waiting_until: int | msgspec.UnsetType = msgspec.UNSET
    newsfeed_item_key: str | msgspec.UnsetType = msgspec.UNSET
    steps: list[StepLogOut] | msgspec.UnsetType = msgspec.UNSET


RUN_STATES = {
    "RUNNING": "due",
    **{name.upper(): name for name in ("done", "failed", "stopped", "skipped", "refused", "cancelled")},
}
_SHOWN = {core: wire for wire, core in RUN_STATES.items()}


def run(run: Run, steps: list[StepLog] | None = None, now: int = 0) -> RunOut:
    later = run.state == "due" and run.worker is None and run.due_at > now
    return RunOut(
        key=run.key,
        automation_key=run.automation_key,
        version=run.version,
        state=_SHOWN[run.state],
        trigger=run.given["trigger"],
        chain=[key for key, _ in run.chain],
        creation_timestamp=run.created_at,
        box_key=given(run.box_key),
        subject_key=given(run.subject_key if run.subject_key != run.box_key else None),
        actor=given(run.given.get("actor")),
        reason=given(run.reason),
        begin_timestamp=given(run.began_at),
        end_timestamp=given(run.ended_at),
        waiting_until=run.due_at if later else msgspec.UNSET,
        newsfeed_item_key=key_of(run.event_id) if run.event_id else msgspec.UNSET,
        steps=msgspec.UNSET if steps is None else [_step_log(step) for step in steps],
    )


def _step_log(step: StepLog) -> StepLogOut:
    return StepLogOut(
        number=step.number,
        path=step.path,
        type=step.type,
        name=step.name,
        state=step.state.upper(),
        attempt=step.attempt,
        input=step.input,
        output=step.output,
        timestamp=step.began_at,
        duration=step.ms,
        error=given(step.error),
    )


# What there is, for a form to be drawn by


class ParamOut(Out, omit_defaults=False):
    """`kind` is the type of input. `options` are the choices of a `choice`. If `templates` is true, text may contain
    `{{ … }}`."""

    name: str
    kind: str
    description: str
    required: bool
    templates: bool
    options: list[str] | msgspec.UnsetType = msgspec.UNSET


class TriggerOut(Out, omit_defaults=False):
    """`scope` is pipeline, team or any. `subject` is the name of the record that the event is about, besides the
    box."""

    type: str
    description: str
    scope: str
    params: list[ParamOut]
    subject: str | msgspec.UnsetType = msgspec.UNSET


class AutomationStepOut(Out, omit_defaults=False):
    """`gives` are the names that later steps can use under `steps.<id>`."""

    type: str
    description: str
    params: list[ParamOut]
    gives: list[str]


class FilterOut(Out, omit_defaults=False):
    name: str
    description: str


class CatalogueOut(Out, omit_defaults=False):
    triggers: list[TriggerOut]
    steps: list[AutomationStepOut]
    filters: list[FilterOut]
    names: list[str]


def catalogue() -> CatalogueOut:
    return CatalogueOut(
        triggers=[_trigger(name, trigger) for name, trigger in TRIGGERS.items()],
        steps=[_step(name, kind) for name, kind in STEPS.items()],
        filters=[FilterOut(name, found.says) for name, found in FILTERS.items()],
        names=list(CONDITION_NAMES),
    )


def _trigger(name: str, trigger: Trigger) -> TriggerOut:
    scope = trigger.scope if trigger.kinds or name in ("date.reached", "box.untouched") else "any"
    return TriggerOut(
        name, trigger.description, scope, [_param(param) for param in trigger.params], trigger.subject or msgspec.UNSET
    )


def _step(name: str, kind: StepKind) -> AutomationStepOut:
    return AutomationStepOut(name, kind.description, [_param(param) for param in kind.params], list(kind.output))


def _param(param: Param) -> ParamOut:
    options = list(param.options) if param.options else msgspec.UNSET
    return ParamOut(param.name, param.kind, param.description, param.required, param.templates, options)
