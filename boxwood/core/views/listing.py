"""Lists of boxes: pages in an order that has an index, and whole lists in slices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import access, pipelines
from ..access import Role
from ..context import Ctx
from ..pipelines import names
from ..records import STORED, Pipeline, StoredBox

SLICE = 1000
ORDERS = {
    "": "b.created_at, b.key",
    "created_at": "b.created_at DESC, b.key DESC",
    "updated_at": "b.updated_at DESC, b.key DESC",
}


def page(
    ctx: Ctx,
    pipeline_key: str,
    *,
    stage_key: str | None,
    sort_by: str,
    limit: int,
    offset: int,
    since: int | None = None,
) -> list[StoredBox]:
    """The boxes of a pipeline, or of one stage, that the actor may see: the oldest first, or the newest by `sort_by`.

    With `since` (milliseconds since the epoch), only boxes that were changed then or later.
    """
    where, params = within(ctx, *pipelines.reach(ctx, pipeline_key), stage_key, since)
    rows = ctx.db.rows(
        f"SELECT {STORED.of('b')} FROM boxes b WHERE {where} ORDER BY {ORDERS[sort_by]} LIMIT :limit OFFSET :offset",
        limit=limit,
        offset=offset,
        **params,
    )
    return STORED.load_all(rows)


def keys(
    ctx: Ctx, pipeline_key: str | None, *, stage_key: str | None = None, sort_by: str = "", since: int | None = None
) -> list[str]:
    """The keys of all boxes that the actor may see, in one pipeline or in all. The boxes are then read in slices."""
    if pipeline_key is not None:
        reached = [pipelines.reach(ctx, pipeline_key)]
    else:
        reached = pipelines.reach_all(ctx)
    found: list[tuple[Any, ...]] = []
    for pipeline, role in reached:
        where, params = within(ctx, pipeline, role, stage_key, since)
        sql = f"SELECT b.key, b.created_at, b.updated_at FROM boxes b WHERE {where} ORDER BY {ORDERS[sort_by]}"
        found += ctx.db.rows(sql, **params)
    if len(reached) > 1:
        at = 2 if sort_by == "updated_at" else 1
        found.sort(key=lambda row: (row[at], row[0]), reverse=bool(sort_by))
    return [row[0] for row in found]


def within(
    ctx: Ctx, pipeline: Pipeline, role: Role, stage_key: str | None, since: int | None = None
) -> tuple[str, dict[str, Any]]:
    """The SQL condition on box `b` for the boxes of a pipeline that the actor may see, and its parameters."""
    where = "b.pipeline_key = :pipeline"
    params: dict[str, Any] = {"pipeline": pipeline.key}
    if not role.sees_all_boxes():
        test, given = access.visible(ctx.db.dialect, role, ctx.actor.key)
        where, params = f"{where} AND {test}", {**params, **given}
    if stage_key:
        stage_key = names.stage_key(ctx, pipeline, stage_key)
        where, params = f"{where} AND b.stage_key = :stage", {**params, "stage": stage_key}
    if since is not None:
        where, params = f"{where} AND b.updated_at >= :since", {**params, "since": since}
    return where, params


def visible(ctx: Ctx, pipeline_key: str | None = None, *, column: str = "b.pipeline_key") -> tuple[str, dict[str, Any]]:
    """The SQL condition on box `b` for the boxes that the actor may see, in one pipeline or in all, and its parameters.

    `column` is the SQL column with the key of the box's pipeline; another table of the statement may have it too.
    """
    reached = [pipelines.reach(ctx, pipeline_key)] if pipeline_key else pipelines.reach_all(ctx)
    by_rights: dict[str, tuple[Role, list[str]]] = {}
    for pipeline, role in reached:
        by_rights.setdefault(repr(role.checks("BOX", "GET")), (role, []))[1].append(pipeline.key)
    tests, params = [], {"actor": ctx.actor.key}
    for at, (role, within) in enumerate(by_rights.values()):
        test, given = access.visible(ctx.db.dialect, role, ctx.actor.key, f"seen_{at}")
        tests.append(f"({ctx.db.dialect.among(column, f'pipelines_{at}')} AND {test})")
        params |= {**given, f"pipelines_{at}": ctx.db.texts(within)}
    return f"({' OR '.join(tests)})" if tests else "(1 = 0)", params


def linked_to(ctx: Ctx, key: str, *, limit: int, offset: int) -> list[StoredBox]:
    """The boxes with a link to this contact or organization that the actor may see, the last changed first."""
    test, params = visible(ctx)
    rows = ctx.db.rows(
        f"""
        SELECT {STORED.of("b")} FROM box_links l JOIN boxes b ON b.key = l.box_key
        WHERE l.key = :key AND {test} ORDER BY b.updated_at DESC, b.key DESC LIMIT :limit OFFSET :offset
        """,
        key=key,
        limit=limit,
        offset=offset,
        **params,
    )
    return STORED.load_all(rows)


def slices(all_keys: list[str]) -> Iterator[list[str]]:
    """The keys in lists of at most `SLICE`."""
    for at in range(0, len(all_keys), SLICE):
        yield all_keys[at : at + SLICE]


def by_keys(ctx: Ctx, wanted: list[str]) -> list[StoredBox]:
    """The boxes with these keys, in this order; deleted boxes are left out. Access is not checked: the caller has done
    this."""
    rows = ctx.db.rows(
        f"SELECT {STORED.columns} FROM boxes WHERE {ctx.db.dialect.among('key', 'keys')}",
        keys=ctx.db.texts(wanted),
    )
    found = {row[0]: row for row in rows}
    return [STORED.load(found[key]) for key in wanted if key in found]


def in_pipeline(ctx: Ctx, pipeline_key: str, wanted: list[str]) -> list[StoredBox]:
    """Those of these boxes that are in the pipeline and that the actor may see (ruling 11)."""
    where, params = within(ctx, *pipelines.reach(ctx, pipeline_key), None)
    sql = f"SELECT {STORED.of('b')} FROM boxes b WHERE {where} AND {ctx.db.dialect.among('b.key', 'keys')}"
    found = {row[0]: row for row in ctx.db.rows(sql, keys=ctx.db.texts(wanted), **params)}
    return [STORED.load(found[key]) for key in dict.fromkeys(wanted) if key in found]
