"""What is remembered between requests, as long as it is certain that it still holds: by SQLite's one writer and its
readers, and by the connections of a process to PostgreSQL."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import apsw

T = TypeVar("T")
MOST = 10_000
# What most writes add to, and nothing that is remembered is read from.
_RECORDS = frozenset(
    "boxes events assignments box_links deliveries fan_outs search_entries search_words search_near search_chores "
    "search_waiting comments tasks task_contacts meetings files threads messages notifications trash trash_files "
    "automation_runs automation_steps readiness".split()
)
_TARGET = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE)
_TARGETS = re.compile(r"(?<!\bFOR )\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE)


class Memory:
    """The writer's. It sees every statement of its own connection, and is told that another one has changed anything.

    A commit that may have changed what is remembered counts up the file's `user_version`, by which readers know.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Any] = {}
        self._version = 0
        self._altered = False
        """Whether anything ran, here or elsewhere, that has not been counted yet."""
        self._changes = 0

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
        if not leaves_it(sql):
            self._known.clear()
            self._altered = True

    def begin(self, connection: apsw.Connection) -> None:
        """A transaction has begun."""
        version = _pragma(connection, "data_version")
        if version != self._version:
            self._known.clear()
            self._version = version
            self._altered = True
        self._changes = connection.total_changes()

    def commit(self, connection: apsw.Connection) -> None:
        """Commit the transaction; an idle server's, which change nothing, write nothing."""
        counts = self._altered and connection.total_changes() != self._changes
        if counts:
            number = (_pragma(connection, "user_version") + 1) % 2**31
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
        if counts:
            self._altered = False

    def forget(self) -> None:
        self._known.clear()


WATCHED = (
    "users", "teams", "team_members", "api_keys", "pipelines", "pipeline_members", "stages", "fields", "webhooks",
    "automations",
)  # fmt: skip
"""Tables whose changes PostgreSQL counts (`alterations`, migrations 0290 and 0291): of keys and subscriptions only who
and what they are. What is read from others is not remembered."""
_SEVERAL = re.compile(r"\bFROM\s+\w+(?:\s+\w+){0,2}\s*,|\bFOR (?:UPDATE|SHARE)\b", re.IGNORECASE)
_READ_FROM = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]\w*)", re.IGNORECASE)


class SharedMemory:
    """Of all connections of a process, for one state of the tables that are watched. A transaction takes what belongs
    to the state that it saw at its beginning, and adds what it read since: at least as new."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._known: dict[tuple[str, ...], Any] = {}

    def at(self, number: int) -> dict[tuple[str, ...], Any]:
        """What is known of this state: nothing of one that is over."""
        with self._lock:
            if number > self._number or (number == self._number and len(self._known) >= MOST):
                self._number, self._known = number, {}
            return self._known if number == self._number else {}


@lru_cache(maxsize=4096)
def is_watched(sql: str) -> bool:
    """Whether all it reads from is, as far as can be told."""
    return not _SEVERAL.search(sql) and all(table.lower() in WATCHED for table in _READ_FROM.findall(sql))


class ReaderMemory(Memory):
    """Of one of SQLite's readers, for the state that its transaction sees; what it reads, all readers remember."""

    def __init__(self, shared: SharedMemory) -> None:
        super().__init__()
        self._shared = shared
        self._state: dict[tuple[str, ...], Any] | None = None

    def begin(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._state = None

    def before(self, sql: str) -> None:
        """It changes nothing."""

    def remember(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        state = self._state
        if state is None:
            state = self._state = self._shared.at(_pragma(self._connection, "user_version"))
        if key not in state:
            state[key] = read()
        return state[key]  # type: ignore[no-any-return]


def _pragma(connection: apsw.Connection, name: str) -> int:
    for (number,) in connection.execute(f"PRAGMA {name}"):
        return int(number)
    raise AssertionError(name)


@lru_cache(maxsize=4096)
def leaves_it(sql: str) -> bool:
    """Whether what is remembered stays true when this has run."""
    verb = sql.split(None, 1)[0].upper()
    if verb == "SELECT":
        return True
    if verb == "WITH":
        return all(target.lower() in _RECORDS for target in _TARGETS.findall(sql))
    target = _TARGET.match(sql)
    return target is not None and target[1].lower() in _RECORDS
