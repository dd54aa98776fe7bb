"""Reports of a pipeline: how far and how fast boxes get, what was created, won and lost over time, and sums.

A report counts the boxes that the actor may see and that pass a filter, at the time of the request. The table `stays`,
which the database maintains from the histories of boxes, only has the stays of boxes that were moved. A box that is
still in its first stage is known by its own row; these are counted as all boxes minus the open stays.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...errors import Invalid
from .. import persons
from ..context import Ctx
from ..pipelines import names, schema
from ..pipelines.columns import Column
from ..records import Stage
from . import sums as column_sums
from .selections import Selection

MOST_POINTS = 750
MOST_GROUPS = 1000
SLOT = 900_000
"""A quarter of an hour in milliseconds: in every time zone, days begin with one."""
INTERVALS = ("day", "week", "month", "quarter", "year")


class Chosen(NamedTuple):
    """The boxes that a report counts."""

    selection: Selection
    where: str
    params: dict[str, Any]
    plain: bool
    """Whether these are all boxes of the pipeline, so that the boxes themselves need not be read."""
    names: dict[str, str]
    """The names of the pipeline's stages by key, in the order of the pipeline."""
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
    """The boxes that were created from `since` until `until` (milliseconds since the epoch, `until` is not included).
    Without `won` and `lost`, these are the stages of these kinds."""
    selection = Selection(ctx, pipeline_key, tree=tree)
    plain = selection.where == "b.pipeline_key = :pipeline AND 1 = 1" and since is None and until is None
    where, params = selection.where, {**selection.params}
    for sign, name, at in ((">=", "since", since), ("<", "until", until)):
        if at is not None:
            where, params = f"{where} AND b.created_at {sign} :{name}", {**params, name: at}
    found = schema.stages(ctx, [selection.pipeline.key])[selection.pipeline.key]
    stages = {key: found[key] for key in selection.pipeline.stage_order}
    named = {key: stage.name for key, stage in stages.items()}
    return Chosen(selection, where, params, plain, named, _ends("won", won, stages), _ends("lost", lost, stages))


def _ends(word: str, given: list[str] | None, stages: dict[str, Stage]) -> list[str]:
    if given is None:
        return [key for key, stage in stages.items() if stage.kind == word.upper()]
    named = {key: stage.name for key, stage in stages.items()}
    return [names.require(named, wanted, f"{word}[{at}]", "stage") for at, wanted in enumerate(given)]


# How far


class ReportStep(NamedTuple):
    stage_key: str
    name: str
    reached: int
    """Boxes that were ever in this stage or in a later stage."""
    now: int
    """Boxes that are in this stage now."""


class Funnel(NamedTuple):
    total: int
    steps: list[ReportStep]
    won: int
    lost: int


Counts = tuple[dict[int, int], dict[str, int], dict[str, int]]
"""Three counts of boxes: moved boxes by the furthest stage that they reached (its index), all boxes by their current
stage, and moved boxes by their current stage."""


def funnel(ctx: Ctx, chosen: Chosen) -> Funnel:
    """How many boxes reached each stage, for the stages in their order without the lost ones."""
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
            SELECT MAX({place}) AS place FROM {from_stays(chosen)} GROUP BY s.box_key
        ) AS furthest GROUP BY place
        """,
        **params_of(chosen),
    )
    return dict(rows), _now(ctx, chosen), _moved(ctx, chosen)


def _some(ctx: Ctx, chosen: Chosen, place: str) -> Counts:
    """Like `_all` for boxes that pass a filter, in one statement, so that each box is read once."""
    furthest: dict[int, int] = {}
    now: dict[str, int] = {}
    moved: dict[str, int] = {}
    for at, stage, count in ctx.db.rows_replanned(
        f"""
        {with_chosen(chosen)} SELECT place, stage, COUNT(*) FROM (
            SELECT MAX({place}) AS place, MAX(CASE WHEN s.is_open THEN s.stage_key END) AS stage
            FROM {from_stays(chosen)} GROUP BY s.box_key
        ) AS each GROUP BY place, stage
        UNION ALL SELECT NULL, c.stage_key, COUNT(*) FROM chosen c GROUP BY c.stage_key
        """,
        **params_of(chosen),
    ):
        if at is None:
            now[stage] = count
            continue
        furthest[at] = furthest.get(at, 0) + count
        if stage is not None:
            moved[stage] = moved.get(stage, 0) + count
    return furthest, now, moved


def from_stays(chosen: Chosen) -> str:
    """The FROM and WHERE clause over stays. Each box is read once, however many stays it has."""
    if chosen.plain:
        return "stays s WHERE s.pipeline_key = :pipeline"
    return "chosen c CROSS JOIN stays s WHERE s.pipeline_key = :pipeline AND s.box_key = c.key"


def with_chosen(chosen: Chosen) -> str:
    """The WITH clause that a statement over `from_stays` begins with."""
    if chosen.plain:
        return ""
    columns = "b.key, b.stage_key, b.created_at, b.stage_changed_at"
    return f"WITH chosen AS MATERIALIZED (SELECT {columns} FROM boxes b WHERE {chosen.where})"


def params_of(chosen: Chosen) -> dict[str, Any]:
    """The parameters of the chosen boxes' SQL condition."""
    return {**chosen.params, **({"now": chosen.selection.ctx.now} if ":now" in chosen.where else {})}


