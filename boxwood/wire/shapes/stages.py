"""Stages of pipelines on the wire (spec 3.3). One shape serves both generations."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ...core.pipelines import stage_colours as stage_palette
from ...core.pipelines.schema import stage_colours
from ...core.records import STAGE_KINDS, Pipeline, Stage
from ..codec import Shape
from ..kinds import NAME, TEXT, Kind, Wrong, one_of, record
from .base import Out


class Color(Out):
    foreground_color: str
    background_color: str


class StageOut(Out, omit_defaults=False):
    """`kind` is OPEN, WON or LOST: what reports count as won and lost."""

    key: str
    name: str
    color: Color
    is_color_from_theme: bool
    kind: str
    pipeline_key: str
    last_updated_timestamp: int
    box_count: int | msgspec.UnsetType = msgspec.UNSET


def stage(pipeline: Pipeline, stage: Stage, counts: dict[str, int] | None = None) -> StageOut:
    return stage_as(stage, stage_colours(pipeline, stage), counts)


def stage_as(stage: Stage, shown: tuple[str, str], counts: dict[str, int] | None = None) -> StageOut:
    """The stage with these colours, which are its own or those of the theme."""
    return StageOut(
        key=stage.key,
        name=stage.name,
        color=Color(*shown),
        is_color_from_theme=not (stage.foreground or stage.background),
        kind=stage.kind,
        pipeline_key=stage.pipeline_key,
        last_updated_timestamp=stage.updated_at,
        box_count=msgspec.UNSET if counts is None else counts.get(stage.key, 0),
    )


_COLOR = Shape(
    "ColorEdit",
    foreground=TEXT,
    background=TEXT,
    aliases={"foregroundColor": "foreground", "backgroundColor": "background"},
)
_HEX = re.compile(r"#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def _read_color(value: Any) -> dict[str, Any]:
    """Both colours, or one text as colour pickers send it: the background. The text on it is then dark or white."""
    if isinstance(value, str) and (text := value.strip()) and not text.startswith("{"):
        if not _HEX.fullmatch(text):
            raise Wrong("must be a colour such as #00ff00, or an object with backgroundColor and foregroundColor")
        digits = text.removeprefix("#")
        background = "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits)).lower()
        return {"background": background, "foreground": stage_palette.readable_on(background)}
    found: dict[str, Any] = _COLORS.read(value)
    return found


_COLORS = record(_COLOR)
STAGE = Shape(
    "StageEdit",
    name=NAME,
    kind=one_of(*STAGE_KINDS),
    color=Kind(_read_color, {"anyOf": [_COLORS.schema, {"type": "string", "description": "Such as #00ff00."}]}),
    described={
        "kind": "Default: what the name says. A name with the word won or lost is of that kind.",
        "color": "Send both empty to use the colours of the theme again.",
    },
)
