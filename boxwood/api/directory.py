"""What the calls for contacts and for organizations have in common."""

from __future__ import annotations

import re

from ..core import directory
from ..core.directory import E, Noun
from ..errors import Invalid
from .call import MOST_PER_PAGE, Call

PAGE = 100
_CURSOR = re.compile(r"[\w-]{1,100}", re.ASCII)


def page(call: Call, noun: Noun[E]) -> tuple[list[E], str | None]:
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