def _moved(ctx: Ctx, chosen: Chosen) -> dict[str, int]:
    """How many boxes are in each stage that came from another stage."""
    sql = f"SELECT s.stage_key, COUNT(*) FROM {from_stays(chosen)} AND s.is_open GROUP BY s.stage_key"
    return dict(ctx.db.rows_replanned(f"{with_chosen(chosen)} {sql}", **params_of(chosen)))


def _now(ctx: Ctx, chosen: Chosen) -> dict[str, int]:
    sql = f"SELECT b.stage_key, COUNT(*) FROM boxes b WHERE {chosen.where} GROUP BY b.stage_key"
    return dict(ctx.db.rows_replanned(sql, **params_of(chosen)))


# Over time


class Point(NamedTuple):
    begin: int
    end: int
    created: int
    won: int
    lost: int
    sums: dict[str, tuple[float, float, float]]
    """For each summed field, the sums of the boxes that were created, won and lost."""
    ignored: dict[str, tuple[int, int, int]]
    """For each summed field, how many created, won and lost boxes have a value in it that is no number."""


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
    """The boxes that were created in each day, week and so on of a time zone, and those that came into a won or lost
    stage then and are still there. The first interval is the one that contains `since`."""
    columns = column_sums.columns(chosen.selection, sums or [])
    bounds = _bounds(interval, since, until, read_zone(zone or ctx.actor.timezone))
    figures = [[[0.0] * (1 + 2 * len(columns)) for _ in range(3)] for _ in bounds[:-1]]
    series = (("created_at", None), ("stage_changed_at", chosen.won), ("stage_changed_at", chosen.lost))
    for at, (column, keys) in enumerate(series):
        if keys == []:
            continue
        for slot, *found in _slots(ctx, chosen, column, keys, bounds[0], bounds[-1], columns):
            place = bisect_right(bounds, slot * SLOT) - 1
            if 0 <= place < len(figures):
                for number, value in enumerate(found):
                    figures[place][at][number] += value or 0
    return [
        Point(
            bounds[at],
            bounds[at + 1],
            int(three[0][0]),
            int(three[1][0]),
            int(three[2][0]),
            {name: _rounded(three, n) for n, name in enumerate(columns, 1)},
            {name: _counts(three, len(columns) + n) for n, name in enumerate(columns, 1)},
        )
        for at, three in enumerate(figures)
    ]


def _rounded(figures: list[list[float]], at: int) -> tuple[float, float, float]:
    created, won, lost = (float(column_sums.rounded(row[at])) for row in figures)
    return created, won, lost


def _counts(figures: list[list[float]], at: int) -> tuple[int, int, int]:
    created, won, lost = (int(row[at]) for row in figures)
    return created, won, lost


def _slots(
    ctx: Ctx, chosen: Chosen, column: str, keys: list[str] | None, begin: int, end: int, columns: dict[str, Column]
) -> list[Any]:
    test = "" if keys is None else f"AND {ctx.db.dialect.among('b.stage_key', 'ends')}"
    params = {} if keys is None else {"ends": ctx.db.texts(keys)}
    params |= column_sums.params(ctx, columns)
    figures = ["COUNT(*)", *(column_sums.total(column_sums.number(ctx, column)) for column in columns.values())]
    figures += [f"SUM({column_sums.left_out(ctx, column)})" for column in columns.values()]
    return ctx.db.rows_replanned(
        f"""
        SELECT b.{column} / {SLOT}, {", ".join(figures)} FROM boxes b
        WHERE {chosen.where} AND b.{column} >= :begin AND b.{column} < :end {test} GROUP BY b.{column} / {SLOT}
        """,
        **{**params_of(chosen), **params, "begin": begin, "end": end},
    )


