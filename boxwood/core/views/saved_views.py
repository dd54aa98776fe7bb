"""Saved views: a filter, an order, a group and columns under a name, private or shared with the pipeline's members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Insufficient, Invalid, NotFound
from ...lib import ids
from .. import access, events, pipelines, trash
from ..access import Role
from ..context import Ctx
from ..pipelines import columns, schema
from ..pipelines.filters import Filter
from ..records import Field, Pipeline
from . import selections
from .selections import BoxPage

MOST = 500


class ShownView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column of a view. Without a width it has the default width. Frozen columns stay visible at the left."""

    key: str
    width: int | None = None
    hidden: bool = False
    frozen: bool = False


class View(msgspec.Struct, frozen=True):
    key: str
    pipeline_key: str
    creator_key: str
    name: str
    filter: dict[str, Any] | None
    sort: list[str]
    group_by: str | None
    columns: list[ShownView]
    shared: bool
    created_at: int
    saved_at: int


VIEWS = Table("views", View)
# With a team's API key, only shared views are visible, not those of the member for whom the key acts.
_VISIBLE = "(v.shared OR (v.creator_key = :actor AND :within = ''))"


def get(ctx: Ctx, pipeline_key: str, key: str) -> View:
    return _reach(ctx, pipeline_key, key)[0]


def _reach(ctx: Ctx, pipeline_key: str, key: str, *, change: bool = False) -> tuple[View, Pipeline, Role]:
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    lock = ctx.db.for_update if change else ""
    row = ctx.db.row(
        f"SELECT {VIEWS.of('v')} FROM views v WHERE v.key = :key AND v.pipeline_key = :pipeline AND {_VISIBLE}{lock}",
        key=key,
        pipeline=pipeline.key,
        **ctx.who,
    )
    if row is None:
        raise NotFound(key)
    return VIEWS.load(row), pipeline, role


def page(ctx: Ctx, pipeline_key: str, *, limit: int, offset: int) -> list[View]:
    """The shared views of a pipeline and the actor's own, the oldest first."""
    pipeline = pipelines.get(ctx, pipeline_key)
    rows = ctx.db.rows(
        f"""
        SELECT {VIEWS.of("v")} FROM views v WHERE v.pipeline_key = :pipeline AND {_VISIBLE}
        ORDER BY v.created_at, v.key LIMIT :limit OFFSET :offset
        """,
        pipeline=pipeline.key,
        **ctx.who,
        limit=limit,
        offset=offset,
    )
    return VIEWS.load_all(rows)


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> View:
    """Create a view. `given` holds `name`, and any other member that `edit` takes. The view is private unless `shared`
    is true; to share a view, the actor must be allowed to change the pipeline."""
    if not given.get("name"):
        raise Insufficient("View", "name")
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    count = ctx.db.row("SELECT COUNT(*) FROM views WHERE pipeline_key = :pipeline", pipeline=pipeline.key)
    if count and count[0] >= MOST:
        raise Invalid("views", f"a pipeline must not have more than {MOST} views: delete one first")
    view = View(
        key=ids.new("v", ctx.now),
        pipeline_key=pipeline.key,
        creator_key=ctx.actor.key,
        name=given["name"],
        filter=given.get("filter") or None,
        sort=given.get("sort") or [],
        group_by=given.get("group_by") or None,
        columns=[ShownView(**column) for column in given.get("columns") or []],
        shared=bool(given.get("shared")),
        created_at=ctx.now,
        saved_at=ctx.now,
    )
    if view.shared:
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    elif ctx.within:
        raise Invalid("shared", "must be true with a team's API key")
    view = _checked(ctx, pipeline, view)
    VIEWS.insert(ctx.db, view)
    record_event(ctx, "view.created", view, pipeline)
    return view


def edit(ctx: Ctx, pipeline_key: str, key: str, changes: dict[str, Any]) -> View:
    """Apply the given members; members equal to the stored ones are ignored. To change a shared view, the actor must be
    allowed to change the pipeline."""
    before, pipeline, role = _reach(ctx, pipeline_key, key, change=True)
    if "name" in changes and not changes["name"]:
        raise Invalid("name", "must not be empty")
    if "columns" in changes:
        changes = {**changes, "columns": [ShownView(**column) for column in changes["columns"] or []]}
    empty: dict[str, Any] = {"filter": None, "sort": [], "group_by": None, "shared": False}
    changes = {name: value or empty.get(name, value) for name, value in changes.items()}
    changes = {name: value for name, value in changes.items() if value != getattr(before, name)}
    if not changes:
        return before
    view = msgspec.structs.replace(before, **changes, saved_at=ctx.now)
    if view.shared or before.shared:
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    if not view.shared and (ctx.within or view.creator_key != ctx.actor.key):
        raise Invalid("shared", "must be true: only the creator of a view can make it private")
    view = _checked(ctx, pipeline, view)
    VIEWS.update(ctx.db, view, *changes, "saved_at")
    old = {name: getattr(before, name) for name in changes}
    record_event(ctx, "view.edited", view, pipeline, before=old if before.shared else None)
    return view


