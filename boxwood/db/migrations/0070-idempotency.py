"""Stored responses for repeated requests with the same idempotency key."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE answers (
    user_key TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user_key, idempotency_key)
);
CREATE INDEX answers_by_age ON answers (at);
""")
]
