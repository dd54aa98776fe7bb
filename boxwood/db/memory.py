"""What SQLite's one writer remembers between requests, as long as it is certain that it still holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import apsw

T = TypeVar("T")
MOST = 10_000
# What most writes add to, and nothing that is remembered is read from.
_RECORDS = frozenset(
    "boxes events assignments box_links deliveries fan_outs search_entries search_words search_near search_chores "
    "comments tasks task_contacts meetings files threads messages notifications trash trash_files automation_runs "
    "automation_steps".split()
)
_TARGET = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE)


class Memory:
    """It sees every statement of its own connection, and is told that another one has changed anything."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Any] = {}
        self._version = 0

    def remember(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        try:
            return self._known[key]  # type: ignore[no-any-return]
        except KeyError:
            found = read()
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = found
        return found

    def before(self, sql: str) -> None:
        """This is about to run."""
        if self._known and not _leaves_it(sql):
            self._known.clear()

    def begin(self, connection: apsw.Connection) -> None:
        """A transaction has begun."""
        version = next(iter(connection.execute("PRAGMA data_version")))[0]
        if version != self._version:
            self._known.clear()
            self._version = version

    def forget(self) -> None:
        self._known.clear()


class NoMemory(Memory):
    """Of a reader: it reads."""

    def remember(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        return read()


@lru_cache(maxsize=4096)
def _leaves_it(sql: str) -> bool:
    """Whether what is remembered stays true when this has run."""
    if sql.lstrip()[:6].upper() == "SELECT":
        return True
    target = _TARGET.match(sql)
    return target is not None and target[1].lower() in _RECORDS
