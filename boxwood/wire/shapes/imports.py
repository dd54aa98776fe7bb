"""Imports on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.import_export.imports import Import
from ...core.import_export.presets import Preset
from ...core.import_export.row_reader import ImportPlan, RejectedRow
from ...core.records import STAGE_KINDS
from ...errors import Invalid
from ..codec import Shape
from ..kinds import NAME
from .base import Out, given
from .pipelines import PIPELINE_CREATE


class RefusedRow(Out, omit_defaults=False):
    """`row` counts from 1, without the header. `column` is empty if the whole row is wrong."""

    row: int
    column: str
    reason: str
    cells: Any


class ImportOut(Out, omit_defaults=False):
    """`state` is waiting, running, done, cancelled or failed. `rows` is the number of rows read so far. `progress` is
    from 0 to 1."""

    key: str
    pipeline_key: str
    creator_key: str
    state: str
    dry_run: bool
    progress: float
    rows: int
    created: int
    updated: int
    refused: int
    format: str
    mapping: dict[str, str | None]
    change: str
    """The key of the change: send it to undo the import."""
    creation_timestamp: int
    match: str | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    end_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    refused_rows: list[RefusedRow] | msgspec.UnsetType = msgspec.UNSET
    """The first 1,000 rejected rows, in the answer of a dry run alone."""


class PreviewColumn(Out, omit_defaults=False):
    name: str
    target: str | None
    samples: list[str]


class PresetOut(Out, omit_defaults=False):
    """The export of another program that a table looks like."""

    key: str
    title: str
    """The program, and what it exports, such as `HubSpot deals`."""
    noun: str
    """What its rows are here: boxes, contacts or organizations."""
    make: list[str]
    """What an import of it should be allowed to create."""


class PreviewOut(Out, omit_defaults=False):
    """How Boxwood reads a table. `target` is where a column goes; `rows` are the members of the first boxes."""

    format: str
    encoding: str
    delimiter: str
    dates: str
    """The order of day, month and year in numeric dates: ymd, dmy or mdy."""
    dates_ambiguous: bool
    """Whether no date shows the order, so that the user should confirm it."""
    dates_notes: list[str]
    """What was found about the dates, in sentences for users."""
    excel_days: list[str]
    """Columns with the day numbers of a spreadsheet, such as 45720, which are read as days."""
    columns: list[PreviewColumn]
    rows: list[dict[str, Any]]
    refused: list[RefusedRow]
    missing: dict[str, list[str]]
    """What the rows name but does not exist, under `stages`, `people` or the key of a field."""
    warnings: list[str]
    sheet: str
    """The sheet that is read; empty if the table is no spreadsheet."""
    sheets: list[str]
    """The names of all sheets."""
    preset: PresetOut | msgspec.UnsetType = msgspec.UNSET


def preset(found: Preset) -> PresetOut:
    return PresetOut(found.key, found.title, found.noun, found.makes)


def imported(job: Import, rejected: list[RejectedRow] | None = None) -> ImportOut:
    """`rejected` are the rejected rows of a dry run, of which no job is stored."""
    whole = 1.0 if job.state == "done" else round(min(job.bytes_done / job.size, 1), 4) if job.size else 0.0
    return ImportOut(
        key=job.key,
        pipeline_key=job.pipeline_key,
        creator_key=job.creator_key,
        state=job.state,
        dry_run=job.dry_run,
        progress=whole,
        rows=job.rows_done,
        created=job.created,
        updated=job.updated,
        refused=job.refused,
        format=job.plan.kind,
        mapping=job.plan.mapping,
        change=job.change,
        creation_timestamp=job.created_at,
        match=given(job.plan.match),
        error=given(job.error),
        end_timestamp=given(job.ended_at),
        refused_rows=msgspec.UNSET if rejected is None else [refused(row) for row in rejected],
    )


def refused(row: RejectedRow) -> RefusedRow:
    return RefusedRow(row.number, row.column, row.reason, row.cells)


def columns(plan: ImportPlan, samples: dict[str, list[str]]) -> list[PreviewColumn]:
    names = [*plan.columns, *(name for name in plan.mapping if name not in plan.columns)]
    return [PreviewColumn(name, plan.mapping.get(name), samples.get(name, [])) for name in names]


class _Colors(msgspec.Struct, rename="camel", frozen=True):
    foreground_color: str = ""
    background_color: str = ""


class _Stage(msgspec.Struct, rename="camel"):
    name: str
    color: _Colors = _Colors()
    kind: str = ""
    is_color_from_theme: bool = True


class _Option(msgspec.Struct):
    name: str = ""
    tag: str = ""


class _Items(msgspec.Struct, frozen=True):
    items: list[_Option] = []
    tags: list[_Option] = []


class _Field(msgspec.Struct, rename="camel"):
    name: str
    type: str
    default_value: Any = None
    dropdown_settings: _Items = _Items()
    tag_settings: _Items = _Items()


class _Pipeline(msgspec.Struct, rename="camel"):
    name: str
    stage_order: list[str]
    stages: dict[str, _Stage]
    fields: list[_Field]
    description: str | None = None
    icon: str = ""
    stage_color_theme: str = ""


class Exported(msgspec.Struct):
    """The pipeline of an export: what creates a copy of it, and the colours, kinds and options of its stages and fields
    in order."""

    pipeline: dict[str, Any]
    theme: str
    colors: list[dict[str, str]]
    kinds: list[str]
    options: list[list[dict[str, str]]]


def exported(document: dict[str, Any]) -> Exported:
    try:
        pipeline = msgspec.convert(document, _Pipeline)
        stages = [pipeline.stages[key] for key in pipeline.stage_order]
    except msgspec.ValidationError as error:
        raise Invalid("pipeline", str(error)) from None
    except KeyError as missing:
        raise Invalid("pipeline.stages", f"lacks {str(missing.args[0])[:50]!r}, which stageOrder has") from None
    given: dict[str, Any] = {"name": pipeline.name, "description": pipeline.description, "icon": pipeline.icon or None}
    given["stages"] = [stage.name for stage in stages]
    given["fields"] = [
        {"name": field.name, "type": field.type}
        | ({"defaultValue": field.default_value} if field.type == "FORMULA" else {})
        for field in pipeline.fields
    ]
    options = [[*field.dropdown_settings.items, *field.tag_settings.tags] for field in pipeline.fields]
    names = [
        [{"name": _NAMES.parse({"name": option.name or option.tag})["name"]} for option in each] for each in options
    ]
    colors = [
        {} if stage.is_color_from_theme else {name: getattr(stage.color, f"{name}_color") for name in _SIDES}
        for stage in stages
    ]
    parsed = PIPELINE_CREATE.parse({name: value for name, value in given.items() if value is not None})
    theme = "" if pipeline.stage_color_theme == "DEFAULT" else pipeline.stage_color_theme
    kinds = [stage.kind if stage.kind in STAGE_KINDS else "" for stage in stages]
    return Exported(parsed, theme, colors, kinds, names)


_SIDES = ("foreground", "background")
_NAMES = Shape("OptionName", name=NAME)
