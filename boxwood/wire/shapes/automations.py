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
from ..kinds import ANYTHING, FLAG, KEY, NAME, OBJECT, TEXT, Kind, Wrong, nullable
from .base import Out, given


class LastRun(Out, omit_defaults=False):
    key: str
    state: str
    creation_timestamp: int
    reason: str | msgspec.UnsetType = msgspec.UNSET


class AutomationOut(Out, omit_defaults=False):
    """`secrets` are names alone. `signingSecret` is in the answers to its making and its rotation alone, `lastRun` in
    those of reading one or all."""

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


def automation(one: Automation, *, secret: bool = False, last: Run | None = None) -> AutomationOut:
    return AutomationOut(
        key=one.key,
        team_key=one.team_key,
        owner_key=one.user_key,
        name=one.name,
        enabled=one.enabled,
        version=one.version,
        trigger=one.definition.trigger,
        steps=one.definition.steps,
        allow_self=one.definition.allow_self,
        secrets=sorted(one.secrets),
        creation_timestamp=one.created_at,
        last_saved_timestamp=one.updated_at,
        pipeline_key=given(one.pipeline_key),
        description=given(one.description),
        filter=given(one.definition.filter),
        condition=given(one.definition.condition),
        off_reason=given(one.off_reason),
        next_timestamp=given(one.next_at if one.trigger_type == "schedule" and one.enabled else None),
        last_run=LastRun(last.key, _SHOWN[last.state], last.created_at, given(last.reason)) if last else msgspec.UNSET,
        signing_secret=one.signing_secret if secret else msgspec.UNSET,
    )


def _read_steps(value: Any) -> list[Any]:
    value = ANYTHING.read(value)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Wrong("must be a list")
    return value


STEP_LIST = Kind(_read_steps, {"type": "array", "items": {"type": "object", "additionalProperties": True}})
_MEMBERS = {
    "name": NAME,
    "description": nullable(TEXT),
    "trigger": OBJECT,
    "filter": nullable(OBJECT),
    "condition": nullable(TEXT),
    "steps": STEP_LIST,
    "allow_self": FLAG,
    "secrets": OBJECT,
    "enabled": FLAG,
}
_SAYS = {
    "trigger": "`type`, and what this kind of trigger takes: see the catalogue.",
    "filter": "A tree as saved views have it: only boxes that pass it.",
    "condition": "In CEL, of what the catalogue calls `names`: only where it holds.",
    "steps": "Each `{id, type, name, with, onError}`; a branch has steps in `then` and `else` besides.",
    "allow_self": "Whether its own writes may begin it again.",
    "secrets": "Values by name, for `{{ secrets.NAME }}` in requests; null takes one away. Never answered.",
    "enabled": "On, unless this is false.",
}
AUTOMATION_CREATE = Shape(
    "AutomationCreate",
    {**_MEMBERS, "pipeline_key": nullable(KEY), "team_key": nullable(KEY)},
    required=("name", "trigger", "steps"),
    described=_SAYS,
)
AUTOMATION_EDIT = Shape("AutomationEdit", _MEMBERS, described=_SAYS)
_BODY = {"body": "What steps find as `body`."}
AUTOMATION_RUN = Shape("AutomationRun", {"box_key": nullable(KEY), "body": ANYTHING}, described=_BODY)


_TRIED = {name: kind for name, kind in _MEMBERS.items() if name not in ("name", "description", "enabled")}
AUTOMATION_TEST = Shape(
    "AutomationTest", {**_TRIED, "box_key": nullable(KEY), "body": ANYTHING}, described={**_SAYS, **_BODY}
)


class StepLogOut(Out, omit_defaults=False):
    """`path` is where the step stands in the rule: `1.then.0`. `duration` is milliseconds."""

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
    """`state` is RUNNING until it has ended: DONE, FAILED, STOPPED (by a step), SKIPPED (filter, condition), REFUSED
    (it would go in a circle) or CANCELLED. `waitingUntil` is when it goes on, of a wait or another attempt.
    `chain` holds the keys of the automations whose runs led to it, the last being its own."""

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


def run(one: Run, steps: list[StepLog] | None = None, now: int = 0) -> RunOut:
    later = one.state == "due" and one.worker is None and one.due_at > now
    return RunOut(
        key=one.key,
        automation_key=one.automation_key,
        version=one.version,
        state=_SHOWN[one.state],
        trigger=one.given["trigger"],
        chain=[key for key, _ in one.chain],
        creation_timestamp=one.created_at,
        box_key=given(one.box_key),
        subject_key=given(one.subject_key if one.subject_key != one.box_key else None),
        actor=given(one.given.get("actor")),
        reason=given(one.reason),
        begin_timestamp=given(one.began_at),
        end_timestamp=given(one.ended_at),
        waiting_until=one.due_at if later else msgspec.UNSET,
        newsfeed_item_key=key_of(one.event_id) if one.event_id else msgspec.UNSET,
        steps=msgspec.UNSET if steps is None else [_step_log(step) for step in steps],
    )


def _step_log(one: StepLog) -> StepLogOut:
    return StepLogOut(
        number=one.number,
        path=one.path,
        type=one.type,
        name=one.name,
        state=one.state.upper(),
        attempt=one.attempt,
        input=one.input,
        output=one.output,
        timestamp=one.began_at,
        duration=one.ms,
        error=given(one.error),
    )


# What there is, for a form to be drawn by


class ParamOut(Out, omit_defaults=False):
    """`kind` says how to ask for it; `options` are those of a `choice`. Texts in one that takes `templates` may hold
    `{{ … }}`."""

    name: str
    kind: str
    description: str
    required: bool
    templates: bool
    options: list[str] | msgspec.UnsetType = msgspec.UNSET


class TriggerOut(Out, omit_defaults=False):
    """`scope` is pipeline, team or any; `subject` the name of the record it is about besides the box."""

    type: str
    description: str
    scope: str
    params: list[ParamOut]
    subject: str | msgspec.UnsetType = msgspec.UNSET


class StepOut(Out, omit_defaults=False):
    """`gives` is what later steps find under `steps.<id>`."""

    type: str
    description: str
    params: list[ParamOut]
    gives: list[str]


class FilterOut(Out, omit_defaults=False):
    name: str
    description: str


class CatalogueOut(Out, omit_defaults=False):
    triggers: list[TriggerOut]
    steps: list[StepOut]
    filters: list[FilterOut]
    names: list[str]


def catalogue() -> CatalogueOut:
    return CatalogueOut(
        triggers=[_trigger(name, one) for name, one in TRIGGERS.items()],
        steps=[_step(name, one) for name, one in STEPS.items()],
        filters=[FilterOut(name, one.says) for name, one in FILTERS.items()],
        names=list(CONDITION_NAMES),
    )


def _trigger(name: str, one: Trigger) -> TriggerOut:
    scope = one.scope if one.kinds or name in ("date.reached", "box.untouched") else "any"
    return TriggerOut(
        name, one.description, scope, [_param(param) for param in one.params], one.subject or msgspec.UNSET
    )


def _step(name: str, one: StepKind) -> StepOut:
    return StepOut(name, one.description, [_param(param) for param in one.params], list(one.output))


def _param(one: Param) -> ParamOut:
    options = list(one.options) if one.options else msgspec.UNSET
    return ParamOut(one.name, one.kind, one.description, one.required, one.templates, options)
