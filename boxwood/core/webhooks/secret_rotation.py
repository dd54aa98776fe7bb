"""Rotation of secrets: for some time after a secret is replaced, the previous one is valid as well.

Receivers of our requests and senders of inbound ones have this time to change over without losing a request.
"""

from __future__ import annotations

from typing import Any

from ...errors import Invalid
from ...lib.durations import DAY

OVERLAP = DAY
"""Milliseconds that the previous secret stays valid, if the user names no other time."""
LONGEST_OVERLAP = 30 * DAY


def replace(old: str | None, new: str, now: int, *, name: str = "secret") -> dict[str, Any]:
    """The members of a record whose secret, in the member `name`, is replaced; without an old one, none stays valid."""
    return {name: new, "previous_secret": old, "previous_until": now + OVERLAP if old else None}


def valid_secrets(secret: str | None, previous: str | None, previous_until: int | None, now: int) -> list[str]:
    """The secrets that are valid now, the current one first; none if there is no current one."""
    found = [secret] if secret else []
    if previous and previous_until is not None and now < previous_until:
        found.append(previous)
    return found


def check_overlap(overlap: int | None) -> int:
    """The milliseconds that the user asked for, or the default. Raises `Invalid` if they are out of range."""
    if overlap is None:
        return OVERLAP
    if not 0 <= overlap <= LONGEST_OVERLAP:
        raise Invalid("overlap", f"must be 0 to {LONGEST_OVERLAP:,} milliseconds (30 days)")
    return overlap
