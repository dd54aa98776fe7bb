"""Cache of what `Db.remember` read, valid until a table it was read from changes.

Every request reads its user, team, pipeline, stages and fields, and few requests change them. With this cache a create
takes 217 µs of CPU instead of 277 (docs/decisions/read-cache.md). A cache belongs to SQLite's writer, to all its
readers together, or to all connections of a process to PostgreSQL.

Two lists below name the tables. They cannot be declared in `Table(…)` beside the records: migration 0290 creates
triggers from the first list and runs without `core`, and several tables of the second list have no record.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import apsw

T = TypeVar("T")
MOST = 10_000
# Tables that most writes change and that nothing in the cache is read from. Writing to any other table empties the
# cache of SQLite's writer.
_WRITTEN_TABLES = frozenset(
    "boxes events assignments box_links deliveries fan_outs search_entries search_words search_near search_chores "
    "search_waiting comments tasks task_contacts meetings files threads messages notifications trash trash_files "
    "automation_runs automation_steps readiness undos mails mail_files mail_ids mail_blocks mail_rules thread_shares "
    "suppressions trash_mails unboxed_mail_ids box_suggestions streak_imports streak_things streak_runs key_usage "
    "key_requests".split()
)
_TARGET = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE)
_TARGETS = re.compile(r"(?<!\bFOR )\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE)


class ReadCache:
    """The cache of SQLite's writer. It inspects every statement of its connection, and checks at the beginning of a
    transaction whether another program has changed the file.

    A commit that may have changed cached data increases the file's `user_version`. Readers check that number.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Any] = {}
        self._version = 0
        self._altered = False
        """Whether cached data may have changed since `user_version` was last increased."""
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
        """Called before a statement runs. Empties the cache if the statement may change cached data."""
        if not keeps_cache(sql):
            self._known.clear()
            self._altered = True

    def begin(self, connection: apsw.Connection) -> None:
        """Called when a transaction has begun."""
        version = _pragma(connection, "data_version")
        if version != self._version:
            self._known.clear()
            self._version = version
            self._altered = True
        self._changes = connection.total_changes()

    def commit(self, connection: apsw.Connection) -> None:
        """Commit the transaction. A transaction without changes writes nothing, so an idle server leaves the disk
        alone."""
        increase = self._altered and connection.total_changes() != self._changes
        if increase:
            number = (_pragma(connection, "user_version") + 1) % 2**31
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
        if increase:
            self._altered = False

    def forget(self) -> None:
        self._known.clear()


CACHED_TABLES = (
    "users", "teams", "team_members", "api_keys", "pipelines", "pipeline_members", "stages", "fields", "webhooks",
    "automations",
)  # fmt: skip
"""Tables whose changes PostgreSQL counts in `alterations` (migrations 0290 and 0291). It does not count the last use of
an API key or the delivery state of a webhook subscription. Data read from other tables is not cached."""
_CACHED_SINCE = ("old_keys",)
"""The same for tables that were created after migration 0290, each with the trigger in its own migration."""
_UNREADABLE = re.compile(r"\bFROM\s+\w+(?:\s+\w+){0,2}\s*,|\bFOR (?:UPDATE|SHARE)\b", re.IGNORECASE)
_READ_FROM = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]\w*)", re.IGNORECASE)


class SharedCache:
    """The cache of all connections of a process, for one state of `CACHED_TABLES`. A transaction uses the cache of the
    state that it saw at its beginning, and adds what it reads later, which is at least as new."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._known: dict[tuple[str, ...], Any] = {}

    def at(self, number: int) -> dict[tuple[str, ...], Any]:
        """The cache of the state with this number. An older state than the newest gets an empty, unshared cache."""
        with self._lock:
            if number > self._number or (number == self._number and len(self._known) >= MOST):
                self._number, self._known = number, {}
            return self._known if number == self._number else {}


@lru_cache(maxsize=4096)
def reads_cached_tables(sql: str) -> bool:
    """Whether the statement reads only from `CACHED_TABLES`. False if its text does not make that certain."""
    return not _UNREADABLE.search(sql) and all(
        table.lower() in (*CACHED_TABLES, *_CACHED_SINCE) for table in _READ_FROM.findall(sql)
    )


class ReaderCache(ReadCache):
    """The cache of one of SQLite's readers, for the state that its transaction sees. All readers share the content."""

    def __init__(self, shared: SharedCache) -> None:
        super().__init__()
        self._shared = shared
        self._state: dict[tuple[str, ...], Any] | None = None

    def begin(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._state = None

    def before(self, sql: str) -> None:
        """Does nothing: readers change nothing."""

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
def keeps_cache(sql: str) -> bool:
    """Whether the cache of SQLite's writer stays valid after this statement."""
    verb = sql.split(None, 1)[0].upper()
    if verb == "SELECT":
        return True
    if verb == "WITH":
        return all(target.lower() in _WRITTEN_TABLES for target in _TARGETS.findall(sql))
    target = _TARGET.match(sql)
    return target is not None and target[1].lower() in _WRITTEN_TABLES
