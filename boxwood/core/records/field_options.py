"""Options of dropdown and tag fields. A field value holds the option's key, so options can be renamed."""

from __future__ import annotations

import msgspec

from ...errors import Invalid


class Option(msgspec.Struct, frozen=True):
    """An option of a dropdown or tag field."""

    key: str
    name: str


def check(options: list[Option], where: str) -> None:
    """Raise `Invalid` for `where` if there are too many options, or two with the same name or key."""
    if len(options) > MOST_OPTIONS:
        raise Invalid(where, f"must have at most {MOST_OPTIONS} options")
    names: set[str] = set()
    for option in options:
        if option.name in names:
            raise Invalid(where, f"two options are named {option.name[:100]!r}")
        names.add(option.name)
    if len({option.key for option in options}) < len(options):
        raise Invalid(where, "two options have the same key")


def listed(kind: str) -> str:
    """Return the member of the API that holds the options of a field of this type."""
    return "dropdownSettings.items" if kind == "DROPDOWN" else "tagSettings.tags"


FIRST_OPTION = 9001


MOST_OPTIONS = 2000
