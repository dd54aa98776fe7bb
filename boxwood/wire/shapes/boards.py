"""Boards on the wire."""

from __future__ import annotations

import msgspec

from ..codec import Shape
from ..kinds import FLAG, KEY, NAME, nullable
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
    golden: list[str]
    """Keys of those among the results that bear a golden mark."""
    cursor: str | msgspec.UnsetType = msgspec.UNSET
    """Asked for with `column` it gets the next page; the last page has none."""
    color: Color | msgspec.UnsetType = msgspec.UNSET


class BoardOut(Out, omit_defaults=False):
    pipeline_key: str
    by: str
    count: int
    columns: list[BoardColumn]


class PlaceOut(Out, omit_defaults=False):
    """Where a box stands on the board `by` stages or a dropdown field."""

    box_key: str
    by: str
    column: str
    """The stage's or option's key; empty without a value."""
    golden: bool


PLACE = Shape(
    "PlaceEdit",
    by=NAME,
    after=nullable(KEY),
    golden=FLAG,
    described={
        "by": "stage (as without it), or a dropdown field's key: which board.",
        "after": "The box of the same column below which it is to stand; null for the top.",
        "golden": "Golden boxes stand above all others.",
    },
)
