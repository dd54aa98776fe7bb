"""A chain of digests over all events, and an index of what concerns no box."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE INDEX events_of_no_box ON events (id) WHERE box_key IS NULL;
CREATE TABLE audit_chain (
    number INTEGER PRIMARY KEY,
    event_ids JSON NOT NULL,
    last_txid INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL
);
""")
]
