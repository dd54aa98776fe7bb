"""Boards on the wire."""

from __future__ import annotations

import msgspec

from ..codec import Shape
from ..kinds import FLAG, KEY, NAME, clearable
from .base import Out
from .boxes import BoxOut
from .stages import Color


class BoardColumn(Out, omit_defaults=False):
    """`count` and `sums` are of all boxes of the column. `results` are the first of these boxes."""

    key: str
    """The key of the stage or option; empty for boxes without a value."""
    name: str
    count: int
    sums: dict[str, float | int]
    ignored: dict[str, int]
    """For each sum, how many boxes have a value that is no number; sums without such boxes are absent."""
    results: list[BoxOut]
    has_next_page: bool
    golden: list[str]
    """Keys of the results that have a golden mark."""
    cursor: str | msgspec.UnsetType = msgspec.UNSET
    """Send it with `column` to get the next page. The last page has none."""
    color: Color | msgspec.UnsetType = msgspec.UNSET


class BoardOut(Out, omit_defaults=False):
    pipeline_key: str
    by: str
    count: int
    columns: list[BoardColumn]


class PlaceOut(Out, omit_defaults=False):
    """The position of a box on the board `by` stages or a dropdown field."""

    box_key: str
    by: str
    column: str
    """The key of the stage or option; empty without a value."""
    golden: bool


PLACE = Shape(
    "PlaceEdit",
    by=NAME,
    after=clearable(KEY),
    golden=FLAG,
    described={
        "by": "The board: `stage` (default) or the key of a dropdown field.",
        "after": "The box of the same column above it; null for the top.",
        "golden": "Golden boxes are above all other boxes.",
    },
)
