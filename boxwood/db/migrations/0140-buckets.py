"""Buckets of rates that several processes share."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE buckets (
    key TEXT PRIMARY KEY,
    full_at REAL NOT NULL
);
CREATE INDEX buckets_full ON buckets (full_at);
""")
]
