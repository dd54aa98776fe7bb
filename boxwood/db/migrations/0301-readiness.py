"""A table that a server writes to, to check whether the database can be written."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [
    step(
        ddl("""
CREATE TABLE readiness (
    key TEXT PRIMARY KEY,
    at INTEGER NOT NULL
);
""")
    )
]