def read_zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(
            "timezone", f"there is no time zone {(name or '')[:50]!r}; use a name such as Europe/Berlin"
        ) from None


def _bounds(interval: str, since: int, until: int, zone: tzinfo) -> list[int]:
    """The beginnings of all intervals, and the end of the last."""
    if interval not in INTERVALS:
        raise Invalid("interval", f"must be one of {', '.join(INTERVALS)}")
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
    raise Invalid("interval", f"must be longer: this one gives more than {MOST_POINTS} points")


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
    """The key of the stage, the user or the option, or the text that the boxes have. Empty for boxes without a
    value."""
    name: str
    boxes: int
    sums: dict[str, tuple[float, int, int]]
    """For each field, the sum, the number of boxes that have a number in it, and of those that have another value."""


def totals(ctx: Ctx, chosen: Chosen, *, by: str, sums: list[str] | None = None) -> list[ReportGroup]:
    """The number of boxes and the sums of fields for each stage, assignee, creator, option or text. A box with two
    assignees counts for both."""
    columns = column_sums.columns(chosen.selection, sums or [])
    key, joined, known = _grouping(ctx, chosen, by)
    numbers = [column_sums.number(ctx, column) for column in columns.values()]
    left_out = [f"SUM({column_sums.left_out(ctx, column)})" for column in columns.values()]
    figures = [
        part
        for number, left in zip(numbers, left_out, strict=True)
        for part in (column_sums.total(number), f"COUNT({number})", left)
    ]
    rows = ctx.db.rows_replanned(
        f"""
        SELECT {", ".join([f"COALESCE({key}, '')", "COUNT(*)", *figures])} FROM boxes b {joined}
        WHERE {chosen.where} GROUP BY {key} ORDER BY COUNT(*) DESC, 1 LIMIT {MOST_GROUPS}
        """,
        **{**params_of(chosen), **column_sums.params(ctx, columns)},
    )
    people = persons.by_key(ctx, [row[0] for row in rows if row[0]]) if known is None else {}
    titles = {key: person.full_name or "" for key, person in people.items()} if known is None else known
    found = [
        ReportGroup(
            row[0],
            str(titles.get(row[0], row[0])),
            row[1],
            {
                name: (float(column_sums.rounded(row[2 + 3 * n])), int(row[3 + 3 * n] or 0), int(row[4 + 3 * n] or 0))
                for n, name in enumerate(columns)
            },
        )
        for row in rows
    ]
    if not known:
        return found
    order = {key: at for at, key in enumerate(known)}
    return sorted(found, key=lambda group: order.get(group.key, len(order)))


def _grouping(ctx: Ctx, chosen: Chosen, by: str) -> tuple[str, str, dict[str, str] | None]:
    """The SQL expression to group by, the JOIN that it needs, and the names of the groups by key (None: users)."""
    dialect = ctx.db.dialect
    match by:
        case "stage":
            return "b.stage_key", "", chosen.names
        case "assignee":
            return "a.user_key", "LEFT JOIN assignments a ON a.box_key = b.key", None
        case "creator":
            return "b.creator_key", "", None
    field = names.find_field(chosen.selection.fields, by, "by")
    if field is None:
        raise Invalid("by", f"must be stage, assignee, creator or a field; there is no field {by[:50]!r}")
    value = dialect.field_value("b.fields", field.key)
    match field.type:
        case "DROPDOWN":
            return value, "", {option.key: option.name for option in field.options}
        case "TEXT_INPUT" | "FORMULA" | "CHECKBOX":
            return value, "", {}
        case "TAG":
            options = {option.key: option.name for option in field.options}
            return "o.value", f"LEFT JOIN {_each(ctx, field.key)} o ON TRUE", options
    raise Invalid("by", f"boxes cannot be grouped by a field of the type {field.type}")


def _each(ctx: Ctx, key: str) -> str:
    return ctx.db.dialect.each_text(ctx.db.dialect.member("b.fields", key))
