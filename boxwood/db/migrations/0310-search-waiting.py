"""Numbers of search entries that are not indexed yet. Only SQLite defers indexing."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE search_waiting (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL
);
""")
]
