"""The steps of a rule: how they are checked when it is saved, and in what order they go.

A step is `{"id", "type", "name", "with": {…}, "onError": "stop" or "continue"}`; a branch holds steps in `then` and
`else` besides. A rule's tree of steps is flattened to a list of `Op`s, and a run's place is a number in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ...errors import Invalid
from ...lib import templates
from ...lib.address_rules import Refused, Rules, check_headers
from .. import cel
from .step_kinds import LONGEST_WAIT, STEPS, UNITS, StepKind
from .triggers import Param

MOST = 100
"""Steps of a rule."""
DEEPEST = 5
CONDITION_NAMES = (
    *("trigger", "box", "fields", "before", "actor", "owner", "task", "comment", "meeting", "file", "thread"),
    *("contact", "organization", "body", "query", "headers", "steps", "now"),
)
"""What a condition may speak of; what a run has not is null."""
_ID = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,39}", re.ASCII)
_SECRET = re.compile(r"\{\{\s*secrets\b")


class Op(msgspec.Struct, frozen=True):
    """A step at its place: `path` is where it stands in the rule. A branch that is not taken, and the end of the
    steps of one that is (a step of type ''), go on at `to`."""

    path: str
    type: str
    id: str = ""
    name: str = ""
    given: dict[str, Any] = {}
    goes_on: bool = False
    to: int = 0


def flatten(tree: list[dict[str, Any]], where: str = "", start: int = 0) -> list[Op]:
    ops: list[Op] = []
    for at, step in enumerate(tree):
        path = f"{where}{at}"
        op = Op(
            path,
            step["type"],
            step.get("id", ""),
            step.get("name", ""),
            step.get("with", {}),
            step.get("onError") == "continue",
        )
        ops.append(op)
        if op.type == "branch":
            yes = flatten(step.get("then", []), f"{path}.then.", start + len(ops))
            other = start + len(ops) + len(yes) + 1
            no = flatten(step.get("else", []), f"{path}.else.", other)
            ops[-1] = msgspec.structs.replace(op, to=other)
            ops += [*yes, Op(path, "", to=other + len(no)), *no]
    return ops


class Checker:
    """Reads the steps of a rule that is being saved. `scope` grows by what each step gives."""

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
        """`with_box`: its runs have a box. `check_names` looks whether what a step names is there."""
        self.scope = scope
        self.rules = rules
        self.with_box = with_box
        self.check_filter = check_filter
        self.check_condition = check_condition
        self.check_names = check_names
        self.count = 0
        self.ids: set[str] = set()

    def steps(self, tree: Any, where: str, left: int = DEEPEST) -> list[dict[str, Any]]:
        if not isinstance(tree, list):
            raise Invalid(where, "must be a list of steps")
        if not left:
            raise Invalid(where, f"is nested more than {DEEPEST} deep")
        return [self._step(one, f"{where}[{at}]", left) for at, one in enumerate(tree)]

    def _step(self, step: Any, where: str, left: int) -> dict[str, Any]:
        if not isinstance(step, dict):
            raise Invalid(where, "must be an object")
        name = step.get("type")
        if not isinstance(name, str) or name not in STEPS:
            raise Invalid(f"{where}.type", f"no such step {str(name)[:50]!r}; known are {', '.join(STEPS)}")
        self.count += 1
        if self.count > MOST:
            raise Invalid(where, f"a rule has at most {MOST} steps")
        kind, given = STEPS[name], step.get("with") or {}
        if not isinstance(given, dict):
            raise Invalid(f"{where}.with", "must be an object")
        kept: dict[str, Any] = {"id": self._id(step.get("id"), where), "type": name}
        if step.get("name"):
            kept["name"] = _line(step["name"], f"{where}.name")
        kept["with"] = self._given(name, kind, given, f"{where}.with")
        if step.get("onError") not in (None, "stop", "continue"):
            raise Invalid(f"{where}.onError", "is stop or continue")
        kept["onError"] = step.get("onError") or "stop"
        if name == "branch":
            kept["then"] = self.steps(step.get("then") or [], f"{where}.then", left - 1)
            kept["else"] = self.steps(step.get("else") or [], f"{where}.else", left - 1)
        elif step.get("then") or step.get("else"):
            raise Invalid(f"{where}.then", "belongs to a branch")
        gives = dict.fromkeys((*kind.gives, "error"), templates.ANYTHING)
        self.scope["steps"] = {**self.scope["steps"], kept["id"]: gives}
        return kept

    def _id(self, given: Any, where: str) -> str:
        if given in (None, ""):
            number = self.count
            while f"step{number}" in self.ids:
                number += 1
            given = f"step{number}"
        if not isinstance(given, str) or not _ID.fullmatch(given):
            raise Invalid(f"{where}.id", "is a letter, and up to 39 more letters, digits and _")
        if given in self.ids:
            raise Invalid(f"{where}.id", f"{given} is the id of another step too")
        self.ids.add(given)
        return given

    def _given(self, name: str, kind: StepKind, given: dict[str, Any], where: str) -> dict[str, Any]:
        known = {param.name: param for param in kind.params}
        for one in given:
            if one not in known:
                raise Invalid(f"{where}.{one[:50]}", f"{name} takes {', '.join(known) or 'nothing'}")
        kept = {}
        for param in kind.params:
            value = given.get(param.name)
            if value is None or value in ("", [], {}):
                if param.required:
                    raise Invalid(f"{where}.{param.name}", "is missing")
                if value is None or param.kind not in ("value", "json"):
                    continue
            kept[param.name] = self._checked(param, value, f"{where}.{param.name}", name == "http.request")
        if kind.of_box and not self.with_box and "box" not in kept:
            raise Invalid(f"{where}.box", "is missing: this automation's runs have no box of their own")
        _check_whole(name, kept, where)
        self.check_names(name, kept, where)
        return kept

    def _checked(self, param: Param, value: Any, where: str, outside: bool) -> Any:
        if param.templates:
            scope = self.scope if outside else {one: below for one, below in self.scope.items() if one != "secrets"}
            cel.check_templates(value, scope, where)
        match param.kind:
            case "text" | "pipeline" | "automation" | "stage" | "condition":
                if isinstance(value, int) and not isinstance(value, bool):
                    value = str(value)
                if not isinstance(value, str):
                    raise Invalid(where, "must be text")
            case "texts" | "users":
                value = [value] if isinstance(value, str) else value
                if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or len(value) > 200:
                    raise Invalid(where, "must be a list of texts")
            case "map" | "fieldValues":
                if not isinstance(value, dict):
                    raise Invalid(where, "must be an object")
            case "flag":
                if not isinstance(value, bool):
                    raise Invalid(where, "is true or false")
            case "integer":
                if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 100_000:
                    raise Invalid(where, "is a whole number above 0")
            case "choice":
                if value not in param.options:
                    raise Invalid(where, f"is one of {', '.join(param.options)}")
            case "duration":
                milliseconds(value, where)
        return self._of_pipeline(param, value, where)

    def _of_pipeline(self, param: Param, value: Any, where: str) -> Any:
        """What names the rule's own stages, fields and conditions."""
        if param.kind == "filter":
            self.check_filter(value, where)
        if param.kind == "condition":
            self.check_condition(value, where)
        if param.kind == "text" and param.name == "url":
            self._check_url(value, where)
        if param.kind == "map" and param.name == "headers":
            try:
                check_headers({name: "x" if "{{" in str(one) else str(one) for name, one in value.items()})
            except Refused as refused:
                raise Invalid(where, str(refused)) from None
        return value

    def _check_url(self, url: str, where: str) -> None:
        if _SECRET.search(url):
            raise Invalid(where, "may not hold a secret: addresses are written to logs; put it in a header")
        if "{{" not in url:
            try:
                self.rules.check_url(url)
            except Refused as refused:
                raise Invalid(where, str(refused)) from None


