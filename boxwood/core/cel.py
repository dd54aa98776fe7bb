"""Check and evaluate conditions in CEL and templates. Errors name the member that holds the expression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Invalid
from ..lib import cel, templates
from ..lib.cel import CelError
from ..lib.template_filters import TemplateError

# One engine for all of core. Its process starts when the first condition is evaluated.
ENGINE = cel.Engine()


def check(source: str, names: Iterable[str], where: str) -> None:
    """Raise `Invalid` for `where` if the expression cannot be parsed, uses a name that is not in `names`, or does not
    return true or false."""
    try:
        ENGINE.check(source, names)
    except CelError as error:
        raise Invalid(where, str(error)) from None


def holds(source: str, names: Iterable[str], data: Mapping[str, Any]) -> bool:
    """Return whether the condition holds for this data.

    `CelError` means that it cannot be evaluated: a value is missing, types do not match, or it takes too long. Its
    text tells the owner of the condition why.
    """
    return ENGINE.judge(source, names, data)


def check_templates(value: Any, scope: templates.Scope, where: str) -> None:
    """Raise `Invalid` if a template in the value, at any depth, cannot be parsed or uses a name out of its scope."""
    try:
        templates.check_all(value, scope, where)
    except TemplateError as error:
        raise Invalid(error.at or where, str(error)) from None
