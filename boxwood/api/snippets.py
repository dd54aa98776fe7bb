"""Snippets over HTTP."""

from __future__ import annotations

from ..core.activity import snippets
from ..core.records.scopes import READ
from ..wire.shapes import snippets as shapes
from ..wire.shapes.lists import SUCCESS, Success
from .http.call import ALL, Call


def list_all(call: Call) -> list[shapes.SnippetOut]:
    """Your snippets, and those shared with pipelines that you can access, oldest first."""
    limit, offset = call.page(ALL)
    return [shapes.snippet(snippet) for snippet in snippets.page(call.ctx, limit=limit, offset=offset)]


def get(call: Call) -> shapes.SnippetOut:
    """A snippet. `snippetText` is an object."""
    return shapes.snippet(snippets.get(call.ctx, call.path[0]))


def create(call: Call) -> shapes.SnippetWritten:
    """Create a snippet. With `pipelineKey`, it is shared with that pipeline. `snippetText` in the response is text."""
    given = shapes.ours(call.parse(shapes.SNIPPET_CREATE))
    return shapes.written(snippets.create(call.ctx, given))


def edit(call: Call) -> shapes.SnippetWritten:
    """Update a snippet. For its author and, if it is shared, for users who may change the pipeline."""
    changes = shapes.ours(call.parse(shapes.SNIPPET_EDIT))
    return shapes.written(snippets.edit(call.ctx, call.path[0], changes))


def render(call: Call) -> shapes.SnippetRendered:
    """The snippet with its merge fields filled, as a mail to a contact, or to the first contact of a box. `missing`
    lists the merge fields that have neither a value nor a default. Nothing is stored."""
    given = call.parse(shapes.SNIPPET_RENDER)
    if given.get("contact_key"):
        call.ctx.require("contacts", READ)
    return shapes.rendered(snippets.render(call.ctx, call.path[0], **given))


def delete(call: Call) -> Success:
    """Delete a snippet."""
    snippets.delete(call.ctx, call.path[0])
    return SUCCESS
