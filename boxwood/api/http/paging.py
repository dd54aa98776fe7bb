"""What the calls for contacts and for organizations have in common: pages, batches, and what is about one of them."""

from __future__ import annotations

import base64
import re
from typing import Any

import msgspec

from ...core import persons
from ...core.contacts import merge
from ...core.contacts.merge import DuplicateGroup
from ...core.events import Event
from ...core.history import newsfeed as newsfeeds
from ...core.people import contact_access
from ...core.people.contact_access import E, Noun
from ...core.records import box as stored
from ...core.views import listing
from ...errors import Invalid
from ...wire.shapes import box_lists
from ...wire.shapes.boxes import BoxOut
from ...wire.shapes.lists import Results
from .call import MOST_PER_PAGE, Call

PAGE = 100
MOST_KEYS = 1000
_CURSOR = re.compile(r"[\w-]{1,100}", re.ASCII)


def entries(call: Call, noun: Noun[E]) -> tuple[list[E], str | None]:
    """The entries asked for, and the cursor of the next page where there is one."""
    limit = call.number("limit", PAGE, least=1, most=MOST_PER_PAGE)
    cursor = call.text("cursor")
    if cursor and not _CURSOR.fullmatch(cursor):
        raise _no_cursor()
    found = contact_access.page(
        call.ctx,
        noun,
        call.path[0],
        after_key=cursor,
        saved_since=call.number("after", 0, most=10**11) * 1000,
        limit=limit + 1,
    )
    return found[:limit], found[limit - 1].key if len(found) > limit else None


def named_keys(call: Call) -> list[str]:
    """A list of keys in the body."""
    given: Any = call.items if call.items is not None else call.given.get("keys")
    if not isinstance(given, list) or not all(isinstance(one, str) and "\x00" not in one for one in given):
        raise Invalid("body", "must be a list of keys")
    if len(given) > MOST_KEYS:
        raise Invalid("body", f"holds more than {MOST_KEYS:,} keys")
    return given


def duplicates(call: Call, noun: Noun[E]) -> tuple[list[tuple[DuplicateGroup, list[E]]], str | None]:
    """Groups of what may be one and the same, and the cursor of the next page where there is one."""
    limit = call.number("limit", PAGE, least=1, most=MOST_PER_PAGE)
    behind = _opened(call.text("cursor"))
    groups = merge.duplicates(call.ctx, noun, call.path[0], behind=behind, limit=limit + 1)
    last = groups[limit - 1] if len(groups) > limit else None
    found = contact_access.by_keys(call.ctx, noun, [key for each in groups[:limit] for key in each.keys])
    by_key = {one.key: one for one in found}
    shown = [(each, [by_key[key] for key in each.keys if key in by_key]) for each in groups[:limit]]
    return shown, _sealed(last.reason, last.value) if last else None


def _sealed(*parts: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def _opened(cursor: str) -> tuple[str, str]:
    if not cursor:
        return "", ""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        kind, value = msgspec.json.decode(text, type=tuple[str, str])
    except ValueError:
        raise _no_cursor() from None
    if "\x00" in kind + value:
        raise _no_cursor()
    return kind, value


def _no_cursor() -> Invalid:
    return Invalid("cursor", "is none that a page of this list gave")


def newsfeed(call: Call, noun: Noun[E]) -> list[Event]:
    limit, offset = call.page(newsfeeds.PAGE)
    return newsfeeds.of_entry(call.ctx, noun, call.path[0], limit=limit, offset=offset)


def boxes(call: Call, noun: Noun[E]) -> Results[BoxOut]:
    limit, offset = call.page(PAGE)
    key = contact_access.reach(call.ctx, noun, call.path[0])[0].key
    found = listing.naming(call.ctx, key, limit=limit + 1, offset=offset)
    people = persons.by_key(call.ctx, stored.people(found))
    return Results(box_lists.boxes(found[:limit], people, call.ctx.now), len(found) > limit)
