"""Addresses that get no mail, over HTTP."""

from __future__ import annotations

from ..core.activity.sending import suppressions
from ..core.activity.sending.suppressions import MOST, Suppression
from ..lib import csv_cells
from ..wire.shapes import suppressions as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call
from .http.replies import Reply

PAGE = 50
_COLUMNS = ("address", "reason", "code", "text", "letterKey", "creatorKey", "creationTimestamp")


def _found(call: Call, limit: int, offset: int) -> list[Suppression]:
    return suppressions.page(
        call.ctx,
        team_key=call.text("teamKey"),
        reason=call.text("reason"),
        address=call.text("address"),
        limit=limit,
        offset=offset,
    )


def list_page(call: Call) -> Results[shapes.SuppressionOut]:
    """The addresses to which your teams send no mail, newest first, 50 per page.

    `reason` lists one of `bounce`, `complaint`, `unsubscribe` and `manual`; `address` takes a part of an address.
    """
    limit, offset = call.page(PAGE)
    found = _found(call, limit + 1, offset)
    return Results([shapes.suppression(each) for each in found[:limit]], len(found) > limit)


def export(call: Call) -> Reply:
    """The same list as a CSV file."""
    rows = [
        [it.address, it.reason, it.code, it.text, it.letter_key, it.creator_key, it.created_at]
        for it in _found(call, MOST, 0)
    ]
    headers = (
        (b"content-disposition", b'attachment; filename="suppressions.csv"'),
        (b"cache-control", b"no-store"),
    )
    return Reply(csv_cells.written([_COLUMNS, *rows]), content_type=b"text/csv;charset=utf-8", headers=headers)


def get(call: Call) -> shapes.SuppressionOut:
    """An address that gets no mail, with the reason."""
    return shapes.suppression(suppressions.get(call.ctx, call.path[0]))


def create(call: Call) -> shapes.SuppressionOut:
    """Stop mail to an address. If it is on the list for this reason already, that entry is returned."""
    return shapes.suppression(suppressions.create(call.ctx, call.parse(shapes.SUPPRESSION_CREATE)))


def delete(call: Call) -> Success:
    """Allow mail to the address again. Only owners of the team may do this after an `unsubscribe` or a `complaint`."""
    suppressions.delete(call.ctx, call.path[0])
    return SUCCESS
