"""Tables on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from .base import Out
from .boxes import BoxOut


class TableGroup(Out, omit_defaults=False):
    """For boxes without a value, `key` is empty and `value` is null. For dates, they are the month, such as 2026-03."""

    key: str
    value: Any
    count: int
    sums: dict[str, float | int]
    """The sums of the numbers of the group. A column in which most values are words has none."""
    ignored: dict[str, int]
    """For each sum, how many boxes of the group have a value that is no number; sums without such boxes are absent."""
    box_keys: list[str]
    name: str | list[str] | msgspec.UnsetType = msgspec.UNSET
    """The name of the stage, of the option or of the users, if the request has `names=true`."""


class TableOut(Out, omit_defaults=False):
    """`more` is true if there are more than 100,000 boxes. Then the last boxes are left out."""

    pipeline_key: str
    by: str
    count: int
    groups: list[TableGroup]
    results: list[BoxOut]
    more: bool
