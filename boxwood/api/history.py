"""What was done to a thing, and taking it back, over HTTP."""

from __future__ import annotations

from collections.abc import Callable

from ..core.events import Event
from ..core.history import history
from ..core.people.contacts import CONTACTS
from ..core.people.organizations import ORGANIZATIONS
from ..core.undo import restore as undo_restore
from ..core.undo import undo
from ..errors import Invalid
from ..wire.codec import Shape
from ..wire.kinds import FLAG, KEY
from ..wire.shapes import history as shapes
from ..wire.shapes.base import given
from ..wire.shapes.lists import SUCCESS, Success
from .http.call import Call

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
    found = read(read_cursor(call.text("cursor")), limit + 1)
    names = history.names(call.ctx, found)
    cursor = str(found[limit - 1].id) if len(found) > limit else None
    return shapes.History([shapes.change(event, names) for event in found[:limit]], given(cursor))


def read_cursor(cursor: str) -> int:
    if not cursor:
        return LAST
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        raise Invalid("cursor", "is none that a page of this list gave")
    return int(cursor)


UNDO = Shape(
    "Undo",
    change=KEY,
    event=KEY,
    partial=FLAG,
    described={
        "change": "As `X-Boxwood-Change` or a history names it: all of it is undone.",
        "event": "The key of one event, in place of `change`.",
        "partial": "Undo what can be undone, and leave the rest.",
    },
)


def undo_change(call: Call) -> shapes.Undone:
    """Undo a change: a write, a batch or an import, or one event of it.

    Refused with the reasons where something was changed again since, unless `partial` is true. Of a change of
    more than 1,000 events the last ones are undone, and `hasMore` says to ask again.
    """
    told = call.parse(UNDO)
    change, event = told.get("change") or "", told.get("event") or ""
    if bool(change) == bool(event):
        raise Invalid("change", "name the change to undo, or one event of it in `event`")
    done = undo.undo(call.ctx, change=change, event_key=event, partial=bool(told.get("partial")))
    return shapes.undone(done, call.ctx.change)


def list_trash(call: Call) -> shapes.Trash:
    """What was deleted in the last 30 days and can be restored by the caller, the last deleted first."""
    found = undo_restore.page(
        call.ctx,
        noun=call.text("noun"),
        team_key=call.text("teamKey"),
        behind=_trash_cursor(call.text("cursor")),
        limit=call.number("limit", PAGE, least=1, most=1000),
    )
    cursor = f"{found.behind[0]}-{found.behind[1]}" if found.behind else None
    return shapes.Trash([shapes.trashed(trashed) for trashed in found.things], given(cursor))


def _trash_cursor(cursor: str) -> tuple[int, str] | None:
    if not cursor:
        return None
    at, _, key = cursor.partition("-")
    if not (at.isascii() and at.isdecimal() and len(at) < 19 and key):
        raise Invalid("cursor", "is none that a page of this list gave")
    return int(at), key


def restore(call: Call) -> shapes.TrashedOut:
    """Put a thing back as it was, under its key, with all that hung on it."""
    return shapes.trashed(undo_restore.restore(call.ctx, call.path[0]))


def forget(call: Call) -> Success:
    """Delete a thing in the trash for good, before its 30 days are over."""
    undo_restore.forget(call.ctx, call.path[0])
    return SUCCESS
