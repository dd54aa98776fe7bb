"""Saved views over HTTP."""

from __future__ import annotations

from ..core.views import saved_views
from ..wire.shapes import views as shapes
from ..wire.shapes.boxes import BoxOut
from ..wire.shapes.lists import SUCCESS, Results, Success
from . import boxes
from .http.call import ALL, MOST_PER_PAGE, Call


def list_page(call: Call) -> Results[shapes.ViewOut]:
    """The saved views of a pipeline: shared views and your own, oldest first."""
    limit, offset = call.page(ALL)
    found = saved_views.page(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([shapes.view(view) for view in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.ViewOut:
    """A saved view."""
    return shapes.view(saved_views.get(call.ctx, *call.path))


def create(call: Call) -> shapes.ViewOut:
    """Create a saved view: `name`, and optionally a filter, an order, a group and columns."""
    return shapes.view(saved_views.create(call.ctx, call.path[0], shapes.ours(call.parse(shapes.VIEW_CREATE))))


def edit(call: Call) -> shapes.ViewOut:
    """Update a saved view. Only the members you send change; lists and the filter are replaced."""
    changes = shapes.ours(call.parse(shapes.VIEW_EDIT))
    return shapes.view(saved_views.edit(call.ctx, call.path[0], call.path[1], changes))


def delete(call: Call) -> Success:
    """Delete a saved view. Its boxes stay."""
    saved_views.delete(call.ctx, *call.path)
    return SUCCESS


def list_boxes(call: Call) -> Results[BoxOut]:
    """A page of the boxes of a view, group by group, with the columns of the view and those in `fields`."""
    limit = call.number("limit", boxes.PAGE, least=1, most=MOST_PER_PAGE)
    found = saved_views.boxes(call.ctx, *call.path, shown=call.texts("fields"), cursor=call.cursor(), limit=limit)
    return boxes.selected(call, found)