def _check_whole(name: str, kept: dict[str, Any], where: str) -> None:
    """What one parameter asks of another."""
    if name == "wait":
        if ("until" in kept) == ("amount" in kept):
            raise Invalid(where, "takes amount and unit, or until")
        if "amount" in kept and kept["amount"] * UNITS[kept.get("unit", "minutes")] > LONGEST_WAIT:
            raise Invalid(f"{where}.amount", "is more than a year")
    if name == "branch" and not kept:
        raise Invalid(where, "takes a filter, a condition, or both")
    if name == "http.request" and len({"json", "form", "text"} & kept.keys()) > 1:
        raise Invalid(where, "takes one of json, form and text")
    if name == "box.edit" and not {"name", "notes", "addNotes"} & kept.keys():
        raise Invalid(where, "takes name, notes or addNotes")
    if name == "http.request" and kept.get("attempts", 1) > 11:
        raise Invalid(f"{where}.attempts", "is 11 at most")


def milliseconds(value: Any, where: str) -> int:
    """Of `{"amount": 3, "unit": "days"}`."""
    fine = isinstance(value, dict) and isinstance(value.get("amount"), int) and value.get("unit") in UNITS
    if not fine or not 0 <= value["amount"] < 100_000:
        raise Invalid(where, f'is such as {{"amount": 3, "unit": "days"}}; units are {", ".join(UNITS)}')
    return int(value["amount"] * UNITS[value["unit"]])


def named(names: Mapping[str, str], wanted: Any, where: str, what: str) -> str:
    """The key of what is named by its key or its name."""
    text = str(wanted).strip()
    if text in names:
        return text
    found = [key for key, name in names.items() if name == text] or [
        key for key, name in names.items() if name.casefold() == text.casefold()
    ]
    if not found:
        known = ", ".join(f"{key} ({name})" for key, name in list(names.items())[:50]) or "none"
        raise Invalid(where, f"no {what} {text[:50]!r} here; known are {known}")
    return found[0]


def _line(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise Invalid(where, "is a text of at most 200 characters")
    return value.strip()