def delete(ctx: Ctx, pipeline_key: str, key: str) -> None:
    view, pipeline, role = _reach(ctx, pipeline_key, key, change=True)
    if view.shared:
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    trash.store(ctx, "view", key, view.name, pipeline=pipeline)
    ctx.db.run("DELETE FROM views WHERE key = :key", key=key)
    record_event(ctx, "view.deleted", view, pipeline)


def boxes(ctx: Ctx, pipeline_key: str, key: str, *, shown: list[str], cursor: str, limit: int) -> BoxPage:
    """A page of the view's boxes with the view's columns, sorted by group and within each group."""
    view = get(ctx, pipeline_key, key)
    seen = [column.key for column in view.columns if not column.hidden]
    return selections.page(
        ctx,
        pipeline_key,
        tree=view.filter,
        sort=_sortable(ctx, pipeline_key, view),
        shown=list(dict.fromkeys([*seen, *shown])),
        cursor=cursor,
        limit=limit,
    )


def order(view: View) -> list[str]:
    """The columns that the view's boxes are sorted by; the group is the first."""
    if view.group_by is None:
        return view.sort
    return [view.group_by, *(name for name in view.sort if name.removeprefix("-") != view.group_by)]


def _sortable(ctx: Ctx, pipeline_key: str, view: View) -> list[str]:
    """The view's order, without a group that is a list, because boxes cannot be sorted by lists."""
    if not view.group_by:
        return view.sort
    pipeline = pipelines.get(ctx, pipeline_key)
    column = columns.find(ctx, pipeline, schema.fields_by_key(ctx, pipeline.key), view.group_by, "group")
    return view.sort if column.is_list else order(view)


def _checked(ctx: Ctx, pipeline: Pipeline, view: View) -> View:
    """Check that everything that the view names exists. Return the view with keys in place of names."""
    by_key = schema.fields_by_key(ctx, pipeline.key)
    view = _with_keys(ctx, pipeline, by_key, view)
    Filter(ctx, pipeline, by_key, view.filter)
    selections.sorts(ctx, pipeline, by_key, view.sort)
    if len(order(view)) > selections.MOST_SORTS:
        raise Invalid("sort", f"must not be more than {selections.MOST_SORTS} columns, including the group")
    if view.group_by:
        column = columns.find(ctx, pipeline, by_key, view.group_by, "group")
        if column.is_list and not column.field and column.name not in columns.GROUPED:
            raise Invalid("group", f"boxes cannot be grouped by {column.name!r}")
    if len(view.columns) > selections.MOST_COLUMNS:
        raise Invalid("columns", f"must not be more than {selections.MOST_COLUMNS}")
    for at, shown in enumerate(view.columns):
        columns.find(ctx, pipeline, by_key, shown.key, f"columns[{at}].key")
        if shown.width is not None and not 0 < shown.width <= 10_000:
            raise Invalid(f"columns[{at}].width", "must be from 1 to 10,000")
    return view


def _with_keys(ctx: Ctx, pipeline: Pipeline, by_key: Mapping[str, Field], view: View) -> View:
    def key(name: str, where: str) -> str:
        return columns.key_of(ctx, pipeline, by_key, name, where)

    sort = [
        f"{'-' if name.startswith('-') else ''}{key(name.removeprefix('-'), f'sort[{at}]')}"
        for at, name in enumerate(view.sort)
    ]
    shown = [
        msgspec.structs.replace(column, key=key(column.key, f"columns[{at}].key"))
        for at, column in enumerate(view.columns)
    ]
    group_by = key(view.group_by, "group") if view.group_by else None
    return msgspec.structs.replace(view, sort=sort, columns=shown, group_by=group_by)


def record_event(ctx: Ctx, kind: str, view: View, pipeline: Pipeline, *, before: dict[str, Any] | None = None) -> None:
    """Record an event about a view. The event of a private view belongs to no pipeline, so that only its owner sees
    it."""
    events.record(ctx, kind, view, pipeline=pipeline if view.shared else None, before=before, subject=view.name)
