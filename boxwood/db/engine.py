"""The interface of both databases, SQLite and PostgreSQL.

A `Db` runs the statements of one transaction. Statements are written once for both databases, with `:named`
parameters. An `Engine` runs a function in a transaction and commits before the caller gets the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]
Later = Callable[["Db", list[Any]], None]


ANYWHERE, TITLE, NEAR = "anywhere", "title", "near"


class Wanted(NamedTuple):
    """A search: entries that contain every word, in any of its alternatives, and that have any group of `marks`."""

    words: list[list[str]]
    """For each word its alternatives. An alternative matches the beginning of a word; with a trailing space it
    matches the whole word."""
    marks: Sequence[tuple[str, ...]]
    """An entry matches if it has all marks of at least one group. Without groups every entry matches."""
    where: str = ANYWHERE
    """`ANYWHERE`: the whole entry. `TITLE`: its title. `NEAR`: words of the title with one typing error."""


class FullText(Protocol):
    """The search index over the table `search_entries`."""

    defers: bool
    """Whether entries can be inserted now and indexed later, which costs less in total."""

    def newest(self, db: Db) -> int:
        """The highest entry number before new entries are inserted."""
        ...

    def add(self, db: Db, newest: int) -> None:
        """Index the entries with a higher number than `newest`. They must already be in the table."""

    def defer(self, db: Db, newest: int) -> None:
        """Note the entries with a higher number than `newest` for later indexing."""

    def is_behind(self, db: Db) -> bool:
        """Whether any entry waits to be indexed."""
        ...

    def catch_up(self, db: Db) -> bool:
        """Index some of the waiting entries. Returns False if none waits."""
        ...

    def drop(self, db: Db, keys: list[str]) -> None:
        """Remove entries from the index. They must still be in the table."""

    def matching(self, columns: str, wanted: Wanted, *, joins: Sequence[str] = (), test: str = "") -> str:
        """A SELECT of the matching entries `e`, newest first. `joins` are further tables, each with its condition, and
        `test` is a condition on them and on the entries.

        Its parameters are those of `asked(wanted)`, and `limit`.
        """

    def asked(self, wanted: Wanted) -> dict[str, str]:
        """The parameters of `matching`."""
        ...


class Dialect(Protocol):
    """SQL that differs between the databases. Every method returns SQL that we wrote; values are parameters."""

    name: str
    skip_locked: str
    """The end of a SELECT of rows to work on. It skips rows that another worker is claiming."""
    oldest_transaction: str
    """The number of the oldest open transaction. All changes of lower numbers are visible."""
    this_transaction: str
    """The number of this transaction, as its events have it."""
    next_transaction: str
    """The number of the next transaction to begin."""
    behind: str
    """A condition on events, answered by an index: those after the event of the parameters `txid` and `id`."""
    fulltext: FullText

    def count_events_after(self, db: Db, number: int) -> None:
        """Give the next event a higher number than this. SQLite continues after the highest number by itself."""

    def overwrite_deleted(self, db: Db) -> None:
        """Overwrite what this connection deletes or replaces from now on, so that its bytes do not stay in the file. Of
        PostgreSQL, VACUUM does it."""

    def field_value(self, column: str, key: str) -> str:
        """A member of a JSON column, as text. `key` must be digits or a plain word that we chose."""

    def field_number(self, column: str, key: str, others: str = "") -> str:
        """A member of a JSON column, as a number. Text counts if it is a plain decimal of at most 20 characters, or if
        the JSON column `others` has its number; anything else is NULL."""

    def field_flag(self, column: str, key: str) -> str:
        """1 where the member is true, else 0."""

    def member(self, column: str, key: str) -> str:
        """A member of a JSON column, as JSON."""

    def without(self, column: str, key: str) -> str:
        """The JSON column without this member."""

    def each_text(self, column: str) -> str:
        """A FROM item that lists the texts of a JSON list as column `value`."""

    def each(self, column: str) -> str:
        """A FROM item that lists the members of a JSON list, as JSON, as column `value`."""

    def length(self, column: str) -> str:
        """The number of members of a JSON list."""

    def folded(self, text: str) -> str:
        """The text with its ASCII letters in lower case, compared byte by byte."""

    def exact(self, text: str) -> str:
        """The text, compared byte by byte."""

    def domain(self, address: str) -> str:
        """The part of an e-mail address after its first @."""

    def contains(self, text: str, name: str) -> str:
        """A condition: the text contains the parameter `name`."""

    def holds(self, text: str, name: str) -> str:
        """A condition: the text contains the parameter `name`, ignoring the case of ASCII letters. The parameter must
        be in lower case."""

    def along(self, column: str) -> str:
        """A condition that is true for every row. Where several indexes would do, it makes SQLite choose the index
        that has this column (a time) next."""

    def among(self, column: str, name: str) -> str:
        """A condition: the column is in the list of texts of the parameter `name` (see `Db.texts`)."""


class Db(Protocol):
    """One transaction. Do not use it after the function that received it has returned."""

    dialect: Dialect
    for_update: str
    """The end of a SELECT whose row is about to change. Empty on SQLite, which has a single writer."""
    writing: bool
    """Whether this transaction may write. If it is undone, what it read may never have been committed."""

    def rows(self, sql: str, **params: Any) -> list[Row]: ...

    def rows_replanned(self, sql: str, **params: Any) -> list[Row]:
        """Like `rows`, but planned for these parameters each time. For statements whose best plan depends on them."""

    def row(self, sql: str, **params: Any) -> Row | None: ...

    def run(self, sql: str, **params: Any) -> int:
        """Run a statement. Returns the number of changed rows."""

    def many(self, sql: str, params: Iterable[Mapping[str, Any]]) -> None:
        """Run a statement once for each set of parameters."""

    def rows_each(self, sql: str, params: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Run a statement once for each set of parameters, in one round trip on PostgreSQL. Returns all rows."""
        ...

    def rows_changed(self, table: str, update: str, select: str, params: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Run `update` on `table` once for each set of parameters, and return what `select` reads of the changed rows,
        which it calls `changed`. One round trip on PostgreSQL. The table's key must be the column `key`."""
        ...

    def texts(self, values: Iterable[str]) -> Any:
        """A list of texts as one parameter, for `Dialect.among`."""

    def bulk(self, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert many rows in the fastest way of the database. Columns that are not named get their defaults."""

    def attempt(self, fn: Callable[[], T]) -> T:
        """Run in a savepoint. If `fn` raises, only the changes of `fn` are undone."""
        ...

    def repeatable_read(self) -> None:
        """Run the transaction again if it writes a row that another transaction has changed since it began. Call it
        first, in a transaction that compares before it writes."""

    def index_names(self, table: str) -> set[str]:
        """The names of the table's valid indexes."""
        ...

    def remember(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        """Return the result of `read`, or an earlier result if nothing that `read` reads can have changed.
        For data that nearly every request reads and few requests change. Callers must not modify the result.
        """
        ...

    def column_names(self, table: str) -> list[str]:
        """The table's writable columns, in their order."""
        ...

    def later(self, work: Later, item: Any) -> None:
        """Run `work(db, items)` once before the commit, with the items of all requests in this commit."""

    def notify(self, channel: str, keys: Iterable[str] = ()) -> None:
        """Wake the listeners of `channel` after the commit. Listeners in this process also receive the keys."""


class Engine(Protocol):
    """An open database."""

    dialect: Dialect
    one_process: bool
    """Whether only one process may serve from this database."""

    def read(self, fn: Callable[[Db], T]) -> T:
        """Run `fn` in the calling thread. `fn` must only read."""

    def write(self, fn: Callable[[Db], T]) -> T:
        """Run `fn` and return its result after a durable commit. Do not call it from the thread of an event loop."""

    async def read_soon(self, fn: Callable[[Db], T]) -> T:
        """Run `fn` in a reader thread. The event loop is not blocked."""
        ...

    async def write_soon(self, fn: Callable[[Db], T], *, lasting: bool = True, few: bool = False) -> T:
        """Run `fn` in a writer thread. Returns its result after the commit.

        Without `lasting` the commit does not wait for the disk: a power cut may undo it, a crash of this process
        cannot. With `few`, `fn` reads only a few rows by their keys, and is planned that way even if the database has
        no statistics about the table yet."""
        ...

    async def write_alone_soon(self, fn: Callable[[Db], T]) -> T:
        """Like `write_soon`, for a single statement on a few rows. It is its own transaction, in one round trip on
        PostgreSQL, and does not wait for the disk."""
        ...

    def make_indexes(self, make: Mapping[str, str], drop: Iterable[str]) -> None:
        """Create indexes (by name, the SQL after `ON`) and drop others, blocking writers as little as possible.
        Does nothing if another process is creating indexes. Do not call it from the thread of an event loop."""

    def listen(self, channel: str, callback: Callable[[list[str]], None]) -> None:
        """Call `callback` with the notified keys after each commit that notified `channel`. The call may come from any
        thread and must return quickly. Notifications of another process have no keys."""

    def empty_log(self) -> None:
        """Copy SQLite's log into the database and empty it, so that overwritten bytes are in neither file. It waits for
        the readers of this moment. Do not call it from the thread of an event loop."""

    def close(self) -> None: ...
