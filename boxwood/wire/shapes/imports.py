"""Imports on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.import_rows import Plan, Refusal
from ...core.imports import Import
from .base import Out, given


class ImportOut(Out, omit_defaults=False):
    """`state` is waiting, running, done, cancelled or failed. `rows` counts what was read so far; `progress` is how
    far it is, from 0 to 1."""

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
    """As what all its events are told: what an undo takes."""
    creation_timestamp: int
    match: str | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    end_timestamp: int | msgspec.UnsetType = msgspec.UNSET


class RefusedRow(Out, omit_defaults=False):
    """`row` counts from 1, the heading not counted; `column` is empty where the whole row is wrong."""

    row: int
    column: str
    reason: str
    cells: Any


class PreviewColumn(Out, omit_defaults=False):
    name: str
    target: str | None
    samples: list[str]


class PreviewOut(Out, omit_defaults=False):
    """What a table is taken for: `target` is where a column would go, `rows` what the first boxes would be given."""

    format: str
    encoding: str
    delimiter: str
    dates: str
    columns: list[PreviewColumn]
    rows: list[dict[str, Any]]
    refused: list[RefusedRow]
    missing: dict[str, list[str]]
    """What rows name and there is not: under `stages`, `people` or a field's key."""


def imported(one: Import) -> ImportOut:
    whole = 1.0 if one.state == "done" else round(min(one.bytes_done / one.size, 1), 4) if one.size else 0.0
    return ImportOut(
        key=one.key,
        pipeline_key=one.pipeline_key,
        creator_key=one.creator_key,
        state=one.state,
        dry_run=one.dry_run,
        progress=whole,
        rows=one.rows_done,
        created=one.created,
        updated=one.updated,
        refused=one.refused,
        format=one.plan.kind,
        mapping=one.plan.mapping,
        change=one.change,
        creation_timestamp=one.created_at,
        match=given(one.plan.match),
        error=given(one.error),
        end_timestamp=given(one.ended_at),
    )


def refused(one: Refusal) -> RefusedRow:
    return RefusedRow(one.number, one.column, one.reason, one.cells)


def columns(plan: Plan, samples: dict[str, list[str]]) -> list[PreviewColumn]:
    names = [*plan.columns, *(name for name in plan.mapping if name not in plan.columns)]
    return [PreviewColumn(name, plan.mapping.get(name), samples.get(name, [])) for name in names]
