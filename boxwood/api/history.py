"""Histories, undo and the trash over HTTP."""

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
from ..wire.shapes.lists import SUCCESS, Success
from .http.call import Call

PAGE = 50
LAST = 2**62


def of_box(call: Call) -> shapes.History:
    """The history of a box and of everything on it, newest first: each change with its values before and its author."""
    return _page(call, lambda behind, limit: history.of_box(call.ctx, call.path[0], behind=behind, limit=limit))


def of_contact(call: Call) -> shapes.History:
    """The history of a contact, newest first."""
    return _page(
        call, lambda behind, limit: history.of_entry(call.ctx, CONTACTS, call.path[0], behind=behind, limit=limit)
    )


def of_organization(call: Call) -> shapes.History:
    """The history of an organization, newest first."""
    return _page(
        call, lambda behind, limit: history.of_entry(call.ctx, ORGANIZATIONS, call.path[0], behind=behind, limit=limit)
    )


def of_pipeline(call: Call) -> shapes.History:
    """The history of a pipeline, its stages, fields and views, newest first. It does not contain its boxes."""
    return _page(call, lambda behind, limit: history.of_pipeline(call.ctx, call.path[0], behind=behind, limit=limit))


def _page(call: Call, read: Callable[[int, int], list[Event]]) -> shapes.History:
    limit = call.number("limit", PAGE, least=1, most=1000)
    found = read(read_cursor(call.cursor()), limit + 1)
    names = history.names(call.ctx, found)
    cursor = str(found[limit - 1].id) if len(found) > limit else None
    return shapes.History([shapes.change(event, names) for event in found[:limit]], call.next_cursor(cursor))


def read_cursor(cursor: str) -> int:
    if not cursor:
        return LAST
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        raise Invalid("cursor", "is not a cursor of this list: send the cursor of the previous page")
    return int(cursor)


UNDO = Shape(
    "Undo",
    change=KEY,
    event=KEY,
    partial=FLAG,
    described={
        "change": "The key from the header `X-Boxwood-Change` or from a history: the whole change is undone.",
        "event": "The key of one event, instead of `change`.",
        "partial": "Undo what can be undone, and skip the rest.",
    },
)


def undo_change(call: Call) -> shapes.Undone:
    """Undo a change: a write, a batch or an import, or one event of it.

    If something changed again since, the request fails with the reasons, unless `partial` is true. One request undoes
    at most 1,000 events of a change. If `hasMore` is true, send the request again: it continues where the last request
    stopped, and `progress` says how much is done.
    """
    members = call.parse(UNDO)
    change, event = members.get("change") or "", members.get("event") or ""
    if bool(change) == bool(event):
        raise Invalid("change", "is required, or `event`, but not both")
    done = undo.undo(call.ctx, change=change, event_key=event, partial=bool(members.get("partial")))
    return shapes.undone(done, call.ctx.change)


def list_trash(call: Call) -> shapes.Trash:
    """The trash: what was deleted in the last 30 days and the caller can restore, last deleted first."""
    found = undo_restore.page(
        call.ctx,
        noun=call.text("noun"),
        team_key=call.text("teamKey"),
        behind=_trash_cursor(call.cursor()),
        limit=call.number("limit", PAGE, least=1, most=1000),
    )
    cursor = f"{found.behind[0]}-{found.behind[1]}" if found.behind else None
    return shapes.Trash([shapes.trashed(trashed) for trashed in found.things], call.next_cursor(cursor))


def _trash_cursor(cursor: str) -> tuple[int, str] | None:
    if not cursor:
        return None
    at, _, key = cursor.partition("-")
    if not (at.isascii() and at.isdecimal() and len(at) < 19 and key):
        raise Invalid("cursor", "is not a cursor of this list: send the cursor of the previous page")
    return int(at), key


def restore(call: Call) -> shapes.TrashedOut:
    """Restore something from the trash as it was, with the same key and everything on it."""
    return shapes.trashed(undo_restore.restore(call.ctx, call.path[0]))


def forget(call: Call) -> Success:
    """Delete something in the trash permanently, before its 30 days end."""
    undo_restore.forget(call.ctx, call.path[0])
    return SUCCESS
