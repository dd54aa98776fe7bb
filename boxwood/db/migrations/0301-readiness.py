"""A table that a server writes to, to check whether the database can be written."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE readiness (
    key TEXT PRIMARY KEY,
    at INTEGER NOT NULL
);
""")
]
