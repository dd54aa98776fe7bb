"""Totals: how many boxes each column of a board holds and what their numbers add up to, without counting all of them
after each change.

The boxes of a pipeline are cut into parts of some hundreds by when they were made, which no change alters, and the
figures of each part are kept in memory. What happened since names the boxes it was about, and the parts these are in
are counted again, whole: nothing need be known of what a box was before, nothing is added to a figure or taken from it,
and to count a part once too often does no harm. What names no boxes has everything counted.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_right
from collections import OrderedDict
from typing import Any, NamedTuple

from ..context import Ctx
from ..history import event_stream
from ..history.event_stream import Cursor
from . import sums as column_sums

PART = 500
"""Boxes; counting them takes about half a millisecond."""
MOST_EVENTS = 1000
EVENTS_A_PART = 25
"""Behind more events than both of these everything is counted: looking for their boxes would take as long."""
MOST_FIGURES = 600_000
"""In all, some 20 MB."""
APART = frozenset("view webhook inbound hook automation snippet".split())
"""Nouns of a pipeline whose events alter no box. What hangs on one alters neither its stage nor its fields."""

Figures = dict[str, tuple[Any, ...]]
"""By column: how many boxes, then the sum of each number, None or 0 where there is none."""
Place = tuple[int, str]
"""When a box was made, and its key."""
FIRST: Place = (-(2**62), "")
LAST: Place = (2**62, "")


class Asked(NamedTuple):
    """Which boxes are counted, and by what. What the SQL reads of a box changes with an event or a run alone: its
    stage, its fields, who made it and who is assigned."""

    pipeline_key: str
    where: str
    params: tuple[tuple[str, Any], ...]
    lane: str
    """The column of a box `b`."""


class Totals:
    """Of one process; the least recently asked for go first, where there are more than `most` figures. `part` is how
    many boxes a part has at first."""

    def __init__(self, part: int = PART, most: int = MOST_FIGURES) -> None:
        self._part, self._most = part, most
        self._kept: OrderedDict[tuple[Asked, frozenset[str]], _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, ctx: Ctx, asked: Asked, numbers: dict[str, str]) -> Figures:
        """As they are now; `numbers` are SQL by name."""
        kept = self._find(asked, numbers)
        with kept.lock:
            kept.bring_up(ctx)
            found = kept.figures(list(numbers))
        self._make_room()
        return found

    def _find(self, asked: Asked, numbers: dict[str, str]) -> _Kept:
        """One that has these numbers, others beside them perhaps."""
        wanted = frozenset(numbers)
        with self._lock:
            keys = [key for key in self._kept if key[0] == asked and key[1] >= wanted]
            key = min(keys, key=lambda key: len(key[1]), default=(asked, wanted))
            if key not in self._kept:
                self._kept[key] = _Kept(asked, numbers, self._part)
            self._kept.move_to_end(key)
            return self._kept[key]

    def _make_room(self) -> None:
        with self._lock:
            size = sum(kept.size for kept in self._kept.values())
            while size > self._most:
                size -= self._kept.popitem(last=False)[1].size


class _Kept:
    """The figures of each part, as they are once all is counted again that happened behind `upto`."""

    def __init__(self, asked: Asked, numbers: dict[str, str], part: int) -> None:
        self.lock = threading.Lock()
        self.size = 0
        self._asked = asked
        self._names = list(numbers)
        self._part = part
        sums = "".join(f", {column_sums.total(number)}" for number in numbers.values())
        self._sql = f"""
            SELECT {asked.lane}, COUNT(*){sums} FROM boxes b WHERE {asked.where} AND {_BETWEEN} GROUP BY {asked.lane}
        """
        self._starts: list[Place] = []
        self._lanes: dict[str, list[list[float]]] = {}
        """Of each column of the board its figures: lists of what each part has."""
        self._upto = Cursor(0, 0)
        self._silent: tuple[Any, ...] = ()

    def figures(self, names: list[str]) -> Figures:
        at = [self._names.index(name) + 1 for name in names]
        counts = {lane: int(sum(held[0])) for lane, held in self._lanes.items()}
        return {
            lane: (count, *(_added(self._lanes[lane][one]) for one in at)) for lane, count in counts.items() if count
        }

    def bring_up(self, ctx: Ctx) -> None:
        """Each look sees at least what the one before it saw: first how far it goes, then what happened, then boxes.
        On PostgreSQL what is committed between is counted, and counted again the next time."""
        silent, upto = _silent(ctx, self._asked.pipeline_key), event_stream.now(ctx)
        touched = self._touched(ctx) if self._starts and silent == self._silent else None
        if touched is None:
            starts, parts = self._count(ctx, FIRST, LAST, self._part)
            self._starts, self._lanes, self._upto = [], {}, upto
            self._put(0, starts, parts)
        else:
            for at in sorted({bisect_right(self._starts, place) - 1 for place in touched}, reverse=True):
                stop = self._starts[at + 1] if at + 1 < len(self._starts) else LAST
                self._put(at, *self._count(ctx, self._starts[at], stop, 2 * self._part))
            # A reader's moment may be older than that of who was here before.
            self._upto = max(self._upto, upto, key=lambda one: (one.txid, one.id))
        self._silent = silent
        self.size = len(self._starts) * len(self._lanes) * (len(self._names) + 1)

    def _touched(self, ctx: Ctx) -> set[Place] | None:
        """Where the boxes are that something happened to; None where that is not to be told, or too much."""
        behind = {"txid": self._upto.txid, "id": self._upto.id}
        most = max(MOST_EVENTS, EVENTS_A_PART * len(self._starts))
        sql = f"SELECT 1 FROM events WHERE {ctx.db.dialect.behind} ORDER BY txid, id LIMIT 1 OFFSET :most"
        if ctx.db.row(sql, **behind, most=most):
            return None
        touched = set()
        for kind, key, created_at in ctx.db.rows(_since(ctx), **behind, pipeline=self._asked.pipeline_key, most=most):
            noun = kind.partition(".")[0]
            if noun == "box" and created_at is not None:
                touched.add((int(created_at), key))
            elif noun == "box" or (key is None and noun not in APART):
                return None
        return touched

    def _put(self, at: int, starts: list[Place], parts: list[Figures]) -> None:
        """In place of the part that is there, if one is."""
        there = len(self._starts)
        none = (0.0,) * (len(self._names) + 1)
        for lane in {lane for part in parts for lane in part} - self._lanes.keys():
            self._lanes[lane] = [[0.0] * there for _ in none]
        for lane, held in self._lanes.items():
            for one, figures in enumerate(held):
                figures[at : at + 1] = [part.get(lane, none)[one] or 0.0 for part in parts]
        self._starts[at : at + 1] = starts

    def _count(self, ctx: Ctx, start: Place, stop: Place, most: int) -> tuple[list[Place], list[Figures]]:
        """The boxes from `start` up to `stop`, cut where there are more than so many."""
        starts, parts = [start], []
        while cut := _cut(ctx, self._asked.pipeline_key, starts[-1], stop, most):
            parts.append(self._figures(ctx, starts[-1], cut))
            starts.append(cut)
        parts.append(self._figures(ctx, starts[-1], stop))
        return starts, parts

    def _figures(self, ctx: Ctx, start: Place, stop: Place) -> Figures:
        rows = ctx.db.rows(self._sql, **dict(self._asked.params), **_ends(start, stop))
        return {lane: tuple(row) for lane, *row in rows}


_BETWEEN = "(b.created_at, b.key) >= (:from_at, :from_key) AND (b.created_at, b.key) < (:to_at, :to_key)"


def _ends(start: Place, stop: Place) -> dict[str, Any]:
    return {"from_at": start[0], "from_key": start[1], "to_at": stop[0], "to_key": stop[1]}


def _cut(ctx: Ctx, pipeline_key: str, start: Place, stop: Place, most: int) -> Place | None:
    """The first box behind as many, if it comes before `stop`."""
    row = ctx.db.row(
        f"""
        SELECT b.created_at, b.key FROM boxes b WHERE b.pipeline_key = :pipeline AND {_BETWEEN}
        ORDER BY b.created_at, b.key LIMIT 1 OFFSET :most
        """,
        pipeline=pipeline_key,
        most=most,
        **_ends(start, stop),
    )
    return (row[0], row[1]) if row else None


def _since(ctx: Ctx) -> str:
    """The kind and box of each event of the pipeline, and when the box was made. Of more than there were a moment ago
    the last ones are left for the next look. That a box went to another pipeline is an event of that one."""
    dialect = ctx.db.dialect
    made = dialect.field_number("record", "created_at")
    left = f"kind = 'box.moved_pipeline' AND {dialect.field_value('detail', 'old_pipeline_key')} = :pipeline"
    return f"""
        SELECT kind, box_key, CASE WHEN kind LIKE 'box.%' THEN {made} END
        FROM (SELECT * FROM events WHERE {dialect.behind} ORDER BY txid, id LIMIT :most) behind
        WHERE pipeline_key = :pipeline OR ({left})
    """


def _silent(ctx: Ctx, pipeline_key: str) -> tuple[Any, ...]:
    """Another with each slice of boxes that a run computes, which tells of nothing. A run begins with an event of the
    pipeline, or with a day on which it is due, and a later one then."""
    row = ctx.db.row(f"SELECT {SILENT}", pipeline=pipeline_key)
    assert row is not None
    return tuple(None if one is None else str(one) for one in row)


SILENT = """
    (SELECT SUM(due_at) FROM formulas WHERE pipeline_key = :pipeline),
    (SELECT SUM(due_at) FROM validators WHERE pipeline_key = :pipeline),
    (SELECT ticket FROM formula_runs WHERE pipeline_key = :pipeline),
    (SELECT after_key FROM formula_runs WHERE pipeline_key = :pipeline)
"""


def _added(figures: list[float]) -> float:
    """As exact as the parts are, in whatever order."""
    try:
        return math.fsum(figures)
    except (OverflowError, ValueError):
        return sum(figures)
