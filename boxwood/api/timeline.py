"""The timeline of a box over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import msgspec

from ..core.activity import timeline
from ..core.activity.timeline import TimelineEntry, TimelinePosition
from ..errors import Invalid
from ..wire.shapes import timeline as shapes
from ..wire.shapes.events import newsfeed_entry
from . import comments, files, meetings, messages, threads
from .http.call import MOST_PER_PAGE, Call

PAGE = 50
_DIRECTIONS = {"descending": True, "ascending": False}


class Asked(msgspec.Struct, array_like=True):
    """The parameters that a page token contains."""

    newest_first: bool
    kinds: list[str]
    limit: int
    behind: TimelinePosition | None = None


def list_page(call: Call) -> shapes.Timeline:
    """The timeline of a box, newest first: comments, calls, meetings, mail, files and changes.

    To get the next page, send only `nextPageToken`. It contains the other parameters.
    """
    token = call.cursor("nextPageToken")
    asked = _opened(token) if token else Asked(_newest_first(call), _kinds(call), PAGE)
    asked.limit = call.number("limit", asked.limit, least=1, most=MOST_PER_PAGE)
    found = timeline.page(
        call.ctx,
        call.path[0],
        kinds=asked.kinds,
        newest_first=asked.newest_first,
        limit=asked.limit + 1,
        start=None if token or not call.text("startTimestamp") else call.number("startTimestamp", 0),
        after=asked.behind,
    )
    shown = found[: asked.limit]
    entries = _shown(call, shown)
    if len(found) == len(shown):
        return shapes.Timeline(entries)
    asked.behind = shown[-1].place
    return shapes.Timeline(entries, call.next_cursor(_sealed(asked)))


def _newest_first(call: Call) -> bool:
    word = call.text("direction") or "Descending"
    if word.lower() not in _DIRECTIONS:
        raise Invalid("direction", "must be Descending or Ascending")
    return _DIRECTIONS[word.lower()]


def _kinds(call: Call) -> list[str]:
    """Repeated, with commas, in brackets, or as a JSON list (spec 4.8)."""
    found = [word.strip("\"' ") for word in call.texts("filters")]
    for word in found:
        if word not in timeline.SOURCES:
            raise Invalid("filters", f"has no filter {word[:50]!r}: must be one of {', '.join(timeline.SOURCES)}")
    return found or sorted(timeline.DEFAULT_FILTERS)


_places = msgspec.json.Decoder(Asked)


def _sealed(asked: Asked) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(asked)).decode().rstrip("=")


def _opened(token: str) -> Asked:
    try:
        asked = _places.decode(base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)))
    except (ValueError, msgspec.DecodeError):
        raise _no_token() from None
    if asked.behind is None or not timeline.is_valid(asked.behind) or not 0 < asked.limit <= MOST_PER_PAGE:
        raise _no_token()
    return asked


def _no_token() -> Invalid:
    return Invalid("nextPageToken", "is not a token of this timeline: send the `nextPage` of the previous page")


def _shown(call: Call, found: list[TimelineEntry]) -> list[shapes.TimelineEntry]:
    """The entries, with each kind of thing rendered together, as its own endpoint renders it."""
    drawn: dict[tuple[str, Any], dict[str, Any]] = {}
    for member, draw in _DRAWN.items():
        mine = [entry for entry in found if _member(entry) == member]
        for entry, thing in zip(mine, draw(call, [entry.thing for entry in mine]), strict=True):
            drawn[(entry.kind, entry.place.key)] = {member: thing}
    return [_entry(call, entry, drawn[(entry.kind, entry.place.key)]) for entry in found]


def _entry(call: Call, entry: TimelineEntry, thing: dict[str, Any]) -> shapes.TimelineEntry:
    key = next(iter(thing.values())).key
    return shapes.TimelineEntry(key, shapes.TYPES[entry.kind], entry.place.at, call.path[0], **thing)


def _member(entry: TimelineEntry) -> str:
    return {"Event": "newsfeed_entry"}.get(type(entry.thing).__name__, type(entry.thing).__name__.lower())


_DRAWN: dict[str, Callable[[Call, list[Any]], list[Any]]] = {
    "comment": lambda call, found: comments.shown(call.ctx, found),
    "meeting": lambda call, found: meetings.shown(call.ctx, found),
    "message": lambda call, found: messages.shown(call.ctx, found),
    "thread": lambda call, found: threads.shown(call.ctx, found),
    "file": lambda call, found: files.shown(call.ctx, found),
    "newsfeed_entry": lambda call, found: [newsfeed_entry(event) for event in found],
}
