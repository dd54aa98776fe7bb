"""Snippets and saved views of an import. The source shows those of the owner of the key, and those that are shared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ....errors import Problem
from ... import events
from ...context import Ctx
from ...records import Pipeline
from ...views import saved_views
from ...views.saved_views import VIEWS, ShownView, View
from ..snippets import SNIPPETS, Snippet
from . import imports, pipelines, reading
from .entries import conflict
from .imports import CHANGED, CONFLICT, NEW, REFUSED, Report, StreakImport, Thing
from .pipelines import acting_as
from .reading import Json, Names

COMPARED = {
    "snippets": ("name", "text", "subject", "shortcut", "pipeline_key"),
    "views": ("name", "filter", "sort", "group_by", "columns", "shared"),
}


def compared(noun: str, each: Any) -> dict[str, Any]:
    """The members by which a snippet or view at the source and here are compared."""
    found: dict[str, Any] = msgspec.to_builtins({name: getattr(each, name) for name in COMPARED[noun]})
    return found


def here(ctx: Ctx, noun: str, keys: Sequence[str]) -> dict[str, Any]:
    """The snippets or views with these keys. Checks no permission."""
    table: Any = SNIPPETS if noun == "snippets" else VIEWS
    sql = f"SELECT {table.columns} FROM {table.name} WHERE {ctx.db.dialect.among('key', 'keys')}"
    return {each.key: each for each in table.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys)))} if keys else {}


def take(
    ctx: Ctx, job: StreakImport, given: Sequence[Json], pipeline_keys: set[str], names: Names, report: Report
) -> None:
    """Create and update snippets."""
    wanted = _read("snippets", given, lambda each: reading.snippet(each, pipeline_keys, names), report)
    _settle(ctx, job, "snippets", wanted, report)


def take_views(
    ctx: Ctx, job: StreakImport, given: Sequence[Json], pipeline_key: str, names: Names, report: Report
) -> None:
    """Create and update the saved views of a pipeline."""
    wanted = _read("views", given, lambda each: view(each, pipeline_key, names), report)
    _settle(ctx, job, "views", wanted, report)


def view(given: Json, pipeline_key: str, names: Names) -> View:
    """A saved view in the form of this API. Streak does not document its own."""
    created_at = reading.moment(given, "creationTimestamp", "lastSavedTimestamp", default=1)
    columns = [
        ShownView(str(column["key"]), column.get("width"), bool(column.get("hidden")), bool(column.get("frozen")))
        for column in given.get("columns") or []
        if isinstance(column, dict) and column.get("key")
    ]
    tree = given.get("filter")
    return View(
        key=reading.key_of(given, "view"),
        pipeline_key=pipeline_key,
        creator_key=names.user(given.get("creatorKey")),
        name=reading.text(given.get("name")) or "(no name)",
        filter=_with_keys_here(tree, names) if isinstance(tree, dict) else None,
        sort=reading.texts(given.get("sort") or []),
        group_by=reading.text(given.get("group")),
        columns=columns,
        shared=bool(given.get("shared")),
        created_at=created_at,
        saved_at=reading.moment(given, "lastSavedTimestamp", default=created_at),
    )


def _with_keys_here(value: Any, names: Names) -> Any:
    """A filter with the keys that users, contacts and organizations have here."""
    if isinstance(value, dict):
        return {name: _with_keys_here(item, names) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_keys_here(item, names) for item in value]
    return names.users.get(value, names.thing(value)) if isinstance(value, str) else value


def _read(noun: str, given: Sequence[Json], read: Any, report: Report) -> list[Any]:
    found = []
    for each in given:
        try:
            found.append(read(each))
        except Problem as problem:
            report.note(noun, str(each.get("key")), "", str(problem))
            report.count(noun, REFUSED)
    return found


def _settle(ctx: Ctx, job: StreakImport, noun: str, wanted: Sequence[Any], report: Report) -> None:
    keys = [each.key for each in wanted]
    things, present, kept = imports.known(ctx, keys), here(ctx, noun, keys), []
    for each in wanted:
        before = present.get(each.key)
        there = compared(noun, each)
        verdict = imports.judge(things.get(each.key), there, compared(noun, before) if before else None)
        if verdict == NEW:
            (SNIPPETS if noun == "snippets" else VIEWS).insert(ctx.db, each)
            _record(ctx, noun, each, "created", None)
        elif verdict == CHANGED:
            changed = [name for name in COMPARED[noun] if getattr(before, name) != getattr(each, name)]
            (SNIPPETS if noun == "snippets" else VIEWS).update(ctx.db, each, *changed, "saved_at")
            _record(ctx, noun, each, "edited", {name: getattr(before, name) for name in changed})
        elif verdict == CONFLICT:
            report.note(noun, each.key, each.name, conflict(before is None))
        elif verdict == REFUSED:
            report.note(noun, each.key, each.name, "its key is in use here")
        report.count(noun, verdict)
        if verdict in (NEW, CHANGED):
            digest = imports.digest(there)
            kept.append(Thing(each.key, job.key, noun[:-1], each.key, digest, digest))
    imports.keep(ctx, kept)


def _record(ctx: Ctx, noun: str, each: Snippet | View, verb: str, before: dict[str, Any] | None) -> None:
    found = pipelines.here(ctx, each.pipeline_key) if each.pipeline_key else None
    pipeline: Pipeline | None = found.pipeline if found else None
    author = each.user_key if isinstance(each, Snippet) else each.creator_key
    acting = acting_as(ctx, author, each.saved_at)
    if isinstance(each, View) and pipeline is not None:
        saved_views.record_event(acting, f"view.{verb}", each, pipeline, before=before)
    else:
        events.record(acting, f"snippet.{verb}", each, pipeline=pipeline, before=before, subject=each.name)
