"""How long boxes stayed in each stage."""

from __future__ import annotations

from typing import NamedTuple

from ...lib.durations import HOUR
from ..context import Ctx
from . import reports
from .reports import Chosen


class StageTime(NamedTuple):
    """How long boxes stayed in a stage, in milliseconds. A box that is still in it counts with its time so far."""

    stage_key: str
    name: str
    boxes: int
    now: int
    average_ms: int | None
    median_ms: int | None
    """Rounded down to the hour."""
    longest_ms: int | None


_STAYED = "s.finished_ms + CASE WHEN s.is_open THEN :now - s.entered_at ELSE 0 END"


def time_in_stage(ctx: Ctx, chosen: Chosen) -> list[StageTime]:
    """Counts finished and open stays, and boxes that never left their first stage."""
    times = {key: _Spent() for key in chosen.names}
    (_add_all if chosen.plain else _add_some)(ctx, chosen, times)
    return [times[key].stage_time(key, name) for key, name in chosen.names.items()]


def _add_all(ctx: Ctx, chosen: Chosen, times: dict[str, _Spent]) -> None:
    """Count all boxes of the pipeline. Stays are counted by the hour in a statement of their own, because a statement
    that also adds them up would sort all of them."""
    params = {**reports.params_of(chosen), "now": ctx.now}
    what, spent, here = reports.from_stays(chosen), _STAYED, ":now - b.stage_changed_at"
    for key, hour, count in ctx.db.rows_replanned(
        f"SELECT s.stage_key, ({spent}) / {HOUR} AS hours, COUNT(*) FROM {what} GROUP BY s.stage_key, hours",
        **params,
    ):
        times[key].hours[int(hour)] = count
    for key, boxes, now, total, most in ctx.db.rows_replanned(
        f"""
        SELECT s.stage_key, COUNT(*), COUNT(CASE WHEN s.is_open THEN 1 END), SUM({spent}), MAX({spent})
        FROM {what} GROUP BY s.stage_key
        """,
        **params,
    ):
        times[key].add(boxes, now, int(total), most)
    for key, hour, boxes, total, most in ctx.db.rows_replanned(
        f"""
        SELECT b.stage_key, ({here}) / {HOUR} AS hours, COUNT(*), SUM({here}), MAX({here}) FROM boxes b
        WHERE {chosen.where} AND b.stage_changed_at = b.created_at GROUP BY b.stage_key, hours
        """,
        **params,
    ):
        times[key].hours[int(hour)] = times[key].hours.get(int(hour), 0) + boxes
        times[key].add(boxes, boxes, int(total), most)


def _add_some(ctx: Ctx, chosen: Chosen, times: dict[str, _Spent]) -> None:
    """Count the boxes that pass a filter, in one statement, so that each box is read once."""
    here = ":now - c.stage_changed_at"
    for key, hour, boxes, now, total, most in ctx.db.rows_replanned(
        f"""
        {reports.with_chosen(chosen)}
        SELECT s.stage_key, ({_STAYED}) / {HOUR} AS hours, COUNT(*), COUNT(CASE WHEN s.is_open THEN 1 END),
            SUM({_STAYED}), MAX({_STAYED}) FROM {reports.from_stays(chosen)} GROUP BY s.stage_key, hours
        UNION ALL
        SELECT c.stage_key, ({here}) / {HOUR} AS hours, COUNT(*), COUNT(*), SUM({here}), MAX({here}) FROM chosen c
        WHERE c.stage_changed_at = c.created_at GROUP BY c.stage_key, hours
        """,
        **{**reports.params_of(chosen), "now": ctx.now},
    ):
        times[key].hours[int(hour)] = times[key].hours.get(int(hour), 0) + boxes
        times[key].add(boxes, now, int(total), most)


class _Spent:
    """The totals of a stage."""

    def __init__(self) -> None:
        self.boxes = self.now = self.total = self.longest = 0
        self.hours: dict[int, int] = {}

    def add(self, boxes: int, now: int, total: int, longest: int) -> None:
        self.boxes, self.now, self.total = self.boxes + boxes, self.now + now, self.total + total
        self.longest = max(self.longest, longest)

    def stage_time(self, key: str, name: str) -> StageTime:
        if not self.boxes:
            return StageTime(key, name, 0, 0, None, None, None)
        seen, median = 0, 0
        for hour, count in sorted(self.hours.items()):
            seen += count
            if seen * 2 >= self.boxes:
                median = hour * HOUR
                break
        return StageTime(
            key, name, self.boxes, self.now, max(0, self.total // self.boxes), max(0, median), self.longest
        )
