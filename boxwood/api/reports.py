"""Reports of a pipeline over HTTP."""

from __future__ import annotations

from ..core.views import reports
from ..core.views import time_in_stage as view_time_in_stage
from ..core.views.reports import Chosen
from ..lib.durations import DAY
from ..wire.shapes import reports as shapes
from .boxes import read_filter
from .http.call import Call

YEAR = 365 * DAY


def _chosen(call: Call, *, dated: bool = True) -> Chosen:
    """The boxes of the report. `from` and `to` select boxes by creation time, unless the report has its own period."""
    chosen = reports.choose(
        call.ctx,
        call.path[0],
        tree=read_filter(call),
        since=call.number("from", 0) if dated and "from" in call.given else None,
        until=call.number("to", 0) if dated and "to" in call.given else None,
        won=call.texts("won") if "won" in call.given else None,
        lost=call.texts("lost") if "lost" in call.given else None,
    )
    call.wishes.update(chosen.selection.wishes())
    return chosen


def funnel(call: Call) -> shapes.FunnelOut:
    """The funnel: how many boxes reached each stage, and the share that continued.

    `won` and `lost` are keys of stages. Without them, the report uses the stages with that word in their name. Lost
    stages are not steps of the funnel.
    """
    return shapes.funnel(reports.funnel(call.ctx, _chosen(call)))


def time_in_stage(call: Call) -> shapes.TimeInStageOut:
    """How long boxes stay in each stage."""
    return shapes.time_in_stage(view_time_in_stage.time_in_stage(call.ctx, _chosen(call)))


def over_time(call: Call) -> shapes.OverTimeOut:
    """How many boxes were created, won and lost in each day, week, month, quarter or year, with `sums` of columns.

    A box counts as won or lost in an interval if it moved to such a stage then and is still there. Without `from`, `to`
    and `interval`, the report covers the last 365 days by month. Days begin at midnight in `timezone`, by default the
    caller's time zone.
    """
    chosen = _chosen(call, dated=False)
    until = call.number("to", call.ctx.now)
    interval = call.text("interval") or "month"
    found = reports.over_time(
        call.ctx,
        chosen,
        interval=interval,
        since=call.number("from", max(0, until - YEAR)),
        until=until,
        zone=call.text("timezone") or None,
        sums=call.sums(),
    )
    return shapes.over_time(interval, found)


def totals(call: Call) -> shapes.TotalsOut:
    """The number of boxes, and the `sums` of columns, by `stage`, `assignee`, `creator` or a field."""
    by = call.text("by") or "stage"
    return shapes.totals(by, reports.totals(call.ctx, _chosen(call), by=by, sums=call.sums()))
