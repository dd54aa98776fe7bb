"""Saved views on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.views.saved_views import View
from ..codec import Shape
from ..kinds import FLAG, INTEGER, KEY, NAME, OBJECT, WORDS, clearable, records
from .base import Out, given


class ViewColumn(Out, omit_defaults=False):
    key: str
    hidden: bool
    frozen: bool
    width: int | msgspec.UnsetType = msgspec.UNSET


class ViewOut(Out, omit_defaults=False):
    """`filter` is absent if the view contains all boxes, and `group` if it has no groups."""

    key: str
    pipeline_key: str
    creator_key: str
    name: str
    sort: list[str]
    columns: list[ViewColumn]
    shared: bool
    creation_timestamp: int
    last_saved_timestamp: int
    filter: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    group: str | msgspec.UnsetType = msgspec.UNSET


def view(view: View) -> ViewOut:
    return ViewOut(
        key=view.key,
        pipeline_key=view.pipeline_key,
        creator_key=view.creator_key,
        name=view.name,
        sort=view.sort,
        columns=[ViewColumn(column.key, column.hidden, column.frozen, given(column.width)) for column in view.columns],
        shared=view.shared,
        creation_timestamp=view.created_at,
        last_saved_timestamp=view.saved_at,
        filter=given(view.filter),
        group=given(view.group_by),
    )


_COLUMN = Shape("ViewColumnEdit", required=("key",), key=KEY, width=INTEGER, hidden=FLAG, frozen=FLAG)
_MEMBERS = {
    "name": NAME,
    "filter": clearable(OBJECT),
    "sort": WORDS,
    "group": clearable(KEY),
    "columns": records(_COLUMN, bare="key"),
    "shared": FLAG,
}
_DESCRIBED = {
    "filter": "A tree of and, or, not and tests such as {field, op, value}; null for all boxes.",
    "sort": "Columns. A minus sign before a column reverses its order.",
    "group": "A column whose values make the groups.",
    "shared": "Whether all users of the pipeline see the view. Otherwise, only you see it.",
}
VIEW_CREATE = Shape("ViewCreate", _MEMBERS, required=("name",), described=_DESCRIBED)
VIEW_EDIT = Shape("ViewEdit", _MEMBERS, described=_DESCRIBED)


def ours(parsed: dict[str, Any]) -> dict[str, Any]:
    """The members under core's names."""
    return {{"group": "group_by"}.get(name, name): value for name, value in parsed.items()}
