"""The steps and settings of a sequence, and the checks when it is saved."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ....errors import Invalid
from ....lib import dates
from ... import cel
from ...context import Ctx
from ...pipelines import schema
from ...pipelines.filters import Filter
from ...records import Pipeline
from .. import snippets
from . import merge_fields
from .sequence_records import CONDITION, MAIL, STEP_TYPES, STOPS, TASK, WAIT, SequenceSettings

MOST_STEPS, MOST_DAYS, LONGEST = 50, 366, 100_000
CONDITION_NAMES = ("box", "fields", "contact", "owner", "now")
"""The names that a condition may use; `owner` is the user who started the run."""
_MEMBERS: dict[str, tuple[str, ...]] = {
    MAIL: ("subject", "html", "text", "snippetKey", "newThread"),
    WAIT: ("days",),
    TASK: ("text", "dueInDays", "assignees"),
    CONDITION: ("filter", "condition", "else"),
}
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def check(ctx: Ctx, pipeline: Pipeline, given: list[Any]) -> list[dict[str, Any]]:
    """The steps to store. Raise `Invalid` for everything that can be found wrong before a run."""
    if len(given) > MOST_STEPS:
        raise Invalid("steps", f"must be at most {MOST_STEPS}")
    steps = [_step(ctx, pipeline, step, f"steps[{at}]") for at, step in enumerate(given)]
    if not any(step["type"] == MAIL for step in steps):
        raise Invalid("steps", "must have at least one step of the type mail")
    return steps


def _step(ctx: Ctx, pipeline: Pipeline, step: Any, where: str) -> dict[str, Any]:
    if not isinstance(step, dict) or step.get("type") not in STEP_TYPES:
        raise Invalid(f"{where}.type", f"must be one of {', '.join(STEP_TYPES)}")
    kind = step["type"]
    members = {name: value for name, value in step.items() if name != "type" and value not in (None, "")}
    for name in members:
        if name not in _MEMBERS[kind]:
            raise Invalid(f"{where}.{name[:50]}", f"is unknown: {kind} takes {', '.join(_MEMBERS[kind])}")
    _CHECKS[kind](ctx, pipeline, members, where)
    return {"type": kind, **members}


def _mail(ctx: Ctx, pipeline: Pipeline, given: dict[str, Any], where: str) -> None:
    for name in ("subject", "html", "text"):
        if name in given:
            merge_fields.check(_text(given[name], f"{where}.{name}"), f"{where}.{name}", html=name == "html")
    if "newThread" in given and not isinstance(given["newThread"], bool):
        raise Invalid(f"{where}.newThread", "must be true or false")
    if "snippetKey" in given:
        snippets.get(ctx, _text(given["snippetKey"], f"{where}.snippetKey"))
    elif not (given.get("html") or given.get("text")):
        raise Invalid(f"{where}.html", "is missing: give html, text or snippetKey")


def _wait(ctx: Ctx, pipeline: Pipeline, given: dict[str, Any], where: str) -> None:
    given["days"] = _days(given.get("days"), f"{where}.days", least=1)


def _task(ctx: Ctx, pipeline: Pipeline, given: dict[str, Any], where: str) -> None:
    if not given.get("text"):
        raise Invalid(f"{where}.text", "is missing")
    merge_fields.check(_text(given["text"], f"{where}.text"), f"{where}.text")
    if "dueInDays" in given:
        _days(given["dueInDays"], f"{where}.dueInDays", least=0)
    people = given.get("assignees", [])
    if not isinstance(people, list) or len(people) > 50 or not all(isinstance(each, str) for each in people):
        raise Invalid(f"{where}.assignees", "must be a list of user keys or e-mail addresses")


def _condition(ctx: Ctx, pipeline: Pipeline, given: dict[str, Any], where: str) -> None:
    if not (given.get("filter") or given.get("condition")):
        raise Invalid(where, "must have a filter, a condition, or both")
    if given.get("filter"):
        Filter(ctx, pipeline, schema.fields_by_key(ctx, pipeline.key), given["filter"], f"{where}.filter")
    if given.get("condition"):
        cel.check(_text(given["condition"], f"{where}.condition"), CONDITION_NAMES, f"{where}.condition")
    if given.setdefault("else", "stop") not in ("stop", "skip"):
        raise Invalid(f"{where}.else", "must be stop (ends the run) or skip (leaves the next step out)")


_CHECKS = {MAIL: _mail, WAIT: _wait, TASK: _task, CONDITION: _condition}


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise Invalid(where, f"must be a text of at most {LONGEST:,} characters")
    return value


def _days(value: Any, where: str, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST_DAYS:
        raise Invalid(where, f"must be a whole number of days from {least} to {MOST_DAYS}")
    return value


def settings(before: SequenceSettings, given: dict[str, Any]) -> SequenceSettings:
    """The settings with the given members."""
    changes = {name: value for name, value in given.items() if value is not None}
    for name in ("opens", "closes"):
        if name in changes and not _TIME.fullmatch(changes[name]):
            raise Invalid(f"settings.{name}", "must be a time such as 09:00")
    if changes.get("time_zone") and dates.zone(changes["time_zone"]).tzname(None) == "UTC" != changes["time_zone"]:
        raise Invalid("settings.timeZone", "must be a time zone such as Europe/Berlin")
    for name in changes.get("stop_on", []):
        if name not in STOPS:
            raise Invalid("settings.stopOn", f"must be a list of some of {', '.join(STOPS)}")
    if "stop_on" in changes:
        changes["stop_on"] = tuple(name for name in STOPS if name in changes["stop_on"])
    after = msgspec.structs.replace(before, **changes)
    if after.opens >= after.closes:
        raise Invalid("settings.closes", "must be later than opens")
    return after
