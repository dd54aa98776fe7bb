"""Passwords, browsers' sessions, and links that sign in once."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE passwords (
    user_key TEXT PRIMARY KEY REFERENCES users (key) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    changed_at INTEGER NOT NULL
);
CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    user_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    browser TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_key, used_at);
CREATE TABLE sign_in_links (
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('welcome', 'invitation', 'reset')),
    user_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
);
CREATE INDEX sign_in_links_of_user ON sign_in_links (user_key, kind);
""")
]
