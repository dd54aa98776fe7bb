"""A pipeline's table over HTTP."""

from __future__ import annotations

import msgspec

from ..core.views import table
from ..wire.shapes.tables import TableGroup, TableOut
from . import boxes
from .http.call import Call

SHOWN, MOST_SHOWN = 50, 200


def get(call: Call) -> TableOut:
    """The table: the keys of all boxes that match the filter, in groups and in order, and the first boxes themselves.

    `view`, `filter`, `sort` and `fields` work as in lists. `by` is any column: `stage` by default, empty for no groups.
    `sums` are the columns to sum. Read the boxes after the first `limit` by their keys (`boxes/batch`).
    """
    found = table.read(
        call.ctx,
        call.path[0],
        view_key=call.text("view"),
        tree=boxes.read_filter(call),
        sort=call.texts("sort"),
        shown=call.texts("fields"),
        by=call.text("by") if "by" in call.given else None,
        sums=call.sums() or [],
        limit=call.number("limit", SHOWN, most=MOST_SHOWN),
    )
    call.wishes.update(found.wishes)
    return TableOut(
        pipeline_key=found.chosen.pipeline.key,
        by=found.by,
        count=sum(len(group.box_keys) for group in found.groups),
        groups=[
            TableGroup(
                group.key,
                group.value,
                len(group.box_keys),
                group.sums,
                group.ignored,
                group.box_keys,
                table.name_of(found, group) if call.flag("names") else msgspec.UNSET,
            )
            for group in found.groups
        ],
        results=boxes.with_columns(call, found.boxes, found.chosen),
        more=found.more,
    )
