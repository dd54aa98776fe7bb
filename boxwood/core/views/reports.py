"""Reports of a pipeline: how far boxes get and how fast, what came in and out over time, and sums.

Each is of the boxes that the actor may see and that pass a filter, counted when it is asked for. `stays` holds those
of boxes that moved, kept by the database itself from the boxes' own histories; a box that is where it began is known by
its own row, and what those add up to is that of all boxes less that of the open stays.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...errors import Invalid
from .. import persons
from ..context import Ctx
from ..pipelines import schema
from ..pipelines.columns import Column
from . import sums as column_sums
from .selections import Selection

MOST_POINTS = 750
MOST_GROUPS = 1000
SLOT = 900_000
"""A quarter of an hour: every time zone's days begin with one."""
INTERVALS = ("day", "week", "month", "quarter", "year")


class Chosen(NamedTuple):
    """The boxes a report is of."""

    selection: Selection
    where: str
    params: dict[str, Any]
    plain: bool
    """All of the pipeline: no look at the boxes themselves is needed."""
    names: dict[str, str]
    """Of the pipeline's stages, in its order."""
    won: list[str]
    lost: list[str]


def choose(
    ctx: Ctx,
    pipeline_key: str,
    *,
    tree: Any = None,
    since: int | None = None,
    until: int | None = None,
    won: list[str] | None = None,
    lost: list[str] | None = None,
) -> Chosen:
    """Boxes made from `since` up to, not including, `until`. Stages in which a box is won or lost are those given,
    else those called so."""
    selection = Selection(ctx, pipeline_key, tree=tree)
    plain = selection.where == "b.pipeline_key = :pipeline AND 1 = 1" and since is None and until is None
    where, params = selection.where, {**selection.params}
    for sign, name, at in ((">=", "since", since), ("<", "until", until)):
        if at is not None:
            where, params = f"{where} AND b.created_at {sign} :{name}", {**params, name: at}
    known = schema.stages(ctx, [pipeline_key])[pipeline_key]
    names = {key: known[key].name for key in selection.pipeline.stage_order}
    return Chosen(selection, where, params, plain, names, _ends("won", won, names), _ends("lost", lost, names))


def _ends(word: str, given: list[str] | None, names: dict[str, str]) -> list[str]:
    for at, key in enumerate(given or []):
        if key not in names:
            raise Invalid(f"{word}[{at}]", f"no stage {key[:50]!r} in this pipeline")
    return given if given is not None else [key for key, name in names.items() if word in name.casefold().split()]


# How far


class ReportStep(NamedTuple):
    stage_key: str
    name: str
    reached: int
    """Boxes that were ever in this stage or in a later one."""
    now: int
    """Boxes that are in it."""


class Funnel(NamedTuple):
    total: int
    steps: list[ReportStep]
    won: int
    lost: int


Counts = tuple[dict[int, int], dict[str, int], dict[str, int]]
"""Boxes by the furthest place among those that moved, by the stage they are in, and that of those that moved."""


def funnel(ctx: Ctx, chosen: Chosen) -> Funnel:
    """By the stages in their order, without those in which a box is lost."""
    order = [key for key in chosen.names if key not in chosen.lost]
    places = " ".join(f"WHEN '{key}' THEN {at}" for at, key in enumerate(order))
    place = f"CASE s.stage_key {places} ELSE -1 END" if places else "-1"
    furthest, now, moved = (_all if chosen.plain else _some)(ctx, chosen, place)
    for at, key in enumerate(order):
        furthest[at] = furthest.get(at, 0) + now.get(key, 0) - moved.get(key, 0)
    steps, reached = [], 0
    for at, key in reversed(list(enumerate(order))):
        reached += furthest.get(at, 0)
        steps.append(ReportStep(key, chosen.names[key], reached, now.get(key, 0)))
    ended = [sum(now.get(key, 0) for key in keys) for keys in (chosen.won, chosen.lost)]
    return Funnel(sum(now.values()), steps[::-1], *ended)


def _all(ctx: Ctx, chosen: Chosen, place: str) -> Counts:
    rows = ctx.db.rows_replanned(
        f"""
        SELECT place, COUNT(*) FROM (
            SELECT MAX({place}) AS place FROM {stays(chosen)} GROUP BY s.box_key
        ) AS furthest GROUP BY place
        """,
        **asked(chosen),
    )
    return dict(rows), _now(ctx, chosen), _moved(ctx, chosen)


