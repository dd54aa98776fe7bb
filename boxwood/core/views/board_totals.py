"""Totals of boards: the number of boxes in each column and their sums, without counting all boxes after each change.

The boxes of a pipeline are divided into parts of some hundreds by the time of their creation, which never changes, and
the figures of each part are cached in memory. Events since the last read name the boxes that changed, and the parts
with these boxes are counted again as a whole. So the state of a box before a change is not needed, and counting a part
once too often does no harm. After an event that names no box, everything is counted again.
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
"""Boxes of a part. Counting them takes about half a millisecond."""
MOST_EVENTS = 1000
EVENTS_A_PART = 25
"""After more events than MOST_EVENTS and than this number for each part, everything is counted again, because finding
the boxes of the events would take as long."""
MOST_FIGURES = 600_000
"""Figures that the cache holds, about 20 MB."""
WITHOUT_BOXES = frozenset("view webhook inbound hook automation snippet".split())
"""Nouns of a pipeline whose events change no box. Records attached to a box change neither its stage nor its fields."""

Figures = dict[str, tuple[Any, ...]]
"""By board column: the number of boxes, then the sum of each field, which is None or 0 if there are no numbers."""
Place = tuple[int, str]
"""The time when a box was created, and its key."""
FIRST: Place = (-(2**62), "")
LAST: Place = (2**62, "")


class TotalsQuery(NamedTuple):
    """Which boxes are counted, and by what. The SQL may only read what changes with an event or a run of formulas: the
    stage, the fields, the creator and the assignees of a box."""

    pipeline_key: str
    where: str
    params: tuple[tuple[str, Any], ...]
    lane: str
    """The SQL expression for the board column of a box `b`."""


class Totals:
    """The cached totals of one process. If there are more than `most` figures, the least recently used are removed.
    `part` is the number of boxes that a part has at first."""

    def __init__(self, part: int = PART, most: int = MOST_FIGURES) -> None:
        self._part, self._most = part, most
        self._cached: OrderedDict[tuple[TotalsQuery, frozenset[str]], _CachedTotals] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, ctx: Ctx, query: TotalsQuery, numbers: dict[str, str]) -> Figures:
        """The current figures. `numbers` are the SQL expressions to sum, by name."""
        cached = self._find(query, numbers)
        with cached.lock:
            cached.update(ctx)
            found = cached.figures(list(numbers))
        self._make_room()
        return found

    def _find(self, query: TotalsQuery, numbers: dict[str, str]) -> _CachedTotals:
        """Cached totals with these numbers; they may have others too."""
        wanted = frozenset(numbers)
        with self._lock:
            keys = [key for key in self._cached if key[0] == query and key[1] >= wanted]
            key = min(keys, key=lambda key: len(key[1]), default=(query, wanted))
            if key not in self._cached:
                self._cached[key] = _CachedTotals(query, numbers, self._part)
            self._cached.move_to_end(key)
            return self._cached[key]

    def _make_room(self) -> None:
        with self._lock:
            size = sum(cached.size for cached in self._cached.values())
            while size > self._most:
                size -= self._cached.popitem(last=False)[1].size


class _CachedTotals:
    """The figures of each part of a pipeline's boxes. Events after `_upto` are not counted yet."""

    def __init__(self, query: TotalsQuery, numbers: dict[str, str], part: int) -> None:
        self.lock = threading.Lock()
        self.size = 0
        self._query = query
        self._names = list(numbers)
        self._part = part
        sums = "".join(f", {column_sums.total(number)}" for number in numbers.values())
        self._sql = f"""
            SELECT {query.lane}, COUNT(*){sums} FROM boxes b WHERE {query.where} AND {_BETWEEN} GROUP BY {query.lane}
        """
        self._starts: list[Place] = []
        self._lanes: dict[str, list[list[float]]] = {}
        """For each board column its figures: for each figure a list with the values of the parts."""
        self._upto = Cursor(0, 0)
        self._formula_state: tuple[Any, ...] = ()

    def figures(self, names: list[str]) -> Figures:
        at = [self._names.index(name) + 1 for name in names]
        counts = {lane: int(sum(figures[0])) for lane, figures in self._lanes.items()}
        return {
            lane: (count, *(_added(self._lanes[lane][number]) for number in at))
            for lane, count in counts.items()
            if count
        }

    def update(self, ctx: Ctx) -> None:
        """Count the parts that changed since the last update. First the end of the events is read, then the events,
        then the boxes, so that no change is missed. On PostgreSQL, what commits in between is counted now and the next
        time.
        """
        formula_state, upto = _formula_state(ctx, self._query.pipeline_key), event_stream.now(ctx)
        changed = self._changed_places(ctx) if self._starts and formula_state == self._formula_state else None
        if changed is None:
            starts, parts = self._count(ctx, FIRST, LAST, self._part)
            self._starts, self._lanes, self._upto = [], {}, upto
            self._replace_part(0, starts, parts)
        else:
            for at in sorted({bisect_right(self._starts, place) - 1 for place in changed}, reverse=True):
                stop = self._starts[at + 1] if at + 1 < len(self._starts) else LAST
                self._replace_part(at, *self._count(ctx, self._starts[at], stop, 2 * self._part))
            # This request's snapshot may be older than that of the request before.
            self._upto = max(self._upto, upto, key=lambda cursor: (cursor.txid, cursor.id))
        self._formula_state = formula_state
        self.size = len(self._starts) * len(self._lanes) * (len(self._names) + 1)

    def _changed_places(self, ctx: Ctx) -> set[Place] | None:
        """The places of the boxes that changed since the last update. None if there are too many events, or an event
        that names no box."""
        behind = {"txid": self._upto.txid, "id": self._upto.id}
        most = max(MOST_EVENTS, EVENTS_A_PART * len(self._starts))
        sql = f"SELECT 1 FROM events WHERE {ctx.db.dialect.behind} ORDER BY txid, id LIMIT 1 OFFSET :most"
        if ctx.db.row(sql, **behind, most=most):
            return None
        changed = set()
        for kind, key, created_at in ctx.db.rows(_since(ctx), **behind, pipeline=self._query.pipeline_key, most=most):
            noun = kind.partition(".")[0]
            if noun == "box" and created_at is not None:
                changed.add((int(created_at), key))
            elif noun == "box" or (key is None and noun not in WITHOUT_BOXES):
                return None
        return changed

    def _replace_part(self, at: int, starts: list[Place], parts: list[Figures]) -> None:
        """Replace the part at this index, if there is one, by these parts."""
        part_count = len(self._starts)
        none = (0.0,) * (len(self._names) + 1)
        for lane in {lane for part in parts for lane in part} - self._lanes.keys():
            self._lanes[lane] = [[0.0] * part_count for _ in none]
        for lane, all_figures in self._lanes.items():
            for number, figures in enumerate(all_figures):
                figures[at : at + 1] = [part.get(lane, none)[number] or 0.0 for part in parts]
        self._starts[at : at + 1] = starts

    def _count(self, ctx: Ctx, start: Place, stop: Place, most: int) -> tuple[list[Place], list[Figures]]:
        """Count the boxes from `start` up to `stop`, in parts of at most `most` boxes."""
        starts, parts = [start], []
        while cut := _cut(ctx, self._query.pipeline_key, starts[-1], stop, most):
            parts.append(self._figures(ctx, starts[-1], cut))
            starts.append(cut)
        parts.append(self._figures(ctx, starts[-1], stop))
        return starts, parts

    def _figures(self, ctx: Ctx, start: Place, stop: Place) -> Figures:
        rows = ctx.db.rows(self._sql, **dict(self._query.params), **_ends(start, stop))
        return {lane: tuple(row) for lane, *row in rows}


