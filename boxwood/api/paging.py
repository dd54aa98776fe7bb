"""Lists by cursor, and batches by key."""

from __future__ import annotations

import re
from typing import Any

from ..core import directory
from ..core.directory import E, Noun
from ..errors import Invalid
from .call import MOST_PER_PAGE, Call

PAGE = 100
MOST_KEYS = 1000
_CURSOR = re.compile(r"[\w-]{1,100}", re.ASCII)


def entries(call: Call, noun: Noun[E]) -> tuple[list[E], str | None]:
    """The entries asked for, and the cursor of the next page where there is one."""
    limit = call.number("limit", PAGE, least=1, most=MOST_PER_PAGE)
    cursor = call.text("cursor")
    if cursor and not _CURSOR.fullmatch(cursor):
        raise Invalid("cursor", "is none that a page of this list gave")
    found = directory.page(
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
