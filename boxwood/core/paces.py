"""How long boxes stayed in each stage."""

from __future__ import annotations

from typing import NamedTuple

from . import reports
from .context import Ctx
from .reports import Chosen

HOUR = 3_600_000


class Pace(NamedTuple):
    """Of one stage, times in milliseconds; a box that is in it counts with the time so far."""

    stage_key: str
    name: str
    boxes: int
    now: int
    average_ms: int | None
    median_ms: int | None
    """To the hour."""
    longest_ms: int | None


def time_in_stage(ctx: Ctx, chosen: Chosen) -> list[Pace]:
    """Of stays, and of the boxes that are where they began. Stays are counted by the hour in a statement of its own:
    one that adds them up too would sort all of that."""
    params = {**reports.asked(chosen), "now": ctx.now}
    start, what = reports.first(chosen), reports.stays(chosen)
    spent = "s.finished_ms + CASE WHEN s.is_open THEN :now - s.entered_at ELSE 0 END"
    here = ":now - b.stage_changed_at"
    paces = {key: _Spent() for key in chosen.names}
    for key, hour, count in ctx.db.rows_afresh(
        f"{start} SELECT s.stage_key, ({spent}) / {HOUR} AS hours, COUNT(*) FROM {what} GROUP BY s.stage_key, hours",
        **params,
    ):
        paces[key].hours[int(hour)] = count
    for key, boxes, now, total, most in ctx.db.rows_afresh(
        f"""
        {start} SELECT s.stage_key, COUNT(*), COUNT(CASE WHEN s.is_open THEN 1 END), SUM({spent}), MAX({spent})
        FROM {what} GROUP BY s.stage_key
        """,
        **params,
    ):
        paces[key].add(boxes, now, int(total), most)
    for key, hour, boxes, total, most in ctx.db.rows_afresh(
        f"""
        SELECT b.stage_key, ({here}) / {HOUR} AS hours, COUNT(*), SUM({here}), MAX({here}) FROM boxes b
        WHERE {chosen.where} AND b.stage_changed_at = b.created_at GROUP BY b.stage_key, hours
        """,
        **params,
    ):
        paces[key].hours[int(hour)] = paces[key].hours.get(int(hour), 0) + boxes
        paces[key].add(boxes, boxes, int(total), most)
    return [paces[key].pace(key, name) for key, name in chosen.names.items()]


class _Spent:
    """What is added up of one stage."""

    def __init__(self) -> None:
        self.boxes = self.now = self.total = self.longest = 0
        self.hours: dict[int, int] = {}

    def add(self, boxes: int, now: int, total: int, longest: int) -> None:
        self.boxes, self.now, self.total = self.boxes + boxes, self.now + now, self.total + total
        self.longest = max(self.longest, longest)

    def pace(self, key: str, name: str) -> Pace:
        if not self.boxes:
            return Pace(key, name, 0, 0, None, None, None)
        seen, median = 0, 0
        for hour, count in sorted(self.hours.items()):
            seen += count
            if seen * 2 >= self.boxes:
                median = hour * HOUR
                break
        return Pace(key, name, self.boxes, self.now, max(0, self.total // self.boxes), max(0, median), self.longest)
