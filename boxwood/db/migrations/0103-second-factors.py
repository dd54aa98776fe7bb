"""Secrets of authenticator apps, and recovery codes."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE authenticators (
    user_key TEXT PRIMARY KEY REFERENCES users (key) ON DELETE CASCADE,
    secret TEXT NOT NULL,
    confirmed_at INTEGER,
    last_step INTEGER NOT NULL,
    wrong INTEGER NOT NULL,
    wrong_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE TABLE recovery_codes (
    user_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (user_key, digest)
);
""")
]
