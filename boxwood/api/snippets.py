"""Snippets over HTTP."""

from __future__ import annotations

from ..core.activity import snippets
from ..wire.shapes import snippets as shapes
from ..wire.shapes.lists import SUCCESS, Success
from .http.call import ALL, Call


def list_all(call: Call) -> list[shapes.SnippetOut]:
    """One's own snippets and those shared with the pipelines one reaches, the oldest first."""
    limit, offset = call.page(ALL)
    return [shapes.snippet(snippet) for snippet in snippets.page(call.ctx, limit=limit, offset=offset)]


def get(call: Call) -> shapes.SnippetOut:
    """A snippet; its text is an object."""
    return shapes.snippet(snippets.get(call.ctx, call.path[0]))


def create(call: Call) -> shapes.SnippetWritten:
    """A canned reply, shared with a pipeline where `pipelineKey` is given. Its text is answered plain."""
    given = shapes.ours(call.parse(shapes.SNIPPET_CREATE))
    return shapes.written(snippets.create(call.ctx, given))


def edit(call: Call) -> shapes.SnippetWritten:
    """Change what is named. For its author and, where it is shared, for who may change the pipeline."""
    changes = shapes.ours(call.parse(shapes.SNIPPET_EDIT))
    return shapes.written(snippets.edit(call.ctx, call.path[0], changes))


def delete(call: Call) -> Success:
    """Delete a snippet."""
    snippets.delete(call.ctx, call.path[0])
    return SUCCESS