_BETWEEN = "(b.created_at, b.key) >= (:from_at, :from_key) AND (b.created_at, b.key) < (:to_at, :to_key)"


def _ends(start: Place, stop: Place) -> dict[str, Any]:
    return {"from_at": start[0], "from_key": start[1], "to_at": stop[0], "to_key": stop[1]}


def _cut(ctx: Ctx, pipeline_key: str, start: Place, stop: Place, most: int) -> Place | None:
    """The place of the first box after `most` boxes from `start`, if it comes before `stop`."""
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
    """SQL for the events of the pipeline since the last update: the kind, the box and the time of its creation. If
    there are more events than a moment ago, the last ones are left for the next update. When a box moves to another
    pipeline, the event belongs to that pipeline."""
    dialect = ctx.db.dialect
    created = dialect.field_number("record", "created_at")
    left = f"kind = 'box.moved_pipeline' AND {dialect.field_value('detail', 'old_pipeline_key')} = :pipeline"
    return f"""
        SELECT kind, box_key, CASE WHEN kind LIKE 'box.%' THEN {created} END
        FROM (SELECT * FROM events WHERE {dialect.behind} ORDER BY txid, id LIMIT :most) behind
        WHERE pipeline_key = :pipeline OR ({left})
    """


def _formula_state(ctx: Ctx, pipeline_key: str) -> tuple[Any, ...]:
    """A value that changes with each slice of boxes that a run of formulas computes, because this records no event. A
    run starts after an event of the pipeline, or on a due date, which then changes."""
    row = ctx.db.row(f"SELECT {FORMULA_STATE}", pipeline=pipeline_key)
    assert row is not None
    return tuple(None if value is None else str(value) for value in row)


FORMULA_STATE = """
    (SELECT SUM(due_at) FROM formulas WHERE pipeline_key = :pipeline),
    (SELECT SUM(due_at) FROM validators WHERE pipeline_key = :pipeline),
    (SELECT ticket FROM formula_runs WHERE pipeline_key = :pipeline),
    (SELECT after_key FROM formula_runs WHERE pipeline_key = :pipeline)
"""


def _added(figures: list[float]) -> float:
    """The sum of the parts, which does not depend on their order."""
    try:
        return math.fsum(figures)
    except (OverflowError, ValueError):
        return sum(figures)
