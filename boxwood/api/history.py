"""What was done to a thing, and taking it back, over HTTP."""

from __future__ import annotations

from collections.abc import Callable

from ..core import history
from ..core.contacts import CONTACTS
from ..core.events import Event
from ..core.organizations import ORGANIZATIONS
from ..errors import Invalid
from ..wire.shapes import history as shapes
from ..wire.shapes.base import given
from .call import Call

PAGE = 50
LAST = 2**62


def of_box(call: Call) -> shapes.History:
    """Every change of a box and of what is on it, newest first, with what was before and who did it."""
    return _page(call, lambda behind, limit: history.of_box(call.ctx, call.path[0], behind=behind, limit=limit))


def of_contact(call: Call) -> shapes.History:
    """Every change of a contact, newest first."""
    return _page(
        call, lambda behind, limit: history.of_entry(call.ctx, CONTACTS, call.path[0], behind=behind, limit=limit)
    )


def of_organization(call: Call) -> shapes.History:
    """Every change of an organization, newest first."""
    return _page(
        call, lambda behind, limit: history.of_entry(call.ctx, ORGANIZATIONS, call.path[0], behind=behind, limit=limit)
    )


def of_pipeline(call: Call) -> shapes.History:
    """Every change of a pipeline itself, its stages, fields and views, newest first."""
    return _page(call, lambda behind, limit: history.of_pipeline(call.ctx, call.path[0], behind=behind, limit=limit))


def _page(call: Call, read: Callable[[int, int], list[Event]]) -> shapes.History:
    limit = call.number("limit", PAGE, least=1, most=1000)
    found = read(_behind(call.text("cursor")), limit + 1)
    names = history.names(call.ctx, found)
    cursor = str(found[limit - 1].id) if len(found) > limit else None
    return shapes.History([shapes.change(one, names) for one in found[:limit]], given(cursor))


def _behind(cursor: str) -> int:
    if not cursor:
        return LAST
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        raise Invalid("cursor", "is none that a page of this list gave")
    return int(cursor)
