"""The two databases behind one face.

A `Db` is one transaction's hands: it runs statements written once, with `:named` parameters. An
`Engine` opens transactions, runs a function in one, and commits before anyone is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]
Later = Callable[["Db", list[Any]], None]


ANYWHERE, TITLE, NEAR = "anywhere", "title", "near"


class Wanted(NamedTuple):
    """What is looked for: all of `words`, each as one of its alternatives, among entries with one of `marks`."""

    words: list[list[str]]
    """Alternatives begin a word of the entry; with a trailing space they are one."""
    marks: Sequence[tuple[str, ...]]
    """An entry fits that has all marks of one of these; none at all means every entry fits."""
    where: str = ANYWHERE
    """In the whole entry, in its title, or near it: words of the title that are a slip away."""


class FullText(Protocol):
    defers: bool
    """Whether entries may be put now and indexed later, which costs less."""

    def newest(self, db: Db) -> int:
        """The number behind which entries are about to be put."""
        ...

    def add(self, db: Db, newest: int) -> None:
        """Index the entries behind this number, which are in the table now."""

    def defer(self, db: Db, newest: int) -> None:
        """Leave the entries behind this number for later."""

    def is_behind(self, db: Db) -> bool:
        """Whether any were left."""
        ...

    def catch_up(self, db: Db) -> bool:
        """Index some that were left; False where there are none."""
        ...

    def drop(self, db: Db, keys: list[str]) -> None:
        """Take them out, while they are in the table still."""

    def matching(self, columns: str, wanted: Wanted, *, test: str = "") -> str:
        """A SELECT of the entries `e` that match, the newest first; a `test` is said of their boxes `b`.

        Takes the parameters of `asked(wanted)`, and `limit`.
        """

    def asked(self, wanted: Wanted) -> dict[str, str]: ...


class Dialect(Protocol):
    """What one database says in its own way. Each returns SQL that we wrote, never a value."""

    name: str
    skip_locked: str
    """Ends a SELECT of rows to work on: those that another worker is just taking are left out."""
    oldest_transaction: str
    """The number of the oldest transaction still under way: what has a lower one is all there."""
    next_transaction: str
    """The number of the next transaction to begin."""
    behind: str
    """A test on events: those behind the one that the parameters `txid` and `id` name, by an index."""
    fulltext: FullText

    def field_value(self, column: str, key: str) -> str:
        """A member of a JSON column, as text. `key` is one of ours: digits or a plain word."""

    def field_number(self, column: str, key: str) -> str:
        """The same as a number, NULL where it is none. Text counts where it is a plain decimal of 20 signs at most."""

    def field_flag(self, column: str, key: str) -> str:
        """1 where the member is true, else 0."""

    def member(self, column: str, key: str) -> str:
        """A member of a JSON column, as JSON."""

    def without(self, column: str, key: str) -> str:
        """The JSON column without this member."""

    def each_text(self, column: str) -> str:
        """A FROM item that gives the texts of a JSON list as column `value`."""

    def each(self, column: str) -> str:
        """A FROM item that gives the members of a JSON list, as JSON, as column `value`."""

    def length(self, column: str) -> str:
        """How many members a JSON list has."""

    def folded(self, text: str) -> str:
        """The text with its ASCII letters small, compared byte by byte."""

    def exact(self, text: str) -> str:
        """The text, compared byte by byte."""

    def contains(self, text: str, name: str) -> str:
        """A test whether the text holds the text given as parameter `name`."""

    def holds(self, text: str, name: str) -> str:
        """The same of a text whose ASCII letters may be large; those of the parameter are small."""

    def along(self, column: str) -> str:
        """A test that is true of every row: where any index would do, one that has this column (a time) next serves."""

    def among(self, column: str, name: str) -> str:
        """A test whether the column is among the texts given as parameter `name` (see `Db.texts`)."""


class Db(Protocol):
    """One transaction. Not to be kept past the function it was given to."""

    dialect: Dialect
    for_update: str
    """Ends a SELECT whose row is about to be changed: empty where one writer makes it needless."""
    writing: bool
    """It may change things, and may be undone: what it reads may never have been."""

    def rows(self, sql: str, **params: Any) -> list[Row]: ...

    def rows_afresh(self, sql: str, **params: Any) -> list[Row]:
        """The same, planned each time: for a statement whose best way depends much on what is asked."""

    def row(self, sql: str, **params: Any) -> Row | None: ...

    def run(self, sql: str, **params: Any) -> int:
        """How many rows were changed."""

    def many(self, sql: str, params: Iterable[Mapping[str, Any]]) -> None: ...

    def rows_each(self, sql: str, params: Sequence[Mapping[str, Any]]) -> list[Row]:
        """The rows of all of these together, in one round trip where the database is a server."""
        ...

    def rows_changed(self, table: str, update: str, select: str, params: Sequence[Mapping[str, Any]]) -> list[Row]:
        """What `select` reads of the rows of `table` that `update` has just changed, as `changed`; for all of these
        parameters, in one round trip where the database is a server. The table's key is `key`."""
        ...

    def texts(self, values: Iterable[str]) -> Any:
        """A list of texts as one parameter, for `Dialect.among`."""

    def bulk(self, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert many rows, as fast as the database knows how; the columns not named have their defaults."""

    def attempt(self, fn: Callable[[], T]) -> T:
        """Run in a savepoint: what it raises undoes what it did, and nothing else."""
        ...

    def hold_still(self) -> None:
        """The first word of a transaction that compares before it writes: it fails, and is run again, when
        someone else changes meanwhile what it has read."""

    def index_names(self, table: str) -> set[str]:
        """The table's indexes that can be used."""
        ...

    def remember(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        """What `read` answers; perhaps what it answered before, where it is certain that nothing it reads has changed.
        For what is read by nearly every write and changed by few, and is not altered by who is given it.
        """
        ...

    def column_names(self, table: str) -> list[str]:
        """The table's columns that can be written, in their order."""
        ...

    def later(self, work: Later, item: Any) -> None:
        """Run `work(db, items)` once before the commit, with the items of every request it commits."""

    def notify(self, channel: str, keys: Iterable[str] = ()) -> None:
        """Wake who listens on `channel`, after the commit; in this process they are told these keys as well."""


class Engine(Protocol):
    """A database that is open."""

    dialect: Dialect
    one_process: bool
    """Only one process may serve from it."""

    def read(self, fn: Callable[[Db], T]) -> T:
        """Run in the calling thread, without changing anything."""

    def write(self, fn: Callable[[Db], T]) -> T:
        """Run, commit durably, then return. Called from any thread but an event loop's."""

    async def read_soon(self, fn: Callable[[Db], T]) -> T:
        """Run in a reader's thread, and wait without holding up the event loop."""
        ...

    async def write_soon(self, fn: Callable[[Db], T], *, lasting: bool = True, few: bool = False) -> T:
        """Run in the writer's thread; done once committed. What need not be `lasting` is not waited for on disk: the
        machine may lose it in a power cut, this process not in a crash of its own. What takes only a `few` rows by
        their keys is planned so, however little the database knows of a table that has just been filled."""
        ...

    async def one_soon(self, fn: Callable[[Db], T]) -> T:
        """Like `write_soon`, for one statement on a few rows: a transaction by itself, in one round trip where the
        database is a server, and not waited for on disk."""
        ...

    def make_indexes(self, make: Mapping[str, str], drop: Iterable[str]) -> None:
        """Make indexes (by name, what stands after `ON`) and drop others, with as little waiting for writers as
        the database knows how; what another process is about already is left to it. Not from an event loop's thread."""

    def listen(self, channel: str, heard: Callable[[list[str]], None]) -> None:
        """Call `heard` (from any thread, quickly) after each commit that notified `channel`, with the keys it told;
        none come from another process."""

    def close(self) -> None: ...
