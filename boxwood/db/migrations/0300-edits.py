"""Replaced values that must not be in an event: addresses, secrets, field values deleted together with an option."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE edits (
    event_id INTEGER PRIMARY KEY,
    held JSON NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX edits_by_age ON edits (at);
""")
]
