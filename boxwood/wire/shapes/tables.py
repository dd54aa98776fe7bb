"""Tables on the wire."""

from __future__ import annotations

from typing import Any

from .base import Out
from .boxes import BoxOut


class TableGroup(Out, omit_defaults=False):
    """`key` is empty for boxes without a value, which is null then. Of dates it is the month, as 2026-03."""

    key: str
    value: Any
    count: int
    sums: dict[str, float | int]
    box_keys: list[str]


class TableOut(Out, omit_defaults=False):
    """`more` where there are over 100,000 boxes, of which the last are left out."""

    pipeline_key: str
    by: str
    count: int
    groups: list[TableGroup]
    results: list[BoxOut]
    more: bool
