"""Imports from Streak on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.activity.streak.imports import Report
from ...core.activity.streak.runs import MODES, StreakRun
from ..codec import Shape
from ..kinds import FLAG, KEY, NAME, TEXT, one_of
from .base import Out, given


class StreakNote(Out, omit_defaults=False):
    """What did not come, or was not overwritten, and why."""

    noun: str
    key: str
    name: str
    reason: str


class StreakDifference(Out, omit_defaults=False):
    noun: str
    key: str
    name: str
    member: str
    there: Any
    here: Any


class StreakReport(Out, omit_defaults=False):
    """`counts` holds numbers by noun and outcome: new, changed, same, conflict, refused, joined, there or different."""

    counts: dict[str, dict[str, int]]
    notes: list[StreakNote]
    more_notes: int
    differences: list[StreakDifference]
    more_differences: int
    requests: int


class StreakImportOut(Out, omit_defaults=False):
    """`state` is waiting, running, done, failed or stopped. `error` says in words why it failed."""

    key: str
    team_key: str
    source: str
    source_team: str
    mode: str
    watch: bool
    state: str
    progress: str
    report: StreakReport
    creation_date: int
    error: str | msgspec.UnsetType = msgspec.UNSET
    end_timestamp: int | msgspec.UnsetType = msgspec.UNSET


def streak_import(run: StreakRun) -> StreakImportOut:
    return StreakImportOut(
        key=run.key,
        team_key=run.team_key,
        source=run.source,
        source_team=run.source_team,
        mode=run.mode,
        watch=run.watch,
        state=run.state,
        progress=run.progress,
        report=_report(run.report),
        creation_date=run.created_at,
        error=given(run.error),
        end_timestamp=given(run.ended_at),
    )


def _report(report: Report) -> StreakReport:
    return StreakReport(
        counts=report.counts,
        notes=[StreakNote(note.noun, note.key, note.name, note.reason) for note in report.notes],
        more_notes=report.more_notes,
        differences=[
            StreakDifference(each.noun, each.key, each.name, each.member, each.there, each.here)
            for each in report.differences
        ],
        more_differences=report.more_differences,
        requests=report.requests,
    )


STREAK_IMPORT = Shape(
    "StreakImportCreate",
    required=("key",),
    key=TEXT,
    source=NAME,
    source_team=NAME,
    team_key=KEY,
    since=NAME,
    mode=one_of(*MODES),
    watch=FLAG,
    described={
        "key": "An API key of the source. It is stored sealed while the import runs, and removed at its end.",
        "source": "The address of the server. Default: https://api.streak.com.",
        "source_team": "The team of the source, by key or name, if the key sees several.",
        "team_key": "The team here. Default: your oldest team. You must be an owner of it.",
        "since": "Only boxes that changed since this day, such as 2026-01-31.",
        "mode": "IMPORT writes. COUNT says what would come. COMPARE lists what differs. Default: IMPORT.",
        "watch": "Repeat the import every minute, until it is stopped.",
    },
)
