"""Snippets: texts for replies, of one user or shared with the members of a pipeline."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Forbidden, Insufficient, Invalid, NotFound
from ...lib import ids
from ...lib.mail import html_text
from .. import access, events, pipelines, trash
from ..access import Role
from ..context import Ctx
from ..records import Pipeline
from ..records.scopes import READ
from .sending import merge_fields, quoting


class Snippet(msgspec.Struct, frozen=True):
    key: str
    user_key: str
    pipeline_key: str | None
    """The pipeline that the snippet is shared with."""
    name: str
    text: str
    """HTML, unchanged."""
    subject: str | None
    shortcut: str | None
    created_at: int
    saved_at: int


SNIPPETS = Table("snippets", Snippet)
# With a team's API key, only shared snippets are visible, not those of the member for whom the key acts.
_VISIBLE = f"""
    SELECT {SNIPPETS.of("s")} FROM snippets s WHERE ((s.user_key = :actor AND :within = '')
        OR s.pipeline_key IN (SELECT p.key FROM pipelines p WHERE {access.ROLE} IS NOT NULL))
"""


def get(ctx: Ctx, key: str) -> Snippet:
    ctx.require("snippets", READ)
    row = ctx.db.row(f"{_VISIBLE} AND s.key = :key", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    return SNIPPETS.load(row)


class RenderedSnippet(msgspec.Struct, frozen=True):
    """A snippet with its merge fields filled."""

    subject: str
    html: str
    text: str
    missing: list[merge_fields.Missing]
    """The merge fields without a value."""


def render(ctx: Ctx, key: str, *, box_key: str | None = None, contact_key: str | None = None) -> RenderedSnippet:
    """The snippet as a mail to this contact, or to the first contact of this box. Values with `{{` cannot be filled
    again where the result is put into a draft."""
    snippet = get(ctx, key)
    values = merge_fields.values(ctx, box_key=box_key, contact_key=contact_key)
    subject = merge_fields.rendered(snippet.subject or "", values, "subject")
    html = merge_fields.rendered(snippet.text, values, "html", html=True)
    title, page = quoting.without_fields(subject.text), quoting.without_fields(html.text)
    return RenderedSnippet(title, page, html_text.plain(page), [*subject.missing, *html.missing])


def page(ctx: Ctx, *, limit: int, offset: int) -> list[Snippet]:
    """The actor's own snippets and those of the pipelines that the actor may see, the oldest first."""
    sql = f"{_VISIBLE} ORDER BY s.created_at, s.key LIMIT :limit OFFSET :offset"
    return SNIPPETS.load_all(ctx.db.rows(sql, **ctx.who, limit=limit, offset=offset))


def create(ctx: Ctx, given: dict[str, Any]) -> Snippet:
    """Create a snippet. `given` holds `name`, and any other member that `edit` takes."""
    if not given.get("name"):
        raise Insufficient("Snippet", "snippetName")
    shared = _shared(ctx, given.get("pipeline_key"))
    if shared is None and ctx.within:
        raise Invalid("pipelineKey", "is missing: with a team's API key, snippets must be shared with a pipeline")
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
    """Apply the given members; members equal to the stored ones are ignored. If `pipeline_key` is None, only the author
    sees the snippet."""
    snippet, shared = _lock(ctx, key, "UPDATE")
    changes = {name: value or None for name, value in changes.items()}
    if "name" in changes and not changes["name"]:
        raise Invalid("snippetName", "must not be empty")
    if "text" in changes:
        changes["text"] = changes["text"] or ""
    changes = {name: value for name, value in changes.items() if value != getattr(snippet, name)}
    if not changes:
        return snippet
    if "pipeline_key" in changes:
        if snippet.user_key != ctx.actor.key:
            raise Forbidden("Only the author of a snippet may change with whom it is shared")
        shared = _shared(ctx, changes["pipeline_key"])
    before = {name: getattr(snippet, name) for name in changes}
    snippet = msgspec.structs.replace(snippet, **changes, saved_at=ctx.now)
    SNIPPETS.update(ctx.db, snippet, *changes, "saved_at")
    events.record(ctx, "snippet.edited", snippet, pipeline=shared, before=before, subject=snippet.name)
    return snippet


def delete(ctx: Ctx, key: str) -> None:
    snippet, shared = _lock(ctx, key, "DELETE")
    trash.store(ctx, "snippet", key, snippet.name, pipeline=shared)
    ctx.db.run("DELETE FROM snippets WHERE key = :key", key=key)
    events.record(ctx, "snippet.deleted", snippet, pipeline=shared, subject=snippet.name)


def _lock(ctx: Ctx, key: str, action: str) -> tuple[Snippet, Pipeline | None]:
    """The snippet, locked to be changed, and the pipeline that it is shared with. Only the author, or a user who may
    change the pipeline or its snippets, may change a snippet."""
    row = ctx.db.row(f"{_VISIBLE} AND s.key = :key{ctx.db.for_update}", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    snippet = SNIPPETS.load(row)
    if snippet.pipeline_key is None:
        return snippet, None
    try:
        pipeline, role = pipelines.reach(ctx, snippet.pipeline_key)
    except NotFound:
        return snippet, None  # the author left the pipeline
    if snippet.user_key != ctx.actor.key:
        _require(ctx, role, action, pipeline)
    return snippet, pipeline


def _shared(ctx: Ctx, pipeline_key: str | None) -> Pipeline | None:
    """The pipeline to share a snippet with. The actor must be allowed to change this pipeline."""
    if not pipeline_key:
        return None
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    _require(ctx, role, "CREATE", pipeline)
    return pipeline


def _require(ctx: Ctx, role: Role, action: str, pipeline: Pipeline) -> None:
    """Raise `Forbidden` unless the role allows this action on snippets of the pipeline, or to change the pipeline."""
    if not access.allows(ctx, role, "SNIPPET", action, pipeline):
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
