"""Boards on the wire."""

from __future__ import annotations

import msgspec

from .base import Out
from .boxes import BoxOut
from .pipelines import Color


class BoardColumn(Out, omit_defaults=False):
    """`count` and `sums` are of all its boxes, not of those shown alone; `results` are the first of them."""

    key: str
    """A stage's or an option's; empty for boxes without a value."""
    name: str
    count: int
    sums: dict[str, float | int]
    results: list[BoxOut]
    has_next_page: bool
    cursor: str | msgspec.UnsetType = msgspec.UNSET
    """Asked for with `column` it gets the next page; the last page has none."""
    color: Color | msgspec.UnsetType = msgspec.UNSET


class BoardOut(Out, omit_defaults=False):
    pipeline_key: str
    by: str
    count: int
    columns: list[BoardColumn]
