"""Validation rules on the wire (spec 6.2; the shape is a gap, filled here)."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.pipelines.validation_rules import REJECT, WARN, ValidationRule
from ..codec import Shape
from ..kinds import FLAG, NAME, OBJECT, TEXT, clearable, one_of
from .base import Out, given


class ValidatorOut(Out, omit_defaults=False):
    """A rule has one of `assertion`, `formula` and `deny`."""

    key: str
    pipeline_key: str
    creator_key: str
    name: str
    mode: str
    """REJECT rejects changes that break the rule. WARN saves them with a warning."""
    creation_timestamp: int
    last_saved_timestamp: int
    message: str | msgspec.UnsetType = msgspec.UNSET
    condition: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    assertion: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    formula: str | msgspec.UnsetType = msgspec.UNSET
    deny: bool | msgspec.UnsetType = msgspec.UNSET
    problem: str | msgspec.UnsetType = msgspec.UNSET
    """Why the rule checks no boxes at the moment, such as a deleted field."""


class Violation(Out, omit_defaults=False):
    """A validation rule that a box breaks."""

    key: str
    """The key of the rule."""
    name: str
    mode: str
    message: str


def validator(rule: ValidationRule, formula: str | None, problem: str | None) -> ValidatorOut:
    return ValidatorOut(
        key=rule.key,
        pipeline_key=rule.pipeline_key,
        creator_key=rule.creator_key,
        name=rule.name,
        mode=rule.mode,
        creation_timestamp=rule.created_at,
        last_saved_timestamp=rule.saved_at,
        message=given(rule.message),
        condition=given(rule.condition),
        assertion=given(rule.assertion),
        formula=given(formula),
        deny=True if rule.denies else msgspec.UNSET,
        problem=given(problem),
    )


_MEMBERS = {
    "name": NAME,
    "mode": one_of(REJECT, WARN),
    "message": clearable(NAME),
    "condition": clearable(OBJECT),
    "assertion": clearable(OBJECT),
    "formula": clearable(TEXT),
    "denies": FLAG,
}
_DESCRIBED = {
    "mode": "REJECT (default) rejects changes that break the rule. WARN saves them with a warning.",
    "message": "The message when a box breaks the rule. Default: the name of the rule.",
    "condition": "A filter tree: the boxes to check. Default: all boxes.",
    "assertion": "A filter tree that these boxes must match.",
    "formula": "JavaScript or spreadsheet style, over the columns: true if the box is valid.",
    "denies": "No box may match the condition.",
}
VALIDATOR_CREATE = Shape(
    "ValidatorCreate", _MEMBERS, required=("name",), described=_DESCRIBED, aliases={"deny": "denies"}
)
VALIDATOR_EDIT = Shape("ValidatorEdit", _MEMBERS, described=_DESCRIBED, aliases={"deny": "denies"})