def _some(ctx: Ctx, chosen: Chosen, place: str) -> Counts:
    """The same in one statement, so that each box is looked at once."""
    furthest: dict[int, int] = {}
    now: dict[str, int] = {}
    moved: dict[str, int] = {}
    for at, stage, count in ctx.db.rows_replanned(
        f"""
        {first(chosen)} SELECT place, stage, COUNT(*) FROM (
            SELECT MAX({place}) AS place, MAX(CASE WHEN s.is_open THEN s.stage_key END) AS stage
            FROM {stays(chosen)} GROUP BY s.box_key
        ) AS each GROUP BY place, stage
        UNION ALL SELECT NULL, c.stage_key, COUNT(*) FROM chosen c GROUP BY c.stage_key
        """,
        **asked(chosen),
    ):
        if at is None:
            now[stage] = count
            continue
        furthest[at] = furthest.get(at, 0) + count
        if stage is not None:
            moved[stage] = moved.get(stage, 0) + count
    return furthest, now, moved


def stays(chosen: Chosen) -> str:
    """What comes behind FROM, with the test: each box is looked at once, however many stays it had."""
    if chosen.plain:
        return "stays s WHERE s.pipeline_key = :pipeline"
    return "chosen c CROSS JOIN stays s WHERE s.pipeline_key = :pipeline AND s.box_key = c.key"


def first(chosen: Chosen) -> str:
    """What a statement over `stays` begins with."""
    if chosen.plain:
        return ""
    columns = "b.key, b.stage_key, b.created_at, b.stage_changed_at"
    return f"WITH chosen AS MATERIALIZED (SELECT {columns} FROM boxes b WHERE {chosen.where})"


def asked(chosen: Chosen) -> dict[str, Any]:
    return {**chosen.params, **({"now": chosen.selection.ctx.now} if ":now" in chosen.where else {})}


def _moved(ctx: Ctx, chosen: Chosen) -> dict[str, int]:
    """How many boxes are in each stage and came from another."""
    sql = f"SELECT s.stage_key, COUNT(*) FROM {stays(chosen)} AND s.is_open GROUP BY s.stage_key"
    return dict(ctx.db.rows_replanned(f"{first(chosen)} {sql}", **asked(chosen)))


def _now(ctx: Ctx, chosen: Chosen) -> dict[str, int]:
    sql = f"SELECT b.stage_key, COUNT(*) FROM boxes b WHERE {chosen.where} GROUP BY b.stage_key"
    return dict(ctx.db.rows_replanned(sql, **asked(chosen)))


# Over time


class Point(NamedTuple):
    begin: int
    end: int
    created: int
    won: int
    lost: int
    sums: dict[str, tuple[float, float, float]]
    """Of each column what was created, won and lost."""


def over_time(
    ctx: Ctx,
    chosen: Chosen,
    *,
    interval: str,
    since: int,
    until: int,
    zone: str | None = None,
    sums: list[str] | None = None,
) -> list[Point]:
    """What was made, and what came into the stages of won and lost and still is there, in each day, week and so on
    of a time zone. The first interval begins where `since` falls into one."""
    columns = column_sums.columns(chosen.selection, sums or [])
    bounds = _bounds(interval, since, until, read_zone(zone or ctx.actor.timezone))
    figures = [[[0.0] * (1 + len(columns)) for _ in range(3)] for _ in bounds[:-1]]
    told = (("created_at", None), ("stage_changed_at", chosen.won), ("stage_changed_at", chosen.lost))
    for at, (column, keys) in enumerate(told):
        if keys == []:
            continue
        for slot, *found in _slots(ctx, chosen, column, keys, bounds[0], bounds[-1], columns):
            place = bisect_right(bounds, slot * SLOT) - 1
            if 0 <= place < len(figures):
                held = figures[place][at]
                for number, value in enumerate(found):
                    held[number] += value or 0
    return [
        Point(
            bounds[at],
            bounds[at + 1],
            int(three[0][0]),
            int(three[1][0]),
            int(three[2][0]),
            {name: _rounded(three, n) for n, name in enumerate(columns, 1)},
        )
        for at, three in enumerate(figures)
    ]


def _rounded(figures: list[list[float]], at: int) -> tuple[float, float, float]:
    created, won, lost = (float(column_sums.rounded(row[at])) for row in figures)
    return created, won, lost


def _slots(
    ctx: Ctx, chosen: Chosen, column: str, keys: list[str] | None, begin: int, end: int, columns: dict[str, Column]
) -> list[Any]:
    test = "" if keys is None else f"AND {ctx.db.dialect.among('b.stage_key', 'ends')}"
    params = {} if keys is None else {"ends": ctx.db.texts(keys)}
    params |= column_sums.params(ctx, columns)
    figures = ["COUNT(*)", *(column_sums.total(column_sums.number(ctx, column)) for column in columns.values())]
    return ctx.db.rows_replanned(
        f"""
        SELECT b.{column} / {SLOT}, {", ".join(figures)} FROM boxes b
        WHERE {chosen.where} AND b.{column} >= :begin AND b.{column} < :end {test} GROUP BY b.{column} / {SLOT}
        """,
        **{**asked(chosen), **params, "begin": begin, "end": end},
    )


