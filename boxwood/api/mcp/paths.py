"""Paths of the API with the keys and names that an assistant gives."""

from __future__ import annotations

from .arguments import WrongArgument


def at(template: str, **given: str) -> str:
    """The path with the argument in place of `{}`."""
    ((name, value),) = given.items()
    value = value.strip()
    if not value or "/" in value or "\x00" in value or value in (".", ".."):
        raise WrongArgument(f"{name}: {value[:100]!r} cannot be used here: give the key instead of the name")
    return template.format(value)
