"""Snippets: canned replies, one's own or shared with a pipeline."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Forbidden, Insufficient, Invalid, NotFound
from ...lib import ids
from .. import access, events, pipelines, trash
from ..context import Ctx
from ..records import Pipeline


class Snippet(msgspec.Struct, frozen=True):
    key: str
    user_key: str
    pipeline_key: str | None
    """The pipeline it is shared with."""
    name: str
    text: str
    """HTML, as it was given."""
    subject: str | None
    shortcut: str | None
    created_at: int
    saved_at: int


SNIPPETS = Table("snippets", Snippet)
# One who acts for a member by a team's key reaches what the team shares, not what is the member's own.
_REACHED = f"""
    SELECT {SNIPPETS.of("s")} FROM snippets s WHERE ((s.user_key = :actor AND :within = '')
        OR s.pipeline_key IN (SELECT p.key FROM pipelines p WHERE {access.ROLE} IS NOT NULL))
"""


def get(ctx: Ctx, key: str) -> Snippet:
    row = ctx.db.row(f"{_REACHED} AND s.key = :key", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    return SNIPPETS.load(row)


def page(ctx: Ctx, *, limit: int, offset: int) -> list[Snippet]:
    """One's own and those of the pipelines one reaches, the oldest first."""
    sql = f"{_REACHED} ORDER BY s.created_at, s.key LIMIT :limit OFFSET :offset"
    return SNIPPETS.load_all(ctx.db.rows(sql, **ctx.who, limit=limit, offset=offset))


def create(ctx: Ctx, given: dict[str, Any]) -> Snippet:
    """`name`, and what `edit` takes."""
    if not given.get("name"):
        raise Insufficient("Snippet", "snippetName")
    shared = _shared(ctx, given.get("pipeline_key"))
    if shared is None and ctx.within:
        raise Invalid("pipelineKey", "is needed with a team's key")
    snippet = Snippet(
        key=ids.new("s", ctx.now),
        user_key=ctx.actor.key,
        pipeline_key=shared.key if shared else None,
        name=given["name"],
        text=given.get("text") or "",
        subject=given.get("subject") or None,
        shortcut=given.get("shortcut") or None,
        created_at=ctx.now,
        saved_at=ctx.now,
    )
    SNIPPETS.insert(ctx.db, snippet)
    events.record(ctx, "snippet.created", snippet, pipeline=shared, subject=snippet.name)
    return snippet


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Snippet:
    """Change what differs; a `pipeline_key` of None makes it the author's alone. An echo is no news."""
    snippet, shared = _held(ctx, key)
    changes = {name: value or None for name, value in changes.items()}
    if "name" in changes and not changes["name"]:
        raise Invalid("snippetName", "may not be empty")
    if "text" in changes:
        changes["text"] = changes["text"] or ""
    changes = {name: value for name, value in changes.items() if value != getattr(snippet, name)}
    if not changes:
        return snippet
    if "pipeline_key" in changes:
        if snippet.user_key != ctx.actor.key:
            raise Forbidden("Only its author may say with whom a snippet is shared")
        shared = _shared(ctx, changes["pipeline_key"])
    before = {name: getattr(snippet, name) for name in changes}
    snippet = msgspec.structs.replace(snippet, **changes, saved_at=ctx.now)
    SNIPPETS.update(ctx.db, snippet, *changes, "saved_at")
    events.record(ctx, "snippet.edited", snippet, pipeline=shared, before=before, subject=snippet.name)
    return snippet


def delete(ctx: Ctx, key: str) -> None:
    snippet, shared = _held(ctx, key)
    trash.store(ctx, "snippet", key, snippet.name, pipeline=shared)
    ctx.db.run("DELETE FROM snippets WHERE key = :key", key=key)
    events.record(ctx, "snippet.deleted", snippet, pipeline=shared, subject=snippet.name)


def _held(ctx: Ctx, key: str) -> tuple[Snippet, Pipeline | None]:
    """The snippet, for its author or whoever may change the pipeline it is shared with; and that pipeline."""
    row = ctx.db.row(f"{_REACHED} AND s.key = :key{ctx.db.for_update}", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    snippet = SNIPPETS.load(row)
    if snippet.pipeline_key is None:
        return snippet, None
    try:
        pipeline, role = pipelines.reach(ctx, snippet.pipeline_key)
    except NotFound:
        return snippet, None  # its author left the pipeline
    if snippet.user_key != ctx.actor.key:
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    return snippet, pipeline


def _shared(ctx: Ctx, pipeline_key: str | None) -> Pipeline | None:
    """The pipeline it shall be shared with: its people's, so for those who may change it."""
    if not pipeline_key:
        return None
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    return pipeline
