"""Conditions in CEL, the way the rest of the core asks them: errors name the member they were given in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Invalid
from ..lib import cel, templates
from ..lib.cel import CelError
from ..lib.template_filters import TemplateError

# Shared by all, as formulas' is; its process begins with the first condition.
ENGINE = cel.Engine()


def check(source: str, names: Iterable[str], where: str) -> None:
    """Refuse an expression that cannot be read, asks for other names than these or answers no yes or no."""
    try:
        ENGINE.check(source, names)
    except CelError as error:
        raise Invalid(where, str(error)) from None


def holds(source: str, names: Iterable[str], data: Mapping[str, Any]) -> bool:
    """Whether it holds. CelError, with a reason for its owner, where it cannot be told: something it asks for is
    not there, the kinds do not go together, it takes too long."""
    return ENGINE.judge(source, names, data)


def check_templates(value: Any, scope: templates.Scope, where: str) -> None:
    """Refuse a value with a template in it, at whatever depth, that cannot be read or names what is not there."""
    try:
        templates.check_all(value, scope, where)
    except TemplateError as error:
        raise Invalid(error.at or where, str(error)) from None
