"""Options: what a dropdown or a tag field offers. A value names them by key, so they can be renamed."""

from __future__ import annotations

import msgspec

from ...errors import Invalid


class Option(msgspec.Struct, frozen=True):
    key: str
    name: str


def check(options: list[Option], what: str) -> None:
    if len(options) > MOST_OPTIONS:
        raise Invalid(what, f"a field has at most {MOST_OPTIONS} options")
    names: set[str] = set()
    for option in options:
        if option.name in names:
            raise Invalid(what, f"two options are named {option.name[:100]!r}")
        names.add(option.name)
    if len({option.key for option in options}) < len(options):
        raise Invalid(what, "two options have the same key")


def listed(kind: str) -> str:
    """Where the options of a field of this type are on the wire."""
    return "dropdownSettings.items" if kind == "DROPDOWN" else "tagSettings.tags"


FIRST_OPTION = 9001


MOST_OPTIONS = 2000
