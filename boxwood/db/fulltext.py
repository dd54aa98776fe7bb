"""The search index: FTS5 on SQLite, text-search vectors under GIN on PostgreSQL.

Both index the same prepared words (`lib/search_words`), so both find the same entries. The entries are in the table
`search_entries`. The newest entries have the highest numbers, so finding the newest first needs no sorting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from .engine import ANYWHERE, NEAR, TITLE, Db, Wanted


class _Grammar(NamedTuple):
    """The query syntax of one database. Words consist of letters and digits, so nothing is escaped."""

    word: str
    beginning: str
    both: str
    either: str

    def words(self, words: list[list[str]]) -> str:
        """A query for every word, each in any of its alternatives."""
        return self._all(self._any(self._word(word) for word in alternatives) for alternatives in words)

    def marks(self, marks: Sequence[tuple[str, ...]]) -> str:
        return self._any(self._all(self.word.format(mark) for mark in group) for group in marks)

    def _word(self, word: str) -> str:
        return self.word.format(word[:-1]) if word.endswith(" ") else self.beginning.format(word)

    def _all(self, parts: Iterable[str]) -> str:
        return f"({self.both.join(parts)})"

    def _any(self, parts: Iterable[str]) -> str:
        return f"({self.either.join(parts)})"


class Fts5:
    """Two external-content tables: the words of entries, and for mistyped names the words without one letter each."""

    grammar = _Grammar('"{}"', '"{}" *', " AND ", " OR ")
    defers = True
    tables: ClassVar = {"search_words": "title, body, marks", "search_near": "near, marks"}

    def newest(self, db: Db) -> int:
        """SQLite reuses the number of a deleted newest entry. If such a number is among the waiting numbers, its new
        entry waits too and is indexed with them."""
        found = db.row(
            "SELECT MAX(COALESCE((SELECT MAX(number) FROM search_entries), 0),"
            " COALESCE((SELECT MAX(last) FROM search_waiting), 0))"
        )
        return int(found[0]) if found else 0

    def add(self, db: Db, newest: int) -> None:
        self._put(db, newest + 1, self.newest(db))

    def _put(self, db: Db, first: int, last: int) -> None:
        for table, columns in self.tables.items():
            sql = f"INSERT INTO {table} (rowid, {columns}) SELECT number, {columns} FROM search_entries"
            db.run(f"{sql} WHERE number BETWEEN :first AND :last", first=first, last=last)

    def defer(self, db: Db, newest: int) -> None:
        last = self.newest(db)
        if last > newest:
            db.run("INSERT INTO search_waiting (first, last) VALUES (:first, :last)", first=newest + 1, last=last)

    def is_behind(self, db: Db) -> bool:
        return db.row("SELECT 1 FROM search_waiting LIMIT 1") is not None

    def catch_up(self, db: Db) -> bool:
        """The waiting entries of two slices of an import become one segment of the index if their numbers are
        adjacent."""
        waiting = db.rows("SELECT first, last FROM search_waiting ORDER BY first LIMIT 2")
        if not waiting:
            return False
        first, last = waiting[0]
        if len(waiting) == 2 and waiting[1][0] == last + 1:
            last = waiting[1][1]
        self._put(db, first, last)
        db.run("DELETE FROM search_waiting WHERE first BETWEEN :first AND :last", first=first, last=last)
        return True

    def drop(self, db: Db, keys: list[str]) -> None:
        """Waiting entries are skipped: they are not in the index, and deleting a missing entry corrupts FTS5."""
        for table, columns in self.tables.items():
            db.run(
                f"""
                INSERT INTO {table} ({table}, rowid, {columns})
                SELECT 'delete', number, {columns} FROM search_entries WHERE {db.dialect.among("key", "keys")}
                    AND NOT EXISTS (SELECT 1 FROM search_waiting w WHERE number BETWEEN w.first AND w.last)
                """,
                keys=db.texts(keys),
            )

    def matching(self, columns: str, wanted: Wanted, *, joins: Sequence[str] = (), test: str = "") -> str:
        table = "search_near" if wanted.where == NEAR else "search_words"
        # CROSS JOIN makes SQLite read the index first, whose order is already the requested order.
        return f"""
            SELECT {columns} FROM {table} CROSS JOIN search_entries e ON e.number = {table}.rowid
            {" ".join(f"CROSS JOIN {join}" for join in joins)}
            WHERE {table} MATCH :asked {"AND " + test if test else ""} ORDER BY {table}.rowid DESC LIMIT :limit
        """

    def asked(self, wanted: Wanted) -> dict[str, str]:
        column = {ANYWHERE: "{title body}", TITLE: "title", NEAR: "near"}[wanted.where]
        parts = [f"{column} : {self.grammar.words(wanted.words)}"] if wanted.words else []
        parts += [f"marks : {self.grammar.marks(wanted.marks)}"] if wanted.marks else []
        return {"asked": " AND ".join(parts)}


class Tsvector:
    """Generated columns of the entries under GIN indexes. PostgreSQL updates them itself."""

    defers = False
    grammar = _Grammar("'{}'", "'{}':*", " & ", " | ")

    def newest(self, db: Db) -> int:
        return 0

    def add(self, db: Db, newest: int) -> None:
        pass

    def defer(self, db: Db, newest: int) -> None:
        pass

    def is_behind(self, db: Db) -> bool:
        return False

    def catch_up(self, db: Db) -> bool:
        return False

    def drop(self, db: Db, keys: list[str]) -> None:
        pass

    def matching(self, columns: str, wanted: Wanted, *, joins: Sequence[str] = (), test: str = "") -> str:
        column = "near_words" if wanted.where == NEAR else "words"
        # The index finds the word anywhere in the entry; the second condition then checks the title.
        title = "AND e.title_words @@ CAST(:asked_title AS tsquery)" if wanted.where == TITLE else ""
        return f"""
            SELECT {columns} FROM search_entries e {" ".join(f"JOIN {join}" for join in joins)}
            WHERE e.{column} @@ CAST(:asked AS tsquery) {title} {"AND " + test if test else ""}
            ORDER BY e.number DESC LIMIT :limit
        """

    def asked(self, wanted: Wanted) -> dict[str, str]:
        words = self.grammar.words(wanted.words) if wanted.words else ""
        marks = self.grammar.marks(wanted.marks) if wanted.marks else ""
        asked = {"asked": self.grammar.both.join(part for part in (words, marks) if part)}
        return {**asked, "asked_title": words} if wanted.where == TITLE else asked
