"""Passkeys, and challenges that are not answered yet."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE passkeys (
    key TEXT PRIMARY KEY,
    user_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    credential_id TEXT NOT NULL UNIQUE,
    public_key TEXT NOT NULL,
    sign_count INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER
);
CREATE INDEX passkeys_of_user ON passkeys (user_key, created_at);
CREATE TABLE passkey_challenges (
    challenge TEXT PRIMARY KEY,
    user_key TEXT REFERENCES users (key) ON DELETE CASCADE,
    ends_at INTEGER NOT NULL
);
""")
]
