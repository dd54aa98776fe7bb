"""Conditions of grants: what must be true of the thing and of the user for a grant to apply.

Each condition is written twice: `holds` checks a thing in memory, `test` is an SQL condition on box `b`. The two must
agree. BOX_UPDATE and BOX_VIEW stand for the conditions of another grant; `access.Role.checks` resolves them first.
"""

from __future__ import annotations

import re
from typing import Any

from ..db.engine import Dialect
from ..errors import Invalid
from ..lib import dates, numbers

ENTITIES = ("PIPELINE", "STAGE", "FIELD", "BOX", "TASK", "COMMENT", "MEETING", "FILE", "THREAD", "SNIPPET")
PARTS = ("TASK", "COMMENT", "MEETING", "FILE", "THREAD")
"""What a box holds. Users who see the box see all of it."""
_SHOWING = ("GET", "ORDER", "RESIZE", "HIDE", "FREEZE", "SUMMARY")
"""What every user who sees a pipeline may do with its fields: see them, and arrange them in views of their own."""
REFERS = {"BOX_UPDATE": "UPDATE", "BOX_VIEW": "GET"}
"""Conditions that hold if the user may do this action to the box."""
OPERATORS = ("EQUALS", "NOT_EQUALS", "CONTAINS", "IS_EMPTY", "IS_NOT_EMPTY")
COMPARABLE = ("TEXT_INPUT", "DROPDOWN", "CHECKBOX", "DATE", "TAG")
MOST_VALUE = 1000
_OF_ANYTHING = ("NONE", "UNARCHIVED", "CREATOR")

Params = dict[str, str | None]


def holds(user_key: str, condition: str, params: Params, thing: Any) -> bool:
    """Return whether the condition holds for this user and thing.

    The thing is a box, a record with a box's members, or a pipeline, of which only the creator counts.
    """
    match condition:
        case "NONE" | "UNARCHIVED":  # an archived member reaches nothing at all
            return True
        case "ASSIGNED_TO":
            return user_key in getattr(thing, "assignee_keys", [])
        case "CREATOR":
            return user_key == getattr(thing, "creator_key", None)
        case "STAGE":
            return getattr(thing, "stage_key", None) in _stages(params)
        case "FIELD_COMPARISON":
            return hasattr(thing, "fields") and _compares(params, thing.fields)
    return False


def test(dialect: Dialect, user_key: str, condition: str, params: Params, name: str) -> tuple[str, dict[str, Any]]:
    """Return the condition in SQL on box `b`, and its parameters. The names of the parameters begin with `name`."""
    match condition:
        case "NONE" | "UNARCHIVED":
            return "1 = 1", {}
        case "ASSIGNED_TO":
            assigned = "SELECT 1 FROM assignments a WHERE a.box_key = b.key AND a.user_key"
            return f"EXISTS ({assigned} = :{name})", {name: user_key}
        case "CREATOR":
            return f"b.creator_key = :{name}", {name: user_key}
        case "STAGE":
            given = {f"{name}_{at}": key for at, key in enumerate(_stages(params))}
            return f"b.stage_key IN ({', '.join(f':{param}' for param in given)})", given
        case "FIELD_COMPARISON":
            return _comparison(dialect, params, name)
    return "1 = 0", {}


def _stages(params: Params) -> list[str]:
    return [key.strip() for key in (params.get("stageKey") or "").split(",")]


def _compares(params: Params, values: dict[str, Any]) -> bool:
    stored, operator, value = (
        values.get(params.get("fieldKey") or ""),
        params.get("operator"),
        params.get("value") or "",
    )
    match operator:
        case "IS_EMPTY" | "IS_NOT_EMPTY":
            return (stored is None) == (operator == "IS_EMPTY")
        case "EQUALS" | "NOT_EQUALS":
            return _equals(stored, value) == (operator == "EQUALS")
        case "CONTAINS":
            parts = stored if isinstance(stored, list) else [] if stored is None else [stored]
            return any(value in str(part) for part in parts)
    return False


def _equals(stored: Any, value: str) -> bool:
    if value == "false":
        return not _equals(stored, "true")
    if isinstance(stored, bool):
        return stored and value == "true"
    number = numbers.read(value)
    if number is None:
        return bool(stored == value)
    found = numbers.read(stored) if isinstance(stored, str) else stored
    return isinstance(found, (int, float)) and float(found) == float(number)


def _comparison(dialect: Dialect, params: Params, name: str) -> tuple[str, dict[str, Any]]:
    key, operator, value = params.get("fieldKey") or "", params.get("operator"), params.get("value") or ""
    if not _is_key(key):
        return "1 = 0", {}
    stored = dialect.field_value("b.fields", key)
    match operator:
        case "IS_EMPTY" | "IS_NOT_EMPTY":
            return f"{stored} IS {'NOT ' if operator == 'IS_NOT_EMPTY' else ''}NULL", {}
        case "EQUALS" | "NOT_EQUALS":
            contrary = (operator == "NOT_EQUALS") != (value == "false")
            equal, given = _equal(dialect, key, "true" if value == "false" else value, name)
            return f"{'NOT ' if contrary else ''}COALESCE({equal}, FALSE)", given
        case "CONTAINS":
            return f"COALESCE({dialect.contains(stored, name)}, FALSE)", {name: value}
    return "1 = 0", {}


