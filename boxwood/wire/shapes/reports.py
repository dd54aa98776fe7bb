"""Reports on the wire. Times are milliseconds, shares are from 0 to 1."""

from __future__ import annotations

from ...core.views.reports import Funnel, Point, ReportGroup
from ...core.views.time_in_stage import StageTime
from .base import Out


class FunnelStepOut(Out, omit_defaults=False):
    """`reached` is the number of boxes that were ever in this stage or a later stage. `conversion` is their share of
    the boxes that reached the previous stage, and `share` of those that reached the first stage."""

    stage_key: str
    name: str
    reached: int
    now: int
    conversion: float | None
    share: float | None


class FunnelOut(Out, omit_defaults=False):
    """`winRate` is the share of won boxes among won and lost boxes."""

    total: int
    won: int
    lost: int
    win_rate: float | None
    stages: list[FunnelStepOut]


def funnel(found: Funnel) -> FunnelOut:
    first = found.steps[0].reached if found.steps else 0
    steps, before = [], first
    for step in found.steps:
        conversion, share = _share(step.reached, before), _share(step.reached, first)
        steps.append(FunnelStepOut(step.stage_key, step.name, step.reached, step.now, conversion, share))
        before = step.reached
    return FunnelOut(found.total, found.won, found.lost, _share(found.won, found.won + found.lost), steps)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


class PaceOut(Out, omit_defaults=False):
    """`boxes` is how many boxes were ever in the stage, `now` how many are in it; these count with the time so far.
    `medianMs` is rounded to the hour."""

    stage_key: str
    name: str
    boxes: int
    now: int
    average_ms: int | None
    median_ms: int | None
    longest_ms: int | None


class TimeInStageOut(Out, omit_defaults=False):
    stages: list[PaceOut]


def time_in_stage(found: list[StageTime]) -> TimeInStageOut:
    return TimeInStageOut([PaceOut(*stage_time) for stage_time in found])


class Sums(Out, omit_defaults=False):
    created: float
    won: float
    lost: float


class Ignored(Out, omit_defaults=False):
    """The numbers of boxes that were created, won and lost with a value that is no number."""

    created: int
    won: int
    lost: int


class PointOut(Out, omit_defaults=False):
    """The interval from `from` to `to`, without `to` itself. `ignored` counts the values that `sums` leave out."""

    from_: int
    to: int
    created: int
    won: int
    lost: int
    sums: dict[str, Sums]
    ignored: dict[str, Ignored]


class OverTimeOut(Out, omit_defaults=False):
    interval: str
    points: list[PointOut]


def over_time(interval: str, found: list[Point]) -> OverTimeOut:
    return OverTimeOut(
        interval,
        [
            PointOut(
                point.begin,
                point.end,
                point.created,
                point.won,
                point.lost,
                {name: Sums(*of) for name, of in point.sums.items()},
                {name: Ignored(*of) for name, of in point.ignored.items()},
            )
            for point in found
        ],
    )


class Sum(Out, omit_defaults=False):
    """The sum and the average of the numbers of `count` boxes. `ignored` boxes have a value that is no number."""

    sum: float
    count: int
    average: float | None
    ignored: int


class GroupOut(Out, omit_defaults=False):
    key: str
    name: str
    count: int
    sums: dict[str, Sum]


class TotalsOut(Out, omit_defaults=False):
    by: str
    groups: list[GroupOut]


def totals(by: str, found: list[ReportGroup]) -> TotalsOut:
    return TotalsOut(
        by,
        [
            GroupOut(
                group.key,
                group.name,
                group.boxes,
                {
                    name: Sum(total, count, total / count if count else None, ignored)
                    for name, (total, count, ignored) in group.sums.items()
                },
            )
            for group in found
        ],
    )
