"""The options of dropdowns and tags on the wire, in fields of pipelines and of teams alike."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.records import Option
from ..codec import Shape
from ..kinds import KEY, NAME, NAMES, Kind, record, records
from .base import Out


class DropdownItem(Out):
    key: str
    name: str


class TagItem(Out):
    key: str
    tag: str


class DropdownSettings(Out):
    items: list[DropdownItem]


class TagSettings(Out):
    tags: list[TagItem]


def settings(kind: str, options: list[Option]) -> tuple[Any, Any]:
    """`dropdownSettings` and `tagSettings` of a field of this type."""
    dropdown: Any = msgspec.UNSET
    tags: Any = msgspec.UNSET
    if kind == "DROPDOWN":
        dropdown = DropdownSettings([DropdownItem(option.key, option.name) for option in options])
    if kind == "TAG":
        tags = TagSettings([TagItem(option.key, option.name) for option in options])
    return dropdown, tags


_ITEMS = Shape("DropdownItems", items=records(Shape("DropdownItem", key=KEY, name=NAME), bare="name"))
_TAGS = Shape(
    "Tags",
    tags=records(
        Shape("Tag", key=KEY, name=NAME, aliases={"tag": "name"}),
        bare="tag",
    ),
)
MEMBERS: dict[str, Kind] = {
    "dropdown_settings": record(_ITEMS),
    "tag_settings": record(_TAGS),
    "enum_values": NAMES,
}


def read(found: dict[str, Any]) -> list[dict[str, Any]] | None:
    """`dropdownSettings` or `tagSettings` (or n8n's `enumValues`) as our `options`; None where none is given."""
    options = None
    if (dropdown := found.get("dropdown_settings")) and "items" in dropdown:
        options = dropdown["items"]
    if (tags := found.get("tag_settings")) and "tags" in tags:
        options = tags["tags"]
    if found.get("enum_values"):
        options = [{"name": name} for name in found["enum_values"]]
    return options