def _equal(dialect: Dialect, key: str, value: str, name: str) -> tuple[str, dict[str, Any]]:
    number = numbers.read(value)
    if number is not None:
        return f"{dialect.field_number('b.fields', key, 'b.numbers')} = :{name}", {name: number}
    if value == "true":
        return f"{dialect.field_flag('b.fields', key)} = 1", {}
    return f"{dialect.field_value('b.fields', key)} = :{name}", {name: value}


def _is_key(text: str) -> bool:
    """Return whether the text is the key of a stage or a field: only digits, so it is safe inside an SQL text."""
    return bool(re.fullmatch(r"[0-9]{1,9}", text, re.ASCII))


def check(
    entity: str, action: str, condition: str, params: Params, stages: list[str], types: dict[str, str], where: str
) -> None:
    """Raise `Invalid` if a grant makes no sense. `types` are the types of the pipeline's fields, by field key."""
    if entity not in (*ENTITIES, "*"):
        raise Invalid(f"{where}.entityType", f"must be one of {', '.join(ENTITIES)}, but is {entity[:50]!r}")
    if entity in ("PIPELINE", "STAGE", "FIELD") and action != "GET_BOXES" and condition not in _OF_ANYTHING:
        known = ", ".join(_OF_ANYTHING)
        raise Invalid(
            f"{where}.conditionalCheck", f"is a condition on boxes; for a {entity.lower()} it must be one of {known}"
        )
    if action == "OVERRIDE_SHARING_RESTRICTION":
        raise Invalid(f"{where}.action", "cannot be granted: a restriction of sharing holds for every user")
    if condition != "NONE" and ((entity in PARTS and action == "GET") or (entity == "FIELD" and action in _SHOWING)):
        raise Invalid(
            f"{where}.conditionalCheck",
            f"must be NONE: {entity} {action} is allowed to every user who "
            f"sees {'the box' if entity in PARTS else 'the pipeline'}",
        )
    if entity == "SNIPPET" and condition not in _OF_ANYTHING:
        raise Invalid(
            f"{where}.conditionalCheck",
            f"is a condition on boxes; for a snippet it must be one of {', '.join(_OF_ANYTHING)}",
        )
    if condition == "STAGE":
        for key in _stages(params):
            if key not in stages:
                raise Invalid(
                    f"{where}.params.stageKey", f"no stage {key[:50]!r} here: must be one of {', '.join(stages)}"
                )
    if condition == "FIELD_COMPARISON":
        _check_comparison(params, types, f"{where}.params")


def _check_comparison(params: Params, types: dict[str, str], where: str) -> None:
    key, operator, value = params.get("fieldKey") or "", params.get("operator") or "", params.get("value")
    if key not in types:
        raise Invalid(f"{where}.fieldKey", f"no field {key[:50]!r} in this pipeline")
    if types[key] not in COMPARABLE:
        raise Invalid(f"{where}.fieldKey", f"is a {types[key]} field; must be one of {', '.join(COMPARABLE)}")
    if operator not in OPERATORS:
        raise Invalid(f"{where}.operator", f"must be one of {', '.join(OPERATORS)}")
    if operator in ("IS_EMPTY", "IS_NOT_EMPTY"):
        return
    if not value or len(value) > MOST_VALUE or "\x00" in value:
        raise Invalid(f"{where}.value", f"must be a text of 1 to {MOST_VALUE} characters")
    _check_kind(types[key], operator, value, where)


def _check_kind(kind: str, operator: str, value: str, where: str) -> None:
    """Raise `Invalid` for comparisons whose result would differ between the two databases."""
    if kind == "CHECKBOX" and (operator == "CONTAINS" or value not in ("true", "false")):
        raise Invalid(f"{where}.value", "must be true or false for a checkbox, with EQUALS or NOT_EQUALS")
    if kind != "CHECKBOX" and value in ("true", "false") and operator != "CONTAINS":
        raise Invalid(f"{where}.value", "must not be true or false: only checkboxes have these values")
    if kind == "TAG" and (operator != "CONTAINS" or not _is_key(value)):
        raise Invalid(f"{where}.value", "must be the key of an option for a tag field, with CONTAINS")
    if kind == "DATE" and operator != "CONTAINS" and not isinstance(numbers.read(value), int):
        at = dates.find(value)
        example = "1774915200000" if at is None else str(at)
        raise Invalid(f"{where}.value", f"must be a date in milliseconds, such as {example}, but is {value[:50]!r}")
    if kind != "TAG" and operator != "CONTAINS" and _is_odd_number(value):
        raise Invalid(f"{where}.value", "must be a number with at most 20 digits")


def _is_odd_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return numbers.read(value) is None and (len(value) > 20 or "e" in value.lower())