def read_zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid("timezone", f"no time zone {(name or '')[:50]!r}; one is Europe/Berlin") from None


def _bounds(interval: str, since: int, until: int, zone: tzinfo) -> list[int]:
    """Where each interval begins, and where the last one ends."""
    if interval not in INTERVALS:
        raise Invalid("interval", f"is one of {', '.join(INTERVALS)}")
    if until <= since:
        raise Invalid("to", "must be later than from")
    try:
        day = _first(interval, datetime.fromtimestamp(since / 1000, zone).date())
        last = datetime.fromtimestamp(until / 1000, zone)
    except (OverflowError, ValueError, OSError):
        raise Invalid("from", "must be milliseconds since 1970, up to the year 9999") from None
    found: list[int] = []
    while len(found) <= MOST_POINTS + 1:
        found.append(int(datetime.combine(day, time.min, zone).timestamp() * 1000))
        if found[-1] >= last.timestamp() * 1000:
            return found
        day = _next(interval, day)
    raise Invalid("interval", f"would give more than {MOST_POINTS} points: take a longer one")


def _first(interval: str, day: date) -> date:
    match interval:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
    return day


def _next(interval: str, day: date) -> date:
    if interval in ("day", "week"):
        return day + timedelta(days=7 if interval == "week" else 1)
    months = {"month": 1, "quarter": 3, "year": 12}[interval]
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, 1)


# Sums


class ReportGroup(NamedTuple):
    key: str
    """Of the stage, the user or the option; a text where it is grouped by text. Empty for boxes without any."""
    name: str
    boxes: int
    sums: dict[str, tuple[float, int]]
    """Of each column, and of how many boxes it holds a number."""


def totals(ctx: Ctx, chosen: Chosen, *, by: str, sums: list[str] | None = None) -> list[ReportGroup]:
    """How many boxes there are for each stage, assignee, creator, option or text, and sums of columns that hold
    numbers. A box with two assignees counts for both."""
    columns = column_sums.columns(chosen.selection, sums or [])
    key, joined, names = _grouping(ctx, chosen, by)
    numbers = [column_sums.number(ctx, column) for column in columns.values()]
    figures = [part for number in numbers for part in (column_sums.total(number), f"COUNT({number})")]
    rows = ctx.db.rows_replanned(
        f"""
        SELECT {", ".join([f"COALESCE({key}, '')", "COUNT(*)", *figures])} FROM boxes b {joined}
        WHERE {chosen.where} GROUP BY {key} ORDER BY COUNT(*) DESC, 1 LIMIT {MOST_GROUPS}
        """,
        **{**asked(chosen), **column_sums.params(ctx, columns)},
    )
    people = persons.by_key(ctx, [row[0] for row in rows if row[0]]) if names is None else {}
    called = {one: person.full_name or "" for one, person in people.items()} if names is None else names
    found = [
        ReportGroup(
            row[0],
            str(called.get(row[0], row[0])),
            row[1],
            {
                name: (float(column_sums.rounded(row[2 + 2 * n])), int(row[3 + 2 * n] or 0))
                for n, name in enumerate(columns)
            },
        )
        for row in rows
    ]
    if not names:
        return found
    order = {one: at for at, one in enumerate(names)}
    return sorted(found, key=lambda group: order.get(group.key, len(order)))


def _grouping(ctx: Ctx, chosen: Chosen, by: str) -> tuple[str, str, dict[str, str] | None]:
    """What it is grouped by in SQL, what is joined for that, and names by key (None: of users)."""
    dialect = ctx.db.dialect
    match by:
        case "stage":
            return "b.stage_key", "", chosen.names
        case "assignee":
            return "a.user_key", "LEFT JOIN assignments a ON a.box_key = b.key", None
        case "creator":
            return "b.creator_key", "", None
    field = chosen.selection.fields.get(by)
    if field is None:
        raise Invalid("by", f"is stage, assignee, creator or a field's key; there is no field {by[:50]!r}")
    value = dialect.field_value("b.fields", field.key)
    match field.type:
        case "DROPDOWN":
            return value, "", {option.key: option.name for option in field.options}
        case "TEXT_INPUT" | "FORMULA" | "CHECKBOX":
            return value, "", {}
        case "TAG":
            options = {option.key: option.name for option in field.options}
            return "o.value", f"LEFT JOIN {_each(ctx, field.key)} o ON TRUE", options
    raise Invalid("by", f"a {field.type} field cannot be grouped by")


def _each(ctx: Ctx, key: str) -> str:
    return ctx.db.dialect.each_text(ctx.db.dialect.member("b.fields", key))
