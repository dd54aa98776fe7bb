"""Entries of search that are in their table and not yet in SQLite's index, by their numbers. PostgreSQL leaves none."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [
    step(
        ddl("""
CREATE TABLE search_waiting (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL
);
""")
    )
]
