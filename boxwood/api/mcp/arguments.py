"""The arguments of a tool: their JSON Schema for assistants, and the check of what an assistant sends."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


class WrongArgument(Exception):
    """An argument is missing, unknown or wrong. The text names it, its value, and what to do."""


def text(description: str, *allowed: str) -> Schema:
    return {"type": "string", "description": description, **({"enum": list(allowed)} if allowed else {})}


def number(description: str, least: int, most: int) -> Schema:
    return {"type": "integer", "description": description, "minimum": least, "maximum": most}


def flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def texts(description: str) -> Schema:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def members(description: str) -> Schema:
    return {"type": "object", "description": description}


def schema(arguments: dict[str, Schema], required: tuple[str, ...]) -> Schema:
    return {
        "type": "object",
        "properties": arguments,
        "additionalProperties": False,
        **({"required": list(required)} if required else {}),
    }


_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "boolean": ((bool,), "true or false"),
    "array": ((list,), "a list of texts"),
    "object": ((dict,), "an object"),
}


def check(arguments: dict[str, Schema], required: tuple[str, ...], given: dict[str, Any]) -> dict[str, Any]:
    """The arguments without those that are null. Raise `WrongArgument` for the first that is wrong."""
    known = ", ".join(arguments)
    for name in given:
        if name not in arguments:
            raise WrongArgument(f"{name[:100]}: there is no such argument; this tool takes {known or 'none'}")
    found = {name: _checked(name, arguments[name], value) for name, value in given.items() if value is not None}
    for name in required:
        if found.get(name) in (None, ""):
            raise WrongArgument(f"{name}: is required: {arguments[name]['description']}")
    return found


def _checked(name: str, wanted: Schema, value: Any) -> Any:
    if wanted["type"] == "array" and isinstance(value, str):
        value = [value]
    types, words = _TYPES[wanted["type"]]
    is_right = isinstance(value, types) and not (isinstance(value, bool) and bool not in types)
    if not is_right or (wanted["type"] == "array" and not all(isinstance(item, str) for item in value)):
        raise WrongArgument(f"{name}: must be {words}, not {_shown(value)}")
    if "enum" in wanted and value not in wanted["enum"]:
        raise WrongArgument(f"{name}: must be one of {', '.join(wanted['enum'])}, not {_shown(value)}")
    if "minimum" in wanted and not wanted["minimum"] <= value <= wanted["maximum"]:
        raise WrongArgument(f"{name}: must be {wanted['minimum']} to {wanted['maximum']}, not {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 100 else f"{shown[:97]}..."
