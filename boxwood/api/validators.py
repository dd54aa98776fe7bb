"""Validation rules over HTTP."""

from __future__ import annotations

from ..core import pipelines
from ..core.pipelines import validation_rules
from ..core.pipelines.validation_rules import ValidationRule
from ..wire.shapes import validators as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import ALL, Call


def _shown(call: Call, rule: ValidationRule) -> shapes.ValidatorOut:
    pipeline = pipelines.get(call.ctx, rule.pipeline_key)
    formula, problem = validation_rules.formula_of(call.ctx, rule), validation_rules.problem(call.ctx, pipeline, rule)
    return shapes.validator(rule, formula, problem)


def list_page(call: Call) -> Results[shapes.ValidatorOut]:
    """The validation rules of a pipeline, oldest first."""
    limit, offset = call.page(ALL)
    found = validation_rules.page(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([_shown(call, rule) for rule in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.ValidatorOut:
    """A validation rule."""
    return _shown(call, validation_rules.get(call.ctx, *call.path))


def create(call: Call) -> shapes.ValidatorOut:
    """Create a validation rule: `name`, and one of `assertion`, `formula` and `deny`. For admins.

    Boxwood checks the existing boxes in the background. A box that breaks the rule shows it in `violations`.
    """
    return _shown(call, validation_rules.create(call.ctx, call.path[0], call.parse(shapes.VALIDATOR_CREATE)))


def edit(call: Call) -> shapes.ValidatorOut:
    """Update a validation rule.

    Only the members you send change. A new `assertion`, `formula` or `deny` replaces the previous one.
    """
    changes = call.parse(shapes.VALIDATOR_EDIT)
    return _shown(call, validation_rules.edit(call.ctx, call.path[0], call.path[1], changes))


def delete(call: Call) -> Success:
    """Delete a validation rule. Boxes are no longer checked against it."""
    validation_rules.delete(call.ctx, *call.path)
    return SUCCESS
