"""The steps of an automation: how they are checked when it is saved, and the order in which they run.

A step is `{"id", "type", "name", "with": {…}, "onError": "stop" or "continue"}`. A branch also has steps in `then` and
`else`. The tree of steps is flattened to a list of `FlatStep`s; the place of a run is an index in this list.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from ...errors import Invalid
from ...lib import templates
from ...lib.address_rules import Refused, Rules, check_headers
from .. import cel
from .step_kinds import LONGEST_WAIT, STEPS, UNITS, StepKind
from .triggers import Param

MOST = 100
"""Steps of an automation."""
DEEPEST = 5
"""Levels of branches within branches."""
CONDITION_NAMES = (
    *(
        "trigger",
        "box",
        "fields",
        "before",
        "actor",
        "owner",
        "task",
        "comment",
        "meeting",
        "file",
        "thread",
        "message",
    ),
    *("contact", "organization", "body", "query", "headers", "steps", "now"),
)
"""The names that a condition may use. A name that has no value in a run is null."""
_ID = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,39}", re.ASCII)
KEEP_SECRET = {"default", "upper", "lower", "capitalize", "trim", "replace", "json", "url"}
"""Filters for secrets. The others can make of a secret a text so short that logs cannot hide it."""
_SECRET = re.compile(r"\{\{\s*secrets\b")


class FlatStep(msgspec.Struct, frozen=True):
    """A step in the flattened list. `path` is its place in the tree, such as `2.then.0`.

    `to` is the index to jump to: for a branch, the first step of `else`; for the end of a `then` (a step with the type
    ''), the step after the branch."""

    path: str
    type: str
    id: str = ""
    name: str = ""
    given: dict[str, Any] = {}
    goes_on: bool = False
    to: int = 0


def flatten(tree: list[dict[str, Any]], where: str = "", start: int = 0) -> list[FlatStep]:
    """The steps of a tree in the order in which they run. `start` is the index of the first."""
    ops: list[FlatStep] = []
    for at, step in enumerate(tree):
        path = f"{where}{at}"
        op = FlatStep(
            path,
            step["type"],
            step.get("id", ""),
            step.get("name", ""),
            step.get("with", {}),
            step.get("onError") == "continue",
        )
        ops.append(op)
        if op.type == "branch":
            then = flatten(step.get("then", []), f"{path}.then.", start + len(ops))
            else_start = start + len(ops) + len(then) + 1
            otherwise = flatten(step.get("else", []), f"{path}.else.", else_start)
            ops[-1] = msgspec.structs.replace(op, to=else_start)
            ops += [*then, FlatStep(path, "", to=else_start + len(otherwise)), *otherwise]
    return ops


class StepChecker:
    """Checks the steps of an automation that is being saved. Each step adds its output to `scope`, the names that
    templates of later steps may use."""

    def __init__(
        self,
        scope: dict[str, Any],
        rules: Rules,
        *,
        with_box: bool,
        check_filter: Callable[[Any, str], None],
        check_condition: Callable[[str, str], None],
        check_names: Callable[[str, dict[str, Any], str], None],
    ) -> None:
        """`with_box`: whether the runs are about a box. `check_names` checks that what a step names exists."""
        self.scope = scope
        self.rules = rules
        self.with_box = with_box
        self.check_filter = check_filter
        self.check_condition = check_condition
        self.check_names = check_names
        self.count = 0
        self.ids: set[str] = set()

    def steps(self, tree: Any, where: str, left: int = DEEPEST) -> list[dict[str, Any]]:
        """The steps to store. `left` is the number of levels that may still follow."""
        if not isinstance(tree, list):
            raise Invalid(where, "must be a list of steps")
        if not left:
            raise Invalid(where, f"must not be nested more than {DEEPEST} levels deep")
        return [self._step(step, f"{where}[{at}]", left) for at, step in enumerate(tree)]

    def _step(self, step: Any, where: str, left: int) -> dict[str, Any]:
        if not isinstance(step, dict):
            raise Invalid(where, "must be an object")
        name = step.get("type")
        if not isinstance(name, str) or name not in STEPS:
            raise Invalid(f"{where}.type", f"there is no step {str(name)[:50]!r}; use one of {', '.join(STEPS)}")
        self.count += 1
        if self.count > MOST:
            raise Invalid(where, f"an automation must not have more than {MOST} steps")
        kind, given = STEPS[name], step.get("with") or {}
        if not isinstance(given, dict):
            raise Invalid(f"{where}.with", "must be an object")
        checked: dict[str, Any] = {"id": self._id(step.get("id"), where), "type": name}
        if step.get("name"):
            checked["name"] = _line(step["name"], f"{where}.name")
        checked["with"] = self._params(name, kind, given, f"{where}.with")
        if step.get("onError") not in (None, "stop", "continue"):
            raise Invalid(f"{where}.onError", "must be stop or continue")
        checked["onError"] = step.get("onError") or "stop"
        if name == "branch":
            checked["then"] = self.steps(step.get("then") or [], f"{where}.then", left - 1)
            checked["else"] = self.steps(step.get("else") or [], f"{where}.else", left - 1)
        elif step.get("then") or step.get("else"):
            raise Invalid(f"{where}.then", "is only for steps of the type branch")
        output = dict.fromkeys((*kind.output, "error"), templates.ANYTHING)
        self.scope["steps"] = {**self.scope["steps"], checked["id"]: output}
        return checked

    def _id(self, given: Any, where: str) -> str:
        if given in (None, ""):
            number = self.count
            while f"step{number}" in self.ids:
                number += 1
            given = f"step{number}"
        if not isinstance(given, str) or not _ID.fullmatch(given):
            raise Invalid(f"{where}.id", "must be a letter, followed by up to 39 letters, digits and _")
        if given in self.ids:
            raise Invalid(f"{where}.id", f"must be unique: another step has the id {given}")
        self.ids.add(given)
        return given

    def _params(self, name: str, kind: StepKind, given: dict[str, Any], where: str) -> dict[str, Any]:
        known = [param.name for param in kind.params]
        for member in given:
            if member not in known:
                takes = f"takes {', '.join(known)}" if known else "takes no parameters"
                raise Invalid(f"{where}.{member[:50]}", f"is unknown: {name} {takes}")
        checked = {}
        for param in kind.params:
            value = given.get(param.name)
            if value is None or value in ("", [], {}):
                if param.required:
                    raise Invalid(f"{where}.{param.name}", "is missing")
                if value is None or param.kind not in ("value", "json"):
                    continue
            checked[param.name] = self._checked(param, value, f"{where}.{param.name}", name == "http.request")
        if kind.of_box and not self.with_box and "box" not in checked:
            raise Invalid(f"{where}.box", "is missing: runs of this automation are not about a box")
        _check_combination(name, checked, where)
        self.check_names(name, checked, where)
        return checked

    def _checked(self, param: Param, value: Any, where: str, outside: bool) -> Any:
        if param.templates:
            # Only requests may use secrets.
            scope = self.scope if outside else {name: it for name, it in self.scope.items() if name != "secrets"}
            cel.check_templates(value, scope, where)
            _check_secrets(param, value, where)
        match param.kind:
            case "text" | "pipeline" | "automation" | "stage" | "condition":
                if isinstance(value, int) and not isinstance(value, bool):
                    value = str(value)
                if not isinstance(value, str):
                    raise Invalid(where, "must be text")
            case "texts" | "users":
                value = [value] if isinstance(value, str) else value
                if not isinstance(value, list) or not all(isinstance(text, str) for text in value) or len(value) > 200:
                    raise Invalid(where, "must be a list of texts")
            case "map" | "fieldValues":
                if not isinstance(value, dict):
                    raise Invalid(where, "must be an object")
            case "flag":
                if not isinstance(value, bool):
                    raise Invalid(where, "must be true or false")
            case "integer":
                if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 100_000:
                    raise Invalid(where, "must be a whole number from 1 to 99,999")
            case "choice":
                if value not in param.options:
                    raise Invalid(where, f"must be one of {', '.join(param.options)}")
            case "duration":
                milliseconds(value, where)
        self._check_meaning(param, value, where)
        return value

    def _check_meaning(self, param: Param, value: Any, where: str) -> None:
        """Check filters, conditions, addresses and headers."""
        if param.kind == "filter":
            self.check_filter(value, where)
        if param.kind == "condition":
            self.check_condition(value, where)
        if param.kind == "text" and param.name == "url":
            self._check_url(value, where)
        if param.kind == "map" and param.name == "headers":
            try:
                check_headers({name: "x" if "{{" in str(text) else str(text) for name, text in value.items()})
            except Refused as refused:
                raise Invalid(where, str(refused)) from None

    def _check_url(self, url: str, where: str) -> None:
        if "{{" not in url:
            try:
                self.rules.check_url(url)
            except Refused as refused:
                raise Invalid(where, str(refused)) from None


def _check_secrets(param: Param, value: Any, where: str) -> None:
    if param.name in ("url", "query") and _SECRET.search(str(value)):
        raise Invalid(where, "must not contain a secret, because logs contain addresses: use a header instead")
    if others := templates.filters_below(value, "secrets") - KEEP_SECRET:
        known = ", ".join(sorted(KEEP_SECRET))
        raise Invalid(where, f"must not use the filter {min(others)} on a secret: filters for secrets are {known}")


def _check_combination(name: str, params: dict[str, Any], where: str) -> None:
    """Check parameters of a step that depend on each other."""
    if name == "wait":
        if ("until" in params) == ("amount" in params):
            raise Invalid(where, "must have either until, or amount and unit")
        if "amount" in params and params["amount"] * UNITS[params.get("unit", "minutes")] > LONGEST_WAIT:
            raise Invalid(f"{where}.amount", "must not be more than a year")
    if name == "branch" and not params:
        raise Invalid(where, "must have a filter, a condition, or both")
    if name == "http.request" and len({"json", "form", "text"} & params.keys()) > 1:
        raise Invalid(where, "must have only one of json, form and text")
    if name == "box.edit" and not {"name", "notes", "addNotes"} & params.keys():
        raise Invalid(where, "must have name, notes or addNotes")
    if name == "http.request" and params.get("attempts", 1) > 11:
        raise Invalid(f"{where}.attempts", "must not be more than 11")


def milliseconds(value: Any, where: str) -> int:
    """The length in milliseconds of a duration such as `{"amount": 3, "unit": "days"}`."""
    fine = isinstance(value, dict) and isinstance(value.get("amount"), int) and value.get("unit") in UNITS
    if not fine or not 0 <= value["amount"] < 100_000:
        raise Invalid(
            where, f'must be a duration such as {{"amount": 3, "unit": "days"}}; units are {", ".join(UNITS)}'
        )
    return int(value["amount"] * UNITS[value["unit"]])


def _line(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise Invalid(where, "must be a text of at most 200 characters")
    return value.strip()
